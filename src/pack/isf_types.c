// SPDX-License-Identifier: Apache-2.0
// isf_types.c: the entries of an ISF as types, members and symbols of a pack.
#include "base/str.h"
#include "pack/isf_int.h"

#include <stdlib.h>
#include <string.h>

enum space { SPACE_BASE = 1, SPACE_USER, SPACE_ENUM };

// Names are used before and after they are defined.
static type_id named(struct isf *x, enum space space, uint32_t name, enum type_kind kind)
{
	uint32_t *id = pack_map_at(x->a, &x->named, (uint64_t)space << 32 | name);
	if (!*id) {
		*id = pack_reserve_type(x->w);
		pack_set_type(x->w, *id,
			      &(struct type){ .kind = kind,
					      .forward = space != SPACE_BASE,
					      .name = arena_strdup(x->a, pack_string_text(x->w, name)) });
	}
	return *id;
}

// ---- base types: Volatility's names for those that C spells otherwise.
static const char *c_name(const char *isf)
{
	static const char *const names[][2] = { { "wchar", "wchar_t" },
						{ "f32", "float" },
						{ "long long", "__int64" },
						{ "unsigned long long", "unsigned __int64" } };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(isf, names[i][0]))
			return names[i][1];
	return isf;
}

static enum type_kind base_kind(const struct isf_frame *f, const char *name)
{
	if (str_eq(name, "HRESULT"))
		return TYPE_HRESULT;
	if (str_starts(name, "wchar") || str_eq(name, "char"))
		return TYPE_CHAR;
	switch (f->kind) {
	case KIND_VOID:
		return TYPE_VOID;
	case KIND_FLOAT:
		return TYPE_FLOAT;
	case KIND_BOOL:
		return TYPE_BOOL;
	case KIND_CHAR:
	case KIND_INT:
		return f->is_signed ? TYPE_INT : TYPE_UINT;
	default:
		return TYPE_NONE;
	}
}

void isf_base(struct isf *x, const struct isf_frame *f)
{
	const char *name = arena_strdup(x->a, pack_string_text(x->w, f->entry));
	type_id id = named(x, SPACE_BASE, f->entry, TYPE_NONE);
	pack_set_type(x->w, id, &(struct type){ .kind = base_kind(f, name), .size = f->number, .name = c_name(name) });
	if (str_eq(name, "pointer") && (f->number == 4 || f->number == 8))
		x->id.ptr_bytes = (unsigned)f->number;
}

// ---- references
// "pointer32", "pointer64": of another size than the module's own; 0 when it is that.
static uint64_t pointer_size(const struct isf *x, const struct isf_frame *f)
{
	const char *base = pack_string_text(x->w, f->base);
	return str_iends(base, "32") ? 4 : str_iends(base, "64") ? 8 : 0;
}

type_id isf_type(struct isf *x, const struct isf_frame *f)
{
	struct type t = { .target = f->type };
	switch (f->kind) {
	case KIND_BASE:
		return named(x, SPACE_BASE, f->text, TYPE_NONE);
	case KIND_STRUCT:
		return named(x, SPACE_USER, f->text, TYPE_STRUCT);
	case KIND_UNION:
		return named(x, SPACE_USER, f->text, TYPE_UNION);
	case KIND_CLASS:
		return named(x, SPACE_USER, f->text, TYPE_CLASS);
	case KIND_ENUM:
		return named(x, SPACE_ENUM, f->text, TYPE_ENUM);
	case KIND_POINTER:
		t.kind = TYPE_POINTER;
		t.size = pointer_size(x, f);
		return pack_add_type(x->w, &t);
	case KIND_ARRAY:
		t.kind = TYPE_ARRAY;
		t.count = f->number;
		return pack_add_type(x->w, &t);
	case KIND_BITFIELD:
		t.kind = TYPE_BITFIELD;
		t.pos = f->pos;
		t.bits = f->bits;
		break;
	case KIND_FUNCTION:
		return pack_add_type(x->w, &(struct type){ .kind = TYPE_FUNCTION });
	default:
		return 0;
	}
	type_id id = pack_add_type(x->w, &t);
	*pack_map_at(x->a, &x->positions, id) = f->pos;
	return id;
}

