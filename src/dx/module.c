// SPDX-License-Identifier: Apache-2.0
// module.c: modules.
#include "base/str.h"
#include "dx/models_int.h"
#include "target/target.h"

// The kernel itself has no path there (recorded: "ntkrnlmp.exe").
static const char *text(struct dx *x, const void *self)
{
	const struct module *m = self;
	bool nt = x->s->target->kernel && str_eq(m->name, "nt");
	return m->path && *m->path && !nt ? m->path : m->image_name;
}

static err_t base(struct dx *x, const void *self, struct dx_obj *ret)
{
	*ret = dx_uint(x, ((const struct module *)self)->base);
	return ok();
}

static err_t name(struct dx *x, const void *self, struct dx_obj *ret)
{
	*ret = dx_string(text(x, self));
	return ok();
}

static err_t size(struct dx *x, const void *self, struct dx_obj *ret)
{
	*ret = dx_uint(x, ((const struct module *)self)->size);
	return ok();
}

static const struct dx_property properties[] = { { "BaseAddress", base }, { "Name", name }, { "Size", size }, { 0 } };
static const struct dx_class class = { .properties = properties, .text = text };

static err_t each(struct dx *x, const void *self, dx_item_fn *fn, void *ctx)
{
	const struct target *t = x->s->target;
	bool stop = false;
	(void)self;
	for (size_t i = 0; i < t->n_modules && !stop; i++) {
		TRY(dx_step(x));
		TRY(fn(ctx, &(struct dx_item){ dx_uint(x, i), dx_model(&class, t->modules[i]) }, &stop));
	}
	return ok();
}

static err_t at(struct dx *x, const void *self, const struct dx_obj *index, struct dx_obj *ret)
{
	(void)self;
	struct module *m = index->kind == DX_STRING ? target_module_named(x->s->target, index->text) : NULL;
	if (!m)
		return fail(E_NOTFOUND, "Unable to find specified value", 0);
	*ret = dx_model(&class, m);
	return ok();
}

static const struct dx_class list_class = { .each = each, .at = at };

struct dx_obj dx_modules(void)
{
	return dx_model(&list_class, NULL);
}
