// SPDX-License-Identifier: Apache-2.0
// verdict.c: puts the verdict together: event, class, stack, blame, names, bucket.
#include "verdict/verdict.h"

#include "arch/disasm.h"
#include "verdict/verdict_int.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	MEM_COMMIT = 0x1000,
	PAGE_EXECUTE_ANY = 0xf0,
	FLG_APPLICATION_VERIFIER = 0x100, // gflags, "Global Flag Reference"
	FLG_HEAP_PAGE_ALLOCS = 0x02000000,
};
struct slot { // session.verdict
	struct verdict v;
	err_t error;
	size_t thread; // what it is about, without an exception
};

// ---- facts
static void find_event(struct session *s, struct verdict *v)
{
	struct target *t = s->target;
	const struct dump_exception *x = &t->user->exception;
	v->has_exception = x->present;
	v->code = x->present ? x->code : 0x80000003;
	v->code_name = exception_name(v->code);
	v->code_text = arena_printf(s->arena, "%08" PRIx32, v->code);
	v->address = x->present ? x->address : 0;
	if (x->present)
		v->thread = target_thread_by_tid(t, x->tid);
	else if (s->thread < t->n_threads)
		v->thread = &t->threads[s->thread];
	if (x->present && x->context.n && t->arch && !t->arch->context(x->context, &v->regs).code) {
		v->regs_known = v->event_context = true;
	} else if (v->thread && !target_thread_regs(t, v->thread, x->present, &v->regs).code) {
		v->regs_known = true;
		if (x->present)
			v->context_doubt = "the exception's own registers are not in the dump: the thread's are used";
	}
	if (!v->has_exception && v->regs_known)
		v->address = reg_get(&v->regs, reg_pc(t->machine));
}

static void doubt_context(struct session *s, struct verdict *v)
{
	va_t pc = reg_get(&v->regs, reg_pc(s->target->machine));
	enum { BREAKPOINT = (int32_t)0x80000003 };
	bool exact = fault_is_hardware(v->code) || v->code == (uint32_t)BREAKPOINT;
	// Some writers leave the instruction pointer behind the breakpoint instruction.
	bool behind = v->code == (uint32_t)BREAKPOINT && pc - 1 == v->address;
	if (!v->has_exception || !v->event_context || !exact || pc == v->address || behind)
		return;
	v->context_doubt = arena_printf(s->arena,
					"the stored registers (instruction pointer %" PRIx64
					") are not those of the exception (at %" PRIx64 ")",
					pc, v->address);
}

static enum place place_of(struct target *t, va_t va)
{
	struct dump_meminfo info;
	if (dump_meminfo_at(t->user, va, &info)) {
		if (info.state != MEM_COMMIT)
			return PLACE_UNMAPPED;
		return info.protect & PAGE_EXECUTE_ANY ? PLACE_CODE : PLACE_DATA;
	}
	if (target_module_at(t, va))
		return target_is_code(t, va) ? PLACE_CODE : PLACE_DATA;
	return space_source_at(t->space, va) == SPACE_DUMP ? PLACE_DATA : PLACE_UNKNOWN;
}

// TEB: NT_TIB.StackBase and StackLimit (winnt.h), DeallocationStack, ProcessEnvironmentBlock.
static void teb_facts(struct target *t, const struct verdict *v, struct fault_facts *x)
{
	unsigned p = t->ptr_bytes;
	uint64_t high, limit, low;
	if (!v->thread || !v->thread->teb || (p != 4 && p != 8))
		return;
	va_t teb = v->thread->teb;
	if (!space_ptr(t->space, teb + p, p, &high) || !space_ptr(t->space, teb + 2 * p, p, &limit) || limit >= high)
		return;
	if (!space_ptr(t->space, teb + (p == 8 ? 0x1478 : 0xe0c), p, &low) || low > limit)
		low = limit;
	x->bounds_known = true;
	x->stack_low = low;
	x->stack_limit = limit;
	x->stack_high = high;
}

