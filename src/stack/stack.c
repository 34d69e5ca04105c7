// SPDX-License-Identifier: Apache-2.0
// stack.c: the walk. At each frame the best method that works is taken: unwind data; on x86 the code itself and frame
// records of symbols (x86.c); the frame pointer; a scan for return addresses.
#include "arch/disasm.h"
#include "arch/trap.h"
#include "base/limits.h"
#include "stack/kernel_int.h"

#include <inttypes.h>
#include <string.h>

static bool env_image(void *ctx, va_t pc, va_t *base_ret, const struct pe **pe_ret)
{
	struct walk *w = ctx;
	struct module *m = target_module_at(w->t, pc);
	if (!m)
		return false;
	*base_ret = m->base;
	if (target_module_pe(w->t, m, pe_ret).code)
		*pe_ret = NULL;
	return true;
}

// Function tables the process registered at run time (JIT compilers): RUNTIME_FUNCTION, ascending.
static bool env_dynamic(void *ctx, va_t pc, va_t *base_ret, struct pe_function *ret)
{
	const struct walk *w = ctx;
	const struct dump_user *u = w->t->user;
	for (size_t i = 0; i < u->n_functions; i++) {
		const struct dump_function_table *f = &u->functions[i];
		if (pc < f->min || pc >= f->max || pc < f->base || pc - f->base > UINT32_MAX || f->entry_size < 12)
			continue;
		uint32_t rva = (uint32_t)(pc - f->base);
		size_t lo = 0, hi = f->n_entries;
		while (lo < hi) {
			size_t mid = lo + (hi - lo) / 2;
			if (le_get(f->entries.p + mid * f->entry_size, 4) <= rva)
				lo = mid + 1;
			else
				hi = mid;
		}
		if (!lo)
			continue;
		const uint8_t *e = f->entries.p + (lo - 1) * f->entry_size;
		*ret = (struct pe_function){ (uint32_t)le_get(e, 4), (uint32_t)le_get(e + 4, 4),
					     (uint32_t)le_get(e + 8, 4) };
		*base_ret = f->base;
		if (rva < ret->end)
			return true;
	}
	return false;
}

static bool env_is_code(void *ctx, va_t pc)
{
	return target_is_code(((struct walk *)ctx)->t, pc);
}

static void fill_frame(struct walk *w, struct frame *f, const struct regs *r, enum trust trust, bool exact)
{
	uint16_t m = w->t->machine;
	*f = (struct frame){ .regs = { .machine = r->machine, .known = r->known },
			     .ip = reg_get(r, reg_pc(m)),
			     .sp = reg_get(r, reg_sp(m)),
			     .fp = reg_get(r, reg_fp(m)),
			     .trust = trust,
			     .exact_ip = exact };
	memcpy(f->regs.r, r->r, sizeof(f->regs.r));
	f->module = target_module_at(w->t, f->ip);
	// x64 has no frame pointers to lose: public stacks of it go through such frames without a word.
	f->not_in_module =
		!f->module && !w->in_user && w->t->machine == MACHINE_X86 && !target_unloaded_at(w->t, f->ip);
	// A call can be the last instruction of a function: its return address already belongs to the next one.
	va_t probe = exact || !f->ip ? f->ip : f->ip - 1;
	struct sym_line line;
	if (f->module && sym_line_at(w->t, probe, &line)) {
		f->file = line.file;
		f->line = line.line;
	}
	struct sym_hit h;
	if (!sym_near(w->t, probe, &h) || !h.name) {
		f->function = f->symbol = sym_text_or_number(w->t, w->a, f->ip);
		return;
	}
	if (!h.is_function && stack_is_data_name(h.name)) { // code without a symbol behind a string is not the string's
		f->function = f->symbol = arena_printf(w->a, "%s+0x%" PRIx64, h.module->name, f->ip - h.module->base);
		return;
	}
	f->function = arena_printf(w->a, "%s!%s", h.module->name, h.name);
	f->symbol = f->ip == h.va ? f->function : arena_printf(w->a, "%s+0x%" PRIx64, f->function, f->ip - h.va);
}

static bool in_bounds(const struct walk *w, va_t sp)
{
	return !w->bounded || (sp >= w->low && sp <= w->high);
}

