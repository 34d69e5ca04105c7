// SPDX-License-Identifier: Apache-2.0
// stack_trace.c: the readable chain of frames, and how far it can be believed.
//
// Folklore: every analysis starts here, so the finding is always made; its confidence is the news. Real case: a
// 32-bit dump without the program's images walks three frames by the frame pointer and then guesses: names look
// right and are left-overs of earlier calls. It lies most politely when the symbols are of another build.
#include "detect/detect.h"

#include <string.h>

struct quality {
	size_t named, trusted;
	bool root; // the walk came to the thread's start
};

static struct quality judge(const struct stack *st)
{
	struct quality q = { .root = st->end == STACK_END_NORMAL };
	for (size_t i = 0; i < st->n; i++) {
		q.named += strchr(st->frames[i].symbol, '!') != NULL;
		q.trusted += st->frames[i].trust > TRUST_SCAN;
	}
	return q;
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct stack *st = NULL;
	const struct fact_thread *t = NULL;
	bool event = f->event_stack.n && f->event_thread < f->n_threads;
	if (event) {
		t = &f->threads[f->event_thread];
		st = &f->event_stack;
	}
	if (!st && f->kernel && f->event_thread < f->n_threads && f->threads[f->event_thread].has_stack) {
		t = &f->threads[f->event_thread];
		st = &t->stack;
	}
	for (size_t i = 0; !st && i < f->n_threads; i++) {
		if (f->threads[i].has_stack) {
			t = &f->threads[i];
			st = &t->stack;
		}
	}
	if (!st || !st->n) {
		not_checked(out, "no thread has a stack that can be walked");
		return ok();
	}
	struct quality q = judge(st);
	// Frames that were derived, frames with names, the end reached. The first frame is never a guess.
	enum { LEAST = 10 };
	unsigned confidence = (unsigned)((q.trusted * 40 + q.named * 40) / st->n) + (q.root ? 20 : 0);
	confidence = MAX(confidence, (unsigned)LEAST);
	struct finding *x =
		finding(out, SEV_INFO, confidence, "Stack of %s: %zu frames, %zu derived from data, %zu named, %s",
			thread_label(f, t), st->n, q.trusted, q.named,
			q.root                       ? "down to the thread's start"
			: st->end == STACK_END_LIMIT ? "deeper than is looked at"
						     : "and it ends early");
	x->refutation = "symbols or images of another build; frames found by scanning";
	evidence(out, st->frames[0].ip, on_thread(f, t, event ? at_fault(f, "k") : "k"), "the stack begins in %s",
		 st->frames[0].symbol);
	if (st->n > 1)
		evidence(out, st->frames[st->n - 1].ip, NULL, "and ends in %s%s%s", st->frames[st->n - 1].symbol,
			 st->end_note ? ": " : "", st->end_note ? st->end_note : "");
	return ok();
}

const struct detector detect_stack_trace = {
	.id = "stack-trace",
	.number = 3,
	.title = "Stack Trace",
	.degree = DEGREE_AUTO,
	.needs = FACT_THREADS | FACT_STACKS,
	.explain = "The chain of calls of the thread that matters: the exception's thread, else the first one. The "
		   "pattern\n"
		   "is always there; its confidence says how far the chain can be believed: frames derived from unwind "
		   "data\n"
		   "or frame pointers, frames with names, and whether the walk came to the thread's start.\n"
		   "It lies when frames were found by scanning (left-overs of earlier calls) and when names come from\n"
		   "exports only: then a name with a large offset is merely the nearest one.\n"
		   "See also: k, kb, kn.",
	.run = run,
};
