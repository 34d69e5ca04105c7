// SPDX-License-Identifier: Apache-2.0
#include "arch/arch.h"
#include "arch/x86_extension.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void mk_put(uint8_t *p, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void contexts(void **state)
{
	(void)state;
	uint8_t b[0x4d0] = { 0 };
	struct span s = { b, sizeof(b) };
	struct regs r;
	const struct arch *x64 = arch_find(MACHINE_X64), *x86 = arch_find(MACHINE_X86), *a64 = arch_find(MACHINE_ARM64);
	mk_put(b + 0x30, 0x100001, 4); // control only
	mk_put(b + 0xf8, 0x1234, 8);
	mk_put(b + 0x98, 0x5678, 8);
	assert_int_equal(x64->context(s, &r).code, OK);
	assert_int_equal(reg_get(&r, X64_RIP), 0x1234);
	assert_true(reg_known(&r, X64_RSP));
	assert_false(reg_known(&r, X64_RAX) || reg_known(&r, X64_DS) || r.vknown || r.st_known);
	mk_put(b + 0x30, 0x10000b, 4);
	assert_int_equal(x64->context((struct span){ b, 0xc0 }, &r).code, OK); // cut: what is there is known
	assert_true(reg_known(&r, X64_RBX));
	assert_false(reg_known(&r, X64_RIP) || r.vknown);
	assert_int_equal(x64->context((struct span){ b, 0x32 }, &r).code, E_CORRUPT);
	mk_put(b + 0x30, 1, 4);
	assert_int_equal(x64->context(s, &r).code, E_CORRUPT); // not of this CPU
	memset(b, 0, sizeof(b));
	mk_put(b, 0x1003f, 4);
	mk_put(b + 0xb8, 0x401000, 4);
	mk_put(b + 0xcc + 0xa0 + 16, 0x77, 1);
	assert_int_equal(x86->context((struct span){ b, 0x2cc }, &r).code, OK);
	assert_int_equal(reg_get(&r, X64_RIP), 0x401000);
	assert_int_equal(r.vknown, 0xff);
	assert_int_equal(r.v[1][0], 0x77);
	assert_true(r.st_known);
	memset(b, 0, sizeof(b));
	mk_put(b, 0x400003, 4);
	mk_put(b + 0x108, 0x9999, 8);
	assert_int_equal(a64->context((struct span){ b, 0x390 }, &r).code, OK);
	assert_int_equal(reg_get(&r, A64_PC), 0x9999);
	assert_false(r.vknown);
	mk_put(b, 0x80000006, 8); // Breakpad's old form: vectors without padding
	mk_put(b + 0x11c + 16, 0x55, 1);
	assert_int_equal(a64->context((struct span){ b, 796 }, &r).code, OK);
	assert_int_equal(reg_get(&r, A64_PC), 0x9999);
	assert_int_equal(r.vknown, 0xffffffff);
	assert_int_equal(r.v[1][0], 0x55);
}

static void check_name(uint16_t machine, const char *name, unsigned reg, unsigned shift, unsigned bits)
{
	unsigned n = 99, s = 99, b = 99;
	assert_true(arch_reg_find(arch_find(machine), name, &n, &s, &b));
	assert_int_equal(n, reg);
	assert_int_equal(s, shift);
	assert_int_equal(b, bits);
}

static void register_names(void **state)
{
	(void)state;
	check_name(MACHINE_X64, "rax", X64_RAX, 0, 64);
	check_name(MACHINE_X64, "EAX", X64_RAX, 0, 32);
	check_name(MACHINE_X64, "ah", X64_RAX, 8, 8);
	check_name(MACHINE_X64, "sil", X64_RSI, 0, 8);
	check_name(MACHINE_X64, "r8d", X64_R8, 0, 32);
	check_name(MACHINE_X64, "r15b", X64_R15, 0, 8);
	check_name(MACHINE_X64, "efl", X64_EFL, 0, 32);
	check_name(MACHINE_X64, "zf", X64_EFL, 6, 1);
	check_name(MACHINE_X64, "gs", X64_GS, 0, 16);
	check_name(MACHINE_X86, "eax", X64_RAX, 0, 32);
	check_name(MACHINE_X86, "cx", X64_RCX, 0, 16);
	check_name(MACHINE_ARM64, "x28", A64_X28, 0, 64);
	check_name(MACHINE_ARM64, "w0", A64_X0, 0, 32);
	check_name(MACHINE_ARM64, "lr", A64_LR, 0, 64);
	check_name(MACHINE_ARM64, "x29", A64_FP, 0, 64);
	check_name(MACHINE_ARM64, "pc", A64_PC, 0, 64);
	unsigned n, s, b;
	static const char *const x64_bad[] = { "", "r", "r16", "r08", "r7d", "r8dd", "x0", "r99999999999d" };
	for (size_t i = 0; i < ARRAY_LEN(x64_bad); i++)
		assert_false(arch_reg_find(arch_find(MACHINE_X64), x64_bad[i], &n, &s, &b));
	assert_false(arch_reg_find(arch_find(MACHINE_X86), "rax", &n, &s, &b));
	assert_false(arch_reg_find(arch_find(MACHINE_X86), "r8d", &n, &s, &b));
	assert_false(arch_reg_find(arch_find(MACHINE_ARM64), "w31", &n, &s, &b));
	assert_null(arch_find(MACHINE_ARM));
	assert_string_equal(trust_name(TRUST_FRAME_POINTER), "frame_pointer");
}

static void extensions(void **state)
{
	(void)state;
	assert_string_equal(x86_extension("popcnt  ebx,eax"), "POPCNT");
	assert_string_equal(x86_extension("vzeroupper"), "AVX");
	assert_null(x86_extension("mov eax,ebx"));
	assert_null(x86_extension("ud2"));
	assert_true(x86_lacks("POPCNT", "GenuineIntel", 6, 23));    // Penryn
	assert_true(x86_lacks("POPCNT", "GenuineIntel", 15, 4));    // NetBurst
	assert_true(x86_lacks("SSE4.2", "GenuineIntel", 6, 29));    // Dunnington
	assert_false(x86_lacks("SSE4.2", "GenuineIntel", 6, 26));   // Nehalem
	assert_false(x86_lacks("SSE4.1", "GenuineIntel", 6, 23));   // has it
	assert_true(x86_lacks("POPCNT", "AuthenticAMD", 15, 0x6b)); // K8
	assert_false(x86_lacks("RDTSCP", "AuthenticAMD", 15, 0x6b));
	assert_false(x86_lacks("POPCNT", "AuthenticAMD", 16, 2));
	assert_false(x86_lacks("POPCNT", "CentaurHauls", 6, 15)); // not known
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contexts),
		cmocka_unit_test(extensions),
		cmocka_unit_test(register_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
