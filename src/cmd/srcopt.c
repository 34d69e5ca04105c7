// SPDX-License-Identifier: Apache-2.0
// srcopt.c: .srcnoisy, l+ and l-: options around source files.
#include "cmd/source.h"

#include <string.h>

extern const struct cmd cmd_srcopt;

// Words: layout unverified.
SCHEMA(source_noise, "Whether looking for source files is told", NULL, "Noisy source output: {level}",
       { "level", R_DEC, "1: source files, 2: symbol files (no effect here), 3: both" });
SCHEMA(source_options, "Options of source mode, which act while a program runs", NULL,
       "Source options are {options:1}:{text}", { "options", R_HEX, "1 t, 2 l, 4 s, 8 o" },
       { "text", R_STR, "the same in words" });

static err_t noisy(struct session *s, struct call *c, struct doc *out)
{
	uint64_t level = source_state(s)->noisy;
	if (!arg_end(c))
		TRY(arg_expr(c, &level));
	TRY(arg_done(c));
	if (level > 3)
		return usage(c, ".srcnoisy takes 0 to 3");
	source_state(s)->noisy = (unsigned)level;
	ROW(out, source_noise, V(level));
	return ok();
}

static err_t options(struct session *s, struct call *c, struct doc *out)
{
	static const char letters[] = "tlso";
	static const char *const names[] = { "1/t - Step/trace by source line", "2/l - List source line at prompt",
					     "4/s - List source code at prompt",
					     "8/o - Only show source code at prompt" };
	struct source_state *st = source_state(s);
	const char *letter = *c->flags ? strchr(letters, *c->flags) : NULL;
	unsigned bits = *c->flags == '*' ? 15u : letter ? 1u << (letter - letters) : 0;
	TRY(arg_done(c));
	st->options = c->name[1] == '+' ? st->options | bits : st->options & ~bits;
	struct sb text = sb_new(c->a);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (st->options >> i & 1)
			sb_printf(&text, "\n    %s", names[i]);
	ROW(out, source_options, V(st->options), VS(st->options ? sb_str(&text) : "\n    None"));
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	return c->name[0] == 'l' ? options(s, c, out) : noisy(s, c, out);
}

static const struct schema *const rows[] = { &source_noise, &source_options, NULL };
const struct cmd cmd_srcopt = {
	.names = ".srcnoisy l+ l-",
	.flags = "tlso*",
	.group = "Source code",
	.args = "[0|1|2|3]",
	.summary = "Tell where source files are looked for (.srcnoisy); options of source mode (l+, l-)",
	.help = ".srcnoisy 1   each file that is looked for is named\n"
		"l+t l+l l+s l+o l+*   options of stepping; nothing steps in a dump, so they are only kept\n",
	.run = run,
	.rows = rows,
};
