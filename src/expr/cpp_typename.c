// SPDX-License-Identifier: Apache-2.0
// cpp_typename.c: type names in expressions: the language's words, Windows' names, and what the modules define.
#include "base/limits.h"
#include "expr/cpp_parts.h"
#include "expr/expr_int.h"

#include <stdlib.h>
#include <string.h>

struct words { // of a built-in type
	unsigned n, longs;
	bool has_signed, has_unsigned, is_short, has_int, found;
	enum cpp_base base;
};

static bool take_builtin_word(struct cpp *x, struct words *w)
{
	static const struct {
		const char *word;
		enum cpp_base base;
	} plain[] = { { "void", CPP_VOID },     { "bool", CPP_BOOL },     { "char", CPP_CHAR },
		      { "wchar_t", CPP_WCHAR }, { "float", CPP_FLOAT },   { "double", CPP_DOUBLE },
		      { "__int8", CPP_CHAR },   { "__int16", CPP_SHORT }, { "__int32", CPP_INT },
		      { "__int64", CPP_INT64 }, { "int64", CPP_INT64 } };
	if (cpp_word(x, "unsigned"))
		w->has_unsigned = true;
	else if (cpp_word(x, "signed"))
		w->has_signed = true;
	else if (cpp_word(x, "short"))
		w->is_short = true;
	else if (cpp_word(x, "long"))
		w->longs++;
	else if (cpp_word(x, "int"))
		w->has_int = true;
	else {
		for (size_t i = 0; i < ARRAY_LEN(plain) && !w->found; i++) {
			if (!cpp_word(x, plain[i].word))
				continue;
			w->base = plain[i].base;
			w->found = true;
			w->n++;
			return true;
		}
		return false;
	}
	w->n++;
	return true;
}

static enum cpp_base unsigned_of(enum cpp_base b)
{
	switch (b) {
	case CPP_CHAR:
		return CPP_UCHAR;
	case CPP_SHORT:
		return CPP_USHORT;
	case CPP_INT:
		return CPP_UINT;
	case CPP_LONG:
		return CPP_ULONG;
	case CPP_INT64:
		return CPP_UINT64;
	default:
		return b;
	}
}

static bool builtin(struct cpp *x, struct type *ret)
{
	struct words w = { 0 };
	while (w.n < 5 && take_builtin_word(x, &w))
		;
	if (!w.n)
		return false;
	if (!w.found)
		w.base = w.is_short ? CPP_SHORT : w.longs > 1 ? CPP_INT64 : w.longs ? CPP_LONG : CPP_INT;
	if (w.has_unsigned)
		w.base = unsigned_of(w.base);
	else if (w.has_signed && w.base == CPP_CHAR)
		w.base = CPP_SCHAR;
	*ret = cpp_base_type(x->s->types, w.base);
	return true;
}

