// SPDX-License-Identifier: Apache-2.0
// kernel_overflow.c: a kernel stack is used up.
//
// Folklore: kernel stacks have 12 to 24 KB, and file system filters stand on each other's shoulders. Real case: a
// double fault (0x7F, 8) whose stack pointer stands a few bytes below the thread's stack limit: the processor could not
// push the first fault. It lies for double faults of other origin: a damaged stack pointer, a broken descriptor table;
// so the pointer must stand at the limit.
#include "detect/detect.h"

#include <inttypes.h>

enum { TRAP = 0x7f, DOUBLE_FAULT = 8, NEAR_END = 0x1000 };

static const char *by_code(const struct fact_kernel *k)
{
	// Microsoft's bug check code reference.
	if (k->code == 0x2b)
		return "the kernel found that a driver used its whole stack";
	if (k->code == 0x1ce)
		return "the kernel caught the overflow of a stack";
	return NULL;
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_kernel *k = f->kernel;
	const char *told = by_code(k);
	bool fault = (k->code == TRAP && k->params[0] == DOUBLE_FAULT) || k->code == 0x1aa || k->code == 0x1ab;
	if (!told && !fault)
		return ok();
	unsigned n = reg_sp(f->session->target->machine);
	bool invalid = k->code != TRAP && !told; // 0x1AA and 0x1AB name the pointer
	va_t sp = invalid ? k->params[0] : k->scope && reg_known(&f->event_regs, n) ? reg_get(&f->event_regs, n) : 0;
	if (fault && (!sp || !k->stack_high)) {
		not_checked(out, "%s",
			    sp ? "the bounds of the current stack are not known"
			       : "the stack pointer at the fault is not in the dump");
		return ok();
	}
	bool at_end = k->stack_high && sp < k->stack_low + NEAR_END / 4 && sp + NEAR_END > k->stack_low;
	if (!told && !at_end)
		return ok(); // outside the stack altogether, or well inside it: another trouble
	struct finding *x = finding(out, SEV_CRITICAL, told ? 95 : 92, "A kernel stack overflowed%s%s",
				    told ? ": " : "", told ? told : "");
	x->refutation = "a stack pointer that was damaged and stands at the stack's limit by chance";
	evidence(out, 0, ".bugcheck", "bug check 0x%" PRIX32 ", %" PRIx64, k->code, k->params[0]);
	if (at_end)
		evidence(out, sp, at_fault(f, "r"),
			 "the stack pointer %" PRIx64 " stands %" PRId64 " bytes above the stack's limit %" PRIx64, sp,
			 (int64_t)(sp - k->stack_low), k->stack_low);
	if (at_end && k->bounds_note)
		evidence(out, k->stack_low, NULL, "the limit: %s", k->bounds_note);
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
	.explain = "A kernel stack is used up: a double fault (0x7F with 8) with the stack pointer at the thread's "
		   "limit, or a\n"
		   "bug check that says so (0x2B, 0x1CE). Deep chains of filter drivers and large local variables do "
		   "it.\n"
		   "It lies when the stack pointer itself was damaged: then it stands anywhere.\n"
		   "See also: .bugcheck, .trap, kf.",
	.run = run,
};
