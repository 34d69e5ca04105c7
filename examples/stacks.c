/* SPDX-License-Identifier: Apache-2.0 */
/* stacks.c: prints module and function of every frame of the crashed thread, and what could not be said.
 *
 *     cc stacks.c $(pkg-config --cflags --libs dumpscope) -o stacks && ./stacks crash.dmp
 */
#include <dumpscope.h>
#include <stdio.h>
#include <string.h>

static const struct ds_value *field(const struct ds_row *row, const char *key)
{
	for (size_t i = 0; i < row->n_fields; i++)
		if (strcmp(row->fields[i].key, key) == 0 && row->fields[i].kind != DS_ABSENT)
			return &row->fields[i];
	return NULL;
}

static void on_row(void *ctx, const struct ds_row *row)
{
	const struct ds_value *site = field(row, "site"), *trust = field(row, "trust");
	int *frames = ctx;
	if (strcmp(row->name, "stack_frame") != 0 || !site)
		return;
	printf("%2d  %-40s %s\n", (*frames)++, site->text, trust ? trust->text : "");
}

static void on_note(void *ctx, const char *command, enum ds_level level, const char *code, const char *text)
{
	(void)ctx;
	if (level != DS_INFO)
		fprintf(stderr, "%s: %s: %s\n", command, code, text);
}

int main(int argc, char **argv)
{
	struct ds_options options = { .size = sizeof(options), .max_memory = 256 << 20, .timeout_ms = 10000 };
	struct ds_session *session;
	enum ds_status status;
	char why[256];
	int frames = 0;
	const struct ds_visitor visitor = { .size = sizeof(visitor), .ctx = &frames, .row = on_row, .note = on_note };

	if (argc < 2) {
		fprintf(stderr, "usage: stacks DUMP [SYMBOLS]\n");
		return 1;
	}
	options.symbol_path = argc > 2 ? argv[2] : NULL;
	status = ds_open(argv[1], &options, &session, why, sizeof(why));
	if (status != DS_OK) {
		fprintf(stderr, "%s (%s)\n", why, ds_status_name(status));
		return 2;
	}
	status = ds_run_rows(session, ".ecxr; k", &visitor);
	ds_close(session);
	return status != DS_OK || !frames;
}
