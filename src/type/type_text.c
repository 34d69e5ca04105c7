// SPDX-License-Identifier: Apache-2.0
// type_text.c: types in the spelling of dt, and in that of dv, x and ??. From public output of WinDbg: a double is
// "Float" in dt, 64-bit integers are "int64" in C's spelling, qualifiers are dropped.
#include "base/limits.h"
#include "type/type.h"

#include <inttypes.h>

static bool target_of(const struct type *t, struct type *ret)
{
	return t->target && type_target(t, ret);
}

// ---- C's spelling
static const char *c_name(const struct type *t)
{
	if ((t->kind == TYPE_INT || t->kind == TYPE_UINT) && t->size == 8)
		return t->kind == TYPE_INT ? "int64" : "unsigned int64";
	return t->kind == TYPE_VOID ? "void" : t->name ? t->name : "<unknown>";
}

static const char *tag(const struct type *t)
{
	switch (t->kind) {
	case TYPE_STRUCT:
		return "struct ";
	case TYPE_CLASS:
		return "class ";
	case TYPE_UNION:
		return "union ";
	case TYPE_INTERFACE:
		return "interface "; // layout unverified
	case TYPE_ENUM:
		return "enum ";
	default:
		return "";
	}
}

static const char *mark(enum pointer_kind k)
{
	return k == POINTER_LREF ? "&" : k == POINTER_RREF ? "&&" : "*";
}

// full: with struct, class ... and a blank before the star; dt names the result of a function without both.
static void put_c(struct sb *s, const struct type *t, bool full, unsigned depth)
{
	struct type to = { .kind = TYPE_NONE };
	struct sb bounds = sb_new(s->a);
	struct type at = *t;
	for (; at.kind == TYPE_ARRAY && depth < LIMIT_TYPE_DEPTH; at = to, depth++) {
		sb_printf(&bounds, "[%" PRIu64 "]", at.count);
		if (!target_of(&at, &to))
			to = (struct type){ .kind = TYPE_NONE };
	}
	if (depth >= LIMIT_TYPE_DEPTH) {
		sb_add(s, "...");
	} else if (at.kind == TYPE_POINTER) {
		bool known = target_of(&at, &to);
		if (known)
			put_c(s, &to, full, depth + 1);
		else
			sb_add(s, "void");
		if (full && !(known && to.kind == TYPE_POINTER))
			sb_ch(s, ' ');
		sb_add(s, mark(at.pointer));
	} else if (at.kind == TYPE_BITFIELD && target_of(&at, &to)) {
		put_c(s, &to, full, depth + 1);
	} else if (at.kind == TYPE_FUNCTION) {
		sb_add(s, "<function>");
	} else {
		sb_add(s, full ? tag(&at) : "");
		sb_add(s, c_name(&at));
	}
	if (bounds.n)
		sb_printf(s, " %s", sb_str(&bounds));
}

const char *type_c_text(struct arena *a, const struct type *t, const char *name)
{
	struct sb s = sb_new(a);
	put_c(&s, t, true, 0);
	if (name)
		sb_printf(&s, " %s", name);
	return sb_str(&s);
}

const char *type_params_text(struct arena *a, const struct type *t)
{
	struct sb s = sb_new(a);
	unsigned n = MIN(t->n_params, (unsigned)LIMIT_TYPE_PARAMS);
	sb_ch(&s, '(');
	for (unsigned i = 0; i < n; i++) {
		struct type param;
		type_id id;
		sb_add(&s, i ? ", " : "");
		if (type_param(t, i, &id) && type_get(t->source, id, &param))
			put_c(&s, &param, true, 0);
		else
			sb_add(&s, "<unknown>");
	}
	if (t->variadic)
		sb_add(&s, n ? ", ..." : "...");
	else if (!n)
		sb_add(&s, "void");
	sb_ch(&s, ')');
	return sb_str(&s);
}

