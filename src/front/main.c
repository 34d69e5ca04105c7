// SPDX-License-Identifier: Apache-2.0
// main.c: which face of the program is wanted.
#include "base/limits.h"
#include "front/options.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void out_of_memory(void *ctx, err_t why)
{
	(void)ctx;
	fprintf(stderr, "dumpscope: %s\n", why.what);
	exit(EXIT_LIMIT);
}

static const struct front *subcommand(const char *name)
{
	for (const struct front *const *f = fronts; *f; f++)
		if (str_eq((*f)->name, name))
			return *f;
	return NULL;
}

static int run(struct arena *a, int argc, char **argv)
{
	bool json = argc > 1 && str_eq(argv[1], "--json");
	int first = json ? 2 : 1;
	bool own_name = !argc || options_persona(argv[0]) == PERSONA_NONE;
	const struct front *sub = own_name && argc > first ? subcommand(argv[first]) : NULL;
	// A dump whose file is called like a sub-command is still reachable as ./schemas.
	if (sub)
		return sub->run(a, argc - first - 1, argv + first + 1, json);
	struct options o = { .colour = os_is_tty(STDOUT_FILENO) && !getenv("NO_COLOR") };
	int code = options_parse(a, argc, argv, &o);
	if (code >= 0)
		return code;
	if (o.persona == PERSONA_DUMPCHK)
		return front_check(a, &o);
	return o.debugger ? front_debugger(a, &o) : front_report(a, &o);
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	struct arena *a = arena_new(LIMIT_SESSION_MEMORY);
	arena_trap(a, out_of_memory, NULL);
	int code = run(a, argc, argv);
	arena_free(a);
	return code;
}
