// SPDX-License-Identifier: Apache-2.0
// for_each_frame.c: !for_each_frame, !for_each_local: commands in the context of each frame, for each variable.
#include "base/limits.h"
#include "cmd/each.h"
#include "cmd/rows.h"
#include "value/locals.h"

#include <string.h>

extern const struct cmd cmd_for_each_frame;

SCHEMA(local_name, "A variable of the local context", NULL, "{name}", { "name", R_STR, "its name" });

enum { MOST_FRAMES = 256 }; // as many as the debugger's own

static void emit_frame(struct session *s, struct call *c, struct doc *out, const struct stack *st, size_t i)
{
	struct stack one = { .frames = st->frames + i, .n = 1 };
	struct stack_options o = {
		.form = STACK_PLAIN, .numbers = true, .lines = s->target->symbol_options & SYMOPT_LOAD_LINES, .first = i
	};
	doc_text(out, "_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ ");
	emit_stack(s, c, out, &one, &o);
}

static err_t all_frames(struct session *s, struct call *c, struct stack *st)
{
	struct regs r;
	TRY(session_known_regs(s, &r));
	const struct thread *th = s->thread < s->target->n_threads ? &s->target->threads[s->thread] : NULL;
	TRY(stack_walk(s, th, &r, MOST_FRAMES, c->a, st));
	if (!s->no_inlines)
		stack_inlines(s, c->a, st, MOST_FRAMES, st);
	return ok();
}

// Layout: a recorded session with dv for each frame; at its end stands the frame that is current again.
static err_t frames(struct session *s, struct call *c, struct doc *out)
{
	struct stack st;
	size_t before = s->frame;
	const char *commands_ = arg_commands(c);
	TRY(all_frames(s, c, &st));
	err_t e = ok();
	for (size_t i = 0; i < st.n && !e.code && script_of(s)->flow == FLOW_ON && !s->dbg->quit; i++) {
		s->frame = i;
		emit_frame(s, c, out, &st, i);
		if (*commands_)
			e = each_run(s, commands_, NULL, 0, out);
	}
	s->frame = before;
	if (!e.code && *commands_ && before < st.n)
		emit_frame(s, c, out, &st, before);
	return e;
}

static err_t variables(struct session *s, struct call *c, struct doc *out)
{
	struct frame f;
	struct locals l;
	const char *commands_ = arg_commands(c);
	TRY(stack_frame(s, c->a, s->frame, &f));
	locals_of(s, c->a, &f, &l);
	if (!l.n && !l.has_symbols)
		return cmd_fail(c, E_ABSENT, 0, "Unable to enumerate locals: the module's symbols record no variables");
	for (size_t i = 0; i < l.n && script_of(s)->flow == FLOW_ON && !s->dbg->quit; i++) {
		if (*commands_)
			TRY(each_run(s, commands_, &(struct alias){ "@#Local", l.list[i].name }, 1, out));
		else
			ROW(out, local_name, VS(l.list[i].name));
	}
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	if (each_help(c, out))
		return ok();
	return str_ieq(c->name, "!for_each_frame") ? frames(s, c, out) : variables(s, c, out);
}

static const struct schema *const rows[] = { &row_stack_frame, &local_name, NULL };
const struct cmd cmd_for_each_frame = {
	.names = "!for_each_frame !for_each_local",
	.group = "Programs",
	.args = "[COMMANDS | \"COMMANDS; COMMANDS\"]",
	.summary = "Run commands for every frame of the stack, or every variable of the local context",
	.help = "!for_each_frame dv /t               every frame is the local context once; at most 256\n"
		"!for_each_local dt @#Local          @#Local is the name of a variable\n"
		"!for_each_frame !for_each_local dt @#Local\n"
		"Without commands: the frames, the names.\n",
	.run = run,
	.rows = rows,
};
