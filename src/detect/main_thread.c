// SPDX-License-Identifier: Apache-2.0
// main_thread.c: the thread that ran the program's entry point.
//
// Folklore: usually thread 0, because writers list threads in order of creation. Real case: a program whose main
// thread has ended, so that number 0 is a worker; or a service, whose main thread only sits in
// StartServiceCtrlDispatcher. So the number alone proves nothing: start address, root function or time must agree.
#include "detect/detect.h"

static const struct frame *entry_frame(const struct stack *st)
{
	static const char *const names[] = {
		"*!*mainCRTStartup", "*!*MainCRTStartup", "*!__scrt_common_main*", "*!invoke_main", "*!main", "*!wmain",
		"*!WinMain",         "*!wWinMain",        "*!std::rt::lang_start*"
	};
	for (size_t i = st->n; i-- > 0;)
		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			if (st->frames[i].trust > TRUST_SCAN && frame_named(&st->frames[i], names[k]))
				return &st->frames[i];
	return NULL;
}

// The outermost frame that is not the system's, when every frame down to it was derived.
static const struct frame *root_frame(const struct stack *st)
{
	const struct frame *root = NULL;
	for (size_t i = 0; i < st->n && st->frames[i].trust > TRUST_SCAN; i++)
		if (st->frames[i].module && !frame_in_system(&st->frames[i]))
			root = &st->frames[i];
	return root;
}

static uint64_t created(const struct fact_thread *t)
{
	return t->thread->facts->info ? t->thread->facts->info->create_time : 0;
}

// Of threads created in the same tick the first one listed; NULL when times are missing.
static const struct fact_thread *oldest(const struct facts *f)
{
	const struct fact_thread *best = NULL;
	for (size_t i = 0; i < f->n_threads; i++) {
		if (!created(&f->threads[i]))
			return NULL;
		if (!best || created(&f->threads[i]) < created(best))
			best = &f->threads[i];
	}
	return best;
}

// A thread much younger than its process is a worker; the main one has ended. One that is older than the process
// shows that the times are wrong.
static bool wrong_age(const struct facts *f, const struct fact_thread *t)
{
	const struct dump_misc *m = &f->dump->misc;
	enum { SLACK_SECONDS = 5 };
	const uint64_t unix_epoch = 116444736000000000;
	if (!created(t) || !m->present || !(m->flags & MISC_TIMES) || created(t) < unix_epoch)
		return false;
	uint64_t seconds = (created(t) - unix_epoch) / 10000000;
	return seconds > (uint64_t)m->create_time + SLACK_SECONDS || seconds + SLACK_SECONDS < m->create_time;
}

static bool at_entry(const struct facts *f, const struct fact_thread *t)
{
	return f->exe_entry && t->thread->facts->info && t->thread->facts->info->start_address == f->exe_entry;
}

static void report(const struct facts *f, struct findings *out, const struct fact_thread *t, bool is_oldest)
{
	const struct stack *st = f->event_thread == t->thread->index && f->event_stack.n ? &f->event_stack : &t->stack;
	const struct frame *entry = entry_frame(st), *root = root_frame(st);
	bool root_in_exe = root && root->module == f->exe, first = !t->thread->index;
	if (wrong_age(f, t))
		return;
	unsigned confidence = at_entry(f, t) || (entry && (first || is_oldest)) ? 95
			      : is_oldest                                       ? 85
			      : first && root_in_exe                            ? 75
										: 0;
	if (!confidence)
		return;
	struct finding *x = finding(out, SEV_INFO, confidence, "%s is the main thread", thread_label(f, t));
	x->refutation = "a process whose main thread has ended; a writer that lists threads in another order";
	if (at_entry(f, t))
		evidence(out, f->exe_entry, "~*", "it started at the program's entry point");
	if (is_oldest)
		evidence(out, 0, ".ttime", "it was created before all others");
	if (entry)
		evidence(out, entry->ip, on_thread(f, t, "k"), "its stack goes through %s", entry->symbol);
	else if (root_in_exe)
		evidence(out, root->ip, on_thread(f, t, "k"), "its outermost call is in the program itself: %s",
			 root->symbol);
	if (first)
		evidence(out, 0, "~", "it is the first thread in the dump");
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_thread *first_made = oldest(f);
	for (size_t i = 0, before = out->n; i < f->n_threads && out->n == before; i++)
		report(f, out, &f->threads[i], &f->threads[i] == first_made);
	return ok();
}

const struct detector detect_main_thread = {
	.id = "main-thread",
	.number = 5,
	.title = "Main Thread",
	.degree = DEGREE_AUTO,
	.kinds = FOR_USER,
	.needs = FACT_THREADS,
	.explain =
		"The thread that ran the program's entry point and, in most window programs, owns the windows. It is\n"
		"recognised by its start address, by main or WinMain at the root of its stack, by being the oldest; "
		"its\n"
		"number 0 only supports the others.\n"
		"It lies when threads were injected, when the writer ordered them differently, and in services, whose\n"
		"main thread only waits in StartServiceCtrlDispatcher.\n"
		"See also: ~0s; k, ~*, .ttime.",
	.run = run,
};
