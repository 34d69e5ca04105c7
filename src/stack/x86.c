// SPDX-License-Identifier: Apache-2.0
// x86.c: one step up an x86 stack. The order: instructions that lead straight to the return; the prolog, as far as it
// has run; the FrameData program; the FPO record; a frame register that the prolog set.
//
// In a frame that was called from here, esp is where it was when the call was made: right above the return address,
// whoever takes the arguments away. That is how Windows' debuggers count, and it makes calling conventions no matter.
#include "stack/x86.h"

#include "arch/disasm.h"
#include "base/limits.h"
#include "stack/frame_program.h"

enum { NEAR_CALL = 5 };

struct state {
	const struct x86_env *e;
	const struct regs *r;
	va_t pc, probe, start; // probe: inside the instruction that pc speaks of
	bool exact, certain, has_start, has_code, has_frame;
	uint32_t callee_params;
	struct sym_frame frame;
	va_t frame_start;
	struct x86_code code;
};

static bool return_at(const struct state *s, va_t at, uint32_t *ret)
{
	return at <= UINT32_MAX - 4 && space_u32(s->e->space, at, ret) && s->e->is_return(s->e->ctx, *ret);
}

// Is the call before `back` one of this function? 1 yes, -1 no, 0 not known. Incremental linking puts a jump between.
static int calls_us(const struct state *s, uint32_t back)
{
	uint8_t b[NEAR_CALL];
	if (!s->has_start || !space_read_all(s->e->space, back - NEAR_CALL, b, sizeof(b)) || b[0] != 0xe8)
		return 0;
	uint32_t target = back + (uint32_t)le_get(b + 1, 4);
	if (target == s->start)
		return 1;
	if (space_read_all(s->e->space, target, b, sizeof(b)) && b[0] == 0xe9)
		return target + NEAR_CALL + (uint32_t)le_get(b + 1, 4) == s->start ? 1 : -1;
	return -1;
}

// The return address at or above `from`: the first word that can be one, or a later one behind a call of this very
// function when the first is behind a call of another.
static bool search(const struct state *s, va_t from, va_t *at_ret, enum trust good, enum trust *trust_ret)
{
	bool found = false;
	int best = 0;
	uint32_t back;
	for (unsigned i = 0; i < LIMIT_X86_SEARCH; i++) {
		va_t at = from + 4 * (va_t)i;
		if (!return_at(s, at, &back))
			continue;
		int us = calls_us(s, back);
		if (found && us <= 0)
			continue;
		*at_ret = at;
		*trust_ret = us > 0 || !i ? good : TRUST_SCAN;
		best = us;
		found = true;
		if (best >= 0)
			break;
	}
	return found;
}

// A slot below esp was popped already: the register has the caller's value again, and the slot may have another.
static void load(const struct state *s, va_t slot, unsigned n, struct regs *up)
{
	uint32_t v;
	reg_forget(up, n);
	if (slot >= reg_get(s->r, X64_RSP)) {
		if (space_u32(s->e->space, slot, &v))
			reg_set(up, n, v);
	} else if (reg_known(s->r, n)) {
		reg_set(up, n, reg_get(s->r, n));
	}
}

// The caller's registers, its frame above `at`. Those that the prolog saved come from their slots. The others are as
// they are when the function has not touched them: all that ran is known, or nothing in it changes them.
static void to_caller(const struct state *s, va_t at, uint32_t back, bool untouched, struct regs *ret)
{
	static const uint8_t kept[] = { X64_RBX, X64_RBP, X64_RSI, X64_RDI };
	struct regs up = { .machine = MACHINE_X86 };
	uint8_t changed = s->has_code ? s->code.changed : 0;
	if (!untouched && s->has_code && s->has_frame)
		untouched = x86_changes(s->e->space, s->start, s->frame_start + s->frame.size, &changed);
	for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
		unsigned n = kept[i];
		if (s->has_code && s->code.saved >> n & 1) {
			load(s, at - (va_t)s->code.slot[n], n, &up);
		} else if (reg_known(s->r, n) && untouched && !(changed >> n & 1)) {
			reg_set(&up, n, reg_get(s->r, n));
		}
	}
	reg_set(&up, X64_RIP, back);
	reg_set(&up, X64_RSP, at + 4);
	*ret = up;
}

