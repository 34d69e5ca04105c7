// SPDX-License-Identifier: Apache-2.0
// Page tables, written entry by entry as the processors' manuals have them.
#include "mem/space.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BODY = 0x2000, PAGES = 64 };
struct memory {
	uint8_t *file;
	struct arena *a;
	struct dump *d;
	struct paging p;
};

static void put(struct memory *m, pa_t pa, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		m->file[BODY + pa + i] = (uint8_t)(v >> 8 * i);
}

static struct memory make(enum paging_kind kind)
{
	struct memory m = { .file = calloc(1, BODY + PAGES * DUMP_PAGE), .a = arena_new(1 << 22) };
	assert_non_null(m.file);
	memcpy(m.file, "PAGEDU64", 8);
	m.file[0x30] = 0x64;
	m.file[0x31] = 0x86;
	m.file[0x88] = 1;
	m.file[0xa0] = PAGES;
	m.file[0xf98] = 1;
	assert_int_equal(dump_open(m.a, "x", (struct span){ m.file, BODY + PAGES * DUMP_PAGE }, &m.d).code, OK);
	m.p = (struct paging){ .phys = m.d->kernel->phys, .file = m.d->file, .kind = kind, .root = 0x1000 };
	return m;
}

static void drop(struct memory *m)
{
	free(m->file);
	arena_free(m->a);
}

static struct page_walk at(struct memory *m, va_t va)
{
	struct page_walk w;
	paging_walk(&m->p, va, &w);
	return w;
}

static void x64(void **state)
{
	(void)state;
	struct memory m = make(PAGING_X64);
	const va_t base = 0xfffff80000000000;
	m.p.root = 0x1002; // PCID bits are no address
	put(&m, 0x1000 + 0x1f0 * 8, 0x2063, 8);
	put(&m, 0x2000, 0x3063, 8);
	put(&m, 0x2008, 0x40000000 | 0x80e3, 8); // 1 GiB; address bits below its size are not believed
	put(&m, 0x3000, 0x4063, 8);
	put(&m, 0x3008, 0x8a00000000200ae3, 8); // 2 MiB, NX and software bits
	put(&m, 0x4000, 0x0a00000000005863, 8);
	put(&m, 0x4008, 0x0000200000006860, 8);                    // transition, swizzled
	put(&m, 0x4010, 0x00000012000020a0, 8);                    // page file 2
	put(&m, 0x4018, 0x80, 8);                                  // demand zero
	put(&m, 0x4028, 0xffffffff00000480, 8);                    // the VAD's prototype
	put(&m, 0x4030, (uint64_t)(base + 0x10) << 16 | 0x400, 8); // a prototype entry in the mapped page at base
	put(&m, 0x5010, 0x7063, 8);
	struct page_walk w = at(&m, base + 0x123);
	assert_int_equal(w.state, PAGE_MAPPED);
	assert_int_equal(w.pa, 0x5123);
	assert_int_equal(w.n, 4);
	assert_int_equal(w.levels[3].at, 0x4000);
	w = at(&m, base + 0x1abc);
	assert_int_equal(w.state, PAGE_TRANSITION);
	assert_int_equal(w.pa, 0x6abc);
	w = at(&m, base + 0x2000);
	assert_int_equal(w.state, PAGE_PAGEFILE);
	assert_int_equal(w.file, 2);
	assert_int_equal(w.file_page, 0x12);
	assert_int_equal(at(&m, base + 0x3000).state, PAGE_DEMAND_ZERO);
	assert_int_equal(at(&m, base + 0x4000).state, PAGE_EMPTY);
	w = at(&m, base + 0x5000);
	assert_int_equal(w.state, PAGE_PROTOTYPE);
	assert_int_equal(w.prototype, UINT64_MAX);
	w = at(&m, base + 0x6042);
	assert_int_equal(w.state, PAGE_MAPPED);
	assert_true(w.by_prototype);
	assert_int_equal(w.pa, 0x7042);
	w = at(&m, base + 0x200000 + 0x12345);
	assert_int_equal(w.state, PAGE_MAPPED);
	assert_int_equal(w.pa, 0x212345);
	assert_int_equal(w.shift, 21);
	w = at(&m, base + 0x40000000 + 0x1234567);
	assert_int_equal(w.pa, 0x41234567);
	assert_int_equal(w.shift, 30);
	assert_int_equal(at(&m, 0).state, PAGE_EMPTY);
	assert_int_equal(at(&m, 0x0001000000000000).state, PAGE_NOT_CANONICAL);
	put(&m, 0x2010, 0x7f000063, 8); // a table behind the dump
	w = at(&m, base + 0x80000000);
	assert_int_equal(w.state, PAGE_TABLE_ABSENT);
	assert_int_equal(w.pa, 0x7f000000);
	put(&m, 0x1000 + 0x1ef * 8, 0x1063, 8); // a table that is its own child ends after four levels
	assert_int_equal(
		at(&m, (va_t)0xffff << 48 | 0x1efull << 39 | 0x1efull << 30 | 0x1efull << 21 | 0x1efull << 12).pa,
		0x1000);
	drop(&m);
}

