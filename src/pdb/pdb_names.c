// SPDX-License-Identifier: Apache-2.0
// pdb_names.c: addresses by name: one bucket of the globals' hash (references into modules), then of the publics'.
// Documented in LLVM's docs/PDB/HashTable.rst and GlobalStream.rst; hash and sizes in microsoft-pdb's misc.h, gsi.cpp.
#include "base/str.h"
#include "pdb/tpi_int.h"
#include "pdb/undname.h"

#include <stdlib.h>

// Case-blind for ASCII letters, because bit 5 of every byte is set.
uint32_t pdb_hash_name(const char *name)
{
	size_t n = strlen(name), i = 0;
	uint32_t h = 0;
	for (; n - i >= 4; i += 4)
		h ^= (uint32_t)le_get((const uint8_t *)name + i, 4);
	if (n - i >= 2) {
		h ^= (uint32_t)le_get((const uint8_t *)name + i, 2);
		i += 2;
	}
	if (n - i)
		h ^= (uint8_t)name[i];
	h |= 0x20202020;
	h ^= h >> 11;
	return h ^ (h >> 16);
}

static uint32_t word(const struct pdb *p, const struct gsi *g, uint64_t off)
{
	uint8_t buf[4];
	const uint8_t *at = msf_view(&p->msf, &g->s, off, sizeof(buf), buf);
	return at ? (uint32_t)le_get(at, 4) : 0;
}

// Buckets that hold nothing are left out of the list; a bitmap tells which are there.
static bool bucket(const struct pdb *p, const struct gsi *g, uint32_t hash, uint32_t *first, uint32_t *end)
{
	enum { RECORD_IN_MEMORY = 12 };
	if (!g->n_records || !g->n_buckets)
		return false;
	uint32_t at = hash % g->n_hash, index = 0;
	for (uint32_t i = 0; i < at / 32; i++)
		index += (uint32_t)__builtin_popcount(word(p, g, g->bitmap + 4ull * i));
	uint32_t bits = word(p, g, g->bitmap + 4ull * (at / 32));
	if (!(bits >> at % 32 & 1))
		return false;
	index += (uint32_t)__builtin_popcount(bits & ((1u << at % 32) - 1));
	if (index >= g->n_buckets)
		return false;
	*first = word(p, g, g->buckets + 4ull * index) / RECORD_IN_MEMORY;
	*end = index + 1 < g->n_buckets ? word(p, g, g->buckets + 4ull * (index + 1)) / RECORD_IN_MEMORY : g->n_records;
	*end = MIN(*end, g->n_records);
	return *first < *end;
}

struct global {
	uint16_t kind;
	const uint8_t *fixed; // the first bytes of the record
	const char *name;
};

static bool read_global(struct pdb *p, const struct gsi *g, uint32_t i, uint8_t *buf, struct global *ret)
{
	enum { FIXED = 14 };
	uint32_t off = word(p, g, g->records + 8ull * i);
	const uint8_t *at = off ? msf_view(&p->msf, &p->symrec, off - 1, FIXED, buf) : NULL;
	if (!at)
		return false;
	*ret = (struct global){ (uint16_t)le_get(at + 2, 2), at, NULL };
	switch (ret->kind) {
	case S_PUB32:
	case S_PROCREF:
	case S_LPROCREF:
	case S_GDATA32:
	case S_LDATA32:
	case S_GMANDATA:
	case S_LMANDATA:
		ret->name = pdb_string(p, &p->symrec, (uint64_t)off - 1 + FIXED);
		return ret->name;
	default:
		return false; // constants and types have no address
	}
}

static int by_rva(const void *a, const void *b)
{
	const struct data_row *x = a, *y = b;
	return x->rva != y->rva ? (x->rva > y->rva) - (x->rva < y->rva)
				: (x->record > y->record) - (x->record < y->record);
}

// Static and global data of all modules stand in the globals' table, which has no order by address.
static void load_data(struct pdb *p)
{
	p->data_tried = true;
	if (p->globals.n_records > LIMIT_PDB_GLOBALS)
		return;
	p->data = NEW_N(p->a, struct data_row, p->globals.n_records);
	for (uint32_t i = 0; i < p->globals.n_records; i++) {
		uint8_t buf[16];
		struct global g;
		struct data_row row = { 0, word(p, &p->globals, p->globals.records + 8ull * i) - 1 };
		if (read_global(p, &p->globals, i, buf, &g) && g.kind != S_PUB32 && g.kind != S_PROCREF &&
		    g.kind != S_LPROCREF &&
		    pdb_place(p, (uint32_t)le_get(g.fixed + 12, 2), (uint32_t)le_get(g.fixed + 8, 4), &row.rva))
			p->data[p->n_data++] = row;
	}
	qsort(p->data, p->n_data, sizeof(*p->data), by_rva);
}

const struct data_row *pdb_data_row(struct pdb *p, uint32_t linked)
{
	if (!p->data_tried)
		load_data(p);
	size_t lo = pdb_below(p->data, sizeof(*p->data), p->n_data, linked);
	return lo ? &p->data[lo - 1] : NULL;
}

static bool resolve(struct pdb *p, const struct global *g, struct pdb_symbol *ret)
{
	uint32_t a = (uint32_t)le_get(g->fixed + 8, 4), b = (uint32_t)le_get(g->fixed + 12, 2);
	if (g->kind == S_PROCREF || g->kind == S_LPROCREF) {
		pdb_load_modules(p);
		if (!b || b > p->n_modules)
			return false;
		return pdb_read_record(p, &p->modules[b - 1], a, ret);
	}
	uint32_t linked;
	if (!pdb_place(p, b, a, &linked))
		return false;
	bool public = g->kind == S_PUB32;
	*ret = (struct pdb_symbol){ g->name, pdb_to_image(p, linked), 0, public ? PDB_PUBLIC : PDB_DATA,
				    public && (le_get(g->fixed + 4, 4) & 3) };
	return ret->rva != UINT32_MAX;
}

