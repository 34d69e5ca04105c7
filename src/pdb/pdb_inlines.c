// SPDX-License-Identifier: Apache-2.0
// pdb_inlines.c: calls that were replaced by the callee's body: S_INLINESITE records and their binary annotations,
// which are a small program that yields lines. Layouts: microsoft-pdb's cvinfo.h (BinaryAnnotationOpcode).
#include "pdb/scopes.h"

enum {
	OP_END,
	OP_CODE_OFFSET,
	OP_OFFSET_BASE,
	OP_CHANGE_OFFSET,
	OP_CODE_LENGTH,
	OP_FILE,
	OP_LINE,
	OP_LINE_END,
	OP_RANGE_KIND,
	OP_COLUMN,
	OP_COLUMN_END_DELTA,
	OP_OFFSET_AND_LINE,
	OP_LENGTH_AND_OFFSET,
	OP_COLUMN_END,
	SIZE_UNKNOWN = -1,
};

struct inline_row {          // one line of an inlined body
	uint32_t start, end; // from the start of the function
	uint32_t file, line;
};
struct inline_site {
	uint32_t inlinee;  // IPI index, resolved across modules
	uint32_t depth;    // 0: called by the function itself
	uint32_t first, n; // rows
	uint32_t parent;   // index of the site around it; UINT32_MAX: none
};
struct inline_table {
	struct inline_site *sites;
	size_t n_sites;
	struct inline_row *rows;
	size_t n_rows;
};

// Operands: one, two or four bytes, the top bits say which.
static uint32_t operand(struct rd *r)
{
	uint32_t b = rd_u8(r);
	if (b < 0x80)
		return b;
	if ((b & 0xc0) == 0x80)
		return (b & 0x3f) << 8 | rd_u8(r);
	if ((b & 0xe0) != 0xc0) {
		r->bad = true;
		return 0;
	}
	b = (b & 0x1f) << 24 | (uint32_t)rd_u8(r) << 16;
	b |= (uint32_t)rd_u8(r) << 8;
	return b | rd_u8(r);
}

static uint32_t signed_operand(uint32_t v) // wraps as the sums that it goes into
{
	return v & 1 ? 0 - (v >> 1) : v >> 1;
}

struct program {
	uint32_t offset, base, file, line;
	struct inline_row *rows; // NULL: only counts
	size_t n, first;
	bool open; // the last row's end is not known yet
};

static void start_row(struct program *g, uint32_t length)
{
	uint32_t at = g->base + g->offset;
	if (g->open && g->rows && at >= g->rows[g->n - 1].start)
		g->rows[g->n - 1].end = at;
	if (g->rows)
		g->rows[g->n] = (struct inline_row){ at, length == (uint32_t)SIZE_UNKNOWN ? at : at + length, g->file,
						     g->line };
	g->n++;
	g->open = length == (uint32_t)SIZE_UNKNOWN;
}

static void run_op(struct program *g, uint32_t op, struct rd *r)
{
	uint32_t v = operand(r);
	switch (op) {
	case OP_CODE_OFFSET:
		g->offset = v;
		start_row(g, (uint32_t)SIZE_UNKNOWN);
		break;
	case OP_OFFSET_BASE:
		g->base = v;
		break;
	case OP_CHANGE_OFFSET:
		g->offset += v;
		start_row(g, (uint32_t)SIZE_UNKNOWN);
		break;
	case OP_CODE_LENGTH:
		if (g->open && g->rows)
			g->rows[g->n - 1].end = g->rows[g->n - 1].start + v;
		g->open = false;
		g->offset += v;
		break;
	case OP_FILE:
		g->file = v;
		break;
	case OP_LINE:
		g->line += signed_operand(v);
		break;
	case OP_OFFSET_AND_LINE:
		g->line += signed_operand(v >> 4);
		g->offset += v & 15;
		start_row(g, (uint32_t)SIZE_UNKNOWN);
		break;
	case OP_LENGTH_AND_OFFSET:
		g->offset += operand(r);
		start_row(g, v);
		break;
	default: // columns, line ends and kinds of ranges: one operand, not used
		break;
	}
}

// The rows of a site; their number. An open last row reaches to the end of the function.
static size_t run_annotations(struct span code, uint32_t file, uint32_t line, uint32_t func_size,
			      struct inline_row *rows)
{
	struct program g = { .file = file, .line = line, .rows = rows };
	struct rd r = rd_at(code, 0);
	while (rd_left(&r)) {
		uint32_t op = operand(&r);
		if (r.bad || op == OP_END || op > OP_COLUMN_END)
			break;
		run_op(&g, op, &r);
	}
	if (g.open && rows && func_size > rows[g.n - 1].start)
		rows[g.n - 1].end = func_size;
	return g.n;
}

