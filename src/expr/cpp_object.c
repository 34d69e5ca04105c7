// SPDX-License-Identifier: Apache-2.0
// cpp_object.c: members, elements, what pointers point at, addresses.
#include "expr/cpp_parts.h"

#include <string.h>

static err_t no_member(struct cpp *x, const char *where)
{
	return cpp_bad(x, E_NOTFOUND, "Type does not have given member error at", where);
}

struct cpp_value cpp_size(struct cpp *x, uint64_t n)
{
	return cpp_number(x->s->types, x->a, x->s->ptr_bytes == 4 ? CPP_UINT : CPP_UINT64, n);
}

err_t cpp_settle(struct cpp *x, struct cpp_value *v)
{
	struct type to;
	const struct type *t = &v->v.type;
	if (t->kind != TYPE_POINTER || (t->pointer != POINTER_LREF && t->pointer != POINTER_RREF) ||
	    !type_target(t, &to))
		return ok();
	v->is_ref = true;
	return cpp_pointer_to(x->s->types, &to, &v->v.type);
}

err_t cpp_deref(struct cpp *x, const char *where, const struct cpp_value *v, struct cpp_value *ret)
{
	struct cpp_value at = *v;
	struct type to;
	uint64_t u = 0;
	bool is_pointer = true;
	at.is_ref = false;
	TRY(cpp_decay(x, &at, &at, &is_pointer));
	if (!is_pointer || !type_target(&at.v.type, &to) || to.kind == TYPE_VOID || to.kind == TYPE_NONE)
		return cpp_syntax(x, where);
	(void)value_uint(x->s->env, &at.v, &u);
	*ret = (struct cpp_value){ .v = value_at(&to, u) };
	return ok();
}

// A static member lies where the symbol of its full name does.
static err_t static_member(struct cpp *x, const struct type *t, const char *member, const char *where,
			   struct cpp_value *ret)
{
	err_t e = ok();
	const char *full = arena_printf(x->a, "%s::%s", t->name ? t->name : "", member);
	if (!t->name || !x->s->name(x->s->ctx, full, ret, &e))
		return no_member(x, where);
	return e.code ? cpp_refused(x, e, "Couldn't resolve error at", where) : ok();
}

err_t cpp_member(struct cpp *x, bool arrow, const struct cpp_value *v, struct cpp_value *ret)
{
	struct cpp_value object = *v;
	struct type_member m;
	cpp_blanks(x);
	const char *where = x->p, *dot = x->last;
	size_t n = cpp_ident(x->p);
	if (!n)
		return *where == '*'
			       ? fail(E_UNSUPPORTED, "not supported: pointers to members", (uint64_t)(where - x->text))
			       : cpp_syntax(x, where);
	if (arrow || v->is_ref) {
		if (v->is_ref && arrow)
			TRY(cpp_deref(x, dot, v, &object)); // a reference to a pointer
		TRY(cpp_deref(x, dot, &object, &object));
	}
	if (!type_is_udt(&object.v.type))
		return cpp_syntax(x, dot);
	char *name = arena_strndup(x->a, where, n);
	if (!type_member_named(&object.v.type, name, &m))
		return no_member(x, where);
	x->last = where;
	x->p += n;
	if (m.kind == MEMBER_STATIC)
		return static_member(x, &object.v.type, name, where, ret);
	*ret = (struct cpp_value){ 0 };
	if (!value_member(&object.v, &m, &ret->v))
		return no_member(x, where);
	if (x->s->ptr_bytes == 4)
		ret->v.va = (uint32_t)ret->v.va;
	return cpp_settle(x, ret);
}

err_t cpp_index(struct cpp *x, const char *where, const struct cpp_value *v, const struct cpp_value *i,
		struct cpp_value *ret)
{
	struct cpp_value base = *v, sum;
	struct cpp_num n;
	bool is_pointer;
	if (v->is_ref)
		TRY(cpp_deref(x, where, v, &base));
	if (base.v.type.kind == TYPE_ARRAY && base.v.where == VALUE_BYTES) {
		TRY(cpp_load(x, i, &n));
		*ret = (struct cpp_value){ 0 };
		return value_element(&base.v, n.u, &ret->v) ? ok() : cpp_bad(x, E_USAGE, "Range error at", where);
	}
	if (base.v.type.kind != TYPE_ARRAY && base.v.type.kind != TYPE_POINTER)
		return cpp_bad(x, E_USAGE, "Type is not an array or pointer for operator[]", where);
	TRY(cpp_decay(x, &base, &base, &is_pointer));
	TRY(cpp_binary(x, "+", where, &base, i, &sum));
	return cpp_deref(x, where, &sum, ret);
}

err_t cpp_address(struct cpp *x, const char *where, const struct cpp_value *v, struct cpp_value *ret)
{
	struct type p;
	if (v->is_ref) {
		*ret = *v;
		ret->is_ref = false;
		return ok();
	}
	if (v->v.where != VALUE_MEMORY || v->v.type.kind == TYPE_BITFIELD)
		return cpp_syntax(x, where);
	TRY(cpp_pointer_to(x->s->types, &v->v.type, &p));
	*ret = cpp_scalar(x->a, &p, v->v.va);
	return ok();
}
