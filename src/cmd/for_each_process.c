// SPDX-License-Identifier: Apache-2.0
// for_each_process.c: !for_each_process, !for_each_thread: commands for each process or thread of a kernel dump.
#include "base/limits.h"
#include "cmd/each.h"
#include "cmd/ktask.h"
#include "win/ring.h"

extern const struct cmd cmd_for_each_process;

struct round {
	struct session *s;
	struct doc *out;
	const char *name, *commands_;
};

static err_t one(const struct round *r, va_t at)
{
	struct arena *a = arena_new(1 << 16);
	const struct val address = V(at);
	struct alias alias = { r->name, doc_value_text(a, R_ADDR, &address, r->s->target->ptr_bytes) };
	err_t e = each_run(r->s, r->commands_, &alias, 1, r->out);
	arena_free(a);
	return e;
}

static bool goes_on(const struct session *s)
{
	return s->dbg->script->flow == FLOW_ON && !s->dbg->quit;
}

static struct ring ring_of(struct session *s, va_t head)
{
	return ring_begin(s->target->space, s->target->ptr_bytes, head);
}

static err_t threads_of(const struct round *r, va_t process)
{
	struct layout_field link;
	struct ring l = ring_of(r->s, layout_address(r->s, process, "_EPROCESS", "ThreadListHead"));
	va_t at;
	if (!layout_field(r->s, "_ETHREAD", "ThreadListEntry", &link))
		return fail(E_NOTFOUND, "the layout of this kernel is not known", 0);
	while (goes_on(r->s) && ring_next(&l, &at))
		TRY(one(r, at - link.offset));
	if (l.why)
		doc_note(r->out, NOTE_WARNING, "list.ended", "The threads of process %llx are not all there: %s",
			 (unsigned long long)process, l.why);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	bool threads = str_ieq(c->name, "!for_each_thread");
	if (each_help(c, out))
		return ok();
	struct round r = { s, out, threads ? "@#Thread" : "@#Process", arg_commands(c) };
	if (!*r.commands_)
		r.commands_ = threads ? "!thread @#Thread 2" : "!process @#Process 0";
	struct layout_field link;
	(void)script_of(s);
	struct ring l = ring_of(s, s->target->kernel->facts->active_processes);
	va_t at;
	if (!layout_field(s, "_EPROCESS", "ActiveProcessLinks", &link))
		return cmd_fail(c, E_NOTFOUND, 0, "the layout of this kernel is not known");
	while (goes_on(s) && ring_next(&l, &at)) {
		at -= link.offset;
		TRY(threads ? threads_of(&r, at) : one(&r, at));
	}
	if (l.why)
		doc_note(out, NOTE_WARNING, "list.ended", "The list of processes is not whole: %s", l.why);
	return ok();
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_for_each_process = {
	.names = "!for_each_process !for_each_thread",
	.kernel_only = true,
	.group = "Programs",
	.args = "[COMMANDS | \"COMMANDS; COMMANDS\"]",
	.summary = "Run commands for every process or thread of a kernel dump",
	.help = "!for_each_process .echo @#Process    the address of its EPROCESS; without commands: !process ADDRESS "
		"0\n"
		"!for_each_thread !thread @#Thread 2  of its ETHREAD, for all processes\n",
	.run = run,
	.rows = rows,
};
