// SPDX-License-Identifier: Apache-2.0
// dpc_stacks.c: the processors' DPC stacks, and which of them are in use.
//
// Folklore: a DPC runs on a stack of its processor's, not of the thread it interrupts, so the thread's stack says
// nothing of it. Real case: a watchdog stop (0x133) whose stack pointer lies in the DPC stack: the timer's routine that
// takes too long stands there. It lies when old words of an idle DPC stack are read as a running DPC: only a stack
// pointer in it shows one.
#include "detect/detect.h"

static err_t run(const struct facts *f, struct findings *out)
{
	cpu_stacks(f, out, CPU_STACK_DPC);
	return ok();
}

const struct detector detect_dpc_stacks = {
	.id = "dpc-stack-collection",
	.number = 94,
	.title = "DPC Stack Collection",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL,
	.explain = "The stacks on which processors run DPCs. A stack pointer in one shows that the processor "
		   "was at\n"
		   "such work; what else lies there is residue.\n"
		   "Small dumps hold one processor's at most.\n"
		   "It lies when residue is taken for running work.\n"
		   "See also: ~*k, dps.",
	.run = run,
};
