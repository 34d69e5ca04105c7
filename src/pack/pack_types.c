// SPDX-License-Identifier: Apache-2.0
// pack_types.c: the types of a pack as a type source.
#include "base/limits.h"
#include "pack/pack_int.h"

#include <string.h>

static const char *text_or_null(const struct pack *p, uint32_t at)
{
	const char *s = pack_text(p, at);
	return *s ? s : NULL;
}

static bool get(struct type_source *s, type_id id, struct type *ret)
{
	const struct pack *p = (const struct pack *)s;
	const uint8_t *row = id ? pack_row(p, S_TYPES, id - 1) : NULL;
	if (!row || row[0] > TYPE_BITFIELD || row[2] > POINTER_TO_METHOD)
		return false;
	*ret = (struct type){
		.source = s,
		.id = id,
		.kind = (enum type_kind)row[0],
		.quals = row[1] & (TYPE_CONST | TYPE_VOLATILE | TYPE_UNALIGNED | TYPE_RESTRICT),
		.pointer = (enum pointer_kind)row[2],
		.forward = row[3] & TYPE_FORWARD,
		.variadic = row[3] & TYPE_VARIADIC,
		.name = text_or_null(p, get32(row, TYPE_NAME)),
		.unique_name = text_or_null(p, get32(row, TYPE_UNIQUE)),
		.target = get32(row, TYPE_TARGET),
		.owner = get32(row, TYPE_OWNER),
		.this_type = get32(row, TYPE_THIS),
		.size = get64(row, TYPE_SIZE),
		.count = get64(row, TYPE_COUNT),
	};
	if (ret->kind == TYPE_BITFIELD) {
		ret->pos = get32(row, TYPE_FIRST) & 0xff;
		ret->bits = get32(row, TYPE_FIRST) >> 8 & 0xff;
	} else if (ret->kind == TYPE_FUNCTION) {
		ret->n_params = get32(row, TYPE_N);
	}
	return true;
}

struct find {
	struct type_source *s;
	const char *name;
	struct type *ret;
	int best; // how well *ret fits
};

static bool is_named(void *ctx, uint32_t i)
{
	struct find *f = ctx;
	struct type t;
	if (i >= UINT32_MAX || !get(f->s, i + 1, &t))
		return true;
	bool exact = (t.name && str_eq(t.name, f->name)) || (t.unique_name && str_eq(t.unique_name, f->name));
	bool same = exact || (t.name && str_ieq(t.name, f->name)) || (t.unique_name && str_ieq(t.unique_name, f->name));
	int rank = !same ? 0 : 1 + 2 * exact + !t.forward;
	if (rank > f->best) {
		f->best = rank;
		*f->ret = t;
	}
	return f->best < 4;
}

static bool find(struct type_source *s, const char *name, struct type *ret)
{
	struct find f = { .s = s, .name = name, .ret = ret };
	if (*name)
		pack_bucket((const struct pack *)s, S_TYPE_BUCKETS, name, is_named, &f);
	return f.best != 0;
}

static void decode_member(const struct pack *p, const uint8_t *row, struct type_member *ret)
{
	uint32_t all = get32(row, MEMBER_FLAGS), flags = all >> 16;
	enum member_kind kind = (enum member_kind)(all & 0xff);
	bool has_value = kind == MEMBER_ENUMERATOR || kind == MEMBER_VBASE || kind == MEMBER_INDIRECT_VBASE;
	*ret = (struct type_member){
		.kind = kind,
		.name = text_or_null(p, get32(row, MEMBER_NAME)),
		.type = get32(row, MEMBER_TYPE),
		.offset = has_value ? get32(row, MEMBER_SECOND) : get64(row, MEMBER_NUMBER),
		.value = has_value ? (int64_t)get64(row, MEMBER_NUMBER) : 0,
		.value_unsigned = flags & MEMBER_UNSIGNED,
		.is_virtual = flags & MEMBER_VIRTUAL,
		.intro_virtual = flags & MEMBER_INTRO,
		.is_static = flags & MEMBER_IS_STATIC,
		.is_pure = flags & MEMBER_PURE,
		.access = (uint8_t)(all >> 8 & 3),
	};
}

static void members(struct type_source *s, type_id id, bool (*fn)(void *ctx, const struct type_member *m), void *ctx)
{
	const struct pack *p = (const struct pack *)s;
	struct type t;
	if (!get(s, id, &t) || !(type_is_udt(&t) || t.kind == TYPE_ENUM))
		return;
	const uint8_t *type = pack_row(p, S_TYPES, id - 1);
	uint64_t first = get32(type, TYPE_FIRST), n = get32(type, TYPE_N);
	for (uint64_t i = first; i < first + n; i++) {
		const uint8_t *row = pack_row(p, S_MEMBERS, i);
		struct type_member m;
		if (!row)
			return;
		if (row[MEMBER_FLAGS] > MEMBER_ENUMERATOR)
			continue;
		decode_member(p, row, &m);
		if (!fn(ctx, &m))
			return;
	}
}

static bool param(struct type_source *s, type_id function, unsigned i, type_id *ret)
{
	struct type t;
	if (!get(s, function, &t) || t.kind != TYPE_FUNCTION || i >= t.n_params)
		return false;
	const struct pack *p = (const struct pack *)s;
	const uint8_t *row = pack_row(p, S_PARAMS, (uint64_t)get32(pack_row(p, S_TYPES, function - 1), TYPE_FIRST) + i);
	if (!row)
		return false;
	*ret = get32(row, 0);
	return true;
}

static void each(struct type_source *s, bool (*fn)(void *ctx, const struct type *t), void *ctx)
{
	const struct pack *p = (const struct pack *)s;
	size_t n = MIN(p->rows[S_TYPES].n, (size_t)PACK_MAX_TYPE);
	for (size_t i = 0; i < n; i++) {
		struct type t;
		if (!get(s, (type_id)(i + 1), &t) || !t.name || t.forward || t.quals ||
		    !(type_is_udt(&t) || t.kind == TYPE_ENUM))
			continue;
		if (*t.name != '<' && !fn(ctx, &t)) // <unnamed-tag>
			return;
	}
}

const struct type_source_ops pack_type_ops = {
	.name = "pack",
	.get = get,
	.find = find,
	.members = members,
	.param = param,
	.each = each,
};
