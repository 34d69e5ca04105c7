// SPDX-License-Identifier: Apache-2.0
// type.c: questions that every source answers the same way.
#include "type/type.h"
#include "base/limits.h"

#include <string.h>

bool type_get(struct type_source *s, type_id id, struct type *ret)
{
	*ret = (struct type){ .source = s, .id = id };
	return s && id && s->ops->get(s, id, ret);
}

bool type_find(struct type_source *s, const char *name, struct type *ret)
{
	*ret = (struct type){ .source = s };
	return s && s->ops->find(s, name, ret);
}

bool type_target(const struct type *t, struct type *ret)
{
	return type_get(t->source, t->target, ret);
}

void type_members(const struct type *t, bool (*fn)(void *ctx, const struct type_member *m), void *ctx)
{
	if (t->source)
		t->source->ops->members(t->source, t->id, fn, ctx);
}

bool type_param(const struct type *t, unsigned i, type_id *ret)
{
	*ret = 0;
	return t->source && i < t->n_params && t->source->ops->param(t->source, t->id, i, ret);
}

bool type_is_udt(const struct type *t)
{
	return t->kind == TYPE_STRUCT || t->kind == TYPE_CLASS || t->kind == TYPE_UNION || t->kind == TYPE_INTERFACE;
}

// ---- a member by name
struct wanted {
	const char *name;
	struct type_member *ret;
	uint64_t base; // of the type that is looked through
	unsigned steps, depth;
	bool inside, found;      // inside: the turn of what the members hold
	const struct type *type; // that is looked through
};

static void look_through(struct wanted *w, const struct type *t, uint64_t base);

static bool visit(void *ctx, const struct type_member *m)
{
	struct wanted *w = ctx;
	if (++w->steps > LIMIT_TYPE_STEPS)
		return false;
	bool unnamed = m->kind == MEMBER_DATA && (!m->name || !*m->name);
	if (!w->inside) {
		if (unnamed || !m->name || !str_eq(m->name, w->name) || m->kind == MEMBER_NESTED)
			return true;
		*w->ret = *m;
		w->ret->offset += w->base;
		w->found = true;
		return false;
	}
	struct type inner;
	if ((unnamed || m->kind == MEMBER_BASE) && type_get(w->type->source, m->type, &inner) && type_is_udt(&inner))
		look_through(w, &inner, w->base + m->offset);
	return !w->found;
}

static void look_through(struct wanted *w, const struct type *t, uint64_t base)
{
	if (w->depth >= LIMIT_TYPE_DEPTH)
		return;
	const struct wanted outer = *w;
	w->base = base;
	w->type = t;
	w->depth++;
	for (int inside = 0; inside < 2 && !w->found; inside++) {
		w->inside = inside;
		type_members(t, visit, w);
	}
	w->base = outer.base;
	w->type = outer.type;
	w->depth = outer.depth;
	w->inside = outer.inside;
}

bool type_member_named(const struct type *t, const char *name, struct type_member *ret)
{
	struct wanted w = { .name = name, .ret = ret };
	*ret = (struct type_member){ .name = NULL };
	look_through(&w, t, 0);
	return w.found;
}
