// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void reads_inside_and_marks_outside(void **state)
{
	(void)state;
	const uint8_t b[] = { 1, 0, 0, 0, 2 };
	struct rd r = rd_at((struct span){ b, sizeof(b) }, 0);
	assert_int_equal(rd_u32(&r), 1);
	assert_int_equal(rd_done(&r, "x").code, OK);
	assert_int_equal(rd_u32(&r), 0);
	err_t e = rd_done(&r, "x");
	assert_int_equal(e.code, E_CORRUPT);
	assert_int_equal(e.at, 4);
	assert_int_equal(rd_u8(&r), 0); // sticky
}

static void counts_are_checked(void **state)
{
	(void)state;
	const uint8_t b[16] = { 0 };
	struct rd r = rd_at((struct span){ b, sizeof(b) }, 0);
	assert_int_equal(rd_count(&r, 4, 4), 4);
	assert_int_equal(rd_count(&r, UINT64_MAX, 4), 0);
	assert_true(r.bad);
}

static void wildcards(void **state)
{
	(void)state;
	assert_true(str_wild("*", ""));
	assert_true(str_wild("nt*close", "NtClose"));
	assert_true(str_wild("n?close", "NtClose"));
	assert_true(str_wild("a[b-d]e", "ace"));
	assert_false(str_wild("a[b-d]e", "aee"));
	assert_true(str_wild("ab#c", "ac"));
	assert_true(str_wild("ab#c", "abbc"));
	assert_true(str_wild("ab+c", "abbc"));
	assert_false(str_wild("ab+c", "ac"));
	assert_false(str_wild("a", "ab"));
}

static void text_from_files(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 16);
	const uint8_t lone[] = { 0x00, 0xd8, 'a', 0, 0x3d, 0xd8, 0x00, 0xde, 'x' };
	assert_string_equal(utf16_to_utf8(a, (struct span){ lone, sizeof(lone) }), "\xef\xbf\xbd"
										   "a\xf0\x9f\x98\x80");
	assert_string_equal(bytes_to_utf8(a, (struct span){ (const uint8_t *)"\xe9t\xe9", 3 }), "\xc3\xa9t\xc3\xa9");
	struct sb s = sb_new(a);
	for (int i = 0; i < 100; i++)
		sb_printf(&s, "%d,", i);
	assert_int_equal(s.n, 290);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_inside_and_marks_outside),
		cmocka_unit_test(counts_are_checked),
		cmocka_unit_test(wildcards),
		cmocka_unit_test(text_from_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
