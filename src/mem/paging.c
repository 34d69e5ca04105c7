// SPDX-License-Identifier: Apache-2.0
// paging.c: walks page tables, level by level.
#include "mem/paging.h"

#include <string.h>

static const struct shape {
	uint8_t levels, entry;  // bytes of an entry
	uint8_t shifts[5];      // of the address, root first
	uint16_t masks[5];      // of the index
	uint64_t root, address; // bits of the root, and of an entry that are a physical address
} shapes[] = {
	[PAGING_X86] = { 2, 4, { 22, 12 }, { 1023, 1023 }, 0xfffff000, 0xfffff000 },
	[PAGING_PAE] = { 3, 8, { 30, 21, 12 }, { 3, 511, 511 }, 0xffffffe0, 0xffffffffff000 },
	[PAGING_X64] = { 4, 8, { 39, 30, 21, 12 }, { 511, 511, 511, 511 }, 0xffffffffff000, 0xffffffffff000 },
	[PAGING_LA57] = { 5, 8, { 48, 39, 30, 21, 12 }, { 511, 511, 511, 511, 511 }, 0xffffffffff000, 0xffffffffff000 },
	[PAGING_ARM64] = { 4, 8, { 39, 30, 21, 12 }, { 511, 511, 511, 511 }, 0xfffffffff000, 0xfffffffff000 },
};

unsigned paging_entry_bytes(enum paging_kind kind)
{
	return shapes[kind].entry;
}

size_t paging_read(const struct paging *p, pa_t pa, void *buf, size_t n)
{
	size_t done = 0;
	while (done < n) {
		uint64_t off;
		size_t left;
		if (!dump_phys_find(p->phys, pa + done, &off, &left, NULL))
			break;
		size_t k = MIN(left, n - done);
		memcpy((uint8_t *)buf + done, p->file.p + off, k);
		done += k;
	}
	return done;
}

static bool is_canonical(enum paging_kind kind, va_t va)
{
	unsigned top = kind == PAGING_LA57 ? 56 : 47;
	int64_t s = (int64_t)va >> top;
	return kind == PAGING_X86 || kind == PAGING_PAE ? va <= UINT32_MAX : s == 0 || s == -1;
}

// Is the entry a page of this level's size, not a table?
static bool is_large(enum paging_kind kind, unsigned shift, uint64_t entry)
{
	enum { PAGE_SIZE_BIT = 0x80, TABLE = 2 };
	if (kind == PAGING_ARM64)
		return (shift == 30 || shift == 21) && !(entry & TABLE);
	if (kind == PAGING_PAE && shift == 30)
		return false;
	return shift > 12 && shift <= 30 && (entry & PAGE_SIZE_BIT);
}

static pa_t address_of(enum paging_kind kind, unsigned shift, uint64_t entry, bool large)
{
	uint64_t pa = entry & shapes[kind].address;
	if (!large)
		return pa;
	pa &= ~(((uint64_t)1 << shift) - 1);
	if (kind == PAGING_X86) // PSE-36: bits 13 to 20 are bits 32 to 39
		pa |= (entry >> 13 & 0xff) << 32;
	return pa;
}

// Since the L1TF patches Windows sets an address bit that no machine has in entries that are not valid, on some
// processors, unless bit 4 says that it did not.
static uint64_t unswizzled(uint64_t entry)
{
	const uint64_t bit = (uint64_t)1 << 45, plain = 1 << 4;
	return entry & plain ? entry : entry & ~bit;
}

enum { SOFT_PROTOTYPE = 0x400, SOFT_TRANSITION = 0x800 };

// _MMPTE_PROTOTYPE, _MMPTE_TRANSITION and _MMPTE_SOFTWARE of x64.
static enum page_state soft64(uint64_t e, struct page_walk *w)
{
	if (!e)
		return PAGE_EMPTY;
	if (e & SOFT_PROTOTYPE) {
		w->prototype = (uint64_t)((int64_t)e >> 16);
		if (w->prototype == (uint64_t)(int64_t)-0x10000)
			w->prototype = UINT64_MAX;
		return PAGE_PROTOTYPE;
	}
	if (e & SOFT_TRANSITION) {
		w->pa = unswizzled(e) & 0xfffffffff000;
		return PAGE_TRANSITION;
	}
	w->file = e >> 12 & 0xf;
	w->file_page = unswizzled(e) >> 32;
	return w->file_page ? PAGE_PAGEFILE : PAGE_DEMAND_ZERO;
}

static enum page_state soft_pae(uint64_t e, struct page_walk *w)
{
	if (!e)
		return PAGE_EMPTY;
	if (e & SOFT_PROTOTYPE) {
		w->prototype = e >> 32;
		return PAGE_PROTOTYPE;
	}
	if (e & SOFT_TRANSITION) {
		w->pa = e & 0x3ffffff000;
		return PAGE_TRANSITION;
	}
	w->file = e >> 1 & 0xf;
	w->file_page = e >> 32;
	return w->file_page ? PAGE_PAGEFILE : PAGE_DEMAND_ZERO;
}

