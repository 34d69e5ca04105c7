// SPDX-License-Identifier: Apache-2.0
// pe_reloc.c: base relocations ("The .reloc Section" of Microsoft's "PE Format"): blocks of {page RVA, size,
// 16-bit entries of type:4 offset:12}.
#include "base/limits.h"
#include "pe/pe.h"

#include <string.h>

enum { BLOCK_HEADER = 8, REL_HIGHLOW = 3, REL_DIR64 = 10, PAGE = 4096 };
struct block {
	uint32_t page, at, n; // RVA of the page, RVA of the entries, how many
};
struct pe_relocs {
	struct block *blocks; // in the file's order, which linkers keep ascending
	size_t n;
};

err_t pe_relocs_open(struct arena *a, const struct pe *pe, struct pe_relocs **ret)
{
	struct pe_data_dir dir = pe->dirs[PE_RELOC];
	if (dir.size < BLOCK_HEADER)
		return fail(E_NOTFOUND, "the image has no base relocations", 0);
	struct pe_relocs *r = NEW(a, struct pe_relocs);
	size_t cap = 0;
	for (uint32_t at = 0; at <= dir.size - BLOCK_HEADER;) {
		uint8_t h[BLOCK_HEADER];
		if (at > UINT32_MAX - dir.rva || !pe_read_all(pe, dir.rva + at, h, sizeof(h)))
			break;
		uint32_t size = (uint32_t)le_get(h + 4, 4);
		if (size < BLOCK_HEADER || size > dir.size - at || r->n >= LIMIT_RELOC_BLOCKS)
			break;
		if (r->n == cap) {
			cap = MAX(cap * 2, (size_t)64);
			struct block *bigger = NEW_N(a, struct block, cap);
			if (r->n)
				memcpy(bigger, r->blocks, r->n * sizeof(*bigger));
			r->blocks = bigger;
		}
		r->blocks[r->n++] = (struct block){ (uint32_t)le_get(h, 4), dir.rva + at + BLOCK_HEADER,
						    (size - BLOCK_HEADER) / 2 };
		at += size;
	}
	*ret = r;
	return ok();
}

// The value at `at` may begin before the buffer or end behind it: it is taken whole from the image.
static void adjust(const struct pe *pe, uint64_t delta, uint64_t at, unsigned width, uint32_t rva, uint8_t *buf,
		   size_t n)
{
	uint8_t v[8];
	if (at >= (uint64_t)rva + n || at + width <= rva || at > UINT32_MAX || !pe_read_all(pe, (uint32_t)at, v, width))
		return;
	uint64_t value = le_get(v, width) + delta;
	for (unsigned i = 0; i < width; i++)
		if (at + i >= rva && at + i - rva < n)
			buf[at + i - rva] = (uint8_t)(value >> (8 * i));
}

static void apply_block(const struct block *b, const struct pe *pe, uint64_t delta, uint32_t rva, uint8_t *buf,
			size_t n)
{
	uint8_t entries[256];
	for (uint32_t i = 0; i < b->n;) {
		uint32_t want = (uint32_t)MIN(sizeof(entries), (size_t)(b->n - i) * 2);
		if (!pe_read_all(pe, b->at + i * 2, entries, want))
			return;
		for (uint32_t k = 0; k < want; k += 2, i++) {
			uint32_t e = (uint32_t)le_get(entries + k, 2), type = e >> 12;
			if (type == REL_DIR64 || type == REL_HIGHLOW)
				adjust(pe, delta, (uint64_t)b->page + (e & 0xfff), type == REL_DIR64 ? 8 : 4, rva, buf,
				       n);
		}
	}
}

void pe_relocs_apply(const struct pe_relocs *r, const struct pe *pe, uint64_t delta, uint32_t rva, void *buf, size_t n)
{
	// The first block that can matter: a value of the page before may reach into the buffer.
	size_t lo = 0, hi = r->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if ((uint64_t)r->blocks[mid].page + PAGE + 8 <= rva)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = lo; i < r->n && r->blocks[i].page < (uint64_t)rva + n; i++)
		apply_block(&r->blocks[i], pe, delta, rva, buf, n);
}