// Has the walk gone on in a way a real stack does? Sets the end otherwise.
static bool progressed(struct walk *w, const struct regs *before, const struct regs *after,
		       const struct kernel_step *how)
{
	unsigned sp_reg = reg_sp(w->t->machine), align = w->t->ptr_bytes;
	va_t old = reg_get(before, sp_reg), sp = reg_get(after, sp_reg);
	bool leaf_lr = w->t->machine == MACHINE_ARM64 && w->n == 1; // a leaf returns through lr: sp stands still
	bool ahead = sp > old && in_bounds(w, sp) && sp - old <= LIMIT_FRAME_BYTES;
	if (sp % align == 0 && w->t->kernel && !ahead && kernel_switch(w, sp))
		return true;
	if (how->task) {
		w->bounded = false;
		return true;
	}
	if (how->exact && sp % align == 0 && !w->t->kernel)
		return true; // an interrupt may switch stacks
	if (sp < old || (sp == old && !leaf_lr)) {
		w->end = STACK_END_CYCLE;
		w->note = "the stack pointer did not move up: the stack is cyclic or its unwind data is wrong";
	} else if (sp % align) {
		w->end = STACK_END_MISALIGNED;
		w->note = "the stack pointer became misaligned: the stack memory or the unwind data is wrong";
	} else if (!in_bounds(w, sp)) {
		w->end = STACK_END_ESCAPED;
		w->note = "the stack pointer left the thread's stack";
	} else if (sp - old > LIMIT_FRAME_BYTES) {
		w->end = STACK_END_ESCAPED;
		w->note = "a frame of unbelievable size: the stack memory or the unwind data is wrong";
	} else {
		return true;
	}
	return false;
}

static bool by_unwind_data(struct walk *w, struct regs *r, bool top, struct unwind_result *res)
{
	if (!w->t->arch || !w->t->arch->unwind || w->t->machine == MACHINE_X86)
		return false;
	struct regs next = *r;
	err_t e = w->t->arch->unwind(&w->env, &next, top, res);
	if (e.code)
		return false;
	// A caller that is not code was made up from wrong data; 0 ends the stack.
	va_t pc = reg_get(&next, reg_pc(w->t->machine));
	if (res->leaf && pc && !stack_is_return_address(w, pc))
		return false;
	*r = next;
	return true;
}

bool stack_is_return_address(struct walk *w, va_t va)
{
	uint8_t before[8];
	if (va < sizeof(before) || !target_is_code(w->t, va - 1))
		return false;
	if (!space_u8(w->t->space, va - 1, before)) // most often no code was captured at all
		return true;
	size_t got = 0;
	for (size_t want = sizeof(before); want >= 2; want--) { // the page before may be missing
		if (space_read_all(w->t->space, va - want, before, want)) {
			got = want;
			break;
		}
	}
	return got < 2 || insn_ends_with_call(w->t->machine, (struct span){ before, got });
}

// One step up from *r; says how the new frame was found. TRUST_NONE: nowhere to go.
static enum trust step(struct walk *w, struct regs *r, bool top, struct kernel_step *ret)
{
	struct unwind_result res = { 0 };
	va_t sp = reg_get(r, reg_sp(w->t->machine));
	*ret = (struct kernel_step){ 0 };
	if (by_unwind_data(w, r, top, &res)) {
		ret->exact = res.machine_frame;
		// A machine frame alone, as changes of stacks leave one, does not end a trap frame.
		bool cut = res.trap_frame < sp && sp - res.trap_frame < trap_frame_bytes(w->t->machine);
		ret->trap_frame = w->t->kernel && !cut ? kernel_trap_of(w, res.trap_frame, r) : 0;
		return TRUST_UNWIND;
	}
	if (w->t->kernel && w->t->machine == MACHINE_X64 && !w->in_user)
		return stack_step_kernel(w, r, top, ret);
	if (w->t->kernel && !top && stack_step_chain_end(w, r))
		return TRUST_FRAME_POINTER;
	if (w->t->kernel && (stack_step_trap_x86(w, r, ret) || stack_step_task_x86(w, r, false, ret)))
		return TRUST_TRAP;
	enum trust x86 = w->t->machine == MACHINE_X86 ? stack_step_x86(w, r, top) : TRUST_NONE;
	if (x86 != TRUST_NONE)
		return x86;
	if (stack_step_frame_proc(w, r, top))
		return TRUST_FRAME_PROC;
	if (stack_step_linked(w, r)) // before the frame pointer: where it fits, rbp is no chain
		return TRUST_SCAN;
	if (stack_step_frame_pointer(w, r))
		return TRUST_FRAME_POINTER;
	if (stack_step_scan(w, r, top))
		return TRUST_SCAN;
	return w->t->kernel && stack_step_task_x86(w, r, true, ret) ? TRUST_TRAP : TRUST_NONE;
}

static void stack_bounds(struct walk *w, const struct thread *th, const struct regs *start)
{
	va_t sp = reg_get(start, reg_sp(w->t->machine));
	if (w->t->kernel)
		kernel_areas(w, th, reg_get(start, reg_pc(w->t->machine)));
	if (w->t->kernel && kernel_switch(w, sp))
		return;
	w->bounded = th && target_thread_stack(w->t, th, &w->low, &w->high) && sp >= w->low && sp <= w->high;
	size_t i = dump_ranges_find(w->t->dump->ranges, sp, NULL);
	if (!w->bounded && i != SIZE_MAX) { // another stack than the thread's own: the range around sp bounds it
		struct dump_range range = dump_ranges_get(w->t->dump->ranges, i);
		w->low = range.va;
		w->high = range.va + range.size;
		w->bounded = true;
	}
}