static bool take_qualifier(struct cpp *x)
{
	static const char *const words[] = { "const", "volatile", "__unaligned", "__ptr64", "__ptr32" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (cpp_word(x, words[i]))
			return true;
	return false;
}

static bool take_tag(struct cpp *x)
{
	return cpp_word(x, "struct") || cpp_word(x, "class") || cpp_word(x, "union") || cpp_word(x, "enum");
}

static err_t ask(struct cpp *x, const char *name, struct type *ret, bool *found)
{
	err_t e = ok();
	*found = x->s->type(x->s->ctx, name, ret, &e);
	return e.code ? cpp_refused(x, e, "Couldn't resolve error at", x->p) : ok();
}

// @!"any name", else a name with or without what could be arguments of a template behind it.
static err_t named(struct cpp *x, struct type *ret, bool *found)
{
	*found = false;
	if (str_starts(x->p, "@!\"")) {
		const char *end = x->p + 2, *text = lex_string(x->a, &end);
		if (!text)
			return ok();
		TRY(ask(x, text, ret, found));
		x->p = *found ? end : x->p;
		return ok();
	}
	size_t longest = cpp_name(x->p, true), n = longest;
	while (n && !*found) {
		char *name = arena_strndup(x->a, x->p, n);
		if (!cpp_typedef(x->s->types, name, n, ret))
			TRY(ask(x, name + (*name == '!' ? 1 : 0), ret, found));
		else
			*found = true;
		if (*found)
			break;
		size_t shorter = cpp_name(x->p, false);
		n = shorter < n ? shorter : 0;
	}
	x->p += *found ? n : 0;
	return ok();
}

// "ntdll!unsigned long": links of the debugger name a module before the language's own types too.
static bool builtin_of_module(struct cpp *x, struct type *ret)
{
	const char *from = x->p, *last = x->last;
	size_t n = cpp_ident(from);
	if (!n || from[n] != '!' || from[n + 1] == '=')
		return builtin(x, ret);
	x->p += n + 1;
	if (builtin(x, ret))
		return true;
	x->p = from;
	x->last = last;
	return false;
}

err_t cpp_simple_type(struct cpp *x, struct type *ret, bool *found)
{
	const char *from = x->p, *last = x->last;
	while (take_qualifier(x))
		;
	*found = builtin_of_module(x, ret);
	if (!*found) {
		(void)take_tag(x);
		cpp_blanks(x);
		TRY(named(x, ret, found));
	}
	if (!*found) {
		x->p = from;
		x->last = last;
		return ok();
	}
	while (take_qualifier(x))
		;
	return ok();
}

// "(*" of a pointer to an array, "(*)[4]": how many stars; 0: none begins here, and nothing was taken.
static unsigned take_inner_stars(struct cpp *x)
{
	const char *from = x->p, *last = x->last;
	unsigned n = 0;
	if (!cpp_take(x, "("))
		return 0;
	while (n < LIMIT_EXPR_BOUNDS && cpp_take(x, "*"))
		n++;
	if (n && cpp_take(x, ")") && *lex_blanks(x->p) == '[')
		return n;
	x->p = from;
	x->last = last;
	return 0;
}

static err_t bounds_behind(struct cpp *x, struct type *ret)
{
	uint64_t bounds[LIMIT_EXPR_BOUNDS];
	size_t n = 0;
	for (cpp_blanks(x); *x->p == '[' && n < ARRAY_LEN(bounds); cpp_blanks(x)) {
		char *end;
		const char *from = x->p + 1 + strspn(x->p + 1, " \t");
		bounds[n] = strtoull(from, &end, 0);
		end += strspn(end, " \t");
		if (end == from || *end != ']')
			break;
		x->p = end + 1;
		n++;
	}
	while (n--)
		TRY(cpp_array_of(x->s->types, ret, bounds[n], ret));
	return ok();
}

err_t cpp_type_name(struct cpp *x, struct type *ret, bool *found)
{
	TRY(cpp_simple_type(x, ret, found));
	if (!*found)
		return ok();
	for (;;) {
		if (cpp_take(x, "*"))
			TRY(cpp_pointer_to(x->s->types, ret, ret));
		else if (!take_qualifier(x))
			break;
	}
	unsigned stars = take_inner_stars(x);
	TRY(bounds_behind(x, ret));
	while (stars--)
		TRY(cpp_pointer_to(x->s->types, ret, ret));
	return ok();
}

err_t cpp_type_upto(struct cpp *x, char end, struct type *ret, bool *found)
{
	const char *from = x->p, *last = x->last;
	TRY(cpp_type_name(x, ret, found));
	cpp_blanks(x);
	size_t n = cpp_ident(from);
	bool alone = n && lex_blanks(from + n) == x->p;
	if (*found && *x->p == end && !(alone && x->s->is_local(x->s->ctx, arena_strndup(x->a, from, n))))
		return ok();
	*found = false;
	x->p = from;
	x->last = last;
	return ok();
}
