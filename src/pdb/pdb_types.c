// SPDX-License-Identifier: Apache-2.0
// pdb_types.c: the TPI stream as a source of types. Record layouts and simple types: microsoft-pdb's cvinfo.h.
#include "pdb/tpi_int.h"

static struct pdb_types *of(struct type_source *s)
{
	return (struct pdb_types *)s;
}

// ---- simple types: the low byte tells which, bits 8 to 11 whether it is a pointer to it
struct simple {
	uint8_t code, kind, size;
	const char *name;
};
static const struct simple simples[] = {
	{ 0x03, TYPE_VOID, 0, "void" },
	{ 0x08, TYPE_HRESULT, 4, "HRESULT" },
	{ 0x10, TYPE_CHAR, 1, "char" }, // signed char
	{ 0x20, TYPE_UINT, 1, "unsigned char" },
	{ 0x70, TYPE_CHAR, 1, "char" },
	{ 0x71, TYPE_CHAR, 2, "wchar_t" },
	{ 0x7a, TYPE_CHAR, 2, "char16_t" },
	{ 0x7b, TYPE_CHAR, 4, "char32_t" },
	{ 0x7c, TYPE_CHAR, 1, "char8_t" },
	{ 0x68, TYPE_INT, 1, "char" }, // __int8
	{ 0x69, TYPE_UINT, 1, "unsigned char" },
	{ 0x11, TYPE_INT, 2, "short" },
	{ 0x21, TYPE_UINT, 2, "unsigned short" },
	{ 0x72, TYPE_INT, 2, "short" },
	{ 0x73, TYPE_UINT, 2, "unsigned short" },
	{ 0x12, TYPE_INT, 4, "long" },
	{ 0x22, TYPE_UINT, 4, "unsigned long" },
	{ 0x74, TYPE_INT, 4, "int" },
	{ 0x75, TYPE_UINT, 4, "unsigned int" },
	{ 0x13, TYPE_INT, 8, "__int64" },
	{ 0x23, TYPE_UINT, 8, "unsigned __int64" },
	{ 0x76, TYPE_INT, 8, "__int64" },
	{ 0x77, TYPE_UINT, 8, "unsigned __int64" },
	{ 0x14, TYPE_INT, 16, "__int128" },
	{ 0x24, TYPE_UINT, 16, "unsigned __int128" },
	{ 0x78, TYPE_INT, 16, "__int128" },
	{ 0x79, TYPE_UINT, 16, "unsigned __int128" },
	{ 0x46, TYPE_FLOAT, 2, "_Float16" },
	{ 0x40, TYPE_FLOAT, 4, "float" },
	{ 0x45, TYPE_FLOAT, 4, "float" }, // partial precision
	{ 0x44, TYPE_FLOAT, 6, "_Float48" },
	{ 0x41, TYPE_FLOAT, 8, "double" },
	{ 0x42, TYPE_FLOAT, 10, "long double" },
	{ 0x43, TYPE_FLOAT, 16, "__float128" },
	{ 0x30, TYPE_BOOL, 1, "bool" },
	{ 0x31, TYPE_BOOL, 2, "__bool16" },
	{ 0x32, TYPE_BOOL, 4, "__bool32" },
	{ 0x33, TYPE_BOOL, 8, "__bool64" },
	{ 0x34, TYPE_BOOL, 16, "__bool128" },
};
enum { NULLPTR = 0x103 }; // std::nullptr_t, as clang and MSVC write it

static bool get_simple(uint32_t id, unsigned ptr_bytes, struct type *ret)
{
	static const uint8_t sizes[] = { 0, 2, 4, 4, 4, 6, 8, 16 }; // of pointers, by mode
	uint32_t mode = id >> 8 & 15;
	if (id == NULLPTR) {
		ret->kind = TYPE_POINTER;
		ret->size = ptr_bytes;
		ret->target = 3;
		ret->name = "std::nullptr_t";
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(simples); i++) {
		const struct simple *s = &simples[i];
		if (s->code != (id & 0xff) || mode >= ARRAY_LEN(sizes))
			continue;
		ret->kind = mode ? TYPE_POINTER : (enum type_kind)s->kind;
		ret->size = mode ? sizes[mode] : s->size;
		ret->name = mode ? NULL : s->name;
		ret->target = mode ? id & 0xff : 0;
		return true;
	}
	return false;
}

// ---- records
static bool get(struct pdb_types *s, uint32_t id, struct type *ret, unsigned depth);

static uint64_t size_of(struct pdb_types *s, uint32_t id, unsigned depth)
{
	struct type t = { .kind = TYPE_NONE };
	return get(s, id, &t, depth + 1) ? t.size : 0;
}

