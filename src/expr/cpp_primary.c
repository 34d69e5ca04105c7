// SPDX-License-Identifier: Apache-2.0
// cpp_primary.c: operands: numbers, names, registers, parentheses and casts, sizeof; and what stands behind and before
// them.
#include "expr/cpp_primary.h"
#include "base/limits.h"
#include "expr/cpp_parts.h"
#include "expr/expr_int.h"

#include <string.h>

// ---- names
static err_t name(struct cpp *x, struct cpp_value *ret)
{
	const char *where = x->p;
	err_t e = ok();
	bool found = false;
	size_t n = cpp_name(where, true), plain = cpp_name(where, false);
	while (n && !found) {
		*ret = (struct cpp_value){ 0 };
		const char *text = arena_strndup(x->a, where, n);
		found = x->s->name(x->s->ctx, text + (*text == '!' ? 1 : *text == ':' ? 2 : 0), ret, &e);
		if (e.code && e.code != E_NOTFOUND)
			return cpp_refused(x, e, "Couldn't resolve error at", where);
		if (found || plain >= n)
			break;
		n = plain;
	}
	if (!found)
		return n ? cpp_bad(x, E_USAGE, "Couldn't resolve error at", where) : cpp_syntax(x, where);
	x->last = where;
	x->p += n;
	return cpp_settle(x, ret);
}

// @reg, @$pseudo; @!"any symbol".
static err_t at_name(struct cpp *x, struct cpp_value *ret)
{
	const char *where = x->p;
	err_t e = ok();
	bool found;
	*ret = (struct cpp_value){ 0 };
	if (where[1] == '!' && where[2] == '"') {
		const char *end = where + 2, *text = lex_string(x->a, &end);
		if (!text)
			return cpp_syntax(x, where);
		found = x->s->name(x->s->ctx, text, ret, &e);
		if (e.code)
			return cpp_refused(x, e, "Couldn't resolve error at", where);
		if (!found)
			return cpp_bad(x, E_USAGE, "Couldn't resolve error at", where);
		x->last = where;
		x->p = end;
		return ok();
	}
	size_t n = lex_word(where + 1);
	char *text = arena_strndup(x->a, where + 1, n);
	found = *text == '$' ? n > 1 && x->s->pseudo(x->s->ctx, text + 1, ret, &e)
			     : n && x->s->reg(x->s->ctx, text, ret, &e);
	if (e.code)
		return cpp_refused(x, e, "Bad register error at", where);
	if (!found)
		return cpp_bad(x, E_USAGE, "Bad register error at", where);
	x->last = where;
	x->p += n + 1;
	return ok();
}

// @@( and @@masm( hand the text to the other evaluator, @@c++( stays here.
static err_t other_evaluator(struct cpp *x, struct cpp_value *ret)
{
	const char *where = x->p;
	size_t skip = str_ieqn(where, "@@masm(", 7) ? 6 : str_ieqn(where, "@@c++(", 6) ? 5 : where[2] == '(' ? 2 : 0;
	if (!skip)
		return cpp_syntax(x, where);
	x->p += skip;
	if (skip == 5) {
		TRY(cpp_expect(x, '('));
		TRY(cpp_comma(x, ret));
		return cpp_expect(x, ')');
	}
	size_t n = lex_group(x->p);
	err_t e = ok();
	uint64_t v = 0;
	if (!n)
		return cpp_syntax(x, x->p);
	bool found = x->s->masm(x->s->ctx, x->p + 1, n - 2, x->depth + 1, &v, &e);
	if (e.code)
		return e; // it has its words
	if (!found)
		return cpp_bad(x, E_USAGE, "Couldn't resolve error at", x->p + 1);
	x->last = where;
	x->p += n;
	*ret = cpp_number(x->s->types, x->a, CPP_UINT64, v);
	return ok();
}

// ---- sizeof and the casts that are words
static err_t size_of(struct cpp *x, struct cpp_value *ret)
{
	struct cpp_value v = { 0 };
	struct type t;
	bool found = false;
	const char *from = x->p;
	if (cpp_take(x, "(")) {
		TRY(cpp_type_upto(x, ')', &t, &found));
		if (found) {
			TRY(cpp_expect(x, ')'));
		} else {
			x->p = from;
		}
	}
	if (!found) {
		x->dead++;
		err_t e = cpp_operand(x, &v);
		x->dead--;
		TRY(e);
		t = v.v.type;
		if (v.is_ref && !type_target(&v.v.type, &t))
			return cpp_syntax(x, from);
	}
	if (!t.size || t.kind == TYPE_BITFIELD)
		return cpp_syntax(x, from);
	*ret = cpp_size(x, t.size);
	return ok();
}

static err_t word_cast(struct cpp *x, struct cpp_value *ret, bool *found)
{
	static const char *const words[] = { "static_cast", "reinterpret_cast", "const_cast", "dynamic_cast" };
	struct cpp_value v;
	struct type t;
	*found = false;
	for (size_t i = 0; i < ARRAY_LEN(words) && !*found; i++)
		*found = cpp_word(x, words[i]);
	if (!*found)
		return ok();
	const char *where = x->last;
	bool is_type;
	TRY(cpp_expect(x, '<'));
	TRY(cpp_type_upto(x, '>', &t, &is_type));
	if (!is_type)
		return cpp_bad(x, E_USAGE, "Couldn't resolve error at", x->p);
	TRY(cpp_expect(x, '>'));
	TRY(cpp_expect(x, '('));
	TRY(cpp_comma(x, &v));
	TRY(cpp_expect(x, ')'));
	return cpp_cast(x, where, &t, &v, ret);
}