static void la57(void **state)
{
	(void)state;
	struct memory m = make(PAGING_LA57);
	put(&m, 0x1000 + 0x1ff * 8, 0x2063, 8);
	put(&m, 0x2000 + 0x1f0 * 8, 0x3063, 8);
	put(&m, 0x3000, 0x4063, 8);
	put(&m, 0x4000, 0x5063, 8);
	put(&m, 0x5000, 0x6063, 8);
	struct page_walk w = at(&m, 0xfffff80000000010);
	assert_int_equal(w.state, PAGE_MAPPED);
	assert_int_equal(w.pa, 0x6010);
	assert_int_equal(w.n, 5);
	assert_int_equal(at(&m, 0xff00000000000000).state, PAGE_EMPTY);
	assert_int_equal(at(&m, 0xf000000000000000).state, PAGE_NOT_CANONICAL);
	// The upper half begins lower than with four levels.
	va_t next;
	struct space *sp = space_new(m.a, m.d);
	space_set_paging(sp, &m.p);
	put(&m, 0x1000 + 0x100 * 8, 0x2063, 8);
	assert_true(space_next(sp, 0xf000000000000000, UINT64_MAX, &next));
	assert_int_equal(next, 0xff00f80000000000);
	drop(&m);
}

static void x86(void **state)
{
	(void)state;
	struct memory m = make(PAGING_X86);
	put(&m, 0x1000 + 0x200 * 4, 0x2063, 4);
	put(&m, 0x1000 + 0x201 * 4, 0x004020e3, 4); // 4 MiB at 0x1_00400000 by PSE-36 (bit 13)
	put(&m, 0x2000, 0x3063, 4);
	put(&m, 0x2004, 0x4860, 4);
	put(&m, 0x2008, 0x12002, 4);
	assert_int_equal(at(&m, 0x80000ff0).pa, 0x3ff0);
	assert_int_equal(at(&m, 0x80001010).state, PAGE_TRANSITION);
	assert_int_equal(at(&m, 0x80001010).pa, 0x4010);
	assert_int_equal(at(&m, 0x80002000).state, PAGE_PAGEFILE);
	assert_int_equal(at(&m, 0x80002000).file, 1);
	assert_int_equal(at(&m, 0x80002000).file_page, 0x12);
	assert_int_equal(at(&m, 0x80412345).pa, 0x100412345);
	assert_int_equal(at(&m, 0x180000000).state, PAGE_NOT_CANONICAL);
	drop(&m);
	m = make(PAGING_PAE);
	m.p.root = 0x1020; // 32-byte aligned
	put(&m, 0x1020 + 2 * 8, 0x2001, 8);
	put(&m, 0x2000, 0x3063, 8);
	put(&m, 0x2008, 0x2000e3, 8); // 2 MiB
	put(&m, 0x3000, 0x4063, 8);
	assert_int_equal(at(&m, 0x80000004).pa, 0x4004);
	assert_int_equal(at(&m, 0x80200004).pa, 0x200004);
	drop(&m);
}

static void arm64(void **state)
{
	(void)state;
	struct memory m = make(PAGING_ARM64);
	put(&m, 0x1000 + 0x1f0 * 8, 0x2003, 8);
	put(&m, 0x2000, 0x3003, 8);
	put(&m, 0x2008, 0x0060000040000701, 8); // block of 1 GiB
	put(&m, 0x3000, 0x4003, 8);
	put(&m, 0x3008, 0x00e0000000200701, 8); // block of 2 MiB
	put(&m, 0x4000, 0x0060000000005703, 8);
	put(&m, 0x4008, 0x1234560000000000, 8);
	const va_t base = 0xfffff80000000000;
	assert_int_equal(at(&m, base + 8).pa, 0x5008);
	assert_int_equal(at(&m, base + 0x200008).pa, 0x200008);
	assert_int_equal(at(&m, base + 0x40000008).pa, 0x40000008);
	assert_int_equal(at(&m, base + 0x1000).state, PAGE_UNKNOWN);
	assert_int_equal(at(&m, base + 0x2000).state, PAGE_EMPTY);
	drop(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(x64),
		cmocka_unit_test(la57),
		cmocka_unit_test(x86),
		cmocka_unit_test(arm64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
