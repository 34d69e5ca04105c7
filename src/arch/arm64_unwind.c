// SPDX-License-Identifier: Apache-2.0
// arm64_unwind.c: one step up an ARM64 stack by unwind data ("ARM64 exception handling").
#include "arch/arch_int.h"
#include "arch/trap.h"

#include <string.h>

enum { CONTEXT_SIZE = 0x390 };

struct step {
	const struct unwind_env *env;
	struct unwind_src src;
	struct regs r;
	unsigned pending; // save_next codes seen before the pair they follow
	bool machine_frame, exact, signed_return;
	va_t trap_frame;
};

static void restore(struct step *s, unsigned reg, va_t at)
{
	uint64_t v;
	if (space_u64(s->env->space, at, &v))
		reg_set(&s->r, reg, v);
	else
		reg_forget(&s->r, reg); // the step may well do without it
}

// The low `size` bytes of a vector register; the callee keeps no more of it.
static void restore_vector(struct step *s, unsigned n, va_t at, unsigned size)
{
	uint8_t b[16] = { 0 };
	if (space_read_all(s->env->space, at, b, size)) {
		memcpy(s->r.v[n], b, sizeof(b));
		s->r.vknown |= (uint32_t)1 << n;
	} else {
		s->r.vknown &= ~((uint32_t)1 << n);
	}
}

static err_t get_sp(const struct step *s, va_t *ret)
{
	if (!reg_known(&s->r, A64_SP))
		return fail(E_ABSENT, "stack pointer", 0);
	*ret = reg_get(&s->r, A64_SP);
	return ok();
}

static err_t move_sp(struct step *s, uint64_t by)
{
	uint64_t sp;
	TRY(get_sp(s, &sp));
	if (!add_ok(sp, by, &sp))
		return fail(E_CORRUPT, "stack pointer beyond the address space", sp);
	reg_set(&s->r, A64_SP, sp);
	return ok();
}

static err_t sp_from_fp(struct step *s, uint32_t offset)
{
	if (!reg_known(&s->r, A64_FP))
		return fail(E_ABSENT, "frame pointer", 0);
	reg_set(&s->r, A64_SP, reg_get(&s->r, A64_FP) - offset);
	return ok();
}

// Addresses may carry a pointer authentication code in the bits that do not count; bit 55 says which half of
// the address space they belong to.
static va_t plain(const struct step *s, va_t va)
{
	uint64_t mask = s->env->ptr_mask ? s->env->ptr_mask : ((uint64_t)1 << 48) - 1;
	return va >> 55 & 1 ? va | ~mask : va & mask;
}

static void strip_lr(struct step *s)
{
	if (!reg_known(&s->r, A64_LR))
		return;
	va_t lr = reg_get(&s->r, A64_LR), bare = plain(s, lr);
	s->signed_return |= lr != bare;
	reg_set(&s->r, A64_LR, bare);
}

// A pair and those that save_next codes name: the next registers in the next 16 bytes; d8 follows x28.
static err_t restore_pairs(struct step *s, unsigned reg, bool vector, va_t at)
{
	for (unsigned i = 0; i <= s->pending; i++, reg += 2, at += 16) {
		if (!vector && i && reg > A64_X28) {
			vector = true;
			reg = 8;
		}
		if (reg + 1 > (vector ? 31u : (unsigned)A64_LR))
			return fail(E_CORRUPT, "unwind code names no register", reg);
		if (vector) {
			restore_vector(s, reg, at, 8);
			restore_vector(s, reg + 1, at + 8, 8);
		} else {
			restore(s, reg, at);
			restore(s, reg + 1, at + 8);
		}
	}
	s->pending = 0;
	return ok();
}

static err_t restore_one(struct step *s, unsigned reg, va_t at)
{
	if (reg > A64_LR)
		return fail(E_CORRUPT, "unwind code names no register", reg);
	restore(s, reg, at);
	return ok();
}

static err_t any_reg(struct step *s, const struct unwind_code *c, va_t sp)
{
	unsigned reg = c->info & A64_ANY_REG, n = c->info & A64_ANY_PAIR ? 2 : 1;
	unsigned size = c->op == A64_SAVE_ANY_Q ? 16 : 8;
	bool writeback = c->info & A64_ANY_WRITEBACK;
	va_t at = sp + (writeback ? 0 : c->value);
	if (reg + n > (c->op == A64_SAVE_ANY_X ? 31u : 32u))
		return fail(E_CORRUPT, "unwind code names no register", reg);
	for (unsigned i = 0; i < n; i++, at += size) {
		if (c->op == A64_SAVE_ANY_X)
			restore(s, reg + i, at);
		else
			restore_vector(s, reg + i, at, size);
	}
	return writeback ? move_sp(s, c->value) : ok();
}

// ---- frames that the kernel's assembly routines build
static err_t whole(struct step *s, const char *what)
{
	if (!reg_known(&s->r, A64_PC) || !reg_known(&s->r, A64_SP))
		return fail(E_ABSENT, what, reg_get(&s->r, A64_SP));
	s->machine_frame = true;
	return ok();
}

