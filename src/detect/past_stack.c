// SPDX-License-Identifier: Apache-2.0
// past_stack.c: return addresses below the stack pointer: functions that have already returned.
//
// Folklore: memory below the stack pointer is free, but not cleared. Real case: after a wait, the calls that led to an
// earlier I/O request still lie there. It lies in patches: later calls overwrote parts, so neighbours in the list need
// not have called each other. Small dumps keep the live part only.
#include "detect/detect.h"

#include <inttypes.h>

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_kernel *k = f->kernel;
	enum { SHOWN = 12 };
	size_t n = 0, calls = 0;
	if (!k->stack_high) {
		not_checked(out, "the bounds of the current stack are not known");
		return ok();
	}
	if (!k->n_past_bytes) {
		not_checked(out, "the dump holds no memory below the stack pointer%s",
			    k->header->triage ? ": small dumps keep the live part of the stack only" : "");
		return ok();
	}
	for (size_t i = 0; i < k->n_past; i++) {
		n += !k->past[i].seen || k->past[i].after_call;
		calls += k->past[i].after_call;
	}
	if (!n)
		return ok();
	finding(out, SEV_INFO, calls ? 60 : 30,
		"%zu words below the stack pointer lead into code, %zu of them behind a call", n, calls)
		->refutation = "words that were stored as data; calls of the crash itself, which wrote the dump";
	evidence(out, k->past[0].slot, arena_printf(f->a, "dps %" PRIx64 " %" PRIx64, k->past[0].slot, k->live),
		 "%zu bytes of the stack between its limit %" PRIx64 " and the stack pointer are in the dump",
		 k->n_past_bytes, k->stack_low);
	size_t shown = 0;
	for (size_t i = k->n_past; i-- > 0 && shown < SHOWN;) {
		const struct fact_word *w = &k->past[i];
		if (w->seen && !w->after_call)
			continue;
		shown++;
		evidence(out, w->slot, arena_printf(f->a, "dps %" PRIx64 " L1", w->slot), "past: %s+0x%" PRIx64 "%s",
			 w->module->name, w->value - w->module->base, w->after_call ? ", behind a call" : "");
	}
	return ok();
}

const struct detector detect_past_stack = {
	.id = "past-stack-trace",
	.number = 82,
	.title = "Past Stack Trace",
	.degree = DEGREE_EVIDENCE,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL | FACT_STACK_MEMORY | FACT_MODULES,
	.explain = "Return addresses that lie below the stack pointer: calls that have returned, newest first. They "
		   "tell what\n"
		   "the thread did a moment earlier.\n"
		   "It lies because later calls overwrite parts of it.\n"
		   "See also: dps, ln, ub.",
	.run = run,
};
