// SPDX-License-Identifier: Apache-2.0
// cpp_fake.h: a made-up target for C++ expressions: types of a table, a few variables, registers, and memory that is
// one range. Include it in one file of a program only.
#pragma once
#include <string.h>

#include "../unit/dump_bytes.h"
#include "expr/cpp.h"

enum fake_type {
	F_NONE,
	F_INT,
	F_UINT,
	F_ULONG,
	F_INT64,
	F_UINT64,
	F_CHAR,
	F_UCHAR,
	F_WCHAR,
	F_BOOL,
	F_FLOAT,
	F_DOUBLE,
	F_VOID,
	F_P_INT,
	F_P_VOID,
	F_P_WCHAR,
	F_A9_UCHAR,
	F_A4_INT,
	F_BITS3,
	F_BITS_SIGNED,
	F_ENUM,
	F_LAYOUT,
	F_ARRAY,
	F_NODE,
	F_P_NODE,
	F_REF_NODE,
	F_UNION,
	F_FN,
	F_P_FN,
	F_FORWARD,
	F_P_FORWARD,
	F_TYPES
};
static const struct type fake_types[F_TYPES] = {
	[F_INT] = { .kind = TYPE_INT, .size = 4, .name = "int" },
	[F_UINT] = { .kind = TYPE_UINT, .size = 4, .name = "unsigned int" },
	[F_ULONG] = { .kind = TYPE_UINT, .size = 4, .name = "unsigned long" },
	[F_INT64] = { .kind = TYPE_INT, .size = 8, .name = "__int64" },
	[F_UINT64] = { .kind = TYPE_UINT, .size = 8, .name = "unsigned __int64" },
	[F_CHAR] = { .kind = TYPE_CHAR, .size = 1, .name = "char" },
	[F_UCHAR] = { .kind = TYPE_UINT, .size = 1, .name = "unsigned char" },
	[F_WCHAR] = { .kind = TYPE_CHAR, .size = 2, .name = "wchar_t" },
	[F_BOOL] = { .kind = TYPE_BOOL, .size = 1, .name = "bool" },
	[F_FLOAT] = { .kind = TYPE_FLOAT, .size = 4, .name = "float" },
	[F_DOUBLE] = { .kind = TYPE_FLOAT, .size = 8, .name = "double" },
	[F_VOID] = { .kind = TYPE_VOID, .name = "void" },
	[F_P_INT] = { .kind = TYPE_POINTER, .size = 8, .target = F_INT },
	[F_P_VOID] = { .kind = TYPE_POINTER, .size = 8, .target = F_VOID },
	[F_P_WCHAR] = { .kind = TYPE_POINTER, .size = 8, .target = F_WCHAR },
	[F_A9_UCHAR] = { .kind = TYPE_ARRAY, .size = 9, .count = 9, .target = F_UCHAR },
	[F_A4_INT] = { .kind = TYPE_ARRAY, .size = 16, .count = 4, .target = F_INT },
	[F_BITS3] = { .kind = TYPE_BITFIELD, .pos = 2, .bits = 3, .target = F_UINT },
	[F_BITS_SIGNED] = { .kind = TYPE_BITFIELD, .pos = 5, .bits = 4, .target = F_INT },
	[F_ENUM] = { .kind = TYPE_ENUM, .size = 4, .count = 2, .target = F_INT, .name = "TestEnum" },
	[F_LAYOUT] = { .kind = TYPE_STRUCT, .size = 24, .name = "Layout" },
	[F_ARRAY] = { .kind = TYPE_CLASS, .size = 16, .name = "std::array<int,4>" },
	[F_NODE] = { .kind = TYPE_STRUCT, .size = 48, .name = "_NODE" },
	[F_P_NODE] = { .kind = TYPE_POINTER, .size = 8, .target = F_NODE },
	[F_REF_NODE] = { .kind = TYPE_POINTER, .size = 8, .target = F_NODE, .pointer = POINTER_LREF },
	[F_UNION] = { .kind = TYPE_UNION, .size = 8, .name = "_NODE::<unnamed-tag>" },
	[F_FN] = { .kind = TYPE_FUNCTION, .target = F_INT },
	[F_P_FN] = { .kind = TYPE_POINTER, .size = 8, .target = F_FN },
	[F_FORWARD] = { .kind = TYPE_STRUCT, .name = "Opaque", .forward = true },
	[F_P_FORWARD] = { .kind = TYPE_POINTER, .size = 8, .target = F_FORWARD },
};
struct fake_member {
	type_id of;
	struct type_member m;
};
static const struct fake_member fake_members[] = {
	{ F_ENUM, { .kind = MEMBER_ENUMERATOR, .name = "ENUM_POS", .value = 2147000000 } },
	{ F_ENUM, { .kind = MEMBER_ENUMERATOR, .name = "ENUM_NEG", .value = -2147000000 } },
	{ F_LAYOUT, { .kind = MEMBER_DATA, .name = "size", .type = F_UINT64, .offset = 0 } },
	{ F_LAYOUT, { .kind = MEMBER_DATA, .name = "alignment", .type = F_UINT64, .offset = 8 } },
	{ F_LAYOUT, { .kind = MEMBER_DATA, .name = "id_offset", .type = F_UINT64, .offset = 16 } },
	{ F_ARRAY, { .kind = MEMBER_DATA, .name = "_Elems", .type = F_A4_INT, .offset = 0 } },
	{ F_NODE, { .kind = MEMBER_BASE, .type = F_LAYOUT, .offset = 0 } },
	{ F_NODE, { .kind = MEMBER_DATA, .name = "next", .type = F_P_NODE, .offset = 24 } },
	{ F_NODE, { .kind = MEMBER_DATA, .name = "", .type = F_UNION, .offset = 32 } },
	{ F_NODE, { .kind = MEMBER_DATA, .name = "low", .type = F_BITS3, .offset = 40 } },
	{ F_NODE, { .kind = MEMBER_DATA, .name = "sign", .type = F_BITS_SIGNED, .offset = 40 } },
	{ F_NODE, { .kind = MEMBER_METHOD, .name = "speak", .type = F_FN } },
	{ F_NODE, { .kind = MEMBER_STATIC, .name = "count", .type = F_INT } },
	{ F_UNION, { .kind = MEMBER_DATA, .name = "number", .type = F_INT64, .offset = 0 } },
	{ F_UNION, { .kind = MEMBER_DATA, .name = "elements", .type = F_A4_INT, .offset = 0 } },
	{ F_UNION, { .kind = MEMBER_DATA, .name = "text", .type = F_P_WCHAR, .offset = 0 } },
};

