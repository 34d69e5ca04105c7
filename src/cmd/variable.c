// SPDX-License-Identifier: Apache-2.0
// variable.c: numbers, pointers with the text they point at, and the names of types for everything larger.
#include "cmd/variable.h"

#include "base/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MOST = 260 };

static bool bytes_of(const struct session *s, const struct local *l, uint8_t *buf, size_t n)
{
	if (l->in_memory)
		return space_read_all(s->target->space, l->va, buf, n);
	if (l->bytes.n < n)
		return false;
	memcpy(buf, l->bytes.p, n);
	return true;
}

static const char *pointer(const struct session *s, struct arena *a, uint64_t v)
{
	return s->target->ptr_bytes == 8
		       ? arena_printf(a, "0x%08" PRIx32 "`%08" PRIx32, (uint32_t)(v >> 32), (uint32_t)v)
		       : arena_printf(a, "0x%08" PRIx32, (uint32_t)v);
}

// The characters at va in quotes, to a NUL; NULL: the first is not readable.
static const char *quoted(const struct session *s, struct arena *a, va_t va, unsigned width)
{
	struct sb sb = sb_new(a);
	uint8_t ch[2] = { 0 };
	sb_ch(&sb, '"');
	for (unsigned i = 0; i < TEXT_MOST; i++) {
		if (!space_read_all(s->target->space, va + (uint64_t)i * width, ch, width)) {
			if (!i)
				return NULL;
			break;
		}
		unsigned v = (unsigned)le_get(ch, width);
		if (!v)
			break;
		sb_ch(&sb, v >= 0x20 && v < 0x7f ? (char)v : '?');
	}
	sb_ch(&sb, '"');
	return sb_str(&sb);
}

struct enumerator {
	int64_t value;
	const char *name;
};

static bool is_value(void *ctx, const struct type_member *m)
{
	struct enumerator *w = ctx;
	if (m->kind == MEMBER_ENUMERATOR && m->value == w->value)
		w->name = m->name;
	return !w->name;
}

static int64_t extended(uint64_t v, uint64_t size)
{
	return size < 8 && v >> (8 * size - 1) & 1 ? (int64_t)(v | UINT64_MAX << 8 * size) : (int64_t)v;
}

static const char *scalar(const struct session *s, struct arena *a, const struct type *t, uint64_t v)
{
	struct type to;
	switch (t->kind) {
	case TYPE_BOOL:
		return v ? "true" : "false";
	case TYPE_CHAR:
		return v >= 0x20 && v < 0x7f ? arena_printf(a, "0n%" PRId64 " '%c'", extended(v, t->size), (char)v)
					     : arena_printf(a, "0n%" PRId64 " ''", extended(v, t->size));
	case TYPE_INT:
		return arena_printf(a, "0n%" PRId64, extended(v, t->size));
	case TYPE_ENUM: {
		struct enumerator w = { extended(v, t->size), NULL };
		type_members(t, is_value, &w);
		return w.name ? arena_printf(a, "%s (0n%" PRId64 ")", w.name, w.value)
			      : arena_printf(a, "0n%" PRId64 " (No matching enumerant)", w.value);
	}
	case TYPE_POINTER: {
		const char *text = NULL;
		if (v && type_target(t, &to) && to.kind == TYPE_CHAR && (to.size == 1 || to.size == 2))
			text = quoted(s, a, v, (unsigned)to.size);
		return text ? arena_printf(a, "%s %s", pointer(s, a, v), text) : pointer(s, a, v);
	}
	default:
		return v < 10 ? arena_printf(a, "%" PRIu64, v) : arena_printf(a, "0x%" PRIx64, v);
	}
}

static const char *array(const struct session *s, struct arena *a, const struct local *l)
{
	struct type elem;
	const char *name = type_c_text(a, &l->type, NULL);
	bool text =
		l->in_memory && type_target(&l->type, &elem) && elem.kind == TYPE_CHAR && elem.size <= 2 && elem.size;
	const char *q = text ? quoted(s, a, l->va, (unsigned)elem.size) : NULL;
	return q ? arena_printf(a, "%s %s", name, q) : name;
}

static const char *real(struct arena *a, const uint8_t *buf, uint64_t size)
{
	float f;
	double d;
	memcpy(&d, buf, sizeof(d));
	memcpy(&f, buf, sizeof(f));
	return arena_printf(a, "%.*g", size == 4 ? 8 : 16, size == 4 ? (double)f : d);
}

struct variable_text variable_text(struct session *s, struct arena *a, const struct local *l)
{
	static const char *const gone = "<value unavailable>";
	uint8_t buf[8] = { 0 };
	const struct type *t = &l->type;
	if (!l->in_memory && !l->bytes.n)
		return (struct variable_text){ gone, l->why };
	if (!l->has_type)
		return (struct variable_text){ gone, "its type is not recorded" };
	if (type_is_udt(t) || t->kind == TYPE_UNION)
		return (struct variable_text){ type_c_text(a, t, NULL), NULL };
	if (t->kind == TYPE_ARRAY)
		return (struct variable_text){ array(s, a, l), NULL };
	if (!t->size || t->size > sizeof(buf))
		return (struct variable_text){ type_c_text(a, t, NULL), NULL };
	if (!bytes_of(s, l, buf, (size_t)t->size))
		return (struct variable_text){ "??", l->in_memory ? "its memory is not readable"
								  : "only a part of it is known" };
	if (t->kind == TYPE_FLOAT && (t->size == 4 || t->size == 8))
		return (struct variable_text){ real(a, buf, t->size), NULL };
	return (struct variable_text){ scalar(s, a, t, le_get(buf, (unsigned)t->size)), NULL };
}