// ---- dt's spelling
static const char *dt_char(const struct type *t)
{
	if (t->name && str_eq(t->name, "char8_t"))
		return "Char8"; // layout unverified, as the two that follow
	if (t->name && str_eq(t->name, "char16_t"))
		return "Char16";
	return t->size == 1 ? "Char" : t->size == 2 ? "Wchar" : "Char32";
}

static void put_dt_number(struct sb *s, const struct type *t)
{
	if (t->size == 1)
		sb_add(s, t->kind == TYPE_INT ? "Char" : "UChar");
	else
		sb_printf(s, "%s%" PRIu64 "B", t->kind == TYPE_INT ? "Int" : "Uint", t->size);
}

// "struct X, 3 elements, 0x10 bytes"; "Enum X,  62 total enums", which dt follows by an empty line.
static void put_dt_named(struct sb *s, const struct type *t, bool full)
{
	const char *name = t->name ? t->name : "<unnamed-tag>";
	if (!full)
		sb_add(s, name);
	else if (t->kind == TYPE_ENUM)
		sb_printf(s, "Enum %s,  %" PRIu64 " total enums", name, t->count);
	else
		sb_printf(s, "%s%s, %" PRIu64 " elements, 0x%" PRIx64 " bytes", tag(t), name, t->count, t->size);
}

static void put_dt(struct sb *s, const struct type *t, bool full, unsigned depth);

static void put_dt_pointer(struct sb *s, const struct type *t, bool full, unsigned depth)
{
	struct type to, result;
	sb_printf(s, "Ptr%" PRIu64 " %s", t->size * 8, full ? "to " : "");
	if (!target_of(t, &to))
		return;
	if (to.kind != TYPE_FUNCTION) {
		put_dt(s, &to, full, depth + 1);
		return;
	}
	sb_add(s, "    ");
	if (target_of(&to, &result))
		put_c(s, &result, false, depth + 1);
	else
		sb_add(s, "void");
	sb_ch(s, ' ');
}

static void put_dt(struct sb *s, const struct type *t, bool full, unsigned depth)
{
	struct type to;
	if (depth >= LIMIT_TYPE_DEPTH) {
		sb_add(s, "...");
		return;
	}
	switch (t->kind) {
	case TYPE_NONE:
		break;
	case TYPE_VOID:
		sb_add(s, "Void");
		break;
	case TYPE_BOOL:
		sb_add(s, "Bool");
		break;
	case TYPE_CHAR:
		sb_add(s, dt_char(t));
		break;
	case TYPE_INT:
	case TYPE_UINT:
		put_dt_number(s, t);
		break;
	case TYPE_FLOAT:
		sb_add(s, "Float");
		break;
	case TYPE_HRESULT:
		sb_add(s, "HRESULT");
		break;
	case TYPE_POINTER:
		put_dt_pointer(s, t, full, depth);
		break;
	case TYPE_ARRAY:
		sb_printf(s, "[%" PRIu64 "] ", t->count);
		if (target_of(t, &to))
			put_dt(s, &to, full, depth + 1);
		break;
	case TYPE_STRUCT:
	case TYPE_CLASS:
	case TYPE_UNION:
	case TYPE_INTERFACE:
	case TYPE_ENUM:
		put_dt_named(s, t, full);
		break;
	case TYPE_FUNCTION:
		sb_add(s, "Function"); // layout unverified
		break;
	case TYPE_BITFIELD:
		sb_printf(s, "%sPos %u, %u Bit%s", full ? "Bitfield " : "", t->pos, t->bits, t->bits == 1 ? "" : "s");
		break;
	}
}

const char *type_dt_text(struct arena *a, const struct type *t)
{
	struct sb s = sb_new(a);
	put_dt(&s, t, false, 0);
	return sb_str(&s);
}

const char *type_dt_long_text(struct arena *a, const struct type *t)
{
	struct sb s = sb_new(a);
	put_dt(&s, t, true, 0);
	return sb_str(&s);
}
