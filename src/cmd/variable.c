// SPDX-License-Identifier: Apache-2.0
// variable.c: what dv and kp spell otherwise than dt; all else is value_text().
#include "cmd/variable.h"

#include "base/limits.h"
#include "value/value.h"

#include <inttypes.h>

static bool is_text(const struct type *t)
{
	return t->kind == TYPE_CHAR && (t->size == 1 || t->size == 2 || t->size == 4);
}

// A known struct is its meaning alone: "hello", { size=4 }.
static const char *udt(struct value_env *e, const struct value *v)
{
	const char *summary = value_summary(e, v);
	return summary ? summary : type_c_text(e->a, &v->type, NULL);
}

static const char *pointer(struct value_env *e, const struct value *v)
{
	struct type to;
	uint64_t u;
	if (!value_uint(e, v, &u))
		return value_text(e, v, VALUE_BARE);
	const char *number = value_pointer_number(e->a, (unsigned)v->type.size, u), *more = NULL;
	if (v->type.pointer == POINTER_TO_DATA || !type_target(&v->type, &to))
		return number;
	struct value_env probe = *e; // what it points at is no part of the variable
	struct value at = value_at(&to, u);
	if (is_text(&to))
		more = u ? value_quoted(&probe, u, (unsigned)to.size, LIMIT_VALUE_TEXT, false) : "\"\"";
	else if (u && type_is_udt(&to))
		more = value_summary(&probe, &at);
	e->steps = probe.steps;
	return more ? arena_printf(e->a, "%s %s", number, more) : number;
}

static const char *array(struct value_env *e, const struct value *v)
{
	struct type elem;
	const char *name = type_c_text(e->a, &v->type, NULL);
	if (v->where != VALUE_MEMORY || !type_target(&v->type, &elem) || !is_text(&elem))
		return name;
	return arena_printf(e->a, "%s %s", name, value_quoted(e, v->va, (unsigned)elem.size, v->type.count, false));
}

static const char *enumeration(struct value_env *e, const struct value *v)
{
	uint64_t u;
	int64_t i;
	if (!value_uint(e, v, &u) || !value_int(e, v, &i))
		return "??";
	const char *name = value_enumerator(e->a, &v->type, u);
	return arena_printf(e->a, name ? "%s (0n%" PRId64 ")" : "%s0n%" PRId64 " (No matching enumerant)",
			    name ? name : "", i);
}

// "0n97 'a'", "0x02 ''": cdb's, in the tests of the D compiler LDC; dt has no prefix on the first.
static const char *character(struct value_env *e, const struct value *v)
{
	uint64_t u;
	int64_t i;
	if (!value_uint(e, v, &u) || !value_int(e, v, &i))
		return "??";
	char glyph[2] = { u >= 0x20 && u < 0x7f ? (char)u : 0, 0 };
	return value_is_signed(&v->type) ? arena_printf(e->a, "0n%" PRId64 " '%s'", i, glyph)
					 : arena_printf(e->a, "0x%02" PRIx64 " '%s'", u, glyph);
}

static const char *text_of(struct value_env *e, const struct value *v)
{
	const struct type *t = &v->type;
	if (type_is_udt(t))
		return udt(e, v);
	if (t->kind == TYPE_POINTER && value_is_scalar(t))
		return pointer(e, v);
	if (t->kind == TYPE_ARRAY)
		return array(e, v);
	if (t->kind == TYPE_ENUM)
		return enumeration(e, v);
	uint64_t u;
	if (t->kind == TYPE_BOOL)
		return !value_uint(e, v, &u) ? "??" : u ? "true" : "false";
	if (t->size == 1 && (t->kind == TYPE_CHAR || t->kind == TYPE_INT || t->kind == TYPE_UINT))
		return character(e, v);
	if (t->kind == TYPE_FLOAT || value_is_scalar(t))
		return value_text(e, v, VALUE_BARE);
	return type_c_text(e->a, t, NULL);
}

struct variable_text typed_text(struct session *s, struct arena *a, const struct value *v)
{
	struct value_env e = { .a = a, .space = s->target->space, .target = s->target };
	const char *text = text_of(&e, v);
	return (struct variable_text){ text, e.unreadable ? "its memory is not readable"
					     : v->where == VALUE_BYTES && str_eq(text, "??")
						     ? "only a part of it is known"
						     : NULL };
}

struct variable_text variable_text(struct session *s, struct arena *a, const struct local *l)
{
	static const char *const gone = "<value unavailable>";
	if (!l->in_memory && !l->bytes.n)
		return (struct variable_text){ gone, l->why };
	if (!l->has_type)
		return (struct variable_text){ gone, "its type is not recorded" };
	struct value v = l->in_memory ? value_at(&l->type, l->va) : value_of(&l->type, l->bytes);
	return typed_text(s, a, &v);
}
