// SPDX-License-Identifier: Apache-2.0
// dt_show.c: types and objects as rows of dt. Columns are those of recorded output: names are 16 wide, or as wide as
// the longest field that was asked for; every level is three columns deeper.
#include "cmd/dt.h"

#include <inttypes.h>
#include <string.h>

SCHEMA(type_name, "What dt shows", NULL, "{module}!{name}", { "module", R_STR, "module that the type is from" },
       { "name", R_STR, "type, or variable" }, { "type", R_STR, "its type" },
       { "address", R_PTR, "of the object; null: the type alone" }, { "size", R_HEX, "bytes of the type" });
SCHEMA(type_field, "A member of a type", NULL, "   +0x{offset:3} {name:16} : {shown}",
       { "level", R_DEC, "0: of the type itself; deeper: of the member above" },
       { "offset", R_HEX, "from the start of the struct it is a member of; null: static" }, { "name", R_STR, "member" },
       { "type", R_STR, "its type" },
       { "value", R_STR, "its value; null: a struct with members alone, no object, or not readable" },
       { "address", R_PTR, "where it lies; null: there is no object" },
       { "shown", R_STR, "the value, or the type when there is no object" });
SCHEMA(type_element, "An element of an array", NULL, "    [{index}] {shown}", { "level", R_DEC, "as of type_field" },
       { "index", R_DEC, "its number" }, { "type", R_STR, "its type" }, { "value", R_STR, "as of type_field" },
       { "address", R_PTR, "where it lies; null: there is no object" }, { "shown", R_STR, "as of type_field" });
SCHEMA(type_value, "An object that is shown on one line", NULL, "{shown}", { "type", R_STR, "its type" },
       { "value", R_STR, "its value; null: it cannot be read, or a type alone" }, { "address", R_PTR, "where it lies" },
       { "shown", R_STR, "as of type_field" });
SCHEMA(type_enumerator, "A name of an enum", NULL, "   {name} = {shown}", { "name", R_STR, "name" },
       { "value", R_HEX, "its value, sign-extended to 64 bits" }, { "shown", R_STR, "the value in text" });
SCHEMA(type_list_item, "An object of a linked list", NULL,
       "{field} at {shown}\n---------------------------------------------", { "field", R_STR, "the link" },
       { "address", R_PTR, "of the object" }, { "shown", R_STR, "the address in text" });
SCHEMA(type_read_error, "Something of the above was not readable", NULL, "Memory read error {address}",
       { "address", R_ADDR, "the last address that failed" });
SCHEMA(type_local, "A variable of the local context", NULL, "Local var{?place  @ {place}} Type {type}",
       { "name", R_STR, "its name" }, { "place", R_STR, "its address, or its register; null: neither" },
       { "type", R_STR, "its type in the spelling of C" }, { "address", R_PTR, "where it lies; null: not in memory" },
       { "why", R_STR, "why it has no value; null: it has one" });
static const struct layout silent = { NULL, NULL };
const struct schema *const dt_rows[] = {
	&type_name,      &type_field,      &type_element,   &type_value, &type_enumerator,
	&type_list_item, &type_read_error, &row_type_match, &type_local, NULL
};

const struct schema *const cpp_rows[] = { &row_cpp_result, &type_field,      &type_element,
					  &type_value,     &type_read_error, NULL };

// The fields that are wanted at one level.
struct wanted {
	const struct dt_spec *specs[LIMIT_DT_SPECS];
	unsigned n, part;
};
struct walk {
	struct dt *d;
	const struct value *v;
	unsigned level, depth; // depth: levels of -r that are left
	const struct wanted *want;
	uint64_t base; // of a base class in the object
	bool through_pointer;
	err_t err;
};
static err_t show_members(struct dt *d, const struct value *v, unsigned level, unsigned depth,
			  const struct wanted *want);

