// SPDX-License-Identifier: Apache-2.0
// dwarf_lines.c: line number programs: DWARF 5, section 6.2; the older header in DWARF 2 to 4, same section.
#include "dwarf/parts_int.h"

#include <stdlib.h>

enum { OPCODES = 256, FORMATS = 256 };
struct program {
	struct dwarf *d;
	struct unit *u;
	struct line_table *t;
	struct unit forms; // widths of this header: they need not be the unit's
	uint8_t min_inst, line_range, opcode_base;
	int8_t line_base;
	uint8_t lengths[OPCODES]; // arguments of each standard opcode
	size_t cap, cap_files;
	// the state machine
	uint64_t address, file;
	uint32_t line;
	bool in_sequence;
	uint64_t last; // address of the row before
	struct line_row row;
};

// ---- header
static void add_file(struct program *p, const char *name, uint64_t dir)
{
	struct line_table *t = p->t;
	if (t->n_files >= LIMIT_DWARF_FILES)
		return;
	if (t->n_files == p->cap_files) {
		p->cap_files = MAX(2 * p->cap_files, (size_t)16);
		struct file_row *more = NEW_N(p->d->a, struct file_row, p->cap_files);
		if (t->n_files)
			memcpy(more, t->files, t->n_files * sizeof(*more));
		t->files = more;
	}
	t->files[t->n_files++] = (struct file_row){ .name = name, .dir = dir };
}

static void old_files(struct program *p, struct rd *r)
{
	struct rd count = *r;
	const char *s;
	size_t n = 0;
	while ((s = rd_cstring(&count)) != NULL && *s)
		n++;
	p->t->dirs = NEW_N(p->d->a, const char *, n ? n : 1);
	p->t->n_dirs = n;
	for (size_t i = 0; i < n; i++)
		p->t->dirs[i] = rd_cstring(r);
	(void)rd_cstring(r);
	while ((s = rd_cstring(r)) != NULL && *s) {
		uint64_t dir = rd_uleb(r);
		(void)rd_uleb(r); // time
		(void)rd_uleb(r); // size
		add_file(p, s, dir);
	}
}

struct format {
	uint64_t content, form;
};

// A table of version 5: the format of an entry, then the entries. fn of the path and the folder's number.
static void new_table(struct program *p, struct rd *r, bool dirs)
{
	struct format formats[FORMATS];
	size_t n = rd_u8(r);
	for (size_t i = 0; i < n; i++)
		formats[i] = (struct format){ rd_uleb(r), rd_uleb(r) };
	uint64_t count = rd_uleb(r);
	if (r->bad || !n || !count)
		return;
	const size_t room = MIN(rd_left(r), (size_t)LIMIT_DWARF_FILES);
	size_t most = count < room ? (size_t)count : room;
	if (dirs)
		p->t->dirs = NEW_N(p->d->a, const char *, most ? most : 1);
	for (size_t i = 0; i < most && !r->bad; i++) {
		const char *name = NULL;
		uint64_t dir = 0;
		for (size_t k = 0; k < n; k++) {
			struct value v;
			read_value(r, &p->forms, formats[k].form > UINT16_MAX ? 0 : (uint16_t)formats[k].form, 0, &v);
			if (formats[k].content == DW_LNCT_path)
				name = value_string(p->d, &p->forms, &v);
			else if (formats[k].content == DW_LNCT_directory_index)
				(void)value_number(&v, &dir);
		}
		if (r->bad)
			break;
		if (dirs)
			p->t->dirs[p->t->n_dirs++] = name;
		else
			add_file(p, name, dir);
	}
}

