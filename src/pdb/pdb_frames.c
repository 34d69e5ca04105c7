// SPDX-License-Identifier: Apache-2.0
// pdb_frames.c: how x86 code lays out its frames: FrameData ("new FPO") and FPO_DATA records, and S_FRAMEPROC.
// Layouts: LLVM's CodeView.h and RawTypes.h, winnt.h (FPO_DATA), microsoft-pdb's cvinfo.h (FRAMEDATA, FRAMEPROCSYM).
#include "pdb/pdb_frames.h"

#include "pdb/pdb_int.h"

#include <stdlib.h>

enum { FRAME_DATA = 32, FPO_DATA = 16, HAS_SEH = 1, HAS_EH = 2, IS_START = 4, NO_ROW = -1 };

struct frame_row { // what a frame record covers, as linked
	uint32_t rva, size;
	uint32_t record; // number in its stream
	uint32_t outer;  // row of the record around it; UINT32_MAX: none
};
struct frame_table {
	struct span s; // the records
	bool tried;
	struct frame_row *rows; // ascending; of several at one address the widest first
	size_t n;
};
struct frame_tables {
	struct frame_table data, fpo;
};

static uint32_t word(const uint8_t *at, unsigned off)
{
	return (uint32_t)le_get(at + off, 4);
}

static uint32_t half(const uint8_t *at, unsigned off)
{
	return (uint32_t)le_get(at + off, 2);
}

static void read_frame_data(struct pdb *p, const uint8_t *at, struct pdb_frame *ret)
{
	uint32_t flags = word(at, 28);
	*ret = (struct pdb_frame){ .kind = PDB_FRAME_DATA,
				   .rva = word(at, 0),
				   .size = word(at, 4),
				   .locals = word(at, 8),
				   .params = word(at, 12),
				   .stack_max = word(at, 16),
				   .program = pdb_name_at(p, word(at, 20)),
				   .prolog = half(at, 24),
				   .saved = half(at, 26),
				   .has_seh = flags & HAS_SEH,
				   .has_eh = flags & HAS_EH,
				   .is_start = flags & IS_START };
}

// Locals, parameters and saved registers are counted in words of four bytes.
static void read_fpo(const uint8_t *at, struct pdb_frame *ret)
{
	uint32_t bits = half(at, 14);
	*ret = (struct pdb_frame){ .kind = PDB_FRAME_FPO,
				   .rva = word(at, 0),
				   .size = word(at, 4),
				   .locals = (uint32_t)MIN((uint64_t)word(at, 8) * 4, (uint64_t)UINT32_MAX),
				   .params = half(at, 12) * 4,
				   .prolog = bits & 0xff,
				   .saved = (bits >> 8 & 7) * 4,
				   .has_seh = bits >> 11 & 1,
				   .is_start = true,
				   .uses_bp = bits >> 12 & 1,
				   .type = (enum pdb_fpo_type)(bits >> 14) };
}

static int by_place(const void *a, const void *b)
{
	const struct frame_row *x = a, *y = b;
	if (x->rva != y->rva)
		return x->rva < y->rva ? -1 : 1;
	if (x->size != y->size)
		return x->size > y->size ? -1 : 1;
	return (x->record < y->record) - (x->record > y->record); // of folded functions the first counts
}

static bool covers(const struct frame_row *r, uint32_t linked)
{
	return linked >= r->rva && linked - r->rva < r->size;
}

// Records lie inside each other, one for each step of a prolog. Whoever looks for one that covers an address starts
// at the last that begins at or below, and goes outward.
static void link_rows(struct frame_table *t)
{
	uint32_t open = (uint32_t)NO_ROW;
	for (size_t i = 0; i < t->n; i++) {
		while (open != (uint32_t)NO_ROW && !covers(&t->rows[open], t->rows[i].rva))
			open = t->rows[open].outer;
		t->rows[i].outer = open;
		open = (uint32_t)i;
	}
}

static struct frame_table *load(struct pdb *p, struct frame_table *t, uint32_t stream, unsigned stride)
{
	if (t->tried)
		return t;
	t->tried = true;
	struct msf_stream s = stream == UINT16_MAX ? (struct msf_stream){ 0, 0 } : msf_stream(&p->msf, stream);
	err_t e = msf_part(&p->msf, p->a, &s, 0, s.size, &t->s);
	if (!e.code && t->s.n / stride > LIMIT_PDB_FRAMES)
		e = fail(E_LIMIT, "more frame records than are read", t->s.n / stride);
	if (e.code) {
		pdb_damaged(p, e);
		return t;
	}
	if (!t->s.p)
		return t;
	if (t->s.n % stride == 4) // an object file's table starts with the place of its relocation
		t->s = span_sub(t->s, 4, t->s.n - 4);
	t->rows = NEW_N(p->a, struct frame_row, t->s.n / stride);
	bool sorted = true;
	for (size_t i = 0; i < t->s.n / stride; i++) {
		const uint8_t *at = t->s.p + i * stride;
		struct frame_row row = { word(at, 0), word(at, 4), (uint32_t)i, (uint32_t)NO_ROW };
		sorted = sorted && (!t->n || by_place(&t->rows[t->n - 1], &row) < 0);
		t->rows[t->n++] = row;
	}
	if (!sorted)
		qsort(t->rows, t->n, sizeof(*t->rows), by_place);
	link_rows(t);
	return t;
}

static struct frame_tables *tables(struct pdb *p)
{
	if (!p->frames)
		p->frames = NEW(p->a, struct frame_tables);
	return p->frames;
}

static struct frame_table *frame_data(struct pdb *p)
{
	return load(p, &tables(p)->data, p->frame_data_stream, FRAME_DATA);
}

