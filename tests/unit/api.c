// SPDX-License-Identifier: Apache-2.0
// api.c: the public calls, as a program that embeds the library would use them: dumpscope.h and nothing else.
#include "dumpscope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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

static bool is_mapped(const char *path)
{
	char line[4352], whole[4096];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "r");
	if (!maps || !realpath(path, whole))
		fail_msg("the test wants /proc and a dump");
	while (fgets(line, sizeof(line), maps))
		found = found || strstr(line, whole);
	fclose(maps);
	return found;
}

// Every limit that ends the opening or a command ends only that, and leaves nothing mapped.
static void limits_end_commands_not_the_process(void **state)
{
	(void)state;
	for (size_t memory = 64; memory < 1 << 20; memory *= 2) {
		const struct ds_options o = { .size = sizeof(o), .max_memory = memory };
		struct ds_session *s = NULL;
		struct text t = { .n = 0 };
		if (ds_open(getenv("DS_TEST_DUMP"), &o, &s, NULL, 0)) {
			assert_false(is_mapped(getenv("DS_TEST_DUMP")));
			continue;
		}
		(void)ds_run(s, "k; lm; x *!*", DS_TEXT, keep, &t);
		ds_close(s);
	}
}

struct seen {
	size_t frames, notes, errors;
	bool site, list;
};

static void on_row(void *ctx, const struct ds_row *row)
{
	struct seen *seen = ctx;
	seen->frames += strcmp(row->name, "stack_frame") == 0;
	for (size_t i = 0; i < row->n_fields; i++) {
		const struct ds_value *v = &row->fields[i];
		seen->site |= strcmp(v->key, "site") == 0 && v->kind == DS_STRING && *v->text;
		seen->list |= v->kind == DS_LIST && v->n_items == 4 && v->items[0].kind == DS_NUMBER;
	}
}

static void on_note(void *ctx, const char *command, enum ds_level level, const char *code, const char *text)
{
	struct seen *seen = ctx;
	seen->notes++;
	seen->errors += level == DS_ERROR && !strcmp(command, "nosuchcommand") && !strcmp(code, "usage") && *text;
}

static void gives_rows_as_values(void **state)
{
	(void)state;
	struct ds_session *s = open_dump(NULL);
	struct seen seen = { 0 };
	const struct ds_visitor v = { .size = sizeof(v), .ctx = &seen, .row = on_row, .note = on_note };
	assert_int_equal(ds_run_rows(s, ".if (1) {k}; nosuchcommand", &v), DS_E_USAGE);
	assert_true(seen.frames && seen.site && seen.list);
	assert_int_equal(seen.errors, 1);
	// A caller of an older header has a shorter visitor: without notes.
	const size_t notes = seen.notes;
	const struct ds_visitor older = {
		.size = offsetof(struct ds_visitor, note), .ctx = &seen, .row = on_row, .note = on_note
	};
	assert_int_equal(ds_run_rows(s, "nosuchcommand", &older), DS_E_USAGE);
	assert_int_equal(seen.notes, notes);
	ds_close(s);
}

// What programs of commands hold counts, too: a script without an end meets the limit and ends, the session lives.
static void scripts_have_limits(void **state)
{
	(void)state;
	const struct ds_options o = { .size = sizeof(o), .max_memory = 8 << 20, .timeout_ms = 500 };
	struct ds_session *s = open_dump(&o);
	struct text t = { .n = 0 };
	assert_int_equal(ds_run(s, ".while (1) {}", DS_TEXT, keep, &t), DS_E_LIMIT);
	const char *grows = "aS a 0123456789abcdef; .while (1) {.block {aS ${/v:a} ${a}${a}}}";
	assert_int_equal(ds_run(s, grows, DS_TEXT, keep, &t), DS_E_LIMIT);
	const char *deep = "aS /c a .echo x; .block {.foreach (v {.foreach (w {~*e k}) {~*e k}}) {.catch {k}}}";
	(void)ds_run(s, deep, DS_TEXT, keep, &t);
	t.n = 0;
	(void)ds_run(s, "ad *; ? 5", DS_TEXT, keep, &t);
	assert_non_null(strstr(t.p, "Evaluate expression: 5 = "));
	ds_close(s);
}

// Other dumps can be opened and closed; without any, commands say so.
static void opens_other_dumps(void **state)
{
	(void)state;
	struct ds_session *s = open_dump(NULL);
	struct text t = { .n = 0 };
	char line[4096];
	snprintf(line, sizeof(line), ".opendump %s", getenv("DS_TEST_DUMP"));
	(void)ds_run(s, line, DS_TEXT, keep, &t);
	assert_int_equal(ds_run(s, "||0s; .detach; k 1", DS_TEXT, keep, &t), DS_OK);
	(void)ds_run(s, ".detach", DS_TEXT, keep, &t);
	assert_int_equal(ds_run(s, "k", DS_TEXT, keep, &t), DS_E_USAGE);
	assert_int_equal(ds_run(s, ".echo alone", DS_JSON, keep, &t), DS_OK);
	ds_close(s);
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
		cmocka_unit_test(gives_rows_as_values),
		cmocka_unit_test(scripts_have_limits),
		cmocka_unit_test(opens_other_dumps),
		cmocka_unit_test(cancels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
