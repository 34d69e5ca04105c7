// SPDX-License-Identifier: Apache-2.0
// stack_overflow.c: the thread's stack is used up.
//
// Folklore: nearly always recursion, seldom one huge array. Real case: a destructor of a linked list that deletes
// its next node: fine in tests, fatal with 30,000 nodes. The code c00000fd tells, as long as a guard page was left;
// after that, the same overflow is an access violation just below the stack. It lies when a program raises
// c00000fd itself, and when the stack pointer left the stack altogether (a pivot): that is no overflow.
#include "detect/detect.h"

#include <inttypes.h>

enum { PAGE = 0x1000, NEAR_END = 0x3000, PLENTY = 0x10000 };
enum { LONGEST_PERIOD = 64, SKIPPED = 32, REPEATS = 10 };

struct cycle {
	size_t period, frames, start;
};

// The shortest sequence of frames that repeats, beginning in the first frames: the top differs from call to call.
static struct cycle find_cycle(const struct stack *st)
{
	for (size_t p = 1; p <= LONGEST_PERIOD; p++)
		for (size_t k = 0; k <= SKIPPED; k++) {
			size_t i = k;
			while (i + p < st->n && st->frames[i].ip == st->frames[i + p].ip)
				i++;
			if (i - k >= p * (REPEATS - 1))
				return (struct cycle){ p, i - k + p, k };
		}
	return (struct cycle){ 0 };
}

static void describe(const struct facts *f, struct findings *out, const struct fact_thread *t, const struct cycle *c)
{
	va_t sp = reg_get(&f->event_regs, reg_sp(f->session->target->machine));
	evidence(out, f->event_address, ".exr -1", "exception %08" PRIx32, f->exception->code);
	if (t->has_teb_bounds)
		evidence(out, sp, arena_printf(f->a, "dp %" PRIx64 " L3", t->thread->teb),
			 "the stack pointer %" PRIx64 " stands %" PRId64 " bytes above the stack's limit %" PRIx64, sp,
			 (int64_t)(sp - t->stack_low), t->stack_low);
	if (!c->period)
		return;
	evidence(out, f->event_stack.frames[c->start].ip, ".ecxr; k", "%zu of the first %zu frames repeat every %zu",
		 c->frames, f->event_stack.n, c->period);
	for (size_t i = 0; i < MIN(c->period, (size_t)8); i++)
		evidence(out, f->event_stack.frames[c->start + i].ip, NULL, "repeats: %s",
			 f->event_stack.frames[c->start + i].symbol);
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_thread *t = f->event_thread < f->n_threads ? &f->threads[f->event_thread] : NULL;
	const struct fact_fault *x = &f->fault;
	bool code = f->exception->code == STATUS_STACK_OVERFLOW;
	va_t sp = reg_get(&f->event_regs, reg_sp(f->session->target->machine));
	if (!t || f->event != EVENT_FAULT || (!code && !x->present))
		return ok();
	if (t->has_teb_bounds && code && (sp > t->stack_high || sp + NEAR_END < t->stack_low)) {
		not_checked(out, "the stack pointer %" PRIx64 " is outside the thread's stack", sp);
		return ok();
	}
	// Below the limit, with the stack pointer at it. Without the TEB's bounds an access violation tells nothing.
	bool past_end = !code && x->access != ACCESS_EXECUTE && t->has_teb_bounds && x->address < t->stack_low + PAGE &&
			x->address + NEAR_END >= t->stack_low && sp < t->stack_low + NEAR_END &&
			sp + PAGE >= t->stack_low;
	if (!code && !past_end)
		return ok();
	// The processor's fault carries its address; a raised code does not.
	bool raised = code && !f->exception->n_params && t->has_reserve && sp - t->reserve_low > PLENTY;
	struct cycle c = find_cycle(&f->event_stack);
	if (raised && !c.period)
		return ok();
	const char *how = !c.period       ? "; no recursion is visible"
			  : c.period == 1 ? ": a function calls itself"
					  : arena_printf(f->a, ": %zu functions call each other", c.period);
	struct finding *r = finding(out, SEV_CRITICAL, (code ? 95u : 75u) + (c.period ? 4u : 0u),
				    "The stack of %s overflowed%s", thread_label(f, t), how);
	r->refutation = "a program that raises c00000fd itself; a stack pointer that was replaced";
	describe(f, out, t, &c);
	return ok();
}

const struct detector detect_stack_overflow = {
	.id = "stack-overflow-user-mode",
	.number = 30,
	.title = "Stack Overflow (User Mode)",
	.degree = DEGREE_AUTO,
	.kinds = FOR_USER,
	.needs = FACT_EXCEPTION | FACT_EVENT_REGS | FACT_THREADS,
	.explain =
		"The thread used up its stack: c00000fd when the guard page was touched, or an access violation just "
		"below\n"
		"the stack once the guard page was gone. Usually recursion: the repeating frames are named. Without\n"
		"repetition look for a function with huge local variables.\n"
		"It lies when a program raises c00000fd on purpose. A stack pointer outside the stack is another "
		"matter.\n"
		"See also: .exr -1, .ecxr, k, kf.",
	.run = run,
};
