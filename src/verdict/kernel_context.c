// SPDX-License-Identifier: Apache-2.0
// kernel_context.c: what a bug check's parameters say of the fault, and the registers and the stack to judge it by.
#include "arch/disasm.h"
#include "arch/trap.h"
#include "target/kernel.h"
#include "target/records.h"
#include "verdict/bugcheck.h"
#include "verdict/kernel_int.h"
#include "win/layout.h"
#include "win/process.h"

#include <inttypes.h>
#include <string.h>

enum { STATUS_AV = (int)0xc0000005, KERNEL_CS = 0x10 };

static uint64_t param(const struct kernel_case *c, uint8_t number)
{
	return number ? c->k->params[number - 1] : 0;
}

// ---- records that parameters point to
static bool read_context(struct kernel_case *c, va_t at)
{
	struct target *t = c->s->target;
	struct regs r;
	if (!at || target_context_read(t, at, &r).code || !reg_get(&r, reg_pc(t->machine)))
		return false;
	c->k->context = at;
	c->v->regs = r;
	return true;
}

static void read_record(struct kernel_case *c, va_t at)
{
	struct dump_exception x;
	if (!at || target_exception_read(c->s->target, at, &x).code)
		return;
	c->k->exception = x;
	c->k->record = at;
	c->k->record_known = c->k->has_exception = true;
}

// What the parameters alone tell of the exception.
static void exception_of_params(struct kernel_case *c)
{
	const struct bugcheck_rule *r = c->rule;
	struct dump_exception *x = &c->k->exception;
	if (c->k->record_known || !r->status || r->prefix != PREFIX_EXCEPTION)
		return;
	*x = (struct dump_exception){ .present = true,
				      .code = (uint32_t)param(c, r->status),
				      .address = param(c, r->ip) };
	c->k->has_exception = true;
	if (c->k->code == 0x1e) {
		x->n_params = 2;
		x->params[0] = c->k->params[2];
		x->params[1] = c->k->params[3];
	}
	// The header's own record has the parameters when it is of the same exception.
	const struct dump_exception *h = &c->s->target->user->exception;
	if (!x->n_params && h->present && h->code == x->code && h->address == x->address) {
		x->n_params = h->n_params;
		memcpy(x->params, h->params, sizeof(x->params));
		x->flags = h->flags;
	}
}

static void take_trap(struct kernel_case *c, va_t at, bool given)
{
	struct target *t = c->s->target;
	struct regs r;
	uint64_t zeroed;
	if (!at || c->k->context || trap_frame_read(t->machine, t->space, at, &r, &zeroed).code)
		return;
	c->k->trap = at;
	c->k->trap_given = given;
	c->k->trap_regs = r;
	c->k->trap_zeroed = zeroed;
	c->v->regs = r;
	c->v->regs.known &= ~zeroed;
}

// A double fault of x86 runs as a task of its own; the second parameter is the other task's segment.
static void take_task(struct kernel_case *c, va_t at)
{
	struct regs r;
	if (!at || x86_tss_read(c->s->target->space, at, &r).code)
		return;
	c->k->task = at;
	c->v->regs = r;
}

static const char *walk(struct kernel_case *c, const struct regs *r, struct stack *ret)
{
	err_t e = stack_walk(c->s, c->v->thread, r, VERDICT_FRAMES, c->s->arena, ret);
	if (e.code)
		*ret = (struct stack){ 0 };
	return e.code ? e.what : NULL;
}

// A jump to NULL leaves no address to look for; but the walk ends there, and knows the stack pointer of the jump: right
// above the trap frame, but for the processor's alignment.
static void trap_of_jump(struct kernel_case *c)
{
	struct target *t = c->s->target;
	struct stack st;
	struct regs r;
	uint64_t zeroed;
	if (t->machine != MACHINE_X64 || walk(c, &c->crash, &st) || !st.n || st.frames[st.n - 1].ret)
		return;
	va_t sp = st.frames[st.n - 1].caller_sp, at = (sp & ~(va_t)15) - trap_frame_bytes(MACHINE_X64);
	if (!trap_frame_read(MACHINE_X64, t->space, at, &r, &zeroed).code && !reg_get(&r, X64_RIP) &&
	    reg_get(&r, X64_RSP) == sp && reg_get(&r, X64_CS) == KERNEL_CS)
		take_trap(c, at, false);
}

