// SPDX-License-Identifier: Apache-2.0
// visual.c: what stands for an object in one line where its type has a view of its own: the strings, large integers and
// GUIDs of Windows, as recorded output shows them.
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "dx/dx_int.h"
#include "value/value.h"

static const char *counted(struct dx *x, const struct value *v, unsigned width)
{
	uint64_t length, buffer;
	struct value part;
	struct value_env e = *x->scope->env; // what cannot be read is no error of the object
	if (!value_named(v, "Length", &part) || !value_uint(&e, &part, &length) || !value_named(v, "Buffer", &part) ||
	    !value_uint(&e, &part, &buffer))
		return NULL;
	if (!length)
		return "\"\"";
	uint8_t first;
	if (!e.space || !space_read_all(e.space, buffer, &first, 1))
		return NULL;
	return value_quoted(&e, buffer, width, length / width, true);
}

static const char *unicode(struct dx *x, const struct value *v)
{
	return counted(x, v, 2);
}

static const char *ansi(struct dx *x, const struct value *v)
{
	return counted(x, v, 1);
}

static const char *large(struct dx *x, const struct value *v)
{
	uint8_t raw[8];
	struct value_env e = *x->scope->env;
	if (!value_read(&e, v, 0, raw, sizeof(raw)))
		return NULL;
	uint64_t u = le_get(raw, sizeof(raw));
	return str_eq(v->type.name, "_LARGE_INTEGER") ? arena_printf(x->a, "{%" PRId64 "}", (int64_t)u)
						      : arena_printf(x->a, "{%" PRIu64 "}", u);
}

static const char *guid(struct dx *x, const struct value *v)
{
	uint8_t raw[16];
	char buf[GUID_TEXT];
	struct value_env e = *x->scope->env;
	if (!value_read(&e, v, 0, raw, sizeof(raw)))
		return NULL;
	return arena_printf(x->a, "{%s}", guid_put(buf, raw));
}

static const struct {
	const char *type;
	uint64_t size[2]; // with pointers of 4 and 8 bytes
	const char *(*text)(struct dx *x, const struct value *v);
} visuals[] = {
	{ "_UNICODE_STRING", { 8, 16 }, unicode },
	{ "_STRING", { 8, 16 }, ansi },
	{ "_LARGE_INTEGER", { 8, 8 }, large },
	{ "_ULARGE_INTEGER", { 8, 8 }, large },
	{ "_GUID", { 16, 16 }, guid },
};

const char *dx_visual(struct dx *x, const struct value *v)
{
	bool wide = x->scope->ptr_bytes == 8;
	for (size_t i = 0; v->type.name && i < ARRAY_LEN(visuals); i++)
		if (str_eq(v->type.name, visuals[i].type) && v->type.size == visuals[i].size[wide])
			return visuals[i].text(x, v);
	return NULL;
}