static bool finish(const struct state *s, va_t at, bool others, enum trust trust, struct regs *r, struct x86_step *ret)
{
	uint32_t back;
	if (!space_u32(s->e->space, at, &back) || (back && !s->e->is_return(s->e->ctx, back)))
		return false;
	to_caller(s, at, back, others, r);
	*ret = (struct x86_step){ trust, at, s->has_frame ? s->frame.params : 0 };
	return true;
}

// ---- code
// Is there a straight way from start to pc, so that both are of one function?
static bool reaches(const struct state *s)
{
	va_t at = s->start;
	while (at < s->pc && at - s->start < LIMIT_X86_REACH) {
		struct insn in;
		if (!x86_fetch(s->e->space, at, &in) || in.kind == INSN_RET || in.kind == INSN_JUMP ||
		    in.kind == INSN_TRAP)
			return false;
		at += in.len;
	}
	return at == s->pc;
}

static void look_at_code(struct state *s)
{
	s->has_start = s->e->function && s->e->function(s->e->ctx, s->probe, &s->start, &s->certain);
	if (s->has_frame && s->frame.is_start) {
		s->start = s->frame_start;
		s->certain = s->has_start = true;
	}
	if (s->has_start && !s->certain)
		s->certain = reaches(s);
	if (s->has_start && s->certain)
		s->has_code = x86_follow_prolog(s->e->space, s->start, s->pc, !s->exact, &s->code);
}

static bool by_prolog(const struct state *s, struct regs *r, struct x86_step *ret)
{
	va_t sp = reg_get(s->r, X64_RSP);
	return s->has_code && s->code.reached && finish(s, sp + (va_t)s->code.depth, true, TRUST_CODE, r, ret);
}

static bool by_frame_register(const struct state *s, struct regs *r, struct x86_step *ret)
{
	if (!s->has_code || s->code.frame_reg < 0 || !reg_known(s->r, (unsigned)s->code.frame_reg))
		return false;
	va_t at = reg_get(s->r, (unsigned)s->code.frame_reg) + (va_t)s->code.frame_offset;
	return at >= reg_get(s->r, X64_RSP) && finish(s, at, s->code.straight, TRUST_CODE, r, ret);
}

// ---- records
static bool in_prolog(const struct state *s)
{
	return s->frame.is_start && s->probe - s->frame_start < s->frame.prolog;
}

// A record speaks of the frame as the prolog leaves it. Where the code is not at hand, the words on the stack tell of
// the usual prolog how much of it has run, and the last bytes of a function are its return.
static bool by_edge(const struct state *s, struct regs *r, struct x86_step *ret)
{
	uint32_t v, back;
	va_t sp = reg_get(s->r, X64_RSP), left = s->frame_start + s->frame.size - s->pc;
	if (!s->exact || s->has_code)
		return false;
	if (left == 1 || left == 3) // ret, ret n
		return return_at(s, sp, &back) && finish(s, sp, false, TRUST_FRAME_DATA, r, ret);
	if (!in_prolog(s))
		return false;
	if (s->pc == s->frame_start || (return_at(s, sp, &back) && calls_us(s, back) >= 0))
		return finish(s, sp, true, TRUST_FRAME_DATA, r, ret);
	if (!space_u32(s->e->space, sp, &v) || !reg_known(s->r, X64_RBP) || v != reg_get(s->r, X64_RBP))
		return false;
	return finish(s, sp + 4, true, TRUST_FRAME_DATA, r, ret);
}

// `@` means that esp was aligned down: only ebp knows where the frame starts.
static bool search_start(const struct state *s, va_t *at_ret, enum trust *trust_ret)
{
	uint32_t back;
	va_t sp = reg_get(s->r, X64_RSP), bp = reg_get(s->r, X64_RBP);
	va_t from = sp + s->callee_params + s->frame.locals + s->frame.saved;
	if (frame_program_aligns(s->frame.program) && reg_known(s->r, X64_RBP) && bp >= sp &&
	    return_at(s, bp + 4, &back)) {
		*at_ret = bp + 4;
		*trust_ret = TRUST_FRAME_DATA;
		return true;
	}
	return search(s, from, at_ret, TRUST_FRAME_DATA, trust_ret);
}

