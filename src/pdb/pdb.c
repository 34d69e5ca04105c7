// SPDX-License-Identifier: Apache-2.0
// pdb.c: opening a PDB: identity, the DBI header, modules, section contributions, and the way between segment:offset
// and RVA. Documented in LLVM's docs/PDB/PdbStream.rst and DbiStream.rst.
#include "pdb/pdb_int.h"

#include <stdlib.h>

enum {
	STREAM_INFO = 1,
	STREAM_DBI = 3,
	DBI_HEADER = 64,
	DBI_STRIPPED = 2,
	SLOT_FPO = 0,
	SLOT_OMAP_TO_SRC = 3,
	SLOT_OMAP_FROM_SRC = 4,
	SLOT_SECTIONS = 5,
	SLOT_FRAME_DATA = 9,
	SLOT_ORIGINAL_SECTIONS = 10,
	FEATURE_MINIMAL = 0x494e494d, // "MINI": /DEBUG:FASTLINK
	CONTRIBS_60 = (int)0xf12eba2d,
	CONTRIBS_V2 = (int)0xf13151e4,
	SECTION_HEADER = 40,
	SECTION_EXECUTE = 0x20000000,
	OFTEN = 32,
	NO_STREAM = 0xffff,
};

void pdb_damaged(struct pdb *p, err_t e)
{
	if (!p->damage.code)
		p->damage = e;
}

err_t pdb_damage(const struct pdb *p)
{
	return p->damage;
}

const struct pdb_id *pdb_id(const struct pdb *p)
{
	return &p->id;
}

const char *pdb_note(const struct pdb *p)
{
	if (p->id.fastlink)
		return "a /DEBUG:FASTLINK PDB: private symbols, lines and types stand in the object files of the "
		       "build; only "
		       "public names can be had (link with /DEBUG:FULL, or convert with mspdbcmf)";
	return p->id.has_modules ? NULL : "a public PDB: no lines, locals or private names";
}

// ---- strings: in place when they lie in one run of blocks, else copied once.
const char *pdb_copy_find(struct pdb *p, uint64_t key)
{
	for (size_t i = (size_t)(key * 0x9e3779b97f4a7c15u >> 20), n = 0; n < p->cap_copies; i++, n++) {
		const struct name_copy *c = &p->copies[i & (p->cap_copies - 1)];
		if (!c->text || c->key == key)
			return c->text;
	}
	return NULL;
}

void pdb_copy_keep(struct pdb *p, uint64_t key, const char *text)
{
	if (p->n_copies * 2 >= p->cap_copies) {
		struct name_copy *old = p->copies;
		size_t n = p->cap_copies;
		p->cap_copies = MAX(n * 2, (size_t)64);
		p->copies = NEW_N(p->a, struct name_copy, p->cap_copies);
		p->n_copies = 0;
		for (size_t i = 0; i < n; i++)
			if (old[i].text)
				pdb_copy_keep(p, old[i].key, old[i].text);
	}
	size_t i = (size_t)(key * 0x9e3779b97f4a7c15u >> 20);
	while (p->copies[i & (p->cap_copies - 1)].text)
		i++;
	p->copies[i & (p->cap_copies - 1)] = (struct name_copy){ key, text };
	p->n_copies++;
}

