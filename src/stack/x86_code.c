// SPDX-License-Identifier: Apache-2.0
// x86_code.c: what an x86 function's own instructions say of its frame: from its start to pc (prolog), or from pc to
// its return. Only straight lines are followed, so that what is found holds on every path.
#include "arch/disasm.h"
#include "base/limits.h"
#include "base/str.h"
#include "stack/x86.h"

#include <string.h>

enum { MOST_BYTES = 15, REGS = 8, MODRM_EBP_D8 = 1, MODRM_EBP_D32 = 2 };

struct code {
	uint8_t b[MOST_BYTES];
	size_t n;
	struct insn in;
};

static bool fetch(const struct space *sp, va_t va, struct code *ret)
{
	memset(ret->b, 0, sizeof(ret->b));
	ret->in = (struct insn){ 0 };
	if (space_read(sp, va, ret->b, sizeof(ret->b), &ret->n).code)
		return false;
	insn_decode(MACHINE_X86, (struct span){ ret->b, ret->n }, va, NULL, NULL, &ret->in);
	return ret->in.valid;
}

bool x86_fetch(const struct space *space, va_t va, struct insn *ret)
{
	struct code c;
	bool good = fetch(space, va, &c);
	*ret = c.in;
	return good;
}

// ---- instructions that move esp or make a frame, by their bytes
enum act { ACT_OTHER, ACT_PUSH, ACT_POP, ACT_ADD, ACT_ALIGN, ACT_FROM_SP, ACT_TO_SP, ACT_LEAVE, ACT_STRANGE };
struct effect {
	enum act act;
	int reg;       // pushed, popped, set from esp, or esp set from it; -1: no register
	int32_t value; // ADD: to esp; FROM_SP, TO_SP: what is added on the way
};

static int32_t simm(const uint8_t *p, unsigned n)
{
	return n == 1 ? (int8_t)p[0] : (int32_t)le_get(p, 4);
}

// lea reg,[reg+displacement] with esp on either side; modrm at b[1].
static bool lea(const uint8_t *b, struct effect *e)
{
	unsigned mod = b[1] >> 6, to = b[1] >> 3 & 7, rm = b[1] & 7;
	if (mod == 3 || (to != X64_RSP && rm != X64_RSP))
		return false;
	if (rm == X64_RSP && b[2] != 0x24) // an index
		return false;
	const uint8_t *disp = b + (rm == X64_RSP ? 3 : 2);
	int32_t d = mod == 0 ? 0 : simm(disp, mod == 1 ? 1 : 4);
	if (mod == 0 && rm == X64_RBP)
		return false;
	if (to == X64_RSP && rm == X64_RSP)
		*e = (struct effect){ ACT_ADD, -1, d };
	else if (to == X64_RSP)
		*e = (struct effect){ ACT_TO_SP, (int)rm, d };
	else
		*e = (struct effect){ ACT_FROM_SP, (int)to, d };
	return true;
}

// mov between registers: 8b (to, from) or 89 (from, to).
static bool mov(const uint8_t *b, struct effect *e)
{
	if (b[1] >> 6 != 3)
		return false;
	unsigned x = b[1] >> 3 & 7, y = b[1] & 7, to = b[0] == 0x8b ? x : y, from = b[0] == 0x8b ? y : x;
	if (to == X64_RSP && from != X64_RSP)
		*e = (struct effect){ ACT_TO_SP, (int)from, 0 };
	else if (from == X64_RSP && to != X64_RSP)
		*e = (struct effect){ ACT_FROM_SP, (int)to, 0 };
	else
		return false;
	return true;
}

static bool writes_first(const struct insn *in)
{
	static const char *const readers[] = { "cmp", "test", "push", "bt" };
	for (size_t i = 0; i < ARRAY_LEN(readers); i++)
		if (str_eq(in->mnemonic, readers[i]))
			return false;
	return true;
}

// The general register that the first operand names; -1: none.
static int first_register(const struct insn *in)
{
	char name[8];
	unsigned reg, shift, bits;
	size_t n = strcspn(in->operands, ",");
	if (!n || n >= sizeof(name))
		return -1;
	memcpy(name, in->operands, n);
	name[n] = 0;
	return arch_reg_find(arch_find(MACHINE_X86), name, &reg, &shift, &bits) && reg < REGS ? (int)reg : -1;
}

static struct effect other(const struct code *c)
{
	static const char *const strange[] = {
		"xchg", "enter", "pushad", "popad", "popfd", "pushfd", "iretd", "cmpxchg"
	};
	for (size_t i = 0; i < ARRAY_LEN(strange); i++)
		if (str_eq(c->in.mnemonic, strange[i]))
			return (struct effect){ ACT_STRANGE, -1, 0 };
	int reg = writes_first(&c->in) ? first_register(&c->in) : -1;
	return (struct effect){ reg == X64_RSP ? ACT_STRANGE : ACT_OTHER, reg, 0 };
}

