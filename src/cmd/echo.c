// SPDX-License-Identifier: Apache-2.0
// echo.c: .echo TEXT: shows text; .echotime: the time of this computer.
#include "base/os.h"
#include "cmd/cmd.h"

#include <string.h>

extern const struct cmd cmd_echo;

SCHEMA(echo, "Text that was asked for", NULL, "{text}", { "text", R_STR, "as given" });

static err_t run_time(struct call *c, struct doc *out)
{
	char buf[64];
	TRY(arg_done(c));
	const char *text = os_local_time(buf, sizeof(buf), "%a %b %e %H:%M:%S %Y");
	if (!text)
		return cmd_fail(c, E_IO, 0, "the host has no time");
	ROW(out, echo, VS(arena_printf(c->a, "Debugger (not debuggee) time: %s", text)));
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	(void)s;
	if (str_ieq(c->name, ".echotime"))
		return run_time(c, out);
	arg_blanks(c);
	const char *text = *c->p == '"' ? arg_word(c) : arg_rest(c);
	ROW(out, echo, VS(text));
	return ok();
}

static const struct schema *const rows[] = { &echo, NULL };
const struct cmd cmd_echo = {
	.names = ".echo .echotime",
	.no_target = true,
	.group = "Programs",
	.args = "[TEXT | \"TEXT; MORE\"]",
	.summary = "Show a text (.echo) or this computer's time (.echotime)",
	.help = ".echo a text           up to the next ';'\n"
		".echo \"one; two\"      quotes keep a ';', and are not shown\n",
	.run = run,
	.rows = rows,
};
