// SPDX-License-Identifier: Apache-2.0
// undname_punycode.c: identifiers of Rust that are not ASCII: punycode (RFC 3492) with _ for its -.
#include "pdb/undname_int.h"

#include <string.h>

struct und_text {
	const char *p;
	size_t n;
};

static uint64_t adapt(uint64_t delta, uint64_t points, bool first)
{
	enum { BASE = 36, SKEW = 38, DAMP = 700, SPAN = 35, MOST = 26 };
	delta /= first ? (uint64_t)DAMP : 2;
	delta += delta / points;
	uint64_t k = 0;
	for (; delta > SPAN * MOST / 2; k += BASE)
		delta /= SPAN;
	return k + (SPAN + 1) * delta / (delta + SKEW);
}

// One distance of punycode (RFC 3492), added to *i; false when it is broken.
static bool punycode_delta(const struct und_text *id, size_t *at, uint64_t bias, uint64_t *i)
{
	uint64_t w = 1;
	for (uint64_t k = 36;; k += 36) {
		if (*at == id->n)
			return false;
		char c = id->p[(*at)++];
		uint64_t digit, add, t = k <= bias ? 1 : k >= bias + 26 ? 26 : k - bias;
		if (c >= 'a' && c <= 'z')
			digit = (uint64_t)(c - 'a');
		else if (und_is_digit(c))
			digit = (uint64_t)(c - '0') + 26;
		else
			return false;
		if (!mul_ok(digit, w, &add) || !add_ok(*i, add, i))
			return false;
		if (digit < t)
			return true;
		if (!mul_ok(w, 36 - t, &w))
			return false;
	}
}

static void put_punycode(struct und *u, const struct und_text *id)
{
	uint32_t *text = NEW_N(u->a, uint32_t, id->n + 1);
	size_t n = 0, at = 0;
	for (size_t i = id->n; i-- > 0;) { // Rust writes _ for punycode's -
		if (id->p[i] != '_')
			continue;
		for (; at < i; at++)
			text[n++] = (uint8_t)id->p[at];
		at++;
		break;
	}
	uint64_t bias = 72, c = 0x80, i = 0;
	for (bool first = true; at < id->n; first = false) {
		uint64_t old = i;
		// Each insertion moves what is behind it; that is work too.
		u->steps += n / 8;
		if (!und_enter(u) || !punycode_delta(id, &at, bias, &i)) {
			und_leave(u);
			und_fail(u, E_CORRUPT, "punycode breaks its rules");
			return;
		}
		und_leave(u);
		bias = adapt(i - old, n + 1, first);
		if (!add_ok(c, i / (n + 1), &c) || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
			und_fail(u, E_CORRUPT, "punycode breaks its rules");
			return;
		}
		i %= n + 1;
		memmove(text + i + 1, text + i, (n - i) * sizeof(*text));
		text[i++] = (uint32_t)c;
		n++;
	}
	for (size_t k = 0; k < n; k++)
		und_put_utf8(u, text[k]);
}

void und_put_punycode(struct und *u, const char *p, size_t n)
{
	put_punycode(u, &(struct und_text){ p, n });
}
