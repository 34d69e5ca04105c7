// SPDX-License-Identifier: Apache-2.0
// disasm_arm64_ext.c: the A64 instructions that Capstone 4 does not know (Armv8.1 to 8.5: LSE atomics, pointer
// authentication, RCpc, BTI, flag manipulation) and the aliases of moves. Encodings: Arm ARM DDI 0487,
// chapter C6.
#include "arch/disasm_int.h"

#include <stdio.h>

static uint32_t bits(uint32_t w, unsigned hi, unsigned lo)
{
	return w >> lo & ((1u << (hi - lo + 1)) - 1);
}

static void name_it(struct insn_out *o, const char *a, const char *b, const char *c)
{
	snprintf(o->in->mnemonic, sizeof(o->in->mnemonic), "%s%s%s", a, b, c);
}

// Register n as an operand: 31 is the zero register, or SP where `sp` says so.
static void put_reg(struct insn_out *o, bool is64, unsigned n, bool sp)
{
	if (n == 31)
		ops_add(o, "%s", sp ? (is64 ? "sp" : "wsp") : is64 ? "xzr" : "wzr");
	else if (is64 && n >= 29)
		ops_add(o, "%s", n == 29 ? "fp" : "lr");
	else
		ops_add(o, "%c%u", is64 ? 'x' : 'w', n);
}

static void next_reg(struct insn_out *o, bool is64, unsigned n, bool sp)
{
	ops_next(o);
	put_reg(o, is64, n, sp);
}

static void next_base(struct insn_out *o, uint32_t w)
{
	ops_next(o);
	ops_add(o, "[");
	put_reg(o, true, bits(w, 9, 5), true);
	ops_add(o, "]");
}

// The hint space: nop, bti, the pointer authentication that old processors skip.
static bool ext_hint(uint32_t w, struct insn_out *o)
{
	static const struct {
		uint8_t op;
		const char *name, *operand;
	} HINTS[] = {
		{ 0, "nop", "" },       { 1, "yield", "" },      { 2, "wfe", "" },        { 3, "wfi", "" },
		{ 4, "sev", "" },       { 5, "sevl", "" },       { 6, "dgh", "" },        { 7, "xpaclri", "" },
		{ 8, "pacia1716", "" }, { 10, "pacib1716", "" }, { 12, "autia1716", "" }, { 14, "autib1716", "" },
		{ 16, "esb", "" },      { 17, "psb", "csync" },  { 18, "tsb", "csync" },  { 20, "csdb", "" },
		{ 22, "clrbhb", "" },   { 24, "paciaz", "" },    { 25, "paciasp", "" },   { 26, "pacibz", "" },
		{ 27, "pacibsp", "" },  { 28, "autiaz", "" },    { 29, "autiasp", "" },   { 30, "autibz", "" },
		{ 31, "autibsp", "" },  { 32, "bti", "" },       { 34, "bti", "c" },      { 36, "bti", "j" },
		{ 38, "bti", "jc" },    { 19, "gcsb", "dsync" }, { 39, "pacm", "" },      { 40, "chkfeat", "x16" },
	};
	if ((w & 0xfffff01f) != 0xd503201f)
		return false;
	unsigned op = bits(w, 11, 5);
	for (size_t i = 0; i < ARRAY_LEN(HINTS); i++)
		if (HINTS[i].op == op) {
			name_it(o, HINTS[i].name, "", "");
			ops_add(o, "%s", HINTS[i].operand);
			return true;
		}
	name_it(o, "hint", "", "");
	ops_hash(o, op);
	return true;
}

