// SPDX-License-Identifier: Apache-2.0
// type.c: spellings of types and members by name, over a source made of a table. Spellings are those of public output
// of WinDbg: dt nt!_DRIVER_OBJECT, dt -v, kP.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "type/type.h"

#include <cmocka.h>

enum {
	NONE,
	VOID,
	CHAR,
	UCHAR,
	WCHAR,
	USHORT,
	INT,
	LONG,
	ULONG64,
	DOUBLE,
	BOOL,
	EPROCESS,
	P_EPROCESS,
	PP_EPROCESS,
	P_VOID,
	P_CHAR,
	PP_CHAR,
	A16,
	A2_3,
	A3,
	BITS,
	BIT,
	FN_LONG,
	P_FN_LONG,
	FN_VOID,
	P_FN_VOID,
	FN_PTR,
	P_FN_PTR,
	A28_FN,
	ENUM,
	FOO,
	REF_FOO,
	VSHAPE,
	P_VSHAPE,
	BASE,
	DERIVED,
	LOOP,
	P_LOOP,
	UNNAMED,
	FN_MORE,
	N_TYPES
};
static const struct type table[N_TYPES] = {
	[VOID] = { .kind = TYPE_VOID, .name = "void" },
	[CHAR] = { .kind = TYPE_CHAR, .size = 1, .name = "char" },
	[UCHAR] = { .kind = TYPE_UINT, .size = 1, .name = "unsigned char" },
	[WCHAR] = { .kind = TYPE_CHAR, .size = 2, .name = "wchar_t" },
	[USHORT] = { .kind = TYPE_UINT, .size = 2, .name = "unsigned short" },
	[INT] = { .kind = TYPE_INT, .size = 4, .name = "int" },
	[LONG] = { .kind = TYPE_INT, .size = 4, .name = "long" },
	[ULONG64] = { .kind = TYPE_UINT, .size = 8, .name = "unsigned __int64" },
	[DOUBLE] = { .kind = TYPE_FLOAT, .size = 8, .name = "double" },
	[BOOL] = { .kind = TYPE_BOOL, .size = 1, .name = "bool" },
	[EPROCESS] = { .kind = TYPE_STRUCT, .size = 0x850, .count = 199, .name = "_EPROCESS" },
	[P_EPROCESS] = { .kind = TYPE_POINTER, .size = 8, .target = EPROCESS },
	[PP_EPROCESS] = { .kind = TYPE_POINTER, .size = 8, .target = P_EPROCESS },
	[P_VOID] = { .kind = TYPE_POINTER, .size = 4, .target = VOID },
	[P_CHAR] = { .kind = TYPE_POINTER, .size = 8, .target = CHAR },
	[PP_CHAR] = { .kind = TYPE_POINTER, .size = 8, .target = P_CHAR },
	[A16] = { .kind = TYPE_ARRAY, .size = 16, .count = 16, .target = UCHAR },
	[A3] = { .kind = TYPE_ARRAY, .size = 12, .count = 3, .target = INT },
	[A2_3] = { .kind = TYPE_ARRAY, .size = 24, .count = 2, .target = A3 },
	[BITS] = { .kind = TYPE_BITFIELD, .pos = 3, .bits = 5, .target = INT, .size = 4 },
	[BIT] = { .kind = TYPE_BITFIELD, .pos = 0, .bits = 1, .target = INT, .size = 4 },
	[FN_LONG] = { .kind = TYPE_FUNCTION, .target = LONG, .n_params = 2 },
	[P_FN_LONG] = { .kind = TYPE_POINTER, .size = 8, .target = FN_LONG },
	[FN_VOID] = { .kind = TYPE_FUNCTION, .target = VOID },
	[P_FN_VOID] = { .kind = TYPE_POINTER, .size = 4, .target = FN_VOID },
	[FN_PTR] = { .kind = TYPE_FUNCTION, .target = P_VOID },
	[P_FN_PTR] = { .kind = TYPE_POINTER, .size = 8, .target = FN_PTR },
	[A28_FN] = { .kind = TYPE_ARRAY, .count = 28, .target = P_FN_LONG },
	[ENUM] = { .kind = TYPE_ENUM, .size = 4, .count = 15, .target = INT, .name = "_POOL_TYPE" },
	[FOO] = { .kind = TYPE_CLASS, .size = 24, .count = 2, .name = "Foo<int>" },
	[REF_FOO] = { .kind = TYPE_POINTER, .size = 8, .pointer = POINTER_LREF, .target = FOO },
	[P_VSHAPE] = { .kind = TYPE_POINTER, .size = 8, .target = VSHAPE },
	[BASE] = { .kind = TYPE_STRUCT, .size = 16, .count = 2, .name = "Base" },
	[DERIVED] = { .kind = TYPE_STRUCT, .size = 48, .count = 3, .name = "Derived" },
	[LOOP] = { .kind = TYPE_STRUCT, .size = 8, .count = 3, .name = "Loop" },
	[P_LOOP] = { .kind = TYPE_POINTER, .size = 8, .target = P_LOOP },
	[UNNAMED] = { .kind = TYPE_UNION, .size = 8, .count = 1 },
	[FN_MORE] = { .kind = TYPE_FUNCTION, .target = LONG, .n_params = 1, .variadic = true },
};

