// SPDX-License-Identifier: Apache-2.0
// stack_int.h: one walk, and the steps that need no unwind data.
#pragma once
#include "base/limits.h"
#include "stack/stack.h"

struct walk {
	struct session *s;
	struct target *t;
	struct arena *a;
	struct unwind_env env;
	bool bounded; // low and high are the stack
	va_t low, high;
	struct frame *frames;
	size_t n, cap; // frames so far, and room
	enum stack_end end;
	const char *note;
	// ---- kernel
	struct stack_area {
		va_t low, high;
		va_t entry; // of a thread: where its stack starts, with the trap frame of user mode below; 0: not known
		// Where the kernel noted what it left for this stack: of interrupts, the address of the trap frame; of
		// DPCs, a machine frame. 0: not known.
		va_t trap_link, frame_link;
		bool entered;
	} areas[LIMIT_KERNEL_STACKS]; // that the processor may be on
	size_t n_areas;
	struct stack_area *area; // that the walk is on; NULL: none of these
	va_t task;               // x86: the task state segment of what a double fault interrupted; 0: none
	va_t code, code_end;     // the kernel's; 0: not known
	va_t trap, trap_from;    // the first trap frame at or above trap_from; UINT64_MAX: none
	bool in_user;            // the walk has left the kernel
	uint32_t callee_params;  // x86: bytes of arguments that the frame below was called with; 0 when not known
};
// Can a call have left this address on the stack? It is in code and, when the bytes before it are there, they
// are a call.
bool stack_is_return_address(struct walk *w, va_t va);
// Strings and import slots: code is none of them.
bool stack_is_data_name(const char *name);
// Each moves *r to the caller and returns true, or leaves it alone.
bool stack_step_frame_pointer(struct walk *w, struct regs *r);          // {saved fp, return address} at fp
bool stack_step_linked(struct walk *w, struct regs *r);                 // a saved rbp that fits the caller's rsp, x64
bool stack_step_frame_proc(struct walk *w, struct regs *r, bool exact); // x64: sizes that symbols record
bool stack_step_scan(struct walk *w, struct regs *r, bool top);
// x86: by code and by what symbols record. TRUST_NONE: neither works.
enum trust stack_step_x86(struct walk *w, struct regs *r, bool exact);
