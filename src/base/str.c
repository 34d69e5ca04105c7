// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <stdio.h>
#include <string.h>

static void reserve(struct sb *s, size_t more)
{
	if (s->cap - s->n > more)
		return;
	size_t cap = MAX(s->cap * 2, s->n + more + 1);
	cap = MAX(cap, (size_t)64);
	char *p = NEW_N(s->a, char, cap);
	if (s->n)
		memcpy(p, s->p, s->n);
	s->p = p;
	s->cap = cap;
}

void sb_addn(struct sb *s, const char *text, size_t n)
{
	reserve(s, n);
	if (n)
		memcpy(s->p + s->n, text, n);
	s->n += n;
	s->p[s->n] = 0;
}

void sb_add(struct sb *s, const char *text)
{
	sb_addn(s, text, strlen(text));
}

void sb_ch(struct sb *s, char c)
{
	sb_addn(s, &c, 1);
}

void sb_printf(struct sb *s, const char *fmt, ...)
{
	va_list ap, ap2;
	va_start(ap, fmt);
	va_copy(ap2, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 0) {
		reserve(s, (size_t)n);
		vsnprintf(s->p + s->n, (size_t)n + 1, fmt, ap2);
		s->n += (size_t)n;
	}
	va_end(ap2);
}

const char *sb_str(const struct sb *s)
{
	return s->p ? s->p : "";
}

static void put_utf8(char **d, uint32_t c)
{
	char *p = *d;
	if (c < 0x80) {
		*p++ = (char)c;
	} else if (c < 0x800) {
		*p++ = (char)(0xc0 | c >> 6);
		*p++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*p++ = (char)(0xe0 | c >> 12);
		*p++ = (char)(0x80 | (c >> 6 & 63));
		*p++ = (char)(0x80 | (c & 63));
	} else {
		*p++ = (char)(0xf0 | c >> 18);
		*p++ = (char)(0x80 | (c >> 12 & 63));
		*p++ = (char)(0x80 | (c >> 6 & 63));
		*p++ = (char)(0x80 | (c & 63));
	}
	*d = p;
}

char *utf16_to_utf8(struct arena *a, struct span b)
{
	size_t units = b.n / 2;
	char *ret = NEW_N(a, char, units * 3 + 1), *d = ret;
	for (size_t i = 0; i < units; i++) {
		uint32_t c = (uint32_t)le_get(b.p + 2 * i, 2);
		if (!c)
			break;
		if (c >= 0xd800 && c < 0xe000) {
			uint32_t lo = i + 1 < units ? (uint32_t)le_get(b.p + 2 * i + 2, 2) : 0;
			if (c < 0xdc00 && lo >= 0xdc00 && lo < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (lo - 0xdc00);
				i++;
			} else {
				c = 0xfffd;
			}
		}
		put_utf8(&d, c);
	}
	*d = 0;
	return ret;
}

// Length of the UTF-8 sequence at p, or 0 when it is not valid (overlong forms and surrogates are not).
static size_t utf8_len(const uint8_t *p, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
	if (len <= 1 || len > n)
		return len <= 1 ? len : 0;
	uint32_t c = p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		c = c << 6 | (p[i] & 63);
	}
	return c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ? 0 : len;
}

char *bytes_to_utf8(struct arena *a, struct span b)
{
	size_t n = 0;
	while (n < b.n && b.p[n])
		n++;
	bool valid = true;
	for (size_t i = 0; valid && i < n;) {
		size_t len = utf8_len(b.p + i, n - i);
		valid = len != 0;
		i += len;
	}
	if (valid)
		return arena_strndup(a, (const char *)b.p, n);
	char *ret = NEW_N(a, char, n * 2 + 1), *d = ret;
	for (size_t i = 0; i < n; i++)
		put_utf8(&d, b.p[i]);
	*d = 0;
	return ret;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool str_ieq(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b))
		a++, b++;
	return lower(*a) == lower(*b);
}

bool str_ieqn(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (lower(a[i]) != lower(b[i]))
			return false;
		if (!a[i])
			return true;
	}
	return true;
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_iends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);
	return n >= m && str_ieq(s + n - m, suffix);
}

const char *path_base(const char *path)
{
	const char *base = path;
	for (const char *p = path; *p; p++)
		if (*p == '/' || *p == '\\')
			base = p + 1;
	return base;
}

// One pattern element: a character, \ and a wildcard taken literally, ?, or a [set]. Returns its end; *hit says whether
// it takes c.
static const char *element(const char *p, char c, bool *hit)
{
	if (*p == '\\' && p[1] && strchr("#?[]*+", p[1])) {
		*hit = p[1] == c;
		return p + 2;
	}
	if (*p != '[') {
		*hit = *p == '?' || lower(*p) == lower(c);
		return p + 1;
	}
	const char *end = strchr(p + 1, ']');
	if (!end) {
		*hit = c == '[';
		return p + 1;
	}
	*hit = false;
	for (const char *q = p + 1; q < end; q++) {
		char lo = lower(*q), hi = lo;
		if (q + 2 < end && q[1] == '-') {
			hi = lower(q[2]);
			q += 2;
		}
		if (lower(c) >= lo && lower(c) <= hi)
			*hit = true;
	}
	return end + 1;
}

// The set of pattern positions that can be active, advanced character by character: O(pattern * text), no
// recursion. `#` and `+` follow an element and repeat it.
bool str_wild(const char *pattern, const char *s)
{
	enum { MAX_PATTERN = 1024 };
	size_t m = strlen(pattern);
	if (m >= MAX_PATTERN)
		return false;
	bool cur[MAX_PATTERN + 1] = { true }, next[MAX_PATTERN + 1];
	for (;; s++) {
		for (size_t i = 0; i < m; i++) { // moves that take no character
			if (!cur[i])
				continue;
			bool hit;
			size_t e = pattern[i] == '*' ? i + 1 : (size_t)(element(pattern + i, 0, &hit) - pattern);
			if (pattern[i] == '*')
				cur[i + 1] = true;
			else if (pattern[e] == '#')
				cur[e + 1] = true;
		}
		if (!*s)
			return cur[m];
		memset(next, 0, m + 1);
		bool any = false;
		for (size_t i = 0; i < m; i++) {
			if (!cur[i])
				continue;
			if (pattern[i] == '*') {
				next[i] = any = true;
				continue;
			}
			bool hit;
			size_t e = (size_t)(element(pattern + i, *s, &hit) - pattern);
			if (!hit)
				continue;
			any = true;
			if (pattern[e] == '#') {
				next[i] = true;
			} else if (pattern[e] == '+') {
				next[i] = next[e + 1] = true;
			} else {
				next[e] = true;
			}
		}
		if (!any)
			return false;
		memcpy(cur, next, m + 1);
	}
}

const char *guid_put(char buf[GUID_TEXT], const uint8_t guid[16])
{
	static const uint8_t order[16] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf[n++] = '-';
		buf[n++] = digits[guid[order[i]] >> 4];
		buf[n++] = digits[guid[order[i]] & 15];
	}
	buf[n] = 0;
	return buf;
}
