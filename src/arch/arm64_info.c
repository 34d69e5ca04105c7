// SPDX-License-Identifier: Apache-2.0
// arm64_info.c: ARM64 unwind data decoded ("ARM64 exception handling"). Packed data becomes the list of codes
// that the same prolog would have in .xdata.
#include "arch/arch_int.h"

#include <string.h>

enum { LR = 30 };

const char *a64_uwop_name(uint8_t op)
{
	static const char *const names[] = {
		"alloc_s",
		"alloc_m",
		"alloc_l",
		"save_r19r20_x",
		"save_fplr",
		"save_fplr_x",
		"save_regp",
		"save_regp_x",
		"save_reg",
		"save_reg_x",
		"save_lrpair",
		"save_fregp",
		"save_fregp_x",
		"save_freg",
		"save_freg_x",
		"alloc_z",
		"set_fp",
		"add_fp",
		"nop",
		"end",
		"end_c",
		"save_next",
		"save_any_x",
		"save_any_d",
		"save_any_q",
		"save_sve",
		"trap_frame",
		"machine_frame",
		"context",
		"ec_context",
		"clear_unwound_to_call",
		"pac_sign_lr",
		"reserved",
	};
	return op < ARRAY_LEN(names) ? names[op] : "?";
}

// ---- full form
// One code: its first byte says how long it is. Fields cross byte borders, most significant first.
static unsigned code_len(uint8_t b)
{
	if (b < 0xc0 || (b >= 0xe3 && b != 0xe7 && b < 0xf8) || b == 0xe1)
		return 1;
	if (b == 0xe0 || b == 0xf9)
		return b == 0xe0 ? 4 : 3;
	if (b == 0xe7)
		return 3;
	if (b == 0xfa || b == 0xfb) // reserved, with two bytes more
		return b == 0xfa ? 4 : 5;
	return b == 0xf8 || b < 0xe0 || b == 0xe2 ? 2 : 1;
}

static struct unwind_code any_reg(uint32_t w)
{
	unsigned reg = w >> 8 & 0x1f, kind = w >> 6 & 3, off = w & 0x3f;
	bool pair = w >> 14 & 1, writeback = w >> 13 & 1;
	struct unwind_code c = { .op = (uint8_t)(A64_SAVE_ANY_X + kind) };
	if (w & 0x8000) {
		c.op = A64_RESERVED;
		return c;
	}
	c.info = (uint8_t)(reg | (pair ? A64_ANY_PAIR : 0) | (writeback ? A64_ANY_WRITEBACK : 0));
	c.value = kind < 3 ? (writeback ? (off + 1) * 16 : pair || kind == 2 ? off * 16 : off * 8) : 0;
	return c;
}

static struct unwind_code code(unsigned op, unsigned info, uint32_t value)
{
	return (struct unwind_code){ .op = (uint8_t)op, .info = (uint8_t)info, .value = value };
}

// The codes whose first byte is below e0; w holds that byte and the next.
static struct unwind_code low_code(uint8_t b, uint32_t w)
{
	uint32_t z = w & 0x3f, x = w >> 6 & 15;
	if (b < 0x20)
		return code(A64_ALLOC_S, 0, b * 16u);
	if (b < 0x40)
		return code(A64_SAVE_R19R20_X, 19, (b & 0x1fu) * 8);
	if (b < 0xc0)
		return b < 0x80 ? code(A64_SAVE_FPLR, 29, (b & 0x3fu) * 8)
				: code(A64_SAVE_FPLR_X, 29, ((b & 0x3fu) + 1) * 8);
	if (b < 0xc8)
		return code(A64_ALLOC_M, 0, (w & 0x7ff) * 16);
	if (b < 0xd0)
		return b < 0xcc ? code(A64_SAVE_REGP, 19 + x, z * 8) : code(A64_SAVE_REGP_X, 19 + x, (z + 1) * 8);
	if (b < 0xd4)
		return code(A64_SAVE_REG, 19 + x, z * 8);
	if (b < 0xd6)
		return code(A64_SAVE_REG_X, 19 + (w >> 5 & 15), ((w & 0x1f) + 1) * 8);
	if (b < 0xd8)
		return code(A64_SAVE_LRPAIR, 19 + 2 * (w >> 6 & 7), z * 8);
	if (b < 0xda)
		return code(A64_SAVE_FREGP, 8 + (w >> 6 & 7), z * 8);
	if (b < 0xdc)
		return code(A64_SAVE_FREGP_X, 8 + (w >> 6 & 7), (z + 1) * 8);
	if (b < 0xde)
		return code(A64_SAVE_FREG, 8 + (w >> 6 & 7), z * 8);
	if (b == 0xde)
		return code(A64_SAVE_FREG_X, 8 + (w >> 5 & 7), ((w & 0x1f) + 1) * 8);
	return code(A64_ALLOC_Z, 0, w & 0xff); // in units of the vector length
}

