// SPDX-License-Identifier: Apache-2.0
// facts_event.c: the stored exception: whose it is, what the instruction touched; and the exceptions that are
// in dispatch on the threads' stacks.
#include "arch/disasm.h"
#include "base/limits.h"
#include "detect/detect_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static va_t to_width(const struct target *t, uint64_t va)
{
	return t->ptr_bytes == 4 ? va & UINT32_MAX : va;
}

// ---- what the instruction touched
static bool known(const struct regs *r, int n)
{
	return n >= 0 && reg_known(r, (unsigned)n);
}

static uint64_t index_value(const struct regs *r, const struct insn_mem *m)
{
	uint64_t v = reg_get(r, (unsigned)m->index);
	if (m->index_bits == 32)
		v &= UINT32_MAX;
	else if (m->index_bits == -32)
		v = (uint64_t)(int64_t)(int32_t)(uint32_t)v;
	return v * m->scale;
}

static void operand(struct facts *f)
{
	struct target *t = f->session->target;
	const struct regs *r = &f->event_regs;
	uint8_t bytes[16];
	size_t got;
	struct insn insn;
	va_t pc = reg_get(r, reg_pc(t->machine));
	if (space_read(t->space, pc, bytes, sizeof(bytes), &got).code)
		return;
	insn_decode(t->machine, (struct span){ bytes, got }, pc, sym_insn_name, t, &insn);
	if (!insn.valid)
		return;
	struct fact_operand *o = &f->operand;
	snprintf(o->text, sizeof(o->text), "%s%s%s", insn.mnemonic, *insn.operands ? " " : "", insn.operands);
	const struct insn_mem *m = &insn.mem;
	o->present = m->present && !m->is_lea;
	o->base = m->base;
	o->index = m->index;
	o->base_known = o->present && known(r, m->base);
	o->base_value = o->base_known ? reg_get(r, (unsigned)m->base) : 0;
	// fs and gs have bases of their own.
	bool flat = m->segment[0] != 'f' && m->segment[0] != 'g';
	o->address_known = o->present && flat && (m->base < 0 || o->base_known) && (m->index < 0 || known(r, m->index));
	if (o->address_known)
		o->address = to_width(t, o->base_value + (m->index < 0 ? 0 : index_value(r, m)) + (uint64_t)m->disp);
}

static void fault(struct facts *f)
{
	const struct target *t = f->session->target;
	const struct dump_exception *x = f->exception;
	if (x->code != STATUS_ACCESS_VIOLATION || x->n_params < 2)
		return;
	struct fact_fault *ft = &f->fault;
	ft->present = x->params[0] == 0 || x->params[0] == 1 || x->params[0] == 8;
	ft->access = x->params[0] == 8 ? ACCESS_EXECUTE : x->params[0] == 1 ? ACCESS_WRITE : ACCESS_READ;
	ft->address = to_width(t, x->params[1]);
	ft->region_known = !f->kernel && dump_meminfo_at(f->dump, ft->address, &ft->region);
	ft->why = space_why(t->space, ft->address);
	ft->captured = space_source_at(t->space, ft->address) == SPACE_DUMP;
}

// Which call would return here? FF /2 and BLR go through a register or memory.
static bool follows_indirect_call(struct target *t, va_t va)
{
	unsigned shortest = t->machine == MACHINE_ARM64 ? 4 : 2, longest = t->machine == MACHINE_ARM64 ? 4 : 7;
	for (unsigned n = shortest; n <= longest; n++) {
		uint8_t bytes[8];
		struct insn insn;
		if (va < n || !space_read_all(t->space, va - n, bytes, n))
			continue;
		insn_decode(t->machine, (struct span){ bytes, n }, va - n, NULL, NULL, &insn);
		if (insn.valid && insn.len == n && insn.kind == INSN_CALL && !insn.has_target)
			return true;
	}
	return false;
}

static void return_address(struct facts *f)
{
	struct target *t = f->session->target;
	struct fact_return *r = &f->event_return;
	if (t->machine == MACHINE_ARM64) {
		r->known = reg_known(&f->event_regs, A64_LR);
		r->value = reg_get(&f->event_regs, A64_LR) & (((uint64_t)1 << 48) - 1);
	} else {
		r->slot = reg_get(&f->event_regs, X64_RSP);
		r->known = space_ptr(t->space, r->slot, t->ptr_bytes, &r->value);
	}
	uint8_t before[8];
	r->after_call = r->known && r->value >= sizeof(before) && target_is_code(t, r->value - 1) &&
			space_read_all(t->space, r->value - sizeof(before), before, sizeof(before)) &&
			insn_ends_with_call(t->machine, (struct span){ before, sizeof(before) });
	r->indirect = r->after_call && follows_indirect_call(t, r->value);
}

