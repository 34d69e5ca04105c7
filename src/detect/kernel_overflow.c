// SPDX-License-Identifier: Apache-2.0
// kernel_overflow.c: a kernel stack is used up.
//
// Folklore: kernel stacks have 12 to 24 KB, and file system filters stand on each other's shoulders. Real case: a
// double fault (0x7F, 8) whose stack pointer stands a few bytes below the thread's stack limit: the processor could not
// push the first fault. DPCs and interrupts have stacks of their own, with limits of their own. It lies for double
// faults of other origin: a damaged stack pointer, a broken descriptor table; so the pointer must stand at a limit.
#include "detect/detect.h"

#include <inttypes.h>

enum { TRAP = 0x7f, DOUBLE_FAULT = 8, AT_END = 0x400, PAGE = 0x1000 };

static const char *by_code(const struct fact_kernel *k)
{
	// Microsoft's bug check code reference.
	if (k->code == 0x2b)
		return "the kernel found that a driver used its whole stack";
	if (k->code == 0x1ce)
		return "the kernel caught the overflow of a stack";
	return NULL;
}

// The stack pointer at the fault; 0: not known. 0x1AA and 0x1AB name it.
static va_t stack_pointer(const struct facts *f)
{
	const struct fact_kernel *k = f->kernel;
	unsigned n = reg_sp(f->session->target->machine);
	if (k->code == 0x1aa || k->code == 0x1ab)
		return k->params[0];
	return k->scope && reg_known(&f->event_regs, n) ? reg_get(&f->event_regs, n) : 0;
}

// A page fault on the page below a stack that is nearly full: what a guard page catches.
static bool guard_fault(const struct facts *f, const struct fact_bounds *b)
{
	va_t at = f->fault.present ? f->fault.address : f->kernel->code == 0xbe ? f->kernel->params[0] : 0;
	return at && at < b->low && at + PAGE >= b->low;
}

static void describe(const struct facts *f, struct findings *out, va_t sp, const struct fact_bounds *b)
{
	int64_t room = (int64_t)(sp - b->low);
	evidence(out, sp, at_fault(f, "r"),
		 "the stack pointer %" PRIx64 " stands %" PRId64 " bytes %s the stack's limit %" PRIx64, sp,
		 room < 0 ? -room : room, room < 0 ? "below" : "above", b->low);
	evidence(out, b->low, NULL, "it is %s stack, %" PRIx64 " to %" PRIx64 "%s%s", b->whose, b->low, b->high,
		 b->note ? ": " : "", b->note ? b->note : "");
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_kernel *k = f->kernel;
	const char *told = by_code(k);
	bool fault = (k->code == TRAP && k->params[0] == DOUBLE_FAULT) || k->code == 0x1aa || k->code == 0x1ab;
	va_t sp = stack_pointer(f);
	struct fact_bounds b;
	bool known = sp && fact_stack_at(f, sp, &b);
	bool guard = known && !fault && guard_fault(f, &b);
	if (fault && !known && (!sp || !k->stack_high)) {
		not_checked(out, "%s",
			    sp ? "the bounds of the stack at the fault are not known"
			       : "the stack pointer at the fault is not in the dump");
		return ok();
	}
	bool at_end = known && sp < b.low + (guard ? PAGE : AT_END);
	if (!told && !((fault || guard) && at_end))
		return ok(); // outside every stack, or well inside it: another trouble
	struct finding *x = finding(out, SEV_CRITICAL,
				    told    ? 95
				    : guard ? 88
					    : 92,
				    "A kernel stack overflowed%s%s", told ? ": " : "", told ? told : "");
	x->refutation = "a stack pointer that was damaged and stands at the stack's limit by chance";
	evidence(out, 0, ".bugcheck", "bug check 0x%" PRIX32 ", %" PRIx64, k->code, k->params[0]);
	if (at_end)
		describe(f, out, sp, &b);
	if (f->event_stack.n > 1)
		evidence(out, f->event_stack.frames[0].ip, at_fault(f, "k"), "%zu frames, beginning in %s",
			 f->event_stack.n, f->event_stack.frames[0].symbol);
	return ok();
}

const struct detector detect_kernel_overflow = {
	.id = "stack-overflow-kernel-mode",
	.number = 87,
	.title = "Stack Overflow (Kernel Mode)",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL,
	.explain = "A kernel stack is used up: a double fault (0x7F with 8) with the stack pointer at the limit of "
		   "its stack (a\n"
		   "thread's, or a processor's for DPCs and interrupts), a page fault just below a full stack, or a\n"
		   "bug check that says so (0x2B, 0x1CE). Deep chains of filter drivers and large local variables do "
		   "it.\n"
		   "It lies when the stack pointer itself was damaged: then it stands anywhere.\n"
		   "See also: .bugcheck, .trap, kf.",
	.run = run,
};
