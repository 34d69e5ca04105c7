// SPDX-License-Identifier: Apache-2.0
// export.c: names from a module's export table. An export names a place, not an extent: code far behind
// the last export still shows that export with a large displacement, as WinDbg does.
#include "sym/sym.h"

#include <stdlib.h>
#include <string.h>

extern const struct symbol_provider sym_export;
struct export_symbols {
	struct symbols base;
	const struct pe *pe;
	const struct pe_export *by_rva; // named code and data, no forwarders
	size_t n;
	const uint32_t *by_name; // indices into by_rva
	struct arena *arena;
};

static int compare_names(const void *a, const void *b, void *ctx)
{
	const struct export_symbols *s = ctx;
	return strcmp(s->by_rva[*(const uint32_t *)a].name, s->by_rva[*(const uint32_t *)b].name);
}

static err_t open_exports(struct target *t, struct module *m, struct symbols **ret)
{
	const struct pe *pe;
	struct pe_exports x;
	TRY(target_module_pe(t, m, &pe));
	TRY(pe_exports(t->arena, pe, &x));
	struct pe_export *named = NEW_N(t->arena, struct pe_export, x.n_code);
	size_t n = 0;
	for (size_t i = 0; i < x.n_code; i++)
		if (x.by_rva[i].name && *x.by_rva[i].name)
			named[n++] = x.by_rva[i];
	if (!n)
		return fail(E_NOTFOUND, "the module exports no names", m->base);
	struct export_symbols *s = NEW(t->arena, struct export_symbols);
	*s = (struct export_symbols){ .pe = pe, .by_rva = named, .n = n, .arena = t->arena };
	*ret = &s->base;
	return ok();
}

// The index of the last export at or below rva, SIZE_MAX when there is none. Of several names for one
// address the first in the table is shown.
static size_t at_or_below(const struct export_symbols *s, uint32_t rva)
{
	size_t lo = 0, hi = s->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->by_rva[mid].rva <= rva)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return SIZE_MAX;
	size_t i = lo - 1;
	while (i && s->by_rva[i - 1].rva == s->by_rva[i].rva)
		i--;
	return i;
}

static bool near_export(struct symbols *sy, uint32_t rva, const char **name_ret, uint32_t *rva_ret, uint32_t *next_ret,
			bool *is_function_ret)
{
	const struct export_symbols *s = (const struct export_symbols *)sy;
	size_t i = at_or_below(s, rva);
	if (next_ret) {
		size_t next = i == SIZE_MAX ? 0 : i + 1;
		while (next < s->n && i != SIZE_MAX && s->by_rva[next].rva == s->by_rva[i].rva)
			next++;
		*next_ret = next < s->n ? s->by_rva[next].rva : 0;
	}
	if (i == SIZE_MAX)
		return false;
	*name_ret = s->by_rva[i].name;
	*rva_ret = s->by_rva[i].rva;
	*is_function_ret = pe_is_executable(s->pe, s->by_rva[i].rva);
	return true;
}

static bool find_export(struct symbols *sy, const char *name, uint32_t *rva_ret)
{
	struct export_symbols *s = (struct export_symbols *)sy;
	if (!s->by_name) {
		uint32_t *order = NEW_N(s->arena, uint32_t, s->n);
		for (size_t i = 0; i < s->n; i++)
			order[i] = (uint32_t)i;
		qsort_r(order, s->n, sizeof(*order), compare_names, s);
		s->by_name = order;
	}
	size_t lo = 0, hi = s->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(s->by_rva[s->by_name[mid]].name, name);
		if (!c) {
			*rva_ret = s->by_rva[s->by_name[mid]].rva;
			return true;
		}
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = 0; i < s->n; i++) {
		if (str_ieq(s->by_rva[i].name, name)) {
			*rva_ret = s->by_rva[i].rva;
			return true;
		}
	}
	return false;
}

static void each_export(struct symbols *sy, bool (*fn)(void *ctx, const char *name, uint32_t rva), void *ctx)
{
	const struct export_symbols *s = (const struct export_symbols *)sy;
	for (size_t i = 0; i < s->n; i++)
		if (!fn(ctx, s->by_rva[i].name, s->by_rva[i].rva))
			return;
}

const struct symbol_provider sym_export = {
	.name = "export",
	.state = SYM_EXPORT,
	.open = open_exports,
	.near = near_export,
	.find = find_export,
	.each = each_export,
};
