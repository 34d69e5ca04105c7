// SPDX-License-Identifier: Apache-2.0
// api_rows.c: ds_run_rows: document events become calls of the visitor.
#include "base/limits.h"
#include "front/api_int.h"

#include <string.h>

struct rows_doc {
	struct doc doc;
	struct arena *a;
	struct ds_visitor v;
	const char *command;
	struct sb sections;
	size_t marks[LIMIT_API_SECTIONS], n_marks; // where each open section's name begins
};

static struct rows_doc *of(struct doc *d)
{
	return (struct rows_doc *)d;
}

static void rows_begin(struct doc *d, const char *command)
{
	of(d)->command = command ? arena_strdup(of(d)->a, command) : "";
}

static void rows_end(struct doc *d)
{
	(void)d;
}

static void enter(struct rows_doc *r, const char *key)
{
	if (r->n_marks < LIMIT_API_SECTIONS)
		r->marks[r->n_marks] = r->sections.n;
	r->n_marks++;
	if (r->n_marks <= LIMIT_API_SECTIONS)
		sb_printf(&r->sections, "%s%s", r->sections.n ? "/" : "", key);
}

static void leave(struct rows_doc *r)
{
	r->n_marks--;
	if (r->n_marks < LIMIT_API_SECTIONS && r->sections.p) {
		r->sections.n = r->marks[r->n_marks];
		r->sections.p[r->sections.n] = 0;
	}
}

static void rows_open(struct doc *d, const char *key, enum section_kind kind, const char *title)
{
	(void)kind;
	(void)title;
	enter(of(d), key);
}

static void rows_close(struct doc *d)
{
	leave(of(d));
}

static struct ds_value value_of(struct arena *a, enum role role, const struct val *v)
{
	struct ds_value out = { .number = v->u };
	switch (role) {
	case R_STR:
	case R_SYM:
	case R_CMD:
		return (struct ds_value){ .kind = v->s && !v->absent ? DS_STRING : DS_ABSENT, .text = v->s };
	case R_HEXES:
	case R_STRS: {
		struct ds_value *items = NEW_N(a, struct ds_value, v->n);
		for (size_t i = 0; i < v->n; i++)
			items[i] = value_of(a, role == R_STRS ? R_STR : R_HEX, &v->list[i]);
		return (struct ds_value){ .kind = v->absent ? DS_ABSENT : DS_LIST, .items = items, .n_items = v->n };
	}
	case R_PTR:
	case R_ADDR:
		out.kind = DS_ADDRESS;
		break;
	case R_INT:
		out.kind = DS_INTEGER;
		break;
	case R_BOOL:
		out.kind = DS_BOOL;
		break;
	default:
		out.kind = DS_NUMBER;
	}
	if (v->absent)
		out = (struct ds_value){ .kind = DS_ABSENT };
	return out;
}

static void rows_row(struct doc *d, const struct schema *s, const struct layout *l, const struct val *v, bool open)
{
	struct rows_doc *r = of(d);
	(void)l;
	struct arena *a = arena_child(r->a, LIMIT_COMMAND_MEMORY); // a row's: a command may have millions
	struct ds_value *fields = NEW_N(a, struct ds_value, s->n_fields);
	for (size_t i = 0; i < s->n_fields; i++) {
		fields[i] = value_of(a, s->fields[i].role, &v[i]);
		fields[i].key = s->fields[i].key;
	}
	const struct ds_row row = { r->command, sb_str(&r->sections), s->name, fields, s->n_fields };
	if (r->v.row)
		r->v.row(r->v.ctx, &row);
	arena_free(a);
	if (open)
		enter(r, s->name);
}

static void rows_row_end(struct doc *d)
{
	leave(of(d));
}

static void rows_note(struct doc *d, enum note_level level, const char *code, const char *text)
{
	struct rows_doc *r = of(d);
	// Notes without a code are lines of the text layout.
	if (r->v.note && code)
		r->v.note(r->v.ctx, r->command, (enum ds_level)level, code, text);
}

static const struct doc_ops rows_ops = {
	rows_begin, rows_end, rows_open, rows_close, rows_row, rows_row_end, rows_note
};

static struct doc *rows_renderer(struct arena *a, const struct ds_session *ds, void *ctx)
{
	const struct ds_visitor *v = ctx;
	struct rows_doc *r = NEW(a, struct rows_doc);
	r->doc = (struct doc){ .ops = &rows_ops, .ptr_bytes = api_ptr_bytes(ds) };
	r->a = a;
	r->sections = sb_new(a);
	memcpy(&r->v, v, MIN(v->size, sizeof(r->v)));
	return &r->doc;
}

enum ds_status ds_run_rows(struct ds_session *ds, const char *line, const struct ds_visitor *visitor)
{
	return api_run(ds, line, rows_renderer, (void *)(uintptr_t)visitor);
}
