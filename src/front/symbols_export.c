// SPDX-License-Identifier: Apache-2.0
// symbols_export.c: dumpscope symbols export: symbol files become layout packs.
#include "front/symbols.h"

#include <stdio.h>

static int run(struct arena *a, int argc, char **argv, bool json)
{
	(void)a;
	(void)json;
	const char *first = NULL;
	for (int i = 0; i < argc; i++) {
		if (str_eq(argv[i], "-o") && i + 1 < argc)
			i++;
		else if (argv[i][0] == '-')
			return symbols_usage(&symbols_export, "unknown option, or its value is missing", argv[i]);
		else if (!first)
			first = argv[i];
	}
	if (!first)
		return symbols_usage(&symbols_export, "a symbol file is wanted", NULL);
	fprintf(stderr, "dumpscope symbols export: %s: not supported: this kind of file\n", first);
	return EXIT_NO_DUMP;
}

const struct symbols_verb symbols_export = {
	.name = "export",
	.args = "[-o FILE|FOLDER] FILE...",
	.summary = "Write layout packs of symbol files: one file, or a folder laid out as a symbol store",
	.run = run,
};
