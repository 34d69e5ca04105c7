// SPDX-License-Identifier: Apache-2.0
// fuzz_pdb.c: any bytes as a PDB: every symbol, line and inlined call, the variables there, look-ups by address and by
// name. Memory stays bounded, what is listed is in order, and what is found covers or lies below the address.
#include "pdb/pdb_frames.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 256 << 20, MOST = 300 };

struct seen {
	struct pdb *p;
	size_t n;
	uint32_t last;
};

static bool local(void *ctx, const struct pdb_local *l)
{
	size_t *n = ctx;
	if (!l->name || !l->n || l->n > PDB_PIECES || (!l->in_pieces && l->n != 1))
		abort();
	return ++*n < MOST;
}

static void ask(struct pdb *p, uint32_t rva)
{
	size_t locals = 0;
	struct pdb_symbol s;
	struct pdb_line l;
	struct pdb_inline in[8];
	if (pdb_symbol_at(p, rva, &s) && (!s.name || s.rva > rva))
		abort();
	if (pdb_function_at(p, rva, &s) && !s.is_function)
		abort();
	(void)pdb_line_at(p, rva, &l);
	size_t n = pdb_inlines_at(p, rva, in, 8);
	for (size_t i = 0; i < n; i++)
		if (!in[i].name || in[i].rva > rva)
			abort();
	struct pdb_frame f;
	struct pdb_frameproc proc;
	if (pdb_frame_at(p, rva, &f) && f.rva > rva)
		abort();
	if (pdb_frameproc_at(p, rva, &proc) && proc.rva > rva)
		abort();
	for (unsigned depth = 0; depth <= n; depth++)
		pdb_locals_at(p, rva, depth, local, &locals);
	uint32_t next = pdb_next_rva(p, rva);
	if (next && next <= rva)
		abort();
}

static bool any(void *ctx, const struct pdb_symbol *s)
{
	struct seen *w = ctx;
	struct pdb_symbol found;
	if (!s->name || !pdb_shown_name(w->p, s))
		abort();
	(void)pdb_find(w->p, s->name, &found);
	ask(w->p, s->rva);
	ask(w->p, s->rva + s->size / 2);
	return ++w->n < MOST;
}

static bool ordered(void *ctx, const struct pdb_symbol *s)
{
	struct seen *w = ctx;
	if (s->rva < w->last)
		abort();
	w->last = s->rva;
	return any(ctx, s);
}

static bool found_line(void *ctx, const struct pdb_line *l)
{
	(void)ctx;
	if (!l->file)
		abort();
	return true;
}

static bool line(void *ctx, const struct pdb_line *l)
{
	struct seen *w = ctx;
	ask(w->p, l->rva);
	if (l->file && w->n < 4)
		pdb_find_line(w->p, l->file, l->line, found_line, NULL);
	return ++w->n < MOST;
}

static bool frame(void *ctx, const struct pdb_frame *f)
{
	struct seen *w = ctx;
	ask(w->p, f->rva);
	ask(w->p, f->rva + f->size / 2);
	return ++w->n < MOST;
}

static bool site(void *ctx, const struct pdb_site *s)
{
	struct seen *w = ctx;
	ask(w->p, s->rva);
	return ++w->n < MOST;
}

// ---- types
struct walk {
	struct arena *a;
	struct type t;
	size_t n;
};

static void look_at(struct arena *a, const struct type *t)
{
	struct type to;
	(void)type_target(t, &to);
	if (!type_dt_text(a, t) || !type_dt_long_text(a, t) || !type_c_text(a, t, "x"))
		abort();
	if (t->kind == TYPE_FUNCTION && !type_params_text(a, t))
		abort();
}

static bool member(void *ctx, const struct type_member *m)
{
	struct walk *w = ctx;
	struct type t;
	struct type_member again;
	if (type_get(w->t.source, m->type, &t))
		look_at(w->a, &t);
	if (m->name && w->n % 16 == 0)
		(void)type_member_named(&w->t, m->name, &again);
	return ++w->n < MOST;
}

static bool each_type(void *ctx, const struct type *t)
{
	struct seen *w = ctx;
	struct type found;
	if (!t->name || !type_find(t->source, t->name, &found) || !found.id)
		abort();
	return ++w->n < MOST;
}

static void types(struct seen *seen)
{
	struct type_source *s = pdb_types(seen->p);
	struct arena *a = arena_new(MEMORY);
	struct walk w = { .a = a };
	struct type t;
	for (type_id id = 1; s && id < 0x1000 + MOST; id++)
		if (type_get(s, id, &t)) {
			look_at(a, &t);
			w.t = t;
			w.n = 0;
			type_members(&t, member, &w);
		}
	seen->n = 0;
	if (s)
		s->ops->each(s, each_type, seen);
	if (s && type_find(s, "no such type", &t))
		abort();
	arena_free(a);
}

static err_t everything(void *ctx)
{
	struct seen *w = ctx;
	pdb_each_public(w->p, any, w);
	w->n = 0;
	pdb_each_private(w->p, any, w);
	w->n = 0;
	pdb_each_line(w->p, line, w);
	w->n = 0;
	pdb_each_inline(w->p, site, w);
	w->n = 0;
	pdb_each_frame(w->p, frame, w);
	w->n = 0;
	pdb_each(w->p, ordered, w);
	types(w);
	for (uint32_t rva = 0; rva < 0x4000; rva += 0x155)
		ask(w->p, rva);
	return pdb_damage(w->p);
}

struct opening {
	struct arena *a;
	struct span file;
	struct pdb *p;
};

static err_t open_pdb(void *ctx)
{
	struct opening *o = ctx;
	return pdb_open(o->a, o->file, &o->p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(MEMORY);
	struct opening o = { a, { data, size }, NULL };
	if (!arena_guard(a, NULL, open_pdb, &o).code) {
		struct seen w = { .p = o.p };
		// More than the input justifies would be a finding; a hostile count is refused or cut.
		if (arena_guard(a, NULL, everything, &w).code == E_LIMIT && size < 1 << 20)
			abort();
	}
	arena_free(a);
	return 0;
}
