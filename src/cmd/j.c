// SPDX-License-Identifier: Apache-2.0
// j.c: j EXPR 'commands' ; 'commands': if and else; z(EXPR): the line again as long as it holds.
#include "cmd/script.h"

#include <string.h>

extern const struct cmd cmd_j;

static size_t extent(const char *name, const char *args)
{
	return name[0] == 'z' ? text_command(args) : strcspn(args, "\n");
}

// One of the two commands: in single quotes, or up to a ';'.
static const char *choice(struct call *c)
{
	arg_blanks(c);
	bool quoted = *c->p == '\'';
	size_t n = quoted ? strcspn(c->p + 1, "'") : text_command(c->p);
	const char *text = arena_strndup(c->a, c->p + quoted, n);
	c->p += n + quoted;
	c->p += quoted && *c->p == '\'';
	return text;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	uint64_t value;
	if (str_eq(c->name, "z")) {
		const char *line = script_of(s)->line;
		const char *text;
		bool again;
		TRY(arg_group(c, '(', ')', &text));
		TRY(arg_done(c));
		TRY(script_condition(c, text, &again));
		if (again) {
			doc_note(out, NOTE_INFO, "z.redo", "redo [1] %s", line);
			script_of(s)->flow = FLOW_AGAIN;
		}
		return ok();
	}
	TRY(arg_expr(c, &value));
	const char *yes = choice(c);
	arg_blanks(c);
	c->p += *c->p == ';';
	const char *no = choice(c);
	script_block(s, value ? yes : no, (struct alias){ 0 }, out);
	return ok();
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_j = {
	.names = "j z",
	.no_target = true,
	.extent = extent,
	.group = "Programs",
	.args = "EXPR ['COMMANDS'] ; ['COMMANDS'] | z(EXPR)",
	.summary = "Choose between two commands (j), repeat the line (z)",
	.help = "j (@$t0 > 3) 'k; lm' ; '? @$t0'\n"
		"r $t0=@$t0+1; z(@$t0 < 5)   what stands before z on the line runs again as long as EXPR is not 0\n",
	.run = run,
	.rows = rows,
};
