// SPDX-License-Identifier: Apache-2.0
// expr.h: the MASM expression evaluator. It knows no target: registers, symbols and memory come from a
// scope of callbacks, so it can be tested and fuzzed alone.
#pragma once
#include "base/base.h"

struct expr_scope {
	void *ctx;
	unsigned ptr_bytes; // 4: 32-bit values are sign-extended to 64 bits, as the debugger does
	unsigned radix;     // default radix, 16 unless changed: 8, 10, 16
	bool kernel;        // kernel target: with 4-byte pointers, numbers are sign-extended too
	unsigned depth;     // 0; in a nested evaluation (see cpp) the depth that cpp was given
	// In all callbacks *err is OK on entry; any other code left in it fails the expression. Names keep the
	// user's case; addresses are passed and returned as the target has them, without sign extension.
	// Value of a register ("rax", "eip", "xmm0" is refused). false: no such register. E_ABSENT in *err when
	// the register exists but its value is unknown. A 32-bit register of a 64-bit target comes as the
	// caller wants it seen; on a 32-bit target the evaluator extends it.
	bool (*reg)(void *ctx, const char *name, uint64_t *ret, err_t *err);
	// Value of "$name" (without the '$'): ip, ra, retreg, csp, peb, teb, tid, tpid, t0..t19, ...
	bool (*pseudo)(void *ctx, const char *name, uint64_t *ret, err_t *err);
	// Address of a symbol "mod!name", "name", "$!local", or the base of a module "mod". false: none;
	// E_AMBIGUOUS in *err: more than one.
	bool (*symbol)(void *ctx, const char *name, uint64_t *ret, err_t *err);
	// Reads n (1, 2, 4, 8) bytes at va; false when not readable.
	bool (*read)(void *ctx, va_t va, unsigned n, uint64_t *ret);
	// Address of a source line `[[mod!]file][:line]`; may be NULL, as all that follow: what needs them is
	// then refused as not supported.
	bool (*line)(void *ctx, const char *spec, uint64_t *ret, err_t *err);
	// Evaluates the text inside @@( ), @@c++( ). If it meets an inner @@masm( ) it calls expr_eval with
	// `depth` in the scope, so that nesting stays bounded across both evaluators.
	bool (*cpp)(void *ctx, const char *text, size_t n, unsigned depth, uint64_t *ret, err_t *err);
	// Reads n bytes of physical memory ($ppoi, $pby, ...).
	bool (*read_phys)(void *ctx, pa_t pa, unsigned n, uint64_t *ret);
	// $vvalid: is all of [va, va + n) readable? false in *ret is an answer.
	bool (*valid)(void *ctx, va_t va, uint64_t n, uint64_t *ret, err_t *err);
	// $iment: entry point of the image at `base`.
	bool (*image_entry)(void *ctx, va_t base, uint64_t *ret, err_t *err);
	// $fnsucc: does the function at `fn` call `value` a success? `flag` as documented for untyped functions.
	bool (*fn_success)(void *ctx, va_t fn, uint64_t value, uint64_t flag, uint64_t *ret, err_t *err);
	// Set when C++ is the default: reads an expression at the start of `text`, as expr_eval() does; errors live in
	// `a`. NULL: MASM is.
	err_t (*other)(void *ctx, struct arena *a, const char *text, uint64_t *ret, const char **rest);
};

// Evaluates one expression at the start of `text`; stops at the first character that cannot continue it
// (a blank followed by something that is no operator, a comma, ';', the end). *rest points there.
// Arithmetic is unsigned and 64 bits wide. Errors have WinDbg's text, allocated in `a`, and the offset in
// `text`: E_USAGE "Couldn't resolve error at 'foo'", "Syntax error at ')'", ...; E_ABSENT "Memory access error
// at ')'", "Bad register error at '@rax'"; E_AMBIGUOUS; E_LIMIT for too deep nesting; E_UNSUPPORTED. The text
// quotes all of the rest, so pass the rest of the command. Other codes of callbacks come back as they are.
MUST_USE err_t expr_eval(const struct expr_scope *s, struct arena *a, const char *text, uint64_t *ret,
			 const char **rest);

// The same by the default evaluator of the scope.
MUST_USE err_t expr_default(const struct expr_scope *s, struct arena *a, const char *text, uint64_t *ret,
			    const char **rest);

// An address range as the d, u, s and dds commands take it.
struct expr_range {
	bool has_addr; // false: the text was empty, the command continues from its default
	va_t addr;
	bool has_count; // L given, or an end address
	uint64_t count; // elements of `elem` bytes; for "addr end" (end inclusive) computed from the end
	bool backwards; // "L-count": `addr`, when there is one, has already been moved back
};
// Reads "[addr] [L count | L- count | L? count | end]". `elem` is the element size in bytes, at least 1.
// Ranges over 256 MB without L?, and those that leave the address space, are E_USAGE "Range error in 'TEXT'"
// with all of `text`; with L? they end with the address space.
// A bare word after the address is an end address; a string, ';' or ',' ends the range.
MUST_USE err_t expr_range(const struct expr_scope *s, struct arena *a, const char *text, unsigned elem,
			  struct expr_range *ret, const char **rest);
