// SPDX-License-Identifier: Apache-2.0
// process.c: processes: the one of a user dump; those of a kernel's list.
#include "win/process.h"
#include "base/str.h"
#include "dx/models_int.h"
#include "sym/sym.h"
#include "target/kernel.h"
#include "win/peb.h"

struct process {
	va_t object; // _EPROCESS; 0: of a user dump
};

static err_t pid_of(struct dx *x, const struct process *p, uint64_t *ret)
{
	const struct target *t = x->s->target;
	x->layouts |= p->object != 0;
	if (p->object)
		return layout_read(x->s, p->object, "_EPROCESS", "UniqueProcessId", t->ptr_bytes, ret);
	*ret = t->pid;
	return t->pid_known ? ok() : fail(E_ABSENT, "the dump does not tell the process' id", 0);
}

static const char *text(struct dx *x, const void *self)
{
	const struct process *p = self;
	const char *name = p->object ? process_image(x->s, x->a, p->object, NULL) : x->s->target->process_name;
	return name ? name : "<Unknown Image>";
}

static err_t kernel_object(struct dx *x, const void *self, struct dx_obj *ret)
{
	const struct process *p = self;
	if (!x->s->target->kernel)
		return fail(E_NOTFOUND, "no kernel", 0);
	return dx_windows_object(x, "_EPROCESS", p->object, ret);
}

static err_t name(struct dx *x, const void *self, struct dx_obj *ret)
{
	*ret = dx_string(text(x, self));
	return ok();
}

static err_t id(struct dx *x, const void *self, struct dx_obj *ret)
{
	uint64_t pid;
	TRY(pid_of(x, self, &pid));
	*ret = dx_uint(x, pid);
	return ok();
}

static err_t threads(struct dx *x, const void *self, struct dx_obj *ret)
{
	*ret = dx_threads(x, ((const struct process *)self)->object);
	return ok();
}

static err_t modules(struct dx *x, const void *self, struct dx_obj *ret)
{
	(void)x, (void)self;
	*ret = dx_modules();
	return ok();
}

err_t dx_environment(struct dx *x, const char *type, va_t va, va_t process, struct dx_obj *ret)
{
	static const char *const names[] = { "EnvironmentBlock" };
	struct dx_obj *block = NEW(x->a, struct dx_obj);
	if (x->s->target->kernel && process != session_kprocess(x->s))
		return fail(E_UNSUPPORTED, "not supported: user memory of a process that is not current (.process)", 0);
	TRY(dx_windows_object(x, type, va, block));
	*ret = dx_anonymous(x, &(struct dx_fields){ 1, names, block });
	return ok();
}

static err_t environment(struct dx *x, const void *self, struct dx_obj *ret)
{
	const struct process *p = self;
	uint64_t peb = 0;
	if (p->object)
		TRY(layout_read(x->s, p->object, "_EPROCESS", "Peb", x->s->target->ptr_bytes, &peb));
	else
		peb = session_peb(x->s);
	return dx_environment(x, "_PEB", peb, p->object, ret);
}

static const struct dx_property properties[] = {
	{ "KernelObject", kernel_object },
	{ "Name", name },
	{ "Id", id },
	{ "Threads", threads },
	{ "Modules", modules },
	{ "Environment", environment },
	{ 0 },
};
static const struct dx_class class = { .action = "[Switch To]", .properties = properties, .text = text };

static struct dx_obj process(struct dx *x, va_t object)
{
	struct process *p = NEW(x->a, struct process);
	p->object = object;
	return dx_model(&class, p);
}

struct dx_obj dx_process_current(struct dx *x)
{
	return process(x, x->s->target->kernel ? session_kprocess(x->s) : 0);
}

// ---- the list
struct emit {
	struct dx *x;
	dx_item_fn *fn;
	void *ctx;
	bool stop, seen_current;
	va_t current;
};

static err_t emit(struct emit *e, va_t object)
{
	uint64_t pid;
	struct dx_item item = { .value = process(e->x, object) };
	TRY(dx_step(e->x));
	if (!pid_of(e->x, item.value.self, &pid).code)
		item.index = dx_uint(e->x, pid);
	e->seen_current |= object == e->current;
	return e->fn(e->ctx, &item, &e->stop);
}

// The idle process is in no list.
static err_t idle(struct emit *e)
{
	const struct target *t = e->x->s->target;
	va_t at;
	uint64_t object;
	if (sym_find(e->x->s->target, "nt!PsIdleProcess", &at).code ||
	    !space_ptr(t->space, at, t->ptr_bytes, &object) || !object)
		return ok();
	return emit(e, object);
}

static err_t each(struct dx *x, const void *self, dx_item_fn *fn, void *ctx)
{
	const struct kernel *k = x->s->target->kernel;
	struct emit e = { .x = x, .fn = fn, .ctx = ctx, .current = k ? session_kprocess(x->s) : 0 };
	struct layout_field link;
	va_t at;
	(void)self;
	if (!k)
		return emit(&e, 0);
	x->layouts = true;
	TRY(idle(&e));
	struct ring r = ring_begin(x->s->target->space, x->s->target->ptr_bytes, k->facts->active_processes);
	bool known = layout_field(x->s, "_EPROCESS", "ActiveProcessLinks", &link);
	while (known && !e.stop && ring_next(&r, &at))
		TRY(emit(&e, at - link.offset));
	const char *why = known ? r.why : "the layout of this kernel is not known";
	if (!why || e.stop)
		return ok();
	if (e.current && !e.seen_current)
		TRY(emit(&e, e.current));
	struct dx_item end = { .value = dx_error(x, fail(E_ABSENT, why, 0)) }; // the list is not whole
	return e.stop ? ok() : fn(ctx, &end, &e.stop);
}

static const struct dx_class list_class = { .each = each };

struct dx_obj dx_processes(void)
{
	return dx_model(&list_class, NULL);
}
