// SPDX-License-Identifier: Apache-2.0
// value.c: values as dt writes them, over types made of a table. Expected texts are those of recorded dt output of
// WinDbg (_POOL_HEADER, _DRIVER_OBJECT, _PNP_WATCHDOG, RTL_CRITICAL_SECTION, a 32-bit _PEB, rpcss, Windows UI), but
// where a comment says otherwise.
#include "value/value.h"
#include "dump_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum {
	NONE,
	VOID,
	CHAR,
	UCHAR,
	WCHAR,
	USHORT,
	LONG,
	ULONG,
	LONGLONG,
	ULONG64,
	FLOAT4,
	FLOAT8,
	BOOL,
	P_VOID,
	P_CHAR,
	P_WCHAR,
	P_ULONG,
	P_P_VOID,
	P_LONG,
	FN_LONG,
	P_FN,
	A28_FN,
	A3_P,
	A15,
	A1_W,
	A2_ULONG,
	BIT,
	BITS3,
	BITS6,
	BITS8,
	BITS60,
	ENUM,
	EPROCESS,
	P_EPROCESS,
	LIST,
	P_LIST,
	USTR,
	P_USTR,
	LARGE,
	GUID,
	OUTER,
	P_OUTER,
	A4_OUTER,
	N_TYPES
};
static const struct type table[N_TYPES] = {
	[VOID] = { .kind = TYPE_VOID, .name = "void" },
	[CHAR] = { .kind = TYPE_CHAR, .size = 1, .name = "char" },
	[UCHAR] = { .kind = TYPE_UINT, .size = 1, .name = "unsigned char" },
	[WCHAR] = { .kind = TYPE_CHAR, .size = 2, .name = "wchar_t" },
	[USHORT] = { .kind = TYPE_UINT, .size = 2, .name = "unsigned short" },
	[LONG] = { .kind = TYPE_INT, .size = 4, .name = "long" },
	[ULONG] = { .kind = TYPE_UINT, .size = 4, .name = "unsigned long" },
	[LONGLONG] = { .kind = TYPE_INT, .size = 8, .name = "__int64" },
	[ULONG64] = { .kind = TYPE_UINT, .size = 8, .name = "unsigned __int64" },
	[FLOAT4] = { .kind = TYPE_FLOAT, .size = 4, .name = "float" },
	[FLOAT8] = { .kind = TYPE_FLOAT, .size = 8, .name = "double" },
	[BOOL] = { .kind = TYPE_BOOL, .size = 1, .name = "bool" },
	[P_VOID] = { .kind = TYPE_POINTER, .size = 8, .target = VOID },
	[P_CHAR] = { .kind = TYPE_POINTER, .size = 8, .target = CHAR },
	[P_WCHAR] = { .kind = TYPE_POINTER, .size = 8, .target = WCHAR },
	[P_ULONG] = { .kind = TYPE_POINTER, .size = 8, .target = ULONG },
	[P_P_VOID] = { .kind = TYPE_POINTER, .size = 8, .target = P_VOID },
	[P_LONG] = { .kind = TYPE_POINTER, .size = 4, .target = LONG },
	[FN_LONG] = { .kind = TYPE_FUNCTION, .target = LONG },
	[P_FN] = { .kind = TYPE_POINTER, .size = 8, .target = FN_LONG },
	[A28_FN] = { .kind = TYPE_ARRAY, .size = 224, .count = 28, .target = P_FN },
	[A3_P] = { .kind = TYPE_ARRAY, .size = 24, .count = 3, .target = P_VOID },
	[A15] = { .kind = TYPE_ARRAY, .size = 15, .count = 15, .target = UCHAR },
	[A1_W] = { .kind = TYPE_ARRAY, .size = 2, .count = 1, .target = WCHAR },
	[A2_ULONG] = { .kind = TYPE_ARRAY, .size = 8, .count = 2, .target = ULONG },
	[BIT] = { .kind = TYPE_BITFIELD, .pos = 3, .bits = 1, .target = UCHAR },
	[BITS3] = { .kind = TYPE_BITFIELD, .pos = 5, .bits = 3, .target = UCHAR },
	[BITS6] = { .kind = TYPE_BITFIELD, .pos = 2, .bits = 6, .target = UCHAR },
	[BITS8] = { .kind = TYPE_BITFIELD, .pos = 8, .bits = 8, .target = USHORT },
	[BITS60] = { .kind = TYPE_BITFIELD, .pos = 4, .bits = 60, .target = ULONG64 },
	[ENUM] = { .kind = TYPE_ENUM, .size = 4, .count = 3, .target = LONG, .name = "_ENUM" },
	[EPROCESS] = { .kind = TYPE_STRUCT, .size = 0x850, .name = "_EPROCESS" },
	[P_EPROCESS] = { .kind = TYPE_POINTER, .size = 8, .target = EPROCESS },
	[LIST] = { .kind = TYPE_STRUCT, .size = 16, .name = "_LIST_ENTRY" },
	[P_LIST] = { .kind = TYPE_POINTER, .size = 8, .target = LIST },
	[USTR] = { .kind = TYPE_STRUCT, .size = 16, .name = "_UNICODE_STRING" },
	[P_USTR] = { .kind = TYPE_POINTER, .size = 8, .target = USTR },
	[LARGE] = { .kind = TYPE_UNION, .size = 8, .name = "_LARGE_INTEGER" },
	[GUID] = { .kind = TYPE_STRUCT, .size = 16, .name = "_GUID" },
	[OUTER] = { .kind = TYPE_STRUCT, .size = 32, .name = "Outer" },
	[P_OUTER] = { .kind = TYPE_POINTER, .size = 8, .target = OUTER },
	[A4_OUTER] = { .kind = TYPE_ARRAY, .size = 128, .count = 4, .target = OUTER },
};

