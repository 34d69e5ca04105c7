// SPDX-License-Identifier: Apache-2.0
// disasm.c: picks the decoder of the machine; writes addresses the way WinDbg does.
#include "arch/disasm_int.h"

#include <stdio.h>
#include <string.h>

// What is left of insn.operands after "qword ptr [", " (00000000`00000000)]" and a 64-bit immediate.
enum { NAME_MAX_IN_OPERANDS = 104 };

void ops_add(struct insn_out *o, const char *fmt, ...)
{
	size_t room = sizeof(o->in->operands) - o->n;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(o->in->operands + o->n, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		o->n += MIN((size_t)n, room - 1);
}

void ops_next(struct insn_out *o)
{
	if (o->n)
		ops_add(o, ",");
}

void ops_addr(struct insn_out *o, va_t va)
{
	if (o->narrow)
		ops_add(o, "%08x", (unsigned)va);
	else
		ops_add(o, "%08x`%08x", (unsigned)(va >> 32), (unsigned)va);
}

bool ops_named(struct insn_out *o, va_t va)
{
	char buf[NAME_MAX_IN_OPERANDS] = "";
	if (!o->name || !o->name(o->ctx, va, buf, sizeof(buf)))
		return false;
	buf[sizeof(buf) - 1] = '\0';
	ops_add(o, "%s (", buf);
	ops_addr(o, va);
	ops_add(o, ")");
	return true;
}

void ops_target(struct insn_out *o, va_t va)
{
	if (!ops_named(o, va))
		ops_addr(o, va);
}

void insn_decode(uint16_t machine, struct span bytes, va_t va, insn_name_fn *name, void *ctx, struct insn *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->mem.base = ret->mem.index = -1;
	ret->mem.scale = 1;
	struct insn_out o = { .in = ret, .narrow = machine == MACHINE_X86, .name = name, .ctx = ctx };
	switch (machine) {
	case MACHINE_X86:
	case MACHINE_X64:
		insn_decode_x86(machine == MACHINE_X64, bytes, va, &o);
		break;
	case MACHINE_ARM64:
		insn_decode_arm64(bytes, va, &o);
		break;
	default:
		ret->len = 1;
	}
	if (!ret->valid) {
		unsigned len = ret->len;
		memset(ret, 0, sizeof(*ret));
		ret->len = len;
		ret->mem.base = ret->mem.index = -1;
		ret->mem.scale = 1;
		memcpy(ret->mnemonic, "???", sizeof("???"));
	}
}

bool insn_ends_with_call(uint16_t machine, struct span before)
{
	struct insn in;
	if (machine == MACHINE_ARM64) {
		if (before.n < INSN_ARM64_LEN)
			return false;
		uint32_t w = (uint32_t)le_get(before.p + before.n - INSN_ARM64_LEN, INSN_ARM64_LEN);
		bool bl = w >> 26 == 0x25;
		bool blr = (w & 0xfffffc1f) == 0xd63f0000;
		bool blra = (w & 0xfefff800) == 0xd63f0800; // BLRAA, BLRAB and their zero-modifier forms
		return bl || blr || blra;
	}
	if (machine != MACHINE_X86 && machine != MACHINE_X64)
		return false;
	// Longest first would be as good: any reading of the bytes that ends here as a call will do. A REX
	// prefix makes 3 to 8 bytes of it, which the same reading without the prefix covers.
	for (size_t n = 2; n <= 7 && n <= before.n; n++) {
		struct span s = { before.p + before.n - n, n };
		bool may = s.p[0] == 0xe8 || s.p[0] == 0x9a || (s.p[0] == 0xff && ((s.p[1] >> 3 & 7) | 1) == 3);
		if (!may)
			continue;
		insn_decode(machine, s, 0, NULL, NULL, &in);
		if (in.valid && in.len == n && in.kind == INSN_CALL)
			return true;
	}
	return false;
}
