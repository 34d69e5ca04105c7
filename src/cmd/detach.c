// SPDX-License-Identifier: Apache-2.0
// detach.c: .detach closes a dump; g, which scripts for the debugger give after .opendump.
#include "cmd/rows.h"

extern const struct cmd cmd_detach;

SCHEMA(detached, "A dump that was closed", NULL, "Detached", { "number", R_DEC, "the number it had" },
       { "path", R_STR, "file" });

static err_t go(struct session *s, struct call *c)
{
	if (s->dbg->next_number < 2)
		return cmd_fail(c, E_UNSUPPORTED, 0, "No runnable debuggees error in '%s'", c->name);
	return ok(); // dumps are loaded when they are opened: nothing is left to do
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	if (c->name[0] == 'g') {
		TRY(arg_done(c));
		return go(s, c);
	}
	(void)(arg_switch(c, "/h") || arg_switch(c, "/n")); // about events of live targets
	TRY(arg_done(c));
	struct session *next = debugger_remove(s->dbg, s);
	if (next) {
		cmd_choose_system(c, next, out);
		emit_here(c, out);
	}
	ROW(out, detached, V(s->number), VS(s->target->path));
	return ok();
}

static const struct schema *const rows[] = { &detached, &row_code_location, &row_insn, NULL };
const struct cmd cmd_detach = {
	.names = ".detach g",
	.group = "The target",
	.args = "",
	.summary = "Close the current dump (.detach); nothing (g)",
	.help = ".detach   the first of the other open dumps becomes the current one\n"
		"g         accepted behind .opendump: a dump is loaded when it is opened\n",
	.run = run,
	.rows = rows,
};
