// SPDX-License-Identifier: Apache-2.0
// undname_rust_legacy.c: Rust names before v0: Itanium names with a hash at the end, and escapes for what C++ names
// cannot hold (rustc's symbol_names/legacy.rs).
#include "pdb/undname_int.h"

#include <string.h>

void und_put_suffix(struct und *u, const char *p, const char *end)
{
	if (p == end)
		return;
	und_put(u, " (");
	und_putn(u, p, (size_t)(end - p));
	und_put(u, ")");
}

// $LT$ and the like; their length, or 0.
static size_t escape(struct und *u, const char *p, size_t n)
{
	static const struct {
		const char *code, *text;
	} known[] = { { "$SP$", "@" }, { "$BP$", "*" }, { "$RF$", "&" }, { "$LT$", "<" },
		      { "$GT$", ">" }, { "$LP$", "(" }, { "$RP$", ")" }, { "$C$", "," } };
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		size_t len = strlen(known[i].code);
		if (n >= len && memcmp(p, known[i].code, len) == 0) {
			und_put(u, known[i].text);
			return len;
		}
	}
	uint32_t c = 0;
	size_t i = 2;
	if (n < 4 || p[1] != 'u')
		return 0;
	for (; i < n && i < 8 && (und_is_digit(p[i]) || (p[i] >= 'a' && p[i] <= 'f')); i++)
		c = c << 4 | (uint32_t)(und_is_digit(p[i]) ? p[i] - '0' : p[i] - 'a' + 10);
	bool printable =
		c >= 0x20 && c != 0x7f && c <= 0x10ffff && !(c >= 0x80 && c < 0xa0) && !(c >= 0xd800 && c < 0xe000);
	if (i == 2 || i >= n || p[i] != '$' || !printable)
		return 0;
	und_put_utf8(u, c);
	return i + 1;
}

static void put_legacy(struct und *u, const char *p, size_t n)
{
	const char *end = p + n;
	if (n > 1 && p[0] == '_' && p[1] == '$')
		p++;
	while (p < end && !und_bad(u)) {
		size_t len = *p == '$' ? escape(u, p, (size_t)(end - p)) : 0;
		if (*p == '$' && !len) { // what is no escape ends them
			und_putn(u, p, (size_t)(end - p));
			return;
		}
		if (!len && end - p > 1 && p[0] == '.' && p[1] == '.') {
			und_put(u, "::");
			len = 2;
		} else if (!len) {
			und_put_ch(u, *p);
			len = 1;
		}
		p += len;
	}
}

// The next part of the name, after its length; NULL at E or when it is broken.
static const char *legacy_part(const char **p, const char *end, size_t *n)
{
	*n = 0;
	const char *q = *p;
	for (; q < end && und_is_digit(*q) && *n <= LIMIT_UNDNAME_INPUT; q++)
		*n = *n * 10 + (size_t)(*q - '0');
	if (q == *p || *n > (size_t)(end - q) || !*n)
		return NULL;
	*p = q + *n;
	return q;
}

static bool is_hash(const char *p, size_t n)
{
	return n == 17 && *p == 'h' && strspn(p + 1, "0123456789abcdef") >= 16;
}

// Where the last part of _ZN...17h<hash>E begins (at its length); NULL when it is not of that form.
static const char *legacy_hash(const char *p, const char *end)
{
	const char *last = NULL, *part = NULL, *at = p;
	size_t n, parts = 0, n_last = 0;
	for (const char *q; (at = p, q = legacy_part(&p, end, &n)); parts++) {
		last = at;
		part = q;
		n_last = n;
	}
	return parts > 1 && p < end && *p == 'E' && is_hash(part, n_last) ? last : NULL;
}

void und_read_legacy(struct und *u)
{
	const char *p = u->p + strspn(u->p, "_") + 2, *hash = legacy_hash(p, u->end), *part;
	if (!hash) {
		und_fail(u, E_NOTFOUND, "not a decorated name");
		return;
	}
	size_t n;
	for (bool first = true; p < hash && (part = legacy_part(&p, u->end, &n)); first = false) {
		und_put(u, first ? "" : "::");
		put_legacy(u, part, n);
	}
	enum { HASH = 20 }; // 17h<16 digits>E
	if (hash + HASH < u->end && hash[HASH] != '.')
		und_fail(u, E_CORRUPT, "decorated name goes on after its end");
	und_put_suffix(u, hash + HASH, u->end);
}
