// SPDX-License-Identifier: Apache-2.0
// interrupt_stacks.c: the processors' interrupt stacks, and which of them are in use.
//
// Folklore: an interrupt runs on a stack of its processor's; what it interrupted stands elsewhere. Real case: a
// processor that is frozen by another one's crash stands on its interrupt stack, and is innocent. It lies when old
// words of an unused interrupt stack are read as a running interrupt: only a stack pointer in it shows one.
#include "base/limits.h"
#include "detect/detect.h"

#include <inttypes.h>

static void describe(const struct facts *f, struct findings *out, const struct fact_cpu *c)
{
	const char *k = arena_printf(f->a, "~%zus; k", c->number);
	const char *dps = arena_printf(f->a, "dps %" PRIx64 " L20", c->isr - 0x100);
	if (c->on_isr)
		evidence(out, c->isr, k, "processor %zu runs on its interrupt stack, which ends at %" PRIx64, c->number,
			 c->isr);
	else
		evidence(out, c->isr, c->isr_bytes ? dps : NULL,
			 "processor %zu: ends at %" PRIx64 ", %s, %zu bytes in the dump", c->number, c->isr,
			 c->sp_known ? "not in use" : "in use or not", c->isr_bytes);
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_kernel *k = f->kernel;
	size_t known = 0, used = 0, held = 0, shown = 0;
	for (size_t i = 0; i < k->n_cpus; i++) {
		known += k->cpus[i].isr != 0;
		used += k->cpus[i].on_isr;
		held += k->cpus[i].isr_bytes != 0;
	}
	if (!known || (!used && !held)) {
		not_checked(out, known ? "the interrupt stacks are not in the dump, and none is known to be in use"
				       : "the dump does not tell where the interrupt stacks are");
		return ok();
	}
	struct finding *x = finding(out, SEV_INFO, 95, "%zu interrupt stack%s known, %zu in use", known,
				    known == 1 ? " is" : "s are", used);
	x->refutation = "old words on a stack that is not in use";
	if (!used) // every finding has a command
		evidence(out, 0, "~*k", "%zu processors; no stack pointer that is known lies in an interrupt stack",
			 k->n_cpus);
	for (size_t i = 0; i < k->n_cpus && shown < LIMIT_EVIDENCE; i++) {
		if (!k->cpus[i].on_isr && !k->cpus[i].isr_bytes)
			continue;
		shown++;
		describe(f, out, &k->cpus[i]);
	}
	if (known > shown)
		evidence(out, 0, NULL, "%zu more: not known to be in use, nothing of them is in the dump",
			 known - shown);
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
