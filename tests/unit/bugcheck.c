// SPDX-License-Identifier: Apache-2.0
// The tables of bug checks: in order, complete, readable.
#include "verdict/bugcheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void tables(void **state)
{
	(void)state;
	assert_true(n_bugcheck_names > 400);
	for (size_t i = 0; i < n_bugcheck_names; i++) {
		uint32_t code = bugcheck_names[i].code;
		assert_true(!i || bugcheck_names[i - 1].code < code);
		assert_string_equal(bugcheck_name(code, false), bugcheck_names[i].name);
		const struct bugcheck *b = bugcheck_find(code);
		for (const char *line = b ? b->text : NULL; line && *line;) {
			size_t n = strcspn(line, "\n");
			assert_in_range(n, 1, 100);
			line += n + (line[n] != 0);
		}
	}
	assert_string_equal(bugcheck_name(0x7e, true), "SYSTEM_THREAD_EXCEPTION_NOT_HANDLED_M");
	assert_string_equal(bugcheck_name(0xd1, true), "DRIVER_IRQL_NOT_LESS_OR_EQUAL");
	assert_null(bugcheck_name(0x12345678, false));
	assert_string_equal(bugcheck_arg_value(0xd1, 2, 1), "write");
	assert_string_equal(bugcheck_arg_value(0x139, 0, 3), "CORRUPT_LIST_ENTRY");
	assert_null(bugcheck_arg_value(0xd1, 0, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(tables) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
