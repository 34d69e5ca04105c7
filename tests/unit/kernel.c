// SPDX-License-Identifier: Apache-2.0
// Kernel dump files: which page lies where, held against a model that counts page by page; headers that lie.
#include "dump/kernel.h"
#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PAGES = 4096, BODY = 0x2000, FILE_SIZE = BODY + 0x2000 + PAGES * DUMP_PAGE / 8 };

static void put(uint8_t *p, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint8_t *header(uint32_t type)
{
	uint8_t *f = calloc(1, FILE_SIZE);
	assert_non_null(f);
	for (unsigned i = 0; i < BODY; i += 4)
		memcpy(f + i, "PAGE", 4);
	memcpy(f, "PAGEDU64", 8);
	put(f + 8, 15, 4);
	put(f + 0xc, 19041, 4);
	put(f + 0x10, 0x1ad002, 8);
	put(f + 0x30, 0x8664, 4);
	put(f + 0x34, 1, 4);
	put(f + 0x38, 0x1000007e, 4);
	put(f + 0x40, 0xffffffffc0000005, 8);
	put(f + 0x88, 0, 8);
	put(f + 0xf98, type, 4);
	return f;
}

static struct dump *open_ok(struct arena *a, uint8_t *f, size_t n)
{
	struct dump *d;
	assert_int_equal(dump_open(a, "x", (struct span){ f, n }, &d).code, OK);
	assert_non_null(d->kernel);
	return d;
}

// Every page must be found where `model` says (UINT64_MAX: not in the dump).
static void compare(const struct dump_phys *p, const uint64_t *model)
{
	for (uint64_t pfn = 0; pfn < PAGES + 64; pfn++) {
		uint64_t off = 0;
		size_t left = 0;
		bool got = dump_phys_find(p, pfn * DUMP_PAGE + 5, &off, &left, NULL);
		uint64_t want = pfn < PAGES ? model[pfn] : UINT64_MAX;
		assert_int_equal(got, want != UINT64_MAX);
		if (got) {
			assert_int_equal(off, want + 5);
			assert_int_equal(left, DUMP_PAGE - 5);
		}
	}
	pa_t at = 0;
	for (uint64_t pfn = 0; pfn < PAGES; pfn++) {
		if (model[pfn] == UINT64_MAX)
			continue;
		assert_true(dump_phys_next(p, at, &at));
		assert_int_equal(at, pfn * DUMP_PAGE);
		at += 1;
	}
	assert_false(dump_phys_next(p, at, &at));
}

static void test_bitmap(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 22);
	uint8_t *f = header(5);
	uint64_t *model = calloc(PAGES, sizeof(*model)), off = BODY + 0x2000;
	memcpy(f + BODY, "FDMPDUMP", 8);
	put(f + BODY + 0x20, off, 8);
	put(f + BODY + 0x28, PAGES, 8);
	put(f + BODY + 0x30, PAGES - 3, 8);
	unsigned seed = 1;
	for (unsigned i = 0; i < PAGES; i++) {
		seed = seed * 1103515245 + 12345;
		bool set = (seed >> 16) % 11 == 0 || (i > 700 && i < 760);
		if (set)
			f[BODY + 0x38 + i / 8] |= (uint8_t)(1u << i % 8);
		model[i] = set && i < PAGES - 3 ? off : UINT64_MAX;
		off += set && i < PAGES - 3 ? DUMP_PAGE : 0;
	}
	assert_in_range(off, BODY, FILE_SIZE);
	struct dump *d = open_ok(a, f, FILE_SIZE);
	assert_int_equal(d->kernel->body, KERNEL_BITMAP);
	assert_true(d->kernel->full_bitmap);
	assert_int_equal(d->kernel->bugcheck, 0x7e);
	assert_true(d->kernel->bugcheck_mini);
	assert_int_equal(d->kernel->suite_mask, UINT32_MAX); // fill
	compare(d->kernel->phys, model);
	free(model);
	free(f);
	arena_free(a);
}

