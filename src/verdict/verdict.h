// SPDX-License-Identifier: Apache-2.0
// verdict.h: the automatic analysis behind !analyze and the report: which thread, which context, what class of
// fault, who is blamed and why, bucket and hash. Computed once a session.
#pragma once
#include "stack/stack.h"
#include "win/bugcheck_rule.h"

struct kernel_verdict;
// How sure the verdict is of its blame.
enum verdict_confidence { VERDICT_NONE, VERDICT_LOW, VERDICT_MEDIUM, VERDICT_HIGH };

struct verdict {
	bool has_exception;          // false: no exception is stored (hang dump, manual dump)
	const struct thread *thread; // the faulting or, without an exception, the current thread; NULL: none
	struct regs regs;            // the context used; valid when regs_known
	bool regs_known;
	bool event_context;    // regs are the exception's own context (.ecxr)
	uint32_t code;         // exception code; 80000003 for a dump without an exception, as WinDbg's bucket has it
	const char *code_name; // "Access violation", NULL when the code has no name
	const char *code_text; // "c0000005"
	va_t address;          // of the faulting instruction
	enum fault_op op;
	bool has_fault_address;
	va_t fault_address;
	const char *fail_fast_name; // "FATAL_APP_EXIT", NULL unless c0000409
	// Where the exception's record and the registers disagree, or the registers are a stand-in; NULL: no doubt.
	const char *context_doubt;
	bool operand_known; // what the instruction at the fault touches could be computed from the registers
	va_t operand_address;
	bool operand_write;
	bool global_flag_known; // PEB.NtGlobalFlag was readable
	uint32_t global_flag;
	struct stack stack;     // of that context
	const char *stack_note; // why there is no stack; NULL when there is one
	// Blame.
	size_t blamed_frame; // SIZE_MAX: none
	enum verdict_confidence confidence;
	const char *why;                     // one sentence: why this module, or why none
	const char *symbol_name;             // "AccessV!main+b2"
	const char *function;                // "main"; NULL when no name is certain
	uint64_t function_offset;            // of the blamed address in function; 0 without one
	const char *module_name;             // "AccessV"
	const char *image_name;              // "AccessV.exe"
	const struct module *module;         // NULL when unknown
	const char *problem_class;           // "NULL_POINTER_READ"
	const char *bucket;                  // FAILURE_BUCKET_ID
	const char *hash;                    // "{9745090a-9bce-...}"
	const char *stack_command;           // "~0s; .ecxr ; kb"
	const char *summary;                 // one line for a person
	const struct kernel_verdict *kernel; // verdict/kernel.h; NULL: a user dump
};
// E_ABSENT when the dump has neither threads nor an exception. The result lives as long as the session.
MUST_USE err_t verdict_get(struct session *s, const struct verdict **ret);

// The function that an address (an exact one; for a return address pass ip - 1) surely belongs to, with its
// start; NULL: no symbol, or the nearest one cannot be shown to cover the address. A PDB name is taken as it is.
// An export is only a place: it names the function when the unwind data has a function that begins there and
// covers the address; where there is no unwind data (leaf functions, x86), when its code can be followed from
// the export to the address without passing its end.
const char *certain_function(struct target *t, va_t probe, va_t *start_ret);
// FAILURE_ID_HASH: MD5 over UTF-16LE of the lower-cased prefix + bucket, printed as a GUID in braces.
const char *verdict_hash(struct arena *a, bool kernel, const char *bucket);
// Names of exception codes as .exr prints them ("Access violation"); NULL when there is none.
const char *exception_name(uint32_t code);
// "STATUS_ACCESS_VIOLATION"-free message text of an NTSTATUS, for ERROR_CODE and !error; NULL when unknown.
const char *ntstatus_text(uint32_t status);
const char *win32_error_text(uint32_t error);
const char *hresult_text(uint32_t hr);     // NULL when unknown
const char *fail_fast_name(uint64_t code); // "FATAL_APP_EXIT"; NULL when unknown
