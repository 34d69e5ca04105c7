// SPDX-License-Identifier: Apache-2.0
// dispatch_bench.c DUMP COUNT LINE...: microseconds a command from text to the end of its rows, nothing rendered, for
// each line run COUNT times. The first line's time is what a command costs that does nothing.
#include "base/limits.h"
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	if (argc < 4)
		return 1;
	struct arena *a = arena_new(LIMIT_SESSION_MEMORY);
	struct session *s;
	unsigned long count = strtoul(argv[2], NULL, 10);
	err_t e = session_open(a, argv[1], "", &s);
	if (e.code || !count) {
		fprintf(stderr, "%s\n", e.what);
		return 1;
	}
	struct doc *out = doc_null_new(a, s->target->ptr_bytes);
	for (int i = 3; i < argc; i++) {
		cmd_line(s, argv[i], out); // loads what the command needs
		uint64_t start = os_now_us();
		for (unsigned long k = 0; k < count; k++)
			if (cmd_line(s, argv[i], out))
				return 1;
		printf("%.3f\t%s\n", (double)(os_now_us() - start) / (double)count, argv[i]);
	}
	session_close(s);
	arena_free(a);
	return 0;
}
