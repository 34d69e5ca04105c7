// SPDX-License-Identifier: Apache-2.0
// foreach.c: .foreach (name {commands}) {commands}: the words of an output, a text or a file, one by one.
#include "base/limits.h"
#include "cmd/script.h"

#include <string.h>

extern const struct cmd cmd_foreach;

static size_t extent(const char *name, const char *args)
{
	(void)name;
	const char *p = args;
	while (*p && *p != '(' && *p != ';')
		p++;
	size_t n = *p == '(' ? text_group(p, '(', ')') : 0;
	if (!n)
		return text_command(args);
	p += n;
	p += text_space(p);
	n = *p == '{' ? text_group(p, '{', '}') : 0;
	return n ? (size_t)(p - args) + n : strlen(args);
}

struct words {
	uint64_t skip_first, skip; // /pS, /ps
	bool from_text, from_file; // /s, /f
	const char *name, *text;
};

// "/ps 2" or, as often written, "/ps2". A number ends at a blank: in "/pS 1 /ps 2" nothing is divided.
static bool number_switch(struct call *c, const char *name)
{
	arg_blanks(c);
	if (!str_starts(c->p, name) || !c->p[3] || !strchr(" \t0123456789", c->p[3]))
		return false;
	c->p += strlen(name);
	return true;
}

static err_t number(struct call *c, uint64_t *ret)
{
	struct call word = *c;
	word.p = arg_word(c);
	if (!word.p)
		return usage(c, "Numeric expression missing from '%s'", c->p);
	TRY(arg_expr(&word, ret));
	return arg_done(&word);
}

static err_t options(struct call *c, struct words *w)
{
	for (;;) {
		if (number_switch(c, "/pS") || number_switch(c, "-pS"))
			TRY(number(c, &w->skip_first));
		else if (number_switch(c, "/ps") || number_switch(c, "-ps"))
			TRY(number(c, &w->skip));
		else if (arg_switch(c, "/s"))
			w->from_text = true;
		else if (arg_switch(c, "/f"))
			w->from_file = true;
		else
			return ok();
	}
}

static err_t file_text(struct call *c, const char *path, const char **ret)
{
	struct file_map map;
	err_t e = file_map_open(path, &map);
	if (e.code)
		return cmd_fail(c, e.code, 0, "%s %s", path, e.what);
	bool fits = map.bytes.n <= LIMIT_SCRIPT_TEXT;
	*ret = fits ? bytes_to_utf8(c->a, map.bytes) : NULL;
	file_map_close(&map);
	return fits ? ok() : cmd_fail(c, E_LIMIT, LIMIT_SCRIPT_TEXT, "%s is too long", path);
}

// What is in the parentheses: a name, and where the words come from.
static err_t source(struct session *s, struct call *c, const char *head, struct words *w)
{
	struct call in = *c;
	in.p = head;
	arg_blanks(&in);
	size_t n = strcspn(in.p, " \t\r\n{\"");
	w->name = arena_strndup(c->a, in.p, n);
	in.p += n;
	if (!n)
		return usage(c, "Syntax error at '%s'", head);
	if (w->from_text || w->from_file) {
		arg_blanks(&in);
		if (*in.p != '"')
			return usage(c, "Syntax error at '%s'", in.p);
		w->text = arg_word(&in);
		if (w->from_file)
			TRY(file_text(c, w->text, &w->text));
		return arg_done(&in);
	}
	const char *commands_;
	TRY(arg_group(&in, '{', '}', &commands_));
	TRY(arg_done(&in));
	return script_capture(s, c->a, commands_, LIMIT_SCRIPT_TEXT, &w->text);
}

static err_t each(struct session *s, const struct words *w, const char *body, struct doc *out)
{
	struct script *p = script_of(s);
	uint64_t skip = w->skip_first;
	for (const char *at = w->text; *(at += text_space(at)) && p->flow == FLOW_ON && !s->dbg->quit;) {
		size_t n = strcspn(at, " \t\r\n");
		if (skip) {
			skip--;
		} else {
			TRY(session_poll(s));
			struct arena *a = arena_child(s->arena, LIMIT_COMMAND_MEMORY);
			p->loops++;
			script_block(s, body, (struct alias){ w->name, arena_strndup(a, at, n) }, out);
			p->loops--;
			arena_free(a);
			if (p->flow == FLOW_CONTINUE)
				p->flow = FLOW_ON;
			skip = w->skip;
		}
		at += n;
	}
	if (p->flow == FLOW_BREAK)
		p->flow = FLOW_ON;
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct words w = { 0 };
	const char *head, *body;
	TRY(options(c, &w));
	TRY(arg_group(c, '(', ')', &head));
	TRY(arg_group(c, '{', '}', &body));
	TRY(arg_done(c));
	TRY(source(s, c, head, &w));
	// An error among the commands that give the words is part of their output.
	if (script_of(s)->flow == FLOW_ERROR)
		script_of(s)->flow = FLOW_ON;
	return each(s, &w, body, out);
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_foreach = {
	.names = ".foreach",
	.no_target = true,
	.extent = extent,
	.group = "Programs",
	.args = "[/pS N] [/ps N] (NAME {COMMANDS}) {COMMANDS} | /s (NAME \"TEXT\") {...} | /f (NAME \"FILE\") {...}",
	.summary = "Run commands for each word of an output, a text or a file",
	.help = ".foreach (m {lm1m}) {lmvm m}       NAME stands alone, or as ${m} beside other text\n"
		".foreach /pS 1 /ps 2 (w {~}) {.echo w}   skip a word first, then two after each\n"
		".foreach /s (w \"a b c\") {.echo w}\n",
	.run = run,
	.rows = rows,
};