static bool count_row(struct dt *d)
{
	if (++d->rows < LIMIT_DT_ROWS)
		return true;
	if (!d->full)
		doc_note(d->out, NOTE_WARNING, "limit.rows", "More than %u lines: the rest is left out.",
			 (unsigned)LIMIT_DT_ROWS);
	d->full = true;
	return false;
}

static const char *trimmed(struct arena *a, const char *s)
{
	size_t n = strlen(s);
	while (n && s[n - 1] == ' ')
		n--;
	const char *from = s + strspn(s, " ");
	return from > s + n ? "" : arena_strndup(a, from, (size_t)(s + n - from));
}

// What the columns show of a value, and what JSON does.
static void texts(struct dt *d, const struct value *v, bool expanded, const char **shown, struct val *value)
{
	if (v->where == VALUE_NONE && d->o.blocks && v->type.kind == TYPE_POINTER) {
		*shown = arena_printf(d->env.a, "Ptr%u ", v->type.source->ptr_bytes * 8);
		*value = V_ABSENT;
		return;
	}
	if (v->where == VALUE_NONE) {
		*shown = d->o.verbose ? type_dt_long_text(d->env.a, &v->type) : type_dt_text(d->env.a, &v->type);
		*value = V_ABSENT;
		return;
	}
	unsigned flags = (d->o.blocks ? VALUE_BARE : 0) | (expanded ? VALUE_EXPANDED : 0);
	bool before = d->env.unreadable;
	va_t at = d->env.unreadable_at;
	d->env.unreadable = false;
	*shown = value_text(&d->env, v, flags);
	const char *summary = type_is_udt(&v->type) ? value_summary(&d->env, v) : NULL;
	*value = type_is_udt(&v->type) ? VS(summary) : d->env.unreadable ? V_ABSENT : VS(trimmed(d->env.a, *shown));
	if (!d->env.unreadable) {
		d->env.unreadable = before;
		d->env.unreadable_at = at;
	}
	if (d->o.verbose && type_is_udt(&v->type)) {
		*shown = arena_printf(d->env.a, summary ? "%s\n %s" : "%s", type_dt_long_text(d->env.a, &v->type),
				      summary);
	}
}

// The layout of a row at a level. Its text is literal but for the fields in braces.
static const struct layout *layout_of(struct dt *d, unsigned level, const char *rest)
{
	struct layout *l = NEW(d->env.a, struct layout);
	unsigned indent = d->o.no_indent ? 0 : 3 + 3 * level;
	l->text = arena_printf(d->env.a, "%*s%s", (int)indent, "", rest);
	return l;
}

static void emit_field(struct dt *d, unsigned level, const char *name, const struct value *v, struct val offset,
		       bool expanded)
{
	const char *shown;
	struct val value;
	const char *place = d->o.no_offset ? "" : offset.absent ? "={address} " : "+0x{offset:3} ";
	bool table = str_eq(name, "__VFN_table");
	texts(d, v, expanded, &shown, &value);
	const char *text = table ? arena_printf(d->env.a, "%s{name} : {shown}", place)
				 : arena_printf(d->env.a, "%s{name:%u} : {shown}", place, d->o.name_width);
	ROW_AS(d->out, type_field, layout_of(d, level, text), V(level), offset, VS(name),
	       VS(trimmed(d->env.a, type_dt_text(d->env.a, &v->type))), value, V_IF(v->where == VALUE_MEMORY, v->va),
	       VS(shown));
}

static bool part_matches(const struct dt_spec *s, unsigned part, const char *name)
{
	const char *want = s->parts[part];
	if (!*want)
		return true;
	if (strchr(want, '*') || strchr(want, '?'))
		return str_wild(want, name);
	return s->prefix[part] ? str_ieqn(want, name, strlen(want)) : str_ieq(want, name);
}

