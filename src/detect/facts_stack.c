// SPDX-License-Identifier: Apache-2.0
// facts_stack.c: raw memory of the current kernel stack: words that lead into modules.
#include "arch/disasm.h"
#include "base/limits.h"
#include "detect/detect_int.h"
#include "win/layout.h"

#include <string.h>

// Is it a word that a call may have left? What lies in a module's headers was never executed.
static bool judge(struct target *t, uint64_t v, struct fact_word *ret)
{
	enum { HEADERS = 0x1000, LONGEST_CALL = 8 };
	const struct module *m = target_module_at(t, v);
	uint8_t before[LONGEST_CALL];
	if (!m || v - m->base < HEADERS || !target_is_code(t, v - 1))
		return false;
	ret->value = v;
	ret->module = m;
	ret->seen = space_read_all(t->space, v - sizeof(before), before, sizeof(before));
	ret->after_call = ret->seen && insn_ends_with_call(t->machine, (struct span){ before, sizeof(before) });
	return true;
}

struct scan {
	struct fact_word *list;
	size_t n, bytes;
};

static err_t scan(struct facts *f, va_t from, va_t to, struct scan *ret)
{
	struct target *t = f->session->target;
	unsigned p = t->ptr_bytes;
	const va_t whole = ~(va_t)(p - 1);
	struct fact_word *list = NEW_N(f->a, struct fact_word, LIMIT_FACT_WORDS);
	to &= whole;
	for (va_t at = from & whole; at < to; at += p) {
		uint64_t v;
		TRY(session_poll(f->session));
		if (!space_ptr(t->space, at, p, &v)) {
			va_t next; // the stack's pages may be there in part
			if (!space_next(t->space, at, to, &next))
				break;
			if (next > at) // a word that begins in the dump
				at = ((next + (p - 1)) & whole) - p;
			continue;
		}
		ret->bytes += p;
		if (ret->n < LIMIT_FACT_WORDS && judge(t, v, &list[ret->n]))
			list[ret->n++].slot = at;
	}
	ret->list = list;
	return ok();
}

enum { CPU_STACK = 0x6000 }; // DPC and interrupt stacks have the size of a thread's
enum { RUN_OVER = 0x1000 };  // how far below its limit a stack pointer is looked for

static bool holds(va_t low, va_t high, va_t sp, unsigned below)
{
	return high && sp <= high && sp + below >= low;
}

bool fact_stack_at(const struct facts *f, va_t sp, struct fact_bounds *ret)
{
	const struct fact_kernel *k = f->kernel;
	static const char note[] = "a processor's stack is taken to have 6000 bytes; the dump does not tell its size";
	for (unsigned below = 0; below <= RUN_OVER; below += RUN_OVER) {
		*ret = (struct fact_bounds){ k->stack_low, k->stack_high, "the current thread's", k->bounds_note };
		if (holds(ret->low, ret->high, sp, below))
			return true;
		for (size_t i = 0; i < k->n_cpus; i++) {
			const struct fact_cpu *c = &k->cpus[i];
			va_t dpc_end = c->dpc.end, isr_end = c->isr.end;
			bool dpc = dpc_end && holds(dpc_end - CPU_STACK, dpc_end, sp, below);
			if (!dpc && !(isr_end && holds(isr_end - CPU_STACK, isr_end, sp, below)))
				continue;
			ret->high = dpc ? dpc_end : isr_end;
			ret->low = ret->high - CPU_STACK;
			ret->whose = arena_printf(f->a, "processor %zu's %s", c->number, dpc ? "DPC" : "interrupt");
			ret->note = note;
			return true;
		}
	}
	return false;
}

static size_t bytes_in_dump(const struct target *t, va_t end)
{
	size_t n = 0;
	for (va_t at = end - CPU_STACK; at < end; at += DUMP_PAGE)
		n += space_source_at(t->space, at) == SPACE_DUMP ? DUMP_PAGE : 0;
	return n;
}

static struct fact_cpu_stack stack_of(struct facts *f, va_t prcb, const char *field, va_t sp)
{
	const struct target *t = f->session->target;
	uint64_t end;
	if (!prcb || layout_read(f->session, prcb, "_KPRCB", field, t->ptr_bytes, &end).code || end & 0xf ||
	    end <= CPU_STACK)
		return (struct fact_cpu_stack){ 0 };
	return (struct fact_cpu_stack){ .end = end,
					.in_use = sp && sp <= end && sp > end - CPU_STACK,
					.bytes = bytes_in_dump(t, end) };
}

err_t facts_cpus(struct facts *f, struct fact_kernel *k)
{
	const struct target *t = f->session->target;
	struct fact_cpu *list = NEW_N(f->a, struct fact_cpu, t->kernel->n_processors);
	for (size_t i = 0; i < t->kernel->n_processors; i++) {
		struct fact_cpu *c = &list[i];
		struct regs r;
		TRY(session_poll(f->session));
		c->number = i;
		c->sp_known = i < t->n_threads && !target_thread_regs(t, &t->threads[i], false, &r).code;
		va_t sp = c->sp_known ? reg_get(&r, reg_sp(t->machine)) : 0;
		c->dpc = stack_of(f, t->kernel->processors[i].prcb, "DpcStack", sp);
		c->isr = stack_of(f, t->kernel->processors[i].prcb, "IsrStack", sp);
	}
	k->cpus = list;
	k->n_cpus = t->kernel->n_processors;
	return ok();
}

err_t facts_stack_memory(struct facts *f, struct fact_kernel *k)
{
	const struct dump_triage *tr = k->header->triage;
	struct scan live = { 0 }, past = { 0 };
	if (!k->live) {
		fact_lacks(f, FACT_STACK_MEMORY, "the dump does not tell where the current stack is");
		return ok();
	}
	bool inside = k->stack_low <= k->live && k->live < k->stack_high;
	va_t high =
		inside ? k->stack_high : k->live + (tr && tr->stack_size ? tr->stack_size : LIMIT_FACT_KERNEL_STACK);
	high = MIN(high, k->live + LIMIT_FACT_KERNEL_STACK);
	va_t low = inside ? k->stack_low : k->live; // without bounds another stack may lie there
	low = MAX(low, k->live - MIN(k->live, (va_t)LIMIT_FACT_KERNEL_STACK));
	TRY(scan(f, k->live, high, &live));
	TRY(scan(f, low, k->live, &past));
	k->words = live.list;
	k->n_words = live.n;
	k->n_bytes = live.bytes;
	k->past = past.list;
	k->n_past = past.n;
	k->n_past_bytes = past.bytes;
	if (live.bytes || past.bytes)
		fact_have(f, FACT_STACK_MEMORY);
	else
		fact_lacks(f, FACT_STACK_MEMORY, "the dump holds no memory of the current stack");
	return ok();
}