static void read_global_flag(struct target *t, struct verdict *v)
{
	unsigned p = t->ptr_bytes;
	uint64_t peb;
	if (!v->thread || !v->thread->teb || (p != 4 && p != 8))
		return;
	v->global_flag_known = space_ptr(t->space, v->thread->teb + (p == 8 ? 0x60 : 0x30), p, &peb) && peb &&
			       space_u32(t->space, peb + (p == 8 ? 0xbc : 0x68), &v->global_flag);
}

static struct fault_facts gather(struct target *t, const struct verdict *v)
{
	const struct dump_exception *e = &t->user->exception;
	struct fault_facts x = { .present = v->has_exception, .code = v->code, .n_params = e->n_params };
	memcpy(x.params, e->params, sizeof(x.params));
	if (t->ptr_bytes == 4) // 32-bit values are stored sign-extended by some writers
		for (size_t i = 0; i < ARRAY_LEN(x.params); i++)
			x.params[i] &= UINT32_MAX;
	x.ip = v->regs_known ? reg_get(&v->regs, reg_pc(t->machine)) : v->address;
	x.sp_known = v->regs_known && reg_known(&v->regs, reg_sp(t->machine));
	x.sp = x.sp_known ? reg_get(&v->regs, reg_sp(t->machine)) : 0;
	x.ip_place = place_of(t, x.ip);
	teb_facts(t, v, &x);
	return x;
}

// ---- the stack
static bool is_return_address(struct target *t, va_t va)
{
	uint8_t before[8];
	if (va < 0x10000 || !target_is_code(t, va - 1))
		return false;
	if (!space_read_all(t->space, va - sizeof(before), before, sizeof(before)))
		return target_module_at(t, va) != NULL;
	return insn_ends_with_call(t->machine, (struct span){ before, sizeof(before) });
}

void recover_caller(struct session *s, const struct thread *th, const struct regs *start, struct stack *st)
{
	struct target *t = s->target;
	unsigned p = t->ptr_bytes;
	struct regs r = *start;
	va_t sp = reg_get(&r, reg_sp(t->machine));
	uint64_t caller;
	bool arm = t->machine == MACHINE_ARM64;
	if (!st->n || (arm ? !reg_known(&r, A64_LR) : !space_ptr(t->space, sp, p, &caller)))
		return;
	if (arm)
		caller = reg_get(&r, A64_LR);
	if ((st->n > 1 && st->frames[1].ip == caller) || !is_return_address(t, caller))
		return;
	reg_set(&r, reg_pc(t->machine), caller);
	if (!arm)
		reg_set(&r, reg_sp(t->machine), sp + p);
	struct stack rest;
	if (stack_walk(s, th, &r, VERDICT_FRAMES - 1, s->arena, &rest).code || !rest.n)
		return;
	struct frame *all = NEW_N(s->arena, struct frame, rest.n + 1);
	all[0] = st->frames[0];
	memcpy(all + 1, rest.frames, rest.n * sizeof(*all));
	all[0].ret = caller;
	all[0].ret_known = true;
	all[0].caller_sp = reg_get(&r, reg_sp(t->machine));
	all[0].no_unwind_data = false;
	all[1].trust = TRUST_UNWIND;
	all[1].exact_ip = false;
	rest.frames = all;
	rest.n++;
	*st = rest;
}

// Without a stack the exception's address still says where it happened.
static void address_only(struct session *s, struct verdict *v, const char *why)
{
	struct target *t = s->target;
	v->stack_note = why;
	v->stack = (struct stack){ 0 };
	if (!v->has_exception || !target_module_at(t, v->address))
		return;
	struct frame *f = NEW(s->arena, struct frame);
	*f = (struct frame){ .regs = { .machine = t->machine },
			     .ip = v->address,
			     .trust = TRUST_CONTEXT,
			     .exact_ip = true,
			     .module = target_module_at(t, v->address),
			     .symbol = sym_text_or_number(t, s->arena, v->address) };
	v->stack = (struct stack){ .frames = f, .n = 1, .end = STACK_END_MEMORY };
}

