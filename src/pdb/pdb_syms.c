// SPDX-License-Identifier: Apache-2.0
// pdb_syms.c: the symbols of a module (parsed when an address in it is first asked for) and public symbols by address
// (the file's own sorted map). Record layouts: microsoft-pdb's cvinfo.h.
#include "pdb/scopes.h"
#include "pdb/tpi_int.h"

#include <stdlib.h>

enum { MODULE_SIGNATURE = 4, PUB_FIXED = 14, PUB_CODE = 1, PUB_FUNCTION = 2, OFTEN = 32 };

// ---- records of a module
struct record {
	uint16_t kind;
	uint32_t off;  // of the record in the module's symbols
	struct span s; // with the four bytes of length and kind
};

static uint32_t field(const struct record *r, size_t off, unsigned n)
{
	return off + n <= r->s.n ? (uint32_t)le_get(r->s.p + off, n) : 0;
}

static bool next_record(struct span syms, uint32_t *pos, struct record *ret)
{
	if (!in_range(*pos, 4, syms.n))
		return false;
	uint32_t len = (uint32_t)le_get(syms.p + *pos, 2);
	*ret = (struct record){ (uint16_t)le_get(syms.p + *pos + 2, 2), *pos, span_sub(syms, *pos, len + 2u) };
	*pos += len + 2;
	return len >= 2 && ret->s.p;
}

// What a record of each kind places, and where its fields lie; 0: not there.
struct shape {
	uint16_t kind;
	uint8_t what; // enum pdb_kind
	uint8_t size_at, size_bytes, off_at, seg_at, name_at;
};
static const struct shape shapes[] = {
	{ S_GPROC32, PDB_PROC, 16, 4, 32, 36, 39 },     { S_LPROC32, PDB_PROC, 16, 4, 32, 36, 39 },
	{ S_GPROC32_ID, PDB_PROC, 16, 4, 32, 36, 39 },  { S_LPROC32_ID, PDB_PROC, 16, 4, 32, 36, 39 },
	{ S_LPROC32_DPC, PDB_PROC, 16, 4, 32, 36, 39 }, { S_LPROC32_DPC_ID, PDB_PROC, 16, 4, 32, 36, 39 },
	{ S_GMANPROC, PDB_PROC, 16, 4, 32, 36, 41 },    { S_LMANPROC, PDB_PROC, 16, 4, 32, 36, 41 },
	{ S_THUNK32, PDB_THUNK, 22, 2, 16, 20, 25 },    { S_SEPCODE, PDB_SEPARATED, 12, 4, 20, 28, 0 },
	{ S_LDATA32, PDB_DATA, 0, 0, 8, 12, 14 },       { S_GDATA32, PDB_DATA, 0, 0, 8, 12, 14 },
	{ S_LMANDATA, PDB_DATA, 0, 0, 8, 12, 14 },      { S_GMANDATA, PDB_DATA, 0, 0, 8, 12, 14 },
	{ S_LABEL32, PDB_LABEL, 0, 0, 4, 8, 11 },
};

static const struct shape *shape_of(uint16_t kind)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++)
		if (shapes[i].kind == kind)
			return &shapes[i];
	return NULL;
}

static bool is_code(const struct shape *s)
{
	return s->what == PDB_PROC || s->what == PDB_THUNK || s->what == PDB_SEPARATED;
}

