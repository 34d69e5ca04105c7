// SPDX-License-Identifier: Apache-2.0
// object.c: making objects, and what all of them have: members, elements, truth, order.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "dx/dx_int.h"
#include "value/value.h"

struct dx_obj dx_value(struct dx *x, const struct cpp_value *v, bool typed)
{
	struct cpp_value *kept = NEW(x->a, struct cpp_value);
	*kept = *v;
	return (struct dx_obj){ .kind = DX_VALUE, .typed = typed, .v = kept };
}

static struct dx_obj number(struct dx *x, enum cpp_base b, uint64_t u)
{
	struct cpp_value v = cpp_number(x->scope->types, x->a, b, u);
	return dx_value(x, &v, false);
}

struct dx_obj dx_uint(struct dx *x, uint64_t u)
{
	return number(x, CPP_UINT64, u);
}

struct dx_obj dx_int(struct dx *x, int64_t i)
{
	return number(x, CPP_INT64, (uint64_t)i);
}

struct dx_obj dx_bool(struct dx *x, bool b)
{
	return number(x, CPP_BOOL, b);
}

struct dx_obj dx_string(const char *text)
{
	return (struct dx_obj){ .kind = text ? DX_STRING : DX_NOTHING, .text = text };
}

struct dx_obj dx_model(const struct dx_class *class, const void *self)
{
	return (struct dx_obj){ .kind = DX_MODEL, .class = class, .self = self };
}

struct dx_obj dx_error(struct dx *x, err_t e)
{
	return (struct dx_obj){ .kind = DX_ERROR, .text = arena_strdup(x->a, e.what ? e.what : err_name(e.code)) };
}

struct dx_obj dx_object_at(struct dx *x, const struct type *t, va_t va)
{
	struct cpp_value v = { .v = value_at(t, va) };
	return dx_value(x, &v, true);
}

err_t dx_windows_object(struct dx *x, const char *type, va_t va, struct dx_obj *ret)
{
	err_t e = ok();
	struct type t;
	if (!va)
		return fail(E_ABSENT, "the dump does not tell where it lies", 0);
	const char *full = arena_printf(x->a, "%s!%s", x->s->target->kernel ? "nt" : "ntdll", type);
	if (!x->scope->type(x->scope->ctx, full, &t, &e) || e.code)
		return fail(E_ABSENT, arena_printf(x->a, "no symbols that have the type %s", type), 0);
	*ret = dx_object_at(x, &t, va);
	return ok();
}

bool dx_is_local_error(err_t e)
{
	return e.code && e.code != E_LIMIT && e.code != E_CANCELLED;
}

err_t dx_step(struct dx *x)
{
	if (++x->steps > LIMIT_DX_STEPS)
		return fail(E_LIMIT, "the query takes too many steps", 0);
	return x->steps % 256 ? ok() : session_poll(x->s);
}

err_t dx_memory_error(struct dx *x, va_t va)
{
	return fail(E_ABSENT, arena_printf(x->a, "Unable to read memory at Address 0x%" PRIx64, va), va);
}

// ---- lists that stand in memory
struct list {
	const struct dx_item *items;
	size_t n;
};

static err_t list_each(struct dx *x, const void *self, dx_item_fn *fn, void *ctx)
{
	const struct list *l = self;
	bool stop = false;
	for (size_t i = 0; i < l->n && !stop; i++) {
		TRY(dx_step(x));
		TRY(fn(ctx, &l->items[i], &stop));
	}
	return ok();
}

static const struct dx_class list_class = { .each = list_each };

struct dx_obj dx_list(struct dx *x, const struct dx_item *items, size_t n)
{
	struct list *l = NEW(x->a, struct list);
	*l = (struct list){ items, n };
	return dx_model(&list_class, l);
}

static const struct dx_fields *anonymous_fields(struct dx *x, const void *self)
{
	(void)x;
	return self;
}

static const struct dx_class anonymous_class = { .fields = anonymous_fields };

struct dx_obj dx_anonymous(struct dx *x, const struct dx_fields *f)
{
	struct dx_fields *kept = NEW(x->a, struct dx_fields);
	*kept = *f;
	return dx_model(&anonymous_class, kept);
}

// ---- elements
struct array_walk {
	struct dx *x;
	dx_item_fn *fn;
	void *ctx;
};

static err_t array_item(void *ctx, const struct dx_child *c, bool *stop)
{
	struct array_walk *w = ctx;
	struct dx_item item = { .value = c->value };
	return c->is_element ? w->fn(w->ctx, &item, stop) : ok();
}