static const struct inlinee_row *inlinee(const struct pdb_module *m, uint32_t id)
{
	size_t lo = 0, hi = m->n_inlinees;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (m->inlinees[mid].id < id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < m->n_inlinees && m->inlinees[lo].id == id ? &m->inlinees[lo] : NULL;
}

bool pdb_opens_scope(uint32_t kind)
{
	switch (kind) {
	case S_GPROC32:
	case S_LPROC32:
	case S_GPROC32_ID:
	case S_LPROC32_ID:
	case S_LPROC32_DPC:
	case S_LPROC32_DPC_ID:
	case S_GMANPROC:
	case S_LMANPROC:
	case S_THUNK32:
	case S_BLOCK32:
	case S_WITH32:
	case S_SEPCODE:
	case S_INLINESITE:
	case S_INLINESITE2:
		return true;
	default:
		return false;
	}
}

bool pdb_ends_scope(uint32_t kind)
{
	return kind == S_END || kind == S_PROC_ID_END || kind == S_INLINESITE_END;
}

struct scan {
	struct pdb *p;
	struct pdb_module *m;
	struct inline_table *ret; // rows and sites NULL: only counts
	uint32_t func_size;
	uint32_t open[LIMIT_PDB_INLINE_DEPTH]; // sites around the current record
	uint32_t depth;
};

static void add_site(struct scan *s, struct span record)
{
	size_t fixed = le_get(record.p + 2, 2) == S_INLINESITE ? 16 : 20;
	if (record.n < fixed)
		return;
	uint32_t id = (uint32_t)le_get(record.p + 12, 4);
	const struct inlinee_row *row = inlinee(s->m, id);
	struct span code = span_sub(record, fixed, record.n - fixed);
	struct inline_table *t = s->ret;
	size_t n = run_annotations(code, row ? row->file : UINT32_MAX, row ? row->line : 0, s->func_size,
				   t->rows ? t->rows + t->n_rows : NULL);
	if (t->sites)
		t->sites[t->n_sites] =
			(struct inline_site){ pdb_resolve_id(s->p, s->m, id), s->depth, (uint32_t)t->n_rows,
					      (uint32_t)n, s->depth ? s->open[s->depth - 1] : UINT32_MAX };
	t->n_rows += n;
	t->n_sites++;
}

// Walks a function's records from its own to the end of its scope.
static void scan_function(struct scan *s, uint32_t pos)
{
	struct span syms = s->m->syms;
	uint32_t scopes = 0;
	s->ret->n_rows = s->ret->n_sites = 0;
	s->depth = 0;
	while (in_range(pos, 4, syms.n)) {
		uint32_t len = (uint32_t)le_get(syms.p + pos, 2), kind = (uint32_t)le_get(syms.p + pos + 2, 2);
		struct span record = span_sub(syms, pos, len + 2u);
		if (len < 2 || !record.p || s->ret->n_sites >= LIMIT_PDB_INLINE_SITES)
			return;
		if (kind == S_INLINESITE || kind == S_INLINESITE2) {
			if (s->depth == LIMIT_PDB_INLINE_DEPTH)
				return;
			uint32_t index = (uint32_t)s->ret->n_sites;
			add_site(s, record);
			s->open[s->depth++] = index;
		} else if (kind == S_INLINESITE_END && s->depth) {
			s->depth--;
		}
		if (pdb_opens_scope(kind))
			scopes++;
		else if (pdb_ends_scope(kind) && --scopes == 0)
			return;
		pos += len + 2;
	}
}

static struct inline_table *inline_table(struct pdb *p, struct pdb_module *m, struct sym_row *f)
{
	if (f->inlines)
		return f->inlines;
	pdb_load_lines(p, m);
	struct inline_table *t = NEW(p->a, struct inline_table);
	struct scan s = { .p = p, .m = m, .ret = t, .func_size = f->size };
	scan_function(&s, f->record);
	if (t->n_sites) {
		t->sites = NEW_N(p->a, struct inline_site, t->n_sites);
		t->rows = NEW_N(p->a, struct inline_row, t->n_rows + 1);
		scan_function(&s, f->record);
	}
	f->inlines = t;
	return t;
}

static const struct inline_row *row_at(const struct inline_table *t, const struct inline_site *s, uint32_t off)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (off >= t->rows[s->first + i].start && off < t->rows[s->first + i].end)
			return &t->rows[s->first + i];
	return NULL;
}

