// SPDX-License-Identifier: Apache-2.0
// target.h: one opened dump as a debugger sees it: machine, address space, modules, threads, the exception;
// and the session that a user drives over it (debugger.h: what several of them share). Registries are filled at open;
// images are opened when something first asks for them.
#pragma once
#include "arch/arch.h"
#include "base/os.h"
#include "base/str.h"
#include "dump/dump.h"
#include "store/store.h"
#include "target/debugger.h"

// Symbol options, as dbghelp.h numbers them; cmd/symopt.c says what they do here.
enum {
	SYMOPT_DEFERRED_LOADS = 0x4,
	SYMOPT_NO_CPP = 0x8,
	SYMOPT_LOAD_LINES = 0x10,
	SYMOPT_LOAD_ANYTHING = 0x40,
	SYMOPT_IGNORE_CVREC = 0x80,
	SYMOPT_NO_UNQUALIFIED_LOADS = 0x100,
	SYMOPT_FAIL_CRITICAL_ERRORS = 0x200,
	SYMOPT_EXACT_SYMBOLS = 0x400,
	SYMOPT_AUTO_PUBLICS = 0x10000,
	SYMOPT_DEFAULT = 0x30237, // WinDbg's
};
#define SYMOPT_DEBUG UINT32_C(0x80000000) // noisy; too large for an enum
enum image_state { IMAGE_NOT_TRIED, IMAGE_FROM_FILE, IMAGE_FROM_DUMP, IMAGE_NONE };

struct symbols; // sym/sym.h
struct module {
	size_t index;
	va_t base;
	uint64_t size;
	uint32_t timestamp, checksum;
	const char *name;       // the debugger's name: "ntdll", "ntdll_77280000" for a second one; never empty
	const char *image_name; // file name: "ntdll.dll"
	const char *path;       // as the dump has it
	const struct dump_module *facts;
	struct codeview cv; // from the dump, else from the image's debug directory (target_module_codeview)
	bool overlaps;      // hidden behind an earlier module at the same addresses
	bool unlisted;      // taken from the list: its image file gives no memory

	// Filled by target_module_pe().
	enum image_state image;
	struct pe *pe;          // NULL when IMAGE_NONE
	const char *image_file; // host path when IMAGE_FROM_FILE
	struct file_map image_map;
	struct pe_relocs *relocs; // when the file lies elsewhere than it was linked for; NULL: none needed
	err_t pe_error;           // why there is no pe

	struct symbols *symbols; // slot of sym/; NULL until first asked
	const char *symbol_file; // host path of what the symbols come from; NULL: none, or the image
	struct file_map symbol_map;
	err_t symbol_error;   // why a file that was found is not used
	const char *guess;    // how cv came about when nothing recorded it; NULL: it is recorded, or there is none
	const char *mismatch; // why the symbols in use are another build's; NULL: they match
	bool other_build;     // a file of the right name was found, but not used: it is another build's
	bool mismatch_used;   // a name from them was given since this was last cleared
	bool guess_told;      // the user was told once that cv is a guess
	bool offline;         // its symbols were looked for without the network so far
	bool load_anything;   // .reload /i: symbols of another build are better than none
	bool version_tried;   // cache of target_module_version()
	const struct pe_version *version;
	err_t version_error;
};
struct unloaded_module {
	va_t base;
	uint64_t size;
	uint32_t timestamp, checksum;
	const char *name; // as stored: "swmidi.sys"
};
struct thread {
	size_t index; // the debugger's number
	uint32_t tid;
	va_t teb;
	const char *name; // NULL: none recorded
	const struct dump_thread *facts;
};

struct kernel; // target/kernel.h
struct target {
	struct arena *arena;
	struct file_map file; // what dump points into
	const char *path;     // as the user named it
	const char *inner;    // name inside the container, NULL when the file was no container
	struct dump *dump;
	const struct dump_user *user; // the dump's facts, never NULL; of a kernel dump in the same shape
	struct kernel *kernel;        // NULL: a user dump
	const struct arch *arch;      // NULL when the machine is unknown or not supported
	uint16_t machine;
	unsigned ptr_bytes;
	struct space *space;
	struct module **modules; // in the dump's order
	size_t n_modules;
	struct module **by_base; // ascending, without the overlapping ones
	size_t n_by_base;
	struct module **all; // those that were added or unloaded, too; the first n_own are the dump's
	size_t n_all, n_own;
	struct unloaded_module *unloaded;
	size_t n_unloaded;
	struct thread *threads;
	size_t n_threads;
	size_t event_thread; // index of the exception's thread; SIZE_MAX: none
	uint32_t pid;        // 0 when not recorded
	bool pid_known;
	const char *process_name; // file name of the first module, or NULL
	bool wow64;               // a 32-bit process in a dump by a 64-bit dumper
	struct store *store;
	struct store_path image_path, symbol_path;
	uint32_t symbol_options;  // SYMOPT_*
	bool gathering;           // PDBs are asked for all at once: other kinds of files not yet
	struct file_map *retired; // maps of symbol files that were let go: names in them may still be shown
	size_t n_retired, cap_retired;
};

// Opens a dump (containers included). A partial dump is success; what is missing stands in dump->notes.
// `wanted`: the name of the dump inside an archive; NULL: its first. All that the target owns lives in `a`, but mapped
// files: target_close().
MUST_USE err_t target_open(struct arena *a, const char *path, const char *wanted, struct target **ret);
// The same for a file that is already mapped; the target takes the map over, on failure too.
MUST_USE err_t target_open_map(struct arena *a, const char *path, const char *inner, struct file_map file,
			       struct target **ret);