bool dx_iterable(const struct dx_obj *o)
{
	if (o->kind == DX_MODEL)
		return o->class->each != NULL;
	return o->kind == DX_VALUE && o->v->v.type.kind == TYPE_ARRAY;
}

err_t dx_each(struct dx *x, const struct dx_obj *o, dx_item_fn *fn, void *ctx)
{
	struct array_walk w = { x, fn, ctx };
	if (!dx_iterable(o))
		return fail(E_USAGE, "Object is not iterable", 0);
	if (x->depth >= LIMIT_DX_DEPTH)
		return fail(E_LIMIT, "expression nested too deeply", 0);
	x->depth++;
	err_t e = o->kind == DX_MODEL ? o->class->each(x, o->self, fn, ctx)
				      : dx_typed_children(x, o, &(struct dx_format){ .raw = true }, array_item, &w);
	x->depth--;
	return e;
}

void dx_items_add(struct dx *x, struct dx_items *l, const struct dx_item *item)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 16;
		struct dx_item *list = NEW_N(x->a, struct dx_item, cap);
		if (l->n)
			memcpy(list, l->list, l->n * sizeof(*list));
		l->list = list;
		l->cap = cap;
	}
	l->list[l->n++] = *item;
}

struct collect {
	struct dx *x;
	struct dx_items *l;
};

static err_t collect_item(void *ctx, const struct dx_item *item, bool *stop)
{
	struct collect *c = ctx;
	(void)stop;
	if (c->l->n >= LIMIT_DX_ELEMENTS)
		return fail(E_LIMIT, "the collection has too many elements", c->l->n);
	dx_items_add(c->x, c->l, item);
	return ok();
}

err_t dx_collect(struct dx *x, const struct dx_obj *o, struct dx_items *ret)
{
	*ret = (struct dx_items){ 0 };
	return dx_each(x, o, collect_item, &(struct collect){ x, ret });
}

struct search {
	struct dx *x;
	const struct dx_obj *index;
	struct dx_obj *ret;
	uint64_t at;
	bool found;
};

static err_t search_item(void *ctx, const struct dx_item *item, bool *stop)
{
	struct search *s = ctx;
	struct dx_obj at = item->index.kind ? item->index : dx_uint(s->x, s->at);
	int order;
	s->at++;
	if (at.kind != s->index->kind)
		return ok();
	if (at.kind == DX_STRING)
		order = str_ieq(at.text, s->index->text) ? 0 : 1;
	else
		TRY(dx_compare(s->x, &at, s->index, &order));
	if (order)
		return ok();
	*s->ret = item->value;
	s->found = *stop = true;
	return ok();
}

err_t dx_at(struct dx *x, const struct dx_obj *o, const struct dx_obj *index, struct dx_obj *ret)
{
	struct search s = { .x = x, .index = index, .ret = ret };
	if (o->kind == DX_MODEL && o->class->at) {
		err_t e = o->class->at(x, o->self, index, ret);
		if (e.code != E_NOTFOUND)
			return e;
	}
	TRY(dx_each(x, o, search_item, &s));
	return s.found ? ok() : fail(E_NOTFOUND, "Unable to find specified value", 0);
}

// ---- members
static err_t bound(struct dx *x, const struct dx_method *m, const struct dx_obj *self, struct dx_obj *ret)
{
	struct dx_callable *c = NEW(x->a, struct dx_callable);
	*c = (struct dx_callable){ .method = m, .self = *self };
	*ret = (struct dx_obj){ .kind = DX_METHOD, .self = c };
	return ok();
}

static const struct dx_method *method_in(const struct dx_method *table, const char *name)
{
	for (; table && table->name; table++)
		if (str_ieq(table->name, name))
			return table;
	return NULL;
}

static const struct dx_method *method_of(const struct dx_obj *o, const char *name)
{
	const struct dx_method *m = o->kind == DX_MODEL ? method_in(o->class->methods, name) : NULL;
	if (!m && dx_iterable(o)) {
		m = method_in(dx_query_methods, name);
		m = m ? m : method_in(dx_order_methods, name);
		m = m ? m : method_in(dx_fold_methods, name);
	}
	// What has a line of text has the methods of strings that need no string.
	if (!m && (o->kind == DX_STRING || str_ieq(name, "ToDisplayString")))
		m = method_in(dx_string_methods, name);
	return m;
}

