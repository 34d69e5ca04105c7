// SPDX-License-Identifier: Apache-2.0
// interrupt_stacks.c: the processors' interrupt stacks, and which of them are in use.
//
// Folklore: an interrupt runs on a stack of its processor's; what it interrupted stands elsewhere. Real case: a
// processor that is frozen by another one's crash stands on its interrupt stack, and is innocent. It lies when old
// words of an unused interrupt stack are read as a running interrupt: only a stack pointer in it shows one.
#include "detect/detect.h"

static err_t run(const struct facts *f, struct findings *out)
{
	cpu_stacks(f, out, CPU_STACK_INTERRUPT);
	return ok();
}

const struct detector detect_interrupt_stacks = {
	.id = "interrupt-stack-collection",
	.number = 95,
	.title = "Interrupt Stack Collection",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL,
	.explain = "The stacks on which processors run interrupts. A stack pointer in one shows that the processor "
		   "was at\n"
		   "such work; what else lies there is residue.\n"
		   "Small dumps hold one processor's at most.\n"
		   "It lies when residue is taken for running work.\n"
		   "See also: ~*k, dps.",
	.run = run,
};
