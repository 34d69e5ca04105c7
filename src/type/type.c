// SPDX-License-Identifier: Apache-2.0
// type.c: questions that every source answers the same way.
#include "type/type.h"

bool type_get(struct type_source *s, type_id id, struct type *ret)
{
	*ret = (struct type){ .source = s, .id = id };
	if (!s || !id || !s->ops->get(s, id, ret))
		return false;
	struct type full;
	if (ret->forward && ret->name && type_find(s, ret->name, &full) && !full.forward)
		*ret = full;
	return true;
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

bool type_is_udt(const struct type *t)
{
	return t->kind == TYPE_STRUCT || t->kind == TYPE_CLASS || t->kind == TYPE_UNION || t->kind == TYPE_INTERFACE;
}
