// SPDX-License-Identifier: Apache-2.0
// disasm_x86.c: Zydis decodes, this file writes WinDbg's spelling from the decoded operands. The spelling
// follows lines of real WinDbg output (tests/unit/disasm.c has them with their bytes).
#include "arch/disasm_int.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

struct x86 { // one instruction on its way
	ZydisDecodedInstruction z;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
	ZydisMachineMode mode;
	va_t va;
	bool is_string; // movs, stos, ...: its memory operands are written although they are implied
	struct insn_out *o;
};

// Zydis's name, WinDbg's name. Only where they differ.
static const struct {
	uint16_t id;
	const char *text;
} RENAMED[] = {
	{ ZYDIS_MNEMONIC_JZ, "je" },         { ZYDIS_MNEMONIC_JNZ, "jne" },       { ZYDIS_MNEMONIC_JNB, "jae" },
	{ ZYDIS_MNEMONIC_JNBE, "ja" },       { ZYDIS_MNEMONIC_JNL, "jge" },       { ZYDIS_MNEMONIC_JNLE, "jg" },
	{ ZYDIS_MNEMONIC_CMOVZ, "cmove" },   { ZYDIS_MNEMONIC_CMOVNZ, "cmovne" }, { ZYDIS_MNEMONIC_CMOVNB, "cmovae" },
	{ ZYDIS_MNEMONIC_CMOVNBE, "cmova" }, { ZYDIS_MNEMONIC_CMOVNL, "cmovge" }, { ZYDIS_MNEMONIC_CMOVNLE, "cmovg" },
	{ ZYDIS_MNEMONIC_SETZ, "sete" },     { ZYDIS_MNEMONIC_SETNZ, "setne" },   { ZYDIS_MNEMONIC_SETNB, "setae" },
	{ ZYDIS_MNEMONIC_SETNBE, "seta" },   { ZYDIS_MNEMONIC_SETNL, "setge" },   { ZYDIS_MNEMONIC_SETNLE, "setg" },
	{ ZYDIS_MNEMONIC_INT3, "int" },      { ZYDIS_MNEMONIC_INT1, "int" },      { ZYDIS_MNEMONIC_FWAIT, "wait" },
};

static bool is_string_op(const struct x86 *x)
{
	return x->z.meta.category == ZYDIS_CATEGORY_STRINGOP || x->z.meta.category == ZYDIS_CATEGORY_IOSTRINGOP;
}

static bool is_far(const struct x86 *x)
{
	return x->z.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
}

static void put_mnemonic(struct x86 *x)
{
	char *m = x->o->in->mnemonic;
	size_t cap = sizeof(x->o->in->mnemonic);
	uint64_t a = x->z.attributes;
	const char *prefix = "";
	if (a & ZYDIS_ATTRIB_HAS_LOCK)
		prefix = "lock ";
	else if (a & ZYDIS_ATTRIB_HAS_REPE)
		prefix = "repe ";
	else if (a & ZYDIS_ATTRIB_HAS_REP)
		prefix = "rep ";
	else if (a & ZYDIS_ATTRIB_HAS_REPNE)
		prefix = "repne ";
	else if (a & ZYDIS_ATTRIB_HAS_BND)
		prefix = "bnd ";
	else if (x->z.mnemonic == ZYDIS_MNEMONIC_RET && (a & ZYDIS_ATTRIB_HAS_REP) == 0 && x->z.raw.prefix_count &&
		 x->z.raw.prefixes[0].value == 0xf3)
		prefix = "rep "; // the branch predictor's pad of older AMD processors
	const char *name = ZydisMnemonicGetString(x->z.mnemonic);
	for (size_t i = 0; i < ARRAY_LEN(RENAMED); i++)
		if (RENAMED[i].id == x->z.mnemonic)
			name = RENAMED[i].text;
	if (x->z.mnemonic == ZYDIS_MNEMONIC_RET && is_far(x))
		name = "retf";
	snprintf(m, cap, "%s%s", prefix, name ? name : "???");
	bool returns_64 = x->z.mnemonic == ZYDIS_MNEMONIC_SYSRET || x->z.mnemonic == ZYDIS_MNEMONIC_SYSEXIT;
	if (returns_64 && (x->z.attributes & ZYDIS_ATTRIB_HAS_REX) && x->z.raw.rex.W)
		memcpy(m + strlen(m), "q", sizeof("q"));
	if (x->is_string) // movsb -> movs; the operands tell the size
		m[strlen(m) - 1] = '\0';
}

