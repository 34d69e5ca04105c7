// SPDX-License-Identifier: Apache-2.0
// threads.c: the ~ family: list threads, choose one, run a command for some.
#include "cmd/rows.h"
#include "script/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

extern const struct cmd cmd_threads;

static const struct field thread_fields[] = {
	{ "mark", R_STR, "'.': current thread, '#': the exception's thread" },
	{ "index", R_DEC, "the debugger's number" },
	{ "pid", R_HEX, "process id; null when not recorded" },
	{ "tid", R_HEX, "thread id" },
	{ "suspend", R_DEC, "suspend count" },
	{ "teb", R_PTR, "thread environment block" },
	{ "name", R_STR, "the thread's name; null when none is recorded" },
	{ "current", R_BOOL, "is it the current thread" },
	{ "event", R_BOOL, "is it the thread of the stored exception" },
};
const struct schema row_thread = { .name = "thread",
				   .doc = "A thread",
				   .layout = { NULL, "{mark:1}{index:3}  Id: {?pid {pid}}{!pid ?}.{tid} Suspend: "
						     "{suspend} Teb: {teb} Unfrozen{?name  \"{name}\"}" },
				   .fields = thread_fields,
				   .n_fields = ARRAY_LEN(thread_fields) };

void emit_thread(struct session *s, struct call *c, struct doc *out, const struct thread *th)
{
	const struct target *t = s->target;
	(void)c;
	bool current = th->index == s->thread, event = th->index == t->event_thread;
	const struct val v[] = { VS(current ? "."
				    : event ? "#"
					    : " "),
				 V(th->index),
				 V_IF(t->pid_known, t->pid),
				 V(th->tid),
				 V(th->facts->suspend_count),
				 V(th->teb),
				 VS(th->name),
				 V(current),
				 V(event) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(thread_fields), "thread: wrong arity");
	doc_row(out, &row_thread, NULL, v, false);
}

SCHEMA(thread_start, "Where a thread began, and its priority", NULL,
       "{?symbol       Start: {symbol} ({address})}\n      Priority: {priority}  Priority class: {class}{?affinity   "
       "Affinity: {affinity}}",
       { "index", R_DEC, "the debugger's thread number" }, { "symbol", R_SYM, "name of the start address" },
       { "address", R_PTR, "start address; null when not recorded" }, { "priority", R_INT, "relative priority" },
       { "class", R_DEC, "priority class, as GetPriorityClass gives it" }, { "affinity", R_HEX, "processor mask" });
static const struct layout start_unknown = { NULL, "      Priority: {priority}  Priority class: {class}" };

static void emit_start(struct session *s, struct call *c, struct doc *out, const struct thread *th)
{
	const struct dump_thread_info *i = th->facts->info;
	bool known = i && i->start_address;
	const char *name = known ? sym_text_or_number(s->target, c->a, i->start_address) : NULL;
	ROW_AS(out, thread_start, known ? NULL : &start_unknown, V(th->index), VS(name),
	       V_IF(known, known ? i->start_address : 0), V((int64_t)(int32_t)th->facts->priority),
	       V(th->facts->priority_class), V_IF(i != NULL, i ? i->affinity : 0));
}

struct selection {
	bool all, list; // list: no thread was named (plain ~)
	size_t index;
};

// What follows the '~': *, ., #, a number (decimal, as the debugger numbers threads), ~[tid].
static err_t select_threads(struct session *s, struct call *c, struct selection *ret)
{
	const struct target *t = s->target;
	*ret = (struct selection){ .index = s->thread };
	if (*c->p == '*') {
		ret->all = true;
		c->p++;
	} else if (*c->p == '.') {
		c->p++;
	} else if (*c->p == '#') {
		c->p++;
		ret->index = t->event_thread;
		if (ret->index == SIZE_MAX)
			return cmd_fail(c, E_ABSENT, 0, "the dump records no exception thread");
	} else if (*c->p == '~') {
		uint64_t tid;
		c->p++;
		if (*c->p != '[')
			return usage(c, "Syntax error in '~%s'", c->p);
		const char *end = strchr(c->p, ']');
		if (!end)
			return usage(c, "Syntax error in '~%s'", c->p);
		struct expr_scope scope = cmd_scope(s);
		const char *rest;
		TRY(expr_eval(&scope, c->a, arena_strndup(c->a, c->p + 1, (size_t)(end - c->p - 1)), &tid, &rest));
		const struct thread *th = tid <= UINT32_MAX ? target_thread_by_tid(t, (uint32_t)tid) : NULL;
		if (!th)
			return cmd_fail(c, E_NOTFOUND, tid, "Illegal thread error in '%s'", c->p);
		ret->index = th->index;
		c->p = end + 1;
	} else if (*c->p >= '0' && *c->p <= '9') {
		char *end;
		unsigned long n = strtoul(c->p, &end, 10);
		if (n >= t->n_threads)
			return t->kernel ? cmd_fail(c, E_NOTFOUND, n, "%lu is not a valid processor number", n)
					 : cmd_fail(c, E_NOTFOUND, n, "Illegal thread error in '%s'", c->p);
		ret->index = n;
		c->p = end;
	} else {
		ret->all = ret->list = true;
	}
	if (!ret->all && ret->index >= t->n_threads)
		return cmd_fail(c, E_ABSENT, 0, "the dump has no threads");
	return ok();
}

