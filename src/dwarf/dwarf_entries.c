// SPDX-License-Identifier: Apache-2.0
// dwarf_entries.c: the entries of a unit: functions and data with an address, the scopes that give them their full
// names, and the inlined calls of one function. DWARF 5, sections 3.1 to 3.3 and 4.1.
#include "dwarf/parts_int.h"

#include <stdlib.h>

struct walk {
	struct dwarf *d;
	struct unit *u;
	struct rd r;
	uint64_t level; // of the next entry below the first
	uint64_t off;   // of the entry that was found
};

static struct walk walk_from(struct dwarf *d, struct unit *u, uint64_t off)
{
	return (struct walk){ .d = d, .u = u, .r = rd_at(span_clip(d->s[DWARF_INFO], 0, u->end), off) };
}

// The abbreviation of the next entry, whose values must then be read or skipped; NULL at the end.
static const struct abbrev *next_entry(struct walk *w)
{
	while (!w->r.bad && rd_left(&w->r)) {
		w->off = w->r.pos;
		uint64_t code = rd_uleb(&w->r);
		if (w->r.bad)
			break;
		if (code) {
			const struct abbrev *b = abbrev_get(abbrevs_of(w->d, w->u), code);
			if (!b)
				dwarf_damaged(w->d, "an entry's abbreviation is missing", w->off);
			return b;
		}
		if (w->level <= 1)
			return NULL;
		w->level--;
	}
	if (w->r.bad)
		dwarf_damaged(w->d, "an entry is cut off", w->off);
	return NULL;
}

static bool entry_at(struct dwarf *d, struct unit *u, uint64_t off, struct entry *ret)
{
	load_root(d, u);
	struct walk w = walk_from(d, u, off);
	const struct abbrev *b = next_entry(&w);
	ret->off = off;
	if (b)
		read_entry(&w.r, d, u, b, ret);
	return b && !w.r.bad;
}

// ---- names
// A definition outside its class names the declaration inside; a function that was inlined, or cloned, its abstract
// self.
static void name_entry(struct dwarf *d, struct unit *u, const struct entry *first, struct func *f)
{
	struct entry e = *first;
	for (unsigned i = 0; i < LIMIT_DWARF_REFERENCES; i++) {
		uint64_t next;
		if (!f->name)
			f->name = value_string(d, u, &e.v[SLOT_NAME]);
		if (!f->linkage)
			f->linkage = value_string(d, u, &e.v[SLOT_LINKAGE]);
		f->named_off = e.off;
		if (!value_reference(u, &e.v[SLOT_SPECIFICATION], &next) &&
		    !value_reference(u, &e.v[SLOT_ORIGIN], &next))
			return;
		u = unit_of(d, next);
		if (!u || !entry_at(d, u, next, &e))
			return;
	}
}

static bool names_a_scope(uint16_t tag)
{
	return tag == DW_TAG_namespace || tag == DW_TAG_class_type || tag == DW_TAG_structure_type ||
	       tag == DW_TAG_union_type || tag == DW_TAG_interface_type || tag == DW_TAG_enumeration_type ||
	       tag == DW_TAG_module;
}

