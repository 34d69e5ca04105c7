// SPDX-License-Identifier: Apache-2.0
// sym.c: !sym: how loudly symbols are loaded.
#include "cmd/symbols.h"

extern const struct cmd cmd_sym;

SCHEMA(symbol_noise, "How loading symbols is told of", NULL, "{mode} mode - symbol prompts {prompts}",
       { "mode", R_STR, "noisy, quiet" }, { "prompts", R_STR, "on, off" });

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	enum { NO_PROMPTS = 0x80000 };
	struct target *t = s->target;
	const char *word = arg_word(c), *off = arg_word(c);
	if (!word)
		;
	else if (str_ieq(word, "noisy") && !off)
		symbol_options_set(s, t->symbol_options | SYMOPT_DEBUG);
	else if (str_ieq(word, "quiet") && !off)
		symbol_options_set(s, t->symbol_options & ~SYMOPT_DEBUG);
	else if (str_ieq(word, "prompts") && !off)
		symbol_options_set(s, t->symbol_options & ~(uint32_t)NO_PROMPTS);
	else if (str_ieq(word, "prompts") && str_ieq(off, "off"))
		symbol_options_set(s, t->symbol_options | NO_PROMPTS);
	else
		return usage(c, "Usage: !sym [noisy | quiet | prompts | prompts off]");
	ROW(out, symbol_noise, VS(t->symbol_options & SYMOPT_DEBUG ? "noisy" : "quiet"),
	    VS(t->symbol_options & NO_PROMPTS ? "off" : "on"));
	return ok();
}

static const struct schema *const rows[] = { &symbol_noise, NULL };
const struct cmd cmd_sym = {
	.names = "!sym",
	.group = "Modules and symbols",
	.args = "[noisy | quiet | prompts [off]]",
	.summary = "Tell each look-up of a symbol file, or not",
	.run = run,
	.rows = rows,
};
