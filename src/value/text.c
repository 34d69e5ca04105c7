// SPDX-License-Identifier: Apache-2.0
// text.c: values as dt writes them. Spellings are those of recorded dt output.
#include "value/value_int.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTER_DEPTH = 4 }; // pointers to pointers that are followed in one text

static const char *text_of(struct value_env *e, const struct value *v, unsigned flags, unsigned depth);

const char *value_pointer_number(struct arena *a, unsigned ptr_bytes, va_t va)
{
	if (ptr_bytes == 4)
		return arena_printf(a, "0x%08" PRIx32, (uint32_t)va);
	return arena_printf(a, "0x%08" PRIx32 "`%08" PRIx32, (uint32_t)(va >> 32), (uint32_t)va);
}

const char *value_uint_text(struct arena *a, uint64_t u)
{
	if (u < 10)
		return arena_printf(a, "%u", (unsigned)u);
	if (u >> 32)
		return value_pointer_number(a, 8, u);
	return arena_printf(a, "0x%" PRIx64, u);
}

// ---- text in memory
static void put_char(struct sb *s, uint32_t c)
{
	if (c < 0x20 || c == 0x7f || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff)
		sb_ch(s, '?');
	else if (c < 0x80)
		sb_ch(s, (char)c);
	else if (c < 0x800)
		sb_printf(s, "%c%c", (int)(0xc0 | c >> 6), (int)(0x80 | (c & 0x3f)));
	else if (c < 0x10000)
		sb_printf(s, "%c%c%c", (int)(0xe0 | c >> 12), (int)(0x80 | (c >> 6 & 0x3f)), (int)(0x80 | (c & 0x3f)));
	else
		sb_printf(s, "%c%c%c%c", (int)(0xf0 | c >> 18), (int)(0x80 | (c >> 12 & 0x3f)),
			  (int)(0x80 | (c >> 6 & 0x3f)), (int)(0x80 | (c & 0x3f)));
}

// Which code page 8-bit text is in is not recorded: bytes that are no valid UTF-8 show as '?'.
static void put_bytes(struct sb *s, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t len = p[i] < 0x80 ? 1 : p[i] >= 0xf0 ? 4 : p[i] >= 0xe0 ? 3 : 2;
		uint32_t c = len == 1 ? p[i] : p[i] & (0x7fu >> len);
		size_t k = 1;
		while (k < len && i + k < n && (p[i + k] & 0xc0) == 0x80)
			c = c << 6 | (p[i + k++] & 0x3f);
		bool bad = k != len || (len > 1 && p[i] < 0xc2) || (len == 3 && c < 0x800) || (len == 4 && c < 0x10000);
		put_char(s, bad ? 0 : c);
		i += bad ? 1 : len;
	}
}

static void put_wide(struct sb *s, const uint8_t *p, size_t n, unsigned width)
{
	for (size_t i = 0; i + width <= n; i += width) {
		uint32_t c = (uint32_t)le_get(p + i, width);
		if (width == 2 && (c & 0xfc00) == 0xd800 && i + 4 <= n) {
			uint32_t low = (uint32_t)le_get(p + i + 2, 2);
			if ((low & 0xfc00) == 0xdc00) {
				c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
				i += 2;
			}
		}
		put_char(s, c);
	}
}

static const char *quoted_bytes(struct arena *a, const uint8_t *p, size_t n, unsigned width, bool counted)
{
	size_t used = 0;
	while (used + width <= n && (counted || le_get(p + used, width)))
		used += width;
	struct sb s = sb_new(a);
	sb_ch(&s, '"');
	if (width == 1)
		put_bytes(&s, p, used);
	else
		put_wide(&s, p, used, width);
	sb_ch(&s, '"');
	return sb_str(&s);
}

const char *value_quoted(struct value_env *e, va_t va, unsigned width, uint64_t max, bool counted)
{
	uint8_t buf[LIMIT_VALUE_TEXT * 4];
	size_t got = 0;
	size_t n = (size_t)MIN(max, (uint64_t)LIMIT_VALUE_TEXT) * width;
	if (n && (!e->space || space_read(e->space, va, buf, n, &got).code || got < width)) {
		unsigned ptr = e->target ? e->target->ptr_bytes : 8;
		return arena_printf(e->a, "\"--- memory read error at address %s ---\"",
				    value_pointer_number(e->a, ptr, va));
	}
	return quoted_bytes(e->a, buf, got, width, counted);
}

// ---- scalars
static bool is_text(const struct type *t)
{
	return t->kind == TYPE_CHAR || ((t->kind == TYPE_INT || t->kind == TYPE_UINT) && t->size == 1);
}

