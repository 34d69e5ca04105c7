// SPDX-License-Identifier: Apache-2.0
// live.c: commands that need a program that runs: a dump has none, and each is refused with that reason.
#include "cmd/cmd.h"

#include <string.h>

extern const struct cmd cmd_live;

// "No runnable debuggees": what the debugger says when it is told to run what cannot run.
static bool runs(const char *name)
{
	static const char *const list[] = { "gc", "gh", "gn", "gN", "gu", "p",  "pa", "pc", "ph",
					    "pt", "t",  "ta", "tb", "tc", "th", "tt", "wt" };
	size_t n = strcspn(name, "-+"); // "g-", "p-", "t-" run backwards in traces
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (strlen(list[i]) == n && strncmp(list[i], name, n) == 0)
			return true;
	return false;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	(void)s;
	(void)out;
	const char *rest = arg_rest(c);
	const char *typed = arena_printf(c->a, "%s%s%s", c->name, *rest ? " " : "", rest);
	if (runs(c->name))
		return cmd_fail(c, E_UNSUPPORTED, 0, "No runnable debuggees error in '%s': a dump does not run", typed);
	return cmd_fail(c, E_UNSUPPORTED, 0,
			"Operation not supported in current debug session '%s': a dump has no running target", typed);
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_live = {
	.names = "gc gh gn gN gu p pa pc ph pt t ta tb tc th tt wt g- p- t- ba bp bu bm bl bc bd be br bs bsc sx sxe "
		 "sxd "
		 "sxn sxi sxr ib id iw ob od ow rdmsr wrmsr .kill .attach .create .restart .abandon .breakin "
		 ".bpcmds .call .crash .reboot .childdbg .bpsync .pagein .rrestart .urestart .endpsrv "
		 ".server .remote .sxcmds",
	.no_target = true,
	.group = "The prompt",
	.args = "...",
	.summary = "Commands that need a running target: refused, a dump does not run",
	.help = "p t and their kin, breakpoints, exception filters, ports, .kill .restart ...\n",
	.run = run,
	.rows = rows,
};