static bool ext_system(uint32_t w, struct insn_out *o)
{
	static const struct {
		uint32_t word;
		const char *name;
	} WORDS[] = {
		{ 0xd500401f, "cfinv" },  { 0xd500403f, "xaflag" }, { 0xd500405f, "axflag" }, { 0xd50330ff, "sb" },
		{ 0xd503309f, "ssbb" },   { 0xd503349f, "pssbb" },  { 0xd65f0bff, "retaa" },  { 0xd65f0fff, "retab" },
		{ 0xd69f0bff, "eretaa" }, { 0xd69f0fff, "eretab" },
	};
	if (!(w >> 16)) {
		name_it(o, "udf", "", "");
		ops_hash(o, w);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
		if (WORDS[i].word == w) {
			name_it(o, WORDS[i].name, "", "");
			return true;
		}
	return false;
}

// braa, blraa and their zero-modifier forms.
static bool ext_pac_branch(uint32_t w, struct insn_out *o)
{
	if ((w & 0xfedff800) != 0xd61f0800)
		return false;
	bool mod = bits(w, 24, 24);
	if (!mod && bits(w, 4, 0) != 31)
		return false;
	name_it(o, bits(w, 21, 21) ? "blra" : "bra", bits(w, 10, 10) ? "b" : "a", mod ? "" : "z");
	next_reg(o, true, bits(w, 9, 5), false);
	if (mod)
		next_reg(o, true, bits(w, 4, 0), true);
	return true;
}

// pacia ... autdzb, xpaci, xpacd; pacga.
static bool ext_pac_data(uint32_t w, struct insn_out *o)
{
	static const char *const KEYS[] = { "ia", "ib", "da", "db" };
	if ((w & 0xffe0fc00) == 0x9ac03000) {
		name_it(o, "pacga", "", "");
		next_reg(o, true, bits(w, 4, 0), false);
		next_reg(o, true, bits(w, 9, 5), false);
		next_reg(o, true, bits(w, 20, 16), true);
		return true;
	}
	unsigned op = bits(w, 15, 10);
	if (w >> 16 != 0xdac1 || op > 17)
		return false;
	bool z = op >= 8;
	if (z && bits(w, 9, 5) != 31)
		return false;
	if (op >= 16) {
		name_it(o, op == 16 ? "xpaci" : "xpacd", "", "");
	} else {
		const char *key = KEYS[op & 3];
		char zero[4] = { key[0], 'z', key[1], '\0' };
		name_it(o, op & 4 ? "aut" : "pac", z ? zero : key, "");
	}
	next_reg(o, true, bits(w, 4, 0), false);
	if (!z)
		next_reg(o, true, bits(w, 9, 5), true);
	return true;
}

static bool ext_pac_load(uint32_t w, struct insn_out *o)
{
	if ((w & 0xff200400) != 0xf8200400)
		return false;
	int64_t off = (int64_t)(bits(w, 22, 22) ? ~(uint64_t)0x1ff : 0) + bits(w, 20, 12);
	bool pre = bits(w, 11, 11);
	name_it(o, bits(w, 23, 23) ? "ldrab" : "ldraa", "", "");
	next_reg(o, true, bits(w, 4, 0), false);
	ops_next(o);
	ops_add(o, "[");
	put_reg(o, true, bits(w, 9, 5), true);
	if (off || pre) {
		ops_add(o, ",");
		ops_hash(o, off * 8);
	}
	ops_add(o, pre ? "]!" : "]");
	return true;
}

static const char *const SIZES[] = { "b", "h", "", "" };
static const char *const ORDERS[] = { "", "l", "a", "al" };

// ldadd ... ldumin, swp, ldapr.
static bool ext_lse(uint32_t w, struct insn_out *o)
{
	static const char *const OPS[] = { "add", "clr", "eor", "set", "smax", "smin", "umax", "umin" };
	if ((w & 0x3f200c00) != 0x38200000)
		return false;
	unsigned size = w >> 30, rs = bits(w, 20, 16), rt = bits(w, 4, 0), op = bits(w, 15, 12),
		 order = bits(w, 23, 22);
	bool is64 = size == 3;
	char name[12];
	if (op == 0xc && order == 2 && rs == 31) {
		name_it(o, "ldapr", SIZES[size], "");
		next_reg(o, is64, rt, false);
		next_base(o, w);
		return true;
	}
	if (op > 8)
		return false;
	bool store = op < 8 && rt == 31 && !(order & 2); // the loaded value is thrown away
	snprintf(name, sizeof(name), "%s%s", op == 8 ? "swp" : store ? "st" : "ld", op == 8 ? "" : OPS[op]);
	name_it(o, name, ORDERS[order], SIZES[size]);
	next_reg(o, is64, rs, false);
	if (!store)
		next_reg(o, is64, rt, false);
	next_base(o, w);
	return true;
}

static bool ext_cas(uint32_t w, struct insn_out *o)
{
	unsigned rs = bits(w, 20, 16), rt = bits(w, 4, 0), order = bits(w, 22, 22) << 1 | bits(w, 15, 15);
	if ((w & 0x3fa07c00) == 0x08a07c00) {
		name_it(o, "cas", ORDERS[order], SIZES[w >> 30]);
		next_reg(o, w >> 30 == 3, rs, false);
		next_reg(o, w >> 30 == 3, rt, false);
		next_base(o, w);
		return true;
	}
	if ((w & 0xbfa07c00) != 0x08207c00 || (rs & 1) || (rt & 1))
		return false;
	bool is64 = bits(w, 30, 30);
	name_it(o, "casp", ORDERS[order], "");
	next_reg(o, is64, rs, false);
	next_reg(o, is64, rs + 1, false);
	next_reg(o, is64, rt, false);
	next_reg(o, is64, rt + 1, false);
	next_base(o, w);
	return true;
}

// Loads and stores that move their base; here because Capstone refuses a base that is loaded as well.
static bool ext_writeback(uint32_t w, struct insn_out *o)
{
	static const char *const NAMES[4][4] = {
		// [size][opc]
		{ "strb", "ldrb", "ldrsb", "ldrsb" },
		{ "strh", "ldrh", "ldrsh", "ldrsh" },
		{ "str", "ldr", "ldrsw", NULL },
		{ "str", "ldr", NULL, NULL },
	};
	unsigned size = w >> 30, opc = bits(w, 23, 22), mode = bits(w, 11, 10);
	const char *name = NAMES[size][opc];
	if ((w & 0x3f200000) != 0x38000000 || mode == 0 || !name)
		return false;
	int64_t off = (int64_t)((uint64_t)bits(w, 20, 12) << 55) >> 55;
	char unprivileged[8] = { name[0], name[1], 't', 'r' };
	snprintf(unprivileged + 3, sizeof(unprivileged) - 3, "%s", name + 2);
	name_it(o, mode == 2 ? unprivileged : name, "", "");
	next_reg(o, size == 3 || opc == 2, bits(w, 4, 0), false);
	ops_next(o);
	ops_add(o, "[");
	put_reg(o, true, bits(w, 9, 5), true);
	if (mode == 1)
		ops_add(o, "]");
	if (off || mode != 2) {
		ops_add(o, ",");
		ops_hash(o, off);
	}
	ops_add(o, "%s", mode == 1 ? "" : mode == 3 ? "]!" : "]");
	return true;
}

// ldxp and ldaxp, which Capstone refuses with one register named twice.
static bool ext_exclusive_pair(uint32_t w, struct insn_out *o)
{
	if ((w & 0xbfe00000) != 0x88600000)
		return false;
	name_it(o, bits(w, 15, 15) ? "ldaxp" : "ldxp", "", "");
	next_reg(o, bits(w, 30, 30), bits(w, 4, 0), false);
	next_reg(o, bits(w, 30, 30), bits(w, 14, 10), false);
	next_base(o, w);
	return true;
}

// Conditional selects on "always", which have no alias.
static bool ext_select(uint32_t w, struct insn_out *o)
{
	static const char *const NAMES[] = { "csel", "csinc", "csinv", "csneg" };
	if ((w & 0x3fe0e800) != 0x1a80e000)
		return false;
	bool is64 = w >> 31;
	name_it(o, NAMES[bits(w, 30, 30) << 1 | bits(w, 10, 10)], "", "");
	next_reg(o, is64, bits(w, 4, 0), false);
	next_reg(o, is64, bits(w, 9, 5), false);
	next_reg(o, is64, bits(w, 20, 16), false);
	ops_add(o, bits(w, 12, 12) ? ",nv" : ",al");
	return true;
}

// ldlar, stllr and their kin: limited ordering.
static bool ext_lor(uint32_t w, struct insn_out *o)
{
	if ((w & 0x3fa08000) != 0x08800000)
		return false;
	name_it(o, bits(w, 22, 22) ? "ldlar" : "stllr", SIZES[w >> 30], "");
	next_reg(o, w >> 30 == 3, bits(w, 4, 0), false);
	next_base(o, w);
	return true;
}

// Pairs; here because Capstone refuses those whose registers overlap, which the processor need not.
static bool ext_pair(uint32_t w, struct insn_out *o)
{
	static const char VECTOR[] = "sdq";
	if ((w & 0x3a000000) != 0x28000000)
		return false;
	unsigned opc = w >> 30, mode = bits(w, 24, 23);
	bool v = bits(w, 26, 26), load = bits(w, 22, 22), sw = !v && opc == 1;
	if (opc == 3 || (sw && (!load || mode == 0)))
		return false;
	int64_t one = v ? 4 << opc : opc == 2 ? 8 : 4;
	int64_t off = ((int64_t)((uint64_t)bits(w, 21, 15) << 57) >> 57) * one;
	name_it(o, load ? "ld" : "st", mode ? "p" : "np", sw ? "sw" : "");
	for (unsigned i = 0; i < 2; i++) {
		unsigned r = i ? bits(w, 14, 10) : bits(w, 4, 0);
		if (v) {
			ops_next(o);
			ops_add(o, "%c%u", VECTOR[opc], r);
		} else {
			next_reg(o, opc != 0, r, false);
		}
	}
	ops_next(o);
	ops_add(o, "[");
	put_reg(o, true, bits(w, 9, 5), true);
	if (mode == 1)
		ops_add(o, "]");
	if (off || (mode & 1)) {
		ops_add(o, ",");
		ops_hash(o, off);
	}
	ops_add(o, "%s", mode == 1 ? "" : mode == 3 ? "]!" : "]");
	return true;
}

// ldapur, ldapursw, stlur, ...
static bool ext_rcpc(uint32_t w, struct insn_out *o)
{
	if ((w & 0x3f200c00) != 0x19000000)
		return false;
	unsigned size = w >> 30, opc = bits(w, 23, 22);
	if (opc >= 2 && (size == 3 || (size == 2 && opc == 3)))
		return false;
	int64_t off = (int64_t)((uint64_t)bits(w, 20, 12) << 55) >> 55;
	name_it(o, opc == 0 ? "stlur" : opc == 1 ? "ldapur" : "ldapurs", size == 2 && opc == 2 ? "w" : SIZES[size], "");
	next_reg(o, opc == 2 || size == 3, bits(w, 4, 0), false);
	ops_next(o);
	ops_add(o, "[");
	put_reg(o, true, bits(w, 9, 5), true);
	if (off) {
		ops_add(o, ",");
		ops_hash(o, off);
	}
	ops_add(o, "]");
	return true;
}

// rmif, setf8, setf16: x64 emulators on ARM64 live on these.
static bool ext_flags(uint32_t w, struct insn_out *o)
{
	if ((w & 0xffe07c10) == 0xba000400) {
		name_it(o, "rmif", "", "");
		next_reg(o, true, bits(w, 9, 5), false);
		ops_next(o);
		ops_hash(o, bits(w, 20, 15));
		ops_next(o);
		ops_hash(o, bits(w, 3, 0));
		return true;
	}
	if ((w & 0xffffbc1f) != 0x3a00080d)
		return false;
	name_it(o, bits(w, 14, 14) ? "setf16" : "setf8", "", "");
	next_reg(o, false, bits(w, 9, 5), false);
	return true;
}

// Dot products and matrix products of bytes: media code picks them where the processor has them.
static bool ext_dot(uint32_t w, struct insn_out *o)
{
	static const struct {
		uint32_t mask, word;
		const char *name;
		bool by_element;
	} FORMS[] = {
		{ 0xbfe0fc00, 0x0e809400, "sdot", false },  { 0xbfe0fc00, 0x2e809400, "udot", false },
		{ 0xbfe0fc00, 0x0e809c00, "usdot", false }, { 0xffe0fc00, 0x4e80a400, "smmla", false },
		{ 0xffe0fc00, 0x6e80a400, "ummla", false }, { 0xffe0fc00, 0x4e80ac00, "usmmla", false },
		{ 0xbfc0f400, 0x0f80e000, "sdot", true },   { 0xbfc0f400, 0x2f80e000, "udot", true },
		{ 0xbfc0f400, 0x0f80f000, "usdot", true },  { 0xbfc0f400, 0x0f00f000, "sudot", true },
	};
	size_t i = 0;
	while (i < ARRAY_LEN(FORMS) && (w & FORMS[i].mask) != FORMS[i].word)
		i++;
	if (i == ARRAY_LEN(FORMS))
		return false;
	bool q = bits(w, 30, 30);
	const char *from = q ? "16b" : "8b";
	name_it(o, FORMS[i].name, "", "");
	ops_add(o, "v%u.%s,v%u.%s,", bits(w, 4, 0), q ? "4s" : "2s", bits(w, 9, 5), from);
	if (FORMS[i].by_element)
		ops_add(o, "v%u.4b[%u]", bits(w, 20, 16), bits(w, 11, 11) << 1 | bits(w, 21, 21));
	else
		ops_add(o, "v%u.%s", bits(w, 20, 16), from);
	return true;
}

// fjcvtzs (JavaScript engines) and the hinted branches bc.eq ...
static bool ext_few(uint32_t w, struct insn_out *o)
{
	static const char *const CONDITIONS[] = { "eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc",
						  "hi", "ls", "ge", "lt", "gt", "le", "al", "nv" };
	if ((w & 0xff000010) == 0x54000010) {
		name_it(o, "bc.", CONDITIONS[w & 15], "");
		ops_target(o, o->in->target);
		return true;
	}
	if ((w & 0xfffffc00) != 0x1e7e0000)
		return false;
	name_it(o, "fjcvtzs", "", "");
	next_reg(o, false, bits(w, 4, 0), false);
	ops_add(o, ",d%u", bits(w, 9, 5));
	return true;
}

// Is v a single 16-bit group, so that movz can load it?
static bool is_movz(uint64_t v)
{
	for (unsigned shift = 0; shift < 64; shift += 16)
		if (!(v & ~((uint64_t)0xffff << shift)))
			return true;
	return false;
}

// The bit mask immediate of and, orr, eor (Arm ARM, DecodeBitMasks). False when reserved.
static bool bit_mask(uint32_t w, uint64_t *ret)
{
	unsigned n = bits(w, 22, 22), immr = bits(w, 21, 16), imms = bits(w, 15, 10);
	unsigned key = n << 6 | (~imms & 0x3f);
	if (!key || (n && !(w >> 31)))
		return false;
	unsigned len = 31 - (unsigned)__builtin_clz(key);
	if (!len)
		return false;
	unsigned esize = 1u << len, s = imms & (esize - 1), r = immr & (esize - 1);
	if (s == esize - 1)
		return false;
	uint64_t mask = esize == 64 ? UINT64_MAX : ((uint64_t)1 << esize) - 1;
	uint64_t v = ((uint64_t)1 << (s + 1)) - 1;
	v = r ? (v >> r | v << (esize - r)) & mask : v;
	for (unsigned i = esize; i < 64; i *= 2)
		v |= v << i;
	*ret = v;
	return true;
}

// mov from movz, movn and orr; the rest of the family is left to Capstone.
static bool ext_mov(uint32_t w, struct insn_out *o)
{
	bool is64 = w >> 31;
	uint64_t width = is64 ? UINT64_MAX : UINT32_MAX, v = 0;
	unsigned opc = bits(w, 30, 29), hw = bits(w, 22, 21), imm = bits(w, 20, 5);
	bool orr = false;
	if (bits(w, 28, 23) == 0x25 && (opc == 0 || opc == 2) && (is64 || hw < 2)) {
		v = (uint64_t)imm << (16 * hw);
		if ((!imm && hw) || (opc == 0 && !is64 && imm == 0xffff))
			return false;
		v = opc == 0 ? ~v & width : v;
	} else if (bits(w, 30, 23) == 0x64 && bits(w, 9, 5) == 31 && bit_mask(w, &v)) {
		v &= width;
		orr = true;
	} else {
		return false;
	}
	bool plain = orr && (is_movz(v) || is_movz(~v & width)); // mov would be read as movz or movn
	name_it(o, plain ? "orr" : "mov", "", "");
	next_reg(o, is64, bits(w, 4, 0), orr);
	if (plain)
		next_reg(o, is64, 31, false);
	ops_next(o);
	// -1 reads better than 0xFFFFFFFF, 0xC0000005 better than its negative.
	bool negative = opc == 0 && !orr && hw == 0;
	if (negative)
		ops_hash(o, -(int64_t)imm - 1);
	else
		ops_bits(o, v);
	return true;
}

bool arm64_ext(uint32_t w, struct insn_out *o)
{
	return ext_system(w, o) || ext_hint(w, o) || ext_pac_branch(w, o) || ext_pac_data(w, o) || ext_pac_load(w, o) ||
	       ext_writeback(w, o) || ext_exclusive_pair(w, o) || ext_select(w, o) || ext_lse(w, o) || ext_cas(w, o) ||
	       ext_rcpc(w, o) || ext_lor(w, o) || ext_pair(w, o) || ext_flags(w, o) || ext_dot(w, o) || ext_few(w, o) ||
	       ext_mov(w, o);
}
