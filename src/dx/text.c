// SPDX-License-Identifier: Apache-2.0
// text.c: an object in one line, and the specifiers behind an expression that change it.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "dx/dx_int.h"
#include "value/value.h"

// ---- specifiers
static err_t specifier(struct dx *x, const char *s, struct dx_format *f)
{
	static const struct {
		const char *text;
		enum dx_string strings;
		unsigned width;
	} strings[] = {
		{ "s", DX_STRING_QUOTED, 1 }, { "sb", DX_STRING_BARE, 1 },   { "s8", DX_STRING_QUOTED, 1 },
		{ "s8b", DX_STRING_BARE, 1 }, { "su", DX_STRING_QUOTED, 2 }, { "sub", DX_STRING_BARE, 2 },
	};
	for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
		if (str_eq(s, strings[i].text)) {
			f->strings = strings[i].strings;
			f->width = strings[i].width;
			return ok();
		}
	}
	if (str_eq(s, "x") || str_eq(s, "d") || str_eq(s, "o") || str_eq(s, "b"))
		f->radix = *s;
	else if (str_eq(s, "en"))
		f->names_only = true;
	else if (str_eq(s, "c"))
		f->is_char = true;
	else if (str_eq(s, "!"))
		f->raw = true;
	else if (!str_eq(s, "nd")) // the static type is all that is looked at
		return fail(E_USAGE, arena_printf(x->a, "Invalid format specifier '%s'", s), 0);
	return ok();
}

static err_t count(struct dx *x, const char *text, const char **rest, struct dx_format *f)
{
	struct dx_obj o;
	if (*text == '[') {
		const struct dx_node *n;
		TRY(dx_parse(x, text + 1, &n, rest));
		TRY(dx_run(x, n, NULL, &o));
		TRY(dx_number(x, &o, &f->count));
		if (**rest != ']')
			return fail(E_USAGE, arena_printf(x->a, "Invalid format specifier '%s'", text), 0);
		(*rest)++;
	} else {
		char *end;
		f->count = strtoull(text, &end, 0);
		*rest = end;
	}
	f->has_count = true;
	return ok();
}

err_t dx_format_read(struct dx *x, const char *text, struct dx_format *ret)
{
	*ret = (struct dx_format){ 0 };
	while (*text == ',') {
		text++;
		text += strspn(text, " \t");
		if ((*text >= '0' && *text <= '9') || *text == '[')
			TRY(count(x, text, &text, ret));
		size_t n = strcspn(text, ", \t");
		if (n)
			TRY(specifier(x, arena_strndup(x->a, text, n), ret));
		text += n;
		text += strspn(text, " \t");
	}
	return *text ? fail(E_USAGE, arena_printf(x->a, "Unexpected text after the expression: '%s'", text), 0) : ok();
}

// ---- numbers
static const char *radix_text(struct arena *a, uint64_t u, char radix)
{
	struct sb s = sb_new(a);
	if (radix == 'o')
		return arena_printf(a, "0%" PRIo64, u);
	if (radix != 'b')
		return arena_printf(a, radix == 'x' ? "0x%" PRIx64 : "%" PRIu64, u);
	unsigned n = 64;
	while (n > 1 && !(u >> (n - 1) & 1))
		n--;
	sb_add(&s, "0y");
	while (n--)
		sb_ch(&s, u >> n & 1 ? '1' : '0');
	return sb_str(&s);
}

static const char *integer_text(struct dx *x, const struct value *v, uint64_t u, const struct dx_format *f, char radix)
{
	int64_t i;
	bool is_signed = value_is_signed(&v->type);
	char r = f->radix ? f->radix : radix ? radix : is_signed ? 'd' : 'x';
	if (r == 'd' && is_signed && value_int(x->scope->env, v, &i))
		return arena_printf(x->a, "%" PRId64, i);
	return radix_text(x->a, u, r);
}

static const char *character_text(struct dx *x, const struct value *v, uint64_t u, const struct dx_format *f)
{
	const char *number = integer_text(x, v, u, f, 0);
	bool printable = u >= 0x20 && u < 0x7f;
	return printable ? arena_printf(x->a, "%s '%c'", number, (char)u) : number;
}