// ---- whose exception is it
static const struct frame *first_foreign(const struct stack *st, enum trust least)
{
	for (size_t i = 0; i < st->n; i++)
		if (st->frames[i].trust >= least && !frame_in_system(&st->frames[i]))
			return &st->frames[i];
	return NULL;
}

static void requested(struct facts *f, const char *why, bool certain)
{
	f->event = EVENT_REQUESTED;
	f->event_why = why;
	f->event_certain = certain;
}

// A break is the debugger's when it lies in ntdll and nothing but the system stands on the stack. An assertion or
// DebugBreak() has its caller there.
static void classify_break(struct facts *f)
{
	const struct module *m = f->event_module;
	if (!m || !str_ieq(m->image_name, "ntdll.dll"))
		return;
	const struct stack *st = &f->event_stack;
	bool named = st->n && (frame_named(&st->frames[0], "ntdll*!DbgBreakPoint") ||
			       frame_named(&st->frames[0], "ntdll*!DbgUiRemoteBreakin"));
	// A crash leaves the thread where it happened; a debugger that writes a dump later does not.
	va_t pc = reg_get(&f->event_regs, reg_pc(f->session->target->machine));
	if (st->n && pc != f->event_address && pc != f->event_address + 1) {
		requested(f, "a debugger's break inside ntdll; the thread has moved on since", true);
		return;
	}
	if (first_foreign(st, TRUST_FRAME_POINTER))
		return;
	requested(f,
		  named ? "a debugger broke in through ntdll!DbgBreakPoint"
			: "a breakpoint inside ntdll with only system code on the stack, as when a debugger breaks in",
		  named || (st->n > 1 && !first_foreign(st, TRUST_SCAN)));
}

static void classify(struct facts *f)
{
	f->event = EVENT_FAULT;
	f->event_why = "the program raised it";
	switch (f->exception->code) {
	case 0x80000003: // STATUS_BREAKPOINT
	case 0x4000001f: // STATUS_WX86_BREAKPOINT
		classify_break(f);
		break;
	case 0x80000007:
		requested(f, "STATUS_WAKE_SYSTEM_DEBUGGER marks the point of a break", true);
		break;
	case 0:
		requested(f, "the exception code is 0", true);
		break;
	case 0xcfffffff:
		requested(f, "code cfffffff is what Windows Error Reporting stores for a hang", true);
		break;
	case 0x0517a7ed:
		requested(f, "code 0517a7ed is what Crashpad stores for a dump without a crash", true);
		break;
	default:
		break;
	}
}

static bool find_exception(struct facts *f)
{
	if (f->kernel)
		return facts_kernel_fault(f);
	f->exception = f->dump->exception.present ? &f->dump->exception : NULL;
	return f->exception;
}

static err_t find_regs(struct facts *f, const struct thread *th)
{
	if (f->kernel)
		return f->kernel->scope ? ok() : fail(E_ABSENT, f->kernel->no_scope, 0);
	return th ? target_thread_regs(f->session->target, th, true, &f->event_regs)
		  : fail(E_ABSENT, "the exception's thread is not in the dump", 0);
}

err_t facts_event(struct facts *f)
{
	struct target *t = f->session->target;
	if (!find_exception(f)) {
		const char *why = f->kernel ? "the bug check names no fault" : "the dump holds no exception";
		fact_lacks(f, FACT_EXCEPTION, why);
		fact_lacks(f, FACT_EVENT_REGS, why);
		return ok();
	}
	fact_have(f, FACT_EXCEPTION);
	f->event_address = to_width(t, f->exception->address);
	f->event_module = target_module_at(t, f->event_address);
	fault(f);
	const struct thread *th = f->event_thread < f->n_threads ? f->threads[f->event_thread].thread : NULL;
	err_t e = find_regs(f, th);
	if (!e.code &&
	    !(reg_known(&f->event_regs, reg_pc(t->machine)) && reg_known(&f->event_regs, reg_sp(t->machine))))
		e = fail(E_ABSENT, "the exception's context holds no instruction and stack pointer", 0);
	if (e.code) {
		fact_lacks(f, FACT_EVENT_REGS, e.what ? e.what : err_name(e.code));
	} else {
		fact_have(f, FACT_EVENT_REGS);
		operand(f);
		return_address(f);
		if (facts_walk(f, th, &f->event_regs, LIMIT_FACT_EVENT_FRAMES, &f->event_stack).code)
			f->event_stack = (struct stack){ 0 }; // no frame to show
		TRY(session_poll(f->session));
	}
	if (f->kernel)
		f->event = EVENT_FAULT;
	else
		classify(f);
	return ok();
}

// ---- exceptions in dispatch
// The kernel leaves a CONTEXT and an EXCEPTION_RECORD above each other where ntdll!KiUserExceptionDispatch starts:
// x64 CONTEXT, CONTEXT_EX, record at +4f0; ARM64 CONTEXT, record at +390; x86 two pointers to record and CONTEXT,
// which follow. Structures: winnt.h of the Windows SDK.
struct scan {
	struct facts *f;
	struct fact_thread *t;
	va_t base;
	const uint8_t *p;
	size_t n;
};

