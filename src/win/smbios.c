// SPDX-License-Identifier: Apache-2.0
// smbios.c: walks SMBIOS tables: DSP0134 section 6.1.
#include "win/smbios.h"

#include <string.h>

enum { HEADER = 8, ENTRY_HEADER = 4 };

bool smbios_open(struct span raw, struct smbios *ret)
{
	if (raw.n < HEADER)
		return false;
	*ret = (struct smbios){
		.major = raw.p[1], .minor = raw.p[2], .dmi = raw.p[3], .length = (uint32_t)le_get(raw.p + 4, 4)
	};
	ret->tables = span_clip(raw, HEADER, ret->length);
	return ret->tables.n != 0;
}

bool smbios_next(const struct smbios *s, size_t *pos, struct smbios_entry *ret)
{
	struct span head = span_sub(s->tables, *pos, ENTRY_HEADER);
	if (!head.n || head.p[1] < ENTRY_HEADER)
		return false;
	ret->type = head.p[0];
	ret->handle = (uint16_t)le_get(head.p + 2, 2);
	ret->body = span_sub(s->tables, *pos, head.p[1]);
	if (!ret->body.n)
		return false;
	// Strings, each with its NUL; another NUL ends them. Without any, there are two.
	size_t from = *pos + head.p[1], at = from;
	while (at + 1 < s->tables.n && (s->tables.p[at] || s->tables.p[at + 1]))
		at++;
	ret->strings = span_clip(s->tables, from, at + 1 - from);
	*pos = at + 2;
	return true;
}

const char *smbios_string(struct arena *a, const struct smbios_entry *e, size_t at)
{
	unsigned n = at < e->body.n ? e->body.p[at] : 0;
	size_t from = 0;
	if (!n)
		return NULL;
	while (from < e->strings.n) {
		size_t len = strnlen((const char *)e->strings.p + from, e->strings.n - from);
		if (!len)
			return NULL;
		if (!--n)
			return bytes_to_utf8(a, (struct span){ e->strings.p + from, len });
		from += len + 1;
	}
	return NULL;
}