static const char *enum_text(struct dx *x, const struct value *v, uint64_t u, const struct dx_format *f)
{
	const char *name = value_enumerator(x->a, &v->type, u), *number = integer_text(x, v, u, f, 'd');
	if (!name)
		return number;
	return f->names_only ? name : arena_printf(x->a, "%s (%s)", name, number);
}

// Text in quotes as it lies at va; NULL: not readable.
static const char *string_at(struct dx *x, va_t va, unsigned width, uint64_t max, const struct dx_format *f)
{
	uint8_t first[4];
	if (!x->scope->env->space || !space_read_all(x->scope->env->space, va, first, MIN(width, sizeof(first))))
		return NULL;
	const char *q = value_quoted(x->scope->env, va, width, max, false);
	if (*q != '"')
		return NULL;
	size_t n = strlen(q);
	return f->strings == DX_STRING_BARE && n >= 2 ? arena_strndup(x->a, q + 1, n - 2) : q;
}

static const char *pointer_text(struct dx *x, const struct value *v, uint64_t u, const struct dx_format *f)
{
	struct type to;
	const char *number = radix_text(x->a, u, f->radix ? f->radix : 'x'), *what = NULL;
	if (!u || f->has_count || !type_target(&v->type, &to))
		return number;
	unsigned width = f->width ? f->width : to.kind == TYPE_CHAR ? (unsigned)to.size : 0;
	if (to.kind == TYPE_FUNCTION) {
		const char *sym = x->s->target ? sym_text(x->s->target, x->a, u) : NULL;
		what = sym && !strchr(sym, '+') ? arena_printf(x->a, "%s+0x0", sym) : sym;
	} else if (width && !type_is_udt(&to) && to.kind != TYPE_POINTER) {
		what = string_at(x, u, width, LIMIT_VALUE_TEXT, f);
	} else if (type_is_udt(&to) && !f->raw) {
		struct value at = value_at(&to, u);
		what = dx_visual(x, &at);
	}
	return what ? arena_printf(x->a, "%s : %s", number, what) : number;
}

static const char *array_text(struct dx *x, const struct value *v, const struct dx_format *f)
{
	struct type to;
	if (f->is_char || v->where != VALUE_MEMORY || !type_target(&v->type, &to))
		return NULL;
	unsigned width = f->width ? f->width : to.kind == TYPE_CHAR ? (unsigned)to.size : 0;
	return width && to.size == width ? string_at(x, v->va, width, v->type.count, f) : NULL;
}

static err_t scalar_text(struct dx *x, const struct value *v, const struct dx_format *f, const char **ret)
{
	uint64_t u;
	double d;
	x->scope->env->unreadable = false;
	bool is_float = v->type.kind == TYPE_FLOAT;
	if (is_float ? !value_double(x->scope->env, v, &d) : !value_uint(x->scope->env, v, &u))
		return x->scope->env->unreadable ? dx_memory_error(x, x->scope->env->unreadable_at)
						 : fail(E_ABSENT, "<value unavailable>", 0);
	struct type under;
	bool is_bool = v->type.kind == TYPE_BOOL ||
		       (v->type.kind == TYPE_BITFIELD && type_target(&v->type, &under) && under.kind == TYPE_BOOL);
	if (is_float)
		*ret = arena_printf(x->a, "%f", d);
	else if (is_bool)
		*ret = u ? "true" : "false";
	else if (v->type.kind == TYPE_POINTER)
		*ret = pointer_text(x, v, u, f);
	else if (v->type.kind == TYPE_ENUM)
		*ret = enum_text(x, v, u, f);
	else if (v->type.kind == TYPE_CHAR || (f->is_char && v->type.size <= 2))
		*ret = character_text(x, v, u, f);
	else
		*ret = integer_text(x, v, u, f, 0);
	return ok();
}

static err_t value_line(struct dx *x, const struct dx_obj *o, const struct dx_format *f, const char **ret)
{
	struct value through;
	const struct value *v = &o->v->v;
	if (v->type.kind == TYPE_VOID)
		return fail(E_ABSENT, arena_printf(x->a, "No type (or void) for object at Address 0x%" PRIx64, v->va),
			    v->va);
	if (o->v->is_ref && v->type.kind == TYPE_POINTER && value_deref(x->scope->env, v, &through))
		v = &through;
	if (type_is_udt(&v->type))
		*ret = f->raw ? NULL : dx_visual(x, v);
	else if (v->type.kind == TYPE_ARRAY)
		*ret = array_text(x, v, f);
	else if (v->type.kind == TYPE_FUNCTION)
		*ret = x->s->target ? sym_text_or_number(x->s->target, x->a, v->va) : NULL;
	else if (value_is_scalar(&v->type) || v->type.kind == TYPE_FLOAT)
		return scalar_text(x, v, f, ret);
	else
		*ret = NULL;
	return ok();
}

