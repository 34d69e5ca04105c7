// SPDX-License-Identifier: Apache-2.0
// stack_collection.c: all threads' stacks side by side, equal ones together.
//
// Folklore: in a hang the interesting thread is the one that differs; in a pool, forty equal stacks are one fact.
// Real case: a game with 56 threads: 30 job workers on one condition variable, and one thread in the
// sound driver. It lies when somebody calls a single stack suspicious for being single: main threads
// always are.
#include "base/limits.h"
#include "detect/detect.h"

#include <stdlib.h>
#include <string.h>

// Frames that are compared: where the thread is and how it came there; arguments and offsets do not count.
enum { COMPARED = 24 };

static size_t name_length(const struct frame *fr)
{
	const char *plus = strchr(fr->symbol, '!') ? strstr(fr->symbol, "+0x") : NULL;
	return plus ? (size_t)(plus - fr->symbol) : strlen(fr->symbol);
}

static int compare(const struct stack *a, const struct stack *b)
{
	size_t n = MIN(MIN(a->n, b->n), (size_t)COMPARED);
	for (size_t i = 0; i < n; i++) {
		size_t la = name_length(&a->frames[i]), lb = name_length(&b->frames[i]);
		int order = strncmp(a->frames[i].symbol, b->frames[i].symbol, MIN(la, lb));
		if (order || la != lb)
			return order ? order : (la > lb) - (la < lb);
	}
	return (a->n > b->n) - (a->n < b->n);
}

static int by_stack(const void *a, const void *b)
{
	const struct fact_thread *x = *(const struct fact_thread *const *)a, *y = *(const struct fact_thread *const *)b;
	int order = compare(&x->stack, &y->stack);
	return order ? order : (x->thread->index > y->thread->index) - (x->thread->index < y->thread->index);
}

struct group {
	const struct fact_thread *first;
	size_t n;
};

static int by_size(const void *a, const void *b)
{
	const struct group *x = a, *y = b;
	if (x->n != y->n)
		return x->n < y->n ? 1 : -1;
	return (x->first->thread->index > y->first->thread->index) -
	       (x->first->thread->index < y->first->thread->index);
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_thread **t = NEW_N(f->a, const struct fact_thread *, f->n_threads);
	struct group *g = NEW_N(f->a, struct group, f->n_threads);
	size_t n = 0, groups = 0, single = 0;
	for (size_t i = 0; i < f->n_threads; i++)
		if (f->threads[i].has_stack)
			t[n++] = &f->threads[i];
	if (n < 2) // one thread has nothing to be compared with
		return ok();
	qsort(t, n, sizeof(*t), by_stack);
	for (size_t i = 0; i < n; i++) {
		if (!i || compare(&t[i - 1]->stack, &t[i]->stack))
			g[groups++].first = t[i];
		g[groups - 1].n++;
	}
	qsort(g, groups, sizeof(*g), by_size);
	for (size_t i = 0; i < groups; i++)
		single += g[i].n == 1;
	struct finding *x = finding(out, SEV_INFO, 100, "%zu %ss, %zu distinct stack%s, %zu occurring once", n,
				    f->kernel ? "processor" : "thread", groups, groups == 1 ? "" : "s", single);
	x->refutation =
		"equal stacks may wait for different objects; a stack that stands alone is not suspicious for that";
	evidence(out, 0, "~*k", "all stacks");
	for (size_t i = 0; i < MIN(groups, (size_t)LIMIT_EVIDENCE); i++) {
		const struct fact_thread *one = g[i].first;
		evidence(out, one->stack.frames[0].ip, on_thread(f, one, "k"), "%zu %s%s: %s in %s%s%s", g[i].n,
			 f->kernel ? "processor" : "thread", g[i].n == 1 ? "" : "s", thread_label(f, one),
			 one->stack.frames[0].symbol, one->syscall_purpose ? ", " : "",
			 one->syscall_purpose ? one->syscall_purpose : "");
	}
	if (groups > LIMIT_EVIDENCE)
		evidence(out, 0, NULL, "and %zu more", groups - LIMIT_EVIDENCE);
	return ok();
}

const struct detector detect_stack_collection = {
	.id = "stack-trace-collection-unmanaged-space",
	.number = 4,
	.title = "Stack Trace Collection (Unmanaged Space)",
	.degree = DEGREE_AUTO,
	.needs = FACT_THREADS | FACT_STACKS,
	.explain = "All threads' stacks seen together, with equal ones counted once. In a hang the odd one out is "
		   "where to\n"
		   "look; many equal stacks are usually a thread pool at rest, and sometimes a crowd before one lock.\n"
		   "Stacks are equal when their functions are; offsets inside functions do not count.\n"
		   "It lies when a stack is called suspicious only because no other is like it.\n"
		   "See also: ~*k.",
	.run = run,
};
