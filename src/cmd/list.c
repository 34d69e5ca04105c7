// SPDX-License-Identifier: Apache-2.0
// list.c: !list: commands for every element of a linked list (debuggercmds/-list.md).
#include "base/limits.h"
#include "cmd/dt.h"
#include "cmd/each.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_list;

struct list {
	const char *type, *commands_, *arguments;
	bool echo, has_start;
	uint64_t most;
	va_t start;
	uint64_t link; // offset of the pointer to the next element
	uint64_t base; // of what it points at, inside the element
};

static err_t parse(struct call *c, struct list *l)
{
	while (!arg_end(c)) {
		const char **text = arg_switch(c, "-t")   ? &l->type
				    : arg_switch(c, "-x") ? &l->commands_
				    : arg_switch(c, "-a") ? &l->arguments
							  : NULL;
		if (text) {
			arg_blanks(c);
			if (!*c->p)
				return usage(c, "!list: a value is missing");
			*text = arg_word(c);
		} else if (arg_switch(c, "-e")) {
			l->echo = true;
		} else if (arg_switch(c, "-m")) {
			struct call word = *c;
			word.p = arg_word(c);
			if (!word.p)
				return usage(c, "!list: a value is missing");
			TRY(arg_expr(&word, &l->most));
		} else if (!l->has_start) {
			TRY(arg_expr(c, &l->start));
			l->has_start = true;
		} else {
			return usage(c, "Extra character error in '%s'", c->p);
		}
	}
	if (!l->type || !l->has_start)
		return usage(c, "Usage: !list %s", c->cmd->args);
	return ok();
}

static bool is_list_entry(const char *name)
{
	const char *bang = name ? strchr(name, '!') : NULL;
	name = bang ? bang + 1 : name;
	return name && (str_ieq(name, "_LIST_ENTRY") || str_ieq(name, "LIST_ENTRY"));
}

// LIST_ENTRY is the same in every Windows (winnt.h): no symbols are needed for it.
static bool well_known(const struct session *s, struct list *l, const char *type, const char *field)
{
	if (!is_list_entry(type) || (!str_ieq(field, "Flink") && !str_ieq(field, "Blink")))
		return false;
	l->link = str_ieq(field, "Blink") ? s->target->ptr_bytes : 0;
	return true;
}

// "Field.Subfield": a pointer of a LIST_ENTRY leads to the LIST_ENTRY of the next element, any other to its start.
static err_t find_link(struct session *s, struct call *c, struct doc *out, struct list *l)
{
	const char *dot = strchr(l->type, '.');
	if (!dot)
		return usage(c, "!list: -t wants [MODULE!]TYPE.FIELD");
	const char *type = arena_strndup(c->a, l->type, (size_t)(dot - l->type)), *field = dot + 1;
	struct dt d = { .s = s, .c = c, .out = out };
	struct dt_subject sub;
	if (well_known(s, l, type, field))
		return ok();
	TRY(dt_find(&d, type, &sub));
	struct type t = sub.type;
	for (size_t n; *field; field += n + (field[n] == '.')) {
		struct type_member m;
		n = strcspn(field, ".");
		const char *name = arena_strndup(c->a, field, n), *holder = t.name;
		if (!type_member_named(&t, name, &m) || !type_get(t.source, m.type, &t))
			return cmd_fail(c, E_NOTFOUND, 0, "%s has no field %s", type, name);
		l->base = is_list_entry(holder) ? l->link : 0;
		l->link += m.offset;
		if (is_list_entry(t.name))
			l->base = l->link;
	}
	return ok();
}

// The commands for one element: its address stands where $extret is, else behind them.
static const char *command_of(struct call *c, struct arena *a, const struct list *l, va_t at)
{
	const char *first = l->commands_ ? l->commands_ : "dp", *more = l->arguments ? l->arguments : "";
	const struct val v = V(at);
	bool placed = strstr(first, "$extret") || strstr(more, "$extret");
	return arena_printf(a, "%s%s%s %s", first, placed ? "" : " 0x",
			    placed ? "" : doc_value_text(a, R_ADDR, &v, c->s->target->ptr_bytes), more);
}