void target_close(struct target *t);
// Where image files are looked for (then along the symbol path), in the grammar of store.h. Forgets images that were
// searched without success.
void target_set_image_path(struct target *t, const char *path);
// The same for symbol files. Modules keep the symbols of a PDB that still lies on the path; the others are deferred.
void target_set_symbol_path(struct target *t, const char *path);
// Lets a module's symbols go; the next question loads them again. What was taken from them stays readable.
void target_forget_symbols(struct target *t, struct module *m);
// The user's changes to the list of modules (.reload): takes one away; puts one of the dump's own back; adds one whose
// header may be in memory. size 0 and timestamp 0: from the header; E_ABSENT when that is needed and not there.
void target_unload_module(struct target *t, struct module *m);
void target_restore_module(struct target *t, struct module *m); // NULL: all, without what was added
MUST_USE err_t target_add_module(struct target *t, const char *image_name, va_t base, uint64_t size, uint32_t timestamp,
				 struct module **ret);

// All modules below `end` give way to these (a kernel dump's user modules, when another process becomes current). Bases
// that are taken are left out. Limited to LIMIT_MODULES in all.
void target_replace_modules(struct target *t, va_t end, const struct dump_module *list, size_t n);

struct module *target_module_at(const struct target *t, va_t va);             // NULL when va is in no loaded module
struct module *target_module_named(const struct target *t, const char *name); // by name or image name; NULL
const struct unloaded_module *target_unloaded_at(const struct target *t, va_t va); // NULL
struct thread *target_thread_by_tid(const struct target *t, uint32_t tid);         // NULL
// The module's image: the file on the image path whose TimeDateStamp and SizeOfImage match, else the dump's
// own memory. The file is also laid under the dump's memory.
MUST_USE err_t target_module_pe(struct target *t, struct module *m, const struct pe **ret);
// The image whose header lies at an address, module or not. size 0: unknown.
MUST_USE err_t target_image_at(const struct target *t, struct arena *a, va_t base, uint64_t size, struct pe **ret);
struct codeview target_module_codeview(struct target *t, struct module *m);
// Version resource; ret->strings may be empty. Cached in the module.
MUST_USE err_t target_module_version(struct target *t, struct module *m, const struct pe_version **ret);
// The registers the dump holds for a thread (for the event thread: the exception's context when `event`).
MUST_USE err_t target_thread_regs(const struct target *t, const struct thread *th, bool event, struct regs *ret);
// The stack's bounds as far as known: from the TEB when readable, else from the dump's stack range.
bool target_thread_stack(const struct target *t, const struct thread *th, va_t *low_ret, va_t *high_ret);
// Is pc in code: an executable section of a module, or a region that memory info calls executable? A module
// whose section table is unreadable counts as code throughout.
bool target_is_code(struct target *t, va_t pc);

// ---- the session: a system of the debugger: target + what the user has chosen in it. Belongs to one thread.
struct session {
	struct debugger *dbg; // what it shares with the other open dumps; never NULL
	unsigned number;      // the debugger's number of this system
	struct session *next_closed;
	struct arena *owned; // ends with the session; NULL: `arena` is somebody else's
	struct arena *arena;
	struct target *target; // NULL: no dump is open
	size_t thread;         // current thread index; SIZE_MAX when the dump has none
	// The register context in force. When it was set by .cxr, .ecxr, .trap, k says so.
	struct regs regs;
	bool regs_known;
	bool regs_set;                          // by a command, not by choosing a thread
	uint64_t regs_zeroed;                   // bits of registers whose 0 is no fact: a trap frame did not hold them
	size_t frame;                           // the local context: a frame as k numbers them
	bool no_inlines;                        // .inline 0: calls that were replaced by their callee are no frames
	void *source;                           // slot of cmd/: the current source file
	va_t implicit_thread, implicit_process; // kernel: what .thread and .process chose; 0: the processor's
	va_t next_d, next_u;                    // where d and u go on
	pa_t next_phys;                         // where !db goes on
	const char *last_d;                     // last d command ("db"): a bare `d` repeats its form; NULL: none yet
	const char *search_pattern;             // of `#`; NULL: none yet
	va_t next_search;                       // where `#` goes on
	void *search;                           // slot of cmd/: the hits that `s` saved; NULL: none
	const char *last_type;                  // name that `dt .` repeats; NULL: none yet
	void *cpp;                              // slot of cmd/: types of what C++ expressions keep in $t0 .. $t19
	struct arena *dx_memory;                // slot of dx/: what user variables hold; NULL until needed
	void *dx_variables;                     // slot of dx/: their table
	void *verdict;                          // slot of verdict/: computed once
	void *facts, *findings;                 // slots of detect/
};
// Opens a dump as the only system of a debugger of its own, which lives in `a`, too.
MUST_USE err_t session_open(struct arena *a, const char *path, const char *image_path, struct session **ret);
// The same over a target that is open; the session takes it over.
MUST_USE err_t session_over(struct arena *a, struct target *t, const char *image_path, struct session **ret);
// Closes the debugger with all its systems; the memory of this one is its arena's.
void session_close(struct session *s);
// Makes a thread current and takes its registers; resets a context that a command had set.
MUST_USE err_t session_set_thread(struct session *s, size_t index);
// .cxr, .ecxr, .trap. zeroed: bits of registers that only read as 0, as the debugger shows them.
void session_set_regs(struct session *s, const struct regs *r, uint64_t zeroed);
void session_reset_regs(struct session *s);
// The registers in force, or why there are none.
MUST_USE err_t session_regs(const struct session *s, const struct regs **ret);
// The same for those who reason from them, as walks do: registers whose 0 is no fact are not known.
MUST_USE err_t session_known_regs(const struct session *s, struct regs *ret);
// Walkers call this in every loop over target data: E_CANCELLED or E_LIMIT (time) when the command must end.
MUST_USE err_t session_poll(const struct session *s);