const char *pdb_string(struct pdb *p, const struct msf_stream *s, uint64_t off)
{
	size_t run = msf_run(&p->msf, s, off, 256);
	const uint8_t *at = run ? msf_view(&p->msf, s, off, run, NULL) : NULL;
	if (!at)
		return NULL;
	if (memchr(at, 0, run))
		return (const char *)at;
	uint64_t key = (uint64_t)s->first << 32 | off;
	const char *known = pdb_copy_find(p, key);
	if (known)
		return known;
	size_t n = 0;
	uint64_t left = MIN(s->size - off, (uint64_t)LIMIT_PDB_NAME);
	while (n < left) { // piece by piece, up to the NUL
		run = msf_run(&p->msf, s, off + n, (size_t)(left - n));
		at = run ? msf_view(&p->msf, s, off + n, run, NULL) : NULL;
		if (!at)
			return NULL;
		const uint8_t *end = memchr(at, 0, run);
		n += end ? (size_t)(end - at) : run;
		if (end)
			break;
	}
	if (n == left)
		return NULL;
	uint8_t *copy = NEW_N(p->a, uint8_t, n + 1);
	if (!msf_view(&p->msf, s, off, n, copy))
		return NULL;
	at = msf_view(&p->msf, s, off, n, NULL);
	if (at)
		memcpy(copy, at, n);
	pdb_copy_keep(p, key, (const char *)copy);
	return (const char *)copy;
}

const char *pdb_name_at(struct pdb *p, uint32_t off)
{
	return off < p->names_size ? pdb_string(p, &p->names, (uint64_t)p->names_off + off) : NULL;
}

// ---- addresses
bool pdb_place(const struct pdb *p, uint32_t seg, uint32_t off, uint32_t *ret)
{
	if (!seg || seg > p->n_sections || off > UINT32_MAX - p->sections[seg - 1].va)
		return false;
	*ret = p->sections[seg - 1].va + off;
	return true;
}

// OMAP: {from, to} pairs, ascending `from`; to == 0, or 80000000 by some rewriters: that piece is gone.
static uint32_t omap(struct span table, uint32_t rva)
{
	size_t lo = 0, hi = table.n / 8;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (le_get(table.p + 8 * mid, 4) <= rva)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return UINT32_MAX;
	uint32_t from = (uint32_t)le_get(table.p + 8 * (lo - 1), 4),
		 to = (uint32_t)le_get(table.p + 8 * (lo - 1) + 4, 4);
	return to && to <= INT32_MAX && rva - from <= INT32_MAX ? to + (rva - from) : UINT32_MAX;
}

uint32_t pdb_to_image(const struct pdb *p, uint32_t linked)
{
	return p->omap_from_src.n ? omap(p->omap_from_src, linked) : linked;
}

uint32_t pdb_from_image(const struct pdb *p, uint32_t rva)
{
	return p->omap_to_src.n ? omap(p->omap_to_src, rva) : rva;
}

uint32_t pdb_start_in_image(const struct pdb *p, uint32_t start, uint32_t linked, uint32_t rva)
{
	if (!p->omap_to_src.n && !p->omap_from_src.n)
		return start;
	uint32_t at = pdb_to_image(p, start), distance = linked - start;
	return at <= rva && rva - at == distance ? at : rva - MIN(distance, rva);
}

// ---- opening
struct dbi_header {
	uint16_t globals, publics, symrec, flags, machine;
	uint32_t age, modules, contribs, map, files, servers, ec, slots;
};

static err_t read_dbi_header(struct pdb *p, struct dbi_header *h)
{
	uint8_t buf[DBI_HEADER];
	const uint8_t *at = msf_view(&p->msf, &p->dbi, 0, DBI_HEADER, buf);
	if (!at)
		return p->dbi.size ? fail(E_CORRUPT, "the PDB's DBI stream is cut off", 0)
				   : fail(E_UNSUPPORTED, "a compiler's PDB (types only): it holds no symbols", 0);
	struct rd r = rd_at((struct span){ at, DBI_HEADER }, 0);
	if (rd_u32(&r) != UINT32_MAX)
		return fail(E_UNSUPPORTED, "the PDB's DBI stream has an old format without a signature", 0);
	rd_skip(&r, 4);
	h->age = rd_u32(&r);
	h->globals = rd_u16(&r);
	rd_skip(&r, 2);
	h->publics = rd_u16(&r);
	rd_skip(&r, 2);
	h->symrec = rd_u16(&r);
	rd_skip(&r, 2);
	h->modules = rd_u32(&r);
	h->contribs = rd_u32(&r);
	h->map = rd_u32(&r);
	h->files = rd_u32(&r);
	h->servers = rd_u32(&r);
	rd_skip(&r, 4);
	h->slots = rd_u32(&r);
	h->ec = rd_u32(&r);
	h->flags = rd_u16(&r);
	h->machine = rd_u16(&r);
	return rd_done(&r, "the PDB's DBI header");
}

