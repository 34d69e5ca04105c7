// SPDX-License-Identifier: Apache-2.0
// The range table and the address space over it.
#include "mem/space.h"
#include "dump_bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct bytes b;

struct item {
	uint64_t va, size;
};

static struct dump *must_open(struct arena *a)
{
	struct dump *d = NULL;
	err_t e = dump_open(a, "x.dmp", all(&b), &d);
	assert_int_equal(e.code, OK);
	return d;
}

// A Memory64List; byte k of the data behind it is (uint8_t)k.
static uint64_t put_memory64(const struct item *items, size_t n, size_t data)
{
	size_t from = b.n;
	put64(&b, n);
	put64(&b, b.n + 8 + 16 * n);
	for (size_t i = 0; i < n; i++) {
		put64(&b, items[i].va);
		put64(&b, items[i].size);
	}
	stream(&b, 9, from);
	uint64_t base = b.n;
	for (size_t k = 0; k < data; k++)
		put(&b, (uint8_t)k, 1);
	return base;
}

static void begin_memory64(const struct item *items, size_t n, size_t data)
{
	begin(&b, 3);
	put_system(&b, 9);
	put_memory64(items, n, data);
}

// Who has the byte at va, found the slow way: the first range listed that covers it.
static int slow(const struct item *items, size_t n, va_t va)
{
	uint64_t off = 0;
	for (size_t i = 0; i < n; off += items[i++].size)
		if (va - items[i].va < items[i].size)
			return (int)(uint8_t)(off + (va - items[i].va));
	return -1;
}

static void first_listed_wins_everywhere(void **state)
{
	(void)state;
	enum { ROUNDS = 300, MAX = 12, SPAN = 64 };
	srand(1);
	for (int round = 0; round < ROUNDS; round++) {
		struct item items[MAX];
		size_t n = 1 + (size_t)rand() % MAX, data = 0;
		va_t at = 0x1000;
		for (size_t i = 0; i < n; i++) {
			items[i] = (struct item){ 0x1000 + (uint64_t)rand() % SPAN, (uint64_t)rand() % 16 };
			if (round % 3 == 0) { // a table in order, searched in place
				items[i] = (struct item){ at + (uint64_t)rand() % 3, 1 + (uint64_t)rand() % 4 };
				at = items[i].va + items[i].size;
			}
			data += items[i].size;
		}
		struct arena *a = arena_new(1 << 20);
		begin_memory64(items, n, data);
		struct dump *d = must_open(a);
		struct space *sp = space_new(a, d);
		for (va_t va = 0xffe; va < 0x1000 + SPAN + 20; va++) {
			uint8_t byte = 0;
			int want = slow(items, n, va);
			assert_int_equal(space_u8(sp, va, &byte), want >= 0);
			assert_int_equal(byte, want >= 0 ? want : 0);
		}
		for (size_t i = 1; i < dump_ranges_count(d->ranges); i++) {
			struct dump_range x = dump_ranges_get(d->ranges, i - 1), y = dump_ranges_get(d->ranges, i);
			assert_true(x.size && y.size && y.va - x.va >= x.size && y.va > x.va);
		}
		assert_false(d->truncated);
		arena_free(a);
	}
}

// More ranges than one run of sums covers.
static void offsets_over_many_ranges(void **state)
{
	enum { N = 1000 };
	struct item items[N];
	for (size_t i = 0; i < N; i++)
		items[i] = (struct item){ 0x1000 * (i + 1), 1 + i % 7 };
	begin_memory64(items, N, 4 * N);
	struct dump *d = must_open(*state);
	uint64_t off = dump_ranges_get(d->ranges, 0).off;
	assert_int_equal(dump_ranges_count(d->ranges), N);
	for (size_t i = 0; i < N; off += items[i++].size) {
		size_t next;
		assert_int_equal(dump_ranges_get(d->ranges, i).off, off);
		assert_int_equal(dump_ranges_find(d->ranges, items[i].va, &next), i);
		assert_int_equal(next, i + 1);
		assert_int_equal(dump_ranges_find(d->ranges, items[i].va + items[i].size, &next), SIZE_MAX);
		assert_int_equal(next, i + 1);
	}
}

