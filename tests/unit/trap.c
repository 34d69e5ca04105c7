// SPDX-License-Identifier: Apache-2.0
// Trap frames: places of registers as Microsoft's public symbols have them, and frames that are none.
#include "arch/trap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct image {
	uint8_t bytes[2 * TRAP_MAX_BYTES];
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

static struct space *image_space(struct arena *a, struct image *i)
{
	struct dump *d;
	static uint8_t header[0x2000];
	memcpy(header, "PAGEDU64", 8);
	header[0xf98] = 3;
	assert_int_equal(dump_open(a, "x", (struct span){ header, sizeof(header) }, &d).code, OK);
	struct space *sp = space_new(a, d);
	space_add_image(sp, 0x1000, sizeof(i->bytes), read_image, i);
	return sp;
}

static err_t read_frame(struct arena *a, uint16_t machine, struct image *i, struct regs *r, uint64_t *zeroed)
{
	return trap_frame_read(machine, image_space(a, i), 0x1000, r, zeroed);
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
	put(&i, 0x34, 0x23, 4); // up to Windows 8
	put(&i, 0x38, 0x23, 4);
	put(&i, 0x40, 0xc, 4);
	put(&i, 0x44, 0xa, 4);
	assert_int_equal(read_frame(a, MACHINE_X86, &i, &r, &zeroed).code, OK);
	assert_int_equal(reg_get(&r, X64_RAX), 0xa);
	put(&i, 0x30, 0x23, 4); // from Windows 8.1 on
	put(&i, 0x38, 0xd, 4);
	assert_int_equal(read_frame(a, MACHINE_X86, &i, &r, &zeroed).code, OK);
	assert_int_equal(reg_get(&r, X64_RAX), 0xc);
	assert_int_equal(reg_get(&r, X64_RDX), 0xd);
	assert_int_equal(reg_get(&r, X64_DS), 0x23);

	memset(&i, 0, sizeof(i));
	put(&i, 0x98, 0xffff0000, 8);
	put(&i, 0xa0 + 18 * 8, 0x18, 8);
	put(&i, 0x148, 0xfffff80000001230, 8);
	assert_int_equal(read_frame(a, MACHINE_ARM64, &i, &r, &zeroed).code, OK);
	assert_int_equal(reg_get(&r, A64_X18), 0x18);
	assert_true(zeroed >> A64_X19 & 1);
	arena_free(a);
}

// Places: Intel SDM volume 3, "32-Bit Task-State Segment (TSS)".
static void task_segment(void **state)
{
	(void)state;
	struct arena *a = arena_new(1 << 20);
	struct image i = { 0 };
	struct regs r;
	assert_int_equal(x86_tss_read(image_space(a, &i), 0x1000, &r).code, E_CORRUPT); // zeros
	for (unsigned k = 0; k < 8; k++)
		put(&i, 0x28 + 4 * k, 0x100 + k, 4); // eax ecx edx ebx esp ebp esi edi
	put(&i, 0x20, 0x82a01234, 4);
	put(&i, 0x24, 0x10286, 4);
	put(&i, 0x4c, 8, 2);
	put(&i, 0x50, 0x10, 2);
	put(&i, 0x54, 0xffff0023, 4); // the upper half is reserved
	assert_int_equal(x86_tss_read(image_space(a, &i), 0x1000, &r).code, OK);
	assert_int_equal(reg_get(&r, X64_RIP), 0x82a01234);
	assert_int_equal(reg_get(&r, X64_RAX), 0x100);
	assert_int_equal(reg_get(&r, X64_RBX), 0x103);
	assert_int_equal(reg_get(&r, X64_RSP), 0x104);
	assert_int_equal(reg_get(&r, X64_RBP), 0x105);
	assert_int_equal(reg_get(&r, X64_RDI), 0x107);
	assert_int_equal(reg_get(&r, X64_DS), 0x23);
	assert_int_equal(x86_tss_read(image_space(a, &i), 0x1000 + 2 * TRAP_MAX_BYTES - TSS_BYTES + 1, &r).code,
			 E_ABSENT);
	arena_free(a);
}

static void search(void **state)
{
	(void)state;
	enum { IP = 0x12345678, ADDRESS = 0x77 };
	struct arena *a = arena_new(1 << 20);
	struct image i = { 0 };
	for (size_t at = 0; at <= TRAP_MAX_BYTES; at += TRAP_MAX_BYTES) {
		put(&i, at + X64_TRAP_RIP, IP, 8);
		put(&i, at + X64_TRAP_CS, 0x10, 2);
		put(&i, at + 0x178, 0x282, 4);
	}
	put(&i, 0x20, IP, 8); // no frame begins below the memory
	put(&i, TRAP_MAX_BYTES + X64_TRAP_FAULT_ADDRESS, ADDRESS, 8);
	const struct space *sp = image_space(a, &i);
	assert_int_equal(trap_frame_find(MACHINE_X64, sp, 0x1000, IP, 0x99), 0x1000);
	assert_int_equal(trap_frame_find(MACHINE_X64, sp, 0x1000, IP, ADDRESS), 0x1000 + TRAP_MAX_BYTES);
	assert_int_equal(trap_frame_find(MACHINE_X64, sp, 0x1008, IP, 0x99), 0x1000 + TRAP_MAX_BYTES);
	assert_int_equal(trap_frame_find(MACHINE_X64, sp, 0x1000, IP + 1, 0x99), 0);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(frames), cmocka_unit_test(task_segment),
					    cmocka_unit_test(search) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
