// SPDX-License-Identifier: Apache-2.0
// validatelist.c: !validatelist: do the links of a doubly linked list agree? The texts are ours: no public output of
// the debugger's own is known (layout unverified).
#include "base/limits.h"
#include "cmd/cmd.h"

extern const struct cmd cmd_validatelist;

SCHEMA(list_check, "Whether a doubly linked list is whole", NULL,
       "List at {head}: {entries} entries, {result}{?entry  at {entry}}{?expected  (Blink {found}, expected "
       "{expected})}",
       { "head", R_ADDR, "where the check began" },
       { "entries", R_DEC, "entries behind the head that are linked well" },
       { "result", R_STR, "valid; broken link; not readable; null link; circle without the head; too long" },
       { "valid", R_BOOL, "true: every Blink leads back, and the list ends at its head" },
       { "entry", R_ADDR, "where it went wrong" }, { "expected", R_ADDR, "what the entry's Blink should be" },
       { "found", R_ADDR, "what it is" });

struct check {
	va_t head, at, before, blink;
	uint64_t n;
	const char *result;
};

static err_t follow(struct session *s, struct check *c)
{
	unsigned ptr = s->target->ptr_bytes;
	va_t next, mark = c->head;
	c->at = c->head;
	for (uint64_t next_mark = 1; c->n < LIMIT_LIST; c->n++) {
		TRY(session_poll(s));
		c->result = "not readable";
		if (!space_ptr(s->target->space, c->at, ptr, &next))
			return ok();
		c->before = c->at;
		c->result = "null link";
		if (!next)
			return ok();
		c->at = next;
		c->result = "not readable";
		if (!space_ptr(s->target->space, next + ptr, ptr, &c->blink))
			return ok();
		c->result = "broken link";
		if (c->blink != c->before)
			return ok();
		c->result = "valid";
		if (next == c->head)
			return ok();
		c->result = "circle without the head";
		if (next == mark)
			return ok();
		if (c->n == next_mark) {
			mark = next;
			next_mark *= 2;
		}
	}
	c->result = "too long";
	return ok();
}

static err_t run(struct session *s, struct call *call, struct doc *out)
{
	struct check c = { 0 };
	if (arg_end(call))
		return usage(call, "Usage: !validatelist ADDRESS");
	TRY(arg_expr(call, &c.head));
	TRY(arg_done(call));
	TRY(follow(s, &c));
	bool valid = str_eq(c.result, "valid"), broken = str_eq(c.result, "broken link");
	ROW(out, list_check, V(c.head), V(c.n), VS(c.result), V(valid), V_IF(!valid, c.at), V_IF(broken, c.before),
	    V_IF(broken, c.blink));
	return ok();
}

static const struct schema *const rows[] = { &list_check, NULL };
const struct cmd cmd_validatelist = {
	.names = "!validatelist",
	.group = "Types and objects",
	.args = "ADDRESS",
	.summary = "Check the links of a doubly linked list",
	.help = "!validatelist ntdll!LdrpHashTable   every Blink has to lead back to the entry before\n",
	.run = run,
	.rows = rows,
};
