// SPDX-License-Identifier: Apache-2.0
// store_source.c: which tail of a recorded path is taken, and lines of hostile files.
#include "base/limits.h"
#include "store/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include <cmocka.h>

static struct arena *a;
static char root[] = "/tmp/ds-source-XXXXXX";

static const char *at(const char *name)
{
	return path_join(a, root, name);
}

static void put(const char *name, const char *text, size_t n)
{
	FILE *f = fopen(at(name), "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static int setup(void **state)
{
	(void)state;
	a = arena_new(64 << 20);
	if (!mkdtemp(root))
		return -1;
	static const char *const folders[] = { "one", "two", "two/Src", "two/Src/Deep", "two/.hidden" };
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		mkdir(at(folders[i]), 0777);
	put("one/main.c", "one\n", 4);
	put("two/Src/Deep/Main.C", "two\n", 4);
	put("two/.hidden/key.c", "secret\n", 7);
	put("two/Src/noending", "secret\n", 7);
	put("outside.c", "outside\n", 8);
	return symlink(at("outside.c"), at("one/link.c"));
}

static int teardown(void **state)
{
	(void)state;
	static const char *const all[] = {
		"one/link.c", "one/main.c", "two/Src/Deep/Main.C", "two/.hidden/key.c", "two/Src/noending",
		"outside.c",  "text",       "two/Src/Deep",        "two/Src",           "two/.hidden",
		"two",        "one"
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		(void)remove(at(all[i]));
	(void)rmdir(root);
	arena_free(a);
	return 0;
}

// The path behind the root; NULL: not found.
static const char *found(const char *folders, const char *name, bool by_user)
{
	struct source_search s = { .folders = folders, .by_user = by_user };
	const char *path;
	if (source_find(a, &s, name, &path).code)
		return NULL;
	return str_starts(path, root) ? path + strlen(root) + 1 : path;
}

static void tails(void **state)
{
	(void)state;
	const char *both = arena_printf(a, " %s ;srv*; \"%s\" ", at("one"), at("two"));
	assert_string_equal(found(both, "c:\\work\\src\\deep\\main.c", false), "two/Src/Deep/Main.C");
	assert_string_equal(found(both, "x\\deeper/main.c", false), "one/main.c");
	assert_string_equal(found(both, "MAIN.C", false), "one/main.c");
	assert_string_equal(found(both, "..\\x\\link.c", false), "one/link.c");
	assert_null(found(both, "..\\outside.c", false));
	assert_null(found(both, "deep\\..\\..\\outside.c", false));
	assert_null(found(both, "/one/..", false));
	assert_null(found(both, "", false));
	assert_null(found(both, "Src", false)); // a folder
	assert_null(found("", "main.c", false));
	assert_null(found(NULL, "main.c", false));
}

static void as_recorded(void **state)
{
	(void)state;
	assert_string_equal(found(NULL, at("one/main.c"), false), "one/main.c");
	assert_string_equal(found(NULL, at("two/./Src/../../one/main.c"), false), "two/./Src/../../one/main.c");
	assert_null(found(NULL, at("two/.hidden/key.c"), false));
	assert_null(found(NULL, at("two/Src/noending"), false));
	assert_string_equal(found(NULL, at("two/Src/noending"), true), "two/Src/noending");
}

static void long_paths(void **state)
{
	(void)state;
	struct sb path = sb_new(a), folders = sb_new(a);
	for (size_t i = 0; i < 1000; i++) {
		sb_add(&path, "part\\");
		sb_printf(&folders, "%s/%zu;", root, i);
	}
	sb_add(&path, "main.c");
	assert_string_equal(found(at("one"), sb_str(&path), false), "one/main.c");
	assert_null(found(sb_str(&folders), sb_str(&path), false));
}

static const char *line(const char *text, size_t n, uint32_t number)
{
	struct source_file f;
	put("text", text, n);
	assert_int_equal(source_open(a, at("text"), &f).code, OK);
	const char *s = source_line(a, &f, number);
	source_close(&f);
	return s;
}
#define LINE(text, number) line(text, sizeof(text) - 1, number)

static void lines(void **state)
{
	(void)state;
	assert_string_equal(LINE("a\r\nb\n", 1), "a");
	assert_string_equal(LINE("a\r\nb\n", 2), "b");
	assert_null(LINE("a\r\nb\n", 3));
	assert_null(LINE("a", 0));
	assert_string_equal(LINE("a\n\nc", 2), "");
	assert_string_equal(LINE("a\n\nc", 3), "c");
	assert_null(LINE("", 1));
	assert_string_equal(LINE("\xef\xbb\xbfint x;", 1), "int x;");
	assert_string_equal(LINE("\xff\xfe"
				 "a\0\n\0b\0",
				 2),
			    "b");
	assert_string_equal(LINE("\x1b]0;x\a\tz\x7f\0w", 1), "?]0;x?\tz??w");
	assert_string_equal(LINE("\xc2\x9b\xe2\x80\xae\xe2\x81\xa6\xe2\x82\xac", 1), "????????\xe2\x82\xac");
	char *longest = NEW_N(a, char, LIMIT_SOURCE_LINE + 8);
	memset(longest, 'x', LIMIT_SOURCE_LINE + 8);
	memcpy(longest + LIMIT_SOURCE_LINE - 1, "\xe2\x82\xac", 3);
	const char *cut = line(longest, LIMIT_SOURCE_LINE + 8, 1);
	assert_int_equal(strlen(cut), LIMIT_SOURCE_LINE - 1 + strlen(" ..."));
	assert_true(str_iends(cut, "x ..."));
}

static void order_of_lines(void **state)
{
	(void)state;
	struct source_file f;
	put("text", "1\n2\n3\n4\n", 8);
	assert_int_equal(source_open(a, at("text"), &f).code, OK);
	static const uint32_t order[] = { 4, 1, 3, 3, 2, 4 };
	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		assert_int_equal(source_line(a, &f, order[i])[0], '0' + (int)order[i]);
	assert_null(source_line(a, &f, 5));
	assert_null(source_line(a, &f, UINT32_MAX));
	source_close(&f);
	assert_int_equal(source_open(a, at("one"), &f).code != OK, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tails), cmocka_unit_test(as_recorded),    cmocka_unit_test(long_paths),
		cmocka_unit_test(lines), cmocka_unit_test(order_of_lines),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
