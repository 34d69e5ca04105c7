// SPDX-License-Identifier: Apache-2.0
// rust.c: Rust's types as rustc writes them into PDBs (rust-lang/rust, src/etc/natvis/intrinsic.natvis and
// compiler/rustc_codegen_llvm/src/debuginfo): enums are unions `enum2$<T>` of variantN and a tag, and the constants
// DISCR_EXACT, or DISCR_BEGIN and DISCR_END, of VariantN say which tags mean it.
#include "value/value_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// ---- enums
struct tag { // up to 128 bits
	uint64_t lo, hi, mask;
	bool wide, known;
};

static bool constant(struct value_env *e, const char *scope, const char *name, uint64_t *ret)
{
	const struct symbol_provider *p = e->symbols ? e->symbols->provider : NULL;
	type_id type;
	return p && p->constant && p->constant(e->symbols, arena_printf(e->a, "%s::%s", scope, name), ret, &type);
}

static void read_tag(struct value_env *e, const struct value *v, struct tag *ret)
{
	struct value m;
	*ret = (struct tag){ .mask = ~(uint64_t)0 };
	if (value_named(v, "tag", &m)) {
		ret->known = value_uint(e, &m, &ret->lo);
		if (m.type.size < 8)
			ret->mask = ((uint64_t)1 << (8 * m.type.size)) - 1;
	} else {
		ret->wide = value_named(v, "tag128_lo", &m);
		ret->known = ret->wide && value_uint(e, &m, &ret->lo) && value_field_uint(e, v, "tag128_hi", &ret->hi);
	}
}

// Does the tag mean this variant? *told: its constants are there.
static bool means(struct value_env *e, const char *variant, const struct tag *t, bool *told)
{
	uint64_t lo = 0, hi = 0;
	if (t->wide) {
		*told = constant(e, variant, "DISCR128_EXACT_LO", &lo) &&
			constant(e, variant, "DISCR128_EXACT_HI", &hi);
		return *told && lo == t->lo && hi == t->hi;
	}
	*told = true;
	if (constant(e, variant, "DISCR_EXACT", &lo))
		return (lo & t->mask) == t->lo;
	*told = constant(e, variant, "DISCR_BEGIN", &lo) && constant(e, variant, "DISCR_END", &hi);
	lo &= t->mask;
	hi &= t->mask;
	return *told && (lo <= hi ? t->lo >= lo && t->lo <= hi : t->lo >= lo || t->lo <= hi);
}

struct fields {
	struct value_env *e;
	const struct value *v;
	struct sb text;
	unsigned n;
	bool tuple;
};

static bool add_field(void *ctx, const struct type_member *m)
{
	struct fields *f = ctx;
	struct value v;
	if (m->kind != MEMBER_DATA || !m->name || !value_member(f->v, m, &v) || !value_step(f->e))
		return m->kind != MEMBER_DATA;
	const char *text = value_summary(f->e, &v);
	text = text ? text : value_text(f->e, &v, 0);
	size_t n = strlen(text);
	while (n && text[n - 1] == ' ')
		n--;
	f->tuple = str_starts(m->name, "__") && m->name[2] >= '0' && m->name[2] <= '9';
	sb_add(&f->text, f->n++ ? ", " : "");
	if (!f->tuple)
		sb_printf(&f->text, "%s: ", m->name);
	sb_addn(&f->text, text, n);
	return true;
}

// What stands behind the last "::" that is in no angle brackets.
static const char *last_name(const char *name)
{
	int depth = 0;
	const char *last = name;
	for (const char *p = name; *p; p++) {
		depth += (*p == '<') - (*p == '>');
		if (!depth && p[0] == ':' && p[1] == ':')
			last = p + 2;
	}
	return last;
}

static const char *variant_text(struct value_env *e, const struct value *variant)
{
	struct value payload;
	if (!value_named(variant, "value", &payload) || !payload.type.name)
		return NULL;
	struct fields f = { .e = e, .v = &payload, .text = sb_new(e->a) };
	type_members(&payload.type, add_field, &f);
	const char *name = last_name(payload.type.name);
	if (!f.n)
		return name;
	return arena_printf(e->a, f.tuple ? "%s(%s)" : "%s { %s }", name, sb_str(&f.text));
}

