// SPDX-License-Identifier: Apache-2.0
// value.c: bytes, numbers and parts of typed objects.
#include "value/value_int.h"

#include <stdlib.h>
#include <string.h>

static bool failed(struct value_env *e, va_t at)
{
	e->unreadable = true;
	e->unreadable_at = at;
	return false;
}

bool value_read(struct value_env *e, const struct value *v, uint64_t off, void *buf, size_t n)
{
	if (v->where == VALUE_MEMORY) {
		if (e->space && space_read_all(e->space, v->va + off, buf, n))
			return true;
		return failed(e, v->va + off);
	}
	struct span part = span_sub(v->bytes, off, n);
	if (v->where != VALUE_BYTES || part.n != n || !part.p)
		return false;
	memcpy(buf, part.p, n);
	return true;
}

// The type whose bytes are a bit field's, and an enum's.
static bool underlying(const struct type *t, struct type *ret)
{
	return (t->kind == TYPE_BITFIELD || t->kind == TYPE_ENUM) && type_target(t, ret);
}

static uint64_t storage_size(const struct type *t)
{
	struct type u;
	if (t->kind == TYPE_BITFIELD)
		return underlying(t, &u) ? u.size : t->size;
	if (t->kind == TYPE_POINTER && !t->size)
		return t->source->ptr_bytes;
	if (t->kind == TYPE_ENUM && !t->size)
		return underlying(t, &u) ? u.size : 0;
	return t->size;
}

bool value_is_scalar(const struct type *t)
{
	switch (t->kind) {
	case TYPE_BOOL:
	case TYPE_CHAR:
	case TYPE_INT:
	case TYPE_UINT:
	case TYPE_HRESULT:
	case TYPE_POINTER:
	case TYPE_ENUM:
	case TYPE_BITFIELD:
		return storage_size(t) >= 1 && storage_size(t) <= 8;
	default:
		return false;
	}
}

bool value_is_signed(const struct type *t)
{
	struct type u;
	if (underlying(t, &u))
		return u.kind == TYPE_INT || u.kind == TYPE_HRESULT || (u.kind == TYPE_ENUM && value_is_signed(&u));
	return t->kind == TYPE_INT || t->kind == TYPE_HRESULT || (t->kind == TYPE_CHAR && t->size == 1);
}

bool value_uint(struct value_env *e, const struct value *v, uint64_t *ret)
{
	uint8_t raw[8];
	uint64_t n = storage_size(&v->type);
	if (!value_is_scalar(&v->type) || !value_read(e, v, 0, raw, (size_t)n))
		return false;
	*ret = le_get(raw, (unsigned)n);
	if (v->type.kind != TYPE_BITFIELD)
		return true;
	if (!v->type.bits || v->type.pos >= 64)
		return false;
	*ret >>= v->type.pos;
	if (v->type.bits < 64)
		*ret &= ((uint64_t)1 << v->type.bits) - 1;
	return true;
}

bool value_int(struct value_env *e, const struct value *v, int64_t *ret)
{
	uint64_t u, bits = v->type.kind == TYPE_BITFIELD ? v->type.bits : storage_size(&v->type) * 8;
	if (!value_uint(e, v, &u))
		return false;
	if (bits < 64 && (u >> (bits - 1) & 1))
		u |= ~(uint64_t)0 << bits;
	*ret = (int64_t)u;
	return true;
}

// The 80-bit format; its integer bit is explicit.
static double extended(const uint8_t *raw)
{
	uint64_t mantissa = le_get(raw, 8);
	unsigned top = (unsigned)le_get(raw + 8, 2);
	long double x = (long double)mantissa;
	int shift = (int)(top & 0x7fff) - 16383 - 63;
	for (int i = shift; i > 0 && i < 20000; i--)
		x *= 2;
	for (int i = shift; i < 0 && i > -20000; i++)
		x /= 2;
	return (double)(top & 0x8000 ? -x : x);
}

bool value_double(struct value_env *e, const struct value *v, double *ret)
{
	uint8_t raw[10];
	float f;
	if (v->type.kind != TYPE_FLOAT || (v->type.size != 4 && v->type.size != 8 && v->type.size != 10) ||
	    !value_read(e, v, 0, raw, (size_t)v->type.size))
		return false;
	uint64_t u = le_get(raw, v->type.size == 4 ? 4 : 8);
	uint32_t low = (uint32_t)u;
	if (v->type.size == 4) {
		memcpy(&f, &low, sizeof(f));
		*ret = f;
	} else if (v->type.size == 8) {
		memcpy(ret, &u, sizeof(u));
	} else {
		*ret = extended(raw);
	}
	return true;
}

