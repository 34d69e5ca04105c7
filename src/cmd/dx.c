// SPDX-License-Identifier: Apache-2.0
// dx.c: dx: a C++ expression over the debugger's object model, as a tree. Columns: recorded output of WinDbg in
// Microsoft's pages and elsewhere; the grid is in dx_grid.c.
#include "cmd/dx.h"

#include "base/limits.h"
#include "cmd/cpp.h"
#include "win/layout.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

extern const struct cmd cmd_dx;

SCHEMA(dx_object, "An object that dx shows, or a part of the one above it with a smaller depth", NULL, NULL,
       { "depth", R_DEC, "0: the expression; n: a part of the nearest row above with depth n - 1" },
       { "name", R_STR, "the expression, the part's name or index (\"[0x4]\"); null: a value alone" },
       { "offset", R_HEX, "of a field in its structure, bytes; null: it is none" },
       { "bits", R_STR, "of a bit field: \"highest:lowest\"; null: it is none" },
       { "value", R_STR, "in words; null: it has none" }, { "type", R_STR, "of an object of the program; null: none" },
       { "address", R_PTR, "where an object of the program lies; null: in no memory" },
       { "number", R_HEX, "of a number or a pointer; null: it is none, or is not readable" },
       { "error", R_STR, "why there is no value; null: there is one" },
       { "action", R_STR, "what the debugger's window offers beside it" });

enum { NAME_WIDTH = 16, INDENT = 4 };

// A layout that prints this text whatever the row holds.
const struct layout *dx_literal(struct arena *a, const char *text)
{
	struct layout *l = NEW(a, struct layout);
	struct sb s = sb_new(a);
	for (; *text; text++) {
		if (*text == '{' || *text == '}')
			sb_ch(&s, *text);
		sb_ch(&s, *text);
	}
	l->text = sb_str(&s);
	return l;
}

