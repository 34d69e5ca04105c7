// SPDX-License-Identifier: Apache-2.0
// kernel_phys.c: where a page of physical memory lies in the file. Runs are searched; a bitmap is ranked: the number of
// pages before a page is a stored count for its block of bits and the set bits before it in the block.
#include "dump/kernel_int.h"

#include <stdlib.h>

enum { BLOCK_BITS = 512, BLOCK_BYTES = BLOCK_BITS / 8 };

struct run {
	uint64_t pfn, count, before; // before: pages of earlier runs
};
struct dump_phys {
	struct span file;
	uint64_t base, pages;
	struct run *runs; // ascending
	size_t n_runs;
	struct span bitmap; // empty: runs
	uint64_t bits;
	uint32_t *ranks; // set bits before each block
};

static int by_pfn(const void *x, const void *y)
{
	const struct run *a = x, *b = y;
	return a->pfn < b->pfn ? -1 : a->pfn > b->pfn;
}

struct dump_phys *phys_runs_new(struct arena *a, struct span file, uint64_t base, const struct phys_run *runs, size_t n)
{
	struct dump_phys *p = NEW(a, struct dump_phys);
	*p = (struct dump_phys){ .file = file, .base = base, .runs = NEW_N(a, struct run, n) };
	for (size_t i = 0; i < n; i++) {
		// Numbers past 52 bits of address are no pages; a count past the file's end is only cut.
		const uint64_t most = (uint64_t)1 << 40;
		if (runs[i].pfn >= most || !runs[i].count)
			continue;
		uint64_t count = MIN(runs[i].count, most - runs[i].pfn);
		p->runs[p->n_runs++] = (struct run){ runs[i].pfn, count, p->pages };
		p->pages += count;
	}
	qsort(p->runs, p->n_runs, sizeof(*p->runs), by_pfn);
	return p;
}

static unsigned set_bits(const uint8_t *p, size_t n)
{
	unsigned k = 0;
	for (; n >= 8; p += 8, n -= 8)
		k += (unsigned)__builtin_popcountll(le_get(p, 8));
	for (; n; p++, n--)
		k += (unsigned)__builtin_popcount(*p);
	return k;
}

struct dump_phys *phys_bitmap_new(struct arena *a, struct span file, uint64_t base, struct span bitmap, uint64_t bits)
{
	struct dump_phys *p = NEW(a, struct dump_phys);
	bits = MIN(bits, (uint64_t)bitmap.n * 8);
	size_t bytes = (size_t)((bits + 7) / 8), blocks = (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
	*p = (struct dump_phys){ .file = file,
				 .base = base,
				 .bitmap = { bitmap.p, bytes },
				 .bits = bits,
				 .ranks = NEW_N(a, uint32_t, blocks) };
	for (size_t i = 0; i < blocks; i++) {
		p->ranks[i] = (uint32_t)p->pages;
		p->pages += set_bits(bitmap.p + i * BLOCK_BYTES, MIN(bytes - i * BLOCK_BYTES, (size_t)BLOCK_BYTES));
	}
	if (bits % 8) // what lies behind the last page in its byte means nothing
		p->pages -= (unsigned)__builtin_popcount(bitmap.p[bytes - 1] >> (bits % 8));
	return p;
}

static bool has_bit(const struct dump_phys *p, uint64_t pfn)
{
	return pfn < p->bits && (p->bitmap.p[pfn / 8] >> (pfn % 8) & 1);
}

static const struct run *run_at(const struct dump_phys *p, uint64_t pfn, size_t *next_ret)
{
	size_t lo = 0, hi = p->n_runs;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (p->runs[mid].pfn <= pfn)
			lo = mid + 1;
		else
			hi = mid;
	}
	*next_ret = lo;
	return lo && pfn - p->runs[lo - 1].pfn < p->runs[lo - 1].count ? &p->runs[lo - 1] : NULL;
}

// The page's place among those in the file.
static bool page_index(const struct dump_phys *p, uint64_t pfn, uint64_t *ret)
{
	size_t next;
	if (!p->bitmap.n) {
		const struct run *r = run_at(p, pfn, &next);
		*ret = r ? r->before + (pfn - r->pfn) : 0;
		return r != NULL;
	}
	if (!has_bit(p, pfn))
		return false;
	size_t block = (size_t)(pfn / BLOCK_BITS), byte = (size_t)(pfn / 8), from = block * BLOCK_BYTES;
	*ret = p->ranks[block] + set_bits(p->bitmap.p + from, byte - from) +
	       (unsigned)__builtin_popcount(p->bitmap.p[byte] & ((1u << (pfn % 8)) - 1));
	return true;
}

bool dump_phys_find(const struct dump_phys *p, pa_t pa, uint64_t *off_ret, size_t *left_ret, bool *cut_ret)
{
	uint64_t i, off;
	if (cut_ret)
		*cut_ret = false;
	if (!page_index(p, pa / DUMP_PAGE, &i))
		return false;
	if (!mul_ok(i, DUMP_PAGE, &off) || !add_ok(off, p->base + pa % DUMP_PAGE, &off) || off >= p->file.n) {
		if (cut_ret)
			*cut_ret = true;
		return false;
	}
	*off_ret = off;
	*left_ret = (size_t)MIN((uint64_t)(DUMP_PAGE - pa % DUMP_PAGE), p->file.n - off);
	return true;
}

uint64_t dump_phys_pages(const struct dump_phys *p)
{
	return p->pages;
}

bool phys_whole(const struct dump_phys *p)
{
	uint64_t bytes;
	return mul_ok(p->pages, DUMP_PAGE, &bytes) && in_range(p->base, bytes, p->file.n);
}

pa_t dump_phys_end(const struct dump_phys *p)
{
	if (p->bitmap.n)
		return p->bits * DUMP_PAGE;
	const struct run *last = p->n_runs ? &p->runs[p->n_runs - 1] : NULL;
	return last ? (last->pfn + last->count) * DUMP_PAGE : 0;
}

bool dump_phys_next(const struct dump_phys *p, pa_t pa, pa_t *ret)
{
	uint64_t pfn = pa / DUMP_PAGE + (pa % DUMP_PAGE != 0);
	if (!p->bitmap.n) {
		size_t next;
		if (!run_at(p, pfn, &next)) {
			if (next == p->n_runs)
				return false;
			pfn = p->runs[next].pfn;
		}
		*ret = pfn * DUMP_PAGE;
		return true;
	}
	for (; pfn < p->bits; pfn++) {
		if (pfn % 8 == 0 && !p->bitmap.p[pfn / 8]) {
			pfn += 7;
			continue;
		}
		if (has_bit(p, pfn)) {
			*ret = pfn * DUMP_PAGE;
			return true;
		}
	}
	return false;
}