static void the_end_of_the_address_space(void **state)
{
	const struct item items[] = { { 0xfffffffffffffff0, 16 }, { 0xffffffffffffff00, 1000 } };
	begin_memory64(items, 1, 16);
	struct dump *d = must_open(*state);
	struct space *sp = space_new(*state, d);
	uint8_t buf[64];
	size_t got;
	assert_int_equal(space_read(sp, 0xfffffffffffffff8, buf, sizeof(buf), &got).code, OK);
	assert_int_equal(got, 8);
	assert_int_equal(buf[7], 15);
	begin_memory64(items, 2, 1016);
	d = must_open(*state);
	assert_int_equal(dump_ranges_count(d->ranges), 2);
	assert_int_equal(dump_ranges_get(d->ranges, 0).size, 0xf0);
}

static void stacks_that_no_list_has(void **state)
{
	for (unsigned listed = 0; listed < 2; listed++) {
		begin(&b, 3);
		put_system(&b, 9);
		uint32_t bytes = (uint32_t)b.n;
		put64(&b, 0x1122334455667788);
		size_t from = b.n;
		put32(&b, 1);
		zeros(&b, 24);
		put64(&b, 0x5000);
		put32(&b, 8);
		put32(&b, bytes);
		zeros(&b, 8);
		stream(&b, 3, from);
		from = b.n;
		put32(&b, 1);
		put64(&b, listed ? 0x5000 : 0x9000);
		put32(&b, 8);
		put32(&b, bytes);
		stream(&b, 5, from);
		struct dump *d = must_open(*state);
		uint64_t v;
		assert_int_equal(dump_ranges_count(d->ranges), listed ? 1 : 2);
		assert_true(space_u64(space_new(*state, d), 0x5000, &v));
		assert_int_equal(v, 0x1122334455667788);
	}
}

static void a_cut_file_gives_what_it_has(void **state)
{
	const struct item items[] = { { 0x1000, 16 }, { 0x2000, 16 } };
	begin_memory64(items, 2, 20);
	struct dump *d = must_open(*state);
	struct space *sp = space_new(*state, d);
	uint8_t buf[32];
	size_t got;
	va_t next;
	assert_true(d->truncated);
	assert_int_equal(dump_ranges_get(d->ranges, 1).have, 4);
	assert_int_equal(space_read(sp, 0x2000, buf, 16, &got).code, OK);
	assert_int_equal(got, 4);
	err_t e = space_read(sp, 0x2004, buf, 1, &got);
	assert_int_equal(e.code, E_ABSENT);
	assert_int_equal(e.at, 0x2004);
	assert_int_equal(got, 0);
	assert_int_equal(space_why(sp, 0x2004), SPACE_TRUNCATED);
	assert_int_equal(space_why(sp, 0x3000), SPACE_UNKNOWN);
	assert_true(space_next(sp, 0x1010, 0x3000, &next));
	assert_int_equal(next, 0x2000);
	assert_false(space_next(sp, 0x2004, UINT64_MAX, &next));
	assert_false(space_next(sp, 0x1010, 0x2000, &next));
}

static void why_not(void **state)
{
	const struct item items[] = { { 0x10000, 16 } };
	begin_memory64(items, 1, 16);
	size_t from = b.n;
	put32(&b, 16);
	put32(&b, 48);
	put64(&b, 3);
	static const uint32_t states[] = { 0x1000, 0x2000, 0x10000 };
	for (uint64_t i = 0; i < 3; i++) {
		put64(&b, 0x10000 * (i + 1));
		zeros(&b, 16);
		put64(&b, 0x10000);
		put32(&b, states[i]);
		zeros(&b, 12);
	}
	stream(&b, 16, from);
	struct space *sp = space_new(*state, must_open(*state));
	assert_int_equal(space_why(sp, 0x10000), SPACE_OK);
	assert_int_equal(space_why(sp, 0x10010), SPACE_NOT_CAPTURED);
	assert_int_equal(space_why(sp, 0x20000), SPACE_NOT_MAPPED);
	assert_int_equal(space_why(sp, 0x30000), SPACE_NOT_MAPPED);
	assert_int_equal(space_why(sp, 0x40000), SPACE_UNKNOWN);
	assert_string_equal(space_why_text(SPACE_NOT_CAPTURED), "not captured in this dump");
}

static size_t image(void *ctx, uint64_t off, void *buf, size_t n)
{
	unsigned fill = *(unsigned *)ctx;
	if (off >= 0x800 && off < 0x900) // a hole
		return 0;
	n = off < 0x800 ? MIN(n, (size_t)(0x800 - off)) : n;
	memset(buf, (int)fill, n);
	return n;
}

