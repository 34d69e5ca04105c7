// SPDX-License-Identifier: Apache-2.0
// pack_touch.h: asks a pack for everything that it can be asked for; for the fuzz targets of packs and of what becomes
// one. Answers that cannot be right abort.
#pragma once
#include "pack/pack.h"

#include <stdlib.h>
#include <string.h>

enum { TOUCH_MOST = 200 };
struct touch {
	struct arena *a;
	struct type_source *types;
	size_t n;
};

static void touch_address(const struct pack *p, uint32_t rva)
{
	struct pack_symbol s;
	struct pack_line l;
	struct pack_inline in[8];
	struct pack_frame f;
	uint32_t next;
	if (pack_near(p, rva, &s, &next) && (s.rva > rva || !s.name))
		abort();
	if (next && next <= rva)
		abort();
	if (pack_line_at(p, rva, &l) && (l.rva > rva || rva - l.rva >= l.size || !l.file))
		abort();
	size_t n = pack_inlines_at(p, rva, in, 8);
	for (size_t i = 0; i < n; i++)
		if (in[i].rva > rva || in[i].depth != i || !in[i].name)
			abort();
	if (pack_frame_at(p, rva, &f) && (f.rva > rva || !f.program))
		abort();
}

static bool touch_member(void *ctx, const struct type_member *m)
{
	struct touch *w = ctx;
	struct type t;
	if (type_get(w->types, m->type, &t) && !type_dt_text(w->a, &t))
		abort();
	return ++w->n % TOUCH_MOST != 0;
}

static void touch_type(struct touch *w, const struct type *t)
{
	struct type target;
	struct type_member m;
	type_id id;
	type_members(t, touch_member, w);
	(void)type_target(t, &target);
	(void)type_member_named(t, "Flink", &m);
	for (unsigned i = 0; i < t->n_params && i < 8; i++)
		(void)type_param(t, i, &id);
	if (!type_dt_text(w->a, t) || !type_dt_long_text(w->a, t) || !type_c_text(w->a, t, "x"))
		abort();
}

static bool touch_each(void *ctx, const struct type *t)
{
	struct touch *w = ctx;
	struct type found;
	if (t->forward || !t->name)
		abort();
	(void)type_find(w->types, t->name, &found);
	touch_type(w, t);
	return ++w->n < TOUCH_MOST * 10;
}

static void touch_pack(struct arena *a, struct pack *p)
{
	struct touch w = { .a = a, .types = pack_types(p) };
	struct pack_symbol s, found;
	struct pack_line l;
	struct pack_inline in;
	struct pack_frame f;
	struct type t;
	if (!pack_id(p)->pdb_name || !pack_id(p)->source)
		abort();
	for (size_t i = 0; i < TOUCH_MOST && pack_symbol(p, i, &s); i++) {
		(void)pack_find(p, s.name, &found);
		touch_address(p, s.rva);
		touch_address(p, s.rva + s.size / 2);
	}
	for (size_t i = 0; i < TOUCH_MOST && pack_line(p, i, &l); i++)
		touch_address(p, l.rva);
	for (size_t i = 0; i < TOUCH_MOST && pack_inline(p, i, &in); i++)
		touch_address(p, in.rva);
	for (size_t i = 0; i < TOUCH_MOST && pack_frame(p, i, &f); i++)
		touch_address(p, f.rva);
	for (uint32_t rva = 0; rva < 0x4000; rva += 0x155)
		touch_address(p, rva);
	for (type_id id = 1; w.types && id < TOUCH_MOST; id++)
		if (type_get(w.types, id, &t))
			touch_type(&w, &t);
	w.n = 0;
	if (w.types)
		w.types->ops->each(w.types, touch_each, &w);
}
