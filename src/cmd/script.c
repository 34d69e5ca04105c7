// SPDX-License-Identifier: Apache-2.0
// script.c: blocks of a debugger command program, and the output of commands as text.
#include "cmd/script.h"

#include "base/limits.h"
#include "cmd/fixed_alias.h"

#include <string.h>

struct script *script_of(struct session *s)
{
	struct debugger *d = s->dbg;
	if (!d->script) {
		d->script = NEW(d->arena, struct script);
		d->script->settings[SETTING_OUTMASK] = OUTMASK_DEFAULT;
		d->script->aliases = aliases_new(d->arena, automatic_alias, d);
	}
	return d->script;
}

struct capture {
	struct sb text;
	size_t most;
	bool cut;
};

static void capture_write(void *ctx, const char *bytes, size_t n)
{
	struct capture *c = ctx;
	size_t room = c->most - c->text.n;
	c->cut = c->cut || n > room;
	sb_addn(&c->text, bytes, MIN(n, room));
}

err_t script_capture(struct session *s, struct arena *a, const char *line, size_t most, const char **text_ret)
{
	struct capture c = { .text = sb_new(a), .most = most };
	const struct target *t = s->dbg->current->target;
	unsigned ptr_bytes = t ? t->ptr_bytes : 8;
	struct doc *d = doc_text_new(a, (struct sink){ capture_write, &c }, ptr_bytes, false);
	doc_begin(d, line);
	script_block(s, line, (struct alias){ 0 }, d);
	doc_end(d);
	*text_ret = sb_str(&c.text);
	return c.cut ? fail(E_LIMIT, "the output of the commands is too long", most) : ok();
}

err_t arg_group(struct call *c, char open, char close, const char **ret)
{
	arg_blanks(c);
	size_t n = *c->p == open ? text_group(c->p, open, close) : 0;
	if (!n)
		return usage(c, "Syntax error at '%s'", c->p);
	*ret = arena_strndup(c->a, c->p + 1, n - 2);
	c->p += n;
	return ok();
}

err_t arg_condition(struct call *c, const char **ret)
{
	arg_blanks(c);
	size_t n = text_block_open(c->p);
	if (n == SIZE_MAX && *c->p == '(')
		n = text_group(c->p, '(', ')');
	if (!n || n == SIZE_MAX)
		return usage(c, "Syntax error at '%s'", c->p);
	*ret = arena_strndup(c->a, c->p, n);
	c->p += n;
	return ok();
}

err_t script_condition(struct call *c, const char *text, bool *ret)
{
	char *line = arena_strdup(c->a, text);
	for (char *p = line; *p; p++)
		*p = *p == '\n' || *p == '\r' ? ' ' : *p;
	struct call cond = *c;
	cond.p = line;
	cond.s = c->s->dbg->current; // a block before it may have chosen another system
	uint64_t value = 0;
	TRY(arg_expr(&cond, &value));
	TRY(arg_done(&cond));
	*ret = value != 0;
	return ok();
}
