// SPDX-License-Identifier: Apache-2.0
// expr.h: the MASM expression evaluator. It knows no target: registers, symbols and memory come from a
// scope of callbacks, so it can be tested and fuzzed alone.
#pragma once
#include "base/base.h"

struct expr_scope {
	void *ctx;
	unsigned ptr_bytes;  // 4: 32-bit values are sign-extended to 64 bits, as the debugger does
	unsigned radix;      // default radix, 16 unless changed: 8, 10, 16
	// Value of a register ("rax", "eip", "xmm0" is refused). false: no such register. E_ABSENT in *err when
	// the register exists but its value is unknown.
	bool (*reg)(void *ctx, const char *name, uint64_t *ret, err_t *err);
	// Value of "$name" (without the '$'): ip, ra, retreg, csp, peb, teb, tid, tpid, t0..t19, ...
	bool (*pseudo)(void *ctx, const char *name, uint64_t *ret, err_t *err);
	// Address of a symbol "mod!name", "name", or the base of a module "mod".
	bool (*symbol)(void *ctx, const char *name, uint64_t *ret, err_t *err);
	// Reads n (1, 2, 4, 8) bytes at va; false when not readable.
	bool (*read)(void *ctx, va_t va, unsigned n, uint64_t *ret);
	// Address of a source line `[[mod!]file[:line]]`; may be NULL.
	bool (*line)(void *ctx, const char *spec, uint64_t *ret, err_t *err);
	// Evaluates the text inside @@( ), @@c++( ); may be NULL (then it is refused as not supported).
	bool (*cpp)(void *ctx, const char *text, size_t n, uint64_t *ret, err_t *err);
};

// Evaluates one expression at the start of `text`; stops at the first character that cannot continue it
// (a blank followed by something that is no operator, a comma, ';', the end). *rest points there.
// Errors are E_USAGE with WinDbg's text ("Couldn't resolve error at 'foo'", "Syntax error at ')'",
// "Memory access error at ')'"), allocated in `a`.
MUST_USE err_t expr_eval(const struct expr_scope *s, struct arena *a, const char *text, uint64_t *ret,
			 const char **rest);

// An address range as the d, u, s and dds commands take it.
struct expr_range {
	bool has_addr;     // false: the text was empty, the command continues from its default
	va_t addr;
	bool has_count;    // L given, or an end address
	uint64_t count;    // elements of `elem` bytes; for "addr end" (end inclusive) computed from the end
	bool backwards;    // "L-count": `addr` has already been moved back
};
// Reads "[addr] [L count | L- count | L? count | end]". `elem` is the element size in bytes. Ranges over
// 256 MB without L? are E_USAGE "Range error", as in WinDbg.
MUST_USE err_t expr_range(const struct expr_scope *s, struct arena *a, const char *text, unsigned elem,
			  struct expr_range *ret, const char **rest);
