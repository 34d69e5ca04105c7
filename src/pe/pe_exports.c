// SPDX-License-Identifier: Apache-2.0
// pe_exports.c: the export directory ("PE Format", section ".edata"). Names and functions are two tables
// joined by the ordinal table; an address may have several names or none.
#include "pe/pe_int.h"

#include <stdlib.h>
#include <string.h>

struct tables { // IMAGE_EXPORT_DIRECTORY
	uint32_t name, base, n_functions, n_names, functions, names, ordinals;
};

static int by_rva(const void *pa, const void *pb)
{
	const struct pe_export *a = pa, *b = pb;
	if (!a->forward != !b->forward)
		return a->forward ? 1 : -1;
	if (a->rva != b->rva)
		return a->rva < b->rva ? -1 : 1;
	if (a->ordinal != b->ordinal)
		return a->ordinal < b->ordinal ? -1 : 1;
	return a->name && b->name ? strcmp(a->name, b->name) : !a->name - !b->name;
}

struct builder {
	struct arena *a;
	const struct pe *pe;
	struct tables t;
	struct pe_export *list;
	size_t n, text;
	bool partial;
	struct pe_window functions, strings;
};

static const char *text_at(struct builder *b, uint64_t rva)
{
	const char *s = b->text < LIMIT_PE_EXPORT_TEXT ? pe_string(b->a, &b->strings, rva) : NULL;
	if (s)
		b->text += strlen(s) + 1;
	else
		b->partial = true;
	return s;
}

// Adds function `index` under a name (NULL: by ordinal only). Unused slots of the table are zero.
static void add(struct builder *b, uint32_t index, const char *name)
{
	const uint8_t *p = pe_window_get(&b->functions, (uint64_t)b->t.functions + (uint64_t)index * 4, 4);
	if (!p) {
		b->partial = true;
		return;
	}
	uint32_t rva = (uint32_t)le_get(p, 4);
	if (!rva)
		return;
	struct pe_export *e = &b->list[b->n++];
	*e = (struct pe_export){ .rva = rva, .ordinal = b->t.base + index, .name = name };
	const struct pe_data_dir *dir = &b->pe->dirs[PE_EXPORT];
	if (rva >= dir->rva && rva - dir->rva < dir->size)
		e->forward = text_at(b, rva);
}

static void add_all(struct builder *b, uint8_t *named)
{
	struct pe_window names = { .pe = b->pe }, ordinals = { .pe = b->pe };
	for (uint32_t i = 0; i < b->t.n_names; i++) {
		const uint8_t *n = pe_window_get(&names, (uint64_t)b->t.names + (uint64_t)i * 4, 4);
		const uint8_t *o = pe_window_get(&ordinals, (uint64_t)b->t.ordinals + (uint64_t)i * 2, 2);
		uint32_t index = o ? (uint32_t)le_get(o, 2) : UINT32_MAX;
		if (!n || index >= b->t.n_functions) {
			b->partial = true;
			continue;
		}
		const char *name = text_at(b, le_get(n, 4));
		if (!name)
			continue; // listed by ordinal below
		named[index] = 1;
		add(b, index, name);
	}
	for (uint32_t i = 0; i < b->t.n_functions; i++)
		if (!named[i])
			add(b, i, NULL);
}

err_t pe_exports(struct arena *a, const struct pe *pe, struct pe_exports *ret)
{
	const struct pe_data_dir *dir = &pe->dirs[PE_EXPORT];
	if (!dir->rva)
		return fail(E_NOTFOUND, "image has no exports", 0);
	uint8_t raw[40];
	if (!pe_read_all(pe, dir->rva, raw, sizeof(raw)))
		return fail(E_ABSENT, "export directory", dir->rva);
	struct builder b = { .a = a, .pe = pe, .functions.pe = pe, .strings.pe = pe };
	struct rd r = rd_at((struct span){ raw, sizeof(raw) }, 12);
	b.t.name = rd_u32(&r);
	b.t.base = rd_u32(&r);
	b.t.n_functions = rd_u32(&r);
	b.t.n_names = rd_u32(&r);
	b.t.functions = rd_u32(&r);
	b.t.names = rd_u32(&r);
	b.t.ordinals = rd_u32(&r);
	if (b.t.n_functions > LIMIT_PE_EXPORTS || b.t.n_names > LIMIT_PE_EXPORTS) {
		b.partial = true;
		b.t.n_functions = MIN(b.t.n_functions, (uint32_t)LIMIT_PE_EXPORTS);
		b.t.n_names = MIN(b.t.n_names, (uint32_t)LIMIT_PE_EXPORTS);
	}
	b.list = NEW_N(a, struct pe_export, (size_t)b.t.n_functions + b.t.n_names + 1);
	add_all(&b, NEW_N(a, uint8_t, (size_t)b.t.n_functions + 1));
	qsort(b.list, b.n, sizeof(*b.list), by_rva);
	size_t n_code = b.n;
	while (n_code && b.list[n_code - 1].forward)
		n_code--;
	*ret = (struct pe_exports){ .by_rva = b.list, .n = b.n, .n_code = n_code };
	ret->dll_name = b.t.name ? text_at(&b, b.t.name) : NULL;
	ret->partial = b.partial;
	return ok();
}