// A program that does not speak of ebp leaves it alone.
static void keep_bp(const struct state *s, enum trust trust, struct regs *up)
{
	if (!s->has_code && trust != TRUST_SCAN && reg_known(s->r, X64_RBP))
		reg_set(up, X64_RBP, reg_get(s->r, X64_RBP));
}

static bool by_program(const struct state *s, struct regs *r, struct x86_step *ret)
{
	enum trust trust = TRUST_FRAME_DATA;
	va_t at = 0;
	bool searches = frame_program_searches(s->frame.program);
	if ((in_prolog(s) && !searches) || (searches && !search_start(s, &at, &trust)))
		return false;
	struct frame_program_env env = { .space = s->e->space,
					 .ra_search = (uint32_t)at,
					 .params = s->frame.params,
					 .locals = s->frame.locals,
					 .saved = s->frame.saved,
					 .callee_params = s->callee_params };
	struct frame_program_result done;
	struct regs after = *s->r, up;
	if (frame_program_run(&env, s->frame.program, &after, &done).code)
		return false;
	uint32_t pc = (uint32_t)reg_get(&after, X64_RIP), sp = (uint32_t)reg_get(&after, X64_RSP);
	if (sp < reg_get(s->r, X64_RSP) + 4 || (pc && !s->e->is_return(s->e->ctx, pc)))
		return false;
	bool straight = s->has_code && s->code.straight;
	to_caller(s, sp - 4, pc, straight, &up);
	keep_bp(s, trust, &up);
	for (unsigned n = 0; n < X64_R8; n++)
		if (done.assigned >> n & 1 && n != X64_RSP && (!straight || n == X64_RBP)) {
			if (done.loaded >> n & 1)
				load(s, done.from[n], n, &up);
			else
				reg_set(&up, n, reg_get(&after, n));
		}
	*r = up;
	*ret = (struct x86_step){ trust, sp - 4, s->frame.params };
	return true;
}

// FPO_DATA: locals, then saved registers below them; ebp among those when it is a general register. Which is saved
// where is not recorded but for ebp, which compilers push first (Breakpad's documentation of "STACK WIN").
static bool by_fpo(const struct state *s, struct regs *r, struct x86_step *ret)
{
	va_t sp = reg_get(s->r, X64_RSP), at;
	enum trust trust;
	uint32_t v;
	if (s->frame.is_trap ||
	    !search(s, sp + s->callee_params + s->frame.locals + s->frame.saved, &at, TRUST_FPO, &trust))
		return false;
	if (!finish(s, at, false, trust, r, ret))
		return false;
	if (s->has_code || trust == TRUST_SCAN)
		return true;
	if (!s->frame.uses_bp)
		keep_bp(s, trust, r);
	else if (s->frame.saved >= 4 && space_u32(s->e->space, sp + s->callee_params + s->frame.saved - 4, &v))
		reg_set(r, X64_RBP, v);
	return true;
}

enum trust x86_step(const struct x86_env *e, struct regs *r, bool exact, uint32_t callee_params, struct x86_step *ret)
{
	struct state s = { .e = e, .r = r, .pc = reg_get(r, X64_RIP), .exact = exact, .callee_params = callee_params };
	struct regs up = *r;
	va_t base;
	bool found;
	if (!reg_known(r, X64_RIP) || !reg_known(r, X64_RSP))
		return TRUST_NONE;
	s.probe = exact || !s.pc ? s.pc : s.pc - 1;
	s.has_frame = e->frame && e->frame(e->ctx, s.probe, &s.frame, &base);
	s.frame_start = s.has_frame ? base + s.frame.rva : 0;
	if (exact && x86_follow_return(e, &up, ret)) {
		if (!ret->params && s.has_frame)
			ret->params = s.frame.params;
		struct state plain = { .e = e, .r = &up };
		to_caller(&plain, ret->ret_at, (uint32_t)reg_get(&up, X64_RIP), false, r);
		return ret->trust;
	}
	look_at_code(&s);
	found = by_prolog(&s, &up, ret);
	if (!found && s.has_frame && s.frame.kind == SYM_FRAME_PROGRAM)
		found = by_edge(&s, &up, ret) || by_program(&s, &up, ret);
	if (!found && s.has_frame && s.frame.kind == SYM_FRAME_FPO)
		found = by_fpo(&s, &up, ret);
	found = found || by_frame_register(&s, &up, ret);
	if (!found)
		return TRUST_NONE;
	*r = up;
	return ret->trust;
}
