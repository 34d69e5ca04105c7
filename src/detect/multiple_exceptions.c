// SPDX-License-Identifier: Apache-2.0
// multiple_exceptions.c: more than one exception is alive in the process.
//
// Folklore: the stored exception may be the second one. Real case: two threads run into the same freed object,
// the first waits in its unhandled-exception filter, the second is what the dump stores; or a crash handler
// crashes, and its fault hides the one that it should have reported. It lies when a record of a handled exception is
// left over on the stack: only records that the stack walk passes through, or named frames, count.
#include "base/limits.h"
#include "detect/detect.h"

#include <inttypes.h>

static bool is_event(const struct facts *f, const struct fact_thread *t, const struct fact_dispatch *d)
{
	return f->event == EVENT_FAULT && t->thread->index == f->event_thread && d->code == f->exception->code &&
	       d->address == f->event_address;
}

static bool counts(const struct facts *f, const struct fact_thread *t, const struct fact_dispatch *d)
{
	return d->on_frame && !code_is_benign(d->code) && !is_event(f, t, d);
}

// Exceptions of a thread beside the stored one.
static size_t others(const struct facts *f, const struct fact_thread *t)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n_dispatched; i++)
		n += counts(f, t, &t->dispatched[i]);
	bool by_name = !n && t->exception_frame && !(f->event == EVENT_FAULT && t->thread->index == f->event_thread);
	return n + by_name;
}

static void describe(const struct facts *f, struct findings *out, const struct fact_thread *t)
{
	bool any = false;
	for (size_t i = 0; i < t->n_dispatched; i++) {
		const struct fact_dispatch *d = &t->dispatched[i];
		if (!counts(f, t, d))
			continue;
		any = true;
		evidence(out, d->record,
			 arena_printf(f->a, ".exr %" PRIx64 "; .cxr %" PRIx64 "; k", d->record, d->context),
			 "%s: %08" PRIx32 " raised at %" PRIx64, thread_label(f, t), d->code, d->address);
	}
	if (!any)
		evidence(out, t->exception_frame->ip, on_thread(f, t, "k"), "%s goes through %s", thread_label(f, t),
			 t->exception_frame->symbol);
}

// Has the kernel names on any other processor's stack? Without them nobody can tell what it does.
static bool can_tell(const struct facts *f)
{
	for (size_t i = 0; i < f->n_threads; i++)
		for (size_t k = 0; i != f->event_thread && k < f->threads[i].stack.n; k++)
			if (frame_named(&f->threads[i].stack.frames[k], "nt!*"))
				return true;
	return f->n_threads < 2;
}

static err_t run(const struct facts *f, struct findings *out)
{
	bool event = f->event == EVENT_FAULT && !code_is_benign(f->exception->code) && f->event_thread < f->n_threads;
	size_t n = event, threads = event, shown = 0;
	for (size_t i = 0; i < f->n_threads; i++) {
		size_t k = others(f, &f->threads[i]);
		n += k;
		threads += k && !(event && i == f->event_thread);
	}
	if (n < 2) {
		if (f->kernel && !can_tell(f))
			not_checked(out, "what the other processors did has no names, or is not in the dump");
		return ok();
	}
	struct finding *x = finding(out, SEV_CRITICAL, 90, "%zu exceptions are being handled on %zu %s%s", n, threads,
				    f->kernel ? "processor" : "thread", threads == 1 ? ": one inside the other" : "s");
	x->refutation = "a record left over from an exception that was handled";
	if (event)
		evidence(out, f->event_address, at_fault(f, "k"), "%s: %s is the stored exception",
			 thread_label(f, &f->threads[f->event_thread]),
			 f->kernel ? fault_name(f) : arena_printf(f->a, "%08" PRIx32, f->exception->code));
	for (size_t i = 0; i < f->n_threads && shown < LIMIT_EVIDENCE; i++) {
		if (!others(f, &f->threads[i]))
			continue;
		describe(f, out, &f->threads[i]);
		shown++;
	}
	return ok();
}

const struct detector detect_multiple_exceptions = {
	.id = "multiple-exceptions",
	.number = 16,
	.title = "Multiple Exceptions (User Mode, Kernel Mode)",
	.degree = DEGREE_AUTO,
	.needs = FACT_THREADS | FACT_STACKS,
	.explain = "More than one exception is alive: on several threads, or one raised while another was handled. The "
		   "stored\n"
		   "one may be the consequence, so read each: .exr and .cxr with the addresses shown, then k.\n"
		   "It lies when an old record lies on the stack by chance; records count only where the stack walk "
		   "passes\n"
		   "through them, or where a frame of exception processing has its name.\n"
		   "See also: ~*k, .exr, .cxr.",
	.run = run,
};
