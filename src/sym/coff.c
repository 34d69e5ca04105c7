// SPDX-License-Identifier: Apache-2.0
// coff.c: names from the COFF symbol table, which MinGW's linkers leave in images that were not stripped, and which
// old Microsoft linkers wrote.
#include "sym/coff.h"

#include "base/limits.h"
#include "pdb/undname.h"

#include <string.h>

extern const struct symbol_provider sym_coff;
struct coff_symbols {
	struct symbols base;
	struct coff_names names;
};

err_t coff_names_open(struct arena *a, const struct pe *pe, struct coff_names *ret)
{
	*ret = (struct coff_names){ .pe = pe, .arena = a };
	TRY(pe_coff_symbols(a, pe, &ret->table));
	ret->shown = NEW_N(a, const char *, ret->table.n);
	return ok();
}

static size_t below(const struct coff_names *c, uint32_t rva)
{
	size_t lo = 0, hi = c->table.n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (c->table.by_rva[mid].rva <= rva)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

size_t coff_names_at(const struct coff_names *c, uint32_t rva)
{
	size_t n = below(c, rva);
	if (!n)
		return SIZE_MAX;
	uint32_t at = c->table.by_rva[n - 1].rva;
	if (pe_section_at(c->pe, at) != pe_section_at(c->pe, rva))
		return SIZE_MAX;
	return at ? below(c, at - 1) : 0; // of several names for one address the first is shown
}

uint32_t coff_names_next(const struct coff_names *c, uint32_t rva)
{
	size_t n = below(c, rva);
	return n < c->table.n ? c->table.by_rva[n].rva : 0;
}

const char *coff_undecorated(struct arena *a, const char *name)
{
	const char *text;
	if (*name != '?' && *name != '_')
		return NULL;
	struct arena *scratch = arena_new(LIMIT_UNDNAME_MEMORY);
	err_t e = undname_any(scratch, name, UNDNAME_NAME_ONLY, &text);
	text = e.code ? NULL : arena_strdup(a, text);
	arena_free(scratch);
	return text;
}

// _name, _name@8, @name@8: C names of x86.
static const char *plain(struct arena *a, const char *name)
{
	if ((*name != '_' && *name != '@') || !name[1])
		return name;
	const char *at = strrchr(name + 1, '@');
	if (!at || !at[1] || at == name + 1 || strspn(at + 1, "0123456789") != strlen(at + 1))
		return name + (*name == '_');
	return arena_strndup(a, name + 1, (size_t)(at - name - 1));
}

static const char *shown_name(const struct coff_names *c, const char *name)
{
	const char *text = coff_undecorated(c->arena, name);
	return text ? text : c->pe->machine == MACHINE_X86 ? plain(c->arena, name) : name;
}

const char *coff_names_shown(struct coff_names *c, size_t i)
{
	if (!c->shown[i])
		c->shown[i] = shown_name(c, c->table.by_rva[i].name);
	return c->shown[i];
}

bool coff_names_is_function(const struct coff_names *c, size_t i)
{
	return c->table.by_rva[i].is_function || pe_is_executable(c->pe, c->table.by_rva[i].rva);
}

bool coff_names_find(struct coff_names *c, const char *name, uint32_t *rva_ret)
{
	size_t blind = SIZE_MAX;
	for (size_t i = 0; i < c->table.n; i++) {
		const char *shown = coff_names_shown(c, i);
		if (str_eq(c->table.by_rva[i].name, name) || str_eq(shown, name)) {
			*rva_ret = c->table.by_rva[i].rva;
			return true;
		}
		if (blind == SIZE_MAX && str_ieq(shown, name))
			blind = i;
	}
	if (blind != SIZE_MAX)
		*rva_ret = c->table.by_rva[blind].rva;
	return blind != SIZE_MAX;
}

// ---- the provider
static err_t open_coff(struct target *t, struct module *m, struct symbols **ret)
{
	const struct pe *pe;
	TRY(target_module_pe(t, m, &pe));
	struct coff_symbols *s = NEW(t->arena, struct coff_symbols);
	TRY(coff_names_open(t->arena, pe, &s->names));
	m->symbol_file = m->image_file;
	*ret = &s->base;
	return ok();
}

static bool near_coff(struct symbols *sy, uint32_t rva, const char **name_ret, uint32_t *rva_ret, uint32_t *next_ret,
		      bool *is_function_ret)
{
	struct coff_names *c = &((struct coff_symbols *)sy)->names;
	size_t i = coff_names_at(c, rva);
	if (next_ret)
		*next_ret = coff_names_next(c, rva);
	if (i == SIZE_MAX)
		return false;
	*name_ret = coff_names_shown(c, i);
	*rva_ret = c->table.by_rva[i].rva;
	*is_function_ret = coff_names_is_function(c, i);
	return true;
}

static bool find_coff(struct symbols *sy, const char *name, uint32_t *rva_ret)
{
	return coff_names_find(&((struct coff_symbols *)sy)->names, name, rva_ret);
}

static void each_coff(struct symbols *sy, bool (*fn)(void *ctx, const char *name, uint32_t rva), void *ctx)
{
	struct coff_names *c = &((struct coff_symbols *)sy)->names;
	for (size_t i = 0; i < c->table.n; i++)
		if (!fn(ctx, coff_names_shown(c, i), c->table.by_rva[i].rva))
			return;
}

static bool about_coff(struct symbols *sy, uint32_t rva, const char *name, struct sym_about *ret)
{
	struct coff_names *c = &((struct coff_symbols *)sy)->names;
	size_t i = coff_names_at(c, rva);
	if (i == SIZE_MAX || c->table.by_rva[i].rva != rva)
		return false;
	const char *stored = c->table.by_rva[i].name;
	*ret = (struct sym_about){ .decorated = str_eq(stored, name) ? NULL : stored,
				   .is_function = coff_names_is_function(c, i) };
	return true;
}

const struct symbol_provider sym_coff = {
	.name = "coff",
	.state = SYM_COFF,
	.open = open_coff,
	.near = near_coff,
	.find = find_coff,
	.each = each_coff,
	.about = about_coff,
};
