// SPDX-License-Identifier: Apache-2.0
// x64_unwind.c: one step up an x64 stack by unwind data ("x64 exception handling", "Unwind procedure").
#include "arch/arch_int.h"
#include "arch/trap.h"

#include <string.h>

enum { ALL_CODES = INT32_MAX, EPILOG_POPS = 16 };

struct step {
	const struct unwind_env *env;
	struct unwind_src src;
	struct regs r;
	uint32_t restored, vrestored; // registers that were read from the stack
	bool machine_frame;
	va_t machine_at; // where it lies
};

static void restore(struct step *s, unsigned reg, va_t at)
{
	uint64_t v;
	if (space_u64(s->env->space, at, &v)) {
		reg_set(&s->r, reg, v);
		s->restored |= (uint32_t)1 << reg;
	} else {
		reg_forget(&s->r, reg); // the step may well do without it
	}
}

static void restore_xmm(struct step *s, unsigned n, va_t at)
{
	if (space_read_all(s->env->space, at, s->r.v[n], 16)) {
		s->r.vknown |= (uint32_t)1 << n;
		s->vrestored |= (uint32_t)1 << n;
	} else {
		s->r.vknown &= ~((uint32_t)1 << n);
	}
}

static err_t move_sp(struct step *s, uint64_t by)
{
	uint64_t sp;
	if (!reg_known(&s->r, X64_RSP))
		return fail(E_ABSENT, "saved stack pointer", 0);
	if (!add_ok(reg_get(&s->r, X64_RSP), by, &sp))
		return fail(E_CORRUPT, "stack pointer beyond the address space", reg_get(&s->r, X64_RSP));
	reg_set(&s->r, X64_RSP, sp);
	return ok();
}

static err_t pop_pc(struct step *s)
{
	uint64_t pc;
	va_t sp = reg_get(&s->r, X64_RSP);
	if (!reg_known(&s->r, X64_RSP) || !space_u64(s->env->space, sp, &pc))
		return fail(E_ABSENT, "return address on the stack", sp);
	reg_set(&s->r, X64_RIP, pc);
	return move_sp(s, 8);
}

// {rip, cs, eflags, rsp, ss}, pushed by the processor, an error code below it.
static err_t machine_frame(struct step *s, bool error_code)
{
	uint8_t b[40];
	if (error_code)
		TRY(move_sp(s, 8));
	va_t at = reg_get(&s->r, X64_RSP);
	if (!space_read_all(s->env->space, at, b, sizeof(b)))
		return fail(E_ABSENT, "machine frame on the stack", at);
	reg_set(&s->r, X64_RIP, le_get(b, 8));
	reg_set(&s->r, X64_CS, le_get(b + 8, 2));
	reg_set(&s->r, X64_EFL, le_get(b + 16, 4));
	reg_set(&s->r, X64_RSP, le_get(b + 24, 8));
	reg_set(&s->r, X64_SS, le_get(b + 32, 2));
	s->machine_frame = true;
	s->machine_at = at;
	return ok();
}

// ---- undoing the prolog
// Offsets of saved registers count from rsp as the whole prolog leaves it: with a frame register that holds,
// from that register, else from rsp as it is.
static err_t frame_base(const struct step *s, const struct x64_unwind_info *u, uint32_t pos, va_t *ret)
{
	bool holds = u->flags & UNW_CHAININFO || pos >= u->prolog_size;
	for (size_t i = 0; i < u->n_codes; i++) {
		if (u->codes[i].op == UWOP_SET_FPREG)
			holds = u->codes[i].offset <= pos;
	}
	unsigned reg = u->frame_reg && holds ? u->frame_reg : (unsigned)X64_RSP;
	if (!reg_known(&s->r, reg))
		return fail(E_ABSENT, "frame register", reg);
	*ret = reg_get(&s->r, reg) - (reg == X64_RSP ? 0 : u->frame_offset);
	return ok();
}

