// SPDX-License-Identifier: Apache-2.0
// undname_ms_text.c: string literals: ??_C@_0 or _1 (wide), length in bytes, checksum, the first 32 characters. A plain
// literal does not say whether its characters have one, two or four bytes; as LLVM does, zeros tell.
#include "pdb/undname_ms_int.h"

#include <string.h>

enum { MAX_BYTES = 128 }; // 32 characters of four bytes

static bool nibbles(const struct und *u)
{
	char a = und_look(u, 0), b = und_look(u, 1);
	return a >= 'A' && a <= 'P' && b >= 'A' && b <= 'P';
}

static uint8_t byte(struct ms *m)
{
	static const char punctuation[] = ",/\\:. \n\t'-";
	struct und *u = &m->u;
	if (u->p >= u->end) {
		ms_broken(m);
		return 0;
	}
	char c = *u->p++;
	if (c != '?')
		return (uint8_t)c;
	c = und_look(u, 0);
	u->p += u->p < u->end;
	if (und_is_digit(c))
		return (uint8_t)punctuation[c - '0'];
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(0xe1 + (c - 'a'));
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(0xc1 + (c - 'A'));
	if (c != '$' || !nibbles(u)) {
		ms_broken(m);
		return 0;
	}
	u->p += 2;
	return (uint8_t)((u->p[-2] - 'A') << 4 | (u->p[-1] - 'A'));
}

static void escape(struct sb *out, uint32_t c)
{
	static const char from[] = "\'\"\\\a\b\f\n\r\t\v", to[] = "'\"\\abfnrtv";
	const char *at = c && c < 0x80 ? strchr(from, (int)c) : NULL;
	if (!c)
		sb_add(out, "\\0");
	else if (at)
		sb_printf(out, "\\%c", to[at - from]);
	else if (c > 0x1f && c < 0x7f)
		sb_ch(out, (char)c);
	else // whole bytes
		sb_printf(out, c > 0xffffff ? "\\x%08X" : c > 0xffff ? "\\x%06X" : c > 0xff ? "\\x%04X" : "\\x%02X", c);
}

// Bytes of a character in text of n bytes, of which `total` were there.
static unsigned width(const uint8_t *text, size_t n, uint64_t total)
{
	size_t zeros = 0, tail = 0;
	for (size_t i = 0; i < n; i++) {
		zeros += !text[i];
		tail = text[i] ? 0 : tail + 1;
	}
	if (total % 2)
		return 1;
	if (total < 32)
		return tail >= 4 && total % 4 == 0 ? 4 : tail >= 2 ? 2 : 1;
	return zeros >= 2 * n / 3 && total % 4 == 0 ? 4 : zeros >= n / 3 ? 2 : 1;
}

// Where literals of several modules may not be merged, a checksum of the module follows.
static void module_checksum(struct und *u)
{
	enum { MOST_DIGITS = 8 };
	size_t n = 0;
	while (und_look(u, n) >= 'A' && und_look(u, n) <= 'P')
		n++;
	if (n && n <= MOST_DIGITS && und_look(u, n) == '@' && und_left(u) == n + 1)
		u->p = u->end;
}

struct ms_node *ms_string(struct ms *m)
{
	struct und *u = &m->u;
	bool wide = und_eat(u, "@_1"), negative;
	if (!wide && !und_eat(u, "@_0"))
		return ms_broken(m);
	uint64_t total = ms_number(m, &negative);
	const char *at = und_left(u) ? memchr(u->p, '@', und_left(u)) : NULL; // after the checksum
	if (!at || at + 1 >= u->end || negative || total < (wide ? 2 : 1) || (wide && total % 2))
		return ms_broken(m);
	u->p = at + 1;
	// Some compilers wrote a second @ after a checksum of fewer than eight digits.
	if (und_left(u) > 1)
		und_eat_ch(u, '@');
	uint8_t text[MAX_BYTES] = { 0 };
	size_t n = 0;
	while (!und_eat_ch(u, '@')) {
		if (n == MAX_BYTES)
			return ms_broken(m);
		text[n++] = byte(m);
		if (und_bad(u))
			return NULL;
	}
	module_checksum(u);
	if (wide && (n % 2 || n > total))
		return ms_broken(m);
	bool cut = wide ? total > 64 : total > n;
	unsigned w = wide ? 2 : width(text, n, total);
	struct sb out = sb_new(u->a);
	sb_add(&out, wide ? "L\"" : w == 1 ? "\"" : w == 2 ? "u\"" : "U\"");
	for (size_t i = 0; i < n / w; i++) {
		uint32_t c = wide ? (uint32_t)(text[2 * i] << 8 | text[2 * i + 1]) : (uint32_t)le_get(text + i * w, w);
		// The zero at the end is left out; of a wide string by its length.
		if (cut || (wide ? (i + 1) * 2 != total : i + 1 < n / w))
			escape(&out, c);
	}
	sb_add(&out, cut ? "\"..." : "\"");
	return ms_text(m, MS_SYM_STRING, sb_str(&out));
}