static err_t visit(struct session *s, struct call *c, struct doc *out, const struct list *l, va_t at)
{
	struct arena *a = arena_new(1 << 16);
	const char *commands_ = command_of(c, a, l, at);
	struct script *p = script_of(s);
	p->extret = at;
	p->extret_known = true;
	s->next_d = s->next_u = at;
	if (l->echo)
		doc_text(out, arena_printf(a, "%s%s%s", l->commands_ ? l->commands_ : "dp", l->arguments ? " " : "",
					   l->arguments ? l->arguments : ""));
	err_t e = each_run(s, commands_, NULL, 0, out);
	doc_text(out, "");
	arena_free(a);
	return e;
}

static err_t follow(struct session *s, struct call *c, struct doc *out, const struct list *l)
{
	unsigned ptr = s->target->ptr_bytes;
	uint64_t mask = ptr == 4 ? UINT32_MAX : UINT64_MAX;
	va_t start = l->start & mask, at = start, mark = start, next;
	uint64_t most = l->most ? MIN(l->most, (uint64_t)LIMIT_LIST) : LIMIT_LIST;
	for (uint64_t i = 0, next_mark = 1; i < most; i++) {
		TRY(visit(s, c, out, l, at));
		if (script_of(s)->flow != FLOW_ON || s->dbg->quit)
			return ok();
		if (!space_ptr(s->target->space, (at + l->link) & mask, ptr, &next)) {
			doc_note(out, NOTE_WARNING, "list.unreadable",
				 "The list ends at memory that is not readable: %s.",
				 space_why_text(space_why(s->target->space, (at + l->link) & mask)));
			return ok();
		}
		if (!next)
			return ok();
		next = (next - l->base) & mask;
		if (next == start)
			return ok();
		if (next == mark) { // Brent: any circle is met here in time
			doc_note(out, NOTE_WARNING, "list.cycle",
				 "The list runs in a circle that does not lead back to its start.");
			return ok();
		}
		if (i == next_mark) {
			mark = next;
			next_mark *= 2;
		}
		at = next;
	}
	if (!l->most)
		doc_note(out, NOTE_INFO, "list.more", "The list goes on behind %u elements.", (unsigned)LIMIT_LIST);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct list l = { 0 };
	arg_blanks(c);
	if (*c->p == '"')
		c->p = arg_commands(c);
	if (arg_end(c) || arg_switch(c, "-h")) {
		doc_note(out, NOTE_INFO, "usage", "!list %s", c->cmd->args);
		return ok();
	}
	TRY(parse(c, &l));
	TRY(find_link(s, c, out, &l));
	struct script *p = script_of(s);
	uint64_t before = p->extret;
	bool known = p->extret_known;
	err_t e = follow(s, c, out, &l);
	p->extret = before;
	p->extret_known = known;
	return e;
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_list = {
	.names = "!list",
	.group = "Types and objects",
	.args = "-t [MODULE!]TYPE.FIELD [-x \"COMMANDS\"] [-a \"ARGUMENTS\"] [-e] [-m MAX] ADDRESS",
	.summary = "Run commands for every element of a linked list",
	.help = "!list -t MYTYPE.links.Flink -x \"dd\" -a \"L2\" 0x6bc000\n"
		"!list \"-t ntdll!_LIST_ENTRY.Flink -e -x \\\"dd @$extret L4\\\" ntdll!RtlCriticalSectionList\"\n"
		"@$extret is the element; without it its address follows the commands. -e shows the commands,\n"
		"-m ends after so many. A circle that does not lead back to the first element ends with a note.\n",
	.run = run,
	.rows = rows,
};
