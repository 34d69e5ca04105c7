// SPDX-License-Identifier: Apache-2.0
// thread.c: threads: those of a user dump; those of a kernel's process.
#include "base/str.h"
#include "dx/models_int.h"
#include "sym/sym.h"
#include "target/kernel.h"
#include "win/layout.h"
#include "win/ring.h"

static err_t tid_of(struct dx *x, const struct dx_stack_of *t, uint64_t *ret)
{
	x->layouts |= !t->thread;
	if (!t->thread)
		return layout_read(x->s, t->kthread, "_ETHREAD", "Cid.UniqueThread", x->s->target->ptr_bytes, ret);
	*ret = t->thread->tid;
	return ok();
}

static const char *text(struct dx *x, const void *self)
{
	const char *top = dx_stack_top(x, self);
	return top ? top : "<Unable to get stack trace>";
}

static err_t kernel_object(struct dx *x, const void *self, struct dx_obj *ret)
{
	const struct dx_stack_of *t = self;
	return t->thread ? fail(E_NOTFOUND, "no kernel", 0) : dx_windows_object(x, "_ETHREAD", t->kthread, ret);
}

static err_t id(struct dx *x, const void *self, struct dx_obj *ret)
{
	uint64_t tid;
	TRY(tid_of(x, self, &tid));
	*ret = dx_uint(x, tid);
	return ok();
}

static err_t name(struct dx *x, const void *self, struct dx_obj *ret)
{
	const struct dx_stack_of *t = self;
	(void)x;
	*ret = dx_string(t->thread ? t->thread->name : NULL);
	return ret->kind ? ok() : fail(E_NOTFOUND, "the thread has no name", 0);
}

static err_t stack(struct dx *x, const void *self, struct dx_obj *ret)
{
	(void)x;
	*ret = dx_stack(self);
	return ok();
}

static err_t registers(struct dx *x, const void *self, struct dx_obj *ret)
{
	static const char *const groups[] = { "User" };
	const struct arch *arch = x->s->target->arch;
	struct regs r;
	size_t n = 0;
	TRY(dx_stack_regs(x, self, &r));
	if (!arch)
		return fail(E_UNSUPPORTED, "not supported: this machine", 0);
	const char **names = NEW_N(x->a, const char *, arch->n_regs);
	struct dx_obj *values = NEW_N(x->a, struct dx_obj, arch->n_regs), *group = NEW(x->a, struct dx_obj);
	for (unsigned i = 0; i < arch->n_regs; i++) {
		if (!arch->reg_names[i] || !reg_known(&r, i))
			continue;
		names[n] = arch->reg_names[i];
		values[n++] = dx_uint(x, reg_get(&r, i));
	}
	*group = dx_anonymous(x, &(struct dx_fields){ n, names, values });
	*ret = dx_anonymous(x, &(struct dx_fields){ 1, groups, group });
	return ok();
}

static err_t environment(struct dx *x, const void *self, struct dx_obj *ret)
{
	const struct dx_stack_of *t = self;
	uint64_t teb = t->thread ? t->thread->teb : 0;
	if (!t->thread)
		TRY(layout_read(x->s, t->kthread, "_KTHREAD", "Teb", x->s->target->ptr_bytes, &teb));
	return dx_environment(x, "_TEB", teb, t->thread ? 0 : kernel_process_of(x->s->target, t->kthread), ret);
}

static const struct dx_property properties[] = {
	{ "KernelObject", kernel_object },
	{ "Id", id },
	{ "Name", name },
	{ "Stack", stack },
	{ "Registers", registers },
	{ "Environment", environment },
	{ 0 },
};
static const struct dx_class class = { .action = "[Switch To]", .properties = properties, .text = text };

static struct dx_obj thread(struct dx *x, const struct thread *th, va_t kthread)
{
	struct dx_stack_of *t = NEW(x->a, struct dx_stack_of);
	*t = (struct dx_stack_of){ th, kthread };
	return dx_model(&class, t);
}

static err_t current(struct dx *x, struct dx_obj *ret)
{
	const struct target *t = x->s->target;
	va_t k = t->kernel ? session_kthread(x->s) : 0;
	if (t->kernel ? !k : x->s->thread >= t->n_threads)
		return fail(E_ABSENT, "the dump does not tell which thread is current", 0);
	*ret = thread(x, t->kernel ? NULL : &t->threads[x->s->thread], k);
	return ok();
}

err_t dx_thread_current(struct dx *x, struct dx_obj *ret)
{
	return current(x, ret);
}

err_t dx_stack_current(struct dx *x, struct dx_obj *ret)
{
	struct dx_obj t;
	TRY(current(x, &t));
	*ret = dx_stack(t.self);
	return ok();
}

// ---- the list
struct list {
	va_t process;
};

static err_t emit(struct dx *x, const struct dx_obj *o, dx_item_fn *fn, void *ctx, bool *stop)
{
	uint64_t tid;
	struct dx_item item = { .value = *o };
	TRY(dx_step(x));
	if (!tid_of(x, o->self, &tid).code)
		item.index = dx_uint(x, tid);
	return fn(ctx, &item, stop);
}

static err_t kernel_each(struct dx *x, va_t process, dx_item_fn *fn, void *ctx)
{
	struct layout_field link;
	const struct target *t = x->s->target;
	struct dx_obj o;
	bool stop = false, seen = false, known = layout_field(x->s, "_ETHREAD", "ThreadListEntry", &link);
	va_t at, now = session_kthread(x->s);
	struct ring r =
		ring_begin(t->space, t->ptr_bytes, layout_address(x->s, process, "_EPROCESS", "ThreadListHead"));
	while (known && !stop && ring_next(&r, &at)) {
		seen |= at - link.offset == now;
		o = thread(x, NULL, at - link.offset);
		TRY(emit(x, &o, fn, ctx, &stop));
	}
	const char *why = known ? r.why : "the layout of this kernel is not known";
	if (!why || stop)
		return ok();
	if (now && !seen && process == session_kprocess(x->s)) {
		o = thread(x, NULL, now);
		TRY(emit(x, &o, fn, ctx, &stop));
	}
	struct dx_item end = { .value = dx_error(x, fail(E_ABSENT, why, 0)) }; // the list is not whole
	return stop ? ok() : fn(ctx, &end, &stop);
}

static err_t each(struct dx *x, const void *self, dx_item_fn *fn, void *ctx)
{
	const struct list *l = self;
	const struct target *t = x->s->target;
	bool stop = false;
	if (t->kernel)
		return kernel_each(x, l->process, fn, ctx);
	for (size_t i = 0; i < t->n_threads && !stop; i++) {
		struct dx_obj o = thread(x, &t->threads[i], 0);
		TRY(emit(x, &o, fn, ctx, &stop));
	}
	return ok();
}

static const struct dx_class list_class = { .each = each };

struct dx_obj dx_threads(struct dx *x, va_t process)
{
	struct list *l = NEW(x->a, struct list);
	l->process = process;
	return dx_model(&list_class, l);
}
