// SPDX-License-Identifier: Apache-2.0
// cpu_stacks.c: what the detectors of processors' own stacks, for DPCs and for interrupts, have in common.
#include "base/limits.h"
#include "detect/detect.h"

#include <inttypes.h>

static const struct fact_cpu_stack *stack_of(const struct fact_cpu *c, enum cpu_stack which)
{
	return which == CPU_STACK_DPC ? &c->dpc : &c->isr;
}

static void describe(const struct facts *f, struct findings *out, const struct fact_cpu *c, enum cpu_stack which,
		     const char *kind)
{
	const struct fact_cpu_stack *s = stack_of(c, which);
	const char *k = arena_printf(f->a, "~%zus; k", c->number);
	const char *dps = arena_printf(f->a, "dps %" PRIx64 " L20", s->end - 0x100);
	if (s->in_use)
		evidence(out, s->end, k, "processor %zu runs on its %s stack, which ends at %" PRIx64, c->number, kind,
			 s->end);
	else
		evidence(out, s->end, s->bytes ? dps : NULL,
			 "processor %zu: ends at %" PRIx64 ", %s, %zu bytes in the dump", c->number, s->end,
			 c->sp_known ? "not in use" : "in use or not", s->bytes);
}

void cpu_stacks(const struct facts *f, struct findings *out, enum cpu_stack which)
{
	const struct fact_kernel *k = f->kernel;
	const char *kind = which == CPU_STACK_DPC ? "DPC" : "interrupt";
	size_t known = 0, used = 0, held = 0, shown = 0;
	for (size_t i = 0; i < k->n_cpus; i++) {
		const struct fact_cpu_stack *s = stack_of(&k->cpus[i], which);
		known += s->end != 0;
		used += s->in_use;
		held += s->bytes != 0;
	}
	if (!known || (!used && !held)) {
		not_checked(out,
			    known ? "the %s stacks are not in the dump, and none is known to be in use"
				  : "the dump does not tell where the %s stacks are",
			    kind);
		return;
	}
	struct finding *x = finding(out, SEV_INFO, 95, "%zu %s stack%s known, %zu in use", known, kind,
				    known == 1 ? " is" : "s are", used);
	x->refutation = "old words on a stack that is not in use";
	if (!used) // every finding has a command
		evidence(out, 0, "~*k", "%zu processors; no stack pointer that is known lies in %s %s stack", k->n_cpus,
			 which == CPU_STACK_DPC ? "a" : "an", kind);
	for (size_t i = 0; i < k->n_cpus && shown < LIMIT_EVIDENCE; i++) {
		const struct fact_cpu_stack *s = stack_of(&k->cpus[i], which);
		if (!s->in_use && !s->bytes)
			continue;
		shown++;
		describe(f, out, &k->cpus[i], which, kind);
	}
	if (known > shown)
		evidence(out, 0, NULL, "%zu more: not known to be in use, nothing of them is in the dump",
			 known - shown);
}