static uint64_t at(const struct scan *s, size_t off, unsigned n)
{
	return in_range(off, n, s->n) ? le_get(s->p + off, n) : 0;
}

static bool record_at(const struct scan *s, size_t off, struct fact_dispatch *d)
{
	unsigned p = s->f->session->target->ptr_bytes;
	enum { KNOWN_FLAGS = 0xff, MOST_PARAMS = 15 };
	if (!in_range(off, p == 8 ? 0x98 : 0x50, s->n))
		return false;
	d->record = s->base + off;
	d->code = (uint32_t)at(s, off, 4);
	d->address = at(s, off + (p == 8 ? 0x10 : 0xc), p);
	uint64_t flags = at(s, off + 4, 4), params = at(s, off + (p == 8 ? 0x18 : 0x10), 4);
	bool code = d->code >> 30 >= 2 || code_is_benign(d->code);
	return code && flags <= KNOWN_FLAGS && params <= MOST_PARAMS &&
	       (d->address < 0x10000 || target_is_code(s->f->session->target, d->address));
}

static bool dispatch_at(const struct scan *s, size_t off, struct fact_dispatch *d)
{
	size_t ctx = off, rec;
	uint64_t flags, pc;
	switch (s->f->session->target->machine) {
	case MACHINE_X64:
		flags = at(s, off + 0x30, 4);
		rec = off + 0x4f0;
		pc = at(s, off + 0xf8, 8);
		d->sp = at(s, off + 0x98, 8);
		if ((flags & 0x100003) != 0x100003)
			return false;
		break;
	case MACHINE_ARM64:
		flags = at(s, off, 4);
		rec = off + 0x390;
		pc = at(s, off + 0x108, 8);
		d->sp = at(s, off + 0x100, 8);
		if ((flags & 0x400003) != 0x400003)
			return false;
		break;
	case MACHINE_X86:
		if (at(s, off, 4) < s->base + off + 8 || at(s, off, 4) > s->base + off + 0x40 ||
		    at(s, off + 4, 4) < at(s, off, 4) + 0x50 || at(s, off + 4, 4) > at(s, off, 4) + 0x80)
			return false;
		rec = (size_t)(at(s, off, 4) - s->base);
		ctx = (size_t)(at(s, off + 4, 4) - s->base);
		pc = at(s, ctx + 0xb8, 4);
		d->sp = at(s, ctx + 0xc4, 4);
		if ((at(s, ctx, 4) & 0x10003) != 0x10003)
			return false;
		break;
	default:
		return false;
	}
	d->context = s->base + ctx;
	return record_at(s, rec, d) && pc == d->address && d->sp > d->record && d->sp <= s->t->stack_high;
}

// x86 callees pop their arguments: the frame's stack pointer may stand up to four words lower.
static bool on_frame(const struct fact_thread *t, va_t va, unsigned ptr_bytes)
{
	for (size_t i = 0; i < t->stack.n; i++)
		if (t->stack.frames[i].sp <= va && va - t->stack.frames[i].sp <= (ptr_bytes == 4 ? 16u : 0u))
			return true;
	return false;
}

void facts_dispatched(struct facts *f, struct fact_thread *t, va_t sp)
{
	const struct target *target = f->session->target;
	unsigned step = target->machine == MACHINE_X86 ? 4 : 16;
	struct fact_dispatch found[LIMIT_FACT_DISPATCHES];
	size_t n = 0;
	if (!t->has_bounds || sp < t->stack_low || sp >= t->stack_high)
		return;
	struct arena *tmp = arena_child(f->a, LIMIT_COMMAND_MEMORY);
	size_t size = (size_t)MIN(t->stack_high - sp, (uint64_t)LIMIT_FACT_STACK_BYTES);
	uint8_t *bytes = arena_alloc(tmp, size, 1);
	struct scan s = { .f = f, .t = t, .base = sp, .p = bytes };
	if (!space_read(target->space, sp, bytes, size, &s.n).code) {
		size_t first = (size_t)(-sp & (step - 1));
		for (size_t off = first; off < s.n && n < ARRAY_LEN(found); off += step) {
			struct fact_dispatch d = { 0 };
			if (!dispatch_at(&s, off, &d))
				continue;
			d.on_frame = on_frame(t, sp + off, target->ptr_bytes);
			found[n++] = d;
		}
	}
	arena_free(tmp);
	struct fact_dispatch *copy = NEW_N(f->a, struct fact_dispatch, n);
	if (n)
		memcpy(copy, found, n * sizeof(*copy));
	t->dispatched = copy;
	t->n_dispatched = n;
}
