// SPDX-License-Identifier: Apache-2.0
// process.c: what a process object of the kernel says of its image. SeAuditProcessCreationInfo is a pointer to an
// OBJECT_NAME_INFORMATION, which begins with a UNICODE_STRING (public symbols, ntifs.h).
#include "win/process.h"

#include "base/str.h"
#include "target/kernel.h"
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

// ImageFileName, from memory or from a small dump's copy of the current process.
static bool read_short_name(const struct target *t, va_t process, uint32_t off, uint8_t *name, size_t n)
{
	const struct dump_triage *tr = t->kernel->facts->triage;
	if (process && space_read_all(t->space, process + off, name, n))
		return true;
	if (!tr || process != t->kernel->process)
		return false;
	struct span copy = span_sub(tr->process.bytes, off, n);
	if (copy.n)
		memcpy(name, copy.p, copy.n);
	return copy.n != 0;
}

const char *process_image(struct session *s, struct arena *a, va_t process, const char **why_ret)
{
	enum { NAME_BYTES = 15 };
	uint8_t name[NAME_BYTES] = { 0 };
	struct layout_field f = { 0 };
	const char *unused = NULL, **why = why_ret ? why_ret : &unused;
	*why = "the place of its name is not known for this build";
	if (!layout_field(s, "_EPROCESS", "ImageFileName", &f))
		return NULL;
	*why = "the process object is not in the dump";
	if (!read_short_name(s->target, process, f.offset, name, sizeof(name)))
		return NULL;
	*why = "what stands in the place of its name is no name";
	size_t n = strnlen((const char *)name, sizeof(name));
	for (size_t i = 0; i < n; i++)
		if (name[i] < 0x20 || name[i] == 0x7f || (name[i] > 0x7f && f.from != LAYOUT_TYPES))
			return NULL;
	return n ? process_whole_name(s, a, process, bytes_to_utf8(a, (struct span){ name, n })) : NULL;
}