static struct effect effect_of(const struct code *c)
{
	const uint8_t *b = c->b;
	struct effect e;
	unsigned imm = b[0] == 0x83 ? 1 : 4;
	if (b[0] >= 0x50 && b[0] <= 0x57)
		return (struct effect){ ACT_PUSH, b[0] - 0x50, 0 };
	if (b[0] >= 0x58 && b[0] <= 0x5f)
		return (struct effect){ b[0] == 0x5c ? ACT_STRANGE : ACT_POP, b[0] - 0x58, 0 };
	if (b[0] == 0x68 || b[0] == 0x6a || (b[0] == 0xff && (b[1] >> 3 & 7) == 6) ||
	    (b[0] == 0x64 && b[1] == 0xff && (b[2] >> 3 & 7) == 6)) // 64: push dword ptr fs:[0]
		return (struct effect){ ACT_PUSH, -1, 0 };
	if (b[0] == 0x8f || (b[0] == 0x64 && b[1] == 0x8f))
		return (struct effect){ ACT_POP, -1, 0 };
	if (b[0] == 0xc9)
		return (struct effect){ ACT_LEAVE, X64_RBP, 0 };
	if ((b[0] == 0x83 || b[0] == 0x81) && b[1] == 0xc4)
		return (struct effect){ ACT_ADD, -1, simm(b + 2, imm) };
	if ((b[0] == 0x83 || b[0] == 0x81) && b[1] == 0xec)
		return (struct effect){ ACT_ADD, -1, (int32_t)(0u - (uint32_t)simm(b + 2, imm)) };
	if ((b[0] == 0x83 || b[0] == 0x81) && b[1] == 0xe4)
		return (struct effect){ ACT_ALIGN, -1, 0 };
	if ((b[0] == 0x8d && lea(b, &e)) || ((b[0] == 0x8b || b[0] == 0x89) && mov(b, &e)))
		return e;
	if (c->in.kind != INSN_OTHER)
		return (struct effect){ ACT_STRANGE, -1, 0 };
	return other(c);
}

// ---- from the start of the function on
static bool is_saved_register(int reg)
{
	return reg == X64_RBX || reg == X64_RBP || reg == X64_RSI || reg == X64_RDI;
}

struct prolog {
	struct x86_code *c;
	bool depth_known;
	bool is_frame[REGS];
	int32_t frame[REGS]; // the return address lies that many bytes above the register
};

static bool sane(int32_t depth)
{
	return depth >= 0 && depth <= LIMIT_FRAME_BYTES;
}

static void set_register(struct prolog *p, int reg)
{
	if (reg < 0)
		return;
	p->is_frame[reg] = false;
	p->c->changed |= (uint8_t)(1u << reg);
}

static void push(struct prolog *p, int reg)
{
	struct x86_code *c = p->c;
	c->depth += 4;
	if (!is_saved_register(reg) || !p->depth_known || (c->changed | c->saved) >> reg & 1)
		return;
	c->saved |= (uint8_t)(1u << reg);
	c->slot[reg] = c->depth;
}

// False: nothing certain can be said from here on.
static bool apply(struct prolog *p, struct effect e)
{
	struct x86_code *c = p->c;
	switch (e.act) {
	case ACT_PUSH:
		push(p, e.reg);
		break;
	case ACT_POP:
		c->depth -= 4;
		set_register(p, e.reg);
		break;
	case ACT_ADD:
		if (!sane(e.value < 0 ? -(e.value + 1) : e.value))
			return false;
		c->depth -= e.value;
		break;
	case ACT_ALIGN:
		p->depth_known = false;
		break;
	case ACT_FROM_SP:
		set_register(p, e.reg);
		p->is_frame[e.reg] = p->depth_known && sane(c->depth - MIN(e.value, LIMIT_FRAME_BYTES));
		p->frame[e.reg] = c->depth - e.value;
		break;
	case ACT_OTHER:
		set_register(p, e.reg);
		break;
	default:
		return false;
	}
	return sane(c->depth);
}

