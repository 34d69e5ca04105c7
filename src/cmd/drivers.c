// SPDX-License-Identifier: Apache-2.0
// drivers.c: !drivers: since Windows XP the debugger has lm in its place (-drivers.md of Microsoft's documentation).
#include "cmd/cmd.h"

extern const struct cmd cmd_drivers;

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	uint64_t flags;
	if (!arg_end(c))
		TRY(arg_expr(c, &flags));
	TRY(arg_done(c));
	doc_note(out, NOTE_INFO, "drivers.obsolete",
		 "!drivers is obsolete since Windows XP; lm k t n shows the drivers, without their use of memory:");
	(void)cmd_nested(s, "lm k t n", out);
	return ok();
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_drivers = {
	.names = "!drivers",
	.kernel_only = true,
	.group = "The kernel",
	.args = "",
	.summary = "The drivers, as lm k t n shows them",
	.run = run,
	.rows = rows,
};
