// SPDX-License-Identifier: Apache-2.0
// typed.c: objects of the target: their fields, elements and what pointers point at, in the order and with the names
// that dx gives them. Layout: recorded output; where a comment says so, there is none.
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "dx/dx_int.h"
#include "value/value.h"

// ---- types
static void put_type(struct sb *s, const struct type *t, unsigned depth);

static void put_function(struct sb *s, const struct type *f, const char *mark, unsigned depth)
{
	struct type part;
	type_id id;
	if (type_target(f, &part))
		put_type(s, &part, depth + 1);
	else
		sb_add(s, "void");
	sb_printf(s, " (__cdecl%s)(", mark);
	for (unsigned i = 0; i < MIN(f->n_params, (unsigned)LIMIT_TYPE_PARAMS); i++) {
		sb_add(s, i ? "," : "");
		if (type_param(f, i, &id) && type_get(f->source, id, &part))
			put_type(s, &part, depth + 1);
	}
	sb_add(s, f->variadic ? f->n_params ? ",...)" : "...)" : f->n_params ? ")" : "void)");
}

static void put_type(struct sb *s, const struct type *t, unsigned depth)
{
	struct type to = { 0 };
	struct sb bounds = sb_new(s->a);
	const char *mark = t->pointer == POINTER_LREF ? "&" : t->pointer == POINTER_RREF ? "&&" : "*";
	if (depth >= LIMIT_TYPE_DEPTH) {
		sb_add(s, "...");
		return;
	}
	switch (t->kind) {
	case TYPE_POINTER:
		if (type_target(t, &to) && to.kind == TYPE_FUNCTION) {
			put_function(s, &to, mark, depth);
			return;
		}
		if (to.source)
			put_type(s, &to, depth + 1);
		else
			sb_add(s, "void");
		sb_printf(s, " %s", mark);
		return;
	case TYPE_ARRAY:
		to = *t;
		for (unsigned i = 0; to.kind == TYPE_ARRAY && i < LIMIT_TYPE_DEPTH; i++) {
			struct type elem = { 0 };
			sb_printf(&bounds, "[%" PRIu64 "]", to.count);
			if (!type_target(&to, &elem))
				break;
			to = elem;
		}
		put_type(s, &to, depth + 1);
		sb_printf(s, " %s", sb_str(&bounds));
		return;
	case TYPE_BITFIELD:
		if (type_target(t, &to))
			put_type(s, &to, depth + 1);
		return;
	case TYPE_FUNCTION:
		put_function(s, t, "", depth);
		return;
	default:
		sb_add(s, t->name ? t->name : type_c_text(s->a, t, NULL));
	}
}

const char *dx_type_text(struct arena *a, const struct type *t)
{
	struct sb s = sb_new(a);
	put_type(&s, t, 0);
	return sb_str(&s);
}

// ---- parts
struct walk {
	struct dx *x;
	const struct value *of;
	dx_child_fn *fn;
	void *ctx;
	err_t err;
	bool stop;
};

static bool field(void *ctx, const struct type_member *m)
{
	struct walk *w = ctx;
	struct value part;
	w->err = dx_step(w->x);
	if (w->err.code)
		return false;
	if (!value_member(w->of, m, &part)) // methods, nested types, statics
		return true;
	if (w->x->scope->ptr_bytes == 4)
		part.va = (uint32_t)part.va;
	bool bits = part.type.kind == TYPE_BITFIELD;
	const char *name = m->name ? m->name : m->kind == MEMBER_VFPTR ? "__VFN_table" : part.type.name; // unverified
	struct dx_child c = { .name = name ? name : "",
			      .is_field = true,
			      .offset = m->offset,
			      .pos = part.type.pos,
			      .bits = bits ? part.type.bits : 0,
			      .value = dx_value(w->x, &(struct cpp_value){ .v = part }, true) };
	w->err = w->fn(w->ctx, &c, &w->stop);
	return !w->err.code && !w->stop;
}

static err_t fields_of(struct dx *x, const struct value *v, dx_child_fn *fn, void *ctx)
{
	struct walk w = { .x = x, .of = v, .fn = fn, .ctx = ctx };
	type_members(&v->type, field, &w);
	return w.err;
}

static err_t elements(struct dx *x, const struct value *v, const struct dx_format *f, uint64_t n, dx_child_fn *fn,
		      void *ctx)
{
	bool stop = false;
	struct type to;
	uint64_t first = v->va;
	if (!type_target(&v->type, &to))
		return ok();
	if (v->type.kind == TYPE_POINTER && !value_uint(x->scope->env, v, &first))
		return ok();
	for (uint64_t i = 0; i < n && !stop; i++) {
		struct cpp_value part = { 0 };
		struct dx_obj index = dx_int(x, (int64_t)i);
		TRY(dx_step(x));
		if (v->type.kind == TYPE_POINTER)
			part.v = value_nth(&to, first, i);
		else if (!value_element(v, i, &part.v))
			break;
		if (x->scope->ptr_bytes == 4)
			part.v.va = (uint32_t)part.v.va;
		struct dx_child c = { .name = dx_index_text(x, &index, f),
				      .is_element = true,
				      .value = dx_value(x, &part, true) };
		TRY(fn(ctx, &c, &stop));
	}
	return ok();
}

static bool is_text(const struct type *t)
{
	return t->kind == TYPE_CHAR;
}

// What a pointer points at: fields of a struct, else a value without a name; text stands beside the pointer already.
static err_t pointee(struct dx *x, const struct value *v, dx_child_fn *fn, void *ctx)
{
	struct cpp_value to = { 0 };
	bool stop;
	if (!value_is_scalar(&v->type) || !value_deref(x->scope->env, v, &to.v))
		return ok();
	if (type_is_udt(&to.v.type))
		return fields_of(x, &to.v, fn, ctx);
	if (is_text(&to.v.type) || to.v.type.kind == TYPE_FUNCTION || !to.v.type.size)
		return ok();
	struct dx_child c = { .value = dx_value(x, &to, true) };
	return fn(ctx, &c, &stop);
}

err_t dx_typed_children(struct dx *x, const struct dx_obj *o, const struct dx_format *f, dx_child_fn *fn, void *ctx)
{
	const struct value *v = &o->v->v;
	if (v->type.kind == TYPE_POINTER)
		return f->has_count ? elements(x, v, f, f->count, fn, ctx) : pointee(x, v, fn, ctx);
	if (v->type.kind == TYPE_ARRAY)
		return elements(x, v, f, f->has_count ? MIN(f->count, v->type.count) : v->type.count, fn, ctx);
	return type_is_udt(&v->type) ? fields_of(x, v, fn, ctx) : ok();
}

bool dx_udt(struct dx *x, const struct dx_obj *o, struct value *ret, err_t *err)
{
	struct type to;
	uint64_t at;
	if (o->kind != DX_VALUE)
		return false;
	*ret = o->v->v;
	for (unsigned i = 0; ret->type.kind == TYPE_POINTER && i < 2; i++) {
		if (!type_target(&ret->type, &to) || (!type_is_udt(&to) && to.kind != TYPE_POINTER))
			return false;
		if (i && !o->v->is_ref)
			return false;
		x->scope->env->unreadable = false;
		if (!value_uint(x->scope->env, ret, &at)) {
			*err = dx_memory_error(x, x->scope->env->unreadable_at);
			return false;
		}
		*ret = value_at(&to, at);
	}
	return type_is_udt(&ret->type);
}
