// SPDX-License-Identifier: Apache-2.0
// pdb_lines.c: source lines of a module: C13 subsections, parsed when a line in the module is first asked for.
// Documented in LLVM's docs/PDB/ModiStream.rst; layouts in microsoft-pdb's cvinfo.h.
#include "base/str.h"
#include "pdb/pdb_int.h"

#include <stdlib.h>

enum {
	SUB_LINES = 0xf2,
	SUB_FILES = 0xf4,
	SUB_INLINEES = 0xf6,
	SUB_IMPORTS = 0xf7,
	SUB_EXPORTS = 0xf8,
	HAVE_COLUMNS = 1,
	LINE_MASK = 0xffffff,
	ALWAYS_STEP_INTO = 0xfeefee,
	NEVER_STEP_INTO = 0xf00f00,
};

bool pdb_line_hidden(uint32_t line)
{
	return line == NEVER_STEP_INTO || line == ALWAYS_STEP_INTO;
}

static bool next_sub(struct rd *r, uint32_t *kind, struct span *ret)
{
	if (rd_left(r) < 8)
		return false;
	*kind = rd_u32(r);
	ret->n = rd_u32(r);
	ret->p = rd_bytes(r, ret->n);
	if (!ret->p)
		return false;
	rd_skip(r, MIN((4 - r->pos % 4) % 4, rd_left(r)));
	return true;
}

// The lines of one contribution; a file's lines are a block of it. ret NULL: only counts.
static size_t read_lines(struct pdb *p, struct span sub, struct line_row *ret)
{
	struct rd r = rd_at(sub, 0);
	uint32_t off = rd_u32(&r), seg = rd_u16(&r), flags = rd_u16(&r), code = rd_u32(&r), base = 0;
	bool placed = pdb_place(p, seg, off, &base);
	size_t n = 0;
	while (rd_left(&r) >= 12 && placed) {
		uint32_t file = rd_u32(&r);
		size_t lines = rd_count(&r, rd_u32(&r), flags & HAVE_COLUMNS ? 12 : 8);
		uint32_t bytes = rd_u32(&r);
		struct rd block = rd_at(span_sub(sub, r.pos, MIN((uint64_t)lines * 8, rd_left(&r))), 0);
		rd_skip(&r, bytes > 12 ? bytes - 12 : 0);
		for (size_t i = 0; i < lines && rd_left(&block) >= 8; i++) {
			uint32_t at = rd_u32(&block), line = rd_u32(&block);
			if (at > UINT32_MAX - base)
				continue;
			if (ret)
				ret[n] = (struct line_row){ base + at, at < code ? code - at : 0, line & LINE_MASK,
							    file, (uint32_t)n };
			n++;
		}
	}
	return n;
}

static int by_rva(const void *a, const void *b)
{
	const struct line_row *x = a, *y = b;
	if (x->rva != y->rva)
		return x->rva < y->rva ? -1 : 1;
	return (x->order > y->order) - (x->order < y->order);
}

// A line reaches to the next one of the same contribution; of several at one place the last has the code.
static void close_lines(struct line_row *rows, size_t n)
{
	bool sorted = true;
	for (size_t i = 1; i < n && sorted; i++)
		sorted = rows[i - 1].rva <= rows[i].rva;
	if (!sorted)
		qsort(rows, n, sizeof(*rows), by_rva);
	for (size_t i = 0; i + 1 < n; i++)
		rows[i].size = MIN(rows[i].size, rows[i + 1].rva - rows[i].rva);
}

static size_t read_inlinees(struct span sub, struct inlinee_row *ret)
{
	struct rd r = rd_at(sub, 0);
	bool extra = rd_u32(&r) == 1; // with a list of further files
	size_t n = 0;
	while (rd_left(&r) >= 12) {
		struct inlinee_row row = { .id = rd_u32(&r) };
		row.file = rd_u32(&r);
		row.line = rd_u32(&r);
		if (extra)
			rd_skip(&r, 4 * (uint64_t)rd_u32(&r));
		if (ret)
			ret[n] = row;
		n++;
	}
	return n;
}

static int by_id(const void *a, const void *b)
{
	const struct inlinee_row *x = a, *y = b;
	return x->id != y->id ? (x->id > y->id) - (x->id < y->id) : (x->order > y->order) - (x->order < y->order);
}

static void read_subs(struct pdb *p, struct pdb_module *m, bool fill)
{
	struct rd r = rd_at(m->c13, 0);
	uint32_t kind;
	struct span sub;
	m->n_lines = m->n_inlinees = 0;
	while (next_sub(&r, &kind, &sub)) {
		if (kind == SUB_LINES) {
			struct line_row *rows = fill ? m->lines + m->n_lines : NULL;
			size_t n = read_lines(p, sub, rows);
			if (fill)
				close_lines(rows, n);
			m->n_lines += n;
		} else if (kind == SUB_INLINEES) {
			m->n_inlinees += read_inlinees(sub, fill ? m->inlinees + m->n_inlinees : NULL);
		} else if (kind == SUB_FILES) {
			m->files = sub;
		} else if (kind == SUB_IMPORTS) {
			m->imports = sub;
		} else if (kind == SUB_EXPORTS) {
			m->exports = sub;
		}
	}
}

