// SPDX-License-Identifier: Apache-2.0
// dumpcab.c: .dumpcab: known, and not done.
#include "cmd/cmd.h"

extern const struct cmd cmd_dumpcab;

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	(void)s;
	(void)out;
	return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: .dumpcab: cabinets are not written");
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_dumpcab = {
	.names = ".dumpcab",
	.group = "Session",
	.args = "[-a] FILE",
	.summary = "Not supported: cabinets are not written",
	.run = run,
	.rows = rows,
};