struct member_row {
	type_id of;
	struct type_member m;
};
static const struct member_row rows[] = {
	{ ENUM, { .kind = MEMBER_ENUMERATOR, .name = "HeapLockPaged", .value = 0 } },
	{ ENUM, { .kind = MEMBER_ENUMERATOR, .name = "UIElement_PointerMoved", .value = 11 } },
	{ ENUM, { .kind = MEMBER_ENUMERATOR, .name = "Minus", .value = -1 } },
	{ LIST, { .kind = MEMBER_DATA, .name = "Flink", .type = P_LIST, .offset = 0 } },
	{ LIST, { .kind = MEMBER_DATA, .name = "Blink", .type = P_LIST, .offset = 8 } },
	{ USTR, { .kind = MEMBER_DATA, .name = "Length", .type = USHORT, .offset = 0 } },
	{ USTR, { .kind = MEMBER_DATA, .name = "MaximumLength", .type = USHORT, .offset = 2 } },
	{ USTR, { .kind = MEMBER_DATA, .name = "Buffer", .type = P_WCHAR, .offset = 8 } },
	{ LARGE, { .kind = MEMBER_DATA, .name = "QuadPart", .type = LONGLONG, .offset = 0 } },
	{ OUTER, { .kind = MEMBER_DATA, .name = "list", .type = LIST, .offset = 8 } },
	{ OUTER, { .kind = MEMBER_DATA, .name = "up", .type = P_OUTER, .offset = 24 } },
	{ OUTER, { .kind = MEMBER_DATA, .name = "n", .type = A2_ULONG, .offset = 0 } },
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

static void members(struct type_source *s, type_id id, bool (*fn)(void *ctx, const struct type_member *m), void *ctx)
{
	(void)s;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].of == id && !fn(ctx, &rows[i].m))
			return;
}

static struct type type_of(type_id id)
{
	static const struct type_source_ops ops = { .name = "table", .get = get, .members = members };
	static struct type_source s = { .ops = &ops, .ptr_bytes = 8 };
	struct type t;
	assert_true(type_get(&s, id, &t));
	return t;
}

// ---- memory: one range
enum { BASE = 0x10000 };
static struct bytes b;

