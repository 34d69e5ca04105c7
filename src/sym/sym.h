// SPDX-License-Identifier: Apache-2.0
// sym.h: names for addresses and addresses for names. Providers are tried in order per module (sym/LIST);
// the first that opens serves the module.
//
// To add a provider `foo`: write sym/foo.c, defining `const struct symbol_provider sym_foo`; add
// the line `foo` to sym/LIST; add a test.
#pragma once
#include "sym/local.h"
#include "sym/state.h"
#include "target/target.h"
#include "type/type.h"

struct sym_hit {
	struct module *module; // NULL: the address is in no module
	const char *name;      // undecorated; NULL: the module has no symbol at or below the address
	va_t va;               // of the symbol (of the module when name is NULL)
	uint64_t disp;         // va asked for - va of the symbol
	bool is_function;      // false: data, or not known
};
struct sym_line {
	const char *file; // as the compiler recorded it
	uint32_t line;
	va_t va; // the code of the line
	uint64_t size;
};
struct sym_inline { // a call that the compiler replaced by the callee's body
	const char *name;
	const char *file; // the place in the callee; NULL: unknown
	uint32_t line;
	va_t va; // where the inlined code starts
};
enum { SYM_INLINES = 64 }; // as many as are shown of one address
struct sym_about {
	const char *decorated; // the public name; NULL: none, or not decorated
	type_id type;          // in the provider's type source; 0: not recorded
	uint32_t size;         // bytes; 0: not recorded
	bool is_private;       // from private symbols ("prv" of x /v)
	bool is_function;
};
enum sym_frame_kind {
	SYM_FRAME_PROGRAM, // x86 FrameData: a postfix program
	SYM_FRAME_FPO,     // x86 FPO record
	SYM_FRAME_PROC,    // S_FRAMEPROC: sizes only; saved is counted, size ends at the last epilog
};
struct sym_frame {
	enum sym_frame_kind kind;
	const char *program;                    // SYM_FRAME_PROGRAM
	uint32_t rva, size;                     // what it covers
	uint32_t locals, params, saved, prolog; // bytes; prolog: of code
	bool uses_bp;                           // FPO: ebp is a general register here, and saved
	bool is_trap;                           // FPO: a trap or TSS frame
	bool has_seh, is_start;
	bool has_padding; // SYM_FRAME_PROC: room for Edit and Continue; the callees' home space is not counted then
};
struct symbols;
struct symbol_provider {
	const char *name;     // "export"
	enum sym_state state; // what lm shows for a module served by it
	// Opens symbols for a module. E_NOTFOUND: not mine; other errors are kept for !sym noisy.
	err_t (*open)(struct target *t, struct module *m, struct symbols **ret);
	// The symbol at or below an RVA; next_ret (may be NULL): RVA of the following one, 0 when none.
	bool (*near)(struct symbols *s, uint32_t rva, const char **name_ret, uint32_t *rva_ret, uint32_t *next_ret,
		     bool *is_function_ret);
	bool (*find)(struct symbols *s, const char *name, uint32_t *rva_ret); // exact name, then case-blind
	// Calls fn for each symbol, ascending RVA; stops when fn returns false.
	void (*each)(struct symbols *s, bool (*fn)(void *ctx, const char *name, uint32_t rva), void *ctx);
	// All that follow may be NULL. Inlined calls that cover an RVA, innermost first; the number.
	bool (*line)(struct symbols *s, uint32_t rva, struct sym_line *ret);
	size_t (*inlines)(struct symbols *s, uint32_t rva, struct sym_inline *ret, size_t max);
	struct type_source *(*types)(struct symbols *s); // NULL: the module has none
	// What is known of the symbol that starts at an RVA beyond its name.
	bool (*about)(struct symbols *s, uint32_t rva, const char *name, struct sym_about *ret);
	// Parameters and locals in scope at an RVA, in the order recorded, those of enclosing blocks too. inline_depth
	// as in struct frame: 0 the function's own, else the inlined call's.
	void (*locals)(struct symbols *s, uint32_t rva, unsigned inline_depth,
		       bool (*fn)(void *ctx, const struct sym_local *l), void *ctx);
	bool (*constant)(struct symbols *s, const char *name, uint64_t *ret,
			 type_id *type_ret);                                   // a named constant, by full name
	bool (*frame)(struct symbols *s, uint32_t rva, struct sym_frame *ret); // for unwinding without unwind data
	// RVAs of a source line's code: file matches behind any '/' or '\\', case-blind.
	void (*line_addresses)(struct symbols *s, const char *file, uint32_t line,
			       bool (*fn)(void *ctx, const struct sym_line *l), void *ctx);
	const char *(*note)(struct symbols *s); // what the file cannot give, a sentence; NULL: nothing is missing
};
struct symbols { // each provider's own struct starts with this
	const struct symbol_provider *provider;
	struct module *module;
	enum sym_state state; // when the provider has several; SYM_DEFERRED: the provider's own
	bool ambiguous;       // the last find() found no exact name, but several places by the undecorated one
};
extern const struct symbol_provider *const symbol_providers[];        // generated from sym/LIST; NULL-terminated
enum sym_state sym_module_state(const struct module *m);              // without loading anything
const char *sym_state_text(enum sym_state s);                         // "(deferred)", "(export symbols)", ...
struct symbols *sym_load(struct target *t, struct module *m);         // NULL: the module has no symbols
struct symbols *sym_load_offline(struct target *t, struct module *m); // the same, with what this machine has
// Before all modules are loaded: brings what they need from symbol servers at once. Nothing without servers.
void sym_gather(struct target *t);

// The nearest symbol at or below va. False when va is in no loaded module.
bool sym_near(struct target *t, va_t va, struct sym_hit *ret);
// The source line of va. Callers' frames ask for ip - 1.
bool sym_line_at(struct target *t, va_t va, struct sym_line *ret);
// The inlined calls that va lies in, innermost first; at most max.
size_t sym_inlines_at(struct target *t, va_t va, struct sym_inline *ret, size_t max);
// How the code at va lays out its frame; RVAs count from *base_ret.
bool sym_frame_at(struct target *t, va_t va, struct sym_frame *ret, va_t *base_ret);
// How WinDbg names an address: "ntdll!RtlFoo+0x12", "app+0x1234", "<Unloaded_x.dll>+0x12"; NULL when it is
// in no module.
const char *sym_text(struct target *t, struct arena *a, va_t va);
// The same, or "0x00007ff8`f16ece54" for an address without a module, as k shows it.
const char *sym_text_or_number(struct target *t, struct arena *a, va_t va);
// "mod!name", "name", or a module's name (its base). E_NOTFOUND, E_AMBIGUOUS. A name without a module is looked for in
// loaded symbols first, then (unless SYMOPT_NO_UNQUALIFIED_LOADS) in those of the other modules that this machine has:
// nothing is downloaded for it.
MUST_USE err_t sym_find(struct target *t, const char *text, va_t *ret);
MUST_USE err_t sym_find_loaded(struct target *t, const char *name, va_t *ret); // a bare name, loading nothing
// Every symbol that matches "modpattern!pattern"; fn returns false to stop.
struct sym_match {
	struct module *module;
	const char *name;
	va_t va;
};
MUST_USE err_t sym_each(struct session *s, const char *pattern, bool (*fn)(void *ctx, const struct sym_match *m),
			void *ctx);
// For insn_decode(): ctx is a struct target.
bool sym_insn_name(void *ctx, va_t va, char *buf, size_t n);
