// SPDX-License-Identifier: Apache-2.0
// dpc_stacks.c: the processors' DPC stacks, and which of them are in use.
//
// Folklore: a DPC runs on a stack of its processor's, not of the thread it interrupts, so the thread's stack says
// nothing of it. Real case: a watchdog stop (0x133) whose stack pointer lies in the DPC stack: the timer's routine that
// takes too long stands there. It lies when old words of an idle DPC stack are read as a running DPC: only a stack
// pointer in it shows one.
#include "base/limits.h"
#include "detect/detect.h"

#include <inttypes.h>

static void describe(const struct facts *f, struct findings *out, const struct fact_cpu *c)
{
	const char *k = arena_printf(f->a, "~%zus; k", c->number);
	const char *dps = arena_printf(f->a, "dps %" PRIx64 " L20", c->dpc - 0x100);
	if (c->on_dpc)
		evidence(out, c->dpc, k, "processor %zu runs on its DPC stack, which ends at %" PRIx64, c->number,
			 c->dpc);
	else
		evidence(out, c->dpc, c->dpc_bytes ? dps : NULL,
			 "processor %zu: ends at %" PRIx64 ", %s, %zu bytes in the dump", c->number, c->dpc,
			 c->sp_known ? "not in use" : "in use or not", c->dpc_bytes);
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_kernel *k = f->kernel;
	size_t known = 0, used = 0, held = 0, shown = 0;
	for (size_t i = 0; i < k->n_cpus; i++) {
		known += k->cpus[i].dpc != 0;
		used += k->cpus[i].on_dpc;
		held += k->cpus[i].dpc_bytes != 0;
	}
	if (!known || (!used && !held)) {
		not_checked(out, known ? "the DPC stacks are not in the dump, and none is known to be in use"
				       : "the dump does not tell where the DPC stacks are");
		return ok();
	}
	struct finding *x = finding(out, SEV_INFO, 95, "%zu DPC stack%s known, %zu in use", known,
				    known == 1 ? " is" : "s are", used);
	x->refutation = "old words on a stack that is not in use";
	if (!used) // every finding has a command
		evidence(out, 0, "~*k", "%zu processors; no stack pointer that is known lies in a DPC stack",
			 k->n_cpus);
	for (size_t i = 0; i < k->n_cpus && shown < LIMIT_EVIDENCE; i++) {
		if (!k->cpus[i].on_dpc && !k->cpus[i].dpc_bytes)
			continue;
		shown++;
		describe(f, out, &k->cpus[i]);
	}
	if (known > shown)
		evidence(out, 0, NULL, "%zu more: not known to be in use, nothing of them is in the dump",
			 known - shown);
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
