// SPDX-License-Identifier: Apache-2.0
// pack_copy.c: the types of any source into a pack. A type gets its number when it is first met and its content later,
// so that nothing nests.
#include "base/limits.h"
#include "pack/pack_map.h"
#include "pack/pack_write.h"

struct pack_copy {
	struct arena *a;
	struct pack_writer *w;
	struct type_source *from;
	struct pack_map ids; // of the source + 1: in the pack
	type_id *queue;      // pairs: of the source, in the pack
	size_t n, cap;
};

struct pack_copy *pack_copy_new(struct arena *a, struct pack_writer *w, struct type_source *from)
{
	struct pack_copy *c = NEW(a, struct pack_copy);
	*c = (struct pack_copy){ .a = a, .w = w, .from = from };
	return c;
}

type_id pack_copied(struct pack_copy *c, type_id from)
{
	struct type t;
	if (!from || !type_get(c->from, from, &t))
		return 0;
	// A declaration becomes its definition.
	uint32_t *id = pack_map_at(c->a, &c->ids, (uint64_t)t.id + 1);
	type_id done = *id;
	if (done)
		return done;
	*id = pack_reserve_type(c->w);
	if (c->n + 2 > c->cap) {
		c->cap = MAX(c->cap * 2, (size_t)1024);
		type_id *queue = NEW_N(c->a, type_id, c->cap);
		if (c->n)
			memcpy(queue, c->queue, c->n * sizeof(*queue));
		c->queue = queue;
	}
	c->queue[c->n++] = t.id;
	c->queue[c->n++] = *id;
	return *id;
}

// Of several definitions with one name the first row is found: it has to be the one that the source finds.
static bool one_named(void *ctx, const struct type *t)
{
	struct pack_copy *c = ctx;
	struct type first;
	if (*t->name != '<' && type_find(c->from, t->name, &first))
		(void)pack_copied(c, first.id);
	(void)pack_copied(c, t->id);
	return true;
}

void pack_copy_named(struct pack_copy *c)
{
	c->from->ops->each(c->from, one_named, c);
}

struct members {
	struct pack_copy *c;
	type_id id;
};

static bool one_member(void *ctx, const struct type_member *m)
{
	const struct members *w = ctx;
	struct type_member out = *m;
	out.type = pack_copied(w->c, m->type);
	pack_add_member(w->c->w, w->id, &out);
	return true;
}

static void one_type(struct pack_copy *c, type_id from, type_id id)
{
	struct type t;
	if (!type_get(c->from, from, &t))
		return;
	t.target = pack_copied(c, t.target);
	t.owner = pack_copied(c, t.owner);
	t.this_type = pack_copied(c, t.this_type);
	pack_set_type(c->w, id, &t);
	if (type_is_udt(&t) || t.kind == TYPE_ENUM) {
		t.id = from;
		pack_begin_members(c->w, id);
		type_members(&t, one_member, &(struct members){ c, id });
	} else if (t.kind == TYPE_FUNCTION) {
		pack_begin_params(c->w, id);
		type_id p;
		for (unsigned i = 0; i < MIN(t.n_params, (unsigned)LIMIT_TYPE_PARAMS) && type_param(&t, i, &p); i++)
			pack_add_param(c->w, id, pack_copied(c, p));
	}
}

void pack_copy_rest(struct pack_copy *c)
{
	for (size_t i = 0; i < c->n; i += 2)
		one_type(c, c->queue[i], c->queue[i + 1]);
}
