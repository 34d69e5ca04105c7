// SPDX-License-Identifier: Apache-2.0
// symbols.c: dumpscope symbols VERB: symbol files without a debugger around them.
#include "front/symbols_need.h"

#include <stdio.h>

const struct symbols_verb *const symbols_verbs[] = { &symbols_list,   &symbols_fetch,  &symbols_pack,
						     &symbols_verify, &symbols_export, NULL };

static void print_usage(FILE *f)
{
	fputs("usage: dumpscope symbols VERB ...\n", f);
	for (const struct symbols_verb *const *v = symbols_verbs; *v; v++)
		fprintf(f, "  %s %s\n      %s\n", (*v)->name, (*v)->args, (*v)->summary);
}

int symbols_usage(const struct symbols_verb *v, const char *what, const char *arg)
{
	fprintf(stderr, "dumpscope symbols %s: %s%s%s\nusage: dumpscope symbols %s %s\n", v->name, what,
		arg ? ": " : "", arg ? arg : "", v->name, v->args);
	return EXIT_USAGE;
}

static int run(struct arena *a, int argc, char **argv, bool json)
{
	for (int i = 0; i < argc; i++) {
		if (str_eq(argv[i], "--help")) {
			print_usage(stdout);
			return EXIT_ANALYSED;
		}
	}
	for (const struct symbols_verb *const *v = symbols_verbs; argc && *v; v++)
		if (str_eq(argv[0], (*v)->name))
			return (*v)->run(a, argc - 1, argv + 1, json);
	if (argc)
		fprintf(stderr, "dumpscope symbols: unknown verb: %s\n", argv[0]);
	print_usage(stderr);
	return EXIT_USAGE;
}

static const struct schema *const rows[] = {
	&need_row, &need_sum, &stored_file_row, &stored_sum, &layout_pack_row, NULL
};
const struct front front_symbols = {
	.name = "symbols",
	.args = "VERB ...",
	.summary = "Symbol files: symbols --help lists the verbs",
	.run = run,
	.rows = rows,
};