static void find_context(struct kernel_case *c)
{
	const struct bugcheck_rule *r = c->rule;
	struct target *t = c->s->target;
	va_t sp = c->crash_known ? reg_get(&c->crash, reg_sp(t->machine)) : 0, ip = bugcheck_ip(r, c->k->params);
	if (r->context && !read_context(c, param(c, r->context))) {
		// Small dumps have the exception's own context in their header instead.
		bool same = c->crash_known && ip && reg_get(&c->crash, reg_pc(t->machine)) == ip;
		c->no_context = same ? NULL : "the context record that a parameter names is not in the dump";
	}
	if (r->trap)
		take_trap(c, param(c, r->trap), true);
	// 0x50 names the trap frame in a parameter of the routine that stops the system, if not in its own.
	bool double_fault = c->k->code == 0x7f && c->k->params[0] == 8;
	if (double_fault && t->machine == MACHINE_X86)
		take_task(c, c->k->params[1]);
	else if (double_fault)
		take_trap(c, c->k->params[1], true);
	if (!c->k->trap && (r->flags & RULE_TRAP) && sp && ip)
		take_trap(c, kernel_trap_find(c->s, sp, ip, param(c, r->address)), false);
	if (!c->k->trap && (r->flags & RULE_ANY_TRAP) && sp && !param(c, r->ip))
		take_trap(c, kernel_trap_find(c->s, sp, 0, 0), false);
	if (!c->k->trap && r->bits == OP_IRQL && sp && !ip)
		trap_of_jump(c);
	if (!c->k->trap && (r->trap || (r->flags & RULE_TRAP)))
		c->no_context = "no trap frame of the fault was found on the stack";
}

static void fault_of_params(struct kernel_case *c)
{
	const struct bugcheck_rule *r = c->rule;
	struct verdict *v = c->v;
	const struct dump_exception *x = &c->k->exception;
	uint16_t machine = c->s->target->machine;
	if (r->bits != OP_NONE)
		v->op = bugcheck_op(r, machine, c->s->target->kernel->facts->build, param(c, r->op));
	if (r->address) {
		v->has_fault_address = true;
		v->fault_address = param(c, r->address);
	}
	v->address = bugcheck_ip(r, c->k->params);
	if (!v->address && c->k->trap)
		v->address = reg_get(&c->k->trap_regs, reg_pc(machine));
	if (!v->address && c->k->task)
		v->address = reg_get(&v->regs, reg_pc(machine));
	if (!c->k->has_exception)
		return;
	v->code = x->code;
	v->code_name = exception_name(x->code);
	v->address = x->address;
	if (x->code == (uint32_t)STATUS_AV && x->n_params >= 2) {
		v->op = x->params[0] == 8 ? FAULT_EXECUTE : x->params[0] & 1 ? FAULT_WRITE : FAULT_READ;
		v->has_fault_address = true;
		v->fault_address = x->params[1];
	}
	if (x->code == 0xc0000409 && x->n_params)
		v->fail_fast_name = fail_fast_name(x->params[0]);
}

