// SPDX-License-Identifier: Apache-2.0
// facts.h: what detectors reason from. The engine computes it once a session; all of it lives as long.
#pragma once
#include "detect/fact_kernel.h"

static const uint32_t STATUS_ACCESS_VIOLATION = 0xc0000005, STATUS_STACK_OVERFLOW = 0xc00000fd;
enum fact { // what a detector needs; the engine computes each once a session and skips detectors without theirs
	FACT_THREADS = 1,
	FACT_STACKS = 2,     // every thread's stack
	FACT_EXCEPTION = 4,  // a stored exception
	FACT_EVENT_REGS = 8, // the registers at the exception
	FACT_MODULES = 16,
	FACT_MEMINFO = 32,       // the address map
	FACT_VERSIONS = 64,      // module version facts
	FACT_DUMP = 128,         // how a user dump was made: streams, flags, comments
	FACT_KERNEL = 256,       // the bug check
	FACT_STACK_MEMORY = 512, // kernel: raw memory of the current thread's stack
};
enum fact_syscall {
	SYSCALL_UNKNOWN, // neither a name nor the code at the instruction pointer is there
	SYSCALL_NONE,
	SYSCALL_BY_NAME,
	SYSCALL_BY_CODE,
};
struct fact_dispatch {        // an exception being dispatched: what the kernel left for ntdll!KiUserExceptionDispatch
	va_t record, context; // EXCEPTION_RECORD and CONTEXT on the stack
	uint32_t code;
	va_t address, sp; // of the instruction, and the stack pointer there
	bool on_frame;    // the stack walk passes through it; else it may be residue of an earlier one
};
struct fact_thread {
	const struct thread *thread;
	bool has_stack;
	struct stack stack;   // of the thread's own context
	const char *no_stack; // why there is none
	bool has_bounds;
	va_t stack_low, stack_high;
	bool has_teb_bounds; // StackBase and StackLimit were read from the TEB
	bool has_reserve;
	va_t reserve_low;                       // TEB.DeallocationStack: where the reserved stack ends
	enum fact_syscall syscall;              // is the thread inside the kernel, and how we know
	const char *syscall_name;               // "NtWaitForSingleObject", NULL: not known
	const char *syscall_purpose;            // "waits for objects", NULL: not known
	const struct frame *exception_frame;    // first frame of exception processing, by name; NULL none
	const struct fact_dispatch *dispatched; // innermost first
	size_t n_dispatched;
};
struct fact_operand { // what the faulting instruction touched
	bool present;
	char text[192];  // the instruction as u shows it
	int base, index; // register numbers, -1 none
	bool base_known;
	uint64_t base_value;
	va_t address; // computed effective address, when the registers are known
	bool address_known;
};
enum fact_access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE };
struct fact_fault { // the parameters of an access violation
	bool present;
	enum fact_access access;
	va_t address; // cut to the target's pointer width
	bool region_known;
	struct dump_meminfo region; // what the address map says of the address
	bool captured;              // the dump holds memory at the address
	enum space_why why;         // kernel: what the page tables, or the dump, say of it
};
struct fact_return { // what the word at the top of the stack (ARM64: lr) would return to
	bool known, after_call, indirect;
	va_t value, slot; // slot: its address, 0 when it is a register
};
enum fact_event {
	EVENT_NONE,      // no exception is stored
	EVENT_FAULT,     // the program's own exception
	EVENT_REQUESTED, // the stored exception is that of a debugger's break or of a dump tool
};
struct fact_module {
	struct module *module;
	bool has_version; // fixed version data in the dump, or a version resource in the image
	bool anonymous;   // there is a version resource, but without company and description
	bool has_pdb;     // a CodeView record names a PDB
	bool wine;        // carries Wine's mark of its own modules, which have no version resources
	bool user_folder; // its path lies in a user's profile
	bool temp_folder; // or in a temporary folder
};
struct facts {
	struct session *session;
	struct arena *a;
	unsigned have;           // enum fact bits that could be computed
	const char *why_not[10]; // by bit: why a fact is missing ("the dump holds no exception")
	const struct dump_user *dump;
	struct fact_thread *threads;
	size_t n_threads;
	size_t event_thread;                    // index into threads, SIZE_MAX none
	const struct dump_exception *exception; // NULL none
	struct regs event_regs;
	struct stack event_stack; // from the exception's context
	struct fact_operand operand;
	enum fact_event event;
	const char *event_why;       // why it is what it is
	bool event_certain;          // EVENT_REQUESTED: nothing speaks against it
	va_t event_address;          // the exception's address, cut to the target's pointer width
	struct module *event_module; // that holds it; NULL none
	struct fact_fault fault;
	struct fact_return event_return;
	struct fact_module *modules;
	size_t n_modules;
	bool pdbs_recorded;               // some module names its PDB: then it means something that another does not
	const struct module *exe;         // the process's program; NULL: not recognised
	va_t exe_entry;                   // its entry point, 0: not known
	const struct fact_kernel *kernel; // NULL: a user dump
};

MUST_USE err_t facts_get(struct session *s, const struct facts **ret); // cached in the session
