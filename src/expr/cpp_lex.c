// SPDX-License-Identifier: Apache-2.0
// cpp_lex.c: the tokens of C++ expressions. Numbers are decimal unless 0x or 0 stand before them; the debugger's radix
// means nothing here.
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "expr/cpp_parts.h"
#include "expr/expr_int.h"

err_t cpp_bad(struct cpp *x, enum err_code code, const char *kind, const char *where)
{
	return fail(code, arena_printf(x->a, "%s '%s'", kind, *where ? where : "<EOL>"), (uint64_t)(where - x->text));
}

err_t cpp_syntax(struct cpp *x, const char *where)
{
	return cpp_bad(x, E_USAGE, "Syntax error at", where);
}

err_t cpp_refused(struct cpp *x, err_t e, const char *absent, const char *where)
{
	switch (e.code) {
	case E_ABSENT:
		return cpp_bad(x, E_ABSENT, absent, where);
	case E_NOTFOUND:
		return cpp_bad(x, E_USAGE, "Couldn't resolve error at", where);
	case E_AMBIGUOUS:
		return cpp_bad(x, E_AMBIGUOUS, "Ambiguous symbol error at", where);
	default:
		return e;
	}
}

void cpp_blanks(struct cpp *x)
{
	x->p = lex_blanks(x->p);
	if (x->p[0] == '/' && x->p[1] == '/')
		x->p += strlen(x->p);
}

bool cpp_take(struct cpp *x, const char *token)
{
	cpp_blanks(x);
	if (!str_starts(x->p, token))
		return false;
	x->last = x->p;
	x->p += strlen(token);
	return true;
}

err_t cpp_expect(struct cpp *x, char c)
{
	const char token[2] = { c, 0 };
	return cpp_take(x, token) ? ok() : cpp_syntax(x, x->p);
}

size_t cpp_ident(const char *p)
{
	if (!lex_alnum(*p) && *p != '$' && *p != '?')
		return 0;
	if (*p >= '0' && *p <= '9')
		return 0;
	size_t n = 1;
	while (lex_alnum(p[n]) || p[n] == '$' || p[n] == '?' || (p[n] == '@' && n && p[0] == '?'))
		n++;
	return *p == '?' && n == 1 ? 0 : n;
}

bool cpp_word(struct cpp *x, const char *word)
{
	cpp_blanks(x);
	size_t n = cpp_ident(x->p);
	if (n != strlen(word) || strncmp(x->p, word, n) != 0)
		return false;
	x->last = x->p;
	x->p += n;
	return true;
}

// p is at '<': length up to and with its '>'; 0 when what stands between cannot be arguments of a template.
static size_t template_args(const char *p)
{
	size_t open = 0;
	for (size_t i = 0; p[i]; i++) {
		if (p[i] == '<')
			open++;
		else if (p[i] == '>' && --open == 0)
			return i + 1;
		else if (!lex_alnum(p[i]) && !strchr(" <>:,*&$-[]()`'", p[i]))
			return 0;
	}
	return 0;
}

static size_t quoted_scope(const char *p)
{
	const char *end = *p == '`' ? strchr(p, '\'') : NULL;
	return end ? (size_t)(end - p) + 1 : 0;
}

size_t cpp_name(const char *p, bool templates)
{
	size_t n = 0;
	bool module = false;
	if (p[0] == '$' && p[1] == '!')
		n = 2;
	else if (p[0] == '!' && p[1] != '=')
		n = 1;
	else if (p[0] == ':' && p[1] == ':')
		n = 2;
	module = n == 1;
	for (;;) {
		size_t part = cpp_ident(p + n);
		if (!part && module)
			part = quoted_scope(p + n);
		if (!part && p[n] == '~')
			part = 1 + cpp_ident(p + n + 1);
		if (!part)
			return 0;
		n += part;
		if (!module && p[n] == '!' && p[n + 1] != '=') {
			module = true;
			n++;
			continue;
		}
		if (templates && p[n] == '<')
			n += template_args(p + n);
		if (p[n] != ':' || p[n + 1] != ':')
			return n;
		n += 2;
	}
}

// ---- literals
static size_t digits(const char *p, unsigned radix, uint64_t *ret, bool *too_big)
{
	size_t n = 0;
	for (;; n++) {
		char c = p[n];
		unsigned d = c >= '0' && c <= '9' ? (unsigned)(c - '0') : 99;
		if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			d = (unsigned)((c | 0x20) - 'a') + 10;
		if (c == '`' && radix == 16 && n && d == 99 && p[n + 1] != '`')
			continue;
		if (d >= radix)
			return n;
		*too_big |= !mul_ok(*ret, radix, ret) || !add_ok(*ret, d, ret);
	}
}

struct suffix {
	bool is_unsigned, is_long, is_64, is_float;
};

static size_t suffixes(const char *p, struct suffix *s)
{
	size_t n = 0;
	for (;;) {
		if ((p[n] | 0x20) == 'u' && !s->is_unsigned) {
			s->is_unsigned = true;
			n++;
		} else if (str_ieqn(p + n, "i64", 3) || str_ieqn(p + n, "ll", 2)) {
			s->is_64 = true;
			n += (p[n] | 0x20) == 'i' ? 3 : 2;
		} else if ((p[n] | 0x20) == 'l' && !s->is_long) {
			s->is_long = true;
			n++;
		} else {
			return n;
		}
	}
}

static bool fits_int(uint64_t v)
{
	return v <= INT32_MAX;
}

