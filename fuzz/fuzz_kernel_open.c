// SPDX-License-Identifier: Apache-2.0
// fuzz_kernel_open.c: kernel dumps of every kind, opened as a file: header, runs, bitmap, ranges, small dumps of both
// writers, secondary data. Every fact is read and pages are asked for; the rules are in tests/tools/kernel_touch.h. The
// input is that of sparse_dump.h.
#include "sparse_dump.h"

#include "../tests/tools/kernel_touch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { PAGES = 300 };
	size_t n = sparse_size(data, size);
	uint8_t *file = malloc(n); // so that AddressSanitizer sees reads behind its end
	struct dump *d;
	if (!file)
		return 0;
	sparse_fill(data, size, file);
	struct arena *a = arena_new((size_t)1 << 28);
	MUST(!dump_open(a, "fuzz.dmp", (struct span){ file, n }, &d).code);
	touch_kernel_dump(d, PAGES);
	arena_free(a);
	free(file);
	return 0;
}
