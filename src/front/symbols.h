// SPDX-License-Identifier: Apache-2.0
// symbols.h: the verbs of `dumpscope symbols`.
//
// To add a verb `foo` (dumpscope symbols foo ...): write front/symbols_foo.c, defining
// `const struct symbols_verb symbols_foo`; name it in the table of front/symbols.c and its file in src/meson.build, and
// the rows of its JSON, if it has any, in symbols.c too.
#pragma once
#include "front/front.h"

struct symbols_verb {
	const char *name, *args, *summary;
	// The arguments behind the verb. Options are the verb's own; `--help` anywhere is answered before.
	int (*run)(struct arena *a, int argc, char **argv, bool json);
};
extern const struct symbols_verb symbols_export, symbols_fetch, symbols_list, symbols_pack, symbols_verify;
extern const struct symbols_verb *const symbols_verbs[]; // NULL-terminated
// Prints "dumpscope symbols VERB: what: arg" and how the verb is used; EXIT_USAGE.
int symbols_usage(const struct symbols_verb *v, const char *what, const char *arg);
