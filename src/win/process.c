// SPDX-License-Identifier: Apache-2.0
// process.c: what a process object of the kernel says of its image. SeAuditProcessCreationInfo is a pointer to an
// OBJECT_NAME_INFORMATION, which begins with a UNICODE_STRING (public symbols, ntifs.h).
#include "win/process.h"

#include "base/str.h"
#include "target/records.h"

#include <string.h>

const char *process_whole_name(struct session *s, struct arena *a, va_t process, const char *short_name)
{
	enum { SHORT_NAME = 14 };
	const struct target *t = s->target;
	va_t at = layout_address(s, process, "_EPROCESS", "SeAuditProcessCreationInfo");
	uint64_t info;
	if (strlen(short_name) < SHORT_NAME || !at || !space_ptr(t->space, at, t->ptr_bytes, &info) || !info)
		return short_name;
	const char *path = target_unicode_string(t, a, info);
	if (!path)
		return short_name;
	const char *name = path_base(path);
	return strncmp(name, short_name, SHORT_NAME) ? short_name : name;
}
