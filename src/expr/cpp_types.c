// SPDX-License-Identifier: Apache-2.0
// cpp_types.c: a source of the types that expressions make. An id is a place in its table; what stands there may be
// another source's type, so that a pointer to it is one of ours.
#include "base/limits.h"
#include "expr/cpp_parts.h"

#include <string.h>

struct cpp_types {
	struct type_source source; // first: type_source_ops get a pointer to it
	struct arena *a;
	struct type *list;
	size_t n, cap;
};

struct named {
	const char *name;
	enum type_kind kind;
	uint64_t size;
};
static const struct named bases[CPP_BASES] = {
	[CPP_VOID] = { "void", TYPE_VOID, 0 },
	[CPP_BOOL] = { "bool", TYPE_BOOL, 1 },
	[CPP_CHAR] = { "char", TYPE_CHAR, 1 },
	[CPP_SCHAR] = { "signed char", TYPE_INT, 1 },
	[CPP_UCHAR] = { "unsigned char", TYPE_UINT, 1 },
	[CPP_WCHAR] = { "wchar_t", TYPE_CHAR, 2 },
	[CPP_SHORT] = { "short", TYPE_INT, 2 },
	[CPP_USHORT] = { "unsigned short", TYPE_UINT, 2 },
	[CPP_INT] = { "int", TYPE_INT, 4 },
	[CPP_UINT] = { "unsigned int", TYPE_UINT, 4 },
	[CPP_LONG] = { "long", TYPE_INT, 4 },
	[CPP_ULONG] = { "unsigned long", TYPE_UINT, 4 },
	[CPP_INT64] = { "__int64", TYPE_INT, 8 },
	[CPP_UINT64] = { "unsigned __int64", TYPE_UINT, 8 },
	[CPP_FLOAT] = { "float", TYPE_FLOAT, 4 },
	[CPP_DOUBLE] = { "double", TYPE_FLOAT, 8 },
};
// Windows' names (basetsd.h, winnt.h); a value that was cast to one shows it: "ULONG 0". POINTER: as wide as one.
enum { POINTER = CPP_BASES };
static const struct {
	const char *name;
	unsigned base;
} typedefs[] = {
	{ "BOOLEAN", CPP_UCHAR },    { "BYTE", CPP_UCHAR },       { "UCHAR", CPP_UCHAR },
	{ "UINT8", CPP_UCHAR },      { "CHAR", CPP_CHAR },        { "CCHAR", CPP_CHAR },
	{ "INT8", CPP_SCHAR },       { "WCHAR", CPP_WCHAR },      { "SHORT", CPP_SHORT },
	{ "INT16", CPP_SHORT },      { "CSHORT", CPP_SHORT },     { "USHORT", CPP_USHORT },
	{ "WORD", CPP_USHORT },      { "UINT16", CPP_USHORT },    { "INT", CPP_INT },
	{ "BOOL", CPP_INT },         { "INT32", CPP_INT },        { "LONG32", CPP_INT },
	{ "UINT", CPP_UINT },        { "UINT32", CPP_UINT },      { "ULONG32", CPP_UINT },
	{ "DWORD32", CPP_UINT },     { "LONG", CPP_LONG },        { "NTSTATUS", CPP_LONG },
	{ "HRESULT", CPP_LONG },     { "ULONG", CPP_ULONG },      { "DWORD", CPP_ULONG },
	{ "INT64", CPP_INT64 },      { "LONG64", CPP_INT64 },     { "LONGLONG", CPP_INT64 },
	{ "UINT64", CPP_UINT64 },    { "ULONG64", CPP_UINT64 },   { "DWORD64", CPP_UINT64 },
	{ "ULONGLONG", CPP_UINT64 }, { "DWORDLONG", CPP_UINT64 }, { "SIZE_T", POINTER },
	{ "ULONG_PTR", POINTER },    { "DWORD_PTR", POINTER },    { "UINT_PTR", POINTER },
	{ "size_t", POINTER },       { "uintptr_t", POINTER },    { "LONG_PTR", POINTER + 1 },
	{ "INT_PTR", POINTER + 1 },  { "SSIZE_T", POINTER + 1 },  { "ptrdiff_t", POINTER + 1 },
	{ "intptr_t", POINTER + 1 }, { "FLOAT", CPP_FLOAT },      { "DOUBLE", CPP_DOUBLE },
	{ "VOID", CPP_VOID },        { "int8_t", CPP_SCHAR },     { "uint8_t", CPP_UCHAR },
	{ "int16_t", CPP_SHORT },    { "uint16_t", CPP_USHORT },  { "int32_t", CPP_INT },
	{ "uint32_t", CPP_UINT },    { "int64_t", CPP_INT64 },    { "uint64_t", CPP_UINT64 },
};
// Pointers by these names show what they are: "void *".
static const struct {
	const char *name;
	unsigned base;
} pointers[] = {
	{ "PVOID", CPP_VOID },   { "LPVOID", CPP_VOID },     { "HANDLE", CPP_VOID },   { "PCHAR", CPP_CHAR },
	{ "PSTR", CPP_CHAR },    { "LPSTR", CPP_CHAR },      { "PCSTR", CPP_CHAR },    { "PUCHAR", CPP_UCHAR },
	{ "PBYTE", CPP_UCHAR },  { "PWSTR", CPP_WCHAR },     { "LPWSTR", CPP_WCHAR },  { "PCWSTR", CPP_WCHAR },
	{ "PWCHAR", CPP_WCHAR }, { "PUSHORT", CPP_USHORT },  { "PULONG", CPP_ULONG },  { "PLONG", CPP_LONG },
	{ "PDWORD", CPP_ULONG }, { "PULONG64", CPP_UINT64 }, { "PLONG64", CPP_INT64 },
};