// Columns, not bytes, of a text.
static size_t columns(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

void dx_pad(struct sb *s, const char *text, size_t width)
{
	sb_add(s, text);
	for (size_t n = columns(text); n < width; n++)
		sb_ch(s, ' ');
}

static const char *bits_of(struct dx_tree *t, const struct dx_child *c)
{
	return c->bits ? arena_printf(t->c->a, "%u:%u", c->pos + c->bits - 1, c->pos) : NULL;
}

static const char *line_of(struct dx_tree *t, const struct dx_child *c, unsigned depth, const struct dx_shown *v)
{
	struct sb s = sb_new(t->c->a);
	sb_printf(&s, "%*s", (int)depth * INDENT, "");
	if (c->is_field && c->bits)
		sb_printf(&s, "[+0x%03" PRIx64 " (%2u:%2u)] ", c->offset, c->pos + c->bits - 1, c->pos);
	else if (c->is_field)
		sb_printf(&s, "[+0x%03" PRIx64 "] ", c->offset);
	if (c->name && !depth && dx_expandable(&c->value))
		sb_printf(&s, "%s%*s", c->name, NAME_WIDTH, "");
	else if (c->name)
		dx_pad(&s, c->name, NAME_WIDTH);
	const char *value = v->error ? v->error : v->text;
	if (value)
		sb_printf(&s, "%s%s", c->name ? " : " : "", value);
	if (v->type && !v->error)
		sb_printf(&s, " [Type: %s]", v->type);
	if (v->action)
		sb_printf(&s, " %s", v->action);
	return sb_str(&s);
}

err_t dx_show(struct dx_tree *t, const struct dx_obj *o, const struct dx_format *f, struct dx_shown *ret)
{
	*ret = (struct dx_shown){ .action = dx_action(o) };
	if (o->kind == DX_VALUE && o->typed && o->v->v.type.kind != TYPE_VOID)
		ret->type = dx_type_text(t->c->a, &o->v->v.type);
	err_t e = dx_text(t->x, o, f, &ret->text);
	if (e.code == E_LIMIT || e.code == E_CANCELLED)
		return e;
	if (e.code || o->kind == DX_ERROR)
		ret->error = e.code ? e.what : ret->text;
	if (ret->error)
		ret->text = NULL;
	return ok();
}

static void emit(struct dx_tree *t, const struct dx_child *c, unsigned depth, const struct dx_shown *v)
{
	const struct dx_obj *o = &c->value;
	uint64_t number = 0;
	bool in_memory = o->kind == DX_VALUE && o->v->v.where == VALUE_MEMORY;
	bool scalar = o->kind == DX_VALUE && !v->error && value_is_scalar(&o->v->v.type) &&
		      value_uint(t->x->scope->env, &o->v->v, &number);
	const char *line = line_of(t, c, depth, v);
	ROW_AS(t->out, dx_object, dx_literal(t->c->a, line), V(depth), VS(c->name), V_IF(c->is_field, c->offset),
	       VS(bits_of(t, c)), VS(v->text), VS(v->error ? NULL : v->type),
	       V_IF(in_memory, in_memory ? o->v->v.va : 0), V_IF(scalar, number), VS(v->error), VS(v->action));
	t->rows++;
}

struct level { // the children of one object
	struct dx_tree *t;
	unsigned depth;
	uint64_t shown, most, skip;
};

static err_t children(struct dx_tree *t, const struct dx_obj *o, unsigned depth);

static err_t child(void *ctx, const struct dx_child *c, bool *stop)
{
	struct level *l = ctx;
	struct dx_tree *t = l->t;
	struct dx_shown v;
	if (c->is_element && l->skip) {
		l->skip--;
		return ok();
	}
	if (t->rows >= LIMIT_DX_ROWS)
		return fail(E_LIMIT, "too many rows", t->rows);
	if (c->is_element && l->shown++ >= l->most) {
		*stop = true;
		emit(t, &(struct dx_child){ .name = "[...]" }, l->depth, &(struct dx_shown){ 0 });
		return ok();
	}
	TRY(dx_show(t, &c->value, &t->part_format, &v));
	emit(t, c, l->depth, &v);
	return v.error ? ok() : children(t, &c->value, l->depth);
}

// Those of an object that stands at `depth`.
static err_t children(struct dx_tree *t, const struct dx_obj *o, unsigned depth)
{
	const struct dx_format *f = depth ? &t->part_format : &t->format;
	struct level l = { .t = t, .depth = depth + 1, .most = f->has_count ? f->count : LIMIT_DX_SHOWN };
	if (depth >= t->recursion || (depth && o->kind == DX_STRING))
		return ok();
	l.skip = depth ? 0 : t->skip;
	return dx_children(t->x, o, f, child, &l);
}

// ---- the command line
static bool number_behind(struct call *c, const char *name, uint64_t *ret)
{
	char *end;
	size_t n = strlen(name);
	arg_blanks(c);
	if (strncmp(c->p, name, n) != 0 || (c->p[n] && !strchr("0123456789 \t", c->p[n])))
		return false;
	const char *digits = c->p + n;
	if (str_eq(name, "-c") || str_eq(name, "-gc"))
		digits += strspn(digits, " \t");
	if (*digits >= '0' && *digits <= '9') {
		*ret = strtoull(digits, &end, 10);
		digits = end;
	}
	c->p = digits;
	return true;
}

static err_t switches(struct dx_tree *t, struct call *c, bool *silent)
{
	uint64_t n;
	for (;;) {
		arg_blanks(c);
		n = 1;
		if (number_behind(c, "-r", &n)) {
			t->recursion = (unsigned)MIN(n, (uint64_t)LIMIT_DT_DEPTH);
		} else if (number_behind(c, "-gc", &n)) {
			t->grid = true;
			t->cell = (size_t)MAX(n, (uint64_t)4);
		} else if (number_behind(c, "-c", &n)) {
			t->skip = n;
		} else if (arg_switch(c, "-g")) {
			t->grid = true;
		} else if (arg_switch(c, "-n")) {
			t->format.raw = true;
		} else if (arg_switch(c, "-s")) {
			*silent = true;
		} else if (*c->p == '-' && c->p[1] >= 'a' && c->p[1] <= 'z' && strchr(" \ti", c->p[2])) {
			return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: dx %.*s", (int)strcspn(c->p, " \t"), c->p);
		} else {
			return ok();
		}
	}
}

static err_t evaluate(struct dx_tree *t, struct call *c, const char *text, struct dx_obj *o)
{
	const char *rest;
	bool raw = t->format.raw;
	TRY(dx_eval(t->x, text, o, &rest));
	TRY(dx_format_read(t->x, rest, &t->format));
	t->format.raw |= raw;
	t->part_format = t->format;
	t->part_format.has_count = false;
	(void)c;
	return ok();
}

static err_t show(struct dx_tree *t, const char *text, const struct dx_obj *o)
{
	struct dx_shown v;
	if (o->kind == DX_NOTHING)
		return ok();
	TRY(dx_show(t, o, &t->format, &v));
	if (v.error)
		return fail(E_ABSENT, v.error, 0);
	if (t->grid)
		return dx_grid(t, o);
	emit(t, &(struct dx_child){ .name = text, .value = *o }, 0, &v);
	return children(t, o, 0);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct cpp_run *cpp = NEW(c->a, struct cpp_run);
	struct dx *x = NEW(c->a, struct dx);
	struct dx_obj o;
	struct dx_tree t = { .x = x, .c = c, .out = out, .recursion = 1, .cell = DX_CELL };
	bool silent = false;
	TRY(switches(&t, c, &silent));
	const char *text = arg_rest(c);
	if (!text || !*text)
		return usage(c, "Usage: dx [-g|-gc N][-c N][-n][-r[N]] EXPRESSION[,FORMAT]");
	cpp_begin(s, c->a, cpp);
	dx_begin(x, s, &cpp->scope);
	err_t e = evaluate(&t, c, text, &o);
	if (!e.code && !silent)
		e = show(&t, text, &o);
	if (x->layouts && layout_note(s))
		doc_note(out, NOTE_INFO, "layout.table", "%s", layout_note(s));
	if (e.code == E_UNSUPPORTED || e.code == E_LIMIT || e.code == E_CANCELLED || !e.code)
		return e;
	return cmd_fail(c, e.code, e.at, "Error: %s", e.what);
}

static const struct schema *const rows[] = { &dx_object, &row_dx_columns, &row_dx_grid, NULL };
const struct cmd cmd_dx = {
	.names = "dx",
	.group = "Expressions and the prompt",
	.args = "[-g | -gc N] [-c N] [-n] [-s] [-r[N]] EXPRESSION[,FORMAT]",
	.summary = "Show an object of the debugger or the program",
	.help = "dx @$curprocess, dx -r2 @$curthread.Stack        what the debugger knows\n"
		"dx (nt!_EPROCESS*)0xffff8a0000001080             what a C++ expression names\n"
		"dx -g @$curprocess.Modules                       elements as a table\n"
		"dx @$cursession.Processes.Where(p => p.Threads.Count() > 5).Select(p => p.Name)\n"
		"dx @$x = new { A = 1, B = \"two\" }                a variable of the user's\n"
		"formats: x d o b numbers; en names of enums; c characters; s su sb sub strings; ! raw; N elements\n"
		"-r levels below; -c skips elements; -n no views of types; -s says nothing\n",
	.run = run,
	.rows = rows,
};