// Where the call stands: the caller's line at the address, the caller being a site or the function itself.
static void call_place(struct pdb *p, struct pdb_module *m, const struct inline_table *t, const struct sym_row *f,
		       const struct inline_site *s, uint32_t off, struct pdb_inline *ret)
{
	if (s->parent != UINT32_MAX) {
		const struct inline_row *row = row_at(t, &t->sites[s->parent], off);
		ret->call_line = row ? row->line : 0;
		ret->call_file = row ? pdb_file_name(p, m, row->file) : NULL;
		return;
	}
	const struct line_row *line = pdb_line_row(m, f->rva + off);
	bool shown = line && !pdb_line_hidden(line->line);
	ret->call_line = shown ? line->line : 0;
	ret->call_file = shown ? pdb_file_name(p, m, line->file) : NULL;
}

struct sym_row *pdb_function_row(struct pdb *p, uint32_t linked, struct pdb_module **m_ret)
{
	struct pdb_module *m = linked == UINT32_MAX ? NULL : pdb_module_at(p, linked);
	*m_ret = m;
	return m ? pdb_covering_row(p, m, linked) : NULL;
}

// Sites stand outermost first; the first one that covers the address at the greatest depth is the innermost.
static const struct inline_site *innermost(const struct inline_table *t, uint32_t off)
{
	const struct inline_site *inner = NULL;
	for (size_t i = 0; i < t->n_sites; i++)
		if ((!inner || t->sites[i].depth > inner->depth) && row_at(t, &t->sites[i], off))
			inner = &t->sites[i];
	return inner;
}

uint32_t pdb_inline_site_at(struct pdb *p, struct pdb_module *m, struct sym_row *f, uint32_t linked, uint32_t depth)
{
	const struct inline_table *t = inline_table(p, m, f);
	const struct inline_site *site = innermost(t, linked - f->rva);
	while (site && site->depth > depth)
		site = site->parent == UINT32_MAX ? NULL : &t->sites[site->parent];
	return site && site->depth == depth ? (uint32_t)(site - t->sites) : UINT32_MAX;
}

size_t pdb_inlines_at(struct pdb *p, uint32_t rva, struct pdb_inline *ret, size_t max)
{
	struct pdb_module *m;
	uint32_t linked = pdb_from_image(p, rva);
	struct sym_row *f = pdb_function_row(p, linked, &m);
	if (!f)
		return 0;
	const struct inline_table *t = inline_table(p, m, f);
	uint32_t off = linked - f->rva;
	const struct inline_site *inner = innermost(t, off);
	size_t n = 0;
	while (inner && n < max) {
		const struct inline_row *row = row_at(t, inner, off);
		uint32_t first = inner->n ? f->rva + t->rows[inner->first].start : linked;
		uint32_t start = first <= linked ? pdb_start_in_image(p, first, linked, rva) : rva;
		ret[n] = (struct pdb_inline){ pdb_inlinee_name(p, inner->inlinee),
					      row ? pdb_file_name(p, m, row->file) : NULL,
					      row ? row->line : 0,
					      start,
					      inner->inlinee,
					      0,
					      NULL };
		call_place(p, m, t, f, inner, off, &ret[n]);
		n++;
		inner = inner->parent == UINT32_MAX ? NULL : &t->sites[inner->parent];
	}
	return n;
}

// The ranges of a site: rows that touch are one.
static bool each_range(struct pdb *p, struct pdb_module *m, const struct inline_table *t, const struct sym_row *f,
		       const struct inline_site *s, bool (*fn)(void *ctx, const struct pdb_site *s), void *ctx)
{
	for (uint32_t i = 0; i < s->n;) {
		const struct inline_row *row = &t->rows[s->first + i];
		uint32_t start = row->start, end = row->end;
		struct pdb_site out = { .rva = pdb_to_image(p, f->rva + start), .depth = s->depth };
		for (i++; i < s->n && t->rows[s->first + i].start == end; i++)
			end = t->rows[s->first + i].end;
		out.size = end - start;
		out.site = (struct pdb_inline){ .name = pdb_inlinee_name(p, s->inlinee),
						.file = pdb_file_name(p, m, row->file),
						.line = row->line,
						.rva = out.rva,
						.inlinee = s->inlinee };
		call_place(p, m, t, f, s, start, &out.site);
		if (end != start && out.rva != UINT32_MAX && !fn(ctx, &out))
			return false;
	}
	return true;
}

void pdb_each_inline(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_site *s), void *ctx)
{
	pdb_load_modules(p);
	for (size_t k = 0; k < p->n_modules; k++) {
		struct pdb_module *m = &p->modules[k];
		pdb_load_syms(p, m);
		for (size_t i = 0; i < m->n_funcs; i++) {
			const struct inline_table *t = inline_table(p, m, &m->funcs[i]);
			for (size_t j = 0; j < t->n_sites; j++)
				if (!each_range(p, m, t, &m->funcs[i], &t->sites[j], fn, ctx))
					return;
		}
	}
}