err_t dx_text(struct dx *x, const struct dx_obj *o, const struct dx_format *f, const char **ret)
{
	*ret = NULL;
	switch (o->kind) {
	case DX_VALUE:
		return value_line(x, o, f, ret);
	case DX_STRING:
		*ret = f->strings == DX_STRING_QUOTED ? arena_printf(x->a, "\"%s\"", o->text) : o->text;
		return ok();
	case DX_ERROR:
		*ret = o->text;
		return ok();
	case DX_MODEL:
		*ret = o->class->text ? o->class->text(x, o->self) : NULL;
		return ok();
	default:
		return ok();
	}
}

const char *dx_index_text(struct dx *x, const struct dx_obj *index, const struct dx_format *f)
{
	const char *text;
	if (index->kind == DX_STRING)
		return arena_printf(x->a, "[\"%s\"]", index->text);
	if (dx_text(x, index, &(struct dx_format){ .radix = f->radix, .raw = true }, &text).code || !text)
		text = "?";
	return arena_printf(x->a, "[%s]", text);
}

const char *dx_action(const struct dx_obj *o)
{
	return o->kind == DX_MODEL ? o->class->action : NULL;
}

// ---- children
struct numbered {
	struct dx *x;
	const struct dx_format *f;
	dx_child_fn *fn;
	void *ctx;
	uint64_t n;
};

static err_t item_child(void *ctx, const struct dx_item *item, bool *stop)
{
	struct numbered *n = ctx;
	struct dx_obj index = item->index.kind ? item->index : dx_uint(n->x, n->n);
	n->n++;
	struct dx_child c = { .name = dx_index_text(n->x, &index, n->f), .is_element = true, .value = item->value };
	return n->fn(n->ctx, &c, stop);
}

static err_t model_children(struct dx *x, const struct dx_obj *o, const struct dx_format *f, dx_child_fn *fn, void *ctx)
{
	struct numbered n = { x, f, fn, ctx, 0 };
	bool stop = false;
	const struct dx_fields *fields = o->class->fields ? o->class->fields(x, o->self) : NULL;
	for (const struct dx_property *p = o->class->properties; p && p->name && !stop; p++) {
		struct dx_child c = { .name = p->name };
		err_t e = p->get(x, o->self, &c.value);
		if (e.code == E_NOTFOUND)
			continue;
		if (dx_is_local_error(e))
			c.value = dx_error(x, e);
		else
			TRY(e);
		TRY(fn(ctx, &c, &stop));
	}
	for (size_t i = 0; fields && i < fields->n && !stop; i++)
		TRY(fn(ctx, &(struct dx_child){ .name = fields->names[i], .value = fields->values[i] }, &stop));
	return o->class->each && !stop ? dx_each(x, o, item_child, &n) : ok();
}

err_t dx_children(struct dx *x, const struct dx_obj *o, const struct dx_format *f, dx_child_fn *fn, void *ctx)
{
	bool stop = false;
	if (o->kind == DX_MODEL)
		return model_children(x, o, f, fn, ctx);
	if (o->kind == DX_VALUE && o->typed)
		return dx_typed_children(x, o, f, fn, ctx);
	if (o->kind == DX_STRING)
		return fn(ctx, &(struct dx_child){ .name = "Length", .value = dx_uint(x, strlen(o->text)) }, &stop);
	return ok();
}

bool dx_expandable(const struct dx_obj *o)
{
	struct type to;
	if (o->kind == DX_MODEL)
		return true;
	if (o->kind != DX_VALUE || !o->typed)
		return false;
	const struct type *t = &o->v->v.type;
	if (t->kind == TYPE_POINTER && type_target(t, &to))
		return to.kind != TYPE_VOID && to.kind != TYPE_FUNCTION && to.kind != TYPE_NONE;
	return type_is_udt(t) || t->kind == TYPE_ARRAY;
}
