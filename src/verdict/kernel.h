// SPDX-License-Identifier: Apache-2.0
// kernel.h: what the verdict of a kernel dump holds beyond that of a process: the bug check, what it was judged by, and
// the argument for a person. It lives as long as the session.
#pragma once
#include "verdict/verdict.h"

enum { KERNEL_FIELDS = 16, KERNEL_REASONS = 10 };
struct kernel_field { // a line of !analyze that only some bug checks have: "DRVPOWERSTATE_SUBCODE:  3"
	const char *name, *value;
	bool one_blank; // one blank behind the colon, not two
};
struct kernel_reason {
	const char *text, *command; // command NULL: none shows it
};
struct kernel_list {
	struct kernel_reason list[KERNEL_REASONS];
	size_t n;
};

struct whea_record; // win/whea.h
struct kernel_verdict {
	uint32_t code;    // bug check, without the mark of small dumps
	bool mini;        // that mark was set
	const char *name; // "DRIVER_IRQL_NOT_LESS_OR_EQUAL"; NULL: not known
	uint64_t params[4];
	const char *prefix; // of the bucket: "AV", "0x19_22"

	// What the fault was judged by. Addresses are 0 when there is none.
	va_t trap; // _KTRAP_FRAME
	bool trap_given;
	struct regs trap_regs;
	uint64_t trap_zeroed;
	va_t task;    // x86, double fault: the segment of the task that was interrupted
	va_t context; // CONTEXT record that a parameter names, and that could be read
	va_t record;  // EXCEPTION_RECORD that a parameter names
	bool record_known;
	struct dump_exception exception; // from there, or as the parameters tell
	bool has_exception;              // `exception` holds at least code and address
	bool has_irql;
	uint64_t irql;
	va_t thread;            // whose stack was analysed, when a parameter names it; 0: that which was current
	const char *process;    // file name of the process that was current, or that died; NULL: not known
	const char *no_process; // why

	// The driver that a person should look at: that of module_name, but where the bucket names a bus driver and the
	// culprit stands elsewhere (0x9F). NULL: nobody.
	const struct module *culprit;
	// The instruction was refused though it is a good one of this extension of x86 ("POPCNT"); NULL: not so.
	const char *extension;
	bool cpu_lacks;         // the processor is known not to have it
	const char *code_check; // the command that shows damaged code that the verdict rests on; NULL: no such code
	bool hardware;          // evidence speaks for a hardware error
	bool image_only;        // named by a parameter, not by a place in code
	const char *holder;     // 0x9F: module that holds the request; NULL: not known
	const char *dpc_stack;  // DPC_STACK_BASE; NULL: not on that stack, or not known
	struct kernel_field fields[KERNEL_FIELDS];
	size_t n_fields;
	struct kernel_list evidence, also, next; // why we think so; what else it could be; what to do
	const struct whea_record *whea;          // 0x124; NULL: not readable
	const char *no_whea;
};
bool kernel_is_windows(const char *image); // a file that comes with Windows, by its name