// Which of the wanted fields this one is: those that go on below it are collected in `below`.
static bool select_field(const struct wanted *want, const char *name, struct wanted *below, const struct dt_spec **by)
{
	bool shown = !want->n;
	below->n = 0;
	below->part = want->part + 1;
	*by = NULL;
	for (unsigned i = 0; i < want->n; i++) {
		const struct dt_spec *s = want->specs[i];
		if (!part_matches(s, want->part, name))
			continue;
		shown = true;
		if (!*by || s->indexed[want->part] || s->array)
			*by = s;
		if (below->part < s->n)
			below->specs[below->n++] = s;
	}
	return shown;
}

// ---- elements
static err_t emit_element(struct dt *d, const struct value *elem, uint64_t i, unsigned level, unsigned depth)
{
	static const struct wanted all = { .n = 0 };
	const char *shown;
	struct val value;
	texts(d, elem, false, &shown, &value);
	struct layout *l = NEW(d->env.a, struct layout);
	l->text = arena_printf(d->env.a, "%*s[%02" PRIu64 "] {shown}", d->o.no_indent ? 0 : 4 + 3 * (int)level, "", i);
	ROW_AS(d->out, type_element, l, V(level), V(i), VS(type_dt_text(d->env.a, &elem->type)), value,
	       V_IF(elem->where == VALUE_MEMORY, elem->va), VS(shown));
	if (type_is_udt(&elem->type) && (d->o.blocks || depth))
		return show_members(d, elem, level + 1, depth ? depth - 1 : 0, &all);
	return ok();
}

static err_t show_elements(struct dt *d, const struct value *v, unsigned level, unsigned depth,
			   const struct dt_spec *by, unsigned part)
{
	struct value elem;
	uint64_t n = d->o.array_count ? MIN(d->o.array_count, v->type.count) : v->type.count;
	uint64_t first = by && by->indexed[part] ? by->index[part] : 0;
	if (by && by->indexed[part])
		n = first < v->type.count ? first + 1 : 0;
	for (uint64_t i = first; i < n && value_element(v, i, &elem); i++) {
		TRY(session_poll(d->s));
		if (!count_row(d))
			break;
		TRY(emit_element(d, &elem, i, level, depth));
	}
	return ok();
}

// ---- members
static err_t show_below(struct walk *w, const struct value *v, const struct wanted *below)
{
	static const struct wanted all = { .n = 0 };
	struct value to = *v;
	unsigned depth = w->depth ? w->depth - 1 : 0;
	if (v->type.kind == TYPE_POINTER && !value_deref(&w->d->env, v, &to))
		return ok();
	if (!type_is_udt(&to.type) || w->level >= LIMIT_DT_DEPTH)
		return ok();
	return show_members(w->d, &to, w->level + 1, depth, below->n ? below : &all);
}

static err_t show_data(struct walk *w, const char *name, const struct value *v, uint64_t offset)
{
	struct dt *d = w->d;
	struct wanted below;
	const struct dt_spec *by;
	if (!select_field(w->want, name, &below, &by))
		return ok();
	if (!count_row(d))
		return ok();
	bool pointer = v->type.kind == TYPE_POINTER;
	bool elements =
		v->type.kind == TYPE_ARRAY && (d->o.blocks || (by && (by->array || by->indexed[w->want->part])));
	bool deeper = below.n || (type_is_udt(&v->type) && d->o.blocks) || w->depth;
	struct value shown = *v;
	if (elements && v->where != VALUE_NONE) { // the elements follow
		emit_field(d, w->level, name, &(struct value){ .type = v->type }, V(offset), true);
	} else {
		emit_field(d, w->level, name, &shown, V(offset), below.n > 0);
	}
	if (elements)
		return show_elements(d, v, w->level, w->depth, by, w->want->part);
	if (deeper && (pointer || type_is_udt(&v->type)))
		return show_below(w, v, &below);
	return ok();
}