static struct value_env env_of(struct arena *a, const uint8_t *p, size_t n)
{
	struct dump *d = NULL;
	begin(&b, 2);
	put_system(&b, 9);
	size_t from = b.n;
	put64(&b, 1);
	put64(&b, b.n + 8 + 16);
	put64(&b, BASE);
	put64(&b, n);
	stream(&b, 9, from);
	for (size_t i = 0; i < n; i++)
		put(&b, p[i], 1);
	assert_int_equal(dump_open(a, "x.dmp", all(&b), &d).code, OK);
	return (struct value_env){ .a = a, .space = space_new(a, d) };
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		type_id id;
		uint64_t raw;
		const char *want;
	} cases[] = {
		{ LONG, 0xfffffffa, "0n-6" },
		{ LONG, 1, "0n1" },
		{ ULONG64, 0x20007d0, "0x20007d0" },
		{ ULONG64, 0x174e7ad64, "0x00000001`74e7ad64" },
		{ ULONG, 2, "2" },
		{ ULONG, 0x7000, "0x7000" },
		{ ULONG, 10, "0xa" },
		{ USHORT, 0x4141, "0x4141" },
		{ LONGLONG, (uint64_t)-25920000000000, "0n-25920000000000" },
		{ UCHAR, 0, "0 ''" },
		{ UCHAR, 1, "0x1 ''" },
		{ UCHAR, 8, "0x8 ''" },
		{ UCHAR, 'A', "0x41 'A'" },
		{ CHAR, 'w', "119 'w'" },
		{ CHAR, ' ', "32 ' '" },
		{ CHAR, 0xf8, "-8 ''" },
		{ CHAR, 0, "0 ''" },
		{ BIT, 0x8, "0y1" },
		{ BIT, 0x4, "0y0" },
		{ BITS3, 0x08, "0y000" },
		{ BITS3, 0x40, "0y010" },
		{ BITS6, 0x03, "0y000000 (0)" },
		{ BITS8, 0x4100, "0y01000001 (0x41)" },
		{ BITS60, 0xfffff6840d337290,
		  "0y111111111111111111110110100001000000110100110011011100101001 (0xfffff6840d33729)" },
		{ ENUM, 0, "0 ( HeapLockPaged )" },
		{ ENUM, 11, "b ( UIElement_PointerMoved )" },
		{ ENUM, 0xffffffff, "ffffffff ( Minus )" }, // ours: the same number in hex
		{ ENUM, 5, "0n5 (No matching enumerant)" }, // as arguments of frames show it
		{ BOOL, 1, "1" },                           // ours
		{ FLOAT4, 0x3fc00000, "1.5" },              // ours, as the next
		{ FLOAT8, 0x3fb999999999999a, "0.1" },
		{ P_VOID, 0, "(null) " },
		{ P_VOID, 0x2aa0, "0x00000000`00002aa0 Void" },
		{ P_EPROCESS, 0x4141414141414141, "0x41414141`41414141 _EPROCESS" },
		{ P_FN, 0xfffff8021134bb10, "0xfffff802`1134bb10     long  +fffff8021134bb10" },
		{ A28_FN, 0xaff000, "[28] 0x00000000`00aff000     long  +aff000" },
		{ P_LONG, 0x905a4d, "0x00905a4d  -> ??" },
		{ A1_W, 'B', "[1]  \"B\"" },
		{ LARGE, 0xffffe86d079b8000, "_LARGE_INTEGER 0xffffe86d`079b8000" },
		{ LARGE, 0x1d4c58, "_LARGE_INTEGER 0x1d4c58" },
		{ LARGE, 0, "_LARGE_INTEGER 0x0" },
		{ EPROCESS, 0, "_EPROCESS" },
	};
	struct arena *a = arena_new(1 << 22);
	struct value_env e = { .a = a };
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t raw[8];
		struct type t = type_of(cases[i].id);
		for (unsigned k = 0; k < 8; k++)
			raw[k] = (uint8_t)(cases[i].raw >> (8 * k));
		struct value v = value_of(&t, (struct span){ raw, sizeof(raw) });
		assert_string_equal(value_text(&e, &v, 0), cases[i].want);
	}
	arena_free(a);
}

static void put_u64(uint8_t *p, uint64_t v)
{
	for (unsigned k = 0; k < 8; k++)
		p[k] = (uint8_t)(v >> (8 * k));
}

