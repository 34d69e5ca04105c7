// SPDX-License-Identifier: Apache-2.0
// fuzz_kernel.c: any bytes as a kernel dump: opened as a file and as a target, every fact read, memory read by ranges,
// pages and page tables. The rules are in tests/tools/kernel_touch.h. The first bytes are set to a kernel dump's, so
// that nothing is spent on finding them.
#include "../tests/tools/kernel_touch.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct target *t;
	if (size < 8 || size > 1 << 20)
		return 0;
	// The target unmaps what it was given.
	uint8_t *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		return 0;
	memcpy(copy, data, size);
	memcpy(copy, "PAGEDU", 6);
	memcpy(copy + 6, data[6] & 1 ? "MP" : "64", 2);
	struct arena *a = arena_new((size_t)1 << 28);
	struct file_map map = { .bytes = { copy, size } };
	if (!target_open_map(a, "fuzz.dmp", NULL, map, &t).code) {
		touch_kernel_target(t);
		target_close(t);
	}
	arena_free(a);
	return 0;
}
