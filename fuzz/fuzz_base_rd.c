// SPDX-License-Identifier: Apache-2.0
// fuzz_base_rd.c: the text helpers of base/ on any bytes: UTF-16 and 8-bit text become valid UTF-8, the
// wildcard matcher returns, and "*" matches everything.
#include "base/str.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 4096)
		return 0;
	struct arena *a = arena_new(1 << 20);
	struct span s = { data, size };
	char *wide = utf16_to_utf8(a, s), *narrow = bytes_to_utf8(a, s);
	// Valid UTF-8 must pass through unchanged.
	struct span again = { (const uint8_t *)wide, strlen(wide) };
	if (!str_eq(bytes_to_utf8(a, again), wide))
		abort();
	if (!str_wild("*", narrow))
		abort();
	size_t half = strlen(narrow) / 2;
	char *pattern = arena_strndup(a, narrow, MIN(half, (size_t)256));
	(void)str_wild(pattern, narrow + half);
	arena_free(a);
	return 0;
}