// int(x), _PEB(x)
static err_t call_cast(struct cpp *x, struct cpp_value *ret, bool *found)
{
	const char *from = x->p, *last = x->last;
	struct cpp_value v;
	struct type t;
	size_t n = cpp_name(from, true);
	*found = false;
	if (!n || (cpp_name(from, false) == n && *lex_blanks(from + n) != '(' && !lex_alnum(*lex_blanks(from + n))))
		return ok();
	TRY(cpp_simple_type(x, &t, found));
	if (*found && cpp_take(x, "(")) {
		TRY(cpp_comma(x, &v));
		TRY(cpp_expect(x, ')'));
		return cpp_cast(x, from, &t, &v, ret);
	}
	*found = false;
	x->p = from;
	x->last = last;
	return ok();
}

// Behind '(': can what follows be a type's name at all? Names are looked up in every module.
static bool may_be_type(const char *p)
{
	p = lex_blanks(p);
	if (*p == '@')
		return p[1] == '!';
	size_t n = cpp_name(p, true);
	if (!n)
		return false;
	p = lex_blanks(p + n);
	return *p == ')' || *p == '*' || *p == '[' || cpp_ident(p) || (*p == '(' && *lex_blanks(p + 1) == '*');
}

// Can the operand of a cast begin here? Else "(name)" was a name.
static bool begins_operand(const char *p)
{
	p = lex_blanks(p);
	return *p && !strchr("*)]},;:?./%<>=!|^", *p) ? true : *p == '*' || (*p == '!' && p[1] != '=');
}

err_t cpp_cast_type(struct cpp *x, struct type *ret, bool *found)
{
	const char *from = x->p, *last = x->last;
	*found = false;
	(void)cpp_take(x, "(");
	if (may_be_type(x->p))
		TRY(cpp_type_upto(x, ')', ret, found));
	if (*found && begins_operand(x->p + 1))
		return cpp_expect(x, ')');
	*found = false;
	x->p = from;
	x->last = last;
	return ok();
}

static err_t parenthesis(struct cpp *x, struct cpp_value *ret)
{
	const char *where = x->p;
	struct cpp_value v;
	struct type t;
	bool found;
	TRY(cpp_cast_type(x, &t, &found));
	if (found) {
		TRY(cpp_operand(x, &v));
		return cpp_cast(x, where, &t, &v, ret);
	}
	(void)cpp_take(x, "(");
	TRY(cpp_comma(x, ret));
	return cpp_expect(x, ')');
}

static err_t primary(struct cpp *x, struct cpp_value *ret)
{
	bool found;
	cpp_blanks(x);
	switch (*x->p) {
	case '(':
		return parenthesis(x, ret);
	case '@':
		return x->p[1] == '@' ? other_evaluator(x, ret) : at_name(x, ret);
	case '#':
		return cpp_macro(x, ret);
	default:
		break;
	}
	TRY(cpp_literal(x, ret, &found));
	if (found)
		return ok();
	if (cpp_word(x, "sizeof"))
		return size_of(x, ret);
	if (cpp_word(x, "true") || cpp_word(x, "false")) {
		*ret = cpp_number(x->s->types, x->a, CPP_BOOL, *x->last == 't');
		return ok();
	}
	TRY(word_cast(x, ret, &found));
	if (!found)
		TRY(call_cast(x, ret, &found));
	return found ? ok() : name(x, ret);
}

static err_t postfix(struct cpp *x, struct cpp_value *ret)
{
	struct cpp_value v, i;
	TRY(primary(x, &v));
	for (;;) {
		cpp_blanks(x);
		const char *where = x->p;
		if (cpp_take(x, "[")) {
			TRY(cpp_comma(x, &i));
			TRY(cpp_expect(x, ']'));
			TRY(cpp_index(x, where, &v, &i, &v));
		} else if (cpp_take(x, "->")) {
			TRY(cpp_member(x, true, &v, &v));
		} else if (*where == '.' && cpp_take(x, ".")) {
			TRY(cpp_member(x, false, &v, &v));
		} else if (str_starts(where, "++") || str_starts(where, "--")) {
			struct cpp_value old = v;
			(void)cpp_take(x, *where == '+' ? "++" : "--");
			TRY(cpp_step(x, where, &v, *where == '-', &i));
			old.pseudo = 0;
			v = old;
		} else if (*where == '(') {
			return fail(E_UNSUPPORTED,
				    arena_printf(x->a, "not supported: functions are not called: '%s'", where),
				    (uint64_t)(where - x->text));
		} else {
			break;
		}
	}
	*ret = v;
	return ok();
}

static err_t unary(struct cpp *x, struct cpp_value *ret)
{
	struct cpp_value v;
	cpp_blanks(x);
	const char *where = x->p;
	const char c = *where;
	if (str_starts(where, "++") || str_starts(where, "--")) {
		(void)cpp_take(x, c == '+' ? "++" : "--");
		TRY(cpp_operand(x, &v));
		return cpp_step(x, where, &v, c == '-', ret);
	}
	if (!c || !strchr("+-~!*&", c) || (c == '&' && where[1] == '&'))
		return postfix(x, ret);
	x->last = where;
	x->p++;
	TRY(cpp_operand(x, &v));
	if (c == '*')
		return cpp_deref(x, where, &v, ret);
	if (c == '&')
		return cpp_address(x, where, &v, ret);
	return cpp_unary(x, c, &v, ret);
}

err_t cpp_operand(struct cpp *x, struct cpp_value *ret)
{
	if (x->depth >= LIMIT_EXPR_DEPTH)
		return fail(E_LIMIT, "expression nested too deeply", (uint64_t)(x->p - x->text));
	x->depth++;
	err_t e = unary(x, ret);
	x->depth--;
	return e;
}
