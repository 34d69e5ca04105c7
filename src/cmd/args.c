// SPDX-License-Identifier: Apache-2.0
// args.c: the argument cursor of commands.
#include "cmd/cmd.h"

#include <string.h>

void arg_blanks(struct call *c)
{
	c->p += strspn(c->p, " \t\r\n");
}

bool arg_end(struct call *c)
{
	arg_blanks(c);
	return !*c->p;
}

bool arg_switch(struct call *c, const char *name)
{
	arg_blanks(c);
	size_t n = strlen(name);
	if ((*c->p != '-' && *c->p != '/') || strncmp(c->p + 1, name + 1, n - 1) != 0)
		return false;
	if (c->p[n] && !strchr(" \t", c->p[n]))
		return false;
	c->p += n;
	return true;
}

const char *arg_word(struct call *c)
{
	arg_blanks(c);
	if (!*c->p)
		return NULL;
	bool quoted = *c->p == '"';
	const char *start = c->p + quoted;
	size_t n = strcspn(start, quoted ? "\"" : " \t");
	c->p = start + n + (quoted && start[n] == '"');
	return arena_strndup(c->a, start, n);
}

const char *arg_rest(struct call *c)
{
	arg_blanks(c);
	size_t n = strlen(c->p);
	while (n && strchr(" \t\r\n", c->p[n - 1]))
		n--;
	const char *rest = arena_strndup(c->a, c->p, n);
	c->p += strlen(c->p);
	return rest;
}

err_t arg_expr(struct call *c, uint64_t *ret)
{
	struct expr_scope scope = cmd_scope(c->s);
	TRY(expr_default(&scope, c->a, c->p, ret, &c->p));
	c->s->dbg->last_expr = *ret;
	return ok();
}

err_t arg_range(struct call *c, unsigned elem, struct expr_range *ret)
{
	struct expr_scope scope = cmd_scope(c->s);
	return expr_range(&scope, c->a, c->p, elem, ret, &c->p);
}

err_t arg_done(struct call *c)
{
	return arg_end(c) ? ok() : usage(c, "Extra character error in '%s'", c->p);
}

bool call_flag(const struct call *c, char flag)
{
	return strchr(c->flags, flag) != NULL;
}

err_t usage(struct call *c, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err_t e = fail(E_USAGE, arena_vprintf(c->a, fmt, ap), 0);
	va_end(ap);
	return e;
}

err_t cmd_fail(struct call *c, enum err_code code, uint64_t at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	err_t e = fail(code, arena_vprintf(c->a, fmt, ap), at);
	va_end(ap);
	return e;
}