static struct unwind_code high_code(uint8_t b, const uint8_t *p)
{
	static const uint8_t plain[] = { [0x01] = A64_SET_FP,        [0x03] = A64_NOP,
					 [0x04] = A64_END,           [0x05] = A64_END_C,
					 [0x06] = A64_SAVE_NEXT,     [0x08] = A64_TRAP_FRAME,
					 [0x09] = A64_MACHINE_FRAME, [0x0a] = A64_CONTEXT,
					 [0x0b] = A64_EC_CONTEXT,    [0x0c] = A64_CLEAR_UNWOUND_TO_CALL };
	if (b == 0xe0)
		return code(A64_ALLOC_L, 0, ((uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]) * 16);
	if (b == 0xe2)
		return code(A64_ADD_FP, 0, p[1] * 8u);
	if (b == 0xe7)
		return any_reg((uint32_t)p[1] << 8 | p[2]);
	if (b == 0xfc)
		return code(A64_PAC_SIGN_LR, 0, 0);
	unsigned i = b - 0xe0u;
	return code(i < ARRAY_LEN(plain) && plain[i] ? plain[i] : A64_RESERVED, b, 0);
}

static void decode_codes(struct a64_unwind_info *u, const uint8_t *b)
{
	for (size_t i = 0; i < u->n_bytes;) {
		unsigned n = code_len(b[i]);
		struct unwind_code c = code(A64_RESERVED, b[i], 0);
		if (n <= u->n_bytes - i)
			c = b[i] < 0xe0 ? low_code(b[i], n > 1 ? (uint32_t)b[i] << 8 | b[i + 1] : b[i])
					: high_code(b[i], b + i);
		c.offset = (uint16_t)i;
		u->codes[u->n_codes++] = c;
		i += n;
	}
}

static err_t full_form(const struct unwind_src *s, uint32_t rva, struct a64_unwind_info *u)
{
	uint8_t head[8], b[A64_MAX_CODES];
	if (unwind_read(s, rva, head, 4) < 4)
		return fail(E_ABSENT, "unwind data", rva);
	uint32_t w = (uint32_t)le_get(head, 4), words = w >> 27;
	uint64_t at = (uint64_t)rva + 4;
	u->length = (w & 0x3ffff) * 4;
	u->version = w >> 18 & 3;
	u->one_epilog = w >> 21 & 1;
	u->n_epilogs = w >> 22 & 31;
	if (u->version)
		return fail(E_UNSUPPORTED, "not supported: ARM64 unwind data of a version other than 0", rva);
	if (!words && !u->n_epilogs) {
		if (unwind_read(s, at, head, 4) < 4)
			return fail(E_ABSENT, "unwind data", at);
		u->n_epilogs = (uint32_t)le_get(head, 2);
		words = head[2];
		at += 4;
	}
	if (u->one_epilog) {
		u->epilog_index = u->n_epilogs;
		u->n_epilogs = 0;
	}
	u->epilogs = (uint32_t)at;
	at += (uint64_t)u->n_epilogs * 4;
	u->n_bytes = (size_t)words * 4;
	if (unwind_read(s, at, b, u->n_bytes) < u->n_bytes)
		return fail(E_ABSENT, "unwind codes", at);
	decode_codes(u, b);
	at += u->n_bytes;
	if (w >> 20 & 1) { // a handler whose RVA is not there to read does not keep the codes from being used
		u->handler = unwind_read(s, at, head, 4) == 4 ? (uint32_t)le_get(head, 4) : 0;
	}
	return ok();
}

bool a64_epilog_get(const struct unwind_src *s, const struct a64_unwind_info *info, uint32_t i, struct a64_epilog *ret)
{
	uint8_t b[4];
	if (i >= info->n_epilogs || unwind_read(s, (uint64_t)info->epilogs + (uint64_t)i * 4, b, 4) < 4)
		return false;
	uint32_t w = (uint32_t)le_get(b, 4);
	*ret = (struct a64_epilog){ .offset = (w & 0x3ffff) * 4, .index = w >> 22 };
	return true;
}

// ---- packed form: the prolog of the page's table, step by step, undone from its last instruction on.
struct packed {
	uint32_t reg_i, reg_f, home, cr;
	uint32_t int_size, fp_size, save_size, local_size; // bytes
};

static void put(struct a64_unwind_info *u, unsigned op, unsigned info, uint32_t value)
{
	u->codes[u->n_codes++] = code(op, info, value);
}

static void put_alloc(struct a64_unwind_info *u, uint32_t bytes)
{
	put(u, bytes < 512 ? A64_ALLOC_S : A64_ALLOC_M, 0, bytes);
}

static void packed_locals(struct a64_unwind_info *u, const struct packed *p)
{
	enum { STEP = 4080 }; // the largest multiple of 16 that one `sub` takes
	uint32_t n = p->local_size;
	if (p->cr >= 2) {
		put(u, A64_SET_FP, 0, 0);
		put(u, n <= 512 ? A64_SAVE_FPLR_X : A64_SAVE_FPLR, 29, n <= 512 ? n : 0);
		if (n <= 512)
			return;
	}
	if (n > STEP)
		put_alloc(u, n - STEP);
	if (n)
		put_alloc(u, MIN(n, (uint32_t)STEP));
}