static err_t undo(struct step *s, const struct x64_unwind_info *u, uint32_t pos)
{
	va_t base;
	TRY(frame_base(s, u, pos, &base));
	for (size_t i = 0; i < u->n_codes && !s->machine_frame; i++) {
		const struct unwind_code *c = &u->codes[i];
		if (c->op == UWOP_EPILOG || c->offset > pos)
			continue;
		switch (c->op) {
		case UWOP_PUSH_NONVOL:
			restore(s, c->info, reg_get(&s->r, X64_RSP));
			if (c->info != X64_RSP)
				TRY(move_sp(s, 8));
			break;
		case UWOP_ALLOC_LARGE:
		case UWOP_ALLOC_SMALL:
			TRY(move_sp(s, c->value));
			break;
		case UWOP_SET_FPREG:
			if (!u->frame_reg)
				return fail(E_CORRUPT, "frame register of unwind data", 0);
			if (!reg_known(&s->r, u->frame_reg))
				return fail(E_ABSENT, "frame register", u->frame_reg);
			reg_set(&s->r, X64_RSP, reg_get(&s->r, u->frame_reg) - u->frame_offset);
			break;
		case UWOP_SAVE_NONVOL:
		case UWOP_SAVE_NONVOL_FAR:
			restore(s, c->info, base + c->value);
			break;
		case UWOP_SAVE_XMM128:
		case UWOP_SAVE_XMM128_FAR:
			restore_xmm(s, c->info, base + c->value);
			break;
		default: // PUSH_MACHFRAME: the decoder lets nothing else through
			TRY(machine_frame(s, c->info & 1));
			break;
		}
	}
	return ok();
}

// Follows *f to the entry whose data it stands for when its own is an indirection or a chain.
static err_t indirection(const struct step *s, struct pe_function *f)
{
	for (unsigned depth = 0; f->unwind & 1; depth++) {
		uint8_t b[12];
		uint32_t at = f->unwind & ~(uint32_t)1;
		if (depth == LIMIT_UNWIND_CHAIN)
			return fail(E_CORRUPT, "function table entries that lead to each other", at);
		if (unwind_read(&s->src, at, b, sizeof(b)) < sizeof(b))
			return fail(E_ABSENT, "function table entry", at);
		*f = (struct pe_function){ (uint32_t)le_get(b, 4), (uint32_t)le_get(b + 4, 4),
					   (uint32_t)le_get(b + 8, 4), true };
	}
	return ok();
}

// The begin of the function that f is a part of: the end of its chain.
static err_t primary(const struct step *s, struct pe_function f, uint32_t *ret)
{
	struct x64_unwind_info u;
	for (unsigned depth = 0; depth < LIMIT_UNWIND_CHAIN; depth++) {
		TRY(indirection(s, &f));
		TRY(x64_unwind_info(&s->src, f.unwind, &u));
		if (!(u.flags & UNW_CHAININFO)) {
			*ret = f.begin;
			return ok();
		}
		f = u.chain;
	}
	return fail(E_CORRUPT, "chain of unwind data that does not end", f.begin);
}

// ---- epilogs
struct epilog {
	bool add, lea; // rsp += n, rsp = reg[base] + n
	unsigned base;
	int64_t n;
	uint8_t pops[EPILOG_POPS];
	unsigned n_pops;
};

// `add rsp,imm` or `lea rsp,[frame register+disp]`; returns its length, 0 for neither.
static size_t match_dealloc(struct span c, const struct x64_unwind_info *u, struct epilog *e)
{
	const uint8_t *p = c.p;
	if (c.n >= 4 && p[0] == 0x48 && p[1] == 0x83 && p[2] == 0xc4) {
		e->add = true;
		e->n = (int8_t)p[3];
		return 4;
	}
	if (c.n >= 7 && p[0] == 0x48 && p[1] == 0x81 && p[2] == 0xc4) {
		e->add = true;
		e->n = (int32_t)le_get(p + 3, 4);
		return 7;
	}
	if (c.n < 4 || !u->frame_reg || (p[0] & 0xfe) != 0x48 || p[1] != 0x8d)
		return 0;
	unsigned mod = p[2] >> 6, reg = p[2] >> 3 & 7, rm = p[2] & 7;
	size_t at = rm == 4 ? 4 : 3; // r12 needs a SIB byte
	if (reg != 4 || (mod != 1 && mod != 2) || (rm | (p[0] & 1u) << 3) != u->frame_reg ||
	    (rm == 4 && p[3] != 0x24) || c.n < at + (mod == 1 ? 1u : 4u))
		return 0;
	e->lea = true;
	e->base = u->frame_reg;
	e->n = mod == 1 ? (int8_t)p[at] : (int32_t)le_get(p + at, 4);
	return at + (mod == 1 ? 1 : 4);
}