static void put_num(struct insn_out *o, uint64_t v)
{
	char buf[24];
	if (v < 10) {
		ops_add(o, "%u", (unsigned)v);
		return;
	}
	snprintf(buf, sizeof(buf), "%llX", (unsigned long long)v);
	ops_add(o, "%s%sh", buf[0] > '9' ? "0" : "", buf);
}

static uint64_t low_bits(uint64_t v, unsigned bits)
{
	return bits < 64 ? v & (((uint64_t)1 << bits) - 1) : v;
}

static bool has_vector_reg(const struct x86 *x)
{
	for (unsigned i = 0; i < x->z.operand_count_visible; i++) {
		ZydisRegisterClass c = x->op[i].type == ZYDIS_OPERAND_TYPE_REGISTER
					       ? ZydisRegisterGetClass(x->op[i].reg.value)
					       : ZYDIS_REGCLASS_INVALID;
		if (c == ZYDIS_REGCLASS_XMM || c == ZYDIS_REGCLASS_MMX)
			return true;
	}
	return false;
}

// 64 bits of memory beside a vector register are an mmword, but a qword where they are half of a register
// or an integer.
static bool is_mmword(const struct x86 *x)
{
	switch (x->z.mnemonic) {
	case ZYDIS_MNEMONIC_MOVLPS:
	case ZYDIS_MNEMONIC_MOVHPS:
	case ZYDIS_MNEMONIC_MOVLPD:
	case ZYDIS_MNEMONIC_MOVHPD:
	case ZYDIS_MNEMONIC_VMOVLPS:
	case ZYDIS_MNEMONIC_VMOVHPS:
	case ZYDIS_MNEMONIC_VMOVLPD:
	case ZYDIS_MNEMONIC_VMOVHPD:
	case ZYDIS_MNEMONIC_CVTSI2SD:
	case ZYDIS_MNEMONIC_CVTSI2SS:
	case ZYDIS_MNEMONIC_VCVTSI2SD:
	case ZYDIS_MNEMONIC_VCVTSI2SS:
	case ZYDIS_MNEMONIC_PINSRQ:
	case ZYDIS_MNEMONIC_VPINSRQ:
	case ZYDIS_MNEMONIC_PEXTRQ:
	case ZYDIS_MNEMONIC_VPEXTRQ:
		return false;
	default:
		return has_vector_reg(x);
	}
}

// The address counts, not the bytes there: written without a size.
static bool is_sizeless(const struct x86 *x)
{
	switch (x->z.mnemonic) {
	case ZYDIS_MNEMONIC_CLFLUSH:
	case ZYDIS_MNEMONIC_CLFLUSHOPT:
	case ZYDIS_MNEMONIC_CLWB:
	case ZYDIS_MNEMONIC_CLDEMOTE:
	case ZYDIS_MNEMONIC_INVLPG:
		return true;
	default:
		return x->z.meta.category == ZYDIS_CATEGORY_PREFETCH ||
		       x->z.meta.category == ZYDIS_CATEGORY_PREFETCHWT1;
	}
}

static const char *size_name(const struct x86 *x, const ZydisDecodedOperand *op)
{
	if (op->mem.type == ZYDIS_MEMOP_TYPE_AGEN || is_sizeless(x))
		return "";
	switch (x->z.mnemonic) {
	case ZYDIS_MNEMONIC_LGDT:
	case ZYDIS_MNEMONIC_SGDT:
	case ZYDIS_MNEMONIC_LIDT:
	case ZYDIS_MNEMONIC_SIDT:
		return "fword ptr ";
	case ZYDIS_MNEMONIC_CMPXCHG16B:
		return "oword ptr ";
	default:
		break;
	}
	switch (op->size) {
	case 8:
		return "byte ptr ";
	case 16:
		return "word ptr ";
	case 32:
		return "dword ptr ";
	case 48:
		return "fword ptr ";
	case 64:
		return is_mmword(x) ? "mmword ptr " : "qword ptr ";
	case 80:
		return "tbyte ptr ";
	case 128:
		return "xmmword ptr ";
	case 256:
		return "ymmword ptr ";
	case 512:
		return "zmmword ptr ";
	default: // fxsave areas and the like
		return "";
	}
}