static int by_rva(const void *a, const void *b)
{
	const struct sym_row *x = a, *y = b;
	if (x->rva != y->rva)
		return x->rva < y->rva ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

// A string inside the record that ends there.
static const char *record_name(const struct record *r, size_t off)
{
	return off && off < r->s.n && memchr(r->s.p + off, 0, r->s.n - off) ? (const char *)r->s.p + off : NULL;
}

// Code that was moved away from its function goes by the function's name.
static struct sym_row complete(struct span syms, const struct record *r, const struct shape *s, struct sym_row row)
{
	struct record parent;
	uint32_t pos = field(r, 4, 4);
	row.size = s->size_bytes ? field(r, s->size_at, s->size_bytes) : 0;
	row.kind = s->what & 15u;
	row.name = record_name(r, s->name_at);
	if (s->what == PDB_SEPARATED && next_record(syms, &pos, &parent)) {
		const struct shape *of = shape_of(parent.kind);
		row.name = of ? record_name(&parent, of->name_at) : NULL;
	}
	return row;
}

static size_t collect(struct pdb *p, struct span syms, bool code, struct sym_row *ret)
{
	struct record r;
	size_t n = 0;
	for (uint32_t pos = MODULE_SIGNATURE; next_record(syms, &pos, &r);) {
		const struct shape *s = shape_of(r.kind);
		struct sym_row row = { .record = r.off, .order = (uint32_t)n & 0xfffffff };
		if (!s || is_code(s) != code ||
		    !pdb_place(p, field(&r, s->seg_at, 2), field(&r, s->off_at, 4), &row.rva))
			continue;
		if (ret)
			ret[n] = complete(syms, &r, s, row);
		n++;
	}
	return n;
}

static struct sym_row *sorted_rows(struct pdb *p, struct span syms, bool code, size_t *n_ret)
{
	size_t n = collect(p, syms, code, NULL);
	struct sym_row *rows = NEW_N(p->a, struct sym_row, n);
	collect(p, syms, code, rows);
	bool sorted = true;
	for (size_t i = 1; i < n && sorted; i++)
		sorted = rows[i - 1].rva <= rows[i].rva;
	if (!sorted)
		qsort(rows, n, sizeof(*rows), by_rva);
	*n_ret = n;
	return rows;
}

static void load_records(struct pdb *p, struct pdb_module *m)
{
	if (m->records_tried)
		return;
	m->records_tried = true;
	struct msf_stream s = msf_stream(&p->msf, m->stream);
	if (m->stream == UINT16_MAX || m->sym_bytes <= MODULE_SIGNATURE)
		return;
	err_t e = msf_part(&p->msf, p->a, &s, 0, m->sym_bytes, &m->syms);
	if (!e.code && le_get(m->syms.p, 4) != MODULE_SIGNATURE)
		e = fail(E_UNSUPPORTED, "symbols of a module in an old format (before CodeView C13)", m->stream);
	if (e.code) {
		m->syms = (struct span){ NULL, 0 };
		pdb_damaged(p, e);
	}
}

void pdb_load_syms(struct pdb *p, struct pdb_module *m)
{
	if (m->syms_tried)
		return;
	m->syms_tried = true;
	load_records(p, m);
	m->funcs = sorted_rows(p, m->syms, true, &m->n_funcs);
	m->others = sorted_rows(p, m->syms, false, &m->n_others);
}

struct sym_row *pdb_row_at(struct sym_row *rows, size_t n, uint32_t linked)
{
	size_t lo = pdb_below(rows, sizeof(*rows), n, linked);
	if (!lo)
		return NULL;
	size_t i = lo - 1;
	while (i && rows[i - 1].rva == rows[i].rva)
		i--;
	return &rows[i];
}

bool pdb_read_symbol(struct pdb *p, const struct sym_row *row, struct pdb_symbol *ret)
{
	uint32_t rva = pdb_to_image(p, row->rva);
	if (!row->name || !*row->name)
		return false;
	*ret = (struct pdb_symbol){ row->name, rva, row->size, (enum pdb_kind)row->kind, row->kind <= PDB_SEPARATED };
	return true;
}

bool pdb_read_record(struct pdb *p, struct pdb_module *m, uint32_t off, struct pdb_symbol *ret)
{
	struct record r;
	load_records(p, m);
	uint32_t pos = off;
	const struct shape *s = next_record(m->syms, &pos, &r) ? shape_of(r.kind) : NULL;
	struct sym_row row = { .record = off };
	if (!s || !pdb_place(p, field(&r, s->seg_at, 2), field(&r, s->off_at, 4), &row.rva))
		return false;
	row = complete(m->syms, &r, s, row);
	return pdb_read_symbol(p, &row, ret) && ret->rva != UINT32_MAX;
}

// ---- publics
struct public
{
	uint32_t record, flags, off, seg;
};

static bool read_public(const struct pdb *p, uint32_t i, struct public *ret)
{
	uint8_t buf[PUB_FIXED];
	const uint8_t *at = msf_view(&p->msf, &p->publics.s, p->addr_map + 4ull * i, 4, buf);
	if (!at)
		return false;
	ret->record = (uint32_t)le_get(at, 4);
	at = msf_view(&p->msf, &p->symrec, ret->record, PUB_FIXED, buf);
	if (!at || le_get(at + 2, 2) != S_PUB32)
		return false;
	ret->flags = (uint32_t)le_get(at + 4, 4);
	ret->off = (uint32_t)le_get(at + 8, 4);
	ret->seg = (uint32_t)le_get(at + 12, 2);
	return true;
}

// The address as linked, ascending over the map as the map is sorted by section and offset: places without a section
// are 0, absolute ones, whose section number is past the last, UINT32_MAX.
static uint32_t public_rva(const struct pdb *p, uint32_t i)
{
	struct public pub;
	uint32_t rva;
	if (!read_public(p, i, &pub))
		return UINT32_MAX;
	return pdb_place(p, pub.seg, pub.off, &rva) ? rva : pub.seg ? UINT32_MAX : 0;
}

static bool public_symbol(struct pdb *p, uint32_t i, struct pdb_symbol *ret)
{
	struct public pub;
	uint32_t linked;
	if (!read_public(p, i, &pub) || !pdb_place(p, pub.seg, pub.off, &linked))
		return false;
	uint32_t rva = pdb_to_image(p, linked);
	const char *name = pdb_string(p, &p->symrec, (uint64_t)pub.record + PUB_FIXED);
	if (!name)
		return false;
	*ret = (struct pdb_symbol){ name, rva, 0, PDB_PUBLIC, (pub.flags & (PUB_CODE | PUB_FUNCTION)) != 0 };
	return true;
}

// Whoever asks often gets the addresses decoded: a search then touches one array.
static void count_lookup(struct pdb *p)
{
	if (p->public_rvas || ++p->lookups != OFTEN || p->n_addr > LIMIT_PDB_PUBLIC_TABLE)
		return;
	uint32_t *rvas = NEW_N(p->a, uint32_t, p->n_addr);
	for (uint32_t i = 0; i < p->n_addr; i++)
		rvas[i] = public_rva(p, i);
	p->public_rvas = rvas;
	pdb_index_rows(p->a, rvas, sizeof(*rvas), p->n_addr, &p->public_index);
}

static uint32_t public_at(const struct pdb *p, uint32_t i)
{
	return p->public_rvas ? p->public_rvas[i] : public_rva(p, i);
}

// How many publics lie at or below an address.
static uint32_t publics_below(struct pdb *p, uint32_t linked)
{
	uint32_t lo = 0, hi = p->n_addr;
	count_lookup(p);
	if (p->public_rvas)
		return (uint32_t)pdb_below_in(&p->public_index, p->public_rvas, sizeof(*p->public_rvas), p->n_addr,
					      linked);
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (public_at(p, mid) <= linked)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static unsigned public_rank(const struct pdb_symbol *s)
{
	return (unsigned)(strncmp(s->name, "__imp_", 6) == 0) * 2 + !s->is_function;
}

// Of several names at one address: no import slot, a function, the shortest, the first.
static bool public_below(struct pdb *p, uint32_t linked, struct pdb_symbol *ret, uint32_t *linked_ret)
{
	uint32_t i = publics_below(p, linked);
	if (!i)
		return false;
	uint32_t rva = public_at(p, i - 1);
	bool found = false;
	*linked_ret = rva;
	for (uint32_t n = 0; i && n < LIMIT_PDB_FOLDED && public_at(p, i - 1) == rva; i--, n++) {
		struct pdb_symbol s;
		if (!public_symbol(p, i - 1, &s))
			continue;
		unsigned rank = public_rank(&s), best = found ? public_rank(ret) : UINT32_MAX;
		if (rank < best || (rank == best && strlen(s.name) <= strlen(ret->name)))
			*ret = s;
		found = true;
	}
	return found;
}

bool pdb_public_at(struct pdb *p, uint32_t linked, uint32_t i, struct pdb_symbol *ret)
{
	uint32_t end = publics_below(p, linked);
	return i < end && public_at(p, end - 1 - i) == linked && public_symbol(p, end - 1 - i, ret);
}

// ---- by address
struct sym_row *pdb_covering_row(struct pdb *p, struct pdb_module *m, uint32_t linked)
{
	pdb_load_syms(p, m);
	struct sym_row *row = pdb_row_at(m->funcs, m->n_funcs, linked);
	// Exception filters of x86 lie inside their function and are functions themselves.
	for (unsigned n = 0; row && n < LIMIT_PDB_INNER; n++, row--) {
		if (linked - row->rva < row->size)
			return row;
		if (row == m->funcs)
			break;
	}
	return NULL;
}

bool pdb_function_at(struct pdb *p, uint32_t rva, struct pdb_symbol *ret)
{
	uint32_t linked = pdb_from_image(p, rva);
	struct pdb_module *m = linked == UINT32_MAX ? NULL : pdb_module_at(p, linked);
	struct sym_row *row = m ? pdb_covering_row(p, m, linked) : NULL;
	if (!row || !pdb_read_symbol(p, row, ret))
		return false;
	ret->rva = pdb_start_in_image(p, row->rva, linked, rva);
	return true;
}

static const struct pdb_section *section_at(const struct pdb *p, uint32_t linked)
{
	for (size_t i = p->n_sections; i-- > 0;)
		if (p->sections[i].va <= linked)
			return &p->sections[i];
	return NULL;
}

static bool is_data(const struct pdb *p, uint32_t linked)
{
	const struct pdb_section *s = section_at(p, linked);
	return s && !s->code;
}

static bool data_symbol(struct pdb *p, const struct data_row *row, struct pdb_symbol *ret)
{
	uint32_t rva = pdb_to_image(p, row->rva);
	const char *name = pdb_string(p, &p->symrec, (uint64_t)row->record + PUB_FIXED);
	if (!name || !*name)
		return false;
	*ret = (struct pdb_symbol){ name, rva, 0, PDB_DATA, false };
	return true;
}

bool pdb_symbol_at(struct pdb *p, uint32_t rva, struct pdb_symbol *ret)
{
	uint32_t linked = pdb_from_image(p, rva), at = 0;
	if (linked == UINT32_MAX)
		return false;
	struct pdb_module *m = pdb_module_at(p, linked);
	struct sym_row *row = m ? pdb_covering_row(p, m, linked) : NULL;
	bool found = row && pdb_read_symbol(p, row, ret);
	if (found) {
		at = row->rva;
	} else {
		found = public_below(p, linked, ret, &at);
		const struct data_row *data = is_data(p, linked) ? pdb_data_row(p, linked) : NULL;
		if (data && (!found || data->rva >= at) && data_symbol(p, data, ret)) {
			at = data->rva;
			found = true;
		}
		struct sym_row *tables[2] = { m ? pdb_row_at(m->funcs, m->n_funcs, linked) : NULL,
					      m ? pdb_row_at(m->others, m->n_others, linked) : NULL };
		for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
			struct pdb_symbol s;
			if (tables[i] && (!found || tables[i]->rva >= at) && pdb_read_symbol(p, tables[i], &s)) {
				*ret = s;
				at = tables[i]->rva;
				found = true;
			}
		}
	}
	const struct pdb_section *section = section_at(p, linked);
	if (!found || (section && at < section->va))
		return false;
	ret->rva = pdb_start_in_image(p, at, linked, rva);
	return true;
}

// ---- everything
void pdb_each_private(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_symbol *s), void *ctx)
{
	pdb_load_modules(p);
	for (size_t k = 0; k < p->n_modules; k++) {
		struct pdb_module *m = &p->modules[k];
		struct pdb_symbol s;
		pdb_load_syms(p, m);
		for (size_t i = 0; i < m->n_funcs; i++)
			if (pdb_read_symbol(p, &m->funcs[i], &s) && s.rva != UINT32_MAX && !fn(ctx, &s))
				return;
		for (size_t i = 0; i < m->n_others; i++)
			if (pdb_read_symbol(p, &m->others[i], &s) && s.rva != UINT32_MAX && !fn(ctx, &s))
				return;
	}
}