// KTRAP_FRAME of the kernel's public symbols.
static err_t trap_frame(struct step *s, va_t sp)
{
	uint32_t spsr;
	for (unsigned i = 0; i <= A64_X18; i++)
		restore(s, A64_X0 + i, sp + ARM64_TRAP_X0 + 8 * i);
	restore(s, A64_LR, sp + ARM64_TRAP_LR);
	restore(s, A64_FP, sp + ARM64_TRAP_FP);
	restore(s, A64_PC, sp + ARM64_TRAP_PC);
	if (space_u32(s->env->space, sp + ARM64_TRAP_CPSR, &spsr))
		reg_set(&s->r, A64_CPSR, spsr);
	restore(s, A64_SP, sp + ARM64_TRAP_SP);
	s->trap_frame = sp;
	return whole(s, "trap frame on the stack");
}

static err_t machine_frame(struct step *s, va_t sp) // {sp, pc}
{
	restore(s, A64_SP, sp);
	restore(s, A64_PC, sp + 8);
	return whole(s, "machine frame on the stack");
}

static err_t context(struct step *s, va_t sp)
{
	uint8_t b[CONTEXT_SIZE];
	size_t got = 0;
	TRY(space_read(s->env->space, sp, b, sizeof(b), &got));
	TRY(arm64_context((struct span){ b, got }, &s->r));
	return whole(s, "context on the stack");
}

static err_t special(struct step *s, const struct unwind_code *c, va_t sp)
{
	switch (c->op) {
	case A64_TRAP_FRAME:
		return trap_frame(s, sp);
	case A64_MACHINE_FRAME:
		return machine_frame(s, sp);
	case A64_CONTEXT:
		return context(s, sp);
	case A64_CLEAR_UNWOUND_TO_CALL:
		s->exact = true;
		return ok();
	case A64_EC_CONTEXT:
		return fail(E_UNSUPPORTED, "not supported: ARM64EC context on the stack", sp);
	case A64_ALLOC_Z:
	case A64_SAVE_SVE:
		return fail(E_UNSUPPORTED, "not supported: frames of scalable vectors", sp);
	default:
		return fail(E_CORRUPT, "reserved unwind code", c->info);
	}
}

// Saves of one register or pair; `value` is the offset, or what the save allocated.
static err_t undo_save(struct step *s, const struct unwind_code *c, va_t sp)
{
	switch (c->op) {
	case A64_SAVE_R19R20_X:
	case A64_SAVE_REGP_X:
	case A64_SAVE_FPLR_X:
		TRY(restore_pairs(s, c->info, false, sp));
		return move_sp(s, c->value);
	case A64_SAVE_FPLR:
	case A64_SAVE_REGP:
		return restore_pairs(s, c->info, false, sp + c->value);
	case A64_SAVE_FREGP_X:
		TRY(restore_pairs(s, c->info, true, sp));
		return move_sp(s, c->value);
	case A64_SAVE_FREGP:
		return restore_pairs(s, c->info, true, sp + c->value);
	case A64_SAVE_REG_X:
		TRY(restore_one(s, c->info, sp));
		return move_sp(s, c->value);
	case A64_SAVE_REG:
		return restore_one(s, c->info, sp + c->value);
	case A64_SAVE_LRPAIR:
		TRY(restore_one(s, c->info, sp + c->value));
		return restore_one(s, A64_LR, sp + c->value + 8);
	case A64_SAVE_FREG_X:
		restore_vector(s, c->info, sp, 8);
		return move_sp(s, c->value);
	case A64_SAVE_FREG:
		restore_vector(s, c->info, sp + c->value, 8);
		return ok();
	case A64_SAVE_ANY_X:
	case A64_SAVE_ANY_D:
	case A64_SAVE_ANY_Q:
		return any_reg(s, c, sp);
	default:
		return special(s, c, sp);
	}
}

static err_t undo(struct step *s, const struct unwind_code *c)
{
	va_t sp;
	TRY(get_sp(s, &sp));
	switch (c->op) {
	case A64_ALLOC_S:
	case A64_ALLOC_M:
	case A64_ALLOC_L:
		return move_sp(s, c->value);
	case A64_SET_FP:
	case A64_ADD_FP:
		return sp_from_fp(s, c->value);
	case A64_NOP:
	case A64_END_C: // what follows is the prolog of the part this one was cut from
		return ok();
	case A64_SAVE_NEXT:
		s->pending++;
		return ok();
	case A64_PAC_SIGN_LR:
		strip_lr(s);
		return ok();
	default:
		return undo_save(s, c, sp);
	}
}