struct enumerator {
	uint64_t number, mask;
	const char *name;
	struct arena *a;
};

static bool match_enumerator(void *ctx, const struct type_member *m)
{
	struct enumerator *want = ctx;
	if (m->kind != MEMBER_ENUMERATOR || (((uint64_t)m->value ^ want->number) & want->mask) || !m->name)
		return true;
	want->name = arena_strdup(want->a, m->name);
	return false;
}

const char *value_enumerator(struct arena *a, const struct type *t, uint64_t number)
{
	uint64_t n = storage_size(t);
	struct enumerator want = { number, n < 8 ? ((uint64_t)1 << (8 * n)) - 1 : ~(uint64_t)0, NULL, a };
	type_members(t, match_enumerator, &want);
	return want.name;
}

// ---- parts
static struct value part(const struct value *v, const struct type *t, uint64_t off)
{
	struct value ret = { .type = *t, .where = v->where };
	if (v->where == VALUE_MEMORY)
		ret.va = v->va + off;
	if (v->where == VALUE_BYTES)
		ret.bytes = span_clip(v->bytes, off, SIZE_MAX);
	return ret;
}

bool value_member(const struct value *v, const struct type_member *m, struct value *ret)
{
	struct type t;
	if ((m->kind != MEMBER_DATA && m->kind != MEMBER_BASE && m->kind != MEMBER_VFPTR) ||
	    !type_get(v->type.source, m->type, &t))
		return false;
	*ret = part(v, &t, m->offset);
	return true;
}

bool value_named(const struct value *v, const char *name, struct value *ret)
{
	struct type_member m;
	return type_is_udt(&v->type) && type_member_named(&v->type, name, &m) && value_member(v, &m, ret);
}

bool value_element(const struct value *v, uint64_t i, struct value *ret)
{
	struct type t;
	uint64_t off;
	if (v->type.kind != TYPE_ARRAY || !type_target(&v->type, &t) || !mul_ok(i, t.size, &off) || i >= v->type.count)
		return false;
	*ret = part(v, &t, off);
	return true;
}

struct value value_nth(const struct type *elem, va_t first, uint64_t i)
{
	return value_at(elem, first + i * elem->size);
}

bool value_deref(struct value_env *e, const struct value *v, struct value *ret)
{
	struct type t;
	uint64_t to;
	if (v->type.kind != TYPE_POINTER || !type_target(&v->type, &t) || t.kind == TYPE_VOID || t.kind == TYPE_NONE)
		return false;
	if (v->where == VALUE_NONE) {
		*ret = value_none(&t);
		return true;
	}
	if (!value_uint(e, v, &to) || !to)
		return false;
	*ret = value_at(&t, to);
	return true;
}

static bool index_of(const char **p, uint64_t *ret)
{
	char *end;
	if (**p != '[' || (*p)[1] < '0' || (*p)[1] > '9')
		return false;
	*ret = strtoull(*p + 1, &end, 10);
	*p = end + 1;
	return *end == ']';
}

bool value_path(struct value_env *e, const struct value *v, const char *path, struct value *ret)
{
	*ret = *v;
	char name[256];
	for (const char *p = path; *p;) {
		struct value at = *ret, through;
		if (*p == '[') {
			uint64_t i;
			if (!index_of(&p, &i) || !value_element(&at, i, ret))
				return false;
			continue;
		}
		p += *p == '.';
		size_t n = strcspn(p, ".[");
		if (!n || n >= sizeof(name))
			return false;
		memcpy(name, p, n);
		name[n] = 0;
		p += n;
		if (at.type.kind == TYPE_POINTER && value_deref(e, &at, &through))
			at = through;
		if (!value_named(&at, name, ret))
			return false;
	}
	return true;
}

bool value_field_uint(struct value_env *e, const struct value *v, const char *path, uint64_t *ret)
{
	struct value f;
	return value_path(e, v, path, &f) && value_uint(e, &f, ret);
}
