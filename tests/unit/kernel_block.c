// SPDX-License-Identifier: Apache-2.0
// The encoded debugger data block: the right keys give it back, anything else leaves it alone.
#include "target/kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 0x380, TAIL = 5 };
static const uint64_t base = 0xfffff80012345000, flag = 0xfffff80012c00371, always = 0x99aabbccddeeff01;

static void put(uint8_t *p, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

// What the kernel does, byte by byte.
static void encode(uint8_t *p, uint64_t never)
{
	for (size_t at = 0; at + 8 <= SIZE; at += 8) {
		uint64_t x = le_get(p + at, 8) ^ always, y = 0;
		for (unsigned i = 0; i < 8; i++)
			y = y << 8 | (x >> 8 * i & 0xff);
		y ^= flag;
		for (unsigned i = 0; i < (never & 63); i++)
			y = y >> 1 | y << 63;
		put(p + at, y ^ never, 8);
	}
}

struct box {
	struct arena *a;
	uint8_t block[SIZE + TAIL];
	struct dump_kernel facts;
	struct dump_user user;
	struct kernel kernel;
	struct target target;
};

static void set_up(struct box *m, uint64_t never, uint32_t size, uint64_t names)
{
	*m = (struct box){ .a = arena_new(1 << 20) };
	memcpy(m->block + 0x10, "KDBG", 4);
	put(m->block + 0x14, size, 4);
	put(m->block + KDBG_KERN_BASE, names, 8);
	put(m->block + KDBG_PROCESS_SIZE, 0xa40, 2);
	encode(m->block, never);
	m->kernel = (struct kernel){ .facts = &m->facts,
				     .user = &m->user,
				     .ptr_bytes = 8,
				     .base = base,
				     .kdbg_coded = { m->block, sizeof(m->block) },
				     .no_kdbg = "encoded",
				     .current = SIZE_MAX };
	m->target = (struct target){
		.arena = m->a, .kernel = &m->kernel, .user = &m->user, .machine = MACHINE_X64, .ptr_bytes = 8
	};
}

static void right_keys(void **state)
{
	(void)state;
	// Turns of 0 and of 63 bits, too.
	static const uint64_t nevers[] = { 0x1122334455667788, 0x1122334455667740, 0xffffffffffffffff };
	for (size_t i = 0; i < ARRAY_LEN(nevers); i++) {
		struct box m;
		set_up(&m, nevers[i], SIZE, base);
		assert_true(kernel_decode(&m.target, nevers[i], always, flag));
		assert_int_equal(m.kernel.kdbg.n, SIZE);
		assert_int_equal(kernel_kdbg(&m.kernel, KDBG_PROCESS_SIZE, 2), 0xa40);
		assert_int_equal(m.kernel.base, base);
		assert_null(m.kernel.no_kdbg);
		assert_false(kernel_decode(&m.target, nevers[i], always, flag)); // once is enough
		arena_free(m.a);
	}
}

static void refuses(struct box *m, uint64_t never, uint64_t key, va_t at)
{
	assert_false(kernel_decode(&m->target, never, key, at));
	assert_int_equal(m->kernel.kdbg.n, 0);
	assert_string_equal(m->kernel.no_kdbg, "encoded");
}

static void refused(void **state)
{
	(void)state;
	const uint64_t never = 0x1122334455667788;
	struct box m;
	set_up(&m, never, SIZE, base);
	refuses(&m, never ^ 1, always, flag);
	refuses(&m, never, always ^ 1ull << 32, flag);
	refuses(&m, never, always, flag + 0x1000);
	m.kernel.kdbg_coded.n = SIZE - 1; // cut
	refuses(&m, never, always, flag);
	m.kernel.kdbg_coded.n = 0x11;
	refuses(&m, never, always, flag);
	m.kernel.kdbg_coded.n = SIZE;
	m.target.ptr_bytes = 4;
	refuses(&m, never, always, flag);
	arena_free(m.a);
	set_up(&m, never, SIZE, base + 0x1000); // another kernel's
	refuses(&m, never, always, flag);
	arena_free(m.a);
	static const uint32_t sizes[] = { 0, 0x33f, SIZE + 8, UINT32_MAX };
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		set_up(&m, never, sizes[i], base);
		refuses(&m, never, always, flag);
		arena_free(m.a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_keys),
		cmocka_unit_test(refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
