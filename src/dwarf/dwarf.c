// SPDX-License-Identifier: Apache-2.0
// dwarf.c: opening, and the answers put together from units, entries and lines.
#include "dwarf/parts_int.h"

#include <stdlib.h>

const char *const dwarf_section_names[DWARF_SECTIONS] = {
	".debug_info",        ".debug_abbrev", ".debug_line",   ".debug_str",      ".debug_line_str",
	".debug_str_offsets", ".debug_addr",   ".debug_ranges", ".debug_rnglists", ".debug_aranges",
};

void dwarf_damaged(struct dwarf *d, const char *what, uint64_t at)
{
	if (!d->damage.code)
		d->damage = fail(E_CORRUPT, what, at);
}

err_t dwarf_damage(const struct dwarf *d)
{
	return d->damage;
}

err_t dwarf_open(struct arena *a, const struct span sections[DWARF_SECTIONS], uint64_t image_base, uint32_t size,
		 struct dwarf **ret)
{
	enum { SHARED = 16 }; // how often bytes may be read for different functions
	if (!sections[DWARF_INFO].n || !sections[DWARF_ABBREV].n)
		return fail(E_NOTFOUND, "the image has no DWARF", 0);
	struct dwarf *d = NEW(a, struct dwarf);
	*d = (struct dwarf){ .a = a, .base = image_base, .size = size };
	memcpy(d->s, sections, sizeof(d->s));
	d->range_budget = d->s[DWARF_RANGES].n + d->s[DWARF_RNGLISTS].n; // an entry takes a byte at least
	d->walk_budget = SHARED * (uint64_t)d->s[DWARF_INFO].n;
	*ret = d;
	return ok();
}

const char *dwarf_note(struct dwarf *d)
{
	load_covers(d);
	for (size_t i = 0; i < d->n_units; i++)
		if (d->units[i].dwo)
			return "some of the code is described in separate .dwo files, which are not supported";
	return NULL;
}

// ---- things by offset
void *cache_find(const struct cache *c, uint64_t key)
{
	for (size_t i = (size_t)(key * 0x9e3779b97f4a7c15u >> 20), n = 0; n < c->cap; i++, n++) {
		const struct cached *s = &c->slots[i & (c->cap - 1)];
		if (!s->what || s->key == key)
			return s->what;
	}
	return NULL;
}

void cache_keep(struct dwarf *d, struct cache *c, uint64_t key, void *what)
{
	if (c->n * 2 >= c->cap) {
		struct cached *old = c->slots;
		size_t n = c->cap;
		c->cap = MAX(n * 2, (size_t)16);
		c->slots = NEW_N(d->a, struct cached, c->cap);
		c->n = 0;
		for (size_t i = 0; i < n; i++)
			if (old[i].what)
				cache_keep(d, c, old[i].key, old[i].what);
	}
	size_t i = (size_t)(key * 0x9e3779b97f4a7c15u >> 20);
	while (c->slots[i & (c->cap - 1)].what)
		i++;
	c->slots[i & (c->cap - 1)] = (struct cached){ key, what };
	c->n++;
}

// ---- by address
static void to_symbol(struct dwarf *d, struct func *f, uint32_t rva, uint32_t end, struct dwarf_symbol *ret)
{
	*ret = (struct dwarf_symbol){ .name = full_name(d, f),
				      .linkage = f->linkage,
				      .rva = rva,
				      .size = end > rva ? end - rva : 0,
				      .entry = f->entry,
				      .is_function = f->is_function,
				      .shown = &f->shown };
}

// The unit and the function that cover an RVA; false: none.
static bool covering(struct dwarf *d, uint32_t rva, struct unit **unit_ret, const struct range_row **row_ret)
{
	load_covers(d);
	for (const struct range_row *c = ranges_at(&d->covers, rva); c; c = ranges_up(&d->covers, c, rva)) {
		struct unit *u = &d->units[c->id];
		load_entries(d, u);
		*row_ret = ranges_at(&u->code, rva);
		*unit_ret = u;
		if (*row_ret)
			return true;
	}
	return false;
}

bool dwarf_function_at(struct dwarf *d, uint32_t rva, struct dwarf_symbol *ret)
{
	struct unit *u;
	const struct range_row *row;
	if (!covering(d, rva, &u, &row))
		return false;
	to_symbol(d, &u->funcs[row->id], row->rva, row->end, ret);
	return true;
}

