// SPDX-License-Identifier: Apache-2.0
// process.c: what a process object of the kernel says of its image. SeAuditProcessCreationInfo is a pointer to an
// OBJECT_NAME_INFORMATION, which begins with a UNICODE_STRING (public symbols, ntifs.h).
#include "win/process.h"

#include "base/str.h"

#include <string.h>

const char *process_whole_name(struct session *s, struct arena *a, va_t process, const char *short_name)
{
	enum { SHORT_NAME = 14 };
	const struct target *t = s->target;
	unsigned p = t->ptr_bytes;
	va_t at = layout_address(s, process, "_EPROCESS", "SeAuditProcessCreationInfo");
	uint64_t info, buffer;
	uint16_t bytes;
	if (strlen(short_name) < SHORT_NAME || !at || !space_ptr(t->space, at, p, &info) || !info ||
	    !space_u16(t->space, info, &bytes) || !bytes || bytes % 2 || !space_ptr(t->space, info + p, p, &buffer))
		return short_name;
	uint8_t *raw = arena_alloc(a, bytes, 1);
	if (!space_read_all(t->space, buffer, raw, bytes))
		return short_name;
	const char *name = path_base(utf16_to_utf8(a, (struct span){ raw, bytes }));
	return strncmp(name, short_name, SHORT_NAME) ? short_name : name;
}