static void walk(struct session *s, struct verdict *v)
{
	if (!v->regs_known) {
		address_only(s, v,
			     "the dump holds no registers for this thread: only the exception's address is known");
		return;
	}
	err_t e = stack_walk(s, v->thread, &v->regs, VERDICT_FRAMES, s->arena, &v->stack);
	if (e.code) {
		address_only(s, v, e.what);
	} else if (v->op == FAULT_EXECUTE) {
		recover_caller(s, v->thread, &v->regs, &v->stack);
	}
}

// ---- blame
// Frames up to the first definite one: names cost the exports of a module each.
static size_t blame_frames(struct session *s, const struct verdict *v, struct blame_frame *b)
{
	struct target *t = s->target;
	for (size_t i = 0; i < v->stack.n; i++) {
		const struct frame *f = &v->stack.frames[i];
		va_t start, probe = f->exact_ip || !f->ip ? f->ip : f->ip - 1;
		const struct unloaded_module *u = f->module ? NULL : target_unloaded_at(t, f->ip);
		// A jump into the data of a module is not that module's doing.
		bool data = !i && v->op == FAULT_EXECUTE && place_of(t, f->ip) != PLACE_CODE;
		b[i] = (struct blame_frame){ .trust = f->trust,
					     .module = f->module && !data ? f->module->name
						       : u                ? path_base(u->name)
									  : NULL,
					     .unloaded = u != NULL };
		if (f->module && !data)
			b[i].function = certain_function(t, probe, &start);
		if (b[i].module && (u || triage_class(b[i].module, b[i].function) == TRIAGE_DEFINITE))
			return i + 1;
	}
	return v->stack.n;
}

static void name_nobody(struct session *s, struct verdict *v)
{
	const struct target *t = s->target;
	const char *process = t->process_name && *t->process_name ? t->process_name : NULL;
	v->module_name = process ? t->modules[0]->name : "Unknown_Module";
	v->image_name = process ? process : "Unknown_Image";
	v->symbol_name = process ? arena_printf(s->arena, "%s!unknown_error_in_process", process)
				 : "ANALYSIS_INCONCLUSIVE!unknown_function";
}

static void name_blamed(struct session *s, struct verdict *v)
{
	struct target *t = s->target;
	assert(v->blamed_frame < v->stack.n && v->stack.frames);
	const struct frame *f = &v->stack.frames[v->blamed_frame];
	va_t start = 0, probe = f->exact_ip || !f->ip ? f->ip : f->ip - 1;
	v->module = f->module;
	if (!f->module) {
		const struct unloaded_module *u = target_unloaded_at(t, f->ip);
		assert(u); // else the frame would not have been blamed
		char *name = arena_strdup(s->arena, path_base(u->name));
		v->image_name = arena_strdup(s->arena, name);
		v->symbol_name = arena_printf(s->arena, "%s!Unloaded", name);
		char *dot = strrchr(name, '.');
		if (dot && dot != name)
			*dot = 0;
		for (char *p = name; *p; p++)
			*p = *p == '.' || *p == '-' || *p == ' ' ? '_' : *p;
		v->module_name = name;
		return;
	}
	v->module_name = f->module->name;
	v->image_name = f->module->image_name;
	v->function = certain_function(t, probe, &start);
	if (v->function) {
		v->function_offset = f->ip - start;
		v->symbol_name =
			arena_printf(s->arena, "%s!%s+%" PRIx64, v->module_name, v->function, v->function_offset);
	} else {
		v->symbol_name = arena_printf(s->arena, "%s+%" PRIx64, v->module_name, f->ip - f->module->base);
	}
}