static bool get(struct type_source *s, type_id id, struct type *ret)
{
	if (id >= N_TYPES || !table[id].kind)
		return false;
	*ret = table[id];
	ret->source = s;
	ret->id = id;
	return true;
}

struct member_row {
	type_id of;
	struct type_member m;
};
static const struct member_row rows[] = {
	{ BASE, { .kind = MEMBER_DATA, .name = "a", .type = INT, .offset = 0 } },
	{ BASE, { .kind = MEMBER_DATA, .name = "b", .type = INT, .offset = 4 } },
	{ DERIVED, { .kind = MEMBER_BASE, .type = BASE, .offset = 8 } },
	{ DERIVED, { .kind = MEMBER_NESTED, .name = "a", .type = ENUM } },
	{ DERIVED, { .kind = MEMBER_DATA, .name = "", .type = UNNAMED, .offset = 24 } },
	{ DERIVED, { .kind = MEMBER_DATA, .name = "b", .type = LONG, .offset = 32 } },
	{ UNNAMED, { .kind = MEMBER_DATA, .name = "inner", .type = LONG, .offset = 4 } },
	{ LOOP, { .kind = MEMBER_BASE, .type = LOOP } },
	{ LOOP, { .kind = MEMBER_DATA, .name = "", .type = LOOP } },
	{ LOOP, { .kind = MEMBER_DATA, .name = "x", .type = INT } },
};

static void members(struct type_source *s, type_id id, bool (*fn)(void *ctx, const struct type_member *m), void *ctx)
{
	(void)s;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].of == id && !fn(ctx, &rows[i].m))
			return;
}

static bool param(struct type_source *s, type_id function, unsigned i, type_id *ret)
{
	(void)s;
	(void)function;
	*ret = i ? ULONG64 : P_EPROCESS;
	return true;
}

static struct type_source *source(void)
{
	static const struct type_source_ops ops = { .name = "table", .get = get, .members = members, .param = param };
	static struct type_source s = { .ops = &ops, .ptr_bytes = 8 };
	return &s;
}