static void get_pointer(struct rd *r, struct type *ret)
{
	static const uint8_t sizes[] = { 2, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 6, 8 }; // by kind; records tell it too
	static const enum pointer_kind modes[] = { POINTER_PLAIN, POINTER_LREF, POINTER_TO_DATA, POINTER_TO_METHOD,
						   POINTER_RREF };
	enum { NEAR64 = 12, VOLATILE = 1 << 9, CONST = 1 << 10, UNALIGNED = 1 << 11, RESTRICT = 1 << 12 };
	ret->target = rd_u32(r);
	uint32_t attr = rd_u32(r), kind = attr & 31, mode = attr >> 5 & 7, size = attr >> 13 & 63;
	ret->kind = TYPE_POINTER;
	ret->pointer = mode < ARRAY_LEN(modes) ? modes[mode] : POINTER_PLAIN;
	// LLVM records the size of what a Rust reference refers to.
	bool member = ret->pointer == POINTER_TO_DATA || ret->pointer == POINTER_TO_METHOD;
	bool trusted = size && (member || kind != NEAR64);
	ret->size = trusted ? size : kind < ARRAY_LEN(sizes) ? sizes[kind] : 0;
	ret->quals = (attr & CONST ? TYPE_CONST : 0u) | (attr & VOLATILE ? TYPE_VOLATILE : 0u) |
		     (attr & UNALIGNED ? TYPE_UNALIGNED : 0u) | (attr & RESTRICT ? TYPE_RESTRICT : 0u);
	if (member)
		ret->owner = rd_u32(r);
}

static void get_udt(struct pdb_types *s, const struct tpi_udt *u, struct type *ret, unsigned depth)
{
	switch (u->leaf) {
	case LF_CLASS:
		ret->kind = TYPE_CLASS;
		break;
	case LF_UNION:
		ret->kind = TYPE_UNION;
		break;
	case LF_INTERFACE:
		ret->kind = TYPE_INTERFACE;
		break;
	case LF_ENUM:
		ret->kind = TYPE_ENUM;
		break;
	default:
		ret->kind = TYPE_STRUCT;
	}
	ret->name = *u->name ? u->name : NULL;
	ret->unique_name = u->unique;
	ret->count = u->count;
	ret->forward = u->props & PROP_FORWARD;
	ret->target = u->under;
	ret->size = u->leaf == LF_ENUM ? size_of(s, u->under, depth) : u->size;
}

static void get_function(struct pdb_types *s, struct rd *r, uint16_t leaf, struct type *ret)
{
	ret->kind = TYPE_FUNCTION;
	ret->target = rd_u32(r);
	if (leaf == LF_MFUNCTION) {
		ret->owner = rd_u32(r);
		ret->this_type = rd_u32(r);
	}
	rd_skip(r, 4); // calling convention, attributes, number of parameters
	struct rd list = rd_at(tpi_record(s->p, s->t, rd_u32(r)), 0);
	if (rd_u16(&list) != LF_ARGLIST)
		return;
	size_t n = rd_count(&list, rd_u32(&list), 4);
	if (n && !le_get(list.s.p + list.pos + 4 * (n - 1), 4)) { // a last parameter without a type stands for "..."
		ret->variadic = true;
		n--;
	}
	ret->n_params = (unsigned)n;
}

static void get_array(struct pdb_types *s, struct rd *r, struct type *ret, unsigned depth)
{
	ret->kind = TYPE_ARRAY;
	ret->target = rd_u32(r);
	rd_skip(r, 4);
	ret->size = tpi_number(r).v;
	uint64_t element = size_of(s, ret->target, depth);
	ret->count = element ? ret->size / element : 0;
}

static bool get_modified(struct pdb_types *s, struct rd *r, struct type *ret, unsigned depth)
{
	type_id id = ret->id, to = rd_u32(r);
	uint32_t attr = rd_u16(r);
	if (!get(s, to, ret, depth + 1))
		return false;
	ret->id = id;
	ret->quals |= (attr & 1 ? TYPE_CONST : 0u) | (attr & 2 ? TYPE_VOLATILE : 0u) | (attr & 4 ? TYPE_UNALIGNED : 0u);
	return true;
}

static bool get_other(struct pdb_types *s, struct rd *r, uint16_t leaf, struct type *ret, unsigned depth)
{
	switch (leaf) {
	case LF_POINTER:
		get_pointer(r, ret);
		break;
	case LF_MODIFIER:
		return get_modified(s, r, ret, depth);
	case LF_ALIAS:
		return get(s, rd_u32(r), ret, depth + 1);
	case LF_ARRAY:
		get_array(s, r, ret, depth);
		break;
	case LF_PROCEDURE:
	case LF_MFUNCTION:
		get_function(s, r, leaf, ret);
		break;
	case LF_BITFIELD:
		ret->kind = TYPE_BITFIELD;
		ret->target = rd_u32(r);
		ret->bits = rd_u8(r);
		ret->pos = rd_u8(r);
		ret->size = size_of(s, ret->target, depth);
		break;
	default:
		return false;
	}
	if (!r->bad)
		return true;
	pdb_damaged(s->p, fail(E_CORRUPT, "a type record of the PDB is damaged", ret->id));
	ret->kind = TYPE_NONE;
	return false;
}