static const char *char_text(struct value_env *e, const struct value *v, uint64_t u)
{
	char glyph[2] = { u >= 0x20 && u < 0x7f ? (char)u : 0, 0 };
	int64_t i;
	if (value_is_signed(&v->type) && value_int(e, v, &i))
		return arena_printf(e->a, "%" PRId64 " '%s'", i, glyph);
	return u ? arena_printf(e->a, "0x%" PRIx64 " '%s'", u, glyph) : "0 ''";
}

static const char *enum_text(struct value_env *e, const struct value *v, uint64_t u)
{
	const char *name = value_enumerator(e->a, &v->type, u);
	if (name)
		return arena_printf(e->a, "%" PRIx64 " ( %s )", u, name);
	int64_t i = (int64_t)u; // layout unverified: known from arguments in stacks
	(void)value_int(e, v, &i);
	return arena_printf(e->a, "0n%" PRId64 " (No matching enumerant)", i);
}

static const char *bits_text(struct value_env *e, const struct value *v, uint64_t u)
{
	struct sb s = sb_new(e->a);
	sb_add(&s, "0y");
	for (unsigned i = MIN(v->type.bits, 64u); i-- > 0;)
		sb_ch(&s, u >> i & 1 ? '1' : '0');
	if (v->type.bits >= 5 && u)
		sb_printf(&s, " (0x%" PRIx64 ")", u);
	else if (v->type.bits >= 5)
		sb_add(&s, " (0)");
	return sb_str(&s);
}

// The fewest digits that read back as the same number.
static const char *float_text(struct arena *a, double x, bool single)
{
	char buf[64];
	if (isnan(x) || isinf(x))
		return isnan(x) ? "nan" : x < 0 ? "-inf" : "inf";
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(buf, sizeof(buf), "%.*g", digits, x);
		if (single ? strtof(buf, NULL) == (float)x : strtod(buf, NULL) == x)
			break;
	}
	return arena_strdup(a, buf);
}

static const char *wide_int(struct value_env *e, const struct value *v)
{
	uint8_t raw[16];
	if (v->type.size != 16 || !value_read(e, v, 0, raw, sizeof(raw)))
		return "??";
	return arena_printf(e->a, "0x%016" PRIx64 "%016" PRIx64, le_get(raw + 8, 8), le_get(raw, 8));
}

static const char *scalar_text(struct value_env *e, const struct value *v)
{
	uint64_t u;
	int64_t i;
	double x;
	if (v->type.kind == TYPE_FLOAT)
		return value_double(e, v, &x) ? float_text(e->a, x, v->type.size == 4) : "??";
	if (!value_is_scalar(&v->type))
		return wide_int(e, v);
	if (!value_uint(e, v, &u))
		return "??";
	if (is_text(&v->type))
		return char_text(e, v, u);
	if (v->type.kind == TYPE_ENUM)
		return enum_text(e, v, u);
	if (v->type.kind == TYPE_BITFIELD)
		return bits_text(e, v, u);
	if (v->type.kind == TYPE_INT && value_int(e, v, &i))
		return arena_printf(e->a, "0n%" PRId64, i);
	return value_uint_text(e->a, u);
}

// ---- pointers
static const char *return_text(struct arena *a, const struct type *t, unsigned depth)
{
	struct type to;
	if (t->kind == TYPE_POINTER && depth < POINTER_DEPTH && type_target(t, &to))
		return arena_printf(a, "%s%s", return_text(a, &to, depth + 1), t->pointer == POINTER_LREF ? "&" : "*");
	if (t->kind == TYPE_VOID)
		return "void";
	return t->name ? t->name : type_dt_text(a, t);
}

// "    void  ntdll!RtlFoo+0": what a pointer to a function is followed by.
static const char *function_text(struct value_env *e, const struct type *f, va_t va)
{
	struct type ret;
	struct sym_hit hit;
	const char *result = type_target(f, &ret) ? return_text(e->a, &ret, 0) : "void";
	if (!e->target || !sym_near(e->target, va, &hit))
		return arena_printf(e->a, "    %s  +%" PRIx64, result, va);
	if (!hit.name)
		return arena_printf(e->a, "    %s  +0", result);
	return arena_printf(e->a, "    %s  %s!%s+%" PRIx64, result, hit.module->name, hit.name, hit.disp);
}