// The map of stream names, which ends the info stream: string bytes, then a hash table of {name, stream} pairs.
static void read_info_tail(struct pdb *p, struct rd *r)
{
	struct span names = { NULL, rd_u32(r) };
	names.p = rd_bytes(r, names.n);
	uint32_t n = rd_u32(r);
	rd_skip(r, 4);
	for (int map = 0; map < 2; map++) // present and deleted slots
		rd_skip(r, 4 * (uint64_t)rd_u32(r));
	size_t pairs = rd_count(r, n, 8);
	for (size_t i = 0; i < pairs; i++) {
		uint32_t name = rd_u32(r), stream = rd_u32(r);
		struct span text = names.p ? span_clip(names, name, 7) : names;
		if (names.p && text.n == 7 && !memcmp(text.p, "/names", 7))
			p->names = msf_stream(&p->msf, stream);
	}
	while (rd_left(r) >= 4) // the count of names, then features
		p->id.fastlink |= rd_u32(r) == FEATURE_MINIMAL;
}

static err_t read_info(struct pdb *p)
{
	struct msf_stream s = msf_stream(&p->msf, STREAM_INFO);
	struct span info;
	TRY(msf_part(&p->msf, p->a, &s, 0, s.size, &info));
	struct rd r = rd_at(info, 0);
	rd_skip(&r, 4);
	p->id.signature = rd_u32(&r);
	p->id.info_age = rd_u32(&r);
	const uint8_t *guid = rd_bytes(&r, sizeof(p->id.guid));
	TRY(rd_done(&r, "the PDB's info stream is cut off"));
	memcpy(p->id.guid, guid, sizeof(p->id.guid));
	read_info_tail(p, &r);
	return ok();
}

static uint32_t slot_stream(struct span slots, unsigned i)
{
	return slots.n >= 2 * ((size_t)i + 1) ? (uint32_t)le_get(slots.p + 2 * i, 2) : NO_STREAM;
}

static struct span slot(struct pdb *p, struct span slots, unsigned i)
{
	struct span ret = { NULL, 0 };
	uint32_t n = slot_stream(slots, i);
	struct msf_stream s = n == NO_STREAM ? (struct msf_stream){ 0, 0 } : msf_stream(&p->msf, n);
	err_t e = msf_part(&p->msf, p->a, &s, 0, s.size, &ret);
	if (e.code)
		pdb_damaged(p, e);
	return ret;
}

static void read_slots(struct pdb *p, uint64_t off, uint32_t size)
{
	struct span slots;
	err_t e = msf_part(&p->msf, p->a, &p->dbi, off, size, &slots);
	if (e.code)
		pdb_damaged(p, e);
	p->fpo_stream = slot_stream(slots, SLOT_FPO);
	p->frame_data_stream = slot_stream(slots, SLOT_FRAME_DATA);
	p->omap_to_src = slot(p, slots, SLOT_OMAP_TO_SRC);
	p->omap_from_src = slot(p, slots, SLOT_OMAP_FROM_SRC);
	struct span headers = { NULL, 0 };
	if (p->omap_from_src.n)
		headers = slot(p, slots, SLOT_ORIGINAL_SECTIONS);
	if (!headers.n)
		headers = slot(p, slots, SLOT_SECTIONS);
	p->n_sections = MIN(headers.n / SECTION_HEADER, (size_t)LIMIT_PE_SECTIONS);
	p->sections = NEW_N(p->a, struct pdb_section, p->n_sections);
	for (size_t i = 0; i < p->n_sections; i++) {
		const uint8_t *h = headers.p + i * SECTION_HEADER;
		uint32_t size_mem = (uint32_t)le_get(h + 8, 4), raw = (uint32_t)le_get(h + 16, 4);
		p->sections[i] = (struct pdb_section){ (uint32_t)le_get(h + 12, 4), MAX(size_mem, raw),
						       le_get(h + 36, 4) & SECTION_EXECUTE };
	}
}

