// SPDX-License-Identifier: Apache-2.0
// dwarf.c: symbols from the DWARF that MinGW, clang and Rust put into images, or into a file beside them that the image
// names (.gnu_debuglink). DWARF counts as private symbols. What it does not know (assembly code, libraries built
// without it) has names from the COFF symbol table of the same file, else from the exports, as public symbols of a PDB
// do.
//
// The image's own file is needed: the loader maps neither its long section names nor its symbol table.
#include "dwarf/dwarf.h"

#include "base/limits.h"
#include "sym/coff.h"

#include <stdlib.h>
#include <string.h>

extern const struct symbol_provider sym_dwarf;
extern const struct symbol_provider sym_export;
struct each_row {
	uint32_t rva;
	bool better; // than what the COFF table or the exports have for the place
	size_t order;
	const char *name;
};
struct dwarf_symbols {
	struct symbols base;
	struct dwarf *dwarf;
	const struct pe *pe;
	bool has_coff;
	struct coff_names coff;
	struct symbols *exports; // without a COFF table; NULL: none
	struct arena *arena;
	struct each_row *each; // all names, ascending; built when first listed
	size_t n_each, cap_each;
};

// ---- finding
// CRC-32 with the reversed polynomial edb88320, as zlib and binutils compute it.
static uint32_t crc32_of(struct span s)
{
	uint32_t table[256], crc = UINT32_MAX;
	for (uint32_t i = 0; i < ARRAY_LEN(table); i++) {
		table[i] = i;
		for (unsigned bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
	}
	for (size_t i = 0; i < s.n; i++)
		crc = crc >> 8 ^ table[(crc ^ s.p[i]) & 0xff];
	return ~crc;
}

static err_t open_file(struct dwarf_symbols *s, const struct pe *pe)
{
	struct span sections[DWARF_SECTIONS];
	for (size_t i = 0; i < DWARF_SECTIONS; i++)
		sections[i] = pe_section_named(pe, dwarf_section_names[i]);
	TRY(dwarf_open(s->arena, sections, pe->image_base, pe->size_of_image, &s->dwarf));
	s->has_coff = !coff_names_open(s->arena, pe, &s->coff).code;
	return ok();
}

struct search {
	struct dwarf_symbols *s;
	uint32_t crc;
	struct file_map map;
	bool refused;
};

static err_t accept_file(void *ctx, const struct store_file *f)
{
	struct search *w = ctx;
	struct pe *pe;
	if (crc32_of(f->map.bytes) != w->crc) {
		w->refused = true;
		return fail(E_NOTFOUND, "the debug file belongs to another build of the module", 0);
	}
	err_t e = pe_open_file(w->s->arena, f->map.bytes, &pe);
	if (!e.code)
		e = open_file(w->s, pe);
	w->refused |= e.code != OK;
	if (!e.code)
		w->map = f->map;
	return e;
}

// Beside the image, then along both paths; in each folder also in .debug, as GDB does.
static err_t find_debug_file(struct target *t, struct module *m, const struct pe_debuglink *link, struct search *w)
{
	const char *const more[] = { arena_printf(t->arena, ".debug/%s", link->file) };
	struct store_query q = { .name = link->file, .more = more, .n_more = ARRAY_LEN(more) };
	struct store_hit hit;
	const char *slash = strrchr(m->image_file, '/');
	const char *dir =
		slash ? arena_strndup(t->arena, m->image_file, (size_t)MAX(slash - m->image_file, (ptrdiff_t)1)) : ".";
	err_t e = store_find_in(t->store, dir, &q, accept_file, w, &hit);
	if (e.code)
		e = store_find(t->store, &t->symbol_path, &q, accept_file, w, &hit);
	if (e.code)
		e = store_find(t->store, &t->image_path, &q, accept_file, w, &hit);
	if (e.code && w->refused)
		m->symbol_error = fail(E_NOTFOUND, "the debug file belongs to another build of the module", 0);
	if (e.code)
		return e;
	m->symbol_map = w->map;
	m->symbol_file = hit.path;
	m->symbol_error = ok();
	return ok();
}

static err_t open_dwarf(struct target *t, struct module *m, struct symbols **ret)
{
	const struct pe *pe;
	TRY(target_module_pe(t, m, &pe));
	if (m->image != IMAGE_FROM_FILE)
		return fail(E_NOTFOUND, "DWARF needs the image's file", m->base);
	struct dwarf_symbols *s = NEW(t->arena, struct dwarf_symbols);
	*s = (struct dwarf_symbols){ .arena = t->arena, .pe = pe };
	if (!open_file(s, pe).code) {
		m->symbol_file = m->image_file;
	} else {
		struct pe_debuglink link;
		TRY(pe_debuglink(t->arena, pe, &link));
		struct search w = { .s = s, .crc = link.crc };
		TRY(find_debug_file(t, m, &link, &w));
	}
	if (!s->has_coff && sym_export.open(t, m, &s->exports).code)
		s->exports = NULL;
	*ret = &s->base;
	return ok();
}

// ---- names
static const char *shown(struct dwarf_symbols *s, const struct dwarf_symbol *y)
{
	const char *name = *y->shown;
	if (name)
		return name;
	name = y->linkage ? coff_undecorated(s->arena, y->linkage) : NULL;
	if (!name)
		name = y->name ? y->name : y->linkage;
	return *y->shown = name ? name : "<unnamed>";
}

struct found {
	const char *name;
	uint32_t rva;
	bool is_function;
};

// What lies at or below an address that no function covers: data, or a function with only padding between. Code further
// behind is other code, about which this DWARF may know nothing.
static bool dwarf_below(struct dwarf_symbols *s, uint32_t rva, struct dwarf_symbol *y)
{
	enum { PADDING = 16 };
	if (pe_is_executable(s->pe, rva))
		return dwarf_function_below(s->dwarf, rva, y) && rva - y->rva < y->size + PADDING;
	return dwarf_data_at(s->dwarf, rva, y) && pe_section_at(s->pe, y->rva) == pe_section_at(s->pe, rva);
}

static bool other_near(struct dwarf_symbols *s, uint32_t rva, struct found *ret)
{
	if (s->exports)
		return sym_export.near(s->exports, rva, &ret->name, &ret->rva, NULL, &ret->is_function);
	size_t i = s->has_coff ? coff_names_at(&s->coff, rva) : SIZE_MAX;
	if (i == SIZE_MAX)
		return false;
	*ret = (struct found){ coff_names_shown(&s->coff, i), s->coff.table.by_rva[i].rva,
			       coff_names_is_function(&s->coff, i) };
	return true;
}

// A function that covers the address; else the nearest of both tables at or below. The cold part of a function has a
// name of its own in the COFF table only.
static bool find_near(struct dwarf_symbols *s, uint32_t rva, struct found *ret)
{
	struct dwarf_symbol y;
	bool covered = dwarf_function_at(s->dwarf, rva, &y);
	if (covered && y.rva == y.entry) {
		*ret = (struct found){ shown(s, &y), y.rva, true };
		return true;
	}
	bool have = covered || dwarf_below(s, rva, &y), other = other_near(s, rva, ret);
	if (have && (!other || (covered ? ret->rva != y.rva : y.rva >= ret->rva))) {
		*ret = (struct found){ shown(s, &y), y.rva, y.is_function };
		return true;
	}
	return other;
}

static bool near_dwarf(struct symbols *sy, uint32_t rva, const char **name_ret, uint32_t *rva_ret, uint32_t *next_ret,
		       bool *is_function_ret)
{
	struct dwarf_symbols *s = (struct dwarf_symbols *)sy;
	struct found f;
	if (next_ret) {
		uint32_t a = dwarf_next_rva(s->dwarf, rva), b = s->has_coff ? coff_names_next(&s->coff, rva) : 0;
		if (s->exports)
			sym_export.near(s->exports, rva, &f.name, &f.rva, &b, &f.is_function);
		*next_ret = a && (!b || a < b) ? a : b;
	}
	if (!find_near(s, rva, &f))
		return false;
	*name_ret = f.name;
	*rva_ret = f.rva;
	*is_function_ret = f.is_function;
	return true;
}

struct want {
	struct dwarf_symbols *s;
	const char *name;
	bool blind, found;
	uint32_t rva;
};

static bool is_wanted(void *ctx, const struct dwarf_symbol *y)
{
	struct want *w = ctx;
	const char *name = shown(w->s, y);
	if (w->blind ? !str_ieq(name, w->name) : !str_eq(name, w->name) && !(y->linkage && str_eq(y->linkage, w->name)))
		return true;
	w->found = true;
	w->rva = y->entry;
	return false;
}

static bool any_name(void *ctx, const char *name, uint32_t rva)
{
	struct want *w = ctx;
	w->found = str_ieq(name, w->name);
	w->rva = rva;
	return !w->found;
}

// The part of a full name that an entry has as its own.
static const char *last_part(const char *name)
{
	const char *last = name;
	unsigned depth = 0;
	for (const char *p = name; *p; p++) {
		depth += *p == '<' || *p == '(';
		depth -= (*p == '>' || *p == ')') && depth;
		if (!depth && p[0] == ':' && p[1] == ':')
			last = p + 2;
	}
	return last;
}

static void each_dwarf(struct symbols *sy, bool (*fn)(void *ctx, const char *name, uint32_t rva), void *ctx);

static bool find_dwarf(struct symbols *sy, const char *name, uint32_t *rva_ret)
{
	struct dwarf_symbols *s = (struct dwarf_symbols *)sy;
	struct want w = { .s = s, .name = name };
	dwarf_each_named(s->dwarf, last_part(name), false, is_wanted, &w);
	if (!w.found && s->has_coff)
		w.found = coff_names_find(&s->coff, name, &w.rva);
	if (!w.found && s->exports)
		w.found = sym_export.find(s->exports, name, &w.rva);
	w.blind = true;
	if (!w.found)
		dwarf_each_named(s->dwarf, last_part(name), true, is_wanted, &w);
	if (!w.found) // names whose own part is written otherwise: operators, template arguments
		each_dwarf(sy, any_name, &w);
	*rva_ret = w.rva;
	return w.found;
}

// ---- listing
static void keep(struct dwarf_symbols *s, uint32_t rva, const char *name, bool better)
{
	if (s->n_each == s->cap_each) {
		s->cap_each = MAX(2 * s->cap_each, (size_t)256);
		struct each_row *more = NEW_N(s->arena, struct each_row, s->cap_each);
		if (s->n_each)
			memcpy(more, s->each, s->n_each * sizeof(*more));
		s->each = more;
	}
	s->each[s->n_each] = (struct each_row){ rva, better, s->n_each, name };
	s->n_each++;
}

static bool take(void *ctx, const struct dwarf_symbol *y)
{
	keep(ctx, y->rva, shown(ctx, y), !y->is_function || y->rva == y->entry);
	return true;
}

static bool take_export(void *ctx, const char *name, uint32_t rva)
{
	keep(ctx, rva, name, false);
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct each_row *x = a, *y = b;
	if (x->rva != y->rva)
		return x->rva < y->rva ? -1 : 1;
	if (x->better != y->better)
		return x->better ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

// Names of the other table are left out where DWARF has one; a cold part goes by the other table's name.
static void load_each(struct dwarf_symbols *s)
{
	if (s->has_coff)
		for (size_t i = 0; i < s->coff.table.n; i++)
			keep(s, s->coff.table.by_rva[i].rva, coff_names_shown(&s->coff, i), false);
	else if (s->exports)
		sym_export.each(s->exports, take_export, s);
	dwarf_each(s->dwarf, take, s);
	if (!s->n_each)
		return;
	qsort(s->each, s->n_each, sizeof(*s->each), compare);
	size_t n = 1;
	for (size_t i = 1; i < s->n_each; i++)
		if (s->each[i].rva != s->each[n - 1].rva || s->each[i].better == s->each[n - 1].better)
			s->each[n++] = s->each[i];
	s->n_each = n;
}

static void each_dwarf(struct symbols *sy, bool (*fn)(void *ctx, const char *name, uint32_t rva), void *ctx)
{
	struct dwarf_symbols *s = (struct dwarf_symbols *)sy;
	if (!s->each)
		load_each(s);
	for (size_t i = 0; i < s->n_each; i++)
		if (!fn(ctx, s->each[i].name, s->each[i].rva))
			return;
}

// ---- lines
// The caller's place: of the call, when the address lies in inlined code.
static bool line_dwarf(struct symbols *sy, uint32_t rva, struct sym_line *ret)
{
	struct dwarf *d = ((struct dwarf_symbols *)sy)->dwarf;
	struct dwarf_inline in[SYM_INLINES];
	struct dwarf_line l;
	size_t n = dwarf_inlines_at(d, rva, in, ARRAY_LEN(in));
	if (n && in[n - 1].call_file && in[n - 1].call_line) {
		const struct dwarf_inline *i = &in[n - 1];
		*ret = (struct sym_line){ i->call_file, i->call_line, sy->module->base + i->callee.rva,
					  i->callee.size };
		return true;
	}
	if (!dwarf_line_at(d, rva, &l) || !l.file || !l.line)
		return false;
	*ret = (struct sym_line){ l.file, l.line, sy->module->base + l.rva, l.size };
	return true;
}

static size_t inlines_dwarf(struct symbols *sy, uint32_t rva, struct sym_inline *ret, size_t max)
{
	struct dwarf_symbols *s = (struct dwarf_symbols *)sy;
	struct dwarf_inline in[SYM_INLINES];
	struct dwarf_line l;
	size_t n = dwarf_inlines_at(s->dwarf, rva, in, MIN(max, ARRAY_LEN(in)));
	bool placed = n && dwarf_line_at(s->dwarf, rva, &l) && l.file && l.line;
	for (size_t i = 0; i < n; i++) {
		ret[i] = (struct sym_inline){ .name = shown(s, &in[i].callee),
					      .va = sy->module->base + in[i].callee.rva };
		if (i) { // the place of the call one further in
			ret[i].file = in[i - 1].call_line ? in[i - 1].call_file : NULL;
			ret[i].line = ret[i].file ? in[i - 1].call_line : 0;
		} else if (placed) {
			ret[i].file = l.file;
			ret[i].line = l.line;
		}
	}
	return n;
}

struct of_line {
	va_t base;
	uint32_t line;
	bool (*fn)(void *ctx, const struct sym_line *l);
	void *ctx;
};

static bool is_line(void *ctx, const struct dwarf_line *l)
{
	const struct of_line *w = ctx;
	return l->line != w->line || w->fn(w->ctx, &(struct sym_line){ l->file, l->line, w->base + l->rva, l->size });
}

static void line_addresses_dwarf(struct symbols *sy, const char *file, uint32_t line,
				 bool (*fn)(void *ctx, const struct sym_line *l), void *ctx)
{
	struct of_line w = { sy->module->base, line, fn, ctx };
	dwarf_each_line_of(((struct dwarf_symbols *)sy)->dwarf, file, is_line, &w);
}

static bool about_dwarf(struct symbols *sy, uint32_t rva, const char *name, struct sym_about *ret)
{
	struct dwarf_symbols *s = (struct dwarf_symbols *)sy;
	struct dwarf_symbol y;
	*ret = (struct sym_about){ .is_private = true };
	bool here = dwarf_function_at(s->dwarf, rva, &y) ||
		    (!pe_is_executable(s->pe, rva) && dwarf_data_at(s->dwarf, rva, &y));
	if (here && y.rva == rva && str_eq(shown(s, &y), name)) {
		ret->decorated = y.linkage && !str_eq(y.linkage, name) ? y.linkage : NULL;
		ret->size = y.size;
		ret->is_function = y.is_function;
		return true;
	}
	size_t i = s->has_coff ? coff_names_at(&s->coff, rva) : SIZE_MAX;
	if (i == SIZE_MAX || s->coff.table.by_rva[i].rva != rva)
		return false;
	const char *stored = s->coff.table.by_rva[i].name;
	ret->decorated = str_eq(stored, name) ? NULL : stored;
	ret->is_private = false;
	ret->is_function = coff_names_is_function(&s->coff, i);
	return true;
}

static const char *note_dwarf(struct symbols *sy)
{
	struct dwarf_symbols *s = (struct dwarf_symbols *)sy;
	return s->dwarf ? dwarf_note(s->dwarf) : NULL;
}

const struct symbol_provider sym_dwarf = {
	.name = "dwarf",
	.state = SYM_DWARF,
	.open = open_dwarf,
	.near = near_dwarf,
	.find = find_dwarf,
	.each = each_dwarf,
	.line = line_dwarf,
	.inlines = inlines_dwarf,
	.about = about_dwarf,
	.line_addresses = line_addresses_dwarf,
	.note = note_dwarf,
};
