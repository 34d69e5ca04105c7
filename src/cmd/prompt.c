// SPDX-License-Identifier: Apache-2.0
// prompt.c: small commands of the prompt: n (number base), q qq qd.
#include "cmd/cmd.h"

#include <string.h>

extern const struct cmd cmd_prompt;

SCHEMA(radix, "The number base of expressions", NULL, "base is {base}", { "base", R_DEC, "8, 10 or 16" });

static err_t number_base(struct session *s, struct call *c, struct doc *out)
{
	const char *word = arg_word(c);
	TRY(arg_done(c));
	if (word) {
		// The argument is decimal whatever the base is: `n 10` leaves and enters base ten.
		unsigned base = str_eq(word, "8") ? 8 : str_eq(word, "10") ? 10 : str_eq(word, "16") ? 16 : 0;
		if (!base)
			return usage(c, "Syntax error in '%s': the base is 8, 10 or 16", word);
		s->dbg->radix = base;
	}
	ROW(out, radix, V(s->dbg->radix));
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	if (c->name[0] == 'q') {
		s->dbg->quit = true;
		return ok();
	}
	return number_base(s, c, out);
}

static const struct schema *const rows[] = { &radix, NULL };
const struct cmd cmd_prompt = {
	.names = "n q qq qd",
	.no_target = true,
	.group = "Expressions and the prompt",
	.args = "[BASE]",
	.summary = "Set the number base (n), end (q)",
	.help = "n 10         numbers of expressions are decimal; 8, 10, 16\n"
		"q qq qd      end\n",
	.run = run,
	.rows = rows,
};
