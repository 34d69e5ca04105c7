// SPDX-License-Identifier: Apache-2.0
// stack.h: walks a thread's stack into frames. Each frame says how it was found.
#pragma once
#include "sym/sym.h"

struct frame {
	struct general_regs regs; // as they were in this frame; pc is the frame's instruction pointer
	va_t ip, sp, fp;          // fp: x86's ChildEBP (4 below the return address); x64, ARM64: the frame register
	va_t ret;                 // return address (the next frame's ip); 0 when unknown
	bool ret_known;
	va_t caller_sp;        // the stack pointer after the frame returned; 0 when unknown
	va_t trap_frame;       // kernel: the _KTRAP_FRAME by which the next frame was interrupted; 0: none
	enum trust trust;      // how this frame's ip was found
	bool exact_ip;         // ip is an interrupted address, not a return address: names look up ip, else ip - 1
	bool no_unwind_data;   // the walk from here on is a guess: WinDbg's "Stack unwind information not available"
	bool not_in_module;    // WinDbg's "Frame IP not in any known module"
	struct module *module; // NULL when ip is in none
	const char *file;      // source of the code at ip (callers: of the call); NULL: not known
	uint32_t line;
	unsigned inline_depth; // 0: a real frame; else one of those that share its registers, the innermost has most
	const char *symbol;    // "ntdll!RtlFoo+0x12"; a bare number when nothing is known; never NULL
	const char *function;  // the same without the displacement where a function is named
};
enum stack_end {
	STACK_END_NORMAL, // return address 0, or the thread's start
	STACK_END_LIMIT,  // as many frames as were asked for
	STACK_END_MEMORY, // stack memory is missing
	STACK_END_CYCLE,
	STACK_END_MISALIGNED,
	STACK_END_ESCAPED, // the stack pointer stood still or went back; is
			   // no multiple; left the stack
	STACK_END_LOST,    // nothing plausible was found any more
	STACK_END_CANCELLED,
};
struct stack {
	struct frame *frames;
	size_t n;
	enum stack_end end;
	const char *end_note; // one sentence for a person, NULL for NORMAL and LIMIT
};
// Walks from `start`. At most `max` frames (bounded by limits.h as well). A walk that gets stuck is a
// shorter stack with end_note, not an error. Frames live in `a`.
MUST_USE err_t stack_walk(struct session *s, const struct thread *th, const struct regs *start, size_t max,
			  struct arena *a, struct stack *ret);
// The same stack with a frame for every call that was replaced by its callee's body, above the frame that holds the
// code; at most max frames. Such a frame has the registers of the one below it.
void stack_inlines(struct session *s, struct arena *a, const struct stack *st, size_t max, struct stack *ret);