static bool source_get(struct type_source *s, type_id id, struct type *ret)
{
	const struct cpp_types *t = (const struct cpp_types *)s;
	if (id - 1 >= t->n)
		return false;
	*ret = t->list[id - 1];
	return true;
}

static bool source_find(struct type_source *s, const char *name, struct type *ret)
{
	(void)s, (void)name, (void)ret;
	return false;
}

static void source_members(struct type_source *s, type_id id, bool (*fn)(void *ctx, const struct type_member *m),
			   void *ctx)
{
	(void)s, (void)id, (void)fn, (void)ctx;
}

static bool source_param(struct type_source *s, type_id function, unsigned i, type_id *ret)
{
	(void)s, (void)function, (void)i, (void)ret;
	return false;
}

static void source_each(struct type_source *s, bool (*fn)(void *ctx, const struct type *t), void *ctx)
{
	(void)s, (void)fn, (void)ctx;
}

static const struct type_source_ops ops = { .name = "expression",
					    .get = source_get,
					    .find = source_find,
					    .members = source_members,
					    .param = source_param,
					    .each = source_each };

// Types are one when all that tells them apart is; a foreign type keeps its own source and id.
static bool same(const struct type *a, const struct type *b)
{
	return a->source == b->source && a->kind == b->kind && a->size == b->size && a->target == b->target &&
	       a->count == b->count && a->name == b->name && a->pos == b->pos && a->bits == b->bits &&
	       a->pointer == b->pointer && a->owner == b->owner;
}

static bool add(struct cpp_types *t, const struct type *type, type_id *ret)
{
	bool ours = type->source == &t->source;
	for (size_t i = 0; i < t->n; i++) {
		struct type have = t->list[i];
		if (same(&have, type) && (ours || have.id == type->id)) {
			*ret = (type_id)(i + 1);
			return true;
		}
	}
	if (t->n >= LIMIT_EXPR_TYPES)
		return false;
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 2 * CPP_BASES;
		struct type *list = NEW_N(t->a, struct type, cap);
		if (t->n)
			memcpy(list, t->list, t->n * sizeof(*list));
		t->list = list;
		t->cap = cap;
	}
	*ret = (type_id)(t->n + 1);
	t->list[t->n] = *type;
	if (ours)
		t->list[t->n].id = *ret;
	t->n++;
	return true;
}

struct cpp_types *cpp_types_new(struct arena *a, unsigned ptr_bytes)
{
	struct cpp_types *t = NEW(a, struct cpp_types);
	t->source = (struct type_source){ .ops = &ops, .ptr_bytes = ptr_bytes };
	t->a = a;
	for (size_t i = 0; i < CPP_BASES; i++) {
		type_id id;
		struct type b = {
			.source = &t->source, .kind = bases[i].kind, .size = bases[i].size, .name = bases[i].name
		};
		(void)add(t, &b, &id);
	}
	return t;
}

struct type cpp_base_type(const struct cpp_types *t, enum cpp_base b)
{
	return t->list[b];
}