static struct frame_table *fpo(struct pdb *p)
{
	return load(p, &tables(p)->fpo, p->fpo_stream, FPO_DATA);
}

static const struct frame_row *find(const struct frame_table *t, uint32_t linked)
{
	size_t at = pdb_below(t->rows, sizeof(*t->rows), t->n, linked);
	uint32_t i = at ? (uint32_t)at - 1 : (uint32_t)NO_ROW;
	for (unsigned n = 0; i != (uint32_t)NO_ROW && n < LIMIT_PDB_FRAME_NESTING; n++, i = t->rows[i].outer)
		if (covers(&t->rows[i], linked))
			return &t->rows[i];
	return NULL;
}

bool pdb_frame_at(struct pdb *p, uint32_t rva, struct pdb_frame *ret)
{
	uint32_t linked = pdb_from_image(p, rva);
	if (linked == UINT32_MAX)
		return false;
	const struct frame_row *row = find(frame_data(p), linked);
	if (row) {
		read_frame_data(p, p->frames->data.s.p + (size_t)row->record * FRAME_DATA, ret);
	} else {
		row = find(fpo(p), linked);
		if (!row)
			return false;
		read_fpo(p->frames->fpo.s.p + (size_t)row->record * FPO_DATA, ret);
	}
	ret->rva = pdb_start_in_image(p, row->rva, linked, rva);
	return true;
}

void pdb_each_frame(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_frame *f), void *ctx)
{
	struct pdb_frame f;
	size_t n = frame_data(p)->n;
	for (size_t i = 0; i < n; i++) {
		read_frame_data(p, p->frames->data.s.p + i * FRAME_DATA, &f);
		if (!fn(ctx, &f))
			return;
	}
	n = fpo(p)->n;
	for (size_t i = 0; i < n; i++) {
		read_fpo(p->frames->fpo.s.p + i * FPO_DATA, &f);
		if (!fn(ctx, &f))
			return;
	}
}

bool pdb_frameproc_at(struct pdb *p, uint32_t rva, struct pdb_frameproc *ret)
{
	uint32_t linked = pdb_from_image(p, rva);
	struct pdb_module *m = linked == UINT32_MAX ? NULL : pdb_module_at(p, linked);
	if (!m)
		return false;
	pdb_load_syms(p, m);
	const struct sym_row *row = pdb_row_at(m->funcs, m->n_funcs, linked);
	if (!row || linked - row->rva >= row->size || row->kind != PDB_PROC)
		return false;
	struct rd head = rd_at(m->syms, row->record + 8u); // where the record lies that ends the function
	struct rd r = rd_at(span_clip(m->syms, 0, rd_u32(&head)), row->record);
	for (unsigned i = 0; i < LIMIT_PDB_FRAMEPROC && rd_left(&r); i++) {
		uint32_t len = rd_u16(&r), kind = rd_u16(&r);
		struct rd body = rd_at(span_clip(r.s, r.pos, len >= 2 ? len - 2 : 0), 0);
		rd_skip(&r, len >= 2 ? len - 2 : UINT64_MAX);
		if (r.bad)
			return false;
		if (kind != S_FRAMEPROC)
			continue;
		*ret = (struct pdb_frameproc){ pdb_start_in_image(p, row->rva, linked, rva),
					       row->size,
					       rd_u32(&body),
					       rd_u32(&body),
					       rd_u32(&body),
					       rd_u32(&body),
					       0 };
		rd_skip(&body, 6); // the exception handler
		ret->flags = rd_u32(&body);
		struct rd offsets = rd_at(m->syms, row->record + 20u);
		ret->body = rd_u32(&offsets);
		ret->epilog = rd_u32(&offsets);
		return !body.bad;
	}
	return false;
}

static bool compiler_of(struct pdb *p, struct pdb_module *m, struct pdb_compiler *ret)
{
	pdb_load_syms(p, m);
	struct rd r = rd_at(m->syms, 4); // behind the signature
	for (unsigned i = 0; i < LIMIT_PDB_COMPILER && rd_left(&r) >= 4; i++) {
		uint32_t len = rd_u16(&r), kind = rd_u16(&r);
		struct rd body = rd_at(span_clip(r.s, r.pos, len >= 2 ? len - 2 : 0), 0);
		rd_skip(&r, len >= 2 ? len - 2 : UINT64_MAX);
		if (kind != S_COMPILE2 && kind != S_COMPILE3)
			continue;
		size_t parts = kind == S_COMPILE3 ? 4 : 3;
		*ret = (struct pdb_compiler){ .language = (uint8_t)rd_u32(&body), .machine = rd_u16(&body) };
		for (size_t k = 0; k < 2 * parts; k++)
			(k < parts ? ret->front : ret->back)[k % parts] = rd_u16(&body);
		size_t left = rd_left(&body);
		const char *name = left ? (const char *)body.s.p + body.pos : NULL;
		ret->name = name && memchr(name, 0, left) ? name : NULL;
		return !body.bad;
	}
	return false;
}

bool pdb_compiler_at(struct pdb *p, uint32_t rva, struct pdb_compiler *ret)
{
	uint32_t linked = pdb_from_image(p, rva);
	struct pdb_module *m = linked == UINT32_MAX ? NULL : pdb_module_at(p, linked);
	return m && compiler_of(p, m, ret);
}

bool pdb_compiler(struct pdb *p, struct pdb_compiler *ret)
{
	pdb_load_modules(p);
	for (size_t i = 0; i < p->n_modules; i++)
		if (compiler_of(p, &p->modules[i], ret))
			return true;
	return false;
}
