// SPDX-License-Identifier: Apache-2.0
// known.c: structs of Windows that dt shows in words: list heads, counted strings, 64-bit halves, GUIDs.
#include "value/value_int.h"

#include <inttypes.h>

// dt knows them under their tag; headers differ in the underscore.
static bool is_named(const struct type *t, const char *name)
{
	return str_eq(t->name + (t->name[0] == '_'), name);
}

static const char *list_text(struct value_env *e, const struct value *v)
{
	uint64_t f, b;
	struct value flink;
	if (!value_named(v, "Flink", &flink) || !value_uint(e, &flink, &f) || !value_field_uint(e, v, "Blink", &b))
		return NULL;
	if (flink.type.size == 4)
		return arena_printf(e->a, "[ 0x%" PRIx64 " - 0x%" PRIx64 " ]", f, b);
	return arena_printf(e->a, "[ %s - %s ]", value_pointer_number(e->a, 8, f), value_pointer_number(e->a, 8, b));
}

static const char *counted_text(struct value_env *e, const struct value *v, unsigned width)
{
	uint64_t bytes, buffer;
	if (!value_field_uint(e, v, "Length", &bytes) || !value_field_uint(e, v, "Buffer", &buffer))
		return NULL;
	if (!buffer || !bytes)
		return "\"\"";
	return value_quoted(e, buffer, width, bytes / width, true);
}

static const char *quad_text(struct value_env *e, const struct value *v)
{
	uint64_t u;
	if (!value_field_uint(e, v, "QuadPart", &u))
		return NULL;
	return u >> 32 ? value_pointer_number(e->a, 8, u) : arena_printf(e->a, "0x%" PRIx64, u);
}

static const char *filetime_text(struct value_env *e, const struct value *v)
{
	uint64_t low, high;
	if (!value_field_uint(e, v, "dwLowDateTime", &low) || !value_field_uint(e, v, "dwHighDateTime", &high))
		return NULL;
	return high ? value_pointer_number(e->a, 8, high << 32 | low) : arena_printf(e->a, "0x%" PRIx64, low);
}

static const char *guid_text(struct value_env *e, const struct value *v)
{
	uint8_t g[16];
	if (v->type.size != sizeof(g) || !value_read(e, v, 0, g, sizeof(g)))
		return NULL;
	return arena_printf(e->a, "{%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x}", (unsigned)le_get(g, 4),
			    (unsigned)le_get(g + 4, 2), (unsigned)le_get(g + 6, 2), g[8], g[9], g[10], g[11], g[12],
			    g[13], g[14], g[15]);
}

const char *value_known(struct value_env *e, const struct value *v)
{
	const struct type *t = &v->type;
	if (is_named(t, "LIST_ENTRY") || is_named(t, "LIST_ENTRY32") || is_named(t, "LIST_ENTRY64"))
		return list_text(e, v);
	if (is_named(t, "UNICODE_STRING"))
		return counted_text(e, v, 2);
	if (is_named(t, "STRING"))
		return counted_text(e, v, 1);
	if (is_named(t, "LARGE_INTEGER") || is_named(t, "ULARGE_INTEGER"))
		return quad_text(e, v);
	if (is_named(t, "FILETIME"))
		return filetime_text(e, v);
	if (is_named(t, "GUID"))
		return guid_text(e, v);
	return NULL;
}