static enum page_state soft32(uint64_t e, struct page_walk *w)
{
	if (!e)
		return PAGE_EMPTY;
	if (e & SOFT_PROTOTYPE) {
		w->prototype = 0x80000000 | (e >> 1 & 0x7ffffc00) | (e << 1 & 0x3ff);
		return PAGE_PROTOTYPE;
	}
	if (e & SOFT_TRANSITION) {
		w->pa = e & 0xfffff000;
		return PAGE_TRANSITION;
	}
	w->file = e >> 1 & 0xf;
	w->file_page = e >> 12;
	return w->file_page ? PAGE_PAGEFILE : PAGE_DEMAND_ZERO;
}

enum page_state paging_soft(enum paging_kind kind, uint64_t entry, struct page_walk *ret)
{
	switch (kind) {
	case PAGING_X64:
	case PAGING_LA57:
		return soft64(entry, ret);
	case PAGING_PAE:
		return soft_pae(entry, ret);
	case PAGING_X86:
		return soft32(entry, ret);
	case PAGING_ARM64: // no public description
		break;
	}
	return entry ? PAGE_UNKNOWN : PAGE_EMPTY;
}

pa_t paging_root(const struct paging *p, va_t va)
{
	bool narrow = p->kind == PAGING_X86 || p->kind == PAGING_PAE, upper = va >> (narrow ? 31 : 63) & 1;
	return (upper || !p->user_root ? p->root : p->user_root) & shapes[p->kind].root;
}

static void walk_tables(const struct paging *p, va_t va, struct page_walk *w)
{
	const struct shape *sh = &shapes[p->kind];
	pa_t table = paging_root(p, va);
	for (unsigned i = 0; i < sh->levels; i++) {
		uint8_t b[8] = { 0 };
		struct page_level *l = &w->levels[i];
		w->shift = sh->shifts[i];
		l->at = table + (va >> w->shift & sh->masks[i]) * sh->entry;
		if (paging_read(p, l->at, b, sh->entry) < sh->entry) {
			w->state = PAGE_TABLE_ABSENT;
			w->pa = l->at;
			return;
		}
		l->entry = le_get(b, sh->entry);
		w->n++;
		bool last = i + 1 == sh->levels, valid = l->entry & 1;
		if (!valid) {
			// Page tables in transition are read as well; all else above a page has nothing below it.
			w->state = paging_soft(p->kind, l->entry, w);
			if (last || w->state != PAGE_TRANSITION)
				break;
			table = w->pa;
			continue;
		}
		bool large = !last && is_large(p->kind, w->shift, l->entry);
		table = address_of(p->kind, w->shift, l->entry, large);
		if (last || large) {
			w->state = PAGE_MAPPED;
			w->pa = table;
			break;
		}
	}
	if (w->state == PAGE_MAPPED || w->state == PAGE_TRANSITION)
		w->pa |= va & (((uint64_t)1 << w->shift) - 1);
}

// A prototype entry lies in kernel memory, and is decoded as an entry itself, but that its prototype bit means a part
// of a mapped file.
static void follow_prototype(const struct paging *p, va_t va, struct page_walk *w)
{
	struct page_walk at = { 0 };
	uint8_t b[8] = { 0 };
	unsigned n = shapes[p->kind].entry;
	if (w->prototype == UINT64_MAX || !is_canonical(p->kind, w->prototype))
		return;
	walk_tables(p, w->prototype, &at);
	if ((at.state != PAGE_MAPPED && at.state != PAGE_TRANSITION) || paging_read(p, at.pa, b, n) < n)
		return;
	uint64_t e = le_get(b, n);
	w->by_prototype = true;
	if (e & 1) {
		w->state = PAGE_MAPPED;
		w->pa = (e & shapes[p->kind].address) | (va & (DUMP_PAGE - 1));
		return;
	}
	uint64_t prototype = w->prototype;
	w->state = paging_soft(p->kind, e, w);
	w->prototype = prototype;
	if (w->state == PAGE_TRANSITION)
		w->pa |= va & (DUMP_PAGE - 1);
}

void paging_walk(const struct paging *p, va_t va, struct page_walk *ret)
{
	*ret = (struct page_walk){ .n_all = shapes[p->kind].levels, .shift = 12 };
	if (!is_canonical(p->kind, va)) {
		ret->state = PAGE_NOT_CANONICAL;
		return;
	}
	walk_tables(p, va, ret);
	if (ret->state == PAGE_PROTOTYPE && ret->n == ret->n_all)
		follow_prototype(p, va, ret);
}
