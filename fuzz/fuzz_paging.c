// SPDX-License-Identifier: Apache-2.0
// fuzz_paging.c: page tables of every kind over any physical memory: the dump of sparse_dump.h, whose header names the
// roots and the addresses that are asked for. Bits 1 to 3 of the form are the kind, bit 4: the whole space is gone
// through, which takes its time. Oracle: each level's entry is the
// one that lies in memory where the level above points to; what a walk finds is what is read; no page that can be read
// is passed over.
#include "sparse_dump.h"

#include "../tests/tools/kernel_touch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KINDS = PAGING_ARM64 + 1 };

static void check_walk(const struct paging *p, va_t va)
{
	struct page_walk w;
	unsigned bytes = paging_entry_bytes(p->kind);
	paging_walk(p, va, &w);
	MUST(w.n <= w.n_all && w.n_all <= PAGING_LEVELS && w.shift >= 12 && w.shift < 64);
	for (unsigned i = 0; i < w.n; i++) {
		uint8_t b[8] = { 0 };
		MUST(w.levels[i].at % bytes == 0);
		MUST(paging_read(p, w.levels[i].at, b, bytes) == bytes && le_get(b, bytes) == w.levels[i].entry);
		MUST(i + 1 == w.n || !(w.levels[i].entry & 1) ||
		     ((w.levels[i].entry ^ w.levels[i + 1].at) & 0xfffff000) == 0);
	}
	if (w.state == PAGE_MAPPED || w.state == PAGE_TRANSITION) {
		MUST(w.n && ((w.pa ^ va) & ((1u << MIN(w.shift, 30u)) - 1)) == 0);
		MUST(w.state != PAGE_MAPPED || w.by_prototype || (w.levels[w.n - 1].entry & 1));
	}
	if (w.state == PAGE_TABLE_ABSENT) {
		uint8_t b[8];
		MUST(w.n < w.n_all && paging_read(p, w.pa, b, bytes) < bytes);
	}
}

static bool is_there(const struct space *sp, va_t va)
{
	uint8_t b;
	size_t got;
	return !space_read(sp, va, &b, 1, &got).code && got == 1;
}

// A read is what the walks of its pages say, and stops where one says nothing.
static void check_read(const struct space *sp, const struct paging *p, va_t va)
{
	uint8_t b[DUMP_PAGE + 16], c[DUMP_PAGE + 16];
	size_t got, done = 0, n = va ? (size_t)MIN((uint64_t)sizeof(b), 0 - va) : sizeof(b);
	bool none = space_read(sp, va, b, n, &got).code != OK;
	MUST(none == (got == 0) && none == (space_why(sp, va) != SPACE_OK));
	while (done < n) {
		struct page_walk w;
		size_t most = MIN(n - done, (size_t)(DUMP_PAGE - (va + done) % DUMP_PAGE));
		paging_walk(p, va + done, &w);
		if (w.state != PAGE_MAPPED && w.state != PAGE_TRANSITION)
			break;
		size_t k = paging_read(p, w.pa, c + done, most);
		done += k;
		if (k < most)
			break;
	}
	MUST(done == got && memcmp(b, c, got) == 0);
}

static void check_next(const struct space *sp, va_t va, va_t limit)
{
	va_t next;
	for (unsigned i = 0; i < 4 && space_next(sp, va, limit, &next); i++) {
		MUST(next >= va && next < limit && is_there(sp, next));
		MUST(next == va || !is_there(sp, next - 1) || next - 1 < va);
		MUST(next == va || !is_there(sp, va));
		if (next > UINT64_MAX - DUMP_PAGE)
			break;
		va = (next | (DUMP_PAGE - 1)) + 1;
	}
}

static void check_all(const struct space *sp, const struct paging *p, const struct dump_kernel *k, bool far)
{
	enum { NEAR = 1 << 22 };
	const va_t fixed[] = {
		0, 0x7ff612345ff8, 0xfffff80000000000, (va_t)-1 << 47, UINT64_MAX, 0xc0000000, 0x80000ffc
	};
	va_t list[ARRAY_LEN(fixed) + ARRAY_LEN(k->params) + ARRAY_LEN(k->exception.params)];
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		list[n++] = fixed[i];
	for (size_t i = 0; i < ARRAY_LEN(k->params); i++)
		list[n++] = k->params[i];
	for (size_t i = 0; i < k->exception.n_params; i++)
		list[n++] = k->exception.params[i];
	for (size_t i = 0; i < n; i++) {
		list[i] &= paging_entry_bytes(p->kind) == 4 || p->kind == PAGING_PAE ? UINT32_MAX : UINT64_MAX;
		check_walk(p, list[i]);
		check_read(sp, p, list[i]);
		check_next(sp, list[i], list[i] + NEAR);
		if (i && list[i - 1] < list[i] && list[i] - list[i - 1] < NEAR && list[i] + 1 && is_there(sp, list[i]))
			MUST(space_next(sp, list[i - 1], list[i] + 1, &(va_t){ 0 }));
	}
	if (far)
		check_next(sp, list[0], UINT64_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = sparse_size(data, size);
	uint8_t *file = malloc(n);
	struct dump *d;
	if (!file)
		return 0;
	sparse_fill(data, size, file);
	struct arena *a = arena_new((size_t)1 << 28);
	MUST(!dump_open(a, "fuzz.dmp", (struct span){ file, n }, &d).code);
	if (size && d->kernel->phys) {
		const struct dump_kernel *k = d->kernel;
		struct paging p = { .phys = k->phys,
				    .file = d->file,
				    .kind = (enum paging_kind)((data[0] >> 1 & 7) % KINDS),
				    .root = k->dtb,
				    .user_root = k->pfn_database };
		struct space *sp = space_new(a, d);
		space_set_paging(sp, &p);
		check_all(sp, &p, k, data[0] & 0x10);
	}
	arena_free(a);
	free(file);
	return 0;
}
