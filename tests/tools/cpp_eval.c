// SPDX-License-Identifier: Apache-2.0
// cpp_eval.c: evaluates one C++ expression a line over the made-up target of cpp_fake.h. Prints the type, '|' and the
// bits as 16 hex digits; or the error text. First argument: pointer bytes.
#include "cpp_fake.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	static char line[1 << 16];
	struct arena *keep = arena_new(1 << 22);
	const struct space *space = fake_space(keep);
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		struct arena *a = arena_new(1 << 24);
		struct fake *f = NEW(a, struct fake);
		struct cpp_value v;
		const char *rest;
		uint64_t u = 0;
		uint8_t raw[8] = { 0 };
		fake_begin(f, a, space, argc > 1 ? (unsigned)atoi(argv[1]) : 8);
		err_t e = cpp_eval(&f->scope, line, &v, &rest);
		if (!e.code && v.v.type.size <= 8 && value_read(&f->env, &v.v, 0, raw, (size_t)v.v.type.size))
			u = le_get(raw, 8);
		if (e.code)
			printf("%s\n", e.what);
		else
			printf("%s|%016" PRIx64 "%s\n", type_c_text(a, &v.v.type, NULL), u, rest);
		arena_free(a);
	}
	arena_free(keep);
	return 0;
}
