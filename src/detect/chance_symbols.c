// SPDX-License-Identifier: Apache-2.0
// chance_symbols.c: words of the stack that have a symbol, but were left by no call.
//
// Folklore: dps prints names for everything that lies in a module's range. Real case: a pointer to a driver's routine,
// stored by the one who registered it, is read as "the driver was running". It lies the other way for code that was
// changed, and where the code is not in the dump: those words are not judged.
#include "detect/detect.h"

#include <inttypes.h>

// The fault's own address stands in records of it: no call, and no chance either.
static bool by_chance(const struct facts *f, const struct fact_word *w)
{
	return w->seen && !w->after_call && !(f->exception && w->value == f->event_address);
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_kernel *k = f->kernel;
	enum { SHOWN = 8 };
	size_t n = 0, seen = 0, shown = 0;
	for (size_t i = 0; i < k->n_words; i++) {
		seen += k->words[i].seen;
		n += by_chance(f, &k->words[i]);
	}
	if (k->n_words && !seen) {
		not_checked(out, "none of the code that the stack's words lead into is in the dump");
		return ok();
	}
	if (!n)
		return ok();
	finding(out, SEV_INFO, 90,
		"%zu of %zu words of the live stack that lead into code follow no call: they are no "
		"return addresses",
		n, seen)
		->refutation = "code that was changed after the call; an instruction that an interrupt stopped, of "
			       "which the word is a record";
	for (size_t i = 0; i < k->n_words && shown < SHOWN; i++) {
		const struct fact_word *w = &k->words[i];
		if (!by_chance(f, w))
			continue;
		shown++;
		evidence(out, w->slot, arena_printf(f->a, "dps %" PRIx64 " L1; ub %" PRIx64 " L2", w->slot, w->value),
			 "%s+0x%" PRIx64 ": no call ends there", w->module->name, w->value - w->module->base);
	}
	if (n > shown)
		evidence(out, 0, NULL, "and %zu more", n - shown);
	return ok();
}

const struct detector detect_chance_symbols = {
	.id = "coincidental-symbolic-information",
	.number = 41,
	.title = "Coincidental Symbolic Information",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL | FACT_STACK_MEMORY | FACT_MODULES,
	.explain = "Words of the stack that dps names, but that no call can have left: pointers to functions, numbers "
		   "that fall\n"
		   "into a module by chance. They say nothing about what ran.\n"
		   "It is silent about words whose code is not in the dump.\n"
		   "See also: dps, ub, ln.",
	.run = run,
};