bool dwarf_function_below(struct dwarf *d, uint32_t rva, struct dwarf_symbol *ret)
{
	load_covers(d);
	size_t n = ranges_below(&d->covers, rva);
	for (unsigned back = 0; n && back < LIMIT_DWARF_FOLDED; n--, back++) {
		struct unit *u = &d->units[d->covers.rows[n - 1].id];
		load_entries(d, u);
		size_t k = ranges_below(&u->code, rva);
		if (!k)
			continue;
		const struct range_row *row = &u->code.rows[k - 1];
		to_symbol(d, &u->funcs[row->id], row->rva, row->end, ret);
		return true;
	}
	return false;
}

uint32_t dwarf_next_rva(struct dwarf *d, uint32_t rva)
{
	load_covers(d);
	size_t n = ranges_below(&d->covers, rva);
	uint32_t best = UINT32_MAX;
	for (size_t i = n ? n - 1 : 0; i < d->covers.n && i <= n; i++) {
		struct unit *u = &d->units[d->covers.rows[i].id];
		load_entries(d, u);
		size_t k = ranges_below(&u->code, rva);
		if (k < u->code.n)
			best = MIN(best, u->code.rows[k].rva);
	}
	return best == UINT32_MAX ? 0 : best;
}

bool dwarf_line_at(struct dwarf *d, uint32_t rva, struct dwarf_line *ret)
{
	load_covers(d);
	for (const struct range_row *c = ranges_at(&d->covers, rva); c; c = ranges_up(&d->covers, c, rva)) {
		struct unit *u = &d->units[c->id];
		struct line_table *t = lines_of(d, u);
		const struct line_row *row = t ? line_row_at(t, rva) : NULL;
		if (!row)
			continue;
		*ret = (struct dwarf_line){ file_path(d, u, t, row->file), row->line, row->rva, row->end - row->rva };
		return true;
	}
	return false;
}

static void to_inline(struct dwarf *d, struct func *f, const struct range_row *row, struct dwarf_inline *ret)
{
	struct site *s = &f->sites[row->id];
	struct line_table *t = lines_of(d, f->unit);
	to_symbol(d, &s->callee, row->rva, row->end, &ret->callee);
	ret->call_line = s->call_line;
	ret->call_file = t ? file_path(d, f->unit, t, s->call_file) : NULL;
	ret->depth = s->depth;
}

size_t dwarf_inlines_at(struct dwarf *d, uint32_t rva, struct dwarf_inline *ret, size_t max)
{
	struct unit *u;
	const struct range_row *row;
	size_t n = 0;
	if (!covering(d, rva, &u, &row))
		return 0;
	struct func *f = &u->funcs[row->id];
	load_inlines(d, f);
	for (const struct range_row *i = ranges_at(&f->inlines, rva); i && n < max; i = ranges_up(&f->inlines, i, rva))
		to_inline(d, f, i, &ret[n++]);
	return n;
}

// ---- everything
static int compare_all(const void *a, const void *b)
{
	const struct all_row *x = a, *y = b;
	return x->rva != y->rva ? (x->rva > y->rva) - (x->rva < y->rva) : (x->order > y->order) - (x->order < y->order);
}

static void load_all(struct dwarf *d)
{
	if (d->all_tried)
		return;
	d->all_tried = true;
	load_units(d);
	size_t n = 0, n_data = 0;
	for (size_t i = 0; i < d->n_units; i++) {
		struct unit *u = &d->units[i];
		load_entries(d, u);
		n += u->code.n;
		for (size_t k = 0; k < u->n_funcs; k++)
			n_data += !u->funcs[k].is_function;
	}
	d->all = NEW_N(d->a, struct all_row, n + n_data + 1);
	d->data = NEW_N(d->a, struct all_row, n_data + 1);
	for (size_t i = 0; i < d->n_units; i++) {
		struct unit *u = &d->units[i];
		for (size_t k = 0; k < u->code.n; k++) {
			const struct range_row *r = &u->code.rows[k];
			d->all[d->n_all] = (struct all_row){ r->rva, r->end, (uint32_t)d->n_all, &u->funcs[r->id] };
			d->n_all++;
		}
		for (size_t k = 0; k < u->n_funcs; k++) {
			struct func *f = &u->funcs[k];
			if (f->is_function)
				continue;
			d->all[d->n_all] = (struct all_row){ f->entry, f->entry, (uint32_t)d->n_all, f };
			d->data[d->n_data++] = d->all[d->n_all++];
		}
	}
	qsort(d->all, d->n_all, sizeof(*d->all), compare_all);
	qsort(d->data, d->n_data, sizeof(*d->data), compare_all);
}