bool x86_follow_prolog(const struct space *space, va_t start, va_t pc, bool call, struct x86_code *ret)
{
	struct prolog p = { .c = ret, .depth_known = true };
	struct code c = { 0 };
	*ret = (struct x86_code){ .frame_reg = -1 };
	va_t at = start;
	for (unsigned n = 0; n < LIMIT_X86_FOLLOW && at < pc; n++, at += c.in.len) {
		if (!fetch(space, at, &c))
			return n > 0;
		if (call && at + c.in.len == pc && c.in.kind == INSN_CALL)
			break; // esp is that of the call: what it pushed was popped
		if (at + c.in.len > pc || !apply(&p, effect_of(&c)))
			break;
	}
	ret->straight = at == pc || (call && at < pc && at + c.in.len == pc && c.in.kind == INSN_CALL);
	ret->reached = ret->straight && p.depth_known;
	static const uint8_t frames[] = { X64_RBP, X64_RBX, X64_RSI, X64_RDI };
	for (size_t i = ARRAY_LEN(frames); i-- > 0;) {
		if (!p.is_frame[frames[i]])
			continue;
		ret->frame_reg = frames[i];
		ret->frame_offset = p.frame[frames[i]];
	}
	return true;
}

bool x86_changes(const struct space *space, va_t start, va_t end, uint8_t *ret)
{
	struct code c;
	*ret = 0;
	if (end - start > LIMIT_X86_REACH)
		return false;
	for (va_t at = start; at < end; at += c.in.len) {
		if (!fetch(space, at, &c))
			return false;
		struct effect e = effect_of(&c);
		if (e.act == ACT_STRANGE && c.in.kind == INSN_OTHER)
			return false;
		if (e.reg >= 0 && e.act != ACT_PUSH && e.act != ACT_TO_SP)
			*ret |= (uint8_t)(1u << e.reg);
	}
	return true;
}

// ---- from pc to the return
struct tail {
	const struct x86_env *e;
	struct regs r;
	uint32_t sp;
	va_t pc;
};

static bool pop_register(struct tail *t, int reg)
{
	uint32_t v;
	if (!space_u32(t->e->space, t->sp, &v))
		return false;
	if (reg >= 0)
		reg_set(&t->r, (unsigned)reg, v);
	t->sp += 4;
	return true;
}

static bool set_sp(struct tail *t, int reg, int32_t plus)
{
	uint32_t sp = (uint32_t)reg_get(&t->r, (unsigned)reg) + (uint32_t)plus;
	if (!reg_known(&t->r, (unsigned)reg) || sp < t->sp)
		return false;
	t->sp = sp;
	return true;
}

static bool run_one(struct tail *t, struct effect e)
{
	switch (e.act) {
	case ACT_POP:
		return pop_register(t, e.reg);
	case ACT_ADD:
		t->sp += (uint32_t)e.value;
		return e.value > 0;
	case ACT_TO_SP:
		return set_sp(t, e.reg, e.value);
	case ACT_LEAVE:
		return set_sp(t, X64_RBP, 0) && pop_register(t, X64_RBP);
	case ACT_OTHER:
		if (e.reg >= 0)
			reg_forget(&t->r, (unsigned)e.reg);
		return true;
	default:
		return false;
	}
}

// A jump out of the function, with the stack as the function found it.
static bool is_tail_call(const struct tail *t, const struct code *c)
{
	va_t start, own;
	bool certain;
	unsigned mod = c->b[1] >> 6, rm = c->b[1] & 7;
	// Through an import, a register, or a table of virtual functions; not through the scaled index of a `switch`.
	if (c->b[0] == 0xff && (rm != X64_RSP || mod == 3))
		return true;
	return c->in.has_target && t->e->function && t->e->function(t->e->ctx, c->in.target, &start, &certain) &&
	       start == c->in.target && t->e->function(t->e->ctx, t->pc, &own, &certain) && own != start;
}

bool x86_follow_return(const struct x86_env *e, struct regs *r, struct x86_step *ret)
{
	struct tail t = { .e = e, .r = *r, .sp = (uint32_t)reg_get(r, X64_RSP), .pc = reg_get(r, X64_RIP) };
	uint32_t back, params = 0;
	bool done = false;
	for (unsigned n = 0; n < LIMIT_X86_FOLLOW && !done; n++) {
		struct code c;
		if (!fetch(e->space, t.pc, &c))
			return false;
		if (c.in.kind == INSN_RET) {
			if (c.b[0] != 0xc3 && c.b[0] != 0xc2)
				return false;
			params = c.b[0] == 0xc2 ? (uint32_t)le_get(c.b + 1, 2) : 0;
			done = true;
		} else if (c.in.kind == INSN_JUMP) {
			done = is_tail_call(&t, &c);
			if (!done && !c.in.has_target)
				return false;
			t.pc = c.in.target;
		} else if (!run_one(&t, effect_of(&c))) {
			return false;
		} else {
			t.pc += c.in.len;
		}
	}
	if (!done || !space_u32(e->space, t.sp, &back) || !e->is_return(e->ctx, back))
		return false;
	*r = t.r;
	reg_set(r, X64_RIP, back);
	*ret = (struct x86_step){ TRUST_CODE, t.sp, params };
	return true;
}
