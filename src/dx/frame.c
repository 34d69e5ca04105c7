// SPDX-License-Identifier: Apache-2.0
// frame.c: stacks and their frames.
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "doc/doc.h"
#include "dx/models_int.h"
#include "stack/kernel.h"
#include "stack/stack.h"
#include "target/kernel.h"
#include "value/locals.h"

err_t dx_stack_regs(struct dx *x, const struct dx_stack_of *of, struct regs *ret)
{
	struct session *s = x->s;
	bool now = of->thread ? of->thread->index == s->thread : of->kthread == session_kthread(s);
	if (now && s->regs_known)
		return session_known_regs(s, ret);
	if (of->thread)
		return target_thread_regs(s->target, of->thread, false, ret);
	// The walk asks the session which thread's stacks it may be on.
	va_t chosen = s->implicit_thread;
	s->implicit_thread = of->kthread;
	err_t e = kernel_thread_regs(s, of->kthread, ret);
	s->implicit_thread = chosen;
	return e;
}

static err_t walk(struct dx *x, const struct dx_stack_of *of, size_t max, struct stack *ret)
{
	struct session *s = x->s;
	struct regs r;
	const struct thread *th = of->thread;
	const struct kernel *k = s->target->kernel;
	TRY(dx_stack_regs(x, of, &r));
	for (size_t i = 0; k && i < k->n_processors && i < s->target->n_threads; i++)
		if (k->processors[i].thread == of->kthread)
			th = &s->target->threads[i];
	va_t chosen = s->implicit_thread;
	if (!of->thread)
		s->implicit_thread = of->kthread;
	err_t e = stack_walk(s, th, &r, max, x->a, ret);
	s->implicit_thread = chosen;
	if (!e.code && !s->no_inlines)
		stack_inlines(s, x->a, ret, max, ret);
	return e;
}

const char *dx_stack_top(struct dx *x, const struct dx_stack_of *of)
{
	struct stack st;
	if (walk(x, of, 1, &st).code || !st.n)
		return NULL;
	const char *number = doc_value_text(x->a, R_PTR, &V(st.frames[0].ip), x->s->target->ptr_bytes);
	return arena_printf(x->a, "%s (%s) ", st.frames[0].symbol, number);
}

// ---- a frame
struct frame_of {
	struct frame f;
	size_t number;
};

// "nt!KiIdleLoop + 0x1a"
static const char *text(struct dx *x, const void *self)
{
	const struct frame *f = &((const struct frame_of *)self)->f;
	size_t n = f->function ? strlen(f->function) : 0;
	if (!n || strncmp(f->symbol, f->function, n) != 0 || f->symbol[n] != '+')
		return f->symbol;
	return arena_printf(x->a, "%s + %s", f->function, f->symbol + n + 1);
}

static err_t variables(struct dx *x, const struct frame_of *f, bool params, struct dx_obj *ret)
{
	struct locals l;
	size_t n = 0;
	locals_of(x->s, x->a, &f->f, &l);
	const char **names = NEW_N(x->a, const char *, MAX(l.n, (size_t)1));
	struct dx_obj *values = NEW_N(x->a, struct dx_obj, MAX(l.n, (size_t)1));
	for (size_t i = 0; i < l.n; i++) {
		const struct local *v = &l.list[i];
		struct cpp_value value = { 0 };
		if (v->is_param != params)
			continue;
		names[n] = v->name;
		if (v->has_type && (v->in_memory || v->bytes.p)) {
			value.v = v->in_memory ? value_at(&v->type, v->va) : value_of(&v->type, v->bytes);
			values[n++] = dx_value(x, &value, true);
		} else {
			values[n++] = dx_error(x, fail(E_ABSENT, v->why ? v->why : "<value unavailable>", 0));
		}
	}
	*ret = dx_anonymous(x, &(struct dx_fields){ n, names, values });
	return ok();
}

static err_t parameters(struct dx *x, const void *self, struct dx_obj *ret)
{
	return variables(x, self, true, ret);
}

static err_t locals(struct dx *x, const void *self, struct dx_obj *ret)
{
	return variables(x, self, false, ret);
}

static err_t instruction(struct dx *x, const void *self, struct dx_obj *ret)
{
	*ret = dx_uint(x, ((const struct frame_of *)self)->f.ip);
	return ok();
}

static err_t returns(struct dx *x, const void *self, struct dx_obj *ret)
{
	const struct frame *f = &((const struct frame_of *)self)->f;
	if (!f->ret_known)
		return fail(E_ABSENT, "the return address is not known", 0);
	*ret = dx_uint(x, f->ret);
	return ok();
}

// On x64 the debugger's frame offset is 16 below the caller's stack pointer (recorded: 30 above the frame's own, which
// has 28 bytes of its own and the return address).
static err_t frame_offset(struct dx *x, const void *self, struct dx_obj *ret)
{
	enum { BELOW_CALLER = 16 };
	const struct frame *f = &((const struct frame_of *)self)->f;
	bool x64 = x->s->target->machine == MACHINE_X64;
	if (x64 ? !f->caller_sp : !f->fp)
		return fail(E_ABSENT, "the frame's base is not known", 0);
	*ret = dx_uint(x, x64 ? f->caller_sp - BELOW_CALLER : f->fp);
	return ok();
}

static err_t stack_offset(struct dx *x, const void *self, struct dx_obj *ret)
{
	*ret = dx_uint(x, ((const struct frame_of *)self)->f.sp);
	return ok();
}

static err_t frame_number(struct dx *x, const void *self, struct dx_obj *ret)
{
	*ret = dx_uint(x, ((const struct frame_of *)self)->number);
	return ok();
}

static const struct dx_property attribute_properties[] = {
	{ "InstructionOffset", instruction }, { "ReturnOffset", returns },     { "FrameOffset", frame_offset },
	{ "StackOffset", stack_offset },      { "FrameNumber", frame_number }, { 0 },
};
static const struct dx_class attribute_class = { .properties = attribute_properties };

static err_t attributes(struct dx *x, const void *self, struct dx_obj *ret)
{
	(void)x;
	*ret = dx_model(&attribute_class, self);
	return ok();
}

static const struct dx_property properties[] = {
	{ "Parameters", parameters }, { "LocalVariables", locals }, { "Attributes", attributes }, { 0 }
};
static const struct dx_class class = { .action = "[Switch To]", .properties = properties, .text = text };

// ---- the list, and the stack that it is of
static err_t each(struct dx *x, const void *self, dx_item_fn *fn, void *ctx)
{
	struct stack st;
	bool stop = false;
	TRY(walk(x, self, x->s->dbg->kframes, &st));
	for (size_t i = 0; i < st.n && !stop; i++) {
		struct frame_of *f = NEW(x->a, struct frame_of);
		*f = (struct frame_of){ st.frames[i], i };
		TRY(dx_step(x));
		TRY(fn(ctx, &(struct dx_item){ dx_uint(x, i), dx_model(&class, f) }, &stop));
	}
	return ok();
}

static const struct dx_class frames_class = { .each = each };

static err_t frames(struct dx *x, const void *self, struct dx_obj *ret)
{
	(void)x;
	*ret = dx_model(&frames_class, self);
	return ok();
}

static const struct dx_property stack_properties[] = { { "Frames", frames }, { 0 } };
static const struct dx_class stack_class = { .properties = stack_properties };

struct dx_obj dx_stack(const struct dx_stack_of *of)
{
	return dx_model(&stack_class, of);
}