bool dwarf_data_at(struct dwarf *d, uint32_t rva, struct dwarf_symbol *ret)
{
	load_all(d);
	size_t lo = 0, hi = d->n_data;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (d->data[mid].rva <= rva)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return false;
	to_symbol(d, d->data[lo - 1].func, d->data[lo - 1].rva, 0, ret);
	return true;
}

void dwarf_each(struct dwarf *d, bool (*fn)(void *ctx, const struct dwarf_symbol *s), void *ctx)
{
	load_all(d);
	for (size_t i = 0; i < d->n_all; i++) {
		struct dwarf_symbol s;
		to_symbol(d, d->all[i].func, d->all[i].rva, d->all[i].end, &s);
		if (!fn(ctx, &s))
			return;
	}
}

void dwarf_each_named(struct dwarf *d, const char *name, bool blind,
		      bool (*fn)(void *ctx, const struct dwarf_symbol *s), void *ctx)
{
	load_all(d);
	for (size_t i = 0; i < d->n_all; i++) {
		struct func *f = d->all[i].func;
		bool own = f->name && (blind ? str_ieq(f->name, name) : str_eq(f->name, name));
		if (!own && !(f->linkage && str_eq(f->linkage, name)))
			continue;
		struct dwarf_symbol s;
		to_symbol(d, f, d->all[i].rva, d->all[i].end, &s);
		if (!fn(ctx, &s))
			return;
	}
}

static bool each_row(struct dwarf *d, struct unit *u, const char *file,
		     bool (*fn)(void *ctx, const struct dwarf_line *l), void *ctx)
{
	struct line_table *t = lines_of(d, u);
	size_t n = file ? strlen(file) : 0;
	uint32_t last = UINT32_MAX;
	bool match = false;
	for (size_t i = 0; t && i < t->n; i++) {
		const struct line_row *r = &t->rows[i];
		const char *path = file_path(d, u, t, r->file);
		if (file && r->file != last) {
			size_t len = path ? strlen(path) : 0;
			const char *tail = len >= n ? path + len - n : NULL;
			match = tail && str_ieq(tail, file) && (tail == path || tail[-1] == '/' || tail[-1] == '\\');
			last = r->file;
		}
		if (file && !match)
			continue;
		if (!fn(ctx, &(struct dwarf_line){ path, r->line, r->rva, r->end - r->rva }))
			return false;
	}
	return true;
}

void dwarf_each_line_of(struct dwarf *d, const char *file, bool (*fn)(void *ctx, const struct dwarf_line *l), void *ctx)
{
	load_units(d);
	struct cache seen = { NULL, 0, 0 };
	for (size_t i = 0; i < d->n_units; i++) {
		struct unit *u = &d->units[i];
		load_root(d, u);
		if (!u->has_lines || cache_find(&seen, u->stmt_list))
			continue;
		cache_keep(d, &seen, u->stmt_list, u);
		if (!each_row(d, u, file, fn, ctx))
			return;
	}
}

void dwarf_each_line(struct dwarf *d, bool (*fn)(void *ctx, const struct dwarf_line *l), void *ctx)
{
	dwarf_each_line_of(d, NULL, fn, ctx);
}

void dwarf_each_inline(struct dwarf *d, bool (*fn)(void *ctx, const struct dwarf_inline *i), void *ctx)
{
	load_all(d);
	for (size_t i = 0; i < d->n_all; i++) {
		struct func *f = d->all[i].func;
		if (!f->is_function || f->inlines_tried)
			continue; // a second part of one that was shown
		load_inlines(d, f);
		for (size_t k = 0; k < f->inlines.n; k++) {
			struct dwarf_inline in;
			to_inline(d, f, &f->inlines.rows[k], &in);
			if (!fn(ctx, &in))
				return;
		}
	}
}
