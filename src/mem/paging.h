// SPDX-License-Identifier: Apache-2.0
// paging.h: virtual to physical addresses, by the page tables in a kernel dump. Formats: Intel SDM volume 3 chapter 4,
// Arm ARM D8 (4 KiB granule); entries that are not valid: Windows' MMPTE_* types of public symbols.
#pragma once
#include "dump/kernel.h"

enum paging_kind { PAGING_X86, PAGING_PAE, PAGING_X64, PAGING_LA57, PAGING_ARM64 };
struct paging {
	const struct dump_phys *phys;
	struct span file; // that phys points into
	enum paging_kind kind;
	pa_t root;      // page-table root; flag bits are masked off
	pa_t user_root; // of addresses of the lower half; 0: root
};
// The root that an address is translated with, without its flag bits.
pa_t paging_root(const struct paging *p, va_t va);
enum page_state {
	PAGE_MAPPED,
	PAGE_TRANSITION,    // off the working set, still in memory: read as if mapped
	PAGE_PROTOTYPE,     // shared; the prototype entry could not be followed
	PAGE_PAGEFILE,      // written out; compressed memory is such a file too
	PAGE_DEMAND_ZERO,   // not touched yet
	PAGE_EMPTY,         // nothing there
	PAGE_NOT_CANONICAL, // no address of this machine
	PAGE_TABLE_ABSENT,  // a page table is not in the dump
	PAGE_UNKNOWN,       // not valid, in a way that is not understood here
};
struct page_level {
	pa_t at; // physical address of the entry
	uint64_t entry;
};
enum { PAGING_LEVELS = 5 };
struct page_walk {
	struct page_level levels[PAGING_LEVELS]; // that could be read, root first
	unsigned n;
	unsigned n_all; // levels the machine has
	enum page_state state;
	unsigned shift;     // log2 of the page's size; of what the last entry spans when there is no page
	pa_t pa;            // of the address; PAGE_MAPPED and PAGE_TRANSITION; PAGE_TABLE_ABSENT: of the table
	uint64_t prototype; // PAGE_PROTOTYPE: address of the prototype entry; UINT64_MAX: the VAD knows it
	bool by_prototype;  // the state is that of the prototype entry
	unsigned file;      // PAGE_PAGEFILE: its number, and the page's number in it
	uint64_t file_page;
};
// Never fails: what cannot be had is a state.
void paging_walk(const struct paging *p, va_t va, struct page_walk *ret);
// One entry decoded as a leaf that is not valid; also of prototype entries.
enum page_state paging_soft(enum paging_kind kind, uint64_t entry, struct page_walk *ret);
// Bytes at a physical address, over pages; how many were there.
size_t paging_read(const struct paging *p, pa_t pa, void *buf, size_t n);
unsigned paging_entry_bytes(enum paging_kind kind); // 4 or 8
