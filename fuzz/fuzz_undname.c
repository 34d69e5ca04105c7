// SPDX-License-Identifier: Apache-2.0
// fuzz_undname.c: the first byte chooses the flags and the reader, the rest is a name. Beyond "no crash": a second run
// agrees, the caller's arena holds no more than the answer, errors have a text and a place inside, limits hold.
#include "base/limits.h"
#include "base/str.h"
#include "pdb/undname.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_TEXT = 8192, ARENA = 16 << 20, SLACK = 64 };
static void check(bool good)
{
	if (!good)
		abort();
}

typedef err_t reader(struct arena *a, const char *name, unsigned flags, const char **ret);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static reader *const readers[] = { undname_any, undname, undname_itanium, undname_rust };
	if (!size || size > MAX_TEXT)
		return 0;
	reader *read = readers[data[0] >> 2 & 3];
	unsigned flags = data[0] & 3;
	struct arena *a = arena_new(ARENA);
	char *name = arena_strndup(a, (const char *)data + 1, size - 1);
	const char *text = NULL, *again = NULL;
	size_t before = arena_used(a);
	err_t e = read(a, name, flags, &text);
	check(arena_used(a) - before <= (text ? strlen(text) : 0) + SLACK);
	err_t f = read(a, name, flags, &again);
	check(e.code == f.code && e.at == f.at);
	if (e.code) {
		check(!text && !again && e.what && *e.what && e.at <= strlen(name));
	} else {
		check(text && again && str_eq(text, again) && strlen(text) <= LIMIT_UNDNAME_OUTPUT);
	}
	arena_free(a);
	return 0;
}
