// SPDX-License-Identifier: Apache-2.0
// exprmode.c: .expr: which expressions the arguments of commands are.
#include "cmd/cmd.h"

extern const struct cmd cmd_exprmode;

SCHEMA(expression_evaluator, "The evaluator of commands' arguments", NULL,
       "Current expression evaluator: {name} - {what}", { "name", R_STR, "MASM or C++" },
       { "what", R_STR, "what its expressions are" });
// No recorded list is at hand; layout unverified.
SCHEMA(available_evaluator, "An evaluator that can be chosen", NULL, "    {name} - {what}",
       { "name", R_STR, "MASM or C++" }, { "what", R_STR, "what its expressions are" });

static const char *const names[] = { "MASM", "C++" };
static const char *const words[] = { "Microsoft Assembler expressions", "C++ source expressions" };

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	if (arg_switch(c, "/q")) {
		TRY(arg_done(c));
		ROW(out, expression_evaluator, VS(names[s->dbg->cpp_default]), VS(words[s->dbg->cpp_default]));
		doc_text(out, "Available expression evaluators:");
		for (size_t i = 0; i < ARRAY_LEN(names); i++)
			ROW(out, available_evaluator, VS(names[i]), VS(words[i]));
		return ok();
	}
	if (arg_switch(c, "/s")) {
		const char *name = arg_word(c);
		size_t i = 0;
		while (name && i < ARRAY_LEN(names) && !str_ieq(name, names[i]))
			i++;
		if (!name || i == ARRAY_LEN(names))
			return usage(c, "Usage: .expr [/s masm | /s c++ | /q]");
		TRY(arg_done(c));
		s->dbg->cpp_default = i == 1;
	}
	TRY(arg_done(c));
	ROW(out, expression_evaluator, VS(names[s->dbg->cpp_default]), VS(words[s->dbg->cpp_default]));
	return ok();
}

static const struct schema *const rows[] = { &expression_evaluator, &available_evaluator, NULL };
const struct cmd cmd_exprmode = {
	.names = ".expr",
	.no_target = true,
	.group = "Expressions and the prompt",
	.args = "[/s masm | /s c++ | /q]",
	.summary = "Show or choose how arguments of commands are read",
	.help = ".expr /s c++   as C++: numbers are decimal, symbols are values\n"
		".expr /s masm  as MASM: numbers are hex, symbols are addresses\n"
		"@@( ) holds an expression of the other kind, @@c++( ) and @@masm( ) one of that kind.\n",
	.run = run,
	.rows = rows,
};