static bool find_in(struct pdb *p, const struct gsi *g, const char *name, bool blind, struct pdb_symbol *ret)
{
	uint32_t first, end;
	if (!bucket(p, g, pdb_hash_name(name), &first, &end))
		return false;
	end = MIN(end, first + (uint32_t)LIMIT_PDB_BUCKET);
	for (uint32_t i = first; i < end; i++) {
		struct global r;
		uint8_t buf[16];
		if (read_global(p, g, i, buf, &r) && (blind ? str_ieq(r.name, name) : str_eq(r.name, name)) &&
		    resolve(p, &r, ret))
			return true;
	}
	return false;
}

uint32_t pdb_find_typedef(struct pdb *p, const char *name, bool blind)
{
	enum { TYPE = 4, NAME = 8 };
	uint32_t first, end;
	if (!bucket(p, &p->globals, pdb_hash_name(name), &first, &end))
		return 0;
	end = MIN(end, first + (uint32_t)LIMIT_PDB_BUCKET);
	for (uint32_t i = first; i < end; i++) {
		uint8_t buf[NAME];
		uint32_t off = word(p, &p->globals, p->globals.records + 8ull * i);
		const uint8_t *at = off ? msf_view(&p->msf, &p->symrec, off - 1, NAME, buf) : NULL;
		if (!at || le_get(at + 2, 2) != S_UDT)
			continue;
		uint32_t type = (uint32_t)le_get(at + TYPE, 4);
		const char *text = pdb_string(p, &p->symrec, (uint64_t)off - 1 + NAME);
		if (text && (blind ? str_ieq(text, name) : str_eq(text, name)))
			return type;
	}
	return 0;
}

bool pdb_constant(struct pdb *p, const char *name, uint64_t *ret, uint32_t *type_ret)
{
	enum { TYPE = 4, NUMBER = 8, LONGEST_NUMBER = 18 };
	uint32_t first, end;
	if (!bucket(p, &p->globals, pdb_hash_name(name), &first, &end))
		return false;
	end = MIN(end, first + (uint32_t)LIMIT_PDB_BUCKET);
	for (uint32_t i = first; i < end; i++) {
		uint8_t buf[NUMBER + LONGEST_NUMBER];
		uint32_t off = word(p, &p->globals, p->globals.records + 8ull * i);
		const uint8_t *at = off ? msf_view(&p->msf, &p->symrec, off - 1, NUMBER, buf) : NULL;
		if (!at || le_get(at + 2, 2) != S_CONSTANT)
			continue;
		size_t n = (size_t)MIN(le_get(at, 2) + 2, sizeof(buf));
		at = msf_view(&p->msf, &p->symrec, off - 1, n, buf);
		struct rd r = rd_at((struct span){ at, at ? n : 0 }, NUMBER);
		struct tpi_number number = tpi_number(&r);
		const char *text = r.bad ? NULL : pdb_string(p, &p->symrec, (uint64_t)off - 1 + r.pos);
		if (!text || !number.is_integer || !str_eq(text, name))
			continue;
		*ret = number.v;
		*type_ret = (uint32_t)le_get(at + TYPE, 4);
		return true;
	}
	return false;
}

bool pdb_find(struct pdb *p, const char *name, struct pdb_symbol *ret)
{
	return find_in(p, &p->globals, name, false, ret) || find_in(p, &p->publics, name, false, ret) ||
	       find_in(p, &p->globals, name, true, ret) || find_in(p, &p->publics, name, true, ret);
}

// _name, _name@8, @name@8 of x86; NULL when it is not one of them.
static const char *plain_c_name(struct arena *a, const char *name)
{
	if ((*name != '_' && *name != '@') || !name[1])
		return NULL;
	const char *at = strrchr(name + 1, '@');
	if (!at || strspn(at + 1, "0123456789") != strlen(at + 1) || at == name + 1)
		return *name == '_' ? name + 1 : NULL;
	return arena_strndup(a, name + 1, (size_t)(at - name - 1));
}

static const char *undecorated(struct pdb *p, const char *name)
{
	enum { X86 = 0x14c };
	const char *text;
	if (*name != '?' && strncmp(name, "_R", 2) != 0 && strncmp(name, "_ZN", 3) != 0)
		return p->id.machine == X86 ? plain_c_name(p->a, name) : NULL;
	struct arena *scratch = arena_new(LIMIT_UNDNAME_MEMORY);
	err_t e = undname_any(scratch, name, UNDNAME_NAME_ONLY, &text);
	text = e.code ? NULL : arena_strdup(p->a, text);
	arena_free(scratch);
	return text;
}

const char *pdb_shown_name(struct pdb *p, const struct pdb_symbol *s)
{
	if (s->kind != PDB_PUBLIC || (*s->name != '?' && *s->name != '_' && *s->name != '@'))
		return s->name;
	// Names stay where they are, so their place is a key; bit 62 keeps it apart from the keys of strings.
	const uint64_t key = 1ull << 62 | (uint64_t)(uintptr_t)s->name;
	const char *text = pdb_copy_find(p, key);
	if (!text) {
		text = undecorated(p, s->name);
		text = text ? text : s->name;
		pdb_copy_keep(p, key, text);
	}
	return text;
}
