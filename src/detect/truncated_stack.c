// SPDX-License-Identifier: Apache-2.0
// truncated_stack.c: the stack trace ends before the thread does.
//
// Folklore: k stops, nobody complains, and the culprit stands behind the end. Real case: a stack of five frames that
// ends in the middle of a file system filter, because the filter's image is not at hand; return addresses of two more
// drivers follow. It lies when left-overs behind a proper end are taken for the rest: so the end must not be near the
// stack's base, and what follows must stand behind calls.
#include "detect/detect.h"

#include <inttypes.h>

// Where a thread's first kernel frames lie: the trap frame of a system call and the saved state above it.
enum { ROOT_AREA = 0x600 };

static bool reached_root(const struct facts *f, const struct stack *st, const struct fact_bounds *b)
{
	const struct frame *last = &st->frames[st->n - 1];
	bool process_half = !(last->ip >> (f->session->target->ptr_bytes * 8 - 1));
	return st->end == STACK_END_NORMAL || st->end == STACK_END_LIMIT || process_half ||
	       (b->high && last->sp + ROOT_AREA >= b->high);
}

static size_t behind(const struct fact_kernel *k, va_t sp, const struct fact_word **first)
{
	size_t n = 0;
	for (size_t i = 0; i < k->n_words; i++) {
		if (k->words[i].slot <= sp || !k->words[i].after_call)
			continue;
		*first = n++ ? *first : &k->words[i];
	}
	return n;
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_thread *t = f->event_thread < f->n_threads ? &f->threads[f->event_thread] : NULL;
	const struct fact_word *first = NULL;
	if (!t || !t->has_stack || !t->stack.n) {
		not_checked(out, "no stack can be walked");
		return ok();
	}
	const struct stack *st = &t->stack;
	const struct frame *last = &st->frames[st->n - 1];
	struct fact_bounds b = { 0 };
	if (!fact_stack_at(f, last->sp, &b))
		b.high = 0;
	if (reached_root(f, st, &b))
		return ok();
	const struct fact_kernel *k = f->kernel;
	bool inside = last->sp >= k->live && k->live >= b.low && b.high > k->live;
	bool absent = st->end == STACK_END_MEMORY || (inside && k->n_bytes < b.high - k->live);
	size_t n = behind(k, last->sp, &first);
	if (!absent && !n)
		return ok();
	struct finding *x =
		finding(out, SEV_INFO, absent ? 95 : 75, "The stack of %s is cut after %zu frame%s: %s",
			thread_label(f, t), st->n, st->n == 1 ? "" : "s",
			absent ? "the rest of its memory is not in the dump"
			       : arena_printf(f->a, "%zu return address%s of calls follow", n, n == 1 ? "" : "es"));
	x->refutation = absent ? "a stack that ends there" : "left-overs of earlier calls, behind the true end";
	evidence(out, last->ip, on_thread(f, t, "k"), "the last frame is %s%s%s", last->symbol,
		 st->end_note ? ": " : "", st->end_note ? st->end_note : "");
	if (first)
		evidence(out, first->slot, arena_printf(f->a, "dps %" PRIx64, first->slot),
			 "behind it lies %s+0x%" PRIx64 ", behind a call", first->module->name,
			 first->value - first->module->base);
	if (f->kernel->stack_high)
		evidence(out, f->kernel->stack_high, NULL,
			 "the stack goes on to %" PRIx64 ", %" PRIu64 " bytes further", f->kernel->stack_high,
			 f->kernel->stack_high - last->sp);
	return ok();
}

const struct detector detect_truncated_stack = {
	.id = "truncated-stack-trace",
	.number = 38,
	.title = "Truncated Stack Trace",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL | FACT_THREADS | FACT_STACKS,
	.explain = "The trace of the processor that stopped ends, but its stack does not: memory is missing, or return "
		   "addresses\n"
		   "of calls lie behind the last frame. Go on from them by hand: k = SP IP.\n"
		   "It lies when those are left-overs; near the stack's base nothing is reported.\n"
		   "See also: k, dps, !patterns 83.",
	.run = run,
};
