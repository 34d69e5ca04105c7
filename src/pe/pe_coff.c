// SPDX-License-Identifier: Apache-2.0
// pe_coff.c: the COFF symbol table, long section names and .gnu_debuglink of an image file.
#include "pe/pe_coff.h"

#include "pe/pe_int.h"

#include <stdlib.h>
#include <string.h>

enum {
	SYMBOL_SIZE = 18,
	CLASS_EXTERNAL = 2,
	CLASS_STATIC = 3,
	CLASS_WEAK = 105,     // IMAGE_SYM_CLASS_WEAK_EXTERNAL
	CLASS_GNU_WEAK = 127, // binutils' own
	TYPE_FUNCTION = 2,    // IMAGE_SYM_DTYPE_FUNCTION, in bits 4 and 5 of Type
};

// The string table follows the symbols and begins with its own size.
static struct span strings_of(const struct pe *pe)
{
	uint64_t at = (uint64_t)pe->symtab + (uint64_t)pe->n_syms * SYMBOL_SIZE;
	struct span none = { NULL, 0 };
	if (!pe->symtab || at > UINT32_MAX)
		return none;
	struct span size = pe_file_bytes(pe, (uint32_t)at, 4);
	return size.n ? pe_file_bytes(pe, (uint32_t)at, (uint32_t)le_get(size.p, 4)) : none;
}

// A text of the string table; NULL: outside, or without an end.
static const char *string_at(struct span strings, uint64_t off)
{
	struct span s = off >= 4 ? span_clip(strings, off, LIMIT_PE_NAME) : (struct span){ NULL, 0 };
	return s.n && memchr(s.p, 0, s.n) ? (const char *)s.p : NULL;
}

// ---- symbols
struct table {
	struct span records, strings;
	const struct pe *pe;
	struct arena *a;
};

static const char *name_of(const struct table *t, const uint8_t *record)
{
	if (!le_get(record, 4))
		return string_at(t->strings, le_get(record + 4, 4));
	const uint8_t *nul = memchr(record, 0, 8);
	return nul ? (const char *)record : arena_strndup(t->a, (const char *)record, 8);
}

// Binutils names a weak definition ".weak.NAME.ALTERNATIVE".
static const char *without_weak(struct arena *a, const char *name)
{
	if (!str_starts(name, ".weak."))
		return name;
	name += strlen(".weak.");
	const char *dot = strrchr(name, '.');
	return dot && dot != name ? arena_strndup(a, name, (size_t)(dot - name)) : name;
}

static bool read_symbol(const struct table *t, const uint8_t *record, struct pe_coff_symbol *ret, bool *bad_ret)
{
	uint32_t value = (uint32_t)le_get(record + 8, 4);
	uint16_t section = (uint16_t)le_get(record + 12, 2), type = (uint16_t)le_get(record + 14, 2);
	uint8_t class = record[16], aux = record[17];
	bool external = class == CLASS_EXTERNAL || class == CLASS_WEAK || class == CLASS_GNU_WEAK;
	bool function = (type >> 4 & 3) == TYPE_FUNCTION;
	if (!section || section > t->pe->n_sections || (!external && class != CLASS_STATIC))
		return false;
	if (class == CLASS_STATIC && aux && !function) // a section's or a comdat's own symbol
		return false;
	const struct pe_section *s = &t->pe->sections[section - 1];
	const char *name = name_of(t, record);
	if (!name || value > UINT32_MAX - s->va) {
		*bad_ret = true;
		return false;
	}
	if (!str_starts(name, ".weak.") && (*name == '.' || !*name)) // .text, .idata$5: parts of the linker
		return false;
	*ret = (struct pe_coff_symbol){ without_weak(t->a, name), s->va + value, function, external };
	return true;
}

struct ranked {
	struct pe_coff_symbol s;
	uint32_t order;
};

static int compare(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	if (x->s.rva != y->s.rva)
		return x->s.rva < y->s.rva ? -1 : 1;
	if (x->s.is_function != y->s.is_function)
		return x->s.is_function ? -1 : 1;
	if (x->s.external != y->s.external)
		return x->s.external ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

err_t pe_coff_symbols(struct arena *a, const struct pe *pe, struct pe_coff *ret)
{
	*ret = (struct pe_coff){ NULL, 0, false };
	if (!pe->symtab || !pe->n_syms)
		return fail(E_NOTFOUND, "the image has no COFF symbol table", pe->symtab);
	size_t want = MIN((size_t)pe->n_syms, (size_t)LIMIT_PE_COFF_SYMBOLS), n = 0;
	struct span file = pe_file_from(pe, pe->symtab);
	if (!file.n)
		return fail(E_ABSENT, "the COFF symbol table is not in the image at hand", pe->symtab);
	struct table t = { span_clip(file, 0, want * SYMBOL_SIZE), strings_of(pe), pe, a };
	bool bad = t.records.n / SYMBOL_SIZE < pe->n_syms;
	want = t.records.n / SYMBOL_SIZE;
	struct ranked *rows = NEW_N(a, struct ranked, want ? want : 1);
	for (size_t i = 0; i < want; i += 1u + t.records.p[i * SYMBOL_SIZE + 17]) { // auxiliary records follow
		rows[n].order = (uint32_t)i;
		n += read_symbol(&t, t.records.p + i * SYMBOL_SIZE, &rows[n].s, &bad);
	}
	if (!n)
		return fail(E_NOTFOUND, "the COFF symbol table names no code or data", pe->symtab);
	qsort(rows, n, sizeof(*rows), compare);
	struct pe_coff_symbol *list = NEW_N(a, struct pe_coff_symbol, n);
	for (size_t i = 0; i < n; i++)
		list[i] = rows[i].s;
	*ret = (struct pe_coff){ list, n, bad };
	return ok();
}

// ---- sections
// "/123": the name stands at offset 123 of the string table.
static const char *section_name(struct span strings, const struct pe_section *s)
{
	if (s->name[0] != '/')
		return s->name;
	uint64_t off = 0;
	for (const char *p = s->name + 1; *p; p++) {
		if (*p < '0' || *p > '9')
			return s->name;
		off = off * 10 + (uint64_t)(*p - '0');
	}
	const char *name = string_at(strings, off);
	return name ? name : s->name;
}

struct span pe_section_named(const struct pe *pe, const char *name)
{
	struct span strings = strings_of(pe);
	for (size_t i = 0; i < pe->n_sections; i++) {
		const struct pe_section *s = &pe->sections[i];
		if (!s->raw || !str_eq(section_name(strings, s), name))
			continue;
		uint32_t n = s->vsize ? MIN(s->vsize, s->raw_size) : s->raw_size;
		return span_clip(pe_file_from(pe, s->raw), 0, n);
	}
	return (struct span){ NULL, 0 };
}

err_t pe_debuglink(struct arena *a, const struct pe *pe, struct pe_debuglink *ret)
{
	struct span s = pe_section_named(pe, ".gnu_debuglink");
	if (!s.n)
		return fail(E_NOTFOUND, "the image names no separate debug file", 0);
	const uint8_t *nul = memchr(s.p, 0, s.n);
	uint64_t crc = nul ? ((uint64_t)(nul - s.p) + 4) & ~(uint64_t)3 : s.n; // name, NUL, up to a multiple of 4
	if (!in_range(crc, 4, s.n) || nul == s.p)
		return fail(E_CORRUPT, "the image's .gnu_debuglink section", crc);
	const char *file = bytes_to_utf8(a, (struct span){ s.p, (size_t)(nul - s.p) });
	*ret = (struct pe_debuglink){ file, (uint32_t)le_get(s.p + crc, 4) };
	return ok();
}