static void read_names_header(struct pdb *p)
{
	enum { NAMES_SIGNATURE = (int)0xeffeeffe };
	uint8_t buf[12];
	const uint8_t *h = msf_view(&p->msf, &p->names, 0, sizeof(buf), buf);
	if (h && (uint32_t)le_get(h, 4) == (uint32_t)NAMES_SIGNATURE) {
		p->names_off = sizeof(buf);
		p->names_size = (uint32_t)MIN(le_get(h + 8, 4), (uint64_t)p->names.size - sizeof(buf));
	}
}

// A hash table of names: LLVM's docs/PDB/GlobalStream.rst. Tables without a signature (before VC 7) have no hash.
static void open_gsi(struct pdb *p, struct gsi *g, uint32_t stream, uint32_t off)
{
	enum { GSI_VERSION = (int)0xf12f091a };
	uint8_t buf[16];
	g->s = msf_stream(&p->msf, stream);
	const uint8_t *h = msf_view(&p->msf, &g->s, off, sizeof(buf), buf);
	if (!h || le_get(h, 4) != UINT32_MAX || (uint32_t)le_get(h + 4, 4) != (uint32_t)GSI_VERSION)
		return;
	uint32_t bytes = (uint32_t)le_get(h + 8, 4), tail = (uint32_t)le_get(h + 12, 4);
	g->n_hash = p->id.fastlink ? 0x3ffff : 4096;
	uint32_t bitmap = (g->n_hash + 32) / 32 * 4;
	g->records = off + (uint32_t)sizeof(buf);
	if (!in_range(g->records, (uint64_t)bytes + tail, g->s.size) || tail < bitmap)
		return;
	g->n_records = bytes / 8;
	g->bitmap = g->records + bytes;
	g->buckets = g->bitmap + bitmap;
	g->n_buckets = (tail - bitmap) / 4;
}

static void open_tables(struct pdb *p, const struct dbi_header *h)
{
	enum { PUBLICS_HEADER = 28 };
	p->symrec = msf_stream(&p->msf, h->symrec);
	open_gsi(p, &p->globals, h->globals, 0);
	struct msf_stream s = msf_stream(&p->msf, h->publics);
	uint8_t buf[8];
	const uint8_t *ps = msf_view(&p->msf, &s, 0, sizeof(buf), buf);
	if (!ps)
		return;
	uint32_t hash = (uint32_t)le_get(ps, 4), map = (uint32_t)le_get(ps + 4, 4);
	open_gsi(p, &p->publics, h->publics, PUBLICS_HEADER);
	if (in_range(PUBLICS_HEADER, (uint64_t)hash + map, s.size)) {
		p->addr_map = PUBLICS_HEADER + hash;
		p->n_addr = map / 4;
	} else {
		pdb_damaged(p, fail(E_CORRUPT, "the PDB's address map lies outside its stream", hash));
	}
}

static err_t open_dbi(struct pdb *p)
{
	struct dbi_header h;
	TRY(read_dbi_header(p, &h));
	p->id.age = h.age;
	p->id.machine = h.machine;
	p->modules_size = h.modules;
	p->contrib_off = DBI_HEADER;
	uint64_t off = DBI_HEADER;
	if (!add_ok(off, h.modules, &off) || off > p->dbi.size)
		return fail(E_CORRUPT, "the PDB's module list lies outside its stream", h.modules);
	p->contrib_off = (uint32_t)off;
	p->contrib_size = h.contribs;
	p->id.has_modules = h.modules && !(h.flags & DBI_STRIPPED);
	open_tables(p, &h);
	const uint64_t before = off + h.contribs + (uint64_t)h.map + h.files + h.servers + h.ec;
	read_slots(p, before, h.slots);
	if (!p->n_sections)
		return fail(E_UNSUPPORTED, "the PDB has no section headers, so its symbols have no addresses", 0);
	return ok();
}