// Do the registers lead to the address that the processor reported? Instructions that touch two places, or go on
// after a part, are left out.
static void doubt_registers(struct kernel_case *c)
{
	enum { NEAR = 0x1000 };
	static const char *const several[] = { "rep",  "movs", "stos", "cmps", "scas",
					       "lods", "push", "pop",  "call", "ret" };
	struct target *t = c->s->target;
	struct verdict *v = c->v;
	uint8_t bytes[16];
	size_t got;
	if (!v->regs_known || (!c->k->trap && !c->k->context) || reg_get(&v->regs, reg_pc(t->machine)) != v->address ||
	    space_read(t->space, v->address, bytes, sizeof(bytes), &got).code)
		return;
	struct insn in;
	insn_decode(t->machine, (struct span){ bytes, got }, v->address, NULL, NULL, &in);
	for (size_t i = 0; in.valid && i < ARRAY_LEN(several); i++)
		in.valid = !str_starts(in.mnemonic, several[i]);
	if (!in.valid)
		return;
	struct operand o = fault_operand(t, &v->regs);
	v->operand_known = o.known;
	v->operand_address = o.address;
	v->operand_write = o.is_write;
	uint64_t away = o.address > v->fault_address ? o.address - v->fault_address : v->fault_address - o.address;
	bool ordinary = c->s->target->machine == MACHINE_X64 && (o.address >> 47 == 0 || o.address >> 47 == 0x1ffff);
	// A non-canonical address is reported as -1, or not at all. No other one is.
	if (o.known && v->has_fault_address && v->fault_address == UINT64_MAX && ordinary && flipped_bit(o.address) < 0)
		v->context_doubt = arena_printf(c->s->arena,
						"the registers lead to %" PRIx64 ", for which the processor would not "
						"report -1: it refused the access for another reason, or they were "
						"overwritten",
						o.address);
	if (o.known && v->has_fault_address && v->op != FAULT_EXECUTE && v->fault_address != UINT64_MAX &&
	    away >= NEAR) {
		c->erred = true;
		v->context_doubt =
			arena_printf(c->s->arena,
				     "the registers lead to %" PRIx64 ", not to the address that the processor "
				     "reported (%" PRIx64 "): they were overwritten, or the processor erred",
				     o.address, v->fault_address);
	}
}

// Where the stack of DPCs begins, when the system was stopped on it. Three public outputs agree with that; one of a
// boot, on a longer stack, does not, and is left out.
static const char *dpc_stack(const struct kernel_case *c)
{
	enum { STACK_BYTES = 0x6000 }; // of a kernel stack on x64
	struct target *t = c->s->target;
	const struct kernel *k = t->kernel;
	va_t prcb = k->current < k->n_processors ? k->processors[k->current].prcb : 0, base;
	if (!prcb || !c->crash_known || t->ptr_bytes != 8 ||
	    layout_read(c->s, prcb, "_KPRCB", "DpcStack", 8, &base).code)
		return NULL;
	va_t sp = reg_get(&c->crash, reg_sp(t->machine));
	return sp < base && base - sp < STACK_BYTES ? arena_printf(c->s->arena, "%016" PRIX64, base) : NULL;
}

void kernel_facts(struct kernel_case *c)
{
	struct target *t = c->s->target;
	struct verdict *v = c->v;
	const struct dump_kernel *f = t->kernel->facts;
	if (t->event_thread < t->n_threads)
		v->thread = &t->threads[t->event_thread];
	if (f->context.n && t->arch && !t->arch->context(f->context, &c->crash).code)
		c->crash_known = true;
	else if (v->thread && !target_thread_regs(t, v->thread, false, &c->crash).code)
		c->crash_known = true;
	v->regs = c->crash;
	if (c->rule->irql) {
		c->k->has_irql = true;
		c->k->irql = param(c, c->rule->irql);
	}
	if (c->rule->record)
		read_record(c, param(c, c->rule->record));
	exception_of_params(c);
	find_context(c);
	v->regs_known = c->crash_known || c->k->trap || c->k->task || c->k->context;
	v->event_context = v->regs_known;
	v->has_exception = c->k->has_exception;
	fault_of_params(c);
	doubt_registers(c);
	c->k->dpc_stack = dpc_stack(c);
	v->code_text = arena_printf(c->s->arena, "%08" PRIx32, v->code);
	const char *why;
	c->k->process = process_image(c->s, c->s->arena, t->kernel->process, &why);
	c->k->no_process = c->k->process ? NULL : why;
}