static bool get(struct pdb_types *s, uint32_t id, struct type *ret, unsigned depth)
{
	*ret = (struct type){ .source = &s->base, .id = id };
	if (depth > LIMIT_TYPE_DEPTH)
		return false;
	if (id < TPI_FIRST)
		return get_simple(id, s->base.ptr_bytes, ret);
	struct span record = tpi_record(s->p, s->t, id);
	struct tpi_udt u;
	if (!tpi_udt(record, &u)) {
		struct rd r = rd_at(record, 0);
		uint16_t leaf = rd_u16(&r);
		return get_other(s, &r, leaf, ret, depth);
	}
	if (u.props & PROP_FORWARD) {
		uint32_t full = tpi_definition(s, &u);
		if (full && tpi_udt(tpi_record(s->p, s->t, full), &u))
			ret->id = full;
	}
	get_udt(s, &u, ret, depth);
	return true;
}

// ---- the source
static bool pdb_type_get(struct type_source *s, type_id id, struct type *ret)
{
	return get(of(s), id, ret, 0);
}

static bool pdb_type_find(struct type_source *s, const char *name, struct type *ret)
{
	uint32_t id = *name ? tpi_find(of(s), name) : 0;
	return id && get(of(s), id, ret, 0);
}

static void pdb_type_members(struct type_source *s, type_id id, bool (*fn)(void *ctx, const struct type_member *m),
			     void *ctx)
{
	struct pdb_types *p = of(s);
	struct tpi_udt u;
	for (unsigned i = 0; i < LIMIT_TYPE_DEPTH; i++) {
		struct span record = tpi_record(p->p, p->t, id);
		if (tpi_udt(record, &u)) {
			uint32_t full = u.props & PROP_FORWARD ? tpi_definition(p, &u) : 0;
			if (!full || tpi_udt(tpi_record(p->p, p->t, full), &u))
				tpi_fields(p, u.fields, fn, ctx);
			return;
		}
		struct rd r = rd_at(record, 0);
		uint16_t leaf = rd_u16(&r);
		if (leaf != LF_MODIFIER && leaf != LF_ALIAS)
			return;
		id = rd_u32(&r);
	}
}

static bool pdb_type_param(struct type_source *s, type_id function, unsigned i, type_id *ret)
{
	struct pdb_types *p = of(s);
	struct rd r = rd_at(tpi_record(p->p, p->t, function), 0);
	uint16_t leaf = rd_u16(&r);
	rd_skip(&r, leaf == LF_PROCEDURE ? 8 : leaf == LF_MFUNCTION ? 16 : UINT64_MAX);
	struct rd list = rd_at(tpi_record(p->p, p->t, rd_u32(&r)), 0);
	if (rd_u16(&list) != LF_ARGLIST || i >= rd_u32(&list))
		return false;
	rd_skip(&list, 4 * (uint64_t)i);
	*ret = rd_u32(&list);
	return !list.bad;
}

static void pdb_type_each(struct type_source *s, bool (*fn)(void *ctx, const struct type *t), void *ctx)
{
	struct pdb_types *p = of(s);
	for (struct tpi_walk w = { 0 }; tpi_next(p->p, p->t, &w);) {
		struct tpi_udt u;
		struct type t = { .source = s, .id = w.id };
		if (!tpi_is_udt(w.leaf) || !tpi_udt(tpi_record_at(p->p, p->t, w.off), &u) || !*u.name ||
		    u.props & PROP_FORWARD || tpi_is_unnamed(u.name) || !tpi_is_first(p, w.id, &u))
			continue;
		get_udt(p, &u, &t, 0);
		if (!fn(ctx, &t))
			return;
	}
}

struct type_source *pdb_types(struct pdb *p)
{
	static const struct type_source_ops ops = { "pdb",          pdb_type_get, pdb_type_find, pdb_type_members,
						    pdb_type_param, pdb_type_each };
	enum { X86 = 0x14c, ARM = 0x1c4 };
	struct type_stream *t = tpi_types(p);
	if (!t->good || t->end == t->begin)
		return NULL;
	if (!p->types) {
		bool narrow = p->id.machine == X86 || p->id.machine == ARM;
		p->types = NEW(p->a, struct pdb_types);
		*p->types = (struct pdb_types){ .base = { &ops, narrow ? 4 : 8, p->id.machine }, .p = p, .t = t };
	}
	return &p->types->base;
}
