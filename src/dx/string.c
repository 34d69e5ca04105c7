// SPDX-License-Identifier: Apache-2.0
// string.c: methods of strings, and ToDisplayString, which every object has. Positions and lengths count bytes of
// UTF-8; the debugger's count UTF-16: they differ beyond ASCII.
#include <string.h>

#include "base/str.h"
#include "dx/dx_int.h"

static err_t text_of(const struct dx_obj *o, const char **ret)
{
	if (o->kind != DX_STRING)
		return fail(E_USAGE, o->kind == DX_ERROR ? o->text : "Value is not a string", 0);
	*ret = o->text;
	return ok();
}

static err_t display(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	struct dx_format f = { 0 };
	const char *spec, *text;
	if (args->n) {
		TRY(text_of(&args->list[0], &spec));
		TRY(dx_format_read(x, arena_printf(x->a, ",%s", spec), &f));
	}
	TRY(dx_text(x, self, &f, &text));
	if (!text && self->kind == DX_VALUE)
		text = "{...}";
	*ret = dx_string(text ? text : "");
	return ok();
}

enum test { CONTAINS, STARTS, ENDS, INDEX, LAST_INDEX };

static err_t find(struct dx *x, const struct dx_obj *self, const struct dx_args *args, enum test t, struct dx_obj *ret)
{
	const char *s = self->text, *what;
	TRY(text_of(&args->list[0], &what));
	const size_t n = strlen(s), m = strlen(what);
	const char *first = strstr(s, what), *last = NULL;
	for (const char *p = first; p && t == LAST_INDEX; p = strstr(p + 1, what)) {
		last = p;
		if (!*p)
			break;
	}
	switch (t) {
	case CONTAINS:
		*ret = dx_bool(x, first != NULL);
		break;
	case STARTS:
		*ret = dx_bool(x, str_starts(s, what));
		break;
	case ENDS:
		*ret = dx_bool(x, m <= n && str_eq(s + n - m, what));
		break;
	default:
		first = t == INDEX ? first : last;
		*ret = dx_int(x, first ? first - s : -1);
	}
	return ok();
}

// The part of the string that the arguments name: its start and, given or not, its length.
static err_t range(struct dx *x, const struct dx_obj *self, const struct dx_args *args, size_t *at, size_t *len)
{
	const size_t n = strlen(self->text);
	uint64_t from, count = UINT64_MAX;
	TRY(dx_number(x, &args->list[0], &from));
	if (args->n > 1)
		TRY(dx_number(x, &args->list[1], &count));
	if (from > n)
		return fail(E_USAGE, "The position is behind the end of the string", from);
	*at = (size_t)from;
	*len = (size_t)MIN(count, n - from);
	return ok();
}

static err_t substring(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	size_t at, len;
	TRY(range(x, self, args, &at, &len));
	*ret = dx_string(arena_strndup(x->a, self->text + at, len));
	return ok();
}

static err_t remove_(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	size_t at, len;
	TRY(range(x, self, args, &at, &len));
	*ret = dx_string(arena_printf(x->a, "%.*s%s", (int)at, self->text, self->text + at + len));
	return ok();
}

static err_t replace(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	const char *from, *to, *p = self->text, *hit;
	struct sb s = sb_new(x->a);
	TRY(text_of(&args->list[0], &from));
	TRY(text_of(&args->list[1], &to));
	while (*from && (hit = strstr(p, from))) {
		sb_addn(&s, p, (size_t)(hit - p));
		sb_add(&s, to);
		p = hit + strlen(from);
		TRY(dx_step(x));
	}
	sb_add(&s, p);
	*ret = dx_string(sb_str(&s));
	return ok();
}

static err_t pad(struct dx *x, const struct dx_obj *self, const struct dx_args *args, bool left, struct dx_obj *ret)
{
	uint64_t width;
	TRY(dx_number(x, &args->list[0], &width));
	if (width > LIMIT_VALUE_TEXT)
		return fail(E_LIMIT, "the string would be too long", width);
	*ret = dx_string(arena_printf(x->a, "%*s", left ? (int)width : -(int)width, self->text));
	return ok();
}

static err_t cased(struct dx *x, const struct dx_obj *self, bool lower, struct dx_obj *ret)
{
	char *s = arena_strdup(x->a, self->text);
	for (char *p = s; *p; p++) // ASCII alone
		if (lower ? *p >= 'A' && *p <= 'Z' : *p >= 'a' && *p <= 'z')
			*p ^= 0x20;
	*ret = dx_string(s);
	return ok();
}

#define METHOD(name, call)                                                                                         \
	static err_t name(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret) \
	{                                                                                                          \
		(void)args;                                                                                        \
		return call;                                                                                       \
	}
METHOD(contains, find(x, self, args, CONTAINS, ret))
METHOD(starts, find(x, self, args, STARTS, ret))
METHOD(ends, find(x, self, args, ENDS, ret))
METHOD(index_of, find(x, self, args, INDEX, ret))
METHOD(last_index_of, find(x, self, args, LAST_INDEX, ret))
METHOD(pad_left, pad(x, self, args, true, ret))
METHOD(pad_right, pad(x, self, args, false, ret))
METHOD(to_lower, cased(x, self, true, ret))
METHOD(to_upper, cased(x, self, false, ret))

const struct dx_method dx_string_methods[] = {
	{ "ToDisplayString", 0, 1, display }, { "Contains", 1, 1, contains },
	{ "StartsWith", 1, 1, starts },       { "EndsWith", 1, 1, ends },
	{ "IndexOf", 1, 1, index_of },        { "LastIndexOf", 1, 1, last_index_of },
	{ "Substring", 1, 2, substring },     { "Remove", 1, 2, remove_ },
	{ "Replace", 2, 2, replace },         { "PadLeft", 1, 1, pad_left },
	{ "PadRight", 1, 1, pad_right },      { "ToLower", 0, 0, to_lower },
	{ "ToUpper", 0, 0, to_upper },        { 0 },
};
