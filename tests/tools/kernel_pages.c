// SPDX-License-Identifier: Apache-2.0
// kernel_pages.c: prints what a kernel dump holds, for the judges. A line for each page of physical memory, `P address
// digest` (64-bit FNV-1a); then, for each virtual address on standard input, `V address physical` or `V address -`, and
// the state of its translation.
//   kernel_pages FILE
#include "mem/space.h"
#include "target/target.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t digest(const uint8_t *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325;
	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3;
	return h;
}

static void print_pages(const struct target *t, const struct dump_phys *phys)
{
	pa_t pa;
	for (pa_t at = 0; dump_phys_next(phys, at, &pa); at = pa + DUMP_PAGE) {
		uint64_t off;
		size_t left;
		bool cut;
		if (dump_phys_find(phys, pa, &off, &left, &cut))
			printf("P %" PRIx64 " %016" PRIx64 "\n", pa, digest(t->file.bytes.p + off, left));
		else
			printf("P %" PRIx64 " %s\n", pa, cut ? "cut" : "absent");
	}
}

static void print_walk(const struct paging *p, va_t va)
{
	static const char *const states[] = { "mapped", "transition",    "prototype",    "pagefile", "demand-zero",
					      "empty",  "not-canonical", "table-absent", "unknown" };
	struct page_walk w;
	paging_walk(p, va, &w);
	printf("V %" PRIx64 " ", va);
	if (w.state == PAGE_MAPPED || w.state == PAGE_TRANSITION)
		printf("%" PRIx64, w.pa);
	else
		printf("-");
	printf(" %s%s %u\n", states[w.state], w.by_prototype ? "-by-prototype" : "", w.shift);
}

int main(int argc, char **argv)
{
	struct target *t;
	char line[64];
	struct arena *a = arena_new((size_t)1 << 30);
	if (argc != 2 || target_open(a, argv[1], NULL, &t).code || !t->dump->kernel || !t->dump->kernel->phys) {
		fprintf(stderr, "usage: kernel_pages FILE, a dump with physical memory\n");
		return 2;
	}
	print_pages(t, t->dump->kernel->phys);
	while (space_paging(t->space) && fgets(line, sizeof(line), stdin))
		print_walk(space_paging(t->space), strtoull(line, NULL, 16));
	target_close(t);
	arena_free(a);
	return 0;
}
