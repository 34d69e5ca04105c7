// SPDX-License-Identifier: Apache-2.0
// cls.c: .cls: an empty screen, where there is one.
#include "cmd/cmd.h"

extern const struct cmd cmd_cls;

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	(void)out;
	TRY(arg_done(c));
	struct console *con = s->dbg->console;
	if (con && con->clear)
		con->clear(con);
	return ok();
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_cls = {
	.names = ".cls",
	.no_target = true,
	.group = "The program",
	.summary = "Clear the screen; nothing happens when the output is no terminal",
	.run = run,
	.rows = rows,
};