static void test_runs(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 22);
	uint8_t *f = header(1);
	uint64_t model[PAGES], off = BODY;
	static const uint16_t runs[][2] = { { 1, 9 }, { 16, 100 }, { 200, 1 }, { 1024, 64 } };
	memset(model, 0xff, sizeof(model));
	put(f + 0x88, 4, 4);
	for (unsigned i = 0; i < 4; i++) {
		put(f + 0x98 + 16 * i, runs[i][0], 8);
		put(f + 0xa0 + 16 * i, runs[i][1], 8);
		for (unsigned k = 0; k < runs[i][1]; k++, off += DUMP_PAGE)
			model[runs[i][0] + k] = off;
	}
	struct dump *d = open_ok(a, f, FILE_SIZE);
	assert_int_equal(d->kernel->body, KERNEL_RUNS);
	assert_int_equal(dump_phys_pages(d->kernel->phys), 174);
	compare(d->kernel->phys, model);
	// Cut: the pages behind the end are known to be lost, not unknown.
	d = open_ok(a, f, BODY + 20 * DUMP_PAGE);
	bool cut;
	uint64_t at;
	size_t left;
	assert_true(d->truncated);
	assert_false(dump_phys_find(d->kernel->phys, 1024 * DUMP_PAGE, &at, &left, &cut));
	assert_true(cut);
	assert_false(dump_phys_find(d->kernel->phys, 1000 * DUMP_PAGE, &at, &left, &cut));
	assert_false(cut);
	free(f);
	arena_free(a);
}

static void test_ranges(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 22);
	uint8_t *f = header(8);
	uint64_t model[PAGES], first = BODY + 0x1000;
	memset(model, 0xff, sizeof(model));
	put(f + BODY, 0x40, 4);
	memcpy(f + BODY + 4, "RDMPDUMP", 8);
	put(f + BODY + 0x10, first - 0x2040 + 0x20, 8);
	put(f + BODY + 0x18, first, 8);
	put(f + BODY + 0x30, 7, 8);
	put(f + BODY + 0x38, 2, 8);
	put(f + BODY + 0x40, 0x100, 8);
	put(f + BODY + 0x48, 3, 8);
	model[7] = first;
	model[8] = first + 0x1000;
	for (unsigned i = 0; i < 3; i++)
		model[0x100 + i] = first + 0x2000 + i * DUMP_PAGE;
	struct dump *d = open_ok(a, f, FILE_SIZE);
	assert_int_equal(d->kernel->body, KERNEL_RANGES);
	compare(d->kernel->phys, model);
	free(f);
	arena_free(a);
}

static void test_lies(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 24);
	uint8_t *f = header(5);
	memcpy(f + BODY, "SDMPDUMP", 8);
	put(f + BODY + 0x30, UINT64_MAX, 8);
	assert_true(open_ok(a, f, FILE_SIZE)->n_notes > 0);
	// All words of the header at their greatest, for every kind of body.
	for (uint32_t type = 0; type < 12; type++) {
		memset(f + 0x88, 0xff, 0xf00);
		put(f + 0xf98, type, 4);
		memset(f + BODY, 0xff, 0x100);
		for (size_t n = 8; n < BODY + 0x200; n += 37)
			open_ok(a, f, n);
	}
	free(f);
	arena_free(a);
}

// A small dump whose debugger data block ends before its offsets: where the copies lay is not known, and no memory may
// be made of their first bytes.
static void test_short_block(void **state)
{
	(void)state;
	enum { PRCB = 0x3000, PROCESS = 0x3100, THREAD = 0x3200, STACK = 0x3300, BLOCK = 0x3400, BLOCK_SIZE = 0x59 };
	uint8_t *f = header(4);
	struct arena *a = arena_new(1 << 22);
	put(f + 0x2004, 0x4000, 4);
	put(f + 0x2008, 0x3ffc, 4);
	memcpy(f + 0x3ffc, "TRGD", 4);
	put(f + 0x201c, PRCB, 4);
	put(f + 0x2020, PROCESS, 4);
	put(f + 0x2024, THREAD, 4);
	put(f + 0x2028, STACK, 4);
	put(f + 0x2070, BLOCK, 4);
	put(f + 0x2074, BLOCK_SIZE, 4);
	memcpy(f + BLOCK + 0x10, "KDBG", 4);
	put(f + BLOCK + 0x14, 0x380, 4);
	put(f + PRCB, 0x1f80, 8);
	put(f + THREAD, 0x60006, 8);
	struct dump *d = open_ok(a, f, 0x4000);
	assert_int_equal(d->kernel->triage->prcb.bytes.n, PROCESS - PRCB);
	assert_int_equal(d->kernel->triage->prcb.va, 0);
	assert_int_equal(d->kernel->triage->thread.va, 0);
	assert_int_equal(dump_ranges_find(d->ranges, 0x1f80, NULL), SIZE_MAX);
	arena_free(a);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bitmap), cmocka_unit_test(test_runs),        cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_lies),   cmocka_unit_test(test_short_block),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