// The scopes around an entry, innermost first.
static size_t scopes_of(struct dwarf *d, uint64_t off, const struct scope **ret, size_t max)
{
	struct unit *u = unit_of(d, off);
	if (!u)
		return 0;
	load_entries(d, u);
	size_t lo = 0, hi = u->n_scopes, n = 0;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (u->scopes[mid].off < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	uint32_t at = lo ? (uint32_t)lo - 1 : UINT32_MAX;
	for (unsigned i = 0; at != UINT32_MAX && i < LIMIT_DWARF_NESTING && n < max; i++, at = u->scopes[at].up)
		if (off < u->scopes[at].end && names_a_scope(u->scopes[at].tag))
			ret[n++] = &u->scopes[at];
	return n;
}

const char *full_name(struct dwarf *d, struct func *f)
{
	const struct scope *around[LIMIT_DWARF_SCOPES];
	if (f->full || !f->name)
		return f->full;
	size_t n = scopes_of(d, f->named_off, around, ARRAY_LEN(around));
	struct sb text = sb_new(d->a);
	bool any = false;
	for (size_t i = n; i--;) {
		const char *name = around[i]->name;
		if (!name && around[i]->tag != DW_TAG_namespace)
			continue;
		sb_add(&text, name ? name : "(anonymous namespace)");
		sb_add(&text, "::");
		any = true;
	}
	sb_add(&text, f->name);
	return f->full = any ? sb_str(&text) : f->name;
}

// ---- functions and data
struct load {
	struct walk w;
	size_t cap_funcs, cap_scopes;
	uint32_t open; // the innermost scope that is open
};

static struct func *add_func(struct load *l)
{
	struct unit *u = l->w.u;
	if (u->n_funcs == l->cap_funcs) {
		l->cap_funcs = MAX(2 * l->cap_funcs, (size_t)16);
		struct func *more = NEW_N(l->w.d->a, struct func, l->cap_funcs);
		if (u->n_funcs)
			memcpy(more, u->funcs, u->n_funcs * sizeof(*more));
		u->funcs = more;
	}
	u->funcs[u->n_funcs] = (struct func){ .off = l->w.off, .unit = u };
	return &u->funcs[u->n_funcs++];
}

static void open_scope(struct load *l, uint16_t tag, const char *name)
{
	struct unit *u = l->w.u;
	if (u->n_scopes == l->cap_scopes) {
		l->cap_scopes = MAX(2 * l->cap_scopes, (size_t)16);
		struct scope *more = NEW_N(l->w.d->a, struct scope, l->cap_scopes);
		if (u->n_scopes)
			memcpy(more, u->scopes, u->n_scopes * sizeof(*more));
		u->scopes = more;
	}
	u->scopes[u->n_scopes] = (struct scope){ l->w.off, u->end, l->open, l->w.level, tag, name };
	l->open = (uint32_t)u->n_scopes++;
}

static void close_scopes(struct load *l)
{
	struct unit *u = l->w.u;
	while (l->open != UINT32_MAX && u->scopes[l->open].level >= l->w.level) {
		u->scopes[l->open].end = l->w.off;
		l->open = u->scopes[l->open].up;
	}
}

static void add_function(struct load *l, const struct entry *e)
{
	struct dwarf *d = l->w.d;
	struct unit *u = l->w.u;
	uint64_t at;
	if (u->n_funcs >= UINT32_MAX || (!e->v[SLOT_RANGES].form && !e->v[SLOT_HIGH].form))
		return;
	size_t first = u->code.n;
	if (!entry_ranges(d, u, e, &u->code, (uint32_t)u->n_funcs))
		return;
	struct func *f = add_func(l);
	name_entry(d, u, e, f);
	f->is_function = true;
	f->entry = u->code.rows[first].rva;
	if (value_address(d, u, &e->v[SLOT_ENTRY], &at) && at >= d->base && at - d->base < d->size)
		f->entry = (uint32_t)(at - d->base);
}

static void add_data(struct load *l, const struct entry *e)
{
	struct dwarf *d = l->w.d;
	struct span s = e->v[SLOT_LOCATION].bytes;
	if (s.n < 2 || (s.p[0] != DW_OP_addr && s.p[0] != DW_OP_addrx))
		return;
	struct rd r = rd_at(s, 1);
	uint64_t at = 0;
	if (s.p[0] == DW_OP_addr)
		at = rd_sized(&r, l->w.u->addr_size);
	else if (!address_index(d, l->w.u, rd_uleb(&r), &at))
		return;
	if (r.bad || rd_left(&r) || at < d->base || at - d->base >= d->size) // more behind it: not a plain address
		return;
	struct func *f = add_func(l);
	name_entry(d, l->w.u, e, f);
	f->entry = (uint32_t)(at - d->base);
}

static bool wanted(uint16_t tag)
{
	return tag == DW_TAG_subprogram || tag == DW_TAG_variable || names_a_scope(tag);
}

void load_entries(struct dwarf *d, struct unit *u)
{
	if (u->dies_tried)
		return;
	u->dies_tried = true;
	load_root(d, u);
	if (!is_code_unit(u))
		return;
	struct load l = { .w = walk_from(d, u, u->die), .open = UINT32_MAX };
	for (const struct abbrev *b; (b = next_entry(&l.w)) != NULL;) {
		close_scopes(&l);
		struct entry e = { .off = l.w.off };
		if (!wanted(b->tag)) {
			skip_entry(&l.w.r, d, u, b);
		} else {
			read_entry(&l.w.r, d, u, b, &e);
			if (l.w.r.bad)
				continue;
			if (b->tag == DW_TAG_subprogram)
				add_function(&l, &e);
			else if (b->tag == DW_TAG_variable)
				add_data(&l, &e);
			if (b->children && b->tag != DW_TAG_variable)
				open_scope(&l, b->tag, value_string(d, u, &e.v[SLOT_NAME]));
		}
		if (b->children)
			l.w.level++;
		else if (!l.w.level) // a first entry without children is alone
			break;
	}
	ranges_sort(&u->code);
}

// ---- inlined calls
static struct site *add_site(struct dwarf *d, struct func *f, size_t *cap)
{
	if (f->n_sites == *cap) {
		*cap = MAX(2 * *cap, (size_t)8);
		struct site *more = NEW_N(d->a, struct site, *cap);
		if (f->n_sites)
			memcpy(more, f->sites, f->n_sites * sizeof(*more));
		f->sites = more;
	}
	return &f->sites[f->n_sites++];
}

static void read_site(struct walk *w, struct func *f, const struct entry *e, uint32_t up, size_t *cap)
{
	uint64_t line = 0, file = 0;
	uint32_t id = (uint32_t)f->n_sites;
	(void)value_number(&e->v[SLOT_CALL_LINE], &line);
	(void)value_number(&e->v[SLOT_CALL_FILE], &file);
	struct site *s = add_site(w->d, f, cap);
	*s = (struct site){ .call_file = file,
			    .call_line = line > UINT32_MAX ? 0 : (uint32_t)line,
			    .level = w->level,
			    .depth = up == UINT32_MAX ? 0 : f->sites[up].depth + 1,
			    .up = up,
			    .callee = { .off = e->off, .unit = w->u, .is_function = true } };
	name_entry(w->d, w->u, e, &s->callee);
	entry_ranges(w->d, w->u, e, &f->inlines, id);
}

void load_inlines(struct dwarf *d, struct func *f)
{
	if (f->inlines_tried)
		return;
	f->inlines_tried = true;
	struct walk w = walk_from(d, f->unit, f->off);
	uint64_t nested = 0; // level of a function inside this one: its calls are its own
	uint32_t open = UINT32_MAX;
	size_t cap = 0, first = w.r.pos;
	for (const struct abbrev *b; (b = next_entry(&w)) != NULL && f->n_sites < LIMIT_DWARF_SITES;) {
		if (nested && w.level <= nested)
			nested = 0;
		while (open != UINT32_MAX && f->sites[open].level >= w.level)
			open = f->sites[open].up;
		struct entry e = { .off = w.off };
		if (b->tag != DW_TAG_inlined_subroutine || nested) {
			skip_entry(&w.r, d, f->unit, b);
		} else {
			read_entry(&w.r, d, f->unit, b, &e);
			if (w.r.bad)
				continue;
			read_site(&w, f, &e, open, &cap);
			open = b->children ? (uint32_t)f->n_sites - 1 : open;
		}
		if (w.level && !nested && b->tag == DW_TAG_subprogram && b->children)
			nested = w.level;
		if (b->children)
			w.level++;
		else if (!w.level)
			break;
		if (w.r.pos - first > d->walk_budget) {
			dwarf_damaged(d, "functions lie inside each other too often", f->off);
			break;
		}
	}
	d->walk_budget -= MIN(d->walk_budget, (uint64_t)(w.r.pos - first));
	ranges_sort(&f->inlines);
}
