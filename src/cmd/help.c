// SPDX-License-Identifier: Apache-2.0
// help.c: .help: the commands, from their own table.
#include "cmd/cmd.h"

#include <string.h>

extern const struct cmd cmd_help;

SCHEMA(command_help, "A command", NULL, "  {names:26} {summary}", { "names", R_STR, "names, a blank between them" },
       { "args", R_STR, "arguments" }, { "summary", R_STR, "what it does" }, { "group", R_STR, "subject" },
       { "help", R_STR, "forms and examples; null: none" });
static const struct layout whole = { NULL, "{names} {args}\n  {summary}" };

static void emit(struct doc *out, const struct cmd *c, const struct layout *l)
{
	ROW_AS(out, command_help, l, VS(c->names), VS(c->args), VS(c->summary), VS(c->group), VS(c->help));
}

static bool seen_before(const char *group, size_t n)
{
	for (size_t i = 0; i < n && commands[i]; i++)
		if (str_eq(commands[i]->group, group))
			return true;
	return false;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const char *name = arg_rest(c);
	if (*name) {
		const struct cmd *cmd = cmd_find(s, name);
		if (!cmd)
			return cmd_fail(c, E_NOTFOUND, 0, "%s is no command; .help lists them", name);
		emit(out, cmd, &whole);
		for (const char *p = cmd->help; p && *p;) {
			size_t n = strcspn(p, "\n");
			doc_text(out, arena_printf(c->a, "    %.*s", (int)n, p));
			p += n + (p[n] != 0);
		}
		return ok();
	}
	for (size_t g = 0; commands[g]; g++) {
		if (seen_before(commands[g]->group, g))
			continue;
		doc_text(out, commands[g]->group);
		for (size_t k = g; commands[k]; k++)
			if (str_eq(commands[k]->group, commands[g]->group))
				emit(out, commands[k], NULL);
	}
	return ok();
}

static const struct schema *const rows[] = { &command_help, NULL };
const struct cmd cmd_help = {
	.names = ".help",
	.no_target = true,
	.group = "The program",
	.args = "[COMMAND]",
	.summary = "List the commands, or explain one",
	.run = run,
	.rows = rows,
};
