// SPDX-License-Identifier: Apache-2.0
// Unit tests of verdict/errors_int.h: the generated tables hold what their binary search needs.
#include "verdict/errors_int.h"
#include "verdict/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check_table(const struct error_text *t, size_t n, const char *(*text)(uint32_t))
{
	for (size_t i = 0; i < n; i++) {
		if (i)
			assert_true(t[i - 1].code < t[i].code);
		assert_true(*t[i].text && t[i].text[0] != ' ' && t[i].text[strlen(t[i].text) - 1] != ' ');
		for (const char *p = t[i].text; *p; p++)
			assert_true((unsigned char)*p >= ' ');
		assert_ptr_equal(text(t[i].code), t[i].text);
	}
}

static void tables(void **state)
{
	(void)state;
	check_table(win32_texts, n_win32_texts, win32_error_text);
	check_table(ntstatus_texts, n_ntstatus_texts, ntstatus_text);
	assert_true(n_win32_texts > 2700 && n_ntstatus_texts > 1700);
}

static void texts(void **state)
{
	(void)state;
	// Microsoft's pages, by hand.
	assert_string_equal(win32_error_text(183), "Cannot create a file when that file already exists.");
	assert_string_equal(win32_error_text(1460), "This operation returned because the timeout period expired.");
	assert_string_equal(ntstatus_text(0xc00000fd), "A new guard page for the stack cannot be created.");
	assert_null(win32_error_text(0xffffffff));
	assert_null(ntstatus_text(0xe06d7363));
	assert_string_equal(hresult_text(0x80070005), "Access is denied.");
	assert_string_equal(hresult_text(0x80004002), "No such interface supported");
	assert_ptr_equal(hresult_text(0xd0000034), ntstatus_text(0xc0000034));
	assert_null(hresult_text(0x88980406));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(tables), cmocka_unit_test(texts) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