// Returns where the program begins; 0: not readable.
static size_t read_line_header(struct program *p, struct rd *r)
{
	uint8_t off_size;
	uint64_t n = rd_length(r, &off_size);
	if (r->bad)
		return 0;
	r->s = span_clip(r->s, 0, n > SIZE_MAX - r->pos ? SIZE_MAX : r->pos + n);
	unsigned version = rd_u16(r);
	p->t->version = version;
	if (version < 2 || version > 5)
		return 0;
	p->forms = *p->u;
	p->forms.version = (uint8_t)version;
	p->forms.off_size = off_size;
	if (version >= 5) {
		p->forms.addr_size = rd_u8(r);
		rd_skip(r, 1);
	}
	uint64_t length = rd_sized(r, off_size), at;
	if (!add_ok(length, r->pos, &at) || at > r->s.n)
		return 0;
	struct rd head = rd_at(span_clip(r->s, 0, at), r->pos);
	p->min_inst = rd_u8(&head);
	if (version >= 4)
		rd_skip(&head, 1); // operations of one instruction: above 1 for VLIW machines only
	rd_skip(&head, 1);         // default_is_stmt
	p->line_base = (int8_t)rd_u8(&head);
	p->line_range = rd_u8(&head);
	p->opcode_base = rd_u8(&head);
	for (unsigned i = 1; i < p->opcode_base; i++)
		p->lengths[i] = rd_u8(&head);
	if (version >= 5) {
		new_table(p, &head, true);
		new_table(p, &head, false);
	} else {
		old_files(p, &head);
	}
	if (head.bad)
		dwarf_damaged(p->d, "the header of a line table is cut off", p->t->off);
	return (size_t)at;
}

// ---- program
static void keep_row(struct program *p, uint64_t end)
{
	struct dwarf *d = p->d;
	struct line_table *t = p->t;
	if (p->last < d->base || p->last - d->base >= d->size || end <= p->last)
		return;
	p->row.rva = (uint32_t)(p->last - d->base);
	p->row.end = (uint32_t)MIN(end - d->base, (uint64_t)d->size);
	struct line_row *before = t->n ? &t->rows[t->n - 1] : NULL;
	if (before && before->end == p->row.rva && before->line == p->row.line && before->file == p->row.file) {
		before->end = p->row.end; // another column of the same line
		return;
	}
	if (!t->rows || t->n == p->cap) {
		p->cap = MAX(2 * p->cap, (size_t)64);
		struct line_row *more = NEW_N(d->a, struct line_row, p->cap);
		if (t->rows)
			memcpy(more, t->rows, t->n * sizeof(*more));
		t->rows = more;
	}
	t->rows[t->n++] = p->row;
}

static void emit(struct program *p, bool end)
{
	if (p->in_sequence)
		keep_row(p, p->address);
	p->in_sequence = !end;
	p->last = p->address;
	p->row = (struct line_row){ .line = p->line, .file = p->file > UINT32_MAX ? UINT32_MAX : (uint32_t)p->file };
}

static void start_sequence(struct program *p)
{
	p->address = 0;
	p->file = 1;
	p->line = 1;
	p->in_sequence = false;
}

static void extended(struct program *p, struct rd *r)
{
	uint64_t n = rd_uleb(r);
	if (n > rd_left(r)) {
		rd_skip(r, UINT64_MAX);
		return;
	}
	struct rd op = rd_at(span_clip(r->s, 0, r->pos + n), r->pos);
	rd_skip(r, n);
	switch (n ? rd_u8(&op) : 0) {
	case DW_LNE_end_sequence:
		emit(p, true);
		start_sequence(p);
		break;
	case DW_LNE_set_address:
		if (n >= 2 && n <= 9)
			p->address = rd_sized(&op, (unsigned)n - 1);
		break;
	case DW_LNE_define_file: {
		const char *name = rd_cstring(&op);
		add_file(p, name, rd_uleb(&op));
		break;
	}
	default: // discriminators and vendors' own
		break;
	}
}

static void advance(struct program *p, unsigned opcode, bool line)
{
	unsigned n = opcode - p->opcode_base, range = p->line_range;
	p->address += (uint64_t)p->min_inst * (range ? n / range : 0);
	if (line)
		p->line += (uint32_t)(p->line_base + (int)(range ? n % range : 0));
}

static void standard(struct program *p, struct rd *r, uint8_t opcode)
{
	switch (opcode) {
	case DW_LNS_copy:
		emit(p, false);
		break;
	case DW_LNS_advance_pc:
		p->address += p->min_inst * rd_uleb(r);
		break;
	case DW_LNS_advance_line:
		p->line += (uint32_t)rd_sleb(r);
		break;
	case DW_LNS_set_file:
		p->file = rd_uleb(r);
		break;
	case DW_LNS_const_add_pc:
		advance(p, 255, false);
		break;
	case DW_LNS_fixed_advance_pc:
		p->address += rd_u16(r);
		break;
	default: // columns, flags, and what later versions add
		for (unsigned i = 0; i < p->lengths[opcode]; i++)
			(void)rd_uleb(r);
		break;
	}
}

