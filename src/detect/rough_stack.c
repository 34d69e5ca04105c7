// SPDX-License-Identifier: Apache-2.0
// rough_stack.c: every word of the live stack that looks like a return address, without unwinding.
//
// Folklore: when the unwinder is lost, the addresses are still there. Real case: a small dump of a system whose kernel
// symbols are not at hand: k ends after two frames, the rough trace shows thirty. It lies more than any stack trace:
// pointers to functions and left-overs stand among the true ones, in the right order of addresses only.
#include "base/limits.h"
#include "detect/detect.h"

#include <inttypes.h>

static bool believable(const struct fact_word *w)
{
	return !w->seen || w->after_call;
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_kernel *k = f->kernel;
	size_t n = 0, calls = 0, refused = 0, shown = 0;
	for (size_t i = 0; i < k->n_words; i++) {
		n += believable(&k->words[i]);
		calls += k->words[i].after_call;
		refused += !believable(&k->words[i]);
	}
	if (!n)
		return ok();
	finding(out, SEV_INFO,
		calls == n ? 60
		: calls    ? 45
			   : 30,
		"%zu words of the live stack lead into code; %zu behind a call, %zu whose code is not in the dump", n,
		calls, n - calls)
		->refutation = "pointers that were stored as data, and left-overs of earlier calls";
	evidence(out, k->live, arena_printf(f->a, "dps %" PRIx64, k->live),
		 "%zu bytes of stack; %zu words were refused, because no call stands before them", k->n_bytes, refused);
	for (size_t i = 0; i < k->n_words && shown + 1 < LIMIT_EVIDENCE; i++) {
		const struct fact_word *w = &k->words[i];
		if (!believable(w))
			continue;
		shown++;
		evidence(out, w->slot, arena_printf(f->a, "dps %" PRIx64 " L1", w->slot), "%s+0x%" PRIx64 "%s",
			 w->module->name, w->value - w->module->base, w->after_call ? ", behind a call" : "");
	}
	if (n > shown)
		evidence(out, 0, NULL, "and %zu more", n - shown);
	return ok();
}

const struct detector detect_rough_stack = {
	.id = "rough-stack-trace-unmanaged-space",
	.number = 83,
	.title = "Rough Stack Trace (Unmanaged Space)",
	.degree = DEGREE_EVIDENCE,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL | FACT_STACK_MEMORY | FACT_MODULES,
	.explain =
		"All words of the live stack that may be return addresses, in order, without unwinding. For when k "
		"ends too\n"
		"early.\n"
		"It lies: pointers to functions and left-overs of earlier calls stand among the true ones. Where the "
		"code is\n"
		"in the dump, only words behind a call are listed.\n"
		"See also: dps @$csp, k, ub.",
	.run = run,
};
