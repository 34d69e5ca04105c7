// SPDX-License-Identifier: Apache-2.0
// exception_stack.c: a stack that leads to an exception, or through its processing.
//
// Folklore: the thread's own registers show the crash handler; the exception's context shows the crash. Real case:
// k prints WerpReportFault and NtWaitForMultipleObjects, .ecxr and k print the null dereference five calls
// below main. It lies for exceptions that are messages (thread names, debug output), and for a debugger's break.
#include "base/limits.h"
#include "detect/detect.h"

#include <inttypes.h>

// Is this the stored exception, seen once more on its thread's stack?
static bool is_event(const struct facts *f, const struct fact_thread *t, const struct fact_dispatch *d)
{
	return f->exception && t->thread->index == f->event_thread && d->code == f->exception->code &&
	       d->address == f->event_address;
}

static const struct fact_dispatch *other_dispatch(const struct facts *f, const struct fact_thread *t)
{
	for (size_t i = 0; i < t->n_dispatched; i++)
		if (t->dispatched[i].on_frame && !code_is_benign(t->dispatched[i].code) &&
		    !is_event(f, t, &t->dispatched[i]))
			return &t->dispatched[i];
	return NULL;
}

static bool handles_exception(const struct facts *f, const struct fact_thread *t)
{
	return other_dispatch(f, t) || (t->exception_frame && t->thread->index != f->event_thread);
}

static void describe_event(const struct facts *f, struct findings *out)
{
	enum { SHOWN = 4 };
	const struct stack *st = &f->event_stack;
	evidence(out, f->event_address, f->kernel ? ".bugcheck" : ".exr -1", "%s %s %s",
		 thread_label(f, &f->threads[f->event_thread]), f->kernel ? "stopped with" : "raised",
		 f->kernel ? fault_name(f) : arena_printf(f->a, "%08" PRIx32, f->exception->code));
	for (size_t i = 0; i < MIN(st->n, (size_t)SHOWN); i++)
		evidence(out, st->frames[i].ip, i ? NULL : at_fault(f, "k"), "frame %zu: %s", i, st->frames[i].symbol);
}

static void describe_thread(const struct facts *f, struct findings *out, const struct fact_thread *t)
{
	const struct fact_dispatch *d = other_dispatch(f, t);
	if (d)
		evidence(out, d->record,
			 arena_printf(f->a, ".exr %" PRIx64 "; .cxr %" PRIx64 "; k", d->record, d->context),
			 "%s is dispatching %08" PRIx32 " raised at %" PRIx64, thread_label(f, t), d->code, d->address);
	else
		evidence(out, t->exception_frame->ip, on_thread(f, t, "k"), "%s goes through %s", thread_label(f, t),
			 t->exception_frame->symbol);
}

static err_t run(const struct facts *f, struct findings *out)
{
	bool event = f->event == EVENT_FAULT && f->event_thread < f->n_threads && f->event_stack.n &&
		     !code_is_benign(f->exception->code);
	size_t others = 0, shown = 0;
	for (size_t i = 0; i < f->n_threads; i++)
		others += handles_exception(f, &f->threads[i]);
	if (!event && !others) {
		if (f->event == EVENT_FAULT && !f->event_stack.n)
			not_checked(out, "an exception is stored, but no stack can be walked from it");
		return ok();
	}
	struct finding *x;
	if (event) // of a kernel dump: what every report begins with
		x = finding(out, f->kernel && !others ? SEV_INFO : SEV_WARNING, 98, "The stack of %s leads to %s in %s",
			    thread_label(f, &f->threads[f->event_thread]), fault_name(f),
			    f->event_stack.frames[0].symbol);
	else
		x = finding(out, SEV_WARNING, 85, "%zu thread%s in the middle of handling an exception", others,
			    others == 1 ? " is" : "s are");
	x->refutation = "an exception that is a message to a debugger, such as a thread's name";
	if (event)
		describe_event(f, out);
	for (size_t i = 0; i < f->n_threads && shown < LIMIT_EVIDENCE; i++) {
		if (!handles_exception(f, &f->threads[i]))
			continue;
		describe_thread(f, out, &f->threads[i]);
		shown++;
	}
	return ok();
}

const struct detector detect_exception_stack = {
	.id = "exception-stack-trace",
	.number = 14,
	.title = "Exception Stack Trace",
	.degree = DEGREE_AUTO,
	.needs = FACT_THREADS | FACT_STACKS,
	.explain = "A stack that leads to the point of an exception: that of the stored exception's own context, or "
		   "one with\n"
		   "exception processing on it (KiUserExceptionDispatch, RtlDispatchException, "
		   "UnhandledExceptionFilter).\n"
		   "Look at it through the exception's registers (.ecxr), not through the thread's last ones: those "
		   "show the\n"
		   "crash handler.\n"
		   "It lies for exceptions that are messages: thread naming 406d1388, debug output 40010006.\n"
		   "See also: .ecxr, k, .exr -1, !analyze -v.",
	.run = run,
};