static void test_texts(void **state)
{
	(void)state;
	static const struct {
		type_id id;
		const char *dt, *full, *c;
	} want[] = {
		{ P_EPROCESS, "Ptr64 _EPROCESS", "Ptr64 to struct _EPROCESS, 199 elements, 0x850 bytes",
		  "struct _EPROCESS *" },
		{ PP_EPROCESS, "Ptr64 Ptr64 _EPROCESS", "Ptr64 to Ptr64 to struct _EPROCESS, 199 elements, 0x850 bytes",
		  "struct _EPROCESS **" },
		{ P_VOID, "Ptr32 Void", "Ptr32 to Void", "void *" },
		{ PP_CHAR, "Ptr64 Ptr64 Char", "Ptr64 to Ptr64 to Char", "char **" },
		{ UCHAR, "UChar", "UChar", "unsigned char" },
		{ WCHAR, "Wchar", "Wchar", "wchar_t" },
		{ USHORT, "Uint2B", "Uint2B", "unsigned short" },
		{ LONG, "Int4B", "Int4B", "long" },
		{ ULONG64, "Uint8B", "Uint8B", "unsigned int64" },
		{ DOUBLE, "Float", "Float", "double" },
		{ BOOL, "Bool", "Bool", "bool" },
		{ A16, "[16] UChar", "[16] UChar", "unsigned char [16]" },
		{ A2_3, "[2] [3] Int4B", "[2] [3] Int4B", "int [2][3]" },
		{ BITS, "Pos 3, 5 Bits", "Bitfield Pos 3, 5 Bits", "int" },
		{ BIT, "Pos 0, 1 Bit", "Bitfield Pos 0, 1 Bit", "int" },
		{ P_FN_LONG, "Ptr64     long ", "Ptr64 to     long ", "<function> *" },
		{ P_FN_VOID, "Ptr32     void ", "Ptr32 to     void ", "<function> *" },
		{ P_FN_PTR, "Ptr64     void* ", "Ptr64 to     void* ", "<function> *" },
		{ A28_FN, "[28] Ptr64     long ", "[28] Ptr64 to     long ", "<function> * [28]" },
		{ ENUM, "_POOL_TYPE", "Enum _POOL_TYPE,  15 total enums", "enum _POOL_TYPE" },
		{ REF_FOO, "Ptr64 Foo<int>", "Ptr64 to class Foo<int>, 2 elements, 0x18 bytes", "class Foo<int> &" },
		{ P_VSHAPE, "Ptr64 ", "Ptr64 to ", "void *" },
	};
	struct arena *a = arena_new(1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		struct type t;
		assert_true(type_get(source(), want[i].id, &t));
		assert_string_equal(type_dt_text(a, &t), want[i].dt);
		assert_string_equal(type_dt_long_text(a, &t), want[i].full);
		assert_string_equal(type_c_text(a, &t, NULL), want[i].c);
	}
	struct type t;
	assert_true(type_get(source(), P_EPROCESS, &t));
	assert_string_equal(type_c_text(a, &t, "Process"), "struct _EPROCESS * Process");
	assert_true(type_get(source(), FN_LONG, &t));
	assert_string_equal(type_params_text(a, &t), "(struct _EPROCESS *, unsigned int64)");
	assert_true(type_get(source(), FN_VOID, &t));
	assert_string_equal(type_params_text(a, &t), "(void)");
	assert_true(type_get(source(), FN_MORE, &t));
	assert_string_equal(type_params_text(a, &t), "(struct _EPROCESS *, ...)");
	arena_free(a);
}

static void test_endless(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 20);
	struct type t;
	struct type_member m;
	assert_true(type_get(source(), P_LOOP, &t));
	assert_non_null(strstr(type_dt_text(a, &t), "..."));
	assert_non_null(strstr(type_c_text(a, &t, NULL), "..."));
	assert_true(type_get(source(), LOOP, &t));
	assert_false(type_member_named(&t, "missing", &m)); // ends, although it contains itself twice
	assert_true(type_member_named(&t, "x", &m));
	arena_free(a);
}

static void test_members(void **state)
{
	(void)state;
	struct type t;
	struct type_member m;
	assert_true(type_get(source(), DERIVED, &t));
	assert_true(type_member_named(&t, "b", &m)); // its own before that of the base class
	assert_int_equal(m.offset, 32);
	assert_true(type_member_named(&t, "a", &m)); // the nested type of that name is no member
	assert_int_equal(m.offset, 8);
	assert_int_equal(m.type, INT);
	assert_true(type_member_named(&t, "inner", &m));
	assert_int_equal(m.offset, 28);
	assert_false(type_member_named(&t, "c", &m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_members),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
