// SPDX-License-Identifier: Apache-2.0
// disasm_arm64_facts.c: what an A64 word does to the flow of control and which memory it touches, from its
// bits alone (Arm ARM DDI 0487, chapter C4 "A64 Instruction Set Encoding").
#include "arch/disasm_int.h"

static uint32_t bits(uint32_t w, unsigned hi, unsigned lo)
{
	return w >> lo & (uint32_t)((1ull << (hi - lo + 1)) - 1);
}

static int64_t sbits(uint32_t w, unsigned hi, unsigned lo)
{
	unsigned n = hi - lo + 1;
	return (int64_t)((uint64_t)bits(w, hi, lo) << (64 - n)) >> (64 - n);
}

static void set_target(struct insn *in, va_t base, int64_t off)
{
	in->has_target = true;
	in->target = base + (uint64_t)off;
}

static enum insn_kind register_branch(uint32_t w)
{
	switch (bits(w, 24, 21) & 7) { // bit 24: with pointer authentication and a modifier
	case 0:
		return INSN_JUMP;
	case 1:
		return INSN_CALL;
	default: // ret, eret, drps
		return INSN_RET;
	}
}

static void branch_facts(uint32_t w, va_t va, struct insn *in)
{
	if (bits(w, 30, 26) == 0x05) {
		in->kind = w >> 31 ? INSN_CALL : INSN_JUMP;
		set_target(in, va, sbits(w, 25, 0) * 4);
	} else if (bits(w, 31, 25) == 0x2a) { // b.cond
		in->kind = INSN_COND_JUMP;
		set_target(in, va, sbits(w, 23, 5) * 4);
	} else if (bits(w, 30, 25) == 0x1a) { // cbz, cbnz
		in->kind = INSN_COND_JUMP;
		set_target(in, va, sbits(w, 23, 5) * 4);
	} else if (bits(w, 30, 25) == 0x1b) { // tbz, tbnz
		in->kind = INSN_COND_JUMP;
		set_target(in, va, sbits(w, 18, 5) * 4);
	} else if (bits(w, 31, 25) == 0x6b) {
		in->kind = register_branch(w);
	} else if (bits(w, 31, 24) == 0xd4) { // exception generation: brk, hlt, dcps; svc, hvc, smc come back
		in->kind = bits(w, 23, 21) ? INSN_TRAP : INSN_OTHER;
	}
}

static void base_disp(struct insn_mem *m, uint32_t w, int64_t disp, unsigned size, bool write)
{
	m->present = true;
	m->base = (int)bits(w, 9, 5); // 31 is SP
	m->disp = disp;
	m->size = size;
	m->is_write = write;
}

// ldr (literal), ldrsw, prfm: relative to the instruction.
static void literal_facts(uint32_t w, va_t va, struct insn *in)
{
	static const uint8_t GENERAL[] = { 4, 8, 4, 0 }, VECTOR[] = { 4, 8, 16, 0 };
	bool v = bits(w, 26, 26);
	set_target(in, va, sbits(w, 23, 5) * 4);
	in->mem.present = true;
	in->mem.is_ip_relative = true;
	in->mem.disp = (int64_t)in->target;
	in->mem.size = (v ? VECTOR : GENERAL)[w >> 30];
}

static void pair_facts(uint32_t w, struct insn *in)
{
	unsigned opc = w >> 30;
	bool v = bits(w, 26, 26), post = bits(w, 24, 23) == 1;
	unsigned one = v ? 4u << opc : opc == 2 ? 8 : 4;
	if (!v && opc == 1 && !bits(w, 22, 22)) // stgp: tags by 16
		one = 8;
	int64_t scale = !v && opc == 1 && !bits(w, 22, 22) ? 16 : one;
	base_disp(&in->mem, w, post ? 0 : sbits(w, 21, 15) * scale, 2 * one, !bits(w, 22, 22));
}

static void register_offset(uint32_t w, struct insn_mem *m, unsigned size)
{
	unsigned option = bits(w, 15, 13);
	m->index = bits(w, 20, 16) == 31 ? -1 : (int)bits(w, 20, 16);
	m->index_bits = option == 2 ? 32 : option == 6 ? -32 : 0;
	m->scale = bits(w, 12, 12) && size ? size : 1;
}