static void test_memory(void **state)
{
	(void)state;
	uint8_t m[0x200] = { 0 };
	static const uint8_t guid[16] = { 1, 0xdc, 0, 0, 4, 3, 0, 0, 0x90, 0x5a, 0x1b, 0, 0xff, 0xec, 0x56, 0x39 };
	static const char name[] = "BasicDrv";
	put_u64(m, 0xffff8004d2e7d180); // _LIST_ENTRY
	put_u64(m + 8, 0xffff8004d5773180);
	put_u64(m + 0x10, 0x0012001000120010); // _UNICODE_STRING
	put_u64(m + 0x18, BASE + 0x40);
	memcpy(m + 0x20, guid, sizeof(guid));
	memcpy(m + 0x30, "System", 6);
	for (size_t i = 0; name[i]; i++)
		m[0x40 + 2 * i] = (uint8_t)name[i];
	put_u64(m + 0x60, BASE + 0x10); // -> the string
	put_u64(m + 0x68, BASE + 0x40); // -> the text
	put_u64(m + 0x70, BASE + 0x80); // -> a pointer
	put_u64(m + 0x80, 0x490000);
	put_u64(m + 0x88, 0xdead0000); // _UNICODE_STRING without its buffer
	put_u64(m + 0x90, 0x10);
	put_u64(m + 0x98, 0xdead0000);
	static const struct {
		type_id id;
		unsigned at;
		const char *want;
	} cases[] = {
		{ LIST, 0, "_LIST_ENTRY [ 0xffff8004`d2e7d180 - 0xffff8004`d5773180 ]" },
		{ USTR, 0x10, "_UNICODE_STRING \"BasicDrv\"" },
		{ P_USTR, 0x60, "0x00000000`00010010 _UNICODE_STRING \"BasicDrv\"" },
		{ P_WCHAR, 0x68, "0x00000000`00010040  \"BasicDrv\"" },
		{ GUID, 0x20, "_GUID {0000dc01-0304-0000-905a-1b00ffec5639}" },
		{ A15, 0x30, "[15]  \"System\"" },
		{ P_P_VOID, 0x70, "0x00000000`00010080  -> 0x00000000`00490000 Void" },
		{ P_P_VOID, 0x60, "0x00000000`00010010  -> 0x00120010`00120010 Void" },
		{ P_LIST, 0x88, "0x00000000`dead0000 _LIST_ENTRY" },
		{ P_CHAR, 0x88, "0x00000000`dead0000  \"--- memory read error at address 0x00000000`dead0000 ---\"" },
		{ USTR, 0x90, "_UNICODE_STRING \"--- memory read error at address 0x00000000`dead0000 ---\"" },
		{ A2_ULONG, 0x80, "[2] 0x490000" },
		{ P_VOID, 0x1000, "???? " },
		{ ULONG, 0x1000, "??" },
		{ UCHAR, 0x1000, "??" },
		{ A3_P, 0x1000, "[3] ???? " },
		{ LIST, 0x1000, "_LIST_ENTRY" },
	};
	struct arena *a = arena_new(1 << 22);
	struct value_env e = env_of(a, m, sizeof(m));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct type t = type_of(cases[i].id);
		struct value v = value_at(&t, BASE + cases[i].at);
		e.unreadable = false;
		assert_string_equal(value_text(&e, &v, 0), cases[i].want);
		// What only stands behind a pointer, or in a struct, is no hole of this object.
		assert_int_equal(e.unreadable, cases[i].at == 0x1000 && cases[i].id != LIST);
	}
	arena_free(a);
}

static void test_parts(void **state)
{
	(void)state;
	uint8_t m[0x100] = { 0 };
	struct arena *a = arena_new(1 << 22);
	put_u64(m + 0x20 + 24, BASE + 0x40); // [1].up -> [2]
	m[0x40 + 4] = 7;                     // [2].n[1]
	struct value_env e = env_of(a, m, sizeof(m));
	struct type t = type_of(A4_OUTER);
	struct value v = value_at(&t, BASE), f;
	uint64_t u;
	assert_true(value_path(&e, &v, "[1].up.n[1]", &f));
	assert_true(value_uint(&e, &f, &u));
	assert_int_equal(u, 7);
	assert_int_equal(f.va, BASE + 0x44);
	assert_false(value_path(&e, &v, "[4]", &f));
	assert_false(value_path(&e, &v, "[1].none", &f));
	assert_false(value_path(&e, &v, "[1].up.n[2]", &f));
	assert_false(value_path(&e, &v, "[1]..up", &f));
	assert_false(value_path(&e, &v, "[x]", &f));
	assert_false(value_path(&e, &v, "[2].up.n[1]", &f)); // a null pointer
	v = value_none(&t);
	assert_true(value_path(&e, &v, "[1].up.list", &f)); // types lead on without an object
	assert_string_equal(value_text(&e, &f, 0), "_LIST_ENTRY");
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_parts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