err_t pdb_open(struct arena *a, struct span file, struct pdb **ret)
{
	struct pdb *p = NEW(a, struct pdb);
	p->a = a;
	TRY(msf_open(a, file, &p->msf));
	TRY(read_info(p));
	p->dbi = msf_stream(&p->msf, STREAM_DBI);
	TRY(open_dbi(p));
	read_names_header(p);
	*ret = p;
	return ok();
}

// ---- modules
static void read_module(struct rd *r, struct pdb_module *m)
{
	rd_skip(r, 34);
	m->stream = rd_u16(r);
	m->sym_bytes = rd_u32(r);
	m->c11_bytes = rd_u32(r);
	m->c13_bytes = rd_u32(r);
	rd_skip(r, 16);
	const char *name = (const char *)(r->bad ? NULL : r->s.p + r->pos);
	for (int strings = 0; strings < 2 && !r->bad; strings++) { // the module's name, the object file's
		const uint8_t *nul = rd_left(r) ? memchr(r->s.p + r->pos, 0, rd_left(r)) : NULL;
		rd_skip(r, nul ? (uint64_t)(nul - (r->s.p + r->pos)) + 1 : UINT64_MAX);
	}
	m->name = r->bad ? NULL : name;
	rd_skip(r, MIN((4 - r->pos % 4) % 4, rd_left(r)));
}

void pdb_load_modules(struct pdb *p)
{
	if (p->modules_tried)
		return;
	p->modules_tried = true;
	struct span list;
	err_t e = msf_part(&p->msf, p->a, &p->dbi, DBI_HEADER, p->modules_size, &list);
	if (e.code)
		pdb_damaged(p, e);
	size_t n = 0;
	for (struct rd r = rd_at(list, 0); rd_left(&r); n += !r.bad) {
		struct pdb_module m;
		read_module(&r, &m);
	}
	p->modules = NEW_N(p->a, struct pdb_module, n);
	struct rd r = rd_at(list, 0);
	for (p->n_modules = 0; p->n_modules < n; p->n_modules++)
		read_module(&r, &p->modules[p->n_modules]);
}

// ---- section contributions: {section, offset, size, .., module}, sorted by linkers, but nothing says they must.
static const uint8_t *contrib(const struct pdb *p, size_t i)
{
	return p->contribs.p + (p->contrib_order ? p->contrib_order[i] : i) * p->contrib_stride;
}

static uint64_t contrib_key(const uint8_t *c)
{
	return le_get(c, 2) << 32 | le_get(c + 4, 4);
}

static int compare_contribs(const void *a, const void *b, void *ctx)
{
	const struct pdb *p = ctx;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	uint64_t x = contrib_key(p->contribs.p + (size_t)i * p->contrib_stride),
		 y = contrib_key(p->contribs.p + (size_t)k * p->contrib_stride);
	return x != y ? (x > y) - (x < y) : (i > k) - (i < k);
}