// Loads and stores of one register.
static void single_facts(uint32_t w, struct insn *in)
{
	bool v = bits(w, 26, 26);
	unsigned log = w >> 30, opc = bits(w, 23, 22);
	if (v && opc >= 2)
		log += 4; // 128 bits
	unsigned size = 1u << log;
	bool write = v ? !(opc & 1) : opc == 0;
	if (bits(w, 24, 24)) {
		base_disp(&in->mem, w, (int64_t)bits(w, 21, 10) * size, size, write);
	} else if (!bits(w, 21, 21)) {
		bool post = bits(w, 11, 10) == 1;
		base_disp(&in->mem, w, post ? 0 : sbits(w, 20, 12), size, write);
	} else if (bits(w, 11, 10) == 2) {
		base_disp(&in->mem, w, 0, size, write);
		register_offset(w, &in->mem, size);
	} else if (bits(w, 11, 10) == 0) { // LSE atomics; ldapr only loads
		bool ldapr = bits(w, 15, 12) == 0xc;
		base_disp(&in->mem, w, 0, size, !ldapr);
		return;
	} else { // ldraa, ldrab
		int64_t off = (int64_t)(bits(w, 22, 22) ? ~(uint64_t)0x1ff : 0) + bits(w, 20, 12);
		base_disp(&in->mem, w, off * 8, 8, false);
		return;
	}
	if (!v && log == 3 && opc == 2) // prfm
		in->mem.size = 0;
}

// ldxr, stxr, ldar, stlr, cas and the pairs of these.
static void exclusive_facts(uint32_t w, struct insn *in)
{
	unsigned size = 1u << (w >> 30);
	bool pair = bits(w, 21, 21) && !bits(w, 23, 23), cas = bits(w, 21, 21) && bits(w, 23, 23);
	bool casp = pair && !(w >> 31);
	if (casp)
		size = bits(w, 30, 30) ? 8 : 4;
	base_disp(&in->mem, w, 0, pair ? 2 * size : size, cas || casp || !bits(w, 22, 22));
}

// ld1 to ld4 and st1 to st4 of several whole registers; of single elements the size is left open.
static void structure_facts(uint32_t w, struct insn *in)
{
	static const uint8_t REGS[16] = { [0] = 4, [2] = 4, [4] = 3, [6] = 3, [7] = 1, [8] = 2, [10] = 2 };
	unsigned one = bits(w, 30, 30) ? 16 : 8;
	bool whole = !bits(w, 24, 24);
	base_disp(&in->mem, w, 0, whole ? REGS[bits(w, 15, 12)] * one : 0, !bits(w, 22, 22));
}

static void memory_facts(uint32_t w, va_t va, struct insn *in)
{
	unsigned op = bits(w, 29, 27), v = bits(w, 26, 26);
	if (op == 1 && v && !(w >> 31))
		structure_facts(w, in);
	else if (op == 1 && !v && !bits(w, 24, 24))
		exclusive_facts(w, in);
	else if (op == 3 && !bits(w, 24, 24))
		literal_facts(w, va, in);
	else if (op == 3 && !v && !bits(w, 21, 21) && !bits(w, 11, 10)) // ldapur, stlur
		base_disp(&in->mem, w, sbits(w, 20, 12), 1u << (w >> 30), bits(w, 23, 22) == 0);
	else if (op == 5)
		pair_facts(w, in);
	else if (op == 7)
		single_facts(w, in);
}

void arm64_facts(uint32_t w, va_t va, struct insn *in)
{
	unsigned group = bits(w, 28, 25);
	if (!(w >> 16)) { // udf
		in->kind = INSN_TRAP;
	} else if ((group & 0xe) == 0xa) {
		branch_facts(w, va, in);
	} else if ((group & 5) == 4) {
		memory_facts(w, va, in);
	} else if (bits(w, 28, 24) == 0x10) { // adr, adrp
		int64_t imm = sbits(w, 23, 5) * 4 + bits(w, 30, 29);
		if (w >> 31)
			set_target(in, va & ~(va_t)0xfff, imm * 4096);
		else
			set_target(in, va, imm);
	}
}
