// SPDX-License-Identifier: Apache-2.0
// kernel_touch.h: reads every fact of an open kernel dump, and memory through its page tables. What must hold for any
// file is checked; a broken rule aborts.
#pragma once
#include "dump_touch.h"
#include "target/kernel.h"
#include "target/target.h"

// Where the page lies in the file; UINT64_MAX: it is not there, or cut off.
static inline uint64_t touch_page(const struct dump *d, const struct dump_phys *p, pa_t pa)
{
	uint64_t off;
	size_t left;
	bool cut;
	if (!dump_phys_find(p, pa, &off, &left, &cut))
		return UINT64_MAX;
	MUST(!cut && left && left <= DUMP_PAGE && in_range(off, left, d->file.n));
	touch_sum += d->file.p[off] + d->file.p[off + left - 1];
	return off;
}

// The first `most` pages. Those of a bitmap follow one another in the file.
static inline void touch_phys(const struct dump *d, const struct dump_phys *p, unsigned most)
{
	pa_t pa, at = 0;
	uint64_t before = UINT64_MAX, n = 0;
	for (; n < most && dump_phys_next(p, at, &pa); n++) {
		MUST(pa >= at && pa % DUMP_PAGE == 0 && pa < dump_phys_end(p));
		uint64_t off = touch_page(d, p, pa);
		if (d->kernel->body == KERNEL_BITMAP && n && off != UINT64_MAX)
			MUST(before != UINT64_MAX && off == before + DUMP_PAGE);
		before = off;
		at = pa + DUMP_PAGE;
	}
	MUST(n == most || d->kernel->body != KERNEL_BITMAP || n == dump_phys_pages(p));
	touch_page(d, p, dump_phys_end(p) - 1);
	touch_page(d, p, UINT64_MAX);
}

static inline void touch_triage(const struct dump *d, const struct dump_triage *t)
{
	const struct dump_copy *copies[] = { &t->prcb, &t->process, &t->thread };
	for (size_t i = 0; i < t->n_drivers; i++)
		touch_text(t->drivers[i].name);
	for (size_t i = 0; i < t->n_unloaded; i++)
		touch_text(t->unloaded[i].name);
	for (size_t i = 0; i < ARRAY_LEN(copies); i++)
		touch_bytes(d, copies[i]->bytes);
	for (size_t i = 0; i < t->n_words; i++)
		touch_text(t->words[i].name);
	for (size_t i = 0; i < t->n_listed; i++)
		MUST(!t->blocks[i].have || in_range(t->blocks[i].off, t->blocks[i].have, d->file.n));
	touch_bytes(d, t->mm);
	touch_text(t->broken_driver);
}

static inline void touch_kernel_dump(const struct dump *d, unsigned pages)
{
	const struct dump_kernel *k = d->kernel;
	touch_text(k->comment);
	touch_bytes(d, k->context);
	touch_bytes(d, k->debugger_block);
	for (size_t i = 0; i < k->n_blobs; i++)
		touch_bytes(d, k->blobs[i].bytes);
	MUST((k->triage != NULL) == (k->phys == NULL));
	if (k->triage)
		touch_triage(d, k->triage);
	else
		touch_phys(d, k->phys, pages);
	for (size_t i = 0; i < dump_ranges_count(d->ranges); i++) {
		struct dump_range r = dump_ranges_get(d->ranges, i);
		MUST(r.have <= r.size && (!r.have || in_range(r.off, r.have, d->file.n)));
	}
	for (size_t i = 0; i < d->n_notes; i++)
		touch_text(d->notes[i].what);
}

static inline void touch_walks(const struct target *t)
{
	const va_t starts[] = { 0,
				0x10000,
				0x7ff600000000,
				0xfffff80000000000,
				0xfffff78000000000,
				0xffdf0000,
				t->kernel->base,
				t->kernel->facts->loaded_modules,
				t->kernel->thread,
				UINT64_MAX };
	enum { NEAR = 1 << 18 }; // page by page it takes long; fuzz_paging goes further
	uint8_t b[64];
	size_t got;
	for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
		va_t at = starts[i], next;
		if (!space_read(t->space, at, b, sizeof(b), &got).code)
			touch_sum += b[0] + b[got - 1];
		touch_sum += (unsigned)space_why(t->space, at) + (unsigned)space_source_at(t->space, at);
		for (unsigned n = 0; n < 4 && space_next(t->space, at, at + NEAR, &next); n++) {
			MUST(next >= at && !space_read(t->space, next, b, 1, &got).code && got == 1);
			at = (next | (DUMP_PAGE - 1)) + 1;
		}
	}
	touch_sum += (unsigned)target_read_phys(t, 0x1ad000, b, sizeof(b)) + (unsigned)kernel_pte_base(t);
}

static inline void touch_kernel_target(struct target *t)
{
	enum { PAGES = 256 };
	touch_kernel_dump(t->dump, PAGES);
	for (size_t i = 0; i < t->n_modules; i++) {
		touch_text(t->modules[i]->name);
		touch_text(t->modules[i]->path);
	}
	for (size_t i = 0; i < t->n_threads; i++) {
		struct regs r;
		if (!target_thread_regs(t, &t->threads[i], false, &r).code)
			touch_sum += (unsigned)reg_get(&r, reg_pc(t->machine));
	}
	touch_walks(t);
}
