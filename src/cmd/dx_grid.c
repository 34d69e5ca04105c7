// SPDX-License-Identifier: Apache-2.0
// dx_grid.c: dx -g: elements as rows, their parts as columns. Widths as in recorded output: a cell and three blanks, at
// least the column's head, at most 60 characters, longer texts cut with three dots.
#include "base/limits.h"
#include "cmd/dx.h"

#include <string.h>

enum { MOST_COLUMNS = 64, GAP = 3 };

static const struct field columns_fields[] = { { "columns", R_STRS, "names of the parts, in order" } };
const struct schema row_dx_columns = { .name = "dx_columns",
				       .doc = "The columns of dx -g",
				       .fields = columns_fields,
				       .n_fields = ARRAY_LEN(columns_fields) };
static const struct field grid_fields[] = {
	{ "name", R_STR, "the element's index" },
	{ "value", R_STR, "the element in words; null: it has none" },
	{ "cells", R_STRS, "its parts in words, one for each column; null: it has no such part, or that has no words" },
};
const struct schema row_dx_grid = {
	.name = "dx_grid_row", .doc = "An element in dx -g", .fields = grid_fields, .n_fields = ARRAY_LEN(grid_fields)
};

struct grid_row {
	const char *name, *value, *head;
	const char *cells[MOST_COLUMNS];
};
struct grid {
	struct dx_tree *t;
	const char *columns[MOST_COLUMNS];
	bool expandable[MOST_COLUMNS];
	size_t n_columns;
	struct grid_row *rows;
	size_t n, cap, most;
	uint64_t skip;
	bool cut; // there are more elements
};

static const char *cell_text(struct grid *g, const struct dx_shown *v)
{
	const char *s = v->error ? v->error : v->text ? v->text : "{...}";
	size_t n = strlen(s), most = g->t->cell;
	while (n > most && ((unsigned char)s[most - GAP] & 0xc0) == 0x80)
		most--;
	return n > most ? arena_printf(g->t->c->a, "%.*s...", (int)(most - GAP), s) : s;
}

static err_t part(void *ctx, const struct dx_child *c, bool *stop)
{
	struct grid *g = ctx;
	struct grid_row *r = &g->rows[g->n - 1];
	struct dx_shown v;
	size_t i = 0;
	const char *name = c->name ? c->name : "";
	while (i < g->n_columns && !str_eq(g->columns[i], name))
		i++;
	if (i == MOST_COLUMNS) {
		*stop = true;
		return ok();
	}
	if (i == g->n_columns)
		g->columns[g->n_columns++] = name;
	TRY(dx_show(g->t, &c->value, &g->t->part_format, &v));
	r->cells[i] = cell_text(g, &v);
	g->expandable[i] |= dx_expandable(&c->value);
	return ok();
}

static err_t element(void *ctx, const struct dx_child *c, bool *stop)
{
	struct grid *g = ctx;
	struct dx_shown v;
	if (!c->is_element)
		return ok();
	if (g->skip) {
		g->skip--;
		return ok();
	}
	if (g->n == g->most) {
		g->cut = *stop = true;
		return ok();
	}
	if (g->n == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 32;
		struct grid_row *rows = NEW_N(g->t->c->a, struct grid_row, cap);
		if (g->n)
			memcpy(rows, g->rows, g->n * sizeof(*rows));
		g->rows = rows;
		g->cap = cap;
	}
	struct grid_row *r = &g->rows[g->n++];
	TRY(dx_show(g->t, &c->value, &g->t->part_format, &v));
	r->name = c->name;
	r->value = v.error ? v.error : v.text;
	r->head = r->name;
	if (r->value)
		r->head = cell_text(
			g, &(struct dx_shown){ .text = arena_printf(g->t->c->a, "%s : %s", r->name, r->value) });
	if (c->value.kind == DX_STRING) // its length is no column
		return ok();
	return dx_children(g->t->x, &c->value, &g->t->part_format, part, g);
}

static size_t width_of(const struct grid *g, size_t column, const char *head)
{
	size_t n = strlen(head);
	for (size_t i = 0; i < g->n; i++) {
		const char *s = column == SIZE_MAX ? g->rows[i].head : g->rows[i].cells[column];
		n = MAX(n, s ? MIN(strlen(s) + GAP, g->t->cell) : 0);
	}
	return n;
}

static const char *line(const struct grid *g, const size_t *widths, const char *first, const char *const *cells,
			char between)
{
	struct sb s = sb_new(g->t->c->a);
	sb_add(&s, "= ");
	dx_pad(&s, first, widths[0]);
	for (size_t i = 0; i < g->n_columns; i++) {
		sb_printf(&s, " %c ", between);
		dx_pad(&s, cells[i] ? cells[i] : "", widths[i + 1]);
	}
	sb_add(&s, " =");
	return sb_str(&s);
}

static struct val list_of(struct arena *a, const char *const *texts, size_t n)
{
	struct val *v = NEW_N(a, struct val, MAX(n, (size_t)1));
	for (size_t i = 0; i < n; i++)
		v[i] = VS(texts[i]);
	return VL(v, n);
}

static void emit(struct grid *g)
{
	struct arena *a = g->t->c->a;
	const char *heads[MOST_COLUMNS];
	size_t widths[MOST_COLUMNS + 1] = { width_of(g, SIZE_MAX, "") }, total = widths[0] + 4;
	for (size_t i = 0; i < g->n_columns; i++) {
		heads[i] = arena_printf(a, "%s%s", g->expandable[i] ? "(+) " : "", g->columns[i]);
		widths[i + 1] = width_of(g, i, heads[i]);
		total += widths[i + 1] + 3;
	}
	char *rule = arena_alloc(a, total + 1, 1);
	memset(rule, '=', total);
	doc_text(g->t->out, rule);
	struct val v[] = { list_of(a, g->columns, g->n_columns) };
	doc_row(g->t->out, &row_dx_columns, dx_literal(a, line(g, widths, "", heads, '=')), v, false);
	doc_text(g->t->out, rule);
	for (size_t i = 0; i < g->n; i++) {
		const struct grid_row *r = &g->rows[i];
		struct val row[] = { VS(r->name), VS(r->value), list_of(a, r->cells, g->n_columns) };
		doc_row(g->t->out, &row_dx_grid, dx_literal(a, line(g, widths, r->head, r->cells, '-')), row, false);
	}
	doc_text(g->t->out, rule);
	if (g->cut)
		doc_note(g->t->out, NOTE_INFO, "dx.cut", "[...]");
}

err_t dx_grid(struct dx_tree *t, const struct dx_obj *o)
{
	struct grid *g = NEW(t->c->a, struct grid);
	*g = (struct grid){ .t = t, .skip = t->skip };
	g->most = t->format.has_count ? (size_t)MIN(t->format.count, (uint64_t)LIMIT_DX_ROWS) : LIMIT_DX_SHOWN;
	if (!dx_iterable(o))
		return fail(E_USAGE, "Object is not iterable", 0);
	TRY(dx_children(t->x, o, &t->format, element, g));
	emit(g);
	return ok();
}
