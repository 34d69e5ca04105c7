// SPDX-License-Identifier: Apache-2.0
// fact_kernel.h: what detectors reason from in a kernel dump, beyond what it has in common with a user dump.
#pragma once
#include "stack/stack.h"
#include "target/kernel.h"

enum fact_scope { // where the registers at the fault come from
	SCOPE_NONE,
	SCOPE_HEADER, // the dump's own context: of the fault, as its instruction pointer shows
	SCOPE_RECORD, // a CONTEXT that a parameter names
	SCOPE_TRAP,   // a trap frame that a parameter names
	SCOPE_FOUND,  // a trap frame on the stack that has the parameters' instruction pointer
};
struct fact_word { // a word of a stack that leads into a module
	va_t slot, value;
	const struct module *module;
	bool seen;       // the code before `value` is in the dump
	bool after_call; // and ends with a call. Never without `seen`
};
struct fact_cpu_stack {
	va_t end;     // where it begins to be used; 0: not known
	bool in_use;  // the processor's stack pointer is there
	size_t bytes; // how much of it the dump holds
};
struct fact_cpu {
	size_t number;
	struct fact_cpu_stack dpc, isr;
	bool sp_known; // of the processor
};
struct fact_bounds { // a kernel stack: of the current thread, or of a processor
	va_t low, high;
	const char *whose; // "the current thread's", "processor 4's DPC"
	const char *note;  // what is not sure of the bounds; NULL: nothing
};
struct fact_kernel {
	const struct dump_kernel *header;
	uint32_t code; // bug check
	const uint64_t *params;
	// The fault, for codes that name one: facts.exception is made from it.
	bool has_fault;
	enum fact_scope scope;
	const char *scope_command; // puts the registers at the fault in force: ".trap ffff..."; NULL: none are known
	const char *no_scope;      // why
	va_t trap, context, record;
	uint64_t zeroed; // bits of registers that the trap frame does not hold; unknown in facts.event_regs
	bool irql_known;
	uint64_t irql; // at the fault
	bool crash_known;
	struct regs crash; // when the system was stopped
	// The current thread's stack. 0: not known. low is its limit, high its base.
	va_t stack_low, stack_high;
	const char *bounds_note; // where the bounds come from, when not from the kernel's types; NULL: from them
	// Words of it that lead into modules, ascending: from the stack pointer up, and below it.
	va_t live; // where the live part begins; 0: not known
	const struct fact_word *words, *past;
	size_t n_words, n_past, n_bytes, n_past_bytes; // bytes: of memory that was looked at
	const struct fact_cpu *cpus;
	size_t n_cpus;
	const char *process; // of the current thread; NULL: not known
};

// The stack that holds sp, or at whose limit sp stands just below: a stack pointer that ran over. False: none is known
// to. In the arena of f.
struct facts;
bool fact_stack_at(const struct facts *f, va_t sp, struct fact_bounds *ret);