enum { FAKE_BASE = 0x10000, FAKE_SIZE = 0x200 };
struct fake_variable {
	const char *name;
	type_id type;
	unsigned at; // from FAKE_BASE
};
static const struct fake_variable fake_variables[] = {
	{ "offset", F_INT, 0 },          { "count", F_UINT64, 8 },        { "values", F_ARRAY, 0x10 },
	{ "storage", F_A9_UCHAR, 0x20 }, { "consumer", F_LAYOUT, 0x30 },  { "node", F_NODE, 0x50 },
	{ "app!node", F_NODE, 0x50 },    { "observer", F_P_NODE, 0x80 },  { "exact", F_REF_NODE, 0x80 },
	{ "f", F_FLOAT, 0x88 },          { "d", F_DOUBLE, 0x90 },         { "state", F_ENUM, 0x98 },
	{ "speak", F_FN, 0xa0 },         { "_NODE::count", F_INT, 0xa8 }, { "opaque", F_P_FORWARD, 0x80 },
	{ "gone", F_INT, 0x1000 },       { "matrix", F_A4_INT, 0x10 },    { "callback", F_P_FN, 0x80 },
	{ "raw", F_P_VOID, 0x80 },       { "flag", F_BOOL, 0x98 },        { "letter", F_CHAR, 0x20 },
};

static bool fake_get(struct type_source *s, type_id id, struct type *ret)
{
	if (id >= F_TYPES || !fake_types[id].kind)
		return false;
	*ret = fake_types[id];
	ret->source = s;
	ret->id = id;
	return true;
}

static bool fake_find_type(struct type_source *s, const char *name, struct type *ret)
{
	for (type_id i = 1; i < F_TYPES; i++)
		if (fake_types[i].name && type_is_udt(&fake_types[i]) && str_ieq(fake_types[i].name, name))
			return fake_get(s, i, ret);
	return str_eq(name, "TestEnum") && fake_get(s, F_ENUM, ret);
}

static void fake_each_member(struct type_source *s, type_id id, bool (*fn)(void *ctx, const struct type_member *m),
			     void *ctx)
{
	(void)s;
	for (size_t i = 0; i < ARRAY_LEN(fake_members); i++)
		if (fake_members[i].of == id && !fn(ctx, &fake_members[i].m))
			return;
}

static struct type_source *fake_source(void)
{
	static const struct type_source_ops ops = {
		.name = "table", .get = fake_get, .find = fake_find_type, .members = fake_each_member
	};
	static struct type_source s = { .ops = &ops, .ptr_bytes = 8 };
	return &s;
}

struct fake { // a target and an evaluation over it
	struct arena *a;
	struct value_env env;
	struct cpp_scope scope;
	uint64_t t[20];
};