static const char *enum_text(struct value_env *e, const struct value *v)
{
	struct tag tag;
	struct value variant, only;
	size_t n = 0;
	read_tag(e, v, &tag);
	for (unsigned i = 0; i < LIMIT_ENUM_VARIANTS; i++, n++) {
		bool told;
		char name[24];
		snprintf(name, sizeof(name), "variant%u", i);
		if (!value_named(v, name, &variant) || !variant.type.name)
			break;
		if (!i)
			only = variant;
		if (tag.known && means(e, variant.type.name, &tag, &told))
			return variant_text(e, &variant);
		if (tag.known && !told)
			return NULL; // which one it is would be a guess
	}
	// An enum of one inhabited variant has no tag.
	return n == 1 && !tag.known && !value_named(v, "tag", &variant) ? variant_text(e, &only) : NULL;
}

// ---- strings, slices, vectors
static bool primitive(struct type_source *s, const char *name, struct type *ret)
{
	static const struct {
		const char *name;
		enum type_kind kind;
		uint64_t size;
	} all[] = {
		{ "u8", TYPE_UINT, 1 },    { "u16", TYPE_UINT, 2 },  { "u32", TYPE_UINT, 4 },  { "u64", TYPE_UINT, 8 },
		{ "i8", TYPE_INT, 1 },     { "i16", TYPE_INT, 2 },   { "i32", TYPE_INT, 4 },   { "i64", TYPE_INT, 8 },
		{ "f32", TYPE_FLOAT, 4 },  { "f64", TYPE_FLOAT, 8 }, { "bool", TYPE_BOOL, 1 }, { "char", TYPE_CHAR, 4 },
		{ "usize", TYPE_UINT, 0 }, { "isize", TYPE_INT, 0 },
	};
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (!str_eq(all[i].name, name))
			continue;
		*ret = (struct type){ .source = s,
				      .kind = all[i].kind,
				      .name = all[i].name,
				      .size = all[i].size ? all[i].size : s->ptr_bytes };
		return true;
	}
	return false;
}

static const char *run_text(struct value_env *e, const struct value *v, const char *elem, va_t at, uint64_t n)
{
	struct type t = { 0 };
	if (elem && !primitive(v->type.source, elem, &t) && !type_find(v->type.source, elem, &t))
		t = (struct type){ 0 };
	return value_run(e, &t, at, n);
}

static const char *slice_text(struct value_env *e, const struct value *v, const char *elem)
{
	uint64_t at, n;
	if (!value_field_uint(e, v, "data_ptr", &at) || !value_field_uint(e, v, "length", &n))
		return NULL;
	if (str_eq(elem, "str$"))
		return value_quoted(e, at, 1, n, true);
	const char *of = str_starts(elem, "slice2$<") ? value_template_arg(e->a, elem, 0) : NULL;
	return of ? run_text(e, v, of, at, n) : NULL;
}

// Where a vector's elements are: Rust 1.83 put the pointer one level deeper than releases before.
static bool vector_pointer(struct value_env *e, const struct value *v, uint64_t *ret)
{
	return value_field_uint(e, v, "buf.inner.ptr.pointer.pointer", ret) ||
	       value_field_uint(e, v, "buf.ptr.pointer.pointer", ret) || value_field_uint(e, v, "buf.ptr.pointer", ret);
}

static const char *vector_text(struct value_env *e, const struct value *v, bool text)
{
	uint64_t at, n;
	if (!value_field_uint(e, v, "len", &n) || !vector_pointer(e, v, &at))
		return NULL;
	if (text)
		return value_quoted(e, at, 1, n, true);
	return run_text(e, v, value_template_arg(e->a, v->type.name, 0), at, n);
}

const char *value_rust(struct value_env *e, const struct value *v)
{
	const struct type *t = &v->type;
	struct value vec;
	if (value_starts(t, "enum2$<"))
		return str_eq(last_name(t->name), t->name) ? enum_text(e, v) : NULL;
	if (value_starts(t, "ref$<") || value_starts(t, "ref_mut$<") || value_starts(t, "ptr_const$<") ||
	    value_starts(t, "ptr_mut$<") || value_starts(t, "alloc::boxed::Box<")) {
		const char *elem = value_template_arg(e->a, t->name, 0);
		return elem ? slice_text(e, v, elem) : NULL;
	}
	if (str_eq(t->name, "alloc::string::String") && value_named(v, "vec", &vec))
		return vector_text(e, &vec, true);
	return value_starts(t, "alloc::vec::Vec<") ? vector_text(e, v, false) : NULL;
}
