// SPDX-License-Identifier: Apache-2.0
// fuzz_disasm.c: byte 0 picks the machine, the rest is decoded in sequence. Lengths, texts and facts stay
// in bounds; a decode is a function of its bytes; what follows an instruction does not change it.
#include "arch/disasm.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool name_some(void *ctx, va_t va, char *buf, size_t n)
{
	(void)ctx;
	if (va & 1)
		return false;
	int len =
		snprintf(buf, n, "module!a_name_long_enough_to_be_cut_%0*llx", (int)(va % 200), (unsigned long long)va);
	return len > 0;
}

static void check(uint16_t machine, struct span s, va_t va, const struct insn *in)
{
	unsigned max = machine == MACHINE_ARM64 ? 4 : 15;
	assert(in->len >= 1 && in->len <= max);
	assert(memchr(in->mnemonic, '\0', sizeof(in->mnemonic)) && in->mnemonic[0]);
	assert(memchr(in->operands, '\0', sizeof(in->operands)));
	assert(memchr(in->mem.segment, '\0', sizeof(in->mem.segment)));
	assert(in->mem.base >= -1 && in->mem.base < REGS_MAX && in->mem.index >= -1 && in->mem.index < REGS_MAX);
	assert(in->len <= (s.n ? s.n : 1));
	if (!in->valid) {
		assert(strcmp(in->mnemonic, "???") == 0 && !in->has_target && !in->mem.present);
		return;
	}
	struct insn again;
	memset(&again, 0xa5, sizeof(again));
	insn_decode(machine, (struct span){ s.p, in->len }, va, name_some, NULL, &again);
	assert(again.valid && again.len == in->len && strcmp(again.operands, in->operands) == 0);
	assert(strcmp(again.mnemonic, in->mnemonic) == 0 && again.kind == in->kind && again.target == in->target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t MACHINES[] = { MACHINE_X64, MACHINE_X86, MACHINE_ARM64, MACHINE_ARM };
	if (!size)
		return 0;
	uint16_t machine = MACHINES[data[0] & 3];
	struct span all = { data + 1, size - 1 };
	for (size_t at = 0; at <= all.n;) {
		struct span s = { all.p + at, all.n - at };
		struct insn in;
		memset(&in, 0x5a, sizeof(in));
		insn_decode(machine, s, 0x7ff612345670 + at, name_some, NULL, &in);
		check(machine, s, 0x7ff612345670 + at, &in);
		insn_ends_with_call(machine, (struct span){ all.p, at });
		at += in.len;
	}
	return 0;
}