// Undoes the codes from `at` on, but for the first `skip`, whose instructions have not run (prolog) or have
// run already (epilog).
static err_t run(struct step *s, const struct a64_unwind_info *u, size_t at, unsigned skip, bool no_packed_extras)
{
	for (; at < u->n_codes && u->codes[at].op != A64_END && !s->machine_frame; at++) {
		const struct unwind_code *c = &u->codes[at];
		bool custom = c->op >= A64_TRAP_FRAME && c->op <= A64_CLEAR_UNWOUND_TO_CALL;
		if (no_packed_extras && (c->op == A64_SET_FP || c->op == A64_NOP))
			continue; // the epilog of packed data has no instruction for these
		if (skip && !custom && c->op != A64_END_C) {
			skip--;
			continue;
		}
		if (c->op == A64_END_C)
			skip = 0;
		TRY(undo(s, c));
	}
	return at < u->n_codes || s->machine_frame ? ok() : fail(E_CORRUPT, "unwind codes without an end", at);
}

// ---- where in the function pc is
static unsigned packed_epilog_len(const struct a64_unwind_info *u)
{
	unsigned n = 0;
	for (size_t i = 0; i < u->n_codes; i++)
		n += u->codes[i].op != A64_SET_FP && u->codes[i].op != A64_NOP && u->codes[i].op != A64_END;
	return n;
}

// The last epilog that starts at or before off: they are stored in ascending order. None: an offset above off.
static err_t epilog_before(const struct step *s, const struct a64_unwind_info *u, uint32_t off, struct a64_epilog *ret)
{
	uint32_t lo = 0, hi = u->n_epilogs;
	struct a64_epilog e, best = { .offset = UINT32_MAX };
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (!a64_epilog_get(&s->src, u, mid, &e))
			return fail(E_ABSENT, "epilogs of unwind data", u->epilogs);
		if (e.offset <= off) {
			best = e;
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	*ret = best;
	return ok();
}

// off: bytes from the function's start, a multiple of 4.
static err_t run_at(struct step *s, const struct a64_unwind_info *u, uint32_t off)
{
	unsigned prolog = u->no_prolog ? 0 : a64_sequence_len(u, 0), at = off / 4;
	if (at < prolog)
		return run(s, u, 0, prolog - at, false);
	if (u->packed) {
		unsigned n = packed_epilog_len(u) + 1, total = u->length / 4;
		bool in_epilog = !u->no_prolog && n <= total && at >= total - n;
		return run(s, u, 0, in_epilog ? at - (total - n) : 0, in_epilog);
	}
	if (u->one_epilog) {
		size_t first = a64_code_at(u, u->epilog_index);
		unsigned n = a64_sequence_len(u, first) + 1, total = u->length / 4;
		if (first < u->n_codes && n <= total && at >= total - n)
			return run(s, u, first, at - (total - n), false);
	}
	struct a64_epilog e;
	TRY(epilog_before(s, u, off, &e));
	if (e.offset <= off) {
		size_t first = a64_code_at(u, e.index);
		if (first == u->n_codes)
			return fail(E_CORRUPT, "epilog of unwind data", u->epilogs);
		if ((off - e.offset) / 4 < a64_sequence_len(u, first) + 1)
			return run(s, u, first, (off - e.offset) / 4, false);
	}
	return run(s, u, 0, 0, false);
}

static void forget_volatile(struct step *s)
{
	for (unsigned i = A64_X0; i < A64_X18; i++) // x18 stays: the TEB or the processor block
		reg_forget(&s->r, i);
	reg_forget(&s->r, A64_LR);
	reg_forget(&s->r, A64_CPSR);
	s->r.vknown &= 0xff00; // the callee keeps d8 to d15, the low halves of these
}

static err_t by_data(struct step *s, const struct pe_function *f, va_t pc, bool top)
{
	struct a64_unwind_info u;
	// Only the top frame and what an interrupt stopped have an lr that nobody overwrote since.
	if (!top)
		reg_forget(&s->r, A64_LR);
	TRY(a64_unwind_info(&s->src, f->unwind, &u));
	return run_at(s, &u, ((uint32_t)(pc - s->src.base) - f->begin) & ~3u);
}

err_t arm64_unwind(const struct unwind_env *env, struct regs *r, bool top, struct unwind_result *ret)
{
	struct step s = { .env = env, .r = *r };
	struct pe_function f;
	va_t pc = reg_get(r, A64_PC);
	if (!reg_known(r, A64_PC) || !reg_known(r, A64_SP))
		return fail(E_ABSENT, "instruction and stack pointer", 0);
	va_t at = top || pc < 4 ? pc : pc - 4;
	err_t e = unwind_find(env, at, &s.src, &f);
	if (e.code && (e.code != E_NOTFOUND || !top))
		return e;
	bool leaf = e.code != OK;
	if (!leaf)
		TRY(by_data(&s, &f, at, top));
	if (!s.machine_frame) {
		if (!reg_known(&s.r, A64_LR))
			return fail(E_ABSENT, "return address", pc);
		strip_lr(&s);
		reg_set(&s.r, A64_PC, reg_get(&s.r, A64_LR));
		forget_volatile(&s);
	}
	*r = s.r;
	*ret = (struct unwind_result){ .machine_frame = s.machine_frame || s.exact,
				       .signed_return = s.signed_return,
				       .leaf = leaf,
				       .trap_frame = s.trap_frame };
	return ok();
}