// ---- the stack
// Is frame 0 the routine that stops the system? Its first argument is the code then.
static bool starts_at_bugcheck(const struct kernel_case *c, const struct stack *st)
{
	uint16_t machine = c->s->target->machine;
	if (!st->n || !st->frames[0].module || st->frames[0].module->base != c->s->target->kernel->base)
		return false;
	unsigned arg = machine == MACHINE_ARM64 ? (unsigned)A64_X0 : (unsigned)X64_RCX;
	return machine != MACHINE_X86 && reg_known(&c->crash, arg) && (uint32_t)reg_get(&c->crash, arg) == c->k->code;
}

// The frames up to the trap frame, then those of the code that was interrupted: what a walker that knows the kernel's
// own frames finds by itself.
static void join(struct kernel_case *c, const struct stack *above, const struct stack *below)
{
	size_t n = 0;
	va_t first = above->n ? above->frames[0].sp : 0;
	while (n < above->n && above->frames[n].sp >= first && above->frames[n].sp <= c->k->trap)
		n++;
	struct frame *all = NEW_N(c->s->arena, struct frame, n + below->n);
	if (n)
		memcpy(all, above->frames, n * sizeof(*all));
	if (below->n)
		memcpy(all + n, below->frames, below->n * sizeof(*all));
	if (n && below->n) {
		all[n - 1].ret = below->frames[0].ip;
		all[n - 1].ret_known = true;
		all[n - 1].caller_sp = below->frames[0].sp;
	}
	c->v->stack = *below;
	c->v->stack.frames = all;
	c->v->stack.n = n + below->n;
	c->first = n;
}

// The walk may have found the trap frame by itself: then it knows best what lies above and below.
static bool passes_trap(struct kernel_case *c, const struct stack *st)
{
	for (size_t i = 0; i + 1 < st->n; i++) {
		if (st->frames[i].trap_frame != c->k->trap)
			continue;
		c->first = i + 1;
		return true;
	}
	return false;
}

// The frame that the interrupted task stood in.
static bool passes_task(struct kernel_case *c, const struct stack *st)
{
	uint16_t machine = c->s->target->machine;
	for (size_t i = 0; c->k->task && i < st->n; i++) {
		if (!st->frames[i].exact_ip || st->frames[i].ip != reg_get(&c->v->regs, reg_pc(machine)) ||
		    st->frames[i].sp != reg_get(&c->v->regs, reg_sp(machine)))
			continue;
		c->first = i;
		return true;
	}
	return false;
}

void kernel_stack(struct kernel_case *c)
{
	struct verdict *v = c->v;
	struct stack crash = { 0 }, fault = { 0 };
	if (!v->regs_known) {
		v->stack_note = "the dump holds no registers of the processor that crashed";
		return;
	}
	if (c->k->context) {
		v->stack_note = walk(c, &v->regs, &v->stack);
	} else {
		v->stack_note = c->crash_known ? walk(c, &c->crash, &crash) : NULL;
		v->stack = crash;
	}
	if (passes_task(c, &crash)) {
		v->stack = crash;
	} else if (c->k->task) {
		v->stack_note = walk(c, &v->regs, &v->stack);
	} else if (c->k->trap && v->op != FAULT_EXECUTE && passes_trap(c, &crash)) {
		v->stack = crash;
	} else if (c->k->trap) {
		const char *note = walk(c, &v->regs, &fault);
		if (v->op == FAULT_EXECUTE && fault.n)
			recover_caller(c->s, v->thread, &v->regs, &fault);
		if (fault.n)
			join(c, &crash, &fault);
		v->stack_note = fault.n ? NULL : note;
	} else if (c->k->context && v->op == FAULT_EXECUTE) {
		recover_caller(c->s, v->thread, &v->regs, &v->stack);
	} else if (!c->k->context && starts_at_bugcheck(c, &crash)) {
		c->first = 1;
	}
	if (c->rule->flags & RULE_FROM_TOP)
		c->first = crash.n && starts_at_bugcheck(c, &crash) ? 1 : 0;
}
