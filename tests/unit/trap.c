// SPDX-License-Identifier: Apache-2.0
// Trap frames: places of registers as Microsoft's public symbols have them, and frames that are none.
#include "arch/trap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct image {
	uint8_t bytes[TRAP_MAX_BYTES];
};

static size_t read_image(void *ctx, uint64_t off, void *buf, size_t n)
{
	struct image *i = ctx;
	if (off >= sizeof(i->bytes))
		return 0;
	n = MIN(n, sizeof(i->bytes) - (size_t)off);
	memcpy(buf, i->bytes + off, n);
	return n;
}

static void put(struct image *i, size_t off, uint64_t v, unsigned n)
{
	for (unsigned k = 0; k < n; k++)
		i->bytes[off + k] = (uint8_t)(v >> 8 * k);
}

static err_t read_frame(struct arena *a, uint16_t machine, struct image *i, struct regs *r, uint64_t *zeroed)
{
	struct dump *d;
	static uint8_t header[0x2000];
	memcpy(header, "PAGEDU64", 8);
	header[0xf98] = 3;
	assert_int_equal(dump_open(a, "x", (struct span){ header, sizeof(header) }, &d).code, OK);
	struct space *sp = space_new(a, d);
	space_add_image(sp, 0x1000, sizeof(i->bytes), read_image, i);
	return trap_frame_read(machine, sp, 0x1000, r, zeroed);
}

static void frames(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 20);
	struct image i = { 0 };
	struct regs r;
	uint64_t zeroed;
	assert_int_equal(read_frame(a, MACHINE_X64, &i, &r, &zeroed).code, E_CORRUPT); // zeros
	put(&i, 0x30, 0xa, 8);
	put(&i, 0x60, 0xb, 8);
	put(&i, 0x140, 0xdead, 8); // not filled by the kernel on a fault
	put(&i, 0x158, 0x5, 8);
	put(&i, 0x168, 0xfffff80000001234, 8);
	put(&i, 0x170, 0x10, 2);
	put(&i, 0x178, 0x10282, 4);
	put(&i, 0x180, 0xffff800000000000, 8);
	assert_int_equal(read_frame(a, MACHINE_X64, &i, &r, &zeroed).code, OK);
	assert_int_equal(reg_get(&r, X64_RAX), 0xa);
	assert_int_equal(reg_get(&r, X64_R11), 0xb);
	assert_int_equal(reg_get(&r, X64_RBP), 5);
	assert_int_equal(reg_get(&r, X64_RIP), 0xfffff80000001234);
	assert_int_equal(reg_get(&r, X64_RSP), 0xffff800000000000);
	assert_int_equal(reg_get(&r, X64_RBX), 0);
	assert_true(zeroed >> X64_RBX & 1);
	assert_false(zeroed >> X64_RAX & 1);
	put(&i, 0x178, 0x10280, 4); // bit 1 of the flags is always set
	assert_int_equal(read_frame(a, MACHINE_X64, &i, &r, &zeroed).code, E_CORRUPT);

	memset(&i, 0, sizeof(i));
	put(&i, 0x68, 0x80001234, 4);
	put(&i, 0x6c, 8, 2);
	put(&i, 0x70, 0x246, 4);
	put(&i, 0x74, 0x12345678, 4);
	assert_int_equal(read_frame(a, MACHINE_X86, &i, &r, &zeroed).code, OK);
	assert_int_equal(reg_get(&r, X64_RSP), 0x1074); // kernel code: no stack pointer was pushed
	put(&i, 0x6c, 0x1b, 2);
	assert_int_equal(read_frame(a, MACHINE_X86, &i, &r, &zeroed).code, OK);
	assert_int_equal(reg_get(&r, X64_RSP), 0x12345678);

	memset(&i, 0, sizeof(i));
	put(&i, 0x98, 0xffff0000, 8);
	put(&i, 0xa0 + 18 * 8, 0x18, 8);
	put(&i, 0x148, 0xfffff80000001230, 8);
	assert_int_equal(read_frame(a, MACHINE_ARM64, &i, &r, &zeroed).code, OK);
	assert_int_equal(reg_get(&r, A64_X18), 0x18);
	assert_true(zeroed >> A64_X19 & 1);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(frames) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