void pdb_load_lines(struct pdb *p, struct pdb_module *m)
{
	if (m->lines_tried)
		return;
	m->lines_tried = true;
	struct msf_stream s = msf_stream(&p->msf, m->stream);
	if (m->stream == UINT16_MAX || !m->c13_bytes)
		return;
	err_t e = msf_part(&p->msf, p->a, &s, (uint64_t)m->sym_bytes + m->c11_bytes, m->c13_bytes, &m->c13);
	if (e.code) {
		pdb_damaged(p, e);
		return;
	}
	read_subs(p, m, false);
	m->lines = NEW_N(p->a, struct line_row, m->n_lines);
	m->inlinees = NEW_N(p->a, struct inlinee_row, m->n_inlinees);
	read_subs(p, m, true);
	// `order` follows the file over all contributions from here on.
	bool sorted = true;
	for (size_t i = 0; i < m->n_lines; i++) {
		sorted = sorted && (!i || m->lines[i - 1].rva <= m->lines[i].rva);
		m->lines[i].order = (uint32_t)i;
	}
	if (!sorted)
		qsort(m->lines, m->n_lines, sizeof(*m->lines), by_rva);
	for (size_t i = 0; i < m->n_inlinees; i++)
		m->inlinees[i].order = (uint32_t)i; // compilers give one id several places: the first counts
	qsort(m->inlinees, m->n_inlinees, sizeof(*m->inlinees), by_id);
}

const char *pdb_file_name(struct pdb *p, const struct pdb_module *m, uint32_t off)
{
	return in_range(off, 4, m->files.n) ? pdb_name_at(p, (uint32_t)le_get(m->files.p + off, 4)) : NULL;
}

const struct line_row *pdb_line_row(const struct pdb_module *m, uint32_t linked)
{
	size_t lo = pdb_below(m->lines, sizeof(*m->lines), m->n_lines, linked);
	if (!lo || linked - m->lines[lo - 1].rva >= m->lines[lo - 1].size)
		return NULL;
	return &m->lines[lo - 1];
}

static void read_row(struct pdb *p, const struct pdb_module *m, const struct line_row *row, struct pdb_line *ret)
{
	*ret = (struct pdb_line){ pdb_file_name(p, m, row->file), row->line, pdb_to_image(p, row->rva), row->size };
}

bool pdb_line_at(struct pdb *p, uint32_t rva, struct pdb_line *ret)
{
	uint32_t linked = pdb_from_image(p, rva);
	struct pdb_module *m = linked == UINT32_MAX ? NULL : pdb_module_at(p, linked);
	if (!m)
		return false;
	pdb_load_lines(p, m);
	const struct line_row *row = pdb_line_row(m, linked);
	if (!row || pdb_line_hidden(row->line))
		return false;
	read_row(p, m, row, ret);
	ret->rva = pdb_start_in_image(p, row->rva, linked, rva);
	return true;
}

static bool ends_with_file(const char *name, const char *file)
{
	size_t n = strlen(name), k = strlen(file);
	if (!k || k > n || (k < n && name[n - k - 1] != '/' && name[n - k - 1] != '\\'))
		return false;
	for (size_t i = 0; i < k; i++) {
		char a = name[n - k + i], b = file[i];
		bool separators = (a == '/' || a == '\\') && (b == '/' || b == '\\');
		if (!separators && !str_ieqn(&a, &b, 1))
			return false;
	}
	return true;
}

struct wanted {
	const char *file;
	uint32_t line; // the smallest number at or above that has code, once known
	bool (*fn)(void *ctx, const struct pdb_line *l);
	void *ctx;
};

// Rows of one file follow each other: each name is compared once.
static bool scan_lines(struct pdb *p, struct pdb_module *m, const struct wanted *w, uint32_t *least)
{
	uint32_t file = UINT32_MAX;
	bool match = false;
	for (size_t i = 0; i < m->n_lines; i++) {
		const struct line_row *row = &m->lines[i];
		struct pdb_line l;
		if (row->file != file) {
			const char *name = pdb_file_name(p, m, row->file);
			file = row->file;
			match = name && ends_with_file(name, w->file);
		}
		if (!match || row->line < w->line || pdb_line_hidden(row->line))
			continue;
		if (least)
			*least = MIN(*least, row->line);
		else if (row->line == w->line) {
			read_row(p, m, row, &l);
			if (l.rva != UINT32_MAX && !w->fn(w->ctx, &l))
				return false;
		}
	}
	return true;
}

void pdb_find_line(struct pdb *p, const char *file, uint32_t line, bool (*fn)(void *ctx, const struct pdb_line *l),
		   void *ctx)
{
	struct wanted w = { file, line, fn, ctx };
	uint32_t least = UINT32_MAX;
	pdb_load_modules(p);
	for (size_t k = 0; k < p->n_modules; k++) {
		pdb_load_lines(p, &p->modules[k]);
		(void)scan_lines(p, &p->modules[k], &w, &least);
	}
	w.line = least;
	for (size_t k = 0; k < p->n_modules && least != UINT32_MAX; k++)
		if (!scan_lines(p, &p->modules[k], &w, NULL))
			return;
}

void pdb_each_line(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_line *l), void *ctx)
{
	pdb_load_modules(p);
	for (size_t k = 0; k < p->n_modules; k++) {
		struct pdb_module *m = &p->modules[k];
		struct pdb_line l;
		pdb_load_lines(p, m);
		for (size_t i = 0; i < m->n_lines; i++) {
			read_row(p, m, &m->lines[i], &l);
			if (l.rva != UINT32_MAX && !fn(ctx, &l))
				return;
		}
	}
}