static bool fake_reg(void *ctx, const char *name, struct cpp_value *ret, err_t *err)
{
	struct fake *f = ctx;
	if (str_ieq(name, "cr3")) // known, but not in this dump
		*err = fail(E_ABSENT, "not in this dump", 0);
	*ret = cpp_number(f->scope.types, f->a, f->scope.ptr_bytes == 4 ? CPP_UINT : CPP_UINT64, FAKE_BASE);
	return str_ieq(name, "cr3") || str_ieq(name, "rsp");
}

static bool fake_pseudo_value(void *ctx, const char *name, struct cpp_value *ret, err_t *err)
{
	struct fake *f = ctx;
	(void)err;
	if (name[0] != 't' || name[1] < '0' || name[1] > '9' || name[2])
		return false;
	*ret = cpp_number(f->scope.types, f->a, CPP_UINT64, f->t[name[1] - '0']);
	ret->pseudo = (unsigned)(name[1] - '0') + 1;
	return true;
}

static bool fake_name(void *ctx, const char *name, struct cpp_value *ret, err_t *err)
{
	struct type t;
	(void)ctx, (void)err;
	for (size_t i = 0; i < ARRAY_LEN(fake_variables); i++) {
		if (!str_eq(fake_variables[i].name, name))
			continue;
		if (!fake_get(fake_source(), fake_variables[i].type, &t))
			return false;
		ret->v = value_at(&t, FAKE_BASE + fake_variables[i].at);
		return true;
	}
	return false;
}

static bool fake_type_named(void *ctx, const char *name, struct type *ret, err_t *err)
{
	(void)ctx, (void)err;
	return fake_find_type(fake_source(), str_starts(name, "app!") ? name + 4 : name, ret);
}

static bool fake_is_local(void *ctx, const char *name)
{
	(void)ctx;
	return str_eq(name, "node");
}

// A number alone, in hex: what the MASM evaluator makes of more is tested elsewhere.
static bool fake_masm(void *ctx, const char *text, size_t n, unsigned depth, uint64_t *ret, err_t *err)
{
	(void)ctx, (void)depth, (void)err;
	*ret = 0;
	for (size_t i = 0; i < n; i++) {
		const char *digits = "0123456789abcdef", *at = strchr(digits, text[i]);
		if (!at || !text[i])
			return false;
		*ret = *ret * 16 + (uint64_t)(at - digits);
	}
	return n != 0;
}

static void fake_assign(void *ctx, unsigned n, uint64_t value)
{
	struct fake *f = ctx;
	f->t[n] = value;
}

// Memory: the variables with numbers that tests rely on.
static struct space *fake_space(struct arena *a)
{
	static struct bytes b;
	uint8_t m[FAKE_SIZE] = { 0 };
	static const struct {
		unsigned at;
		uint64_t v;
	} words[] = { { 0, 0xffffffff },
		      { 8, 3 },
		      { 0x10, 0x140000000au },
		      { 0x18, 0x280000001eu },
		      { 0x20, 0x686c6c6f },
		      { 0x30, 16 },
		      { 0x38, 8 },
		      { 0x40, 8 },
		      { 0x50, 12 },
		      { 0x58, 1 },
		      { 0x60, 4 },
		      { 0x68, FAKE_BASE + 0x50 },
		      { 0x70, 0x200000001u },
		      { 0x78, 0x1f4 },
		      { 0x80, FAKE_BASE + 0x50 },
		      { 0x88, 0x4048f5c3 },
		      { 0x90, 0x3ff8000000000000 },
		      { 0x98, 0x80072ec0 },
		      { 0xa8, 42 } };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		for (unsigned k = 0; k < 8; k++)
			m[words[i].at + k] = (uint8_t)(words[i].v >> 8 * k);
	struct dump *d = NULL;
	begin(&b, 2);
	put_system(&b, 9);
	size_t from = b.n;
	put64(&b, 1);
	put64(&b, b.n + 8 + 16);
	put64(&b, FAKE_BASE);
	put64(&b, FAKE_SIZE);
	stream(&b, 9, from);
	for (size_t i = 0; i < FAKE_SIZE; i++)
		put(&b, m[i], 1);
	return dump_open(a, "x.dmp", all(&b), &d).code ? NULL : space_new(a, d);
}

// The fake must not move afterwards.
static void fake_begin(struct fake *f, struct arena *a, const struct space *space, unsigned ptr_bytes)
{
	*f = (struct fake){ .a = a, .env = { .a = a, .space = space }, .t = { 0, 1, 2 } };
	f->scope = (struct cpp_scope){ .ctx = f,
				       .env = &f->env,
				       .types = cpp_types_new(a, ptr_bytes),
				       .ptr_bytes = ptr_bytes,
				       .reg = fake_reg,
				       .pseudo = fake_pseudo_value,
				       .name = fake_name,
				       .type = fake_type_named,
				       .is_local = fake_is_local,
				       .masm = fake_masm,
				       .assign = fake_assign };
}
