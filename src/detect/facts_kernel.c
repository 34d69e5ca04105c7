// SPDX-License-Identifier: Apache-2.0
// facts_kernel.c: the bug check: what its parameters say of a fault, and the registers at it.
#include "arch/trap.h"
#include "base/limits.h"
#include "detect/detect_int.h"
#include "target/records.h"
#include "win/bugcheck_rule.h"
#include "win/layout.h"
#include "win/process.h"

#include <inttypes.h>
#include <string.h>

static uint64_t param(const struct fact_kernel *k, uint8_t number)
{
	return number ? k->params[number - 1] : 0;
}

static uint64_t access_of(const struct facts *f, const struct bugcheck_rule *r)
{
	switch (bugcheck_op(r, f->session->target->machine, f->kernel->header->build, param(f->kernel, r->op))) {
	case FAULT_EXECUTE:
		return 8;
	case FAULT_WRITE:
		return 1;
	default:
		return 0;
	}
}

// ---- the registers at the fault
static void scope(struct facts *f, struct fact_kernel *k, enum fact_scope from, const struct regs *r)
{
	k->scope = from;
	k->scope_command = from == SCOPE_HEADER   ? ".ecxr"
			   : from == SCOPE_RECORD ? arena_printf(f->a, ".cxr %" PRIx64, k->context)
						  : arena_printf(f->a, ".trap %" PRIx64, k->trap);
	f->event_regs = *r;
	f->event_regs.known &= ~k->zeroed;
}

static bool take_trap(struct facts *f, struct fact_kernel *k, va_t at, enum fact_scope from)
{
	const struct target *t = f->session->target;
	struct regs r;
	uint64_t zeroed;
	if (!at || trap_frame_read(t->machine, t->space, at, &r, &zeroed).code)
		return false;
	k->trap = at;
	k->zeroed = zeroed;
	scope(f, k, from, &r);
	return true;
}

static void find_scope(struct facts *f, struct fact_kernel *k, const struct bugcheck_rule *r, va_t ip)
{
	const struct target *t = f->session->target;
	struct regs regs;
	va_t context = param(k, r->context);
	if (context && !target_context_read(t, context, &regs).code && reg_get(&regs, reg_pc(t->machine))) {
		k->context = context;
		scope(f, k, SCOPE_RECORD, &regs);
		return;
	}
	if (take_trap(f, k, param(k, r->trap), SCOPE_TRAP))
		return;
	enum { TRAP = 0x7f, DOUBLE_FAULT = 8 };
	if (k->code == TRAP && k->params[0] == DOUBLE_FAULT && take_trap(f, k, k->params[1], SCOPE_TRAP))
		return;
	// Small dumps may have the fault's own registers in their header.
	if (k->crash_known && ip && reg_get(&k->crash, reg_pc(t->machine)) == ip) {
		scope(f, k, SCOPE_HEADER, &k->crash);
		return;
	}
	if (ip && k->live &&
	    take_trap(f, k, trap_frame_find(t->machine, t->space, k->live, ip, param(k, r->address)), SCOPE_FOUND))
		return;
	k->no_scope = "neither a context record nor a trap frame of the fault is in the dump";
}

// ---- the fault
static void fault_of(struct facts *f, struct fact_kernel *k, const struct bugcheck_rule *r, struct dump_exception *x)
{
	const struct target *t = f->session->target;
	bool av = bugcheck_names_access(r);
	va_t record = param(k, r->record);
	if (record && !target_exception_read(t, record, x).code) {
		k->record = record;
		return;
	}
	*x = (struct dump_exception){ .present = true, .address = bugcheck_ip(r, k->params) };
	x->code = av ? STATUS_ACCESS_VIOLATION : (uint32_t)param(k, r->status);
	if (k->code == 0x139)
		x->code = 0xc0000409; // STATUS_STACK_BUFFER_OVERRUN: a fast fail
	const struct dump_exception *h = &t->user->exception;
	if (av || k->code == 0x1e) {
		x->n_params = 2;
		x->params[0] = av ? access_of(f, r) : k->params[2];
		x->params[1] = av ? param(k, r->address) : k->params[3];
	} else if (h->present && h->code == x->code && h->address == x->address) {
		x->n_params = h->n_params;
		memcpy(x->params, h->params, sizeof(x->params));
	}
}

// 0x7F names the processor's trap, not an exception code.
static uint32_t status_of_trap(uint64_t trap)
{
	switch (trap) {
	case 0:
		return 0xc0000094; // STATUS_INTEGER_DIVIDE_BY_ZERO
	case 6:
		return 0xc000001d; // STATUS_ILLEGAL_INSTRUCTION
	default:
		return 0;
	}
}

bool facts_kernel_fault(struct facts *f)
{
	struct fact_kernel *k = (struct fact_kernel *)f->kernel;
	const struct bugcheck_rule *r = bugcheck_rule(k->code);
	struct dump_exception *x = NEW(f->a, struct dump_exception);
	uint16_t machine = f->session->target->machine;
	enum { TRAP = 0x7f };
	if (bugcheck_names_fault(r))
		fault_of(f, k, r, x);
	else if (k->code == TRAP)
		x->code = status_of_trap(k->params[0]);
	else
		return false;
	find_scope(f, k, r, x->address);
	if (k->scope && !x->address)
		x->address = reg_get(&f->event_regs, reg_pc(machine));
	k->irql_known = r->irql;
	k->irql = param(k, r->irql);
	// An address of 0 is one when it was executed; else nobody said where the fault was.
	bool executed = x->n_params == 2 && x->params[0] == 8;
	k->has_fault = x->code && (x->address || k->scope || executed);
	f->exception = k->has_fault ? x : NULL;
	return k->has_fault;
}

// ---- the rest
static void bounds(struct facts *f, struct fact_kernel *k)
{
	uint64_t low, high;
	const struct target *t = f->session->target;
	va_t thread = t->kernel->thread;
	enum { LARGEST_STACK = 0x40000 };
	if (!thread || layout_read(f->session, thread, "_KTHREAD", "StackLimit", t->ptr_bytes, &low).code ||
	    layout_read(f->session, thread, "_KTHREAD", "StackBase", t->ptr_bytes, &high).code || low >= high ||
	    high - low > LARGEST_STACK || (low | high) & 0xfff)
		return;
	k->stack_low = low;
	k->stack_high = high;
	k->bounds_note = layout_note(f->session);
}

err_t facts_kernel(struct facts *f)
{
	struct target *t = f->session->target;
	const struct dump_kernel *h = t->kernel->facts;
	struct fact_kernel *k = NEW(f->a, struct fact_kernel);
	f->kernel = k;
	k->header = h;
	k->code = h->bugcheck;
	k->params = h->params;
	k->crash_known = h->context.n && t->arch && !t->arch->context(h->context, &k->crash).code;
	bounds(f, k);
	k->process = process_image(f->session, f->a, t->kernel->process, NULL);
	k->live = h->triage && h->triage->stack ? h->triage->stack
		  : k->crash_known              ? reg_get(&k->crash, reg_sp(t->machine))
						: 0;
	fact_have(f, FACT_KERNEL);
	fact_lacks(f, FACT_MEMINFO, "a kernel dump has no memory map");
	TRY(facts_cpus(f, k));
	return facts_stack_memory(f, k);
}