const char *bucket_name(struct arena *a, const char *function)
{
	char *name = arena_strdup(a, function);
	for (char *p = name; *p; p++)
		*p = strchr("<> `", *p) ? '_' : *p;
	return name;
}

static const char *bucket_function(struct arena *a, const struct verdict *v)
{
	if (v->blamed_frame == SIZE_MAX)
		return str_starts(v->symbol_name, "ANALYSIS_") ? "unknown_function" : "unknown_error_in_process";
	if (!v->module)
		return "Unloaded";
	if (!v->function)
		return "Unknown";
	return bucket_name(a, v->function);
}

static void make_bucket(struct session *s, struct verdict *v, const struct fault *f)
{
	struct arena *a = s->arena;
	bool avrf = v->global_flag_known && (v->global_flag & (FLG_APPLICATION_VERIFIER | FLG_HEAP_PAGE_ALLOCS));
	v->bucket = arena_printf(a, "%s%s_%s_%s!%s", f->problem_class, avrf ? "_AVRF" : "", f->bucket_code,
				 v->image_name, bucket_function(a, v));
	v->hash = verdict_hash(a, false, v->bucket);
	const char *scope = v->event_context ? "; .ecxr ; kb" : v->regs_known ? "; kb" : "; .exr -1";
	v->stack_command =
		v->thread ? arena_printf(a, "~%zus%s", v->thread->index, scope) : arena_printf(a, "~-1s%s", scope);
}

static void judge(struct session *s, struct verdict *v)
{
	struct blame_frame *b = NEW_N(s->arena, struct blame_frame, v->stack.n + 1);
	size_t n = blame_frames(s, v, b);
	struct blame who;
	blame_find(b, n, v->has_exception, &who);
	v->blamed_frame = who.frame;
	if (who.frame == SIZE_MAX)
		name_nobody(s, v);
	else
		name_blamed(s, v);
	size_t passed = 0; // frames between the fault and the blamed one that only raise or report
	while (passed < who.frame && passed < n && b[passed].module &&
	       triage_class(b[passed].module, b[passed].function) == TRIAGE_IGNORE)
		passed++;
	verdict_explain(s->arena, v, &who, passed == who.frame);
}

static err_t compute(struct session *s, struct verdict *v)
{
	struct target *t = s->target;
	v->blamed_frame = SIZE_MAX;
	if (!t->user->exception.present && !t->n_threads)
		return fail(E_ABSENT, "the dump holds neither threads nor an exception", 0);
	find_event(s, v);
	doubt_context(s, v);
	read_global_flag(t, v);
	struct fault_facts x = gather(t, v);
	struct fault f;
	fault_classify(s->arena, &x, &f);
	v->problem_class = f.problem_class;
	v->op = f.op;
	v->has_fault_address = f.has_address;
	v->fault_address = f.address;
	v->fail_fast_name = f.fail_fast_name;
	if (v->regs_known && (v->op == FAULT_READ || v->op == FAULT_WRITE)) {
		struct operand o = fault_operand(t, &v->regs);
		v->operand_known = o.known;
		v->operand_address = o.address;
		v->operand_write = o.is_write;
	}
	walk(s, v);
	judge(s, v);
	make_bucket(s, v, &f);
	v->summary = verdict_summary(s, v);
	return ok();
}

err_t verdict_get(struct session *s, const struct verdict **ret)
{
	struct slot *slot = s->verdict;
	bool about_thread = !s->target->kernel && !s->target->user->exception.present;
	if (!slot || (about_thread && slot->thread != s->thread)) {
		slot = NEW(s->arena, struct slot);
		slot->thread = s->thread;
		slot->error = s->target->kernel ? kernel_judge(s, &slot->v) : compute(s, &slot->v);
		s->verdict = slot;
	}
	if (slot->error.code)
		return slot->error;
	*ret = &slot->v;
	return ok();
}
