// SPDX-License-Identifier: Apache-2.0
// lex.c: the tokens of MASM expressions. Documented in Microsoft's "MASM Numbers and Operators" and "Symbol Syntax
// and Symbol Matching"; string literals in "? (Evaluate Expression)".
#include "expr/expr_int.h"

#include <string.h>

#include "base/str.h"

bool lex_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

const char *lex_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

size_t lex_word(const char *p)
{
	size_t n = *p == '$';
	while (lex_alnum(p[n]))
		n++;
	return n;
}

bool lex_word_is(const char *p, size_t n, const char *word)
{
	return strlen(word) == n && str_ieqn(p, word, n);
}

bool lex_name_goes_on(const char *p)
{
	return lex_alnum(*p) || *p == '$' || (*p == '!' && p[1] != '=') || (*p == ':' && p[1] == ':');
}

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 99;
}

// Digits of one radix from p; in hexadecimal one grave accent may follow the first digit, as in
// fffff800`62600000; it only says "64 bits".
static struct num digits(const char *p, unsigned radix)
{
	struct num ret = { .kind = NUM_OK };
	for (;; ret.n++) {
		unsigned d = digit(p[ret.n]);
		if (radix == 16 && p[ret.n] == '`' && ret.n && !ret.tick) {
			ret.tick = true;
			continue;
		}
		if (d >= radix)
			return ret;
		if (!mul_ok(ret.value, radix, &ret.value) || !add_ok(ret.value, d, &ret.value))
			ret.kind = NUM_TOO_BIG;
	}
}

static unsigned prefix_radix(const char *p)
{
	static const struct {
		char letter;
		unsigned radix;
	} prefix[] = { { 'x', 16 }, { 'n', 10 }, { 't', 8 }, { 'y', 2 } };
	for (size_t i = 0; *p == '0' && i < ARRAY_LEN(prefix); i++)
		if ((p[1] | 0x20) == prefix[i].letter)
			return prefix[i].radix;
	return 0;
}

struct num lex_number(const char *p, unsigned radix)
{
	struct num ret;
	unsigned given = prefix_radix(p);
	if (given) {
		ret = digits(p + 2, given); // the bare prefix reads as 0, as documented
		ret.n += 2;
		return lex_name_goes_on(p + ret.n) ? (struct num){ 0 } : ret;
	}
	ret = digits(p, 16);
	if (ret.n && (p[ret.n] | 0x20) == 'h' && !lex_name_goes_on(p + ret.n + 1)) {
		ret.n++;
		return ret;
	}
	if (radix != 16)
		ret = digits(p, radix);
	return !ret.n || lex_name_goes_on(p + ret.n) ? (struct num){ 0 } : ret;
}

// p is at a grave accent inside a qualified name: "`anonymous namespace'". Length with the closing apostrophe.
static size_t quoted_part(const char *p)
{
	size_t open = 0;
	for (size_t i = 0; p[i]; i++) {
		if (p[i] == '`')
			open++;
		else if (p[i] == '\'' && --open == 0)
			return i + 1;
	}
	return 0;
}

size_t lex_symbol(const char *p)
{
	if ((!lex_alnum(*p) && *p != '$' && *p != '?' && *p != '!') || (*p >= '0' && *p <= '9'))
		return 0;
	bool module = false; // grave accents and apostrophes need a module name or '!' before them
	for (size_t n = 0;;) {
		char c = p[n];
		size_t quoted = c == '`' && module ? quoted_part(p + n) : 0;
		if (quoted) {
			n += quoted;
		} else if (c == '!' && p[n + 1] != '=' && !module) {
			module = true;
			n++;
		} else if (c == ':' && p[n + 1] == ':') {
			n += p[n + 2] == '~' ? 3 : 2;
		} else if (lex_alnum(c) || c == '$' || c == '?' || c == '@' || (c == '.' && lex_alnum(p[n + 1]))) {
			n++;
		} else {
			return n;
		}
	}
}

const char *lex_string(struct arena *a, const char **text)
{
	const char *p = *text;
	bool literal = *p == '@';
	p += literal;
	if (*p++ != '"')
		return NULL;
	size_t n = 0;
	while (p[n] && p[n] != '"')
		n += p[n] == '\\' && !literal && p[n + 1] ? 2 : 1;
	if (!p[n])
		return NULL;
	char *ret = NEW_N(a, char, n + 1), *d = ret;
	for (size_t i = 0; i < n; i++) {
		char c = p[i];
		if (c == '\\' && !literal) {
			static const char from[] = "nrtb", to[] = "\n\r\t\b";
			const char *known = strchr(from, p[++i]);
			c = known ? to[known - from] : p[i];
		}
		*d++ = c;
	}
	*text = p + n + 1;
	return ret;
}

size_t lex_group(const char *p)
{
	size_t open = 0;
	char quote = 0;
	for (size_t i = 0; p[i]; i++) {
		char c = p[i];
		if (quote) {
			if (c == '\\' && p[i + 1])
				i++;
			else if (c == quote)
				quote = 0;
		} else if (c == '"' || c == '\'') {
			quote = c;
		} else if (c == '(' || c == '[') {
			open++;
		} else if ((c == ')' || c == ']') && --open == 0) {
			return i + 1;
		}
	}
	return 0;
}
