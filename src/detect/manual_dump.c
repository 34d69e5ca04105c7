// SPDX-License-Identifier: Apache-2.0
// manual_dump.c: the dump was taken on demand, not because the process died.
//
// Folklore: Task Manager and procdump write no exception at all; cdb's .dump stores the break-in that stopped
// the process. Real case: a Notepad dumped right after its start under a debugger holds 80000003 inside ntdll,
// with nothing but the loader on the stack. It lies when an int 3 stands in the application (an assertion: a
// crash), when the exception stream was lost with a cut file, and when a crash handler of the program's own dumps
// the process without passing the exception on: then UnhandledExceptionFilter stands on some stack.
#include "detect/detect.h"

#include <inttypes.h>

static bool has_exception_stream(const struct dump_user *u)
{
	enum { EXCEPTION_STREAM = 6 };
	for (size_t i = 0; i < u->n_streams; i++)
		if (u->streams[i].type == EXCEPTION_STREAM)
			return true;
	return false;
}

// A thread that handles an exception: the process was dying, whatever the dump stores.
static const struct fact_thread *dying(const struct facts *f)
{
	for (size_t i = 0; i < f->n_threads; i++) {
		const struct fact_thread *t = &f->threads[i];
		bool dispatched =
			t->n_dispatched && t->dispatched[0].on_frame && !code_is_benign(t->dispatched[0].code);
		if (t->exception_frame || dispatched)
			return t;
	}
	return NULL;
}

static void describe_threads(const struct facts *f, struct findings *out)
{
	size_t in_kernel = 0, stacks = 0;
	for (size_t i = 0; i < f->n_threads; i++) {
		stacks += f->threads[i].has_stack;
		in_kernel += f->threads[i].syscall > SYSCALL_NONE;
	}
	if (stacks)
		evidence(out, 0, "~*k", "%zu of %zu threads are inside a system call, %s", in_kernel, stacks,
			 in_kernel == stacks ? "as in a process that waits" : "the others were running");
	const char *comment = f->dump->comment_w ? f->dump->comment_w : f->dump->comment_a;
	if (comment)
		evidence(out, 0, NULL, "the dump's comment: %.200s", comment);
}

static err_t run(const struct facts *f, struct findings *out)
{
	if (f->event == EVENT_FAULT)
		return ok();
	if (f->event == EVENT_NONE && (f->session->target->dump->truncated || has_exception_stream(f->dump))) {
		not_checked(out, "the exception stream is damaged or cut off with the end of the file");
		return ok();
	}
	const struct fact_thread *t = dying(f);
	if (t) {
		not_checked(out, "no crash is stored, but %s handles an exception", thread_label(f, t));
		return ok();
	}
	bool none = f->event == EVENT_NONE;
	unsigned confidence = none ? 90 : f->event_certain ? 95 : 60;
	struct finding *x =
		finding(out, SEV_INFO, confidence, "The dump was taken on demand; the process had not crashed");
	x->refutation = "a thread in UnhandledExceptionFilter or WerpReportFault, or a comment that names a crash";
	if (none)
		evidence(out, 0, ".lastevent", "no exception is stored in the dump");
	else
		evidence(out, f->event_address, ".lastevent", "stored exception %08" PRIx32 ": %s", f->exception->code,
			 f->event_why);
	describe_threads(f, out);
	return ok();
}

const struct detector detect_manual_dump = {
	.id = "manual-dump-process",
	.number = 1,
	.title = "Manual Dump (Process)",
	.degree = DEGREE_AUTO,
	.kinds = FOR_USER,
	.needs = FACT_DUMP,
	.explain =
		"The dump was written because somebody or something asked for it (Task Manager, procdump, a debugger,\n"
		"a monitor that saw a hang), not because an unhandled exception ended the process. So there is no "
		"crash\n"
		"to explain: ask what the process was doing, and compare the threads.\n"
		"It lies when an assertion's int 3 is taken for a debugger's break, when the file was cut before its\n"
		"exception stream, and when a program dumps itself from its own crash handler without the exception.\n"
		"See also: .lastevent, ~*k, ||.",
	.run = run,
};
