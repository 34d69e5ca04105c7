// SPDX-License-Identifier: Apache-2.0
// expr_eval.c: evaluates one MASM expression a line against the made-up target of expr_fake.h. Prints the value as
// 16 hex digits, '|' and what was left over; or the error text. First arguments: pointer bytes, radix, "kernel".
#include "expr_fake.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct expr_scope s = fake_scope();
	if (argc > 2) {
		s.ptr_bytes = (unsigned)atoi(argv[1]);
		s.radix = (unsigned)atoi(argv[2]);
		s.kernel = argc > 3 && str_eq(argv[3], "kernel");
	}
	static char line[1 << 16];
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		struct arena *a = arena_new(1 << 20);
		uint64_t v;
		const char *rest;
		err_t e = expr_eval(&s, a, line, &v, &rest);
		if (e.code)
			printf("%s\n", e.what);
		else
			printf("%016llx|%s\n", (unsigned long long)v, rest);
		arena_free(a);
	}
	return 0;
}
