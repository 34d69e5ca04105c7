// SPDX-License-Identifier: Apache-2.0
// ss.c: ss: the suffix that names in expressions are tried with.
#include "cmd/cmd.h"

extern const struct cmd cmd_ss;

// Words: layout unverified.
SCHEMA(symbol_suffix, "The symbol suffix", NULL, "Symbol suffix: {?suffix {suffix}}{!suffix none}",
       { "suffix", R_STR, "A or W; null: none" });

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const char *w = arg_word(c);
	TRY(arg_done(c));
	if (w && !str_ieq(w, "a") && !str_ieq(w, "w") && !str_ieq(w, "n"))
		return usage(c, "Usage: ss [a|w|n]");
	if (w)
		s->dbg->symbol_suffix = str_ieq(w, "a") ? 'A' : str_ieq(w, "w") ? 'W' : 0;
	ROW(out, symbol_suffix, VS(s->dbg->symbol_suffix == 'A' ? "A" : s->dbg->symbol_suffix ? "W" : NULL));
	return ok();
}

static const struct schema *const rows[] = { &symbol_suffix, NULL };
const struct cmd cmd_ss = {
	.names = "ss",
	.group = "Modules and symbols",
	.args = "[a|w|n]",
	.summary = "Set the suffix that names of symbols are tried with",
	.help = "ss w   CreateFile finds CreateFileW when there is no CreateFile\nss a   the same with A; ss n: no "
		"suffix\n",
	.run = run,
	.rows = rows,
};