static err_t show_static(struct walk *w, const struct type_member *m)
{
	struct dt *d = w->d;
	struct wanted below;
	const struct dt_spec *by;
	struct type t;
	uint32_t rva;
	if (!select_field(w->want, m->name, &below, &by) || !type_get(w->v->type.source, m->type, &t) || !count_row(d))
		return ok();
	const char *full = arena_printf(d->env.a, "%s::%s", w->v->type.name ? w->v->type.name : "", m->name);
	struct symbols *s = d->env.symbols;
	uint64_t number;
	type_id constant;
	uint8_t raw[8];
	if (!s ||
	    !s->provider->find(s, full, &rva)) { // layout unverified: a constant, or one whose address is not recorded
		struct value v = value_none(&t);
		if (s && s->provider->constant && s->provider->constant(s, full, &number, &constant) &&
		    t.size <= sizeof(raw)) {
			for (unsigned i = 0; i < sizeof(raw); i++)
				raw[i] = (uint8_t)(number >> (8 * i));
			v = value_of(&t, (struct span){ raw, sizeof(raw) });
		}
		struct dt_options keep = d->o;
		d->o.no_offset = true;
		emit_field(d, w->level, m->name, &v, V_ABSENT, false);
		d->o = keep;
		return ok();
	}
	struct value v = value_at(&t, s->module->base + rva);
	emit_field(d, w->level, m->name, &v, V_ABSENT, false);
	return ok();
}

static bool show_member(void *ctx, const struct type_member *m);

// Members of a base class stand among those of the class, at their offsets in it.
static err_t show_base(struct walk *w, const struct type_member *m)
{
	struct value base;
	struct walk in = *w;
	if (w->level + w->base > LIMIT_DT_DEPTH * (uint64_t)UINT16_MAX || !value_member(w->v, m, &base) ||
	    !type_is_udt(&base.type))
		return ok();
	in.v = &base;
	in.base += m->offset;
	in.err = ok();
	if (++in.d->env.depth < LIMIT_DT_DEPTH)
		type_members(&base.type, show_member, &in);
	in.d->env.depth--;
	return in.err;
}

static bool show_member(void *ctx, const struct type_member *m)
{
	struct walk *w = ctx;
	struct value v;
	switch (m->kind) {
	case MEMBER_DATA:
		if (value_member(w->v, m, &v))
			w->err = show_data(w, m->name ? m->name : "", &v, w->base + m->offset);
		break;
	case MEMBER_STATIC:
		if (m->name)
			w->err = show_static(w, m);
		break;
	case MEMBER_BASE:
		w->err = show_base(w, m);
		break;
	case MEMBER_VFPTR: {
		struct walk plain = *w;
		struct dt_options keep = w->d->o;
		w->d->o.blocks = true; // its number alone
		plain.depth = 0;
		if (value_member(w->v, m, &v))
			w->err = show_data(&plain, "__VFN_table", &v, w->base + m->offset);
		w->d->o = keep;
		break;
	}
	case MEMBER_VBASE:
		doc_note(w->d->out, NOTE_INFO, "type.virtual_base", "not supported: members of virtual base classes");
		break;
	default:
		break;
	}
	if (!w->err.code)
		w->err = session_poll(w->d->s);
	return !w->err.code && !w->d->full;
}

static err_t show_members(struct dt *d, const struct value *v, unsigned level, unsigned depth,
			  const struct wanted *want)
{
	struct walk w = { .d = d, .v = v, .level = level, .depth = depth, .want = want, .err = ok() };
	type_members(&v->type, show_member, &w);
	return w.err;
}

// ---- the whole
struct enumerators {
	struct dt *d;
	bool is_signed;
};

static bool show_enumerator(void *ctx, const struct type_member *m)
{
	struct enumerators *e = ctx;
	if (m->kind != MEMBER_ENUMERATOR || !m->name)
		return true;
	struct arena *a = e->d->env.a;
	const char *text = e->is_signed ? arena_printf(a, "0n%" PRId64, m->value)
					: arena_printf(a, "0x%" PRIx64, (uint64_t)m->value);
	ROW(e->d->out, type_enumerator, VS(m->name), V(m->value), VS(text));
	return count_row(e->d);
}

