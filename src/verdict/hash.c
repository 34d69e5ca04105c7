// SPDX-License-Identifier: Apache-2.0
// hash.c: FAILURE_ID_HASH. The algorithm is not published; it reproduces the pairs of bucket and hash in public
// debugger output (tests/unit/verdict.c has 17).
#include "base/md5.h"
#include "verdict/verdict.h"

#include <string.h>

// The next code point of UTF-8 text; a byte that is no UTF-8 stands for itself.
static uint32_t next_char(const unsigned char **p)
{
	const unsigned char *s = *p;
	unsigned more = s[0] >= 0xf0 ? 3 : s[0] >= 0xe0 ? 2 : s[0] >= 0xc0 ? 1 : 0;
	uint32_t c = more == 3 ? s[0] & 7u : more == 2 ? s[0] & 15u : more == 1 ? s[0] & 31u : s[0];
	for (unsigned i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			*p = s + 1;
			return s[0];
		}
		c = c << 6 | (s[i] & 0x3fu);
	}
	*p = s + 1 + more;
	return c;
}

static void put_unit(uint8_t *out, size_t *n, uint32_t unit)
{
	out[(*n)++] = (uint8_t)unit;
	out[(*n)++] = (uint8_t)(unit >> 8);
}

// Only A to Z are lowered: no letter beyond them was seen in a bucket whose hash is known.
static struct span lower_utf16(struct arena *a, const char *text)
{
	uint8_t *out = NEW_N(a, uint8_t, 2 * strlen(text) + 2);
	size_t n = 0;
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		uint32_t c = next_char(&p);
		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if (c >= 0x10000 && c <= 0x10ffff) {
			put_unit(out, &n, 0xd800 + ((c - 0x10000) >> 10));
			put_unit(out, &n, 0xdc00 + (c & 0x3ff));
		} else {
			put_unit(out, &n, c);
		}
	}
	return (struct span){ out, n };
}

const char *verdict_hash(struct arena *a, bool kernel, const char *bucket)
{
	uint8_t h[16];
	md5(lower_utf16(a, arena_printf(a, "%s:%s", kernel ? "km" : "um", bucket)), h);
	return arena_printf(a, "{%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x}", (unsigned)le_get(h, 4),
			    (unsigned)le_get(h + 4, 2), (unsigned)le_get(h + 6, 2), h[8], h[9], h[10], h[11], h[12],
			    h[13], h[14], h[15]);
}