// The first of the language's types that holds the number; decimal ones do not become unsigned of themselves.
static enum cpp_base integer_type(uint64_t v, bool decimal, const struct suffix *s)
{
	bool may_unsigned = s->is_unsigned || !decimal;
	enum cpp_base narrow = s->is_long ? CPP_LONG : CPP_INT;
	if (!s->is_64 && !s->is_unsigned && fits_int(v))
		return narrow;
	if (!s->is_64 && may_unsigned && v <= UINT32_MAX)
		return s->is_long ? CPP_ULONG : CPP_UINT;
	return !s->is_unsigned && v <= INT64_MAX ? CPP_INT64 : CPP_UINT64;
}

static bool is_floating(const char *p)
{
	size_t n = strspn(p, "0123456789");
	if (p[n] == '.')
		return true;
	return n && (p[n] | 0x20) == 'e' && p[n + 1 + (p[n + 1] == '+' || p[n + 1] == '-')] >= '0' &&
	       p[n + 1 + (p[n + 1] == '+' || p[n + 1] == '-')] <= '9';
}

static err_t floating(struct cpp *x, struct cpp_value *ret)
{
	char *end;
	struct cpp_num n = { .base = CPP_DOUBLE, .d = strtod(x->p, &end) };
	x->last = x->p;
	if ((*end | 0x20) == 'f') {
		n = (struct cpp_num){ .base = CPP_FLOAT, .d = (double)(float)n.d };
		end++;
	} else if ((*end | 0x20) == 'l') {
		end++;
	}
	if (lex_alnum(*end))
		return cpp_syntax(x, x->p);
	x->p = end;
	*ret = cpp_num_value(x, n);
	return ok();
}

// "fffff800`62600000" without 0x: the accent tells.
static bool ticked(const char *p)
{
	size_t n = strspn(p, "0123456789abcdefABCDEF");
	return n && n <= 8 && p[n] == '`' && strspn(p + n + 1, "0123456789abcdefABCDEF") == 8;
}

static err_t integer(struct cpp *x, struct cpp_value *ret)
{
	const char *p = x->p;
	uint64_t v = 0;
	bool too_big = false, hex = p[0] == '0' && (p[1] | 0x20) == 'x', tick = ticked(p);
	unsigned radix = hex || tick ? 16 : p[0] == '0' ? 8 : 10;
	struct suffix s = { 0 };
	p += hex ? 2 : 0;
	size_t n = digits(p, radix, &v, &too_big);
	if (!n)
		return cpp_syntax(x, x->p);
	p += n;
	p += suffixes(p, &s);
	if (lex_alnum(*p))
		return cpp_syntax(x, x->p);
	if (too_big)
		return cpp_bad(x, E_USAGE, "Overflow error at", x->p);
	x->last = x->p;
	x->p = p;
	*ret = cpp_number(x->s->types, x->a, integer_type(v, radix == 10, &s), v);
	return ok();
}

// One character behind a quotation mark; false at the end of the text.
static bool character(const char **p, uint32_t *ret)
{
	static const char from[] = "abfnrtv0\\'\"?", to[] = "\a\b\f\n\r\t\v\0\\'\"?";
	const char *at = *p;
	if (!*at)
		return false;
	if (*at != '\\') {
		*ret = (uint8_t)*at;
		*p = at + 1;
		return true;
	}
	at++;
	uint64_t v = 0;
	bool big = false;
	if (*at == 'x') {
		at++;
		size_t n = digits(at, 16, &v, &big);
		*p = at + n;
		*ret = (uint32_t)v;
		return n && v <= UINT32_MAX;
	}
	if (*at >= '0' && *at <= '7') {
		for (unsigned i = 0; i < 3 && *at >= '0' && *at <= '7'; i++)
			v = v * 8 + (unsigned)(*at++ - '0');
		*p = at;
		*ret = (uint32_t)v;
		return true;
	}
	const char *known = *at ? strchr(from, *at) : NULL;
	*ret = known ? (uint8_t)to[known - from] : (uint8_t)*at;
	*p = at + (*at != 0);
	return *at != 0;
}

static err_t char_literal(struct cpp *x, struct cpp_value *ret)
{
	const char *p = x->p;
	bool wide = *p == 'L';
	uint32_t c = 0, all = 0;
	unsigned n = 0;
	p += wide ? 2 : 1;
	while (*p && *p != '\'') {
		if (!character(&p, &c) || ++n > 4 || (wide ? n > 1 || c > UINT16_MAX : c > UINT8_MAX))
			return cpp_syntax(x, x->p);
		all = wide ? c : all << 8 | c;
	}
	if (*p != '\'' || !n)
		return cpp_syntax(x, x->p);
	x->last = x->p;
	x->p = p + 1;
	*ret = cpp_number(x->s->types, x->a, wide ? CPP_WCHAR : n == 1 ? CPP_CHAR : CPP_INT, all);
	return ok();
}

err_t cpp_literal(struct cpp *x, struct cpp_value *ret, bool *found)
{
	const char *p = x->p;
	*found = true;
	if (*p == '\'' || (*p == 'L' && p[1] == '\''))
		return char_literal(x, ret);
	if (*p == '"' || (*p == 'L' && p[1] == '"'))
		return fail(E_UNSUPPORTED, arena_printf(x->a, "not supported: strings mean nothing here: '%s'", p),
			    (uint64_t)(p - x->text));
	if (((*p >= '0' && *p <= '9') || *p == '.') && !ticked(p) && is_floating(p) &&
	    (*p != '.' || (p[1] >= '0' && p[1] <= '9')))
		return floating(x, ret);
	if ((*p >= '0' && *p <= '9') || ticked(p))
		return integer(x, ret);
	*found = false;
	return ok();
}
