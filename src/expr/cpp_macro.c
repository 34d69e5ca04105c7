// SPDX-License-Identifier: Apache-2.0
// cpp_macro.c: the macros of winnt.h that expressions may use, each behind a '#'.
#include "expr/cpp_parts.h"

#include <string.h>

enum macro { FIELD_OFFSET, FIELD_SIZE, SIZEOF_THROUGH, CONTAINING, CONTAINS, NUMBER_OF };
static const char *const names[] = { "FIELD_OFFSET",      "RTL_FIELD_SIZE",     "RTL_SIZEOF_THROUGH_FIELD",
				     "CONTAINING_RECORD", "RTL_CONTAINS_FIELD", "RTL_NUMBER_OF" };

// "Type, a.b[2])": the field, and how far from the type's start it lies.
static err_t field_of(struct cpp *x, const struct type *t, struct cpp_value *ret)
{
	struct cpp_value at = { .v = value_at(t, 0) }, i;
	TRY(cpp_member(x, false, &at, &at));
	for (;;) {
		if (cpp_take(x, ".")) {
			TRY(cpp_member(x, false, &at, &at));
		} else if (cpp_take(x, "[")) {
			const char *where = x->last;
			TRY(cpp_comma(x, &i));
			TRY(cpp_expect(x, ']'));
			if (at.v.type.kind != TYPE_ARRAY)
				return cpp_bad(x, E_USAGE, "Type is not an array or pointer for operator[]", where);
			TRY(cpp_index(x, where, &at, &i, &at));
		} else {
			break;
		}
	}
	*ret = at;
	return ok();
}

static err_t type_argument(struct cpp *x, struct type *ret)
{
	bool found;
	cpp_blanks(x);
	TRY(cpp_type_name(x, ret, &found));
	if (!found)
		return cpp_bad(x, E_USAGE, "Couldn't resolve error at", x->p);
	return type_is_udt(ret) ? ok() : cpp_syntax(x, x->last);
}

static err_t of_field(struct cpp *x, enum macro which, struct cpp_value *ret)
{
	struct type t;
	struct cpp_value f;
	TRY(type_argument(x, &t));
	TRY(cpp_expect(x, ','));
	TRY(field_of(x, &t, &f));
	uint64_t size = f.v.type.size;
	if (which == FIELD_OFFSET)
		*ret = cpp_number(x->s->types, x->a, CPP_LONG, f.v.va);
	else
		*ret = cpp_size(x, which == FIELD_SIZE ? size : f.v.va + size);
	return ok();
}

static err_t containing_record(struct cpp *x, struct cpp_value *ret)
{
	struct cpp_value at, f;
	struct type t, p, chars = cpp_base_type(x->s->types, CPP_UCHAR);
	uint64_t u = 0;
	TRY(cpp_assignment(x, &at));
	TRY(cpp_expect(x, ','));
	TRY(type_argument(x, &t));
	TRY(cpp_expect(x, ','));
	TRY(field_of(x, &t, &f));
	TRY(cpp_pointer_to(x->s->types, &chars, &p));
	TRY(cpp_cast(x, x->last, &p, &at, &at));
	(void)value_uint(x->s->env, &at.v, &u);
	TRY(cpp_pointer_to(x->s->types, &t, &p));
	*ret = cpp_scalar(x->a, &p, u - f.v.va);
	return ok();
}

static err_t contains_field(struct cpp *x, struct cpp_value *ret)
{
	struct cpp_value object, size, f;
	struct cpp_num n;
	struct type t;
	TRY(cpp_assignment(x, &object));
	TRY(cpp_expect(x, ','));
	TRY(cpp_assignment(x, &size));
	TRY(cpp_load(x, &size, &n));
	TRY(cpp_expect(x, ','));
	if (object.v.type.kind == TYPE_POINTER && type_target(&object.v.type, &t))
		TRY(field_of(x, &t, &f));
	else
		TRY(field_of(x, &object.v.type, &f));
	*ret = cpp_number(x->s->types, x->a, CPP_BOOL, f.v.va + f.v.type.size <= n.u);
	return ok();
}

static err_t number_of(struct cpp *x, struct cpp_value *ret)
{
	struct cpp_value v;
	x->dead++;
	err_t e = cpp_assignment(x, &v);
	x->dead--;
	TRY(e);
	if (v.v.type.kind != TYPE_ARRAY)
		return cpp_syntax(x, x->last);
	*ret = cpp_size(x, v.v.type.count);
	return ok();
}

err_t cpp_macro(struct cpp *x, struct cpp_value *ret)
{
	const char *where = x->p++;
	size_t n = cpp_ident(x->p), which = 0;
	while (which < ARRAY_LEN(names) && (strlen(names[which]) != n || strncmp(names[which], x->p, n) != 0))
		which++;
	if (which == ARRAY_LEN(names))
		return cpp_bad(x, E_USAGE, "Couldn't resolve error at", where);
	x->p += n;
	TRY(cpp_expect(x, '('));
	if (which == CONTAINING)
		TRY(containing_record(x, ret));
	else if (which == CONTAINS)
		TRY(contains_field(x, ret));
	else if (which == NUMBER_OF)
		TRY(number_of(x, ret));
	else
		TRY(of_field(x, (enum macro)which, ret));
	return cpp_expect(x, ')');
}