static err_t make(struct cpp_types *t, const struct type *target, struct type *made, struct type *ret)
{
	type_id id;
	made->source = &t->source;
	if (!add(t, target, &made->target) || !add(t, made, &id))
		return fail(E_LIMIT, "too many types in expressions", 0);
	*ret = t->list[id - 1];
	return ok();
}

err_t cpp_pointer_to(struct cpp_types *t, const struct type *to, struct type *ret)
{
	struct type p = { .kind = TYPE_POINTER, .size = t->source.ptr_bytes };
	return make(t, to, &p, ret);
}

err_t cpp_array_of(struct cpp_types *t, const struct type *elem, uint64_t n, struct type *ret)
{
	struct type p = { .kind = TYPE_ARRAY, .count = n };
	if (!mul_ok(elem->size, n, &p.size))
		return fail(E_LIMIT, "an array this large does not exist", n);
	return make(t, elem, &p, ret);
}

static bool is_name(const char *have, const char *name, size_t n)
{
	return strlen(have) == n && !memcmp(have, name, n);
}

static enum cpp_base of_width(const struct cpp_types *t, unsigned base)
{
	bool wide = t->source.ptr_bytes == 8;
	if (base < CPP_BASES)
		return (enum cpp_base)base;
	return base == POINTER ? wide ? CPP_UINT64 : CPP_UINT : wide ? CPP_INT64 : CPP_INT;
}

bool cpp_typedef(const struct cpp_types *t, const char *name, size_t n, struct type *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(typedefs); i++) {
		if (!is_name(typedefs[i].name, name, n))
			continue;
		*ret = t->list[of_width(t, typedefs[i].base)];
		if (ret->kind != TYPE_VOID)
			ret->name = typedefs[i].name;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(pointers); i++)
		if (is_name(pointers[i].name, name, n))
			return !cpp_pointer_to((struct cpp_types *)t, &t->list[pointers[i].base], ret).code;
	return false;
}

// "long" and "int" are told apart by name: nothing else records the difference.
static bool says_long(const char *name)
{
	static const char *const longs[] = { "LONG", "ULONG", "DWORD", "NTSTATUS", "HRESULT" };
	if (!name)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(longs); i++)
		if (str_eq(name, longs[i]))
			return true;
	return strstr(name, "long") != NULL;
}

static enum cpp_base of_size(uint64_t size, bool is_signed, bool is_long)
{
	if (size < 4)
		return CPP_INT;
	if (size == 8)
		return is_signed ? CPP_INT64 : CPP_UINT64;
	return is_signed ? (is_long ? CPP_LONG : CPP_INT) : is_long ? CPP_ULONG : CPP_UINT;
}

bool cpp_base_of(const struct type *t, enum cpp_base *ret)
{
	struct type u;
	switch (t->kind) {
	case TYPE_BOOL:
	case TYPE_CHAR:
	case TYPE_INT:
	case TYPE_UINT:
		*ret = of_size(t->size, value_is_signed(t), says_long(t->name));
		return t->size <= 8;
	case TYPE_HRESULT:
		*ret = CPP_LONG;
		return true;
	case TYPE_ENUM:
	case TYPE_BITFIELD:
		if (!type_target(t, &u) || u.kind == TYPE_BITFIELD || (t->kind == TYPE_ENUM && u.kind == TYPE_ENUM)) {
			*ret = of_size(t->size ? t->size : 4, true, false);
			return t->kind == TYPE_ENUM && t->size <= 8;
		}
		if (t->kind == TYPE_BITFIELD && t->bits < 32 && u.kind != TYPE_ENUM) {
			*ret = CPP_INT; // every value fits
			return u.size <= 8;
		}
		return cpp_base_of(&u, ret);
	case TYPE_FLOAT:
		*ret = t->size == 4 ? CPP_FLOAT : CPP_DOUBLE;
		return true;
	default:
		return false;
	}
}

struct cpp_value cpp_scalar(struct arena *a, const struct type *type, uint64_t number)
{
	uint8_t *raw = NEW_N(a, uint8_t, 8);
	size_t n = (size_t)MIN(type->size, 8u);
	for (size_t i = 0; i < n; i++)
		raw[i] = (uint8_t)(number >> 8 * i);
	return (struct cpp_value){ .v = value_of(type, (struct span){ raw, n }) };
}

struct cpp_value cpp_number(const struct cpp_types *t, struct arena *a, enum cpp_base b, uint64_t number)
{
	struct type type = cpp_base_type(t, b);
	return cpp_scalar(a, &type, number);
}
