// SPDX-License-Identifier: Apache-2.0
// fuzz_dwarf.c: any bytes as an image with DWARF and COFF symbols ("MZ..."), else as bare sections: their ten lengths
// (16 bits each), then their bytes. Every function, datum, line and inlined call, look-ups by address and by name.
// Memory stays bounded, what is listed is in order, and what is found covers or lies below the address.
#include "dwarf/dwarf.h"
#include "pe/pe_coff.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MEMORY = 256 << 20, MOST = 200 };

struct seen {
	struct arena *a;
	struct span file;
	struct dwarf *d;
	size_t n;
	uint32_t last;
};

static void ask(struct dwarf *d, uint32_t rva)
{
	struct dwarf_symbol s;
	struct dwarf_line l;
	struct dwarf_inline in[8];
	if (dwarf_function_at(d, rva, &s) && (s.rva > rva || rva - s.rva >= s.size))
		abort();
	if (dwarf_function_below(d, rva, &s) && s.rva > rva)
		abort();
	if (dwarf_data_at(d, rva, &s) && (s.rva > rva || s.is_function))
		abort();
	if (dwarf_line_at(d, rva, &l) && (l.rva > rva || rva - l.rva >= l.size))
		abort();
	size_t n = dwarf_inlines_at(d, rva, in, 8);
	for (size_t i = 0; i < n; i++)
		if (in[i].callee.rva > rva || rva - in[i].callee.rva >= in[i].callee.size)
			abort();
	uint32_t next = dwarf_next_rva(d, rva);
	if (next && next <= rva)
		abort();
}

static bool found(void *ctx, const struct dwarf_symbol *s)
{
	*(bool *)ctx = true;
	return s->name != NULL;
}

static bool ordered(void *ctx, const struct dwarf_symbol *s)
{
	struct seen *w = ctx;
	if (s->rva < w->last)
		abort();
	w->last = s->rva;
	if (++w->n >= MOST)
		return true;
	ask(w->d, s->rva);
	ask(w->d, s->rva + s->size / 2);
	bool any = false;
	if (s->linkage)
		dwarf_each_named(w->d, s->linkage, false, found, &any);
	if (s->linkage && !any)
		abort();
	return true;
}

static bool line(void *ctx, const struct dwarf_line *l)
{
	struct seen *w = ctx;
	if (!l->size)
		abort();
	if (++w->n < MOST)
		ask(w->d, l->rva);
	return true;
}

static bool site(void *ctx, const struct dwarf_inline *i)
{
	struct seen *w = ctx;
	if (++w->n < MOST)
		ask(w->d, i->callee.rva);
	return true;
}

static err_t everything(void *ctx)
{
	struct seen *w = ctx;
	for (uint32_t rva = 0; rva < 0x8000; rva += 0x455)
		ask(w->d, rva);
	dwarf_each_inline(w->d, site, w);
	w->n = 0;
	dwarf_each_line(w->d, line, w);
	w->n = 0;
	dwarf_each(w->d, ordered, w);
	dwarf_each_line_of(w->d, "t.cpp", line, w);
	(void)dwarf_note(w->d);
	return dwarf_damage(w->d);
}

static err_t open_image(struct seen *w)
{
	struct pe *pe;
	struct pe_coff coff;
	struct pe_debuglink link;
	struct span s[DWARF_SECTIONS];
	TRY(pe_open_file(w->a, w->file, &pe));
	if (!pe_coff_symbols(w->a, pe, &coff).code)
		for (size_t i = 1; i < coff.n; i++)
			if (coff.by_rva[i - 1].rva > coff.by_rva[i].rva || !strlen(coff.by_rva[i].name))
				abort();
	if (!pe_debuglink(w->a, pe, &link).code && !*link.file)
		abort();
	for (size_t i = 0; i < DWARF_SECTIONS; i++)
		s[i] = pe_section_named(pe, dwarf_section_names[i]);
	return dwarf_open(w->a, s, pe->image_base, pe->size_of_image, &w->d);
}

static err_t open_it(void *ctx)
{
	struct seen *w = ctx;
	struct span s[DWARF_SECTIONS];
	if (w->file.n > 2 && w->file.p[0] == 'M' && w->file.p[1] == 'Z')
		return open_image(w);
	struct rd r = rd_at(w->file, 0);
	uint64_t at = 2 * DWARF_SECTIONS;
	for (size_t i = 0; i < DWARF_SECTIONS; i++) {
		uint16_t n = rd_u16(&r);
		s[i] = span_clip(w->file, at, n);
		at += n;
	}
	return dwarf_open(w->a, s, 0x10000, 0x10000, &w->d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(MEMORY);
	struct seen w = { .a = a, .file = { data, size } };
	if (!arena_guard(a, NULL, open_it, &w).code) {
		// More than the input justifies would be a finding; a hostile count is refused or cut.
		if (arena_guard(a, NULL, everything, &w).code == E_LIMIT && size < 1 << 17)
			abort();
	}
	arena_free(a);
	return 0;
}
