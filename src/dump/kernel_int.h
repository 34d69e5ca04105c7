// SPDX-License-Identifier: Apache-2.0
// kernel_int.h: shared by the files of the kernel dump reader.
#pragma once
#include "dump/dump_int.h"
#include "dump/kernel.h"

struct kdmp { // a kernel dump being opened
	struct arena *a;
	struct dump *d;
	struct dump_kernel *k;
	struct span file;
	uint32_t header; // bytes: 0x1000 or 0x2000; the body starts here
	unsigned ptr;    // 4 or 8
	struct dump_notes notes;
};
// What Windows fills unused fields with.
static inline bool kdmp_is_fill(uint64_t v)
{
	return (uint32_t)v == 0x45474150 && (v >> 32 == 0 || v >> 32 == 0x45474150);
}
struct phys_run {
	uint64_t pfn, count;
};
// The runs of `n` entries, their pages one after the other from file offset `base`.
struct dump_phys *phys_runs_new(struct arena *a, struct span file, uint64_t base, const struct phys_run *runs,
				size_t n);
// Pages whose bit is set, in order of their numbers from file offset `base`. bits: as many as lie in the file.
struct dump_phys *phys_bitmap_new(struct arena *a, struct span file, uint64_t base, struct span bitmap, uint64_t bits);
bool phys_whole(const struct dump_phys *p); // does the file hold all of them?

err_t kdmp_triage(struct kdmp *m);
void kdmp_blobs(struct kdmp *m, uint64_t at);