void pdb_each_public(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_symbol *s), void *ctx)
{
	struct pdb_symbol s;
	for (uint32_t i = 0; i < p->n_addr; i++)
		if (public_symbol(p, i, &s) && s.rva != UINT32_MAX && !fn(ctx, &s))
			return;
}

static int by_place(const void *a, const void *b)
{
	const struct all_row *x = a, *y = b;
	if (x->rva != y->rva)
		return x->rva < y->rva ? -1 : 1;
	if (x->module != y->module)
		return x->module < y->module ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

// Rows of functions have the module's index doubled, other places that and one.
static void add_rows(struct pdb *p, const struct sym_row *rows, size_t n, uint32_t module)
{
	for (size_t i = 0; i < n; i++)
		p->all[p->n_all++] = (struct all_row){ pdb_to_image(p, rows[i].rva), module, (uint32_t)i };
}

static void load_all(struct pdb *p)
{
	size_t n = p->n_addr;
	pdb_load_modules(p);
	for (size_t i = 0; i < p->n_modules; i++) {
		pdb_load_syms(p, &p->modules[i]);
		n += p->modules[i].n_funcs + p->modules[i].n_others;
	}
	p->all = NEW_N(p->a, struct all_row, n + 1);
	for (size_t i = 0; i < p->n_modules; i++) {
		const struct pdb_module *m = &p->modules[i];
		add_rows(p, m->funcs, m->n_funcs, (uint32_t)i * 2);
		add_rows(p, m->others, m->n_others, (uint32_t)i * 2 + 1);
	}
	for (uint32_t i = 0; i < p->n_addr; i++) {
		uint32_t linked = public_rva(p, i), rva = linked == UINT32_MAX ? linked : pdb_to_image(p, linked);
		p->all[p->n_all++] = (struct all_row){ rva, UINT32_MAX, i };
	}
	qsort(p->all, p->n_all, sizeof(*p->all), by_place);
	while (p->n_all && p->all[p->n_all - 1].rva == UINT32_MAX)
		p->n_all--;
}

static bool read_all_row(struct pdb *p, const struct all_row *r, struct pdb_symbol *ret)
{
	if (r->module == UINT32_MAX)
		return public_symbol(p, r->index, ret);
	const struct pdb_module *m = &p->modules[r->module / 2];
	return pdb_read_symbol(p, &(r->module & 1 ? m->others : m->funcs)[r->index], ret);
}

void pdb_each(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_symbol *s), void *ctx)
{
	struct pdb_symbol s;
	if (!p->all)
		load_all(p);
	uint32_t private_at = UINT32_MAX;
	for (size_t i = 0; i < p->n_all; i++) {
		const struct all_row *r = &p->all[i];
		if ((r->module == UINT32_MAX && r->rva == private_at) || !read_all_row(p, r, &s) ||
		    s.kind == PDB_SEPARATED || s.kind == PDB_LABEL)
			continue;
		if (r->module != UINT32_MAX)
			private_at = r->rva;
		if (!fn(ctx, &s))
			return;
	}
}

static uint32_t row_above(const struct sym_row *rows, size_t n, uint32_t linked)
{
	size_t lo = pdb_below(rows, sizeof(*rows), n, linked);
	while (lo < n && (rows[lo].kind == PDB_LABEL || !rows[lo].name || !*rows[lo].name))
		lo++;
	return lo < n ? rows[lo].rva : UINT32_MAX;
}

uint32_t pdb_next_rva(struct pdb *p, uint32_t rva)
{
	uint32_t linked = pdb_from_image(p, rva);
	if (linked == UINT32_MAX)
		return 0;
	uint32_t i = publics_below(p, linked), next = i < p->n_addr ? public_at(p, i) : UINT32_MAX;
	struct pdb_module *m = pdb_module_at(p, linked);
	if (m) {
		pdb_load_syms(p, m);
		next = MIN(next, row_above(m->funcs, m->n_funcs, linked));
		next = MIN(next, row_above(m->others, m->n_others, linked));
	}
	uint32_t image = next == UINT32_MAX ? next : pdb_to_image(p, next);
	return image == UINT32_MAX || image <= rva ? 0 : image;
}