// "struct _X *" is "_X*" here.
static const char *bare_type(struct arena *a, const struct type *t)
{
	static const char *const tags[] = { "struct ", "class ", "union ", "enum ", "interface " };
	const char *text = type_c_text(a, t, NULL);
	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		text += str_starts(text, tags[i]) ? strlen(tags[i]) : 0;
	const char *star = strstr(text, " *");
	return star ? arena_printf(a, "%.*s%s", (int)(star - text), text, star + 1) : text;
}

void dt_show_local(struct dt *d, const struct local *l)
{
	const char *place = l->in_memory                 ? arena_printf(d->env.a, "0x%" PRIx64, l->va)
			    : l->where == LOCAL_REGISTER ? l->reg_name
							 : NULL;
	ROW(d->out, type_local, VS(l->name), VS(place), VS(bare_type(d->env.a, &l->type)), V_IF(l->in_memory, l->va),
	    VS(l->why));
}

void dt_show_header(struct dt *d, const struct dt_subject *sub, bool named)
{
	ROW_AS(d->out, type_name, named ? NULL : &silent, VS(sub->module ? sub->module->name : NULL), VS(sub->name),
	       VS(trimmed(d->env.a, type_dt_text(d->env.a, &sub->type))),
	       V_IF(d->o.has_addr || sub->kind == DT_VARIABLE, d->o.has_addr ? d->o.addr : sub->va), V(sub->type.size));
}

static void show_line(struct dt *d, const struct value *v, const char *shown)
{
	bool had = d->env.unreadable;
	ROW(d->out, type_value, VS(trimmed(d->env.a, type_dt_text(d->env.a, &v->type))),
	    v->where == VALUE_NONE || had ? V_ABSENT : VS(trimmed(d->env.a, shown)),
	    V_IF(v->where == VALUE_MEMORY, v->va), VS(shown));
}

static err_t show_array(struct dt *d, const struct value *v)
{
	struct value elem;
	struct wanted all = { .n = 0 };
	uint64_t n = d->o.array_count ? d->o.array_count : v->type.count;
	bool udt = value_element(v, 0, &elem) && type_is_udt(&elem.type);
	for (uint64_t i = 0; i < n && value_element(v, i, &elem) && count_row(d); i++) {
		TRY(session_poll(d->s));
		const char *shown;
		struct val value;
		struct layout *l = NEW(d->env.a, struct layout);
		texts(d, &elem, false, &shown, &value);
		const char *where = elem.where == VALUE_MEMORY ? arena_printf(d->env.a, " @ {address}") : "";
		l->text = udt ? arena_printf(d->env.a, "[%" PRIu64 "]%s\n---------------------------------------------",
					     i, where)
			      : arena_printf(d->env.a, "[%" PRIu64 "] {shown}", i);
		ROW_AS(d->out, type_element, l, V(0), V(i), VS(type_dt_text(d->env.a, &elem.type)), value,
		       V_IF(elem.where == VALUE_MEMORY, elem.va), VS(shown));
		if (udt) {
			TRY(show_members(d, &elem, 0, d->o.depth, &all));
			doc_text(d->out, "");
		}
	}
	return ok();
}