static void find_end(struct walk *w, const struct regs *r)
{
	uint8_t byte;
	if (w->end != STACK_END_NORMAL)
		return;
	w->end = STACK_END_LOST;
	w->note = "no further frame was found";
	if (!space_u8(w->t->space, reg_get(r, reg_sp(w->t->machine)), &byte)) {
		w->end = STACK_END_MEMORY;
		// Kernel dumps seldom hold a user's stack; the banner says so.
		w->note = w->in_user ? NULL : "the stack memory is not in the dump from here on";
	}
}

// The next frame's place; the array doubles, so that a short stack costs little.
static struct frame *frame_at(struct walk *w, size_t i)
{
	if (i >= w->cap) {
		size_t cap = MAX(w->cap * 2, (size_t)16);
		struct frame *bigger = NEW_N(w->a, struct frame, cap);
		if (w->cap)
			memcpy(bigger, w->frames, w->cap * sizeof(*bigger));
		w->frames = bigger;
		w->cap = cap;
	}
	return &w->frames[i];
}

static void walk(struct walk *w, const struct regs *start, size_t max)
{
	struct regs r = *start;
	fill_frame(w, frame_at(w, 0), start, TRUST_CONTEXT, true);
	unsigned pc_reg = reg_pc(w->t->machine);
	for (w->n = 1;; w->n++) {
		struct frame *f = &w->frames[w->n - 1];
		if (session_poll(w->s).code) {
			w->end = STACK_END_CANCELLED;
			w->note = "stopped";
			return;
		}
		struct regs next = r;
		struct kernel_step how;
		enum trust trust = step(w, &next, w->n == 1 || f->exact_ip, &how);
		f->no_unwind_data = trust < TRUST_FRAME_PROC && trust != TRUST_NONE;
		if (trust == TRUST_NONE) {
			find_end(w, &r);
			return;
		}
		f->ret = reg_get(&next, pc_reg);
		f->ret_known = true;
		f->caller_sp = reg_get(&next, reg_sp(w->t->machine));
		if (w->t->machine == MACHINE_X86 && !how.task)
			f->fp = how.trap_frame ? how.trap_frame : f->caller_sp - 8;
		if (!f->ret)
			return;
		f->trap_frame = how.trap_frame;
		if (!progressed(w, &r, &next, &how))
			return;
		if (w->n == max) {
			w->end = STACK_END_LIMIT;
			return;
		}
		r = next;
		fill_frame(w, frame_at(w, w->n), &r, trust, how.exact);
	}
}

err_t stack_walk(struct session *s, const struct thread *th, const struct regs *start, size_t max, struct arena *a,
		 struct stack *ret)
{
	struct target *t = s->target;
	if (!t->arch)
		return fail(E_UNSUPPORTED, "stacks of this CPU are not supported", t->machine);
	if (!reg_known(start, reg_pc(t->machine)) || !reg_known(start, reg_sp(t->machine)))
		return fail(E_ABSENT, "the register context holds no instruction and stack pointer", 0);
	max = MIN(MAX(max, (size_t)1), (size_t)LIMIT_FRAMES);
	struct walk w = { .s = s, .t = t, .a = a };
	w.env = (struct unwind_env){ .space = t->space,
				     .ctx = &w,
				     .image = env_image,
				     .dynamic = env_dynamic,
				     .is_code = env_is_code,
				     .ptr_mask = t->user->crashpad.address_mask };
	stack_bounds(&w, th, start);
	walk(&w, start, max);
	*ret = (struct stack){ .frames = w.frames, .n = w.n, .end = w.end, .end_note = w.note };
	return ok();
}

void stack_inlines(struct session *s, struct arena *a, const struct stack *st, size_t max, struct stack *ret)
{
	struct sym_inline in[SYM_INLINES];
	struct walk w = { .s = s, .t = s->target, .a = a };
	size_t i;
	for (i = 0; i < st->n && w.n < max; i++) {
		const struct frame *f = &st->frames[i];
		size_t n = f->module ? sym_inlines_at(w.t, f->exact_ip ? f->ip : f->ip - 1, in, ARRAY_LEN(in)) : 0;
		for (size_t k = 0; k < n && w.n < max; k++, w.n++) {
			struct frame *g = frame_at(&w, w.n);
			*g = *f;
			g->inline_depth = (unsigned)(n - k);
			g->file = in[k].file;
			g->line = in[k].line;
			g->function = arena_printf(a, "%s!%s", f->module->name, in[k].name);
			g->symbol = f->ip == in[k].va ? g->function
						      : arena_printf(a, "%s+0x%" PRIx64, g->function, f->ip - in[k].va);
		}
		if (w.n < max)
			*frame_at(&w, w.n++) = *f;
		else
			break;
	}
	*ret = *st;
	ret->frames = w.frames;
	ret->n = w.n;
	if (i < st->n) {
		ret->end = STACK_END_LIMIT;
		ret->end_note = NULL;
	}
}
