// SPDX-License-Identifier: Apache-2.0
// bugcheck.c: .bugcheck: code and parameters of the stop.
#include "cmd/cmd.h"
#include "target/kernel.h"

extern const struct cmd cmd_bugcheck;

SCHEMA(bugcheck, "The stop code and its parameters", NULL,
       "Bugcheck code {code:8}\nArguments {arg1} {arg2} {arg3} {arg4}",
       { "code", R_UHEX, "as recorded: 10000000 marks a small dump" }, { "arg1", R_PTR, "first parameter" },
       { "arg2", R_PTR, "second" }, { "arg3", R_PTR, "third" }, { "arg4", R_PTR, "fourth" });

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	TRY(arg_done(c));
	const struct dump_kernel *k = s->target->kernel->facts;
	ROW(out, bugcheck, V(k->bugcheck | (k->bugcheck_mini ? 0x10000000u : 0)), V(k->params[0]), V(k->params[1]),
	    V(k->params[2]), V(k->params[3]));
	return ok();
}

static const struct schema *const rows[] = { &bugcheck, NULL };
const struct cmd cmd_bugcheck = {
	.names = ".bugcheck",
	.kernel_only = true,
	.group = "The kernel",
	.args = "",
	.summary = "Show the bug check code and its parameters",
	.run = run,
	.rows = rows,
};