static const char *pointee_text(struct value_env *e, const struct value *to, unsigned flags, unsigned depth)
{
	const char *summary;
	switch (to->type.kind) {
	case TYPE_NONE:
		return "";
	case TYPE_VOID:
		return "Void";
	case TYPE_FUNCTION:
		return function_text(e, &to->type, to->va);
	case TYPE_STRUCT:
	case TYPE_CLASS:
	case TYPE_UNION:
	case TYPE_INTERFACE:
		summary = depth < 2 ? value_summary(e, to) : NULL;
		if (summary && strstr(summary, "memory read error"))
			summary = NULL;
		return arena_printf(e->a, "%s%s%s", to->type.name ? to->type.name : "", summary ? " " : "",
				    summary ? summary : "");
	case TYPE_ARRAY:
		return type_dt_text(e->a, &to->type);
	default:
		if (is_text(&to->type))
			return arena_printf(e->a, " %s",
					    value_quoted(e, to->va, (unsigned)to->type.size, LIMIT_VALUE_TEXT, false));
		return arena_printf(e->a, " -> %s", text_of(e, to, flags, depth + 1));
	}
}

static const char *pointer_text(struct value_env *e, const struct value *v, unsigned flags, unsigned depth)
{
	struct type to;
	uint64_t u;
	if (!value_uint(e, v, &u))
		return "???? ";
	if (!u)
		return "(null) ";
	const char *number = value_pointer_number(e->a, (unsigned)(v->type.size ? v->type.size : 8), u);
	if (flags & VALUE_BARE || depth >= POINTER_DEPTH || v->type.pointer == POINTER_TO_DATA ||
	    !type_target(&v->type, &to))
		return arena_printf(e->a, "%s ", number);
	struct value_env probe = *e; // what cannot be read there is not a hole in this object
	struct value at = value_at(&to, u);
	const char *what = pointee_text(&probe, &at, flags, depth);
	e->steps = probe.steps;
	return arena_printf(e->a, "%s %s", number, what);
}

// ---- arrays
static const char *array_text(struct value_env *e, const struct value *v, unsigned flags, unsigned depth)
{
	struct value first;
	const char *count = arena_printf(e->a, "[%" PRIu64 "]", v->type.count);
	if (!value_element(v, 0, &first))
		return count;
	if (!is_text(&first.type) || first.type.size > 4)
		return arena_printf(e->a, "%s %s", count, text_of(e, &first, flags, depth + 1));
	unsigned width = (unsigned)first.type.size;
	if (v->where == VALUE_BYTES) {
		size_t n = (size_t)MIN(v->type.count, (uint64_t)LIMIT_VALUE_TEXT) * width;
		struct span s = span_clip(v->bytes, 0, n);
		return arena_printf(e->a, "%s  %s", count, quoted_bytes(e->a, s.p, s.n, width, false));
	}
	uint8_t probe;
	(void)value_read(e, v, 0, &probe, 1);
	return arena_printf(e->a, "%s  %s", count, value_quoted(e, v->va, width, v->type.count, false));
}

static const char *udt_text(struct value_env *e, const struct value *v, unsigned flags)
{
	const char *summary = value_summary(e, v);
	const char *name = flags & VALUE_EXPANDED ? "" : v->type.name ? v->type.name : type_dt_text(e->a, &v->type);
	if (!summary)
		return name;
	return arena_printf(e->a, "%s %s", name, summary);
}

static const char *text_of(struct value_env *e, const struct value *v, unsigned flags, unsigned depth)
{
	if (v->where == VALUE_NONE || depth > LIMIT_VALUE_DEPTH)
		return type_dt_text(e->a, &v->type);
	switch (v->type.kind) {
	case TYPE_STRUCT:
	case TYPE_CLASS:
	case TYPE_UNION:
	case TYPE_INTERFACE:
		return udt_text(e, v, flags);
	case TYPE_POINTER:
		return value_is_scalar(&v->type) ? pointer_text(e, v, flags, depth) : wide_int(e, v);
	case TYPE_ARRAY:
		return array_text(e, v, flags, depth);
	case TYPE_NONE:
	case TYPE_VOID:
	case TYPE_FUNCTION:
		return type_dt_text(e->a, &v->type);
	default:
		return scalar_text(e, v);
	}
}

const char *value_text(struct value_env *e, const struct value *v, unsigned flags)
{
	return text_of(e, v, flags, 0);
}

const char *value_summary(struct value_env *e, const struct value *v)
{
	if (v->where == VALUE_NONE || !type_is_udt(&v->type) || !v->type.name || e->depth >= LIMIT_VALUE_DEPTH ||
	    !value_step(e))
		return NULL;
	struct value_env probe = *e; // a struct that cannot be read shows its type alone
	probe.depth++;
	const char *s = value_known(&probe, v);
	s = s ? s : value_rust(&probe, v);
	s = s ? s : value_stl(&probe, v);
	e->steps = probe.steps;
	return s;
}