// A jump out of the function ends an epilog; one to another part of the same function does not.
static bool leaves(const struct step *s, const struct pe_function *f, const struct x64_unwind_info *u, va_t to)
{
	struct pe_function other;
	uint32_t here, there;
	if (to < s->src.base || to - s->src.base > UINT32_MAX)
		return true;
	uint32_t rva = (uint32_t)(to - s->src.base);
	if (rva >= f->begin && rva < f->end)
		return rva == f->begin && !f->indirect && !(u->flags & UNW_CHAININFO);
	if (!s->src.pe || pe_function_at(s->src.pe, rva, &other).code)
		return true;
	if (primary(s, *f, &here).code || primary(s, other, &there).code)
		return true;
	return here != there;
}

// Do the bytes at c, which lie at `va`, end an epilog: ret or a jump out?
static bool match_end(const struct step *s, const struct pe_function *f, const struct x64_unwind_info *u, struct span c,
		      va_t va)
{
	if (c.n >= 2 && (c.p[0] == 0xf3 || c.p[0] == 0xf2)) { // rep ret, bnd ret, bnd jmp
		c = span_sub(c, 1, c.n - 1);
		va++;
	}
	const uint8_t *p = c.p;
	if (!c.n)
		return false;
	if (p[0] == 0xc3 || (p[0] == 0xc2 && c.n >= 3))
		return true;
	if (p[0] == 0xeb && c.n >= 2)
		return leaves(s, f, u, va + 2 + (uint64_t)(int64_t)(int8_t)p[1]);
	if (p[0] == 0xe9 && c.n >= 5)
		return leaves(s, f, u, va + 5 + (uint64_t)(int64_t)(int32_t)le_get(p + 1, 4));
	// jmp [mem] with mod 0; with a REX.W prefix compilers also mark jmp reg as the end of an epilog.
	bool rex = (p[0] & 0xf8) == 0x48;
	if (c.n < (rex ? 3u : 2u) || p[rex] != 0xff || (p[rex + 1] >> 3 & 7) != 4)
		return false;
	return p[rex + 1] >> 6 == 0 || (rex && p[rex + 1] >> 6 == 3);
}

// Is pc in an epilog of version 1 data, which are found by what the code does?
static bool match_epilog(const struct step *s, const struct pe_function *f, const struct x64_unwind_info *u, va_t pc,
			 struct epilog *e)
{
	uint8_t code[64];
	uint64_t rva = pc - s->src.base;
	// Not cut at the function's end: a part that ends between the pops and the ret is possible.
	struct span c = { code, unwind_read(&s->src, rva, code, sizeof(code)) };
	*e = (struct epilog){ 0 };
	size_t at = match_dealloc(c, u, e);
	for (; at < c.n && e->n_pops < EPILOG_POPS; e->n_pops++) {
		bool rex = at + 1 < c.n && (code[at] & 0xf0) == 0x40;
		if ((code[at + rex] & 0xf8) != 0x58)
			break;
		e->pops[e->n_pops] = (uint8_t)((code[at + rex] & 7) | (rex && code[at] & 1 ? 8 : 0));
		at += 1u + rex;
	}
	struct span rest = span_clip(c, at, c.n);
	return match_end(s, f, u, rest, pc + at);
}

static err_t run_epilog(struct step *s, const struct epilog *e)
{
	if (e->lea && !reg_known(&s->r, e->base))
		return fail(E_ABSENT, "frame register", e->base);
	if (e->lea)
		reg_set(&s->r, X64_RSP, reg_get(&s->r, e->base) + (uint64_t)e->n);
	if (e->add)
		reg_set(&s->r, X64_RSP, reg_get(&s->r, X64_RSP) + (uint64_t)e->n);
	for (unsigned i = 0; i < e->n_pops; i++) {
		restore(s, e->pops[i], reg_get(&s->r, X64_RSP));
		if (e->pops[i] != X64_RSP)
			TRY(move_sp(s, 8));
	}
	return pop_pc(s);
}

