// SPDX-License-Identifier: Apache-2.0
// certain.c: which function an address surely belongs to, and what the faulting instruction touches. Chained
// unwind information: Microsoft's "x64 exception handling" page.
#include "arch/disasm.h"
#include "base/limits.h"
#include "verdict/verdict_int.h"

#include <string.h>

enum {
	MOST_CODE = 2048,      // bytes followed from an export: leaf functions and stubs are short
	LONGEST_BRANCH = 1024, // a conditional branch farther away may leave the function (a tail call)
	LONGEST_INSN = 16,
};

bool code_reaches(uint16_t machine, struct span code, va_t from, va_t to)
{
	va_t pos = from, reach = from; // reach: the farthest place that a branch inside the function leads to
	bool left = false;             // the instruction before does not go on here
	while (pos <= to) {
		struct insn in;
		if (pos - from >= code.n)
			return false;
		insn_decode(machine, span_clip(code, pos - from, LONGEST_INSN), pos, NULL, NULL, &in);
		if (!in.valid || !in.len)
			return false;
		// Padding: the function is over, whatever branches said (a conditional tail call).
		if (left && in.kind == INSN_TRAP)
			return false;
		if (to - pos < in.len)
			return true;
		pos += in.len;
		if (in.kind == INSN_COND_JUMP && in.has_target && in.target > reach &&
		    in.target - from < LONGEST_BRANCH)
			reach = in.target;
		left = in.kind == INSN_JUMP || in.kind == INSN_RET || in.kind == INSN_TRAP;
		if (left && reach < pos)
			return false;
	}
	return false;
}

// The entry where the function begins whose unwind data `f` continues.
static struct pe_function primary(const struct pe *pe, struct pe_function f)
{
	enum { UNW_FLAG_CHAININFO = 4 };
	for (unsigned i = 0; i < LIMIT_UNWIND_CHAIN && pe->machine == MACHINE_X64; i++) {
		uint8_t head[4], next[12];
		if (!pe_read_all(pe, f.unwind, head, sizeof(head)) || !(head[0] >> 3 & UNW_FLAG_CHAININFO))
			break;
		uint32_t codes = ((uint32_t)head[2] + 1) & ~1u;
		if (!pe_read_all(pe, f.unwind + 4 + codes * 2, next, sizeof(next)))
			break;
		f = (struct pe_function){ .begin = (uint32_t)le_get(next, 4),
					  .end = (uint32_t)le_get(next + 4, 4),
					  .unwind = (uint32_t)le_get(next + 8, 4) };
	}
	return f;
}

static bool export_covers(struct target *t, const struct sym_hit *h, va_t probe)
{
	const struct pe *pe;
	struct pe_function f, at_export;
	uint8_t code[MOST_CODE + LONGEST_INSN];
	size_t got;
	if (!h->disp)
		return true;
	if (target_module_pe(t, h->module, &pe).code)
		return false;
	uint32_t start = (uint32_t)(h->va - h->module->base);
	if (t->machine != MACHINE_X86) {
		err_t e = pe_function_at(pe, (uint32_t)(probe - h->module->base), &f);
		if (!e.code)
			return primary(pe, f).begin == start;
		// A function with unwind data begins at the export, and the address is behind its end.
		if (e.code != E_NOTFOUND || !pe_function_at(pe, start, &at_export).code)
			return false;
	}
	if (h->disp >= MOST_CODE || space_read(t->space, h->va, code, (size_t)h->disp + LONGEST_INSN, &got).code)
		return false;
	return code_reaches(t->machine, (struct span){ code, got }, h->va, probe);
}

const char *certain_function(struct target *t, va_t probe, va_t *start_ret)
{
	struct sym_hit h;
	// Public symbols have places inside functions under the name `string'.
	if (!sym_near(t, probe, &h) || !h.name || strstr(h.name, "`string'"))
		return NULL;
	enum sym_state state = sym_module_state(h.module);
	bool exports_only = state == SYM_EXPORT || state == SYM_COFF;
	if (exports_only && (!h.is_function || !export_covers(t, &h, probe)))
		return NULL;
	*start_ret = h.va;
	return h.name;
}

static bool add_register(const struct regs *r, int reg, uint64_t scale, va_t *sum)
{
	if (reg < 0)
		return true;
	if (!reg_known(r, (unsigned)reg))
		return false;
	*sum += reg_get(r, (unsigned)reg) * scale;
	return true;
}

struct operand fault_operand(struct target *t, const struct regs *r)
{
	struct operand o = { 0 };
	uint8_t bytes[LONGEST_INSN];
	size_t got;
	va_t ip = reg_get(r, reg_pc(t->machine));
	if (!reg_known(r, reg_pc(t->machine)) || space_read(t->space, ip, bytes, sizeof(bytes), &got).code)
		return o;
	struct insn in;
	insn_decode(t->machine, (struct span){ bytes, got }, ip, NULL, NULL, &in);
	const struct insn_mem *m = &in.mem;
	if (!in.valid || !m->present || m->is_lea || str_eq(m->segment, "fs") || str_eq(m->segment, "gs"))
		return o;
	va_t va = (va_t)m->disp;
	if (!add_register(r, m->base, 1, &va) || !add_register(r, m->index, m->scale, &va))
		return o;
	o.known = true;
	o.address = t->ptr_bytes == 4 ? va & UINT32_MAX : va;
	o.is_write = m->is_write;
	return o;
}
