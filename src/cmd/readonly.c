// SPDX-License-Identifier: Apache-2.0
// readonly.c: the commands that change a target. A dump is never changed.
#include "cmd/cmd.h"

extern const struct cmd cmd_readonly;

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	(void)s;
	(void)out;
	return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: %s changes the target; a dump is read-only here", c->name);
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_readonly = {
	.names = "e ea eb ed eD ef ep eq eu ew eza ezu f fp m .readmem .dvalloc .dvfree",
	.group = "Memory and code",
	.args = "...",
	.summary = "Change memory (refused: a dump is read-only)",
	.help = "e*, f, fp, m, .readmem, .dvalloc and .dvfree write to a live target. They are known, so that scripts\n"
		"get an answer, and change nothing. .writemem is the other way round: it writes a file.\n",
	.run = run,
	.rows = rows,
};