// The segment is written when a prefix changed it, and for the ES:[EDI] of 32-bit string instructions.
static bool shows_segment(const struct x86 *x, const ZydisDecodedOperand *op)
{
	if (op->mem.segment == ZYDIS_REGISTER_ES)
		return x->mode == ZYDIS_MACHINE_MODE_LEGACY_32;
	return (x->z.attributes & ZYDIS_ATTRIB_HAS_SEGMENT) && op->mem.type != ZYDIS_MEMOP_TYPE_AGEN;
}

static bool is_moffs(const struct x86 *x)
{
	return x->z.encoding == ZYDIS_INSTRUCTION_ENCODING_LEGACY && x->z.opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
	       (x->z.opcode & 0xfc) == 0xa0;
}

// A memory operand without registers (or relative to RIP): its address is known.
static void put_absolute(struct x86 *x, const ZydisDecodedOperand *op, va_t at, bool is_ip_relative)
{
	struct insn_out *o = x->o;
	bool seg = shows_segment(x, op);
	bool thread = op->mem.segment == ZYDIS_REGISTER_FS || op->mem.segment == ZYDIS_REGISTER_GS;
	const char *name = ZydisRegisterGetString(op->mem.segment);
	if (seg || (o->narrow && thread))
		ops_add(o, "%s:", name);
	size_t undo = o->n;
	ops_add(o, "[");
	if (!thread && ops_named(o, at)) {
		ops_add(o, "]");
		return;
	}
	o->n = undo;
	if (o->narrow && !seg)
		ops_add(o, "%s:", name);
	ops_add(o, "[");
	if (is_ip_relative || (is_moffs(x) && !o->narrow && !thread))
		ops_addr(o, at);
	else if (is_moffs(x) && o->narrow)
		ops_add(o, "%08Xh", (unsigned)at);
	else
		put_num(o, at);
	ops_add(o, "]");
}

static void put_registers(struct x86 *x, const ZydisDecodedOperand *op, bool with_disp)
{
	struct insn_out *o = x->o;
	const char *plus = "";
	int64_t disp = op->mem.disp.value;
	ops_add(o, "[");
	if (op->mem.base != ZYDIS_REGISTER_NONE) {
		ops_add(o, "%s", ZydisRegisterGetString(op->mem.base));
		plus = "+";
	}
	if (op->mem.index != ZYDIS_REGISTER_NONE) {
		ops_add(o, "%s%s", plus, ZydisRegisterGetString(op->mem.index));
		if (op->mem.scale > 1)
			ops_add(o, "*%u", op->mem.scale);
	}
	if (with_disp && disp) {
		ops_add(o, disp < 0 ? "-" : "+");
		put_num(o, disp < 0 ? 0 - (uint64_t)disp : (uint64_t)disp);
	}
	ops_add(o, "]");
}

static va_t absolute_address(const struct x86 *x, const ZydisDecodedOperand *op, bool *is_ip_relative)
{
	bool ip = op->mem.base == ZYDIS_REGISTER_RIP || op->mem.base == ZYDIS_REGISTER_EIP;
	uint64_t at = (uint64_t)op->mem.disp.value + (ip ? x->va + x->z.length : 0);
	if (is_ip_relative)
		*is_ip_relative = ip;
	if (is_moffs(x) && x->z.address_width == 32)
		return at & UINT32_MAX;
	return x->mode == ZYDIS_MACHINE_MODE_LEGACY_32 || op->mem.base == ZYDIS_REGISTER_EIP ? at & UINT32_MAX : at;
}

static bool is_absolute(const ZydisDecodedOperand *op)
{
	bool ip = op->mem.base == ZYDIS_REGISTER_RIP || op->mem.base == ZYDIS_REGISTER_EIP;
	return ip || (op->mem.base == ZYDIS_REGISTER_NONE && op->mem.index == ZYDIS_REGISTER_NONE);
}