// Version 2: an epilog is pops and a return or jump, and the pops undo the pushes in the order of the codes.
static void epilog_from_codes(const struct x64_unwind_info *u, uint32_t done, struct epilog *e)
{
	uint32_t at = 0;
	*e = (struct epilog){ 0 };
	for (size_t i = 0; i < u->n_codes && e->n_pops < EPILOG_POPS; i++) {
		if (u->codes[i].op != UWOP_PUSH_NONVOL)
			continue;
		if (at >= done)
			e->pops[e->n_pops++] = u->codes[i].info;
		at += u->codes[i].info >= 8 ? 2 : 1;
	}
}

// ---- the step
static void forget_volatile(struct step *s)
{
	static const uint8_t list[] = { X64_RAX, X64_RCX, X64_RDX, X64_R8, X64_R9, X64_R10, X64_R11 };
	for (unsigned i = 0; i < ARRAY_LEN(list); i++) // interrupt handlers do save these
		if (!s->machine_frame || !(s->restored >> list[i] & 1))
			reg_forget(&s->r, list[i]);
	if (!s->machine_frame)
		reg_forget(&s->r, X64_EFL);
	s->r.vknown &= ~(uint32_t)0x3f | (s->machine_frame ? s->vrestored : 0);
	s->r.st_known = false;
}

static err_t by_codes(struct step *s, struct pe_function f, struct x64_unwind_info *u, uint32_t pos)
{
	TRY(undo(s, u, pos));
	for (unsigned depth = 0; u->flags & UNW_CHAININFO && !s->machine_frame; depth++) {
		if (depth == LIMIT_UNWIND_CHAIN)
			return fail(E_CORRUPT, "chain of unwind data that does not end", f.begin);
		f = u->chain;
		TRY(indirection(s, &f));
		TRY(x64_unwind_info(&s->src, f.unwind, u));
		TRY(undo(s, u, ALL_CODES));
	}
	return s->machine_frame ? ok() : pop_pc(s);
}

static err_t by_data(struct step *s, struct pe_function f, bool top)
{
	struct x64_unwind_info u;
	struct epilog e;
	va_t pc = reg_get(&s->r, X64_RIP);
	uint32_t rva = (uint32_t)(pc - s->src.base), start;
	struct pe_function data = f; // entries of dynamic tables may be indirect too
	TRY(indirection(s, &data));
	f.unwind = data.unwind;
	f.indirect = data.indirect;
	TRY(x64_unwind_info(&s->src, f.unwind, &u));
	// A return address is never inside an epilog, and inside the prolog only after a call there.
	if (top && u.version == 1 && rva < f.end && match_epilog(s, &f, &u, pc, &e))
		return run_epilog(s, &e);
	if (top && x64_epilog_v2(&u, &f, rva, &start)) {
		epilog_from_codes(&u, rva - start, &e);
		return run_epilog(s, &e);
	}
	return by_codes(s, f, &u, f.indirect ? ALL_CODES : rva - f.begin);
}

err_t x64_unwind(const struct unwind_env *env, struct regs *r, bool top, struct unwind_result *ret)
{
	struct step s = { .env = env, .r = *r };
	struct pe_function f;
	va_t pc = reg_get(r, X64_RIP);
	if (!reg_known(r, X64_RIP) || !reg_known(r, X64_RSP))
		return fail(E_ABSENT, "instruction and stack pointer", 0);
	// A call may be the last instruction of its function: then the return address belongs to the next one.
	err_t e = unwind_find(env, top || !pc ? pc : pc - 1, &s.src, &f);
	if (e.code && (e.code != E_NOTFOUND || !top))
		return e;
	bool leaf = e.code != OK;
	TRY(leaf ? pop_pc(&s) : by_data(&s, f, top));
	forget_volatile(&s);
	*r = s.r;
	*ret = (struct unwind_result){ .machine_frame = s.machine_frame,
				       .leaf = leaf,
				       .trap_frame = s.machine_frame ? s.machine_at - X64_TRAP_RIP : 0 };
	return ok();
}
