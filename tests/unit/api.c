// SPDX-License-Identifier: Apache-2.0
// api.c: the public calls, as a program that embeds the library would use them: dumpscope.h and nothing else.
#include "dumpscope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct text {
	char p[65536];
	size_t n;
};

static void keep(void *ctx, const char *bytes, size_t n)
{
	struct text *t = ctx;
	if (n > sizeof(t->p) - 1 - t->n)
		n = sizeof(t->p) - 1 - t->n;
	memcpy(t->p + t->n, bytes, n);
	t->n += n;
	t->p[t->n] = 0;
}

static struct ds_session *open_dump(const struct ds_options *o)
{
	char why[256] = "";
	struct ds_session *s = NULL;
	enum ds_status e = ds_open(getenv("DS_TEST_DUMP"), o, &s, why, sizeof(why));
	if (e)
		fail_msg("%s", why);
	return s;
}

static void runs_commands(void **state)
{
	(void)state;
	struct ds_session *s = open_dump(NULL);
	struct text t = { .n = 0 };
	assert_int_equal(ds_run(s, "~; ? 1+2", DS_TEXT, keep, &t), DS_OK);
	assert_non_null(strstr(t.p, "Suspend: "));
	assert_non_null(strstr(t.p, "Evaluate expression: 3 = "));
	t.n = 0;
	assert_int_equal(ds_run(s, "nosuchcommand; ? 4", DS_JSON, keep, &t), DS_E_USAGE);
	assert_non_null(strstr(t.p, "\"level\":\"error\""));
	assert_non_null(strstr(t.p, "\"command\":\"? 4\"")); // an error ends the command, not the line
	ds_close(s);
}

static void refuses_with_a_reason(void **state)
{
	(void)state;
	char why[256] = "";
	struct ds_session *s = (struct ds_session *)1;
	assert_int_equal(ds_open("/nonexistent/x.dmp", NULL, &s, why, sizeof(why)), DS_E_NOTFOUND);
	assert_non_null(strstr(why, "/nonexistent/x.dmp"));
	assert_ptr_equal(s, (void *)1);
	const struct ds_options tiny = { .size = sizeof(tiny), .max_memory = 1 };
	assert_int_equal(ds_open(getenv("DS_TEST_DUMP"), &tiny, &s, why, sizeof(why)), DS_E_LIMIT);
	ds_close(NULL);
}

// Every limit that ends the opening or a command ends only that.
static void limits_end_commands_not_the_process(void **state)
{
	(void)state;
	for (size_t memory = 64; memory < 1 << 20; memory *= 2) {
		const struct ds_options o = { .size = sizeof(o), .max_memory = memory };
		struct ds_session *s = NULL;
		struct text t = { .n = 0 };
		if (ds_open(getenv("DS_TEST_DUMP"), &o, &s, NULL, 0))
			continue;
		(void)ds_run(s, "k; lm; x *!*", DS_TEXT, keep, &t);
		ds_close(s);
	}
}

static void cancels(void **state)
{
	(void)state;
	struct ds_session *s = open_dump(NULL);
	struct text t = { .n = 0 };
	const char *name = ds_status_name(DS_E_CANCELLED);
	assert_string_equal(name, "cancelled");
	ds_cancel(s); // before a run: the run begins anew
	assert_int_equal(ds_run(s, "~", DS_TEXT, keep, &t), DS_OK);
	ds_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_commands),
		cmocka_unit_test(refuses_with_a_reason),
		cmocka_unit_test(limits_end_commands_not_the_process),
		cmocka_unit_test(cancels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
