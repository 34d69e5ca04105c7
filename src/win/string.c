// SPDX-License-Identifier: Apache-2.0
// string.c: text of the target, as scripts and structures hold it.
#include "win/string.h"

#include "base/limits.h"
#include "base/str.h"

#include <string.h>

// Up to n bytes from va on, as far as they are there.
static struct span bytes_at(const struct target *t, struct arena *a, va_t va, size_t n)
{
	uint8_t *p = NEW_N(a, uint8_t, n + 2);
	size_t got = 0;
	err_t e = space_read(t->space, va, p, n, &got);
	return (struct span){ p, e.code ? 0 : got };
}

static const char *text_of(struct arena *a, struct span b, bool wide)
{
	if (wide)
		return utf16_to_utf8(a, b);
	const uint8_t *end = memchr(b.p, 0, b.n);
	return bytes_to_utf8(a, (struct span){ b.p, end ? (size_t)(end - b.p) : b.n });
}

// Most texts are short: the read grows until it holds the end.
static bool has_end(struct span b, bool wide)
{
	if (!wide)
		return memchr(b.p, 0, b.n) != NULL;
	for (size_t i = 0; i + 1 < b.n; i += 2)
		if (!b.p[i] && !b.p[i + 1])
			return true;
	return false;
}

static err_t absent(const struct target *t, struct arena *a, va_t va)
{
	return fail(E_ABSENT,
		    arena_printf(a, "Unable to read the string at %llx: %s", (unsigned long long)va,
				 space_why_text(space_why(t->space, va))),
		    va);
}

err_t win_string(const struct target *t, struct arena *a, va_t va, bool wide, const char **ret)
{
	struct span b = { NULL, 0 };
	for (size_t n = 256; n <= LIMIT_NAME_BYTES; n *= 4) {
		b = bytes_at(t, a, va, n);
		if (b.n < n || has_end(b, wide))
			break;
	}
	if (b.n < 1u + wide)
		return absent(t, a, va);
	*ret = text_of(a, b, wide);
	return ok();
}

err_t win_string_counted(const struct target *t, struct arena *a, va_t va, bool wide, const char **ret)
{
	uint16_t length;
	uint64_t buffer;
	if (!space_u16(t->space, va, &length) || !space_ptr(t->space, va + t->ptr_bytes, t->ptr_bytes, &buffer))
		return absent(t, a, va);
	struct span b = bytes_at(t, a, buffer, length);
	if (length && b.n < 1u + wide)
		return absent(t, a, buffer);
	*ret = text_of(a, b, wide);
	return ok();
}