static bool model_member(struct dx *x, const struct dx_obj *o, const char *name, struct dx_obj *ret, err_t *err)
{
	const struct dx_fields *f = o->class->fields ? o->class->fields(x, o->self) : NULL;
	for (size_t i = 0; f && i < f->n; i++) {
		if (str_ieq(f->names[i], name)) {
			*ret = f->values[i];
			return true;
		}
	}
	for (const struct dx_property *p = o->class->properties; p && p->name; p++) {
		if (str_ieq(p->name, name)) {
			*err = p->get(x, o->self, ret);
			return err->code != E_NOTFOUND;
		}
	}
	return false;
}

err_t dx_member(struct dx *x, const struct dx_obj *o, const char *name, struct dx_obj *ret)
{
	err_t e = ok();
	struct value udt, part;
	if (o->kind == DX_MODEL && model_member(x, o, name, ret, &e))
		return e;
	if (dx_udt(x, o, &udt, &e) && value_named(&udt, name, &part)) {
		if (x->scope->ptr_bytes == 4)
			part.va = (uint32_t)part.va;
		*ret = dx_value(x, &(struct cpp_value){ .v = part }, true);
		return ok();
	}
	if (e.code)
		return e;
	if (o->kind == DX_STRING && str_ieq(name, "Length")) {
		*ret = dx_uint(x, strlen(o->text));
		return ok();
	}
	const struct dx_method *m = method_of(o, name);
	if (m)
		return bound(x, m, o, ret);
	return fail(E_USAGE, arena_printf(x->a, "Unable to bind name '%s'", name), 0);
}

// ---- truth, numbers, order
static err_t loaded(struct dx *x, const struct dx_obj *o, struct cpp_num *ret)
{
	struct cpp_value at;
	uint64_t u = 0;
	bool is_pointer;
	x->scope->env->unreadable = false;
	err_t e = cpp_decay(x->ops, o->v, &at, &is_pointer);
	if (!e.code && is_pointer)
		e = value_uint(x->scope->env, &at.v, &u) ? ok() : fail(E_ABSENT, "not readable", 0);
	else if (!e.code)
		e = cpp_load(x->ops, &at, ret);
	if (e.code && x->scope->env->unreadable)
		return dx_memory_error(x, x->scope->env->unreadable_at);
	if (e.code == E_USAGE)
		return fail(E_USAGE, "Value is not a number", 0);
	if (!e.code && is_pointer)
		*ret = (struct cpp_num){ .base = CPP_UINT64, .u = u };
	return e;
}

err_t dx_truth(struct dx *x, const struct dx_obj *o, bool *ret)
{
	struct cpp_num n;
	if (o->kind != DX_VALUE)
		return fail(E_USAGE, o->kind == DX_ERROR ? o->text : "Value is not a boolean", 0);
	TRY(loaded(x, o, &n));
	*ret = cpp_true(n);
	return ok();
}

err_t dx_number(struct dx *x, const struct dx_obj *o, uint64_t *ret)
{
	struct cpp_num n;
	if (o->kind != DX_VALUE)
		return fail(E_USAGE, o->kind == DX_ERROR ? o->text : "Value is not a number", 0);
	TRY(loaded(x, o, &n));
	*ret = cpp_convert(n, cpp_base_signed(n.base) ? CPP_INT64 : CPP_UINT64).u;
	return ok();
}

static int order_of(const struct cpp_num *l, const struct cpp_num *r)
{
	bool fl = l->base == CPP_FLOAT || l->base == CPP_DOUBLE, fr = r->base == CPP_FLOAT || r->base == CPP_DOUBLE;
	if (fl || fr) {
		double a = cpp_convert(*l, CPP_DOUBLE).d, b = cpp_convert(*r, CPP_DOUBLE).d;
		return (a > b) - (a < b);
	}
	bool nl = cpp_base_signed(l->base) && (int64_t)l->u < 0, nr = cpp_base_signed(r->base) && (int64_t)r->u < 0;
	if (nl != nr)
		return nl ? -1 : 1;
	return (l->u > r->u) - (l->u < r->u);
}

err_t dx_compare(struct dx *x, const struct dx_obj *l, const struct dx_obj *r, int *ret)
{
	struct cpp_num a, b;
	if (l->kind == DX_STRING && r->kind == DX_STRING) {
		int c = strcmp(l->text, r->text);
		*ret = (c > 0) - (c < 0);
		return ok();
	}
	if (l->kind == DX_ERROR || r->kind == DX_ERROR)
		return fail(E_USAGE, l->kind == DX_ERROR ? l->text : r->text, 0);
	if (l->kind != DX_VALUE || r->kind != DX_VALUE)
		return fail(E_USAGE, "Values cannot be compared", 0);
	TRY(loaded(x, l, &a));
	TRY(loaded(x, r, &b));
	*ret = order_of(&a, &b);
	return ok();
}
