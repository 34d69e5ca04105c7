// SPDX-License-Identifier: Apache-2.0
// kthread.c: threads of a kernel dump: !thread shows one, .thread and .process make one current.
#include "cmd/ktask.h"
#include "stack/kernel.h"

extern const struct cmd cmd_kthread;

SCHEMA(implicit_object, "The thread or process that commands are about from here on", NULL,
       "Implicit {kind} is now {address}", { "kind", R_STR, "thread, process" }, { "address", R_PTR, "of its object" });

static err_t show(struct session *s, struct call *c, struct doc *out)
{
	uint64_t at = session_kthread(s), flags = TASK_WAITS | TASK_STACK;
	if (arg_switch(c, "-t") || arg_switch(c, "-p"))
		return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: !thread by id; !process 0 4 lists the threads");
	if (!arg_end(c))
		TRY(arg_expr(c, &at));
	if (!arg_end(c))
		TRY(arg_expr(c, &flags));
	TRY(arg_done(c));
	if (!at)
		return cmd_fail(c, E_ABSENT, 0, "the dump does not tell which thread is current");
	TRY(task_check(s, c, at, TASK_TYPE_THREAD));
	task_thread(s, c, out, at, (unsigned)flags, 0);
	task_notes(s, out, (flags & TASK_WAITS) && (flags & TASK_STACK));
	return ok();
}

static err_t set_thread(struct session *s, struct call *c, struct doc *out, va_t at)
{
	struct regs r;
	TRY(task_check(s, c, at, TASK_TYPE_THREAD));
	s->implicit_thread = at;
	err_t e = kernel_thread_regs(s, at, &r);
	if (e.code)
		doc_note(out, NOTE_WARNING, "thread.no_registers",
			 "The registers of this thread are not known (%s); those in force stay", e.what);
	else
		session_set_regs(s, &r, 0);
	return ok();
}

// The switches of both say where symbols and memory come from; here that is always the chosen process. True: /r was
// among them, which tells of the modules.
static bool take_switches(struct call *c)
{
	bool reload = false;
	static const char *const switches[] = { "/p", "/r", "/P", "/i", "/w", "/s" };
	for (bool again = true; again;) {
		again = false;
		for (size_t i = 0; i < ARRAY_LEN(switches); i++) {
			bool found = arg_switch(c, switches[i]);
			again |= found;
			reload |= found && switches[i][1] == 'r';
		}
	}
	return reload;
}

// Addresses of the lower half are those of the chosen process from here on. at 0: of the dump's own again.
static void set_memory(struct session *s, struct doc *out, va_t at)
{
	uint64_t root = 0;
	if (!s->target->kernel->paging)
		return;
	err_t e = at ? layout_read(s, at, "_KPROCESS", "DirectoryTableBase", s->target->ptr_bytes, &root) : ok();
	if (!e.code)
		e = session_set_dirbase(s, root);
	if (e.code)
		doc_note(out, NOTE_WARNING, "process.no_memory",
			 "The page tables of this process are not known (%s); user memory stays that of the last one",
			 e.what);
}

static err_t choose(struct session *s, struct call *c, struct doc *out)
{
	bool thread = str_ieq(c->name, ".thread");
	uint64_t at = 0;
	const bool reload = take_switches(c);
	if (!arg_end(c))
		TRY(arg_expr(c, &at));
	TRY(arg_done(c));
	if (!at) {
		if (thread) {
			s->implicit_thread = 0;
			session_reset_regs(s);
		}
		s->implicit_process = 0;
		set_memory(s, out, 0);
		at = thread ? session_kthread(s) : session_kprocess(s);
		if (!at)
			return cmd_fail(c, E_ABSENT, 0, "the dump does not tell which %s is current", c->name + 1);
	} else if (thread) {
		TRY(set_thread(s, c, out, at));
		s->implicit_process = 0;
		if (session_kprocess(s))
			set_memory(s, out, session_kprocess(s));
	} else {
		TRY(task_check(s, c, at, TASK_TYPE_PROCESS));
		s->implicit_process = at;
		set_memory(s, out, at);
	}
	ROW(out, implicit_object, VS(c->name + 1), V(at));
	task_user_modules(s, out, session_kprocess(s), reload);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	return str_ieq(c->name, "!thread") ? show(s, c, out) : choose(s, c, out);
}

static const struct schema *const rows[] = { &row_kernel_thread,
					     &row_wait_object,
					     &row_thread_irp,
					     &row_kernel_thread_details,
					     &row_stack_frame,
					     &implicit_object,
					     NULL };
const struct cmd cmd_kthread = {
	.names = "!thread .thread .process",
	.kernel_only = true,
	.group = "The kernel",
	.args = "[/p /r] [ADDRESS [FLAGS]]",
	.summary = "Show a thread of a kernel dump; make a thread or a process current",
	.help = "!thread                the current thread: its waits, times and stack\n"
		"!thread ADDRESS FLAGS  2 waits, 4 with 2: details and stack, 8 no arguments; 6 when not given\n"
		".thread ADDRESS        its registers, $thread and $proc from here on; without: back to the "
		"processor's\n"
		".process ADDRESS       $proc and user memory from here on; without: back to the thread's\n",
	.run = run,
	.rows = rows,
};