static err_t switch_to(struct session *s, struct call *c, struct doc *out, size_t index)
{
	TRY(session_set_thread(s, index));
	emit_here(c, out);
	return ok();
}

// Runs a command with each thread current in turn, then goes back to where the user was.
static err_t for_each(struct session *s, struct call *c, struct doc *out, const struct selection *sel,
		      const char *command, bool headings)
{
	size_t first = sel->all ? 0 : sel->index, last = sel->all ? s->target->n_threads : sel->index + 1;
	size_t thread = s->thread;
	struct regs regs = s->regs;
	uint64_t zeroed = s->regs_zeroed;
	bool known = s->regs_known, set = s->regs_set;
	err_t e = ok();
	for (size_t i = first; i < last && !e.code && s->dbg->current == s; i++) {
		e = session_poll(s);
		if (e.code)
			break;
		if (headings && s->target->kernel) {
			if (sel->all) // layout unverified
				doc_note(out, NOTE_INFO, "threads.processor", "Processor %zu:", i);
		} else if (headings) {
			doc_text(out, "");
			emit_thread(s, c, out, &s->target->threads[i]);
		}
		if (i != thread || !set)
			e = session_set_thread(s, i);
		if (!e.code)
			cmd_nested(s, command, out);
	}
	s->thread = thread;
	s->regs = regs;
	s->regs_known = known;
	s->regs_set = set;
	s->regs_zeroed = zeroed;
	return e;
}

static err_t list(struct session *s, struct call *c, struct doc *out, const struct selection *sel)
{
	for (size_t i = 0; i < s->target->n_threads; i++) {
		if (!sel->all && i != sel->index)
			continue;
		TRY(session_poll(s));
		emit_thread(s, c, out, &s->target->threads[i]);
		if (!sel->list)
			emit_start(s, c, out, &s->target->threads[i]);
	}
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct selection sel;
	if (!s->target->n_threads)
		return cmd_fail(c, E_ABSENT, 0, "the dump has no threads");
	TRY(select_threads(s, c, &sel));
	const char *rest = arg_rest(c);
	if (!*rest && s->target->kernel)
		return usage(c, "A kernel dump has processors 0 to %zu: ~Ns makes one current",
			     s->target->n_threads - 1);
	if (!*rest)
		return list(s, c, out, &sel);
	if (sel.list)
		return usage(c, "Syntax error in '~%s'", rest);
	if (str_eq(rest, "s"))
		return sel.all ? usage(c, "Syntax error in '~*s': one thread can be current")
			       : switch_to(s, c, out, sel.index);
	// Freezing and suspending mean nothing in a dump; accepted so that scripts go on.
	if (strlen(rest) == 1 && strchr("fumn", *rest)) {
		doc_note(out, NOTE_INFO, "thread.not_live", "A dump's threads do not run: ~%s has no effect.", rest);
		return ok();
	}
	bool execute = rest[0] == 'e' && (rest[1] == ' ' || rest[1] == '\t');
	return for_each(s, c, out, &sel, execute ? rest + 2 : rest, !execute);
}

// "~*e a; b" runs both commands for each thread: the ';' belongs to it.
static size_t extent(const char *name, const char *args)
{
	(void)name;
	const char *bracket = strchr(args, ']');
	const char *p = args[0] == '~' && bracket ? bracket + 1 : args + strspn(args, "*.#0123456789");
	p += strspn(p, " \t");
	bool execute = p[0] == 'e' && (p[1] == ' ' || p[1] == '\t');
	return execute ? strlen(args) : text_command(args);
}

static const struct schema *const rows[] = { &row_thread, &thread_start, NULL };
const struct cmd cmd_threads = {
	.names = "~",
	.any_tail = true,
	.extent = extent,
	.group = "Threads and stacks",
	.args = "[* | . | # | N | ~[tid]] [s | e COMMANDS | COMMAND]",
	.summary = "List threads, make one current, run a command for threads",
	.help = "~         all threads\n"
		"~*        with start address and priority\n"
		"~2s       make thread 2 current\n"
		"~~[1a4]s  the thread with this id\n"
		"~*k       every thread's stack\n"
		"~*e COMMANDS   run commands for each thread\n"
		"In kernel dumps N is a processor.\n",
	.run = run,
	.rows = rows,
};