err_t dt_show(struct dt *d, const struct value *v)
{
	struct wanted want = { .n = 0 };
	struct value at = *v;
	for (unsigned i = 0; i < d->o.n_specs; i++)
		want.specs[want.n++] = &d->o.specs[i];
	if (v->type.kind == TYPE_ENUM && v->where == VALUE_NONE) {
		struct enumerators e = { d, value_is_signed(&v->type) };
		if (d->o.verbose)
			show_line(d, v, type_dt_long_text(d->env.a, &v->type));
		type_members(&v->type, show_enumerator, &e);
		return ok();
	}
	struct value through;
	if (v->type.kind == TYPE_POINTER && v->where != VALUE_NONE && value_deref(&d->env, v, &through) &&
	    type_is_udt(&through.type)) {
		show_line(d, v, value_text(&d->env, v, VALUE_BARE));
		at = through;
	} else if (v->type.kind == TYPE_ARRAY && (d->o.array || d->o.blocks)) {
		return show_array(d, v);
	} else if (!type_is_udt(&v->type)) {
		show_line(d, v, value_text(&d->env, v, 0));
		return ok();
	}
	if (d->o.verbose)
		show_line(d, &(struct value){ .type = at.type }, type_dt_long_text(d->env.a, &at.type));
	const char *summary = d->o.n_specs ? NULL : value_summary(&d->env, &at);
	if (summary)
		show_line(d, &at, arena_printf(d->env.a, " %s", summary));
	uint64_t before = d->rows;
	TRY(show_members(d, &at, 0, d->o.depth, &want));
	if (want.n && d->rows == before)
		return cmd_fail(d->c, E_NOTFOUND, 0, "Cannot find specified field members.");
	return ok();
}

void dt_read_error(struct dt *d)
{
	if (d->env.unreadable)
		ROW(d->out, type_read_error, V(d->env.unreadable_at));
}

// ---- lists
// Where the next object of a list begins: the link leads to the object itself, or into its list entry.
static bool next_object(struct dt *d, const struct value *v, va_t *ret)
{
	struct value link, flink;
	struct type to;
	if (!value_path(&d->env, v, d->o.link, &link))
		return false;
	uint64_t inside = link.va - v->va;
	if (type_is_udt(&link.type)) {
		if (!value_named(&link, "Flink", &flink) && !value_named(&link, "Next", &flink))
			return false;
		link = flink;
	} else if (link.type.kind == TYPE_POINTER && type_target(&link.type, &to)) {
		const char *dot = strrchr(d->o.link, '.');
		struct value holder;
		if (type_is_udt(&to) && to.id == v->type.id)
			inside = 0;
		else if (dot &&
			 value_path(&d->env, v, arena_strndup(d->env.a, d->o.link, (size_t)(dot - d->o.link)), &holder))
			inside = holder.va - v->va;
	}
	if (!value_uint(&d->env, &link, ret))
		return false;
	*ret = *ret ? *ret - inside : 0;
	return true;
}

err_t dt_walk(struct dt *d, const struct value *first)
{
	struct value probe;
	if (!value_path(&d->env, &(struct value){ .type = first->type }, d->o.link, &probe))
		return cmd_fail(d->c, E_NOTFOUND, 0, "Cannot find specified field members.");
	struct value v = *first;
	va_t mark = first->va; // Brent: a cycle that does not lead back to the start is met here
	for (uint64_t n = 1, next_mark = 2;; n++) {
		TRY(session_poll(d->s));
		ROW(d->out, type_list_item, VS(d->o.link), V(v.va),
		    VS(value_pointer_number(d->env.a, d->s->target->ptr_bytes, v.va)));
		TRY(dt_show(d, &v));
		bool readable = !d->env.unreadable;
		dt_read_error(d);
		doc_text(d->out, "");
		va_t next;
		if (!next_object(d, &v, &next) || !next || next == first->va || !readable)
			break;
		if (next == mark) {
			doc_note(d->out, NOTE_WARNING, "list.cycle",
				 "The list runs in a circle that does not lead back to its start.");
			break;
		}
		if (n == next_mark) {
			mark = next;
			next_mark *= 2;
		}
		if (n >= LIMIT_LIST || d->full) {
			doc_note(d->out, NOTE_WARNING, "limit.list", "The list is longer than %u: it is cut here.",
				 (unsigned)LIMIT_LIST);
			break;
		}
		v.va = next;
		d->env.unreadable = false;
	}
	d->env.unreadable = false; // said above
	return ok();
}