// ---- members
static struct isf_field *more_fields(struct isf *x)
{
	if (x->n_fields == x->cap_fields) {
		x->cap_fields = MAX(x->cap_fields * 2, (size_t)256);
		struct isf_field *p = NEW_N(x->a, struct isf_field, x->cap_fields);
		if (x->n_fields)
			memcpy(p, x->fields, x->n_fields * sizeof(*p));
		x->fields = p;
	}
	struct isf_field *ret = &x->fields[x->n_fields];
	*ret = (struct isf_field){ .order = (uint32_t)x->n_fields++ };
	return ret;
}

void isf_field(struct isf *x, const struct isf_frame *f)
{
	struct isf_field *m = more_fields(x);
	m->name = f->entry;
	m->type = f->type;
	m->offset = f->number;
	m->pos = f->type ? *pack_map_at(x->a, &x->positions, f->type) : 0;
}

void isf_value(struct isf *x, uint32_t name, const struct isf_number *v)
{
	struct isf_field *m = more_fields(x);
	m->name = name;
	m->value = *v;
}

static int by_offset(const void *a, const void *b)
{
	const struct isf_field *x = a, *y = b;
	if (x->offset != y->offset)
		return x->offset < y->offset ? -1 : 1;
	if (x->pos != y->pos)
		return x->pos < y->pos ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

static int by_value(const void *a, const void *b)
{
	const struct isf_field *x = a, *y = b;
	if (x->value.minus != y->value.minus)
		return x->value.minus ? -1 : 1;
	if (x->value.bits != y->value.bits)
		return x->value.bits < y->value.bits ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

// pdbconv numbers unnamed types; debuggers show all of them with the compiler's one name.
static const char *shown_name(const char *name)
{
	if (str_starts(name, "__unnamed_"))
		return "<unnamed-tag>";
	return str_starts(name, "__anonymous_") ? "<anonymous-tag>" : name;
}

static type_id define(struct isf *x, const struct isf_frame *f, enum space space, struct type *t)
{
	t->unique_name = arena_strdup(x->a, pack_string_text(x->w, f->entry));
	t->name = shown_name(t->unique_name);
	t->size = f->number;
	t->count = x->n_fields;
	type_id id = named(x, space, f->entry, t->kind);
	pack_set_type(x->w, id, t);
	pack_begin_members(x->w, id);
	return id;
}

void isf_user(struct isf *x, const struct isf_frame *f)
{
	struct type t = { .kind = f->kind == KIND_UNION   ? TYPE_UNION
				  : f->kind == KIND_CLASS ? TYPE_CLASS
							  : TYPE_STRUCT };
	type_id id = define(x, f, SPACE_USER, &t);
	if (x->n_fields)
		qsort(x->fields, x->n_fields, sizeof(*x->fields), by_offset);
	for (size_t i = 0; i < x->n_fields; i++) {
		const struct isf_field *m = &x->fields[i];
		pack_add_member_named(x->w, id, m->name, &(struct type_member){ .type = m->type, .offset = m->offset });
	}
	x->n_fields = 0;
}

void isf_enum(struct isf *x, const struct isf_frame *f)
{
	struct type t = { .kind = TYPE_ENUM };
	t.target = f->base ? named(x, SPACE_BASE, f->base, TYPE_NONE) : 0;
	type_id id = define(x, f, SPACE_ENUM, &t);
	if (x->n_fields)
		qsort(x->fields, x->n_fields, sizeof(*x->fields), by_value);
	for (size_t i = 0; i < x->n_fields; i++) {
		const struct isf_field *m = &x->fields[i];
		pack_add_member_named(
			x->w, id, m->name,
			&(struct type_member){ .kind = MEMBER_ENUMERATOR,
					       .value = (int64_t)m->value.bits,
					       .value_unsigned = m->value.bits > INT64_MAX && !m->value.minus });
	}
	x->n_fields = 0;
}

// ---- symbols: an address that no image has is left out.
void isf_symbol(struct isf *x, const struct isf_frame *f)
{
	if (!f->has_number || f->number > UINT32_MAX || !f->entry)
		return;
	const char *name = arena_strdup(x->a, pack_string_text(x->w, f->entry));
	const char *plain =
		x->undecorate && (*name == '?' || *name == '_' || *name == '@') ? x->undecorate(x->a, name) : NULL;
	const char *linkage = f->text ? arena_strdup(x->a, pack_string_text(x->w, f->text)) : NULL;
	pack_add_symbol(x->w, &(struct pack_symbol){ .name = plain ? plain : name,
						     .decorated = linkage ? linkage
								  : plain ? name
									  : NULL,
						     .rva = (uint32_t)f->number,
						     .type = f->type });
}
