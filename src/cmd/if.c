// SPDX-License-Identifier: Apache-2.0
// if.c: .if (condition) {...} .elsif (condition) {...} .else {...}
#include "cmd/script.h"

#include <string.h>

extern const struct cmd cmd_if;

// The branch behind a condition: a block, or one command up to ';'.
static size_t branch(const char *p)
{
	size_t space = text_space(p), n = p[space] == '{' ? text_group(p + space, '{', '}') : text_command(p + space);
	return n ? space + n : strlen(p);
}

static size_t condition(const char *p)
{
	size_t space = text_space(p), n = text_block_open(p);
	if (n == SIZE_MAX)
		n = p[space] == '(' ? space + text_group(p + space, '(', ')') : 0;
	return n;
}

// Blanks and the token `name` behind them; 0: it is not there.
static size_t token(const char *p, const char *name)
{
	size_t space = text_space(p);
	return text_has_word(p + space, name) ? space + strlen(name) : 0;
}

static size_t extent(const char *name, const char *args)
{
	(void)name;
	const char *p = args;
	size_t n = condition(p);
	if (!n)
		return text_command(args);
	p += n + branch(p + n);
	while ((n = token(p, ".elsif")) != 0) {
		p += n;
		p += condition(p);
		p += branch(p);
	}
	if ((n = token(p, ".else")) != 0)
		p += n + branch(p + n);
	return (size_t)(p - args);
}

static err_t take_branch(struct call *c, const char **ret)
{
	arg_blanks(c);
	if (*c->p == '{')
		return arg_group(c, '{', '}', ret);
	size_t n = text_command(c->p);
	*ret = arena_strndup(c->a, c->p, n);
	c->p += n;
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const char *chosen = NULL;
	for (bool more = true, last = false; more;) {
		const char *text, *block;
		bool holds = last;
		if (!last) {
			TRY(arg_condition(c, &text));
			if (!chosen)
				TRY(script_condition(c, text, &holds));
		}
		TRY(take_branch(c, &block));
		if (holds && !chosen)
			chosen = block;
		size_t n = last ? 0 : token(c->p, ".elsif");
		if (!n && !last) {
			n = token(c->p, ".else");
			last = n != 0;
		}
		c->p += n;
		more = n != 0;
	}
	TRY(arg_done(c));
	if (chosen)
		script_block(s, chosen, (struct alias){ 0 }, out);
	return ok();
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_if = {
	.names = ".if",
	.no_target = true,
	.extent = extent,
	.group = "Programs",
	.args = "(CONDITION) {COMMANDS} [.elsif (CONDITION) {COMMANDS}] [.else {COMMANDS}]",
	.summary = "Run commands when a condition holds",
	.help = ".if (@$t0 > 5) {k} .else {.echo few}\n",
	.run = run,
	.rows = rows,
};
