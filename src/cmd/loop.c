// SPDX-License-Identifier: Apache-2.0
// loop.c: .for (first; condition; step) {...}, .while (condition) {...}, .do {...} (condition), and the ways out.
#include "cmd/script.h"

#include <string.h>

extern const struct cmd cmd_loop;

// Groups stand one behind the other: "(...) {...}".
static size_t extent(const char *name, const char *args)
{
	(void)name;
	const char *p = args + text_space(args);
	while (*p == '(' || *p == '{') {
		size_t n = text_group(p, *p, *p == '(' ? ')' : '}');
		if (!n)
			return strlen(args);
		p += n;
		const char *next = p + text_space(p);
		// ".do {...} (condition)" is complete, and so is every other loop behind its braces.
		if (p[-1] == '}' && *next != '(')
			return (size_t)(p - args);
		if (p[-1] == ')' && *next != '{')
			break;
		p = next;
	}
	size_t open = text_block_open(p); // ".while @$t0 < 5 {...}"
	if (p[0] && p[-1] != ')' && open != SIZE_MAX)
		return (size_t)(p - args) + open + text_group(p + open, '{', '}');
	return p > args && p[-1] == ')' ? (size_t)(p - args) : text_command(args);
}

struct loop {
	const char *condition, *body, *step;
	bool body_first; // .do
};

// Runs a loop's body. false: leave the loop.
static bool body(struct session *s, const struct loop *l, struct doc *out)
{
	struct script *p = script_of(s);
	p->loops++;
	script_block(s, l->body, (struct alias){ 0 }, out);
	p->loops--;
	enum flow flow = p->flow;
	if (flow == FLOW_BREAK || flow == FLOW_CONTINUE)
		p->flow = FLOW_ON;
	return (flow == FLOW_ON || flow == FLOW_CONTINUE) && !s->dbg->quit;
}

static err_t go_round(struct session *s, struct call *c, const struct loop *l, struct doc *out)
{
	struct arena *keep = c->a;
	err_t e = ok();
	for (bool first = l->body_first;; first = false) {
		e = session_poll(s);
		bool holds = true;
		// Rounds have no end that is known: what a condition takes is given back each time.
		c->a = arena_child(keep, 1 << 20);
		if (!e.code && !first && *l->condition)
			e = script_condition(c, l->condition, &holds);
		if (e.code && e.what)
			e.what = arena_strdup(keep, e.what);
		arena_free(c->a);
		if (e.code || !holds || !body(s, l, out))
			break;
		if (l->step)
			script_block(s, l->step, (struct alias){ 0 }, out);
		if (script_of(s)->flow != FLOW_ON)
			break;
	}
	c->a = keep;
	return e;
}

// "first; condition; step; step". A condition that is missing holds.
static err_t for_parts(struct call *c, char *head, const char **first, struct loop *l)
{
	for (char *p = head; *p; p++)
		*p = *p == '\n' || *p == '\r' ? ' ' : *p;
	size_t n = text_command(head);
	if (!head[n])
		return usage(c, "Syntax error at '%s'", head);
	*first = arena_strndup(c->a, head, n);
	head += n + 1;
	n = text_command(head);
	const char *condition = arena_strndup(c->a, head, n);
	l->condition = condition + text_space(condition);
	l->step = head[n] ? head + n + 1 : NULL;
	return ok();
}

static err_t run_for(struct session *s, struct call *c, struct doc *out)
{
	struct loop l = { 0 };
	const char *head, *first = NULL;
	TRY(arg_group(c, '(', ')', &head));
	TRY(for_parts(c, arena_strdup(c->a, head), &first, &l));
	TRY(arg_group(c, '{', '}', &l.body));
	TRY(arg_done(c));
	script_block(s, first, (struct alias){ 0 }, out);
	return script_of(s)->flow == FLOW_ON ? go_round(s, c, &l, out) : ok();
}

static err_t leave_by(struct session *s, struct call *c, enum flow flow)
{
	TRY(arg_done(c));
	if (!script_of(s)->loops)
		return usage(c, "%s stands in no loop", c->name);
	script_of(s)->flow = flow;
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct loop l = { .body_first = str_ieq(c->name, ".do") };
	if (str_ieq(c->name, ".break"))
		return leave_by(s, c, FLOW_BREAK);
	if (str_ieq(c->name, ".continue"))
		return leave_by(s, c, FLOW_CONTINUE);
	if (str_ieq(c->name, ".for"))
		return run_for(s, c, out);
	if (l.body_first)
		TRY(arg_group(c, '{', '}', &l.body));
	if (l.body_first)
		TRY(arg_group(c, '(', ')', &l.condition));
	else
		TRY(arg_condition(c, &l.condition));
	if (!l.body_first)
		TRY(arg_group(c, '{', '}', &l.body));
	TRY(arg_done(c));
	return go_round(s, c, &l, out);
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_loop = {
	.names = ".for .while .do .break .continue",
	.no_target = true,
	.extent = extent,
	.group = "Programs",
	.args = "(FIRST; CONDITION; STEP) {COMMANDS} | (CONDITION) {COMMANDS} | {COMMANDS} (CONDITION)",
	.summary = "Run commands as long as a condition holds",
	.help = ".for (r $t0=0; @$t0<3; r $t0=@$t0+1) {? @$t0}\n"
		".while (@$t0) {r $t0=@$t0-1; .if (@$t0==2) {.break}}\n"
		".do {r $t0=@$t0+1} (@$t0<5)\n"
		".break and .continue leave the innermost loop, or its round.\n",
	.run = run,
	.rows = rows,
};