static void load_contribs(struct pdb *p)
{
	p->contribs_tried = true;
	struct span s;
	err_t e = msf_part(&p->msf, p->a, &p->dbi, p->contrib_off, p->contrib_size, &s);
	if (e.code)
		pdb_damaged(p, e);
	uint32_t version = s.n >= 4 ? (uint32_t)le_get(s.p, 4) : 0;
	p->contrib_stride = version == (uint32_t)CONTRIBS_60 ? 28 : version == (uint32_t)CONTRIBS_V2 ? 32 : 0;
	if (!p->contrib_stride)
		return;
	p->contribs = span_sub(s, 4, s.n - 4);
	p->n_contribs = p->contribs.n / p->contrib_stride;
	bool sorted = true;
	for (size_t i = 1; i < p->n_contribs && sorted; i++)
		sorted = contrib_key(contrib(p, i - 1)) <= contrib_key(contrib(p, i));
	if (sorted)
		return;
	uint32_t *order = NEW_N(p->a, uint32_t, p->n_contribs);
	for (size_t i = 0; i < p->n_contribs; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, p->n_contribs, sizeof(*order), compare_contribs, p);
	p->contrib_order = order;
}

static struct contrib_row read_contrib(const struct pdb *p, size_t i)
{
	if (p->contrib_rows)
		return p->contrib_rows[i];
	const uint8_t *c = contrib(p, i);
	uint32_t rva, seg = (uint32_t)le_get(c, 2);
	if (!pdb_place(p, seg, (uint32_t)le_get(c + 4, 4), &rva))
		return (struct contrib_row){ seg ? UINT32_MAX : 0, 0, 0 };
	return (struct contrib_row){ rva, (uint32_t)le_get(c + 8, 4), (uint32_t)le_get(c + 16, 2) };
}

static uint32_t row_rva(const uint8_t *row)
{
	uint32_t rva;
	memcpy(&rva, row, sizeof(rva));
	return rva;
}

// About as many steps as rows; places past the last row that has an address are left to a plain search.
void pdb_index_rows(struct arena *a, const void *rows, size_t stride, size_t n, struct rva_index *ret)
{
	const uint8_t *at = rows;
	size_t real = pdb_below(rows, stride, n, UINT32_MAX - 1), row = 0;
	*ret = (struct rva_index){ .shift = 4 };
	if (!real)
		return;
	const uint32_t last = row_rva(at + (real - 1) * stride);
	while ((last >> ret->shift) / 2 > n)
		ret->shift++;
	ret->n = (size_t)(last >> ret->shift) + 1;
	ret->below = NEW_N(a, uint32_t, ret->n);
	for (size_t i = 0; i < ret->n; i++) {
		while (row < real && row_rva(at + row * stride) < (uint64_t)i << ret->shift)
			row++;
		ret->below[i] = (uint32_t)row;
	}
}

// Whoever asks often gets them decoded: a search then touches less memory.
static void decode_contribs(struct pdb *p)
{
	if (p->contrib_rows || ++p->contrib_lookups != OFTEN || p->n_contribs > LIMIT_PDB_CONTRIBS)
		return;
	struct contrib_row *rows = NEW_N(p->a, struct contrib_row, p->n_contribs);
	for (size_t i = 0; i < p->n_contribs; i++)
		rows[i] = read_contrib(p, i);
	p->contrib_rows = rows;
	pdb_index_rows(p->a, rows, sizeof(*rows), p->n_contribs, &p->contrib_index);
}

struct pdb_module *pdb_module_at(struct pdb *p, uint32_t linked)
{
	if (!p->contribs_tried)
		load_contribs(p);
	decode_contribs(p);
	size_t lo = 0, hi = p->n_contribs;
	if (p->contrib_rows)
		lo = hi = pdb_below_in(&p->contrib_index, p->contrib_rows, sizeof(*p->contrib_rows), hi, linked);
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (read_contrib(p, mid).rva <= linked)
			lo = mid + 1;
		else
			hi = mid;
	}
	// Empty contributions may stand before the one that covers the address.
	for (size_t back = 0; lo && back < 8; lo--, back++) {
		struct contrib_row c = read_contrib(p, lo - 1);
		if (linked - c.rva >= c.size)
			continue;
		pdb_load_modules(p);
		return c.module < p->n_modules ? &p->modules[c.module] : NULL;
	}
	return NULL;
}
