// SPDX-License-Identifier: Apache-2.0
// kernel_int.h: steps of kernel stacks, shared by the files that walk them.
#pragma once
#include "stack/stack_int.h"
#include "target/kernel.h"

struct kernel_step {
	va_t trap_frame; // that the frame below was left through; 0: none
	bool exact;      // the new ip is an interrupted address
	bool task;       // the processor itself changed the stack with the task
};
// One step without unwind data, x64. TRUST_NONE: nowhere to go.
enum trust stack_step_kernel(struct walk *w, struct regs *r, bool top, struct kernel_step *ret);
// Checks a trap frame that unwind data leads to; 0: it is none. The volatile registers that it holds go into *next.
va_t kernel_trap_of(const struct walk *w, va_t trap, struct regs *next);
// x86: through the trap frame that ebp points at.
bool stack_step_trap_x86(struct walk *w, struct regs *r, struct kernel_step *ret);
// x86: from the double fault's task to the one that it interrupted. last: nothing else leads on.
bool stack_step_task_x86(struct walk *w, struct regs *r, bool last, struct kernel_step *ret);
// The area that sp is in; one page below a thread's stack counts, where the pointer of an overflowed stack is. NULL:
// none.
struct stack_area *kernel_area_at(struct walk *w, va_t sp);
// ARM64: a chain of frame pointers ends with 0, in the thread's first frame.
bool stack_step_chain_end(struct walk *w, struct regs *r);
bool kernel_is_return_address(struct walk *w, va_t va);
// What the walk that starts at ip goes by: the stacks that the processor may be on (its thread's, those of DPCs and
// interrupts), and where the kernel's code lies.
void kernel_areas(struct walk *w, const struct thread *th, va_t ip);
// Is sp on another known stack than the walk is on?
bool kernel_other_stack(struct walk *w, va_t sp);
// Does this trap frame lie where entry from user mode puts it: at the thread's initial stack?
bool kernel_is_entry(const struct walk *w, va_t trap);
// May the walk go on at sp, which is not above the frame below? Each stack is entered once.
bool kernel_switch(struct walk *w, va_t sp);
