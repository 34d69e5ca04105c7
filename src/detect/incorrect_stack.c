// SPDX-License-Identifier: Apache-2.0
// incorrect_stack.c: the stack trace may not be the chain of calls.
//
// Folklore: a trace looks the same whether it was derived or guessed. Real case: without the kernel's image, k shows
// thirty frames, two of them derived; a reader takes the eighth, a left-over, for the culprit. It lies when the guesses
// are right, which they often are: the finding warns, it does not refute.
#include "detect/detect.h"

#include <inttypes.h>

struct doubt {
	size_t guessed, nowhere, foreign;
	const struct frame *first_guess, *first_nowhere, *first_foreign;
};

static struct doubt judge(const struct facts *f, const struct stack *st)
{
	struct doubt d = { 0 };
	for (size_t i = 0; i < st->n; i++) {
		const struct frame *fr = &st->frames[i];
		bool kernel_half = fr->ip >> (f->session->target->ptr_bytes * 8 - 1);
		if (fr->trust == TRUST_SCAN && !d.guessed++)
			d.first_guess = fr;
		if (!fr->module && kernel_half && !d.nowhere++)
			d.first_nowhere = fr;
		if (fr->module && fr->module->mismatch && !d.foreign++)
			d.first_foreign = fr;
	}
	return d;
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_thread *t = f->event_thread < f->n_threads ? &f->threads[f->event_thread] : NULL;
	bool event = f->event_stack.n;
	const struct stack *st = event ? &f->event_stack : t && t->has_stack ? &t->stack : NULL;
	if (!st || !st->n) {
		not_checked(out, "no stack can be walked");
		return ok();
	}
	struct doubt d = judge(f, st);
	if (!d.guessed && !d.nowhere && !d.foreign)
		return ok();
	const char *k = on_thread(f, t, event ? at_fault(f, "k") : "k");
	finding(out, SEV_INFO, d.nowhere || d.foreign ? 80 : (unsigned)(30 + 50 * d.guessed / st->n),
		"The stack may not be the chain of calls: of its %zu frames %zu are guessed%s%s", st->n, d.guessed,
		d.nowhere ? arena_printf(f->a, ", %zu in no module", d.nowhere) : "",
		d.foreign ? arena_printf(f->a, ", %zu named by another build's symbols", d.foreign) : "")
		->refutation = "guesses that are right: load the images of the modules and look again";
	if (d.first_guess)
		evidence(out, d.first_guess->ip, k, "the first guess is %s: behind a warning", d.first_guess->symbol);
	if (d.first_nowhere)
		evidence(out, d.first_nowhere->ip, k, "%zu frame%s in no module: %" PRIx64, d.nowhere,
			 d.nowhere == 1 ? " is" : "s are", d.first_nowhere->ip);
	if (d.first_foreign)
		evidence(out, d.first_foreign->ip, arena_printf(f->a, "!chksym %s", d.first_foreign->module->name),
			 "names of %s come from another build: %s", d.first_foreign->module->name,
			 d.first_foreign->module->mismatch);
	return ok();
}

const struct detector detect_incorrect_stack = {
	.id = "incorrect-stack-trace",
	.number = 2,
	.title = "Incorrect Stack Trace",
	.degree = DEGREE_PART,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL | FACT_THREADS | FACT_STACKS | FACT_MODULES,
	.explain = "Frames that were guessed from the stack's contents, that lie in no module, or whose names are of "
		   "another\n"
		   "build. Every conclusion from them needs another proof.\n"
		   "It lies when the guesses are right; images (-i) and symbols decide.\n"
		   "See also: k, kv, lm, .sympath, .exepath.",
	.run = run,
};
