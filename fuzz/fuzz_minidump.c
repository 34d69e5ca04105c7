// SPDX-License-Identifier: Apache-2.0
// fuzz_minidump.c: any bytes as a dump. Whatever opens is read in full: every fact, every table entry, the memory at
// the ends of the ranges; all of it must lie in the input, text must be UTF-8, ranges must be in order, and memory
// must stay within a small multiple of the input. The rules are in tests/tools/dump_touch.h.
#include "../tests/tools/dump_touch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 1 << 20)
		return 0;
	struct arena *a = arena_new((size_t)1 << 30);
	struct dump *d;
	if (!dump_open(a, "fuzz", (struct span){ data, size }, &d).code) {
		MUST(arena_used(a) <= 64 * size + (1u << 20));
		touch_dump(d, a);
	}
	arena_free(a);
	return 0;
}
