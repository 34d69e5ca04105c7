// SPDX-License-Identifier: Apache-2.0
// kernel_residue.c: drivers whose return addresses lie on the raw kernel stack.
//
// Folklore: what ran on this stack has left its return addresses there, below frames that were never written and
// between those that were. Real case: a pool corruption whose stack is all nt, with three addresses of one filter
// driver in its gaps. It lies often: a word may be a pointer to data, or years old; what follows a call is better
// evidence, and only when the code is in the dump can that be seen. Evidence, never an answer.
#include "base/limits.h"
#include "detect/detect.h"

#include <inttypes.h>

struct count {
	const struct module *module;
	const struct fact_word *first;
	size_t n, calls;
};

static size_t collect(const struct facts *f, struct count *list, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < f->kernel->n_words; i++) {
		const struct fact_word *w = &f->kernel->words[i];
		size_t k = 0;
		if (module_is_kernel(f, w->module) || (w->seen && !w->after_call))
			continue;
		while (k < n && list[k].module != w->module)
			k++;
		if (k == max)
			continue;
		if (k == n)
			list[n++] = (struct count){ .module = w->module, .first = w };
		list[k].n++;
		list[k].calls += w->after_call;
	}
	return n;
}

static err_t run(const struct facts *f, struct findings *out)
{
	struct count list[LIMIT_EVIDENCE];
	size_t n = collect(f, list, ARRAY_LEN(list)), calls = 0;
	if (!n)
		return ok();
	for (size_t i = 0; i < n; i++)
		calls += list[i].calls;
	finding(out, SEV_INFO, calls ? 60 : 30, "%s%zu module%s besides the kernel left addresses on the stack%s",
		n == ARRAY_LEN(list) ? "at least " : "", n, n == 1 ? "" : "s",
		calls ? "" : "; whether they follow calls cannot be seen")
		->refutation = "pointers to data or functions, and left-overs of calls that have nothing to do with it";
	for (size_t i = 0; i < n; i++)
		evidence(out, list[i].first->slot, arena_printf(f->a, "dps %" PRIx64 " L1", list[i].first->slot),
			 "residue: %s, %zu word%s, %zu of them behind a call", module_label(list[i].module), list[i].n,
			 list[i].n == 1 ? "" : "s", list[i].calls);
	return ok();
}

const struct detector detect_kernel_residue = {
	.id = "execution-residue-unmanaged-space-kernel",
	.number = 79,
	.title = "Execution Residue (Unmanaged Space, Kernel)",
	.degree = DEGREE_EVIDENCE,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL | FACT_STACK_MEMORY | FACT_MODULES,
	.explain = "Words of the raw kernel stack that lead into drivers: traces of calls, present and past. A driver "
		   "that\n"
		   "appears here ran on this thread at some time, no more.\n"
		   "It lies when a word is a pointer that was only stored. Words behind a call instruction are better\n"
		   "evidence; small dumps seldom hold the code that would show it.\n"
		   "See also: dps @$csp, k.",
	.run = run,
};