static int compare_rows(const void *a, const void *b)
{
	const struct line_row *x = a, *y = b;
	return x->rva != y->rva ? (x->rva > y->rva) - (x->rva < y->rva) : (x->end < y->end) - (x->end > y->end);
}

static struct line_table *read_lines(struct dwarf *d, struct unit *u)
{
	struct line_table *t = NEW(d->a, struct line_table);
	t->off = u->stmt_list;
	struct program p = { .d = d, .u = u, .t = t };
	struct rd r = rd_at(d->s[DWARF_LINE], u->stmt_list);
	size_t begin = read_line_header(&p, &r);
	if (!begin) {
		dwarf_damaged(d, "the header of a line table", u->stmt_list);
		return t;
	}
	r = rd_at(r.s, begin);
	start_sequence(&p);
	while (rd_left(&r)) { // each opcode takes a byte and makes at most one row
		uint8_t opcode = rd_u8(&r);
		if (opcode >= p.opcode_base) {
			advance(&p, opcode, true);
			emit(&p, false);
		} else if (opcode) {
			standard(&p, &r, opcode);
		} else {
			extended(&p, &r);
		}
	}
	if (r.bad)
		dwarf_damaged(d, "a line table is cut off", u->stmt_list);
	bool sorted = true;
	for (size_t i = 1; i < t->n && sorted; i++)
		sorted = t->rows[i - 1].rva <= t->rows[i].rva;
	if (!sorted)
		qsort(t->rows, t->n, sizeof(*t->rows), compare_rows);
	return t;
}

struct line_table *lines_of(struct dwarf *d, struct unit *u)
{
	if (u->lines_tried)
		return u->lines;
	u->lines_tried = true;
	load_root(d, u);
	if (!u->has_lines)
		return NULL;
	u->lines = cache_find(&d->line_tables, u->stmt_list);
	if (!u->lines) { // partial units share one
		u->lines = read_lines(d, u);
		cache_keep(d, &d->line_tables, u->stmt_list, u->lines);
	}
	return u->lines;
}

const struct line_row *line_row_at(const struct line_table *t, uint32_t rva)
{
	size_t lo = 0, hi = t->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (t->rows[mid].rva <= rva)
			lo = mid + 1;
		else
			hi = mid;
	}
	// Sequences of one unit do not overlap, unless functions were folded into one.
	for (unsigned back = 0; lo && back < LIMIT_DWARF_FOLDED; lo--, back++)
		if (rva < t->rows[lo - 1].end)
			return &t->rows[lo - 1];
	return NULL;
}

// ---- file names
static bool is_absolute(const char *p)
{
	return *p == '/' || *p == '\\' || (*p && p[1] == ':');
}

static const char *join(struct dwarf *d, const char *dir, const char *name)
{
	if (!dir || !*dir || is_absolute(name))
		return name;
	size_t n = strlen(dir);
	bool slash = dir[n - 1] == '/' || dir[n - 1] == '\\';
	const char *between = slash ? "" : strchr(dir, '\\') && !strchr(dir, '/') ? "\\" : "/";
	return arena_printf(d->a, "%s%s%s", dir, between, name);
}

// Folders and files count from 0 since version 5, with the compilation's folder as number 0; before, from 1.
const char *file_path(struct dwarf *d, const struct unit *u, struct line_table *t, uint64_t file)
{
	bool from_1 = t->version < 5;
	if (from_1 && !file)
		return NULL;
	uint64_t i = file - from_1;
	if (i >= t->n_files || !t->files[i].name)
		return NULL;
	struct file_row *f = &t->files[i];
	if (f->path)
		return f->path;
	const char *dir = NULL;
	if (!from_1 && f->dir < t->n_dirs)
		dir = t->dirs[f->dir];
	else if (from_1 && f->dir && f->dir - 1 < t->n_dirs)
		dir = t->dirs[f->dir - 1];
	dir = dir ? join(d, u->comp_dir, dir) : u->comp_dir;
	return f->path = join(d, dir, f->name);
}