static void put_mem(struct x86 *x, const ZydisDecodedOperand *op)
{
	struct insn_out *o = x->o;
	bool ip = false;
	ops_add(o, "%s", size_name(x, op));
	if (is_absolute(op)) {
		va_t at = absolute_address(x, op, &ip);
		put_absolute(x, op, at, ip);
		return;
	}
	if (shows_segment(x, op))
		ops_add(o, "%s:", ZydisRegisterGetString(op->mem.segment));
	// x86 jump tables and global arrays: the displacement is the address of something with a name.
	bool far_disp = o->narrow && op->mem.disp.has_displacement && x->z.raw.disp.size == 32;
	bool named = far_disp && ops_named(o, (uint32_t)op->mem.disp.value);
	put_registers(x, op, !named);
}

static void put_imm(struct x86 *x, const ZydisDecodedOperand *op)
{
	struct insn_out *o = x->o;
	if (op->imm.is_relative) {
		ZyanU64 target = 0;
		ZydisCalcAbsoluteAddress(&x->z, op, x->va, &target);
		target = low_bits(target, o->narrow ? 32 : 64);
		o->in->has_target = true;
		o->in->target = target;
		ops_target(o, target);
		return;
	}
	unsigned bits = op->imm.is_signed ? x->z.operand_width : op->size;
	uint64_t v = low_bits(op->imm.value.u, bits);
	size_t undo = o->n;
	unsigned pointer_bits = o->narrow ? 32 : 64;
	if (x->z.raw.imm[0].size == pointer_bits && !is_moffs(x)) {
		ops_add(o, "offset ");
		if (ops_named(o, v))
			return;
		o->n = undo;
		o->in->operands[undo] = '\0';
	}
	put_num(o, v);
}

static void put_reg(struct insn_out *o, ZydisRegister r)
{
	if (ZydisRegisterGetClass(r) == ZYDIS_REGCLASS_X87) {
		int n = ZydisRegisterGetId(r);
		if (n)
			ops_add(o, "st(%d)", n);
		else
			ops_add(o, "st");
		return;
	}
	ops_add(o, "%s", ZydisRegisterGetString(r));
}

static void put_operand(struct x86 *x, const ZydisDecodedOperand *op)
{
	ops_next(x->o);
	switch (op->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		put_reg(x->o, op->reg.value);
		break;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		put_mem(x, op);
		break;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		put_imm(x, op);
		break;
	case ZYDIS_OPERAND_TYPE_POINTER:
		ops_add(x->o, "%04X:%08X", op->ptr.segment, op->ptr.offset);
		break;
	default:
		break;
	}
}

// AVX-512 write mask, after the first operand.
static void put_mask(struct x86 *x)
{
	if (x->z.avx.mask.reg != ZYDIS_REGISTER_NONE && x->z.avx.mask.reg != ZYDIS_REGISTER_K0)
		ops_add(x->o, "{%s}", ZydisRegisterGetString(x->z.avx.mask.reg));
	if (x->z.avx.mask.mode == ZYDIS_MASK_MODE_ZEROING || x->z.avx.mask.mode == ZYDIS_MASK_MODE_CONTROL_ZEROING)
		ops_add(x->o, "{z}");
}