static void images_lie_under_the_memory(void **state)
{
	const struct item items[] = { { 0x1100, 16 }, { 0x1200, 16 } };
	static unsigned one = 0xaa, two = 0xbb;
	begin_memory64(items, 2, 20); // the second is cut
	struct space *sp = space_new(*state, must_open(*state));
	uint8_t buf[0x1000];
	size_t got;
	va_t next;
	space_add_image(sp, 0x1000, 0x1000, image, &one);
	space_add_image(sp, 0x800, 0x1100, image, &two); // deeper
	assert_int_equal(space_read(sp, 0x1000, buf, 0x1000, &got).code, OK);
	assert_int_equal(got, 0x1000);
	assert_int_equal(buf[0x7ff], 0xaa);
	assert_int_equal(buf[0x800], 0xbb); // the hole of the first
	assert_int_equal(buf[0x900], 0xaa);
	assert_int_equal(buf[0xff], 0xaa);
	assert_int_equal(buf[0x100], 0);
	assert_int_equal(buf[0x10f], 15);
	assert_int_equal(buf[0x110], 0xaa);
	assert_int_equal(buf[0x203], 19);
	assert_int_equal(buf[0x204], 0xaa);
	assert_int_equal(space_source_at(sp, 0x1100), SPACE_DUMP);
	assert_int_equal(space_source_at(sp, 0x1204), SPACE_IMAGE);
	assert_int_equal(space_source_at(sp, 0x3000), SPACE_NONE);
	assert_int_equal(space_read(sp, 0xf00, buf, 0x200, &got).code, OK);
	assert_int_equal(buf[0xff], 0xbb);
	assert_int_equal(buf[0x100], 0xaa); // the first image from its base on
	assert_true(space_next(sp, 0x100, 0x10000, &next));
	assert_int_equal(next, 0x800);
}

struct fault {
	struct space *sp;
	unsigned calls;
	bool give;
};

static bool on_fault(void *ctx, va_t va)
{
	static unsigned fill = 0xcc;
	struct fault *f = ctx;
	f->calls++;
	if (f->give)
		space_add_image(f->sp, va & ~(va_t)0xfff, 0x1000, image, &fill);
	return f->give;
}

static void faults_are_asked_once_per_read(void **state)
{
	const struct item items[] = { { 0x1000, 16 } };
	begin_memory64(items, 1, 16);
	struct space *sp = space_new(*state, must_open(*state));
	struct fault f = { .sp = sp };
	uint8_t buf[64];
	size_t got;
	space_on_fault(sp, on_fault, &f);
	assert_int_equal(space_read(sp, 0x1000, buf, 16, &got).code, OK);
	assert_int_equal(f.calls, 0);
	assert_int_equal(space_read(sp, 0x5000, buf, 16, &got).code, E_ABSENT);
	assert_int_equal(f.calls, 1);
	assert_int_equal(space_source_at(sp, 0x5000), SPACE_NONE); // does not ask
	assert_int_equal(f.calls, 1);
	f.give = true;
	assert_true(space_read_all(sp, 0x5000, buf, 16));
	assert_int_equal(f.calls, 2);
	assert_int_equal(buf[15], 0xcc);
	assert_int_equal(space_read(sp, 0x5ff0, buf, 32, &got).code, OK);
	assert_int_equal(got, 32); // the second page came by a fault of its own
	assert_int_equal(f.calls, 3);
}

static void small_reads(void **state)
{
	const struct item items[] = { { 0x1000, 10 } };
	begin_memory64(items, 1, 10);
	struct space *sp = space_new(*state, must_open(*state));
	uint16_t h;
	uint32_t w;
	uint64_t q = 7;
	assert_true(space_u16(sp, 0x1001, &h));
	assert_int_equal(h, 0x0201);
	assert_true(space_u32(sp, 0x1002, &w));
	assert_int_equal(w, 0x05040302);
	assert_true(space_ptr(sp, 0x1000, 4, &q));
	assert_int_equal(q, 0x03020100);
	assert_false(space_u64(sp, 0x1003, &q)); // the last byte is missing
	assert_int_equal(q, 0x03020100);
}

static int setup(void **state)
{
	*state = arena_new(1 << 24);
	return 0;
}

static int teardown(void **state)
{
	arena_free(*state);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_listed_wins_everywhere),
		T(offsets_over_many_ranges),
		T(the_end_of_the_address_space),
		T(stacks_that_no_list_has),
		T(a_cut_file_gives_what_it_has),
		T(why_not),
		T(images_lie_under_the_memory),
		T(faults_are_asked_once_per_read),
		T(small_reads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