static void packed_homes(struct a64_unwind_info *u, const struct packed *p)
{
	bool first = !p->int_size && !p->fp_size; // nothing was saved before: this allocates
	for (unsigned i = 0; i < 4u * p->home; i++)
		put(u, i == 3 && first ? A64_ALLOC_S : A64_NOP, 0, i == 3 && first ? p->save_size : 0);
}

static void packed_fp(struct a64_unwind_info *u, const struct packed *p)
{
	uint32_t n = p->reg_f ? p->reg_f + 1 : 0;
	for (uint32_t i = (n + 1) / 2; i-- > 0;) {
		bool pair = i * 2 + 1 < n, first = i == 0 && !p->int_size;
		unsigned op =
			pair ? (first ? A64_SAVE_FREGP_X : A64_SAVE_FREGP) : (first ? A64_SAVE_FREG_X : A64_SAVE_FREG);
		put(u, op, 8 + i * 2, first ? p->save_size : p->int_size + i * 16);
	}
}

static void packed_int(struct a64_unwind_info *u, const struct packed *p)
{
	bool lr = p->cr == 1, lr_alone = lr && p->reg_i % 2 == 0;
	if (lr_alone)
		put(u, p->reg_i ? A64_SAVE_REG : A64_SAVE_REG_X, LR, p->reg_i ? p->int_size - 8 : p->save_size);
	for (uint32_t i = (p->reg_i + 1) / 2; i-- > 0;) {
		unsigned reg = 19 + i * 2;
		bool pair = i * 2 + 1 < p->reg_i;
		if (!pair && lr) { // there is no code for a pair with lr that allocates: `sub sp` came first
			put(u, A64_SAVE_LRPAIR, reg, i * 16);
			if (!i)
				put_alloc(u, p->save_size);
		} else if (i) {
			put(u, pair ? A64_SAVE_REGP : A64_SAVE_REG, reg, i * 16);
		} else {
			put(u, pair ? A64_SAVE_REGP_X : A64_SAVE_REG_X, reg, p->save_size);
		}
	}
}

static err_t packed_form(uint32_t word, struct a64_unwind_info *u)
{
	struct packed p = {
		.reg_f = word >> 13 & 7, .reg_i = word >> 16 & 15, .home = word >> 20 & 1, .cr = word >> 21 & 3
	};
	uint32_t frame = (word >> 23 & 0x1ff) * 16;
	u->packed = true;
	u->no_prolog = (word & 3) == 2;
	u->length = (word >> 2 & 0x7ff) * 4;
	p.int_size = p.reg_i * 8 + (p.cr == 1 ? 8 : 0);
	p.fp_size = p.reg_f ? p.reg_f * 8 + 8 : 0;
	p.save_size = (p.int_size + p.fp_size + 64 * p.home + 15) & ~15u;
	if (p.reg_i > 10 || frame < p.save_size)
		return fail(E_CORRUPT, "packed unwind data", word);
	p.local_size = frame - p.save_size;
	if (p.cr >= 2 && !p.local_size)
		return fail(E_CORRUPT, "packed unwind data without room for fp and lr", word);
	packed_locals(u, &p);
	packed_homes(u, &p);
	packed_fp(u, &p);
	packed_int(u, &p);
	if (p.cr == 2)
		put(u, A64_PAC_SIGN_LR, 0, 0);
	put(u, A64_END, 0, 0);
	return ok();
}

err_t a64_unwind_info(const struct unwind_src *s, uint32_t word, struct a64_unwind_info *ret)
{
	ret->packed = ret->no_prolog = ret->one_epilog = false;
	ret->version = 0;
	ret->length = ret->handler = ret->n_epilogs = ret->epilog_index = ret->epilogs = 0;
	ret->n_bytes = ret->n_codes = 0;
	switch (word & 3) {
	case 0:
		return full_form(s, word, ret);
	case 3:
		return fail(E_UNSUPPORTED, "not supported: ARM64 function table entry of form 3", word);
	default:
		return packed_form(word, ret);
	}
}

// ---- sequences
static bool is_end(const struct unwind_code *c)
{
	return c->op == A64_END || c->op == A64_END_C;
}

unsigned a64_sequence_len(const struct a64_unwind_info *info, size_t at)
{
	unsigned n = 0;
	for (; at < info->n_codes && !is_end(&info->codes[at]); at++) {
		unsigned op = info->codes[at].op; // what e8..ef describe is not done by an instruction
		bool custom = op >= A64_TRAP_FRAME && op <= A64_CLEAR_UNWOUND_TO_CALL;
		n += !custom;
	}
	return n;
}

size_t a64_code_at(const struct a64_unwind_info *info, uint32_t index)
{
	size_t i = 0;
	while (i < info->n_codes && info->codes[i].offset < index)
		i++;
	return i < info->n_codes && info->codes[i].offset == index ? i : info->n_codes;
}