static bool is_written(const struct x86 *x, const ZydisDecodedOperand *op)
{
	if (x->z.mnemonic == ZYDIS_MNEMONIC_NOP && op->id > 0) // the register field of the long forms
		return false;
	if (op->visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN)
		return true;
	if (x->z.mnemonic == ZYDIS_MNEMONIC_XLAT)
		return op->type == ZYDIS_OPERAND_TYPE_MEMORY;
	if (!x->is_string || op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		return false;
	// scas, lods, stos: the accumulator is implied; ins, outs: the port is written.
	return op->type == ZYDIS_OPERAND_TYPE_MEMORY ||
	       (x->z.meta.category == ZYDIS_CATEGORY_IOSTRINGOP && op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		op->reg.value == ZYDIS_REGISTER_DX);
}

static int reg_number(const struct x86 *x, ZydisRegister r)
{
	ZydisRegister full = ZydisRegisterGetLargestEnclosing(x->mode, r);
	ZydisRegisterClass c = ZydisRegisterGetClass(full);
	return c == ZYDIS_REGCLASS_GPR64 || c == ZYDIS_REGCLASS_GPR32 ? ZydisRegisterGetId(full) : -1;
}

static void note_mem(struct x86 *x, const ZydisDecodedOperand *op)
{
	struct insn_mem *m = &x->o->in->mem;
	const char *seg = ZydisRegisterGetString(op->mem.segment);
	m->present = true;
	m->is_lea = op->mem.type == ZYDIS_MEMOP_TYPE_AGEN;
	m->size = m->is_lea ? 0 : op->size / 8;
	m->is_write = (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
	snprintf(m->segment, sizeof(m->segment), "%s", seg ? seg : "ds");
	if (is_absolute(op)) {
		m->disp = (int64_t)absolute_address(x, op, &m->is_ip_relative);
		return;
	}
	m->base = reg_number(x, op->mem.base);
	m->index = reg_number(x, op->mem.index);
	m->scale = op->mem.scale ? op->mem.scale : 1;
	m->disp = op->mem.disp.value;
	if (x->z.mnemonic == ZYDIS_MNEMONIC_XLAT) { // plus AL, which is not written
		m->index = X64_RAX;
		m->index_bits = 8;
	}
}

static enum insn_kind kind_of(const struct x86 *x)
{
	switch (x->z.meta.category) {
	case ZYDIS_CATEGORY_CALL:
		return INSN_CALL;
	case ZYDIS_CATEGORY_UNCOND_BR:
		return INSN_JUMP;
	case ZYDIS_CATEGORY_COND_BR:
		return INSN_COND_JUMP;
	case ZYDIS_CATEGORY_RET:
	case ZYDIS_CATEGORY_SYSRET:
		return INSN_RET;
	default:
		break;
	}
	switch (x->z.mnemonic) {
	case ZYDIS_MNEMONIC_INT3:
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
		return INSN_TRAP;
	case ZYDIS_MNEMONIC_INT: // 29h is __fastfail
		return x->op[0].imm.value.u == 0x29 ? INSN_TRAP : INSN_OTHER;
	default:
		return INSN_OTHER;
	}
}

// WinDbg writes xchg with the register first, as its opcode's second operand is.
static void order_operands(struct x86 *x)
{
	if (x->z.mnemonic == ZYDIS_MNEMONIC_XCHG && x->op[0].type == ZYDIS_OPERAND_TYPE_MEMORY) {
		ZydisDecodedOperand first = x->op[0];
		x->op[0] = x->op[1];
		x->op[1] = first;
	}
}

static void put_operands(struct x86 *x)
{
	if (x->z.mnemonic == ZYDIS_MNEMONIC_INT3 || x->z.mnemonic == ZYDIS_MNEMONIC_INT1)
		ops_add(x->o, x->z.mnemonic == ZYDIS_MNEMONIC_INT3 ? "3" : "1");
	for (unsigned i = 0, shown = 0; i < x->z.operand_count; i++) {
		const ZydisDecodedOperand *op = &x->op[i];
		if (!is_written(x, op))
			continue;
		put_operand(x, op);
		if (shown++ == 0)
			put_mask(x);
		if (op->type == ZYDIS_OPERAND_TYPE_MEMORY && !x->o->in->mem.present)
			note_mem(x, op);
	}
}

void insn_decode_x86(bool is_x64, struct span bytes, va_t va, struct insn_out *o)
{
	struct insn *in = o->in;
	struct x86 x = { .va = va, .o = o };
	ZydisDecoder d; // a few words; no state is kept between calls
	x.mode = is_x64 ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32;
	in->len = 1;
	if (!bytes.n)
		return;
	size_t n = MIN(bytes.n, (size_t)INSN_X86_MAX);
	ZydisDecoderInit(&d, x.mode, is_x64 ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
	ZyanStatus st = ZydisDecoderDecodeFull(&d, bytes.p, n, &x.z, x.op);
	if (st == ZYDIS_STATUS_NO_MORE_DATA)
		in->len = (unsigned)n;
	if (!ZYAN_SUCCESS(st))
		return;
	in->len = x.z.length;
	in->valid = true;
	x.is_string = is_string_op(&x);
	in->kind = kind_of(&x);
	order_operands(&x);
	put_mnemonic(&x);
	put_operands(&x);
}
