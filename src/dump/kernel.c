// SPDX-License-Identifier: Apache-2.0
// kernel.c: kernel dumps: header, and which kind of body follows. Layouts: Volatility's and QEMU's public descriptions,
// kdmp-parser (MIT), held against the dumps of the corpus.
#include "base/limits.h"
#include "base/str.h"
#include "dump/kernel_int.h"

#include <string.h>

extern const struct dump_format dump_kernel;

// Offsets of the header's fields; 0: it has none.
static const struct header {
	const char *magic;
	uint16_t size, version, dtb, pfn, modules, processes, machine, cpus, bugcheck, params, pae, debugger, runs;
	uint16_t context, context_end, exception, type, time, comment, uptime, fields, secondary, product, suite;
	uint16_t writer, attributes, boot;
} headers
	[] = {
		{ "PAGEDU64", 0x2000, 8,      0x10,   0x18,   0x20,   0x28,   0x30,  0x34,  0x38,
		  0x40,       0,      0x80,   0x88,   0x348,  0xf00,  0xf00,  0xf98, 0xfa8, 0xfb0,
		  0x1030,     0x1038, 0x103c, 0x1040, 0x1044, 0x1048, 0x1050, 0x1054 },
		{ "PAGEDUMP", 0x1000, 8,     0x10,  0x14,  0x18,  0x1c,  0x20,  0x24,  0x28,  0x2c,  0x5c,  0x60, 0x64,
		  0x320,      0x7d0,  0x7d0, 0xf88, 0xfc0, 0x820, 0xfb8, 0xf8c, 0xf90, 0xf94, 0xf98, 0xf9c, 0,    0 },
	};
enum { MAGIC = 8, COMMENT = 128, RUNS_AREA = 700, BUGCHECK_MINI = 0x10000000 };

static const struct header *header_of(struct span file)
{
	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		if (file.n >= MAGIC && memcmp(file.p, headers[i].magic, MAGIC) == 0)
			return &headers[i];
	return NULL;
}

static bool probe(struct span file)
{
	return header_of(file) != NULL;
}

static uint64_t field(const struct kdmp *m, uint16_t off, unsigned n)
{
	struct span s = off ? span_sub(m->file, off, n) : (struct span){ NULL, 0 };
	return s.n ? le_get(s.p, n) : 0;
}

static uint64_t pointer(const struct kdmp *m, uint16_t off)
{
	uint64_t v = field(m, off, m->ptr);
	if (kdmp_is_fill(v))
		return 0;
	// Kernel addresses of 32-bit systems are sign-extended wherever they are 64 bits wide.
	return m->ptr == 4 ? (uint64_t)(int64_t)(int32_t)v & UINT32_MAX : v;
}

static uint32_t number(const struct kdmp *m, uint16_t off)
{
	uint32_t v = (uint32_t)field(m, off, 4);
	return !off || kdmp_is_fill(v) ? UINT32_MAX : v;
}

static uint64_t wide(const struct kdmp *m, uint16_t off)
{
	uint64_t v = field(m, off, 8);
	return kdmp_is_fill(v) ? 0 : v;
}

static void read_exception(struct kdmp *m, const struct header *h)
{
	struct dump_exception *x = &m->k->exception;
	struct span b = span_clip(m->file, h->exception, EXCEPTION_RECORD_BYTES);
	if (!dump_exception_decode(b, m->ptr, x) || !x->code || kdmp_is_fill(x->code))
		*x = (struct dump_exception){ 0 };
}

// The run list's room holds 43 runs (64-bit) and 86 (32-bit); some tools write on into the context behind it.
static size_t read_runs(struct kdmp *m, const struct header *h, struct phys_run *ret, size_t max, bool *over_ret)
{
	unsigned p = m->ptr;
	uint32_t n = (uint32_t)field(m, h->runs, 4);
	size_t room = (RUNS_AREA - 2 * p) / (2 * p);
	*over_ret = false;
	if (kdmp_is_fill(n) || n > max) {
		if (m->k->body == KERNEL_RUNS)
			notes_add(&m->notes, E_CORRUPT, "header: the number of memory runs is not plausible", h->runs);
		return 0;
	}
	*over_ret = n > room;
	for (size_t i = 0; i < n; i++) {
		uint16_t at = (uint16_t)(h->runs + 2 * p + i * 2 * p);
		ret[i] = (struct phys_run){ field(m, at, p), field(m, (uint16_t)(at + p), p) };
	}
	return n;
}

static void read_header(struct kdmp *m, const struct header *h)
{
	struct dump_kernel *k = m->k;
	k->major = (uint32_t)field(m, h->version, 4);
	k->build = (uint32_t)field(m, (uint16_t)(h->version + 4), 4);
	k->dtb = pointer(m, h->dtb);
	k->pfn_database = pointer(m, h->pfn);
	k->loaded_modules = pointer(m, h->modules);
	k->active_processes = pointer(m, h->processes);
	k->debugger_data = pointer(m, h->debugger);
	m->d->machine = (uint16_t)field(m, h->machine, 4);
	k->n_cpus = number(m, h->cpus) == UINT32_MAX ? 0 : number(m, h->cpus);
	k->bugcheck = (uint32_t)field(m, h->bugcheck, 4);
	// 10000000 marks the small dump's variant; codes of their own, as DEADDEAD, have more bits above it.
	k->bugcheck_mini = k->bugcheck >> 28 == 1;
	k->bugcheck &= k->bugcheck_mini ? ~(uint32_t)BUGCHECK_MINI : UINT32_MAX;
	for (size_t i = 0; i < ARRAY_LEN(k->params); i++)
		k->params[i] = field(m, (uint16_t)(h->params + i * m->ptr), m->ptr);
	uint8_t pae = (uint8_t)field(m, h->pae, 1);
	k->pae_known = h->pae && pae <= 1;
	k->pae = k->pae_known && pae;
	k->dump_type = (uint32_t)field(m, h->type, 4);
	k->system_time = wide(m, h->time);
	k->uptime = wide(m, h->uptime);
	k->product_type = number(m, h->product);
	k->suite_mask = number(m, h->suite);
	k->fields = number(m, h->fields);
	k->secondary_state = number(m, h->secondary);
	k->writer_status = number(m, h->writer);
	k->attributes = number(m, h->attributes);
	k->boot_id = number(m, h->boot);
	struct span text = span_clip(m->file, h->comment, COMMENT);
	if (text.n && text.p[0] && !(text.n >= 4 && kdmp_is_fill(le_get(text.p, 4))))
		k->comment = bytes_to_utf8(m->a, text);
}

static void read_context(struct kdmp *m, const struct header *h, bool runs_over)
{
	struct span c = span_clip(m->file, h->context, h->context_end - h->context);
	if (runs_over || c.n < 64 || kdmp_is_fill(le_get(c.p, 8)) || kdmp_is_fill(le_get(c.p + 48, 8)))
		return;
	m->k->context = c;
	m->k->context_off = h->context;
	m->k->exception.context = c;
	m->k->exception.context_rva = h->context;
	m->k->exception.context_size = (uint32_t)c.n;
}

// ---- bodies
// kdmp-parser's BMP_HEADER64. A 32-bit dump of the old kind (type 2) begins the same way, with numbers of 32 bits.
static void open_bitmap(struct kdmp *m)
{
	uint64_t base = m->header, first = wide(m, (uint16_t)(base + 0x20)), bits = wide(m, (uint16_t)(base + 0x30));
	uint64_t at = base + 0x38;
	if (m->ptr == 4 && m->k->dump_type == 2) {
		first = field(m, (uint16_t)(base + 0xc), 4);
		bits = field(m, (uint16_t)(base + 0x18), 4);
		at = base + 0x20;
	}
	struct span bitmap = span_clip(m->file, at, bits / 8 + (bits % 8 != 0));
	if (bits > LIMIT_KERNEL_PAGES || first < at) {
		notes_add(&m->notes, E_CORRUPT, "bitmap header: sizes are not plausible", base);
		bits = MIN(bits, (uint64_t)LIMIT_KERNEL_PAGES);
		bitmap = span_clip(bitmap, 0, (bits + 7) / 8);
	}
	if (bitmap.n < bits / 8)
		notes_add(&m->notes, E_ABSENT, "bitmap: the file ends inside it", at);
	m->k->phys = phys_bitmap_new(m->a, m->file, first, bitmap, bits);
	// Behind the pages, as in complete dumps (layout unverified); their mark keeps anything else out.
	if (phys_whole(m->k->phys))
		kdmp_blobs(m, first + dump_phys_pages(m->k->phys) * DUMP_PAGE);
}

// kdmp-parser's RdmpHeader64, KernelRdmpHeader64 and FullRdmpHeader64.
static void open_ranges(struct kdmp *m)
{
	struct rd r = rd_at(m->file, (uint64_t)m->header + 0x10);
	uint64_t meta = rd_u64(&r), first = rd_u64(&r), total = UINT64_MAX;
	size_t n = 0, max = LIMIT_KERNEL_RUNS;
	if (meta - 0x20 != first - 0x2040)
		notes_add(&m->notes, E_CORRUPT, "range header: sizes contradict each other", m->header);
	if (m->k->dump_type == 0xa) {
		uint32_t listed = rd_u32(&r);
		max = MIN((size_t)listed, max);
		rd_skip(&r, 4);
		total = rd_u64(&r);
	} else {
		rd_skip(&r, 16);
	}
	struct phys_run *runs = NEW_N(m->a, struct phys_run, MIN(max, rd_left(&r) / 16));
	for (uint64_t pages = 0; n < max && rd_left(&r) >= 16 && pages < total; n++) {
		if (r.pos >= first)
			break;
		runs[n] = (struct phys_run){ rd_u64(&r), 0 };
		runs[n].count = rd_u64(&r);
		if (!runs[n].pfn && m->k->dump_type != 0xa)
			break;
		pages += MIN(runs[n].count, total - pages);
	}
	m->k->phys = phys_runs_new(m->a, m->file, first, runs, n);
}

static bool is_mark(const struct kdmp *m, uint32_t off, const char *mark)
{
	struct span s = span_sub(m->file, (uint64_t)m->header + off, 4);
	return s.n && memcmp(s.p, mark, 4) == 0;
}

static enum kernel_body body_of(struct kdmp *m)
{
	if (is_mark(m, 0, "SDMP") || is_mark(m, 0, "FDMP")) {
		m->k->full_bitmap = is_mark(m, 0, "FDMP");
		return KERNEL_BITMAP;
	}
	if (is_mark(m, 4, "RDMP"))
		return KERNEL_RANGES;
	// A triage header names a mark at its end; a file that was cut short has lost that, and keeps its type.
	struct span valid = span_sub(m->file, (uint64_t)m->header + 8, 4);
	struct span mark = valid.n ? span_sub(m->file, le_get(valid.p, 4), 4) : valid;
	if ((mark.n && memcmp(mark.p, "TRGD", 4) == 0) || m->k->dump_type == 4)
		return KERNEL_TRIAGE;
	if (m->k->dump_type == 3 || m->file.n <= m->header)
		return KERNEL_HEADER_ONLY;
	return KERNEL_RUNS;
}

static err_t open_body(struct kdmp *m, const struct header *h)
{
	struct dump_kernel *k = m->k;
	struct phys_run *runs = NEW_N(m->a, struct phys_run, LIMIT_KERNEL_HEADER_RUNS);
	bool over;
	k->body = body_of(m);
	size_t n = read_runs(m, h, runs, LIMIT_KERNEL_HEADER_RUNS, &over);
	read_context(m, h, over);
	switch (k->body) {
	case KERNEL_TRIAGE:
		return kdmp_triage(m);
	case KERNEL_BITMAP:
		open_bitmap(m);
		break;
	case KERNEL_RANGES:
		open_ranges(m);
		break;
	case KERNEL_RUNS:
	case KERNEL_HEADER_ONLY:
		k->phys = phys_runs_new(m->a, m->file, m->header, runs, n);
		break;
	}
	m->d->truncated = k->body != KERNEL_HEADER_ONLY && !phys_whole(k->phys);
	m->d->ranges = ranges_new(m->a, m->file, NULL, 0, &m->notes);
	if (!m->d->truncated && k->body == KERNEL_RUNS)
		kdmp_blobs(m, m->header + dump_phys_pages(k->phys) * DUMP_PAGE);
	return ok();
}

static err_t open_kernel(struct arena *a, struct dump *d)
{
	const struct header *h = header_of(d->file);
	struct kdmp m = { .a = a, .d = d, .file = d->file, .header = h->size, .ptr = h->size == 0x2000 ? 8 : 4 };
	m.notes.a = a;
	m.k = d->kernel = NEW(a, struct dump_kernel);
	if (d->file.n < h->size) {
		notes_add(&m.notes, E_ABSENT, "header: the file ends inside it", d->file.n);
		d->truncated = true;
	}
	d->kind = DUMP_KERNEL;
	d->ptr_bytes = (uint8_t)m.ptr;
	read_header(&m, h);
	read_exception(&m, h);
	err_t e = open_body(&m, h);
	d->notes = m.notes.p;
	d->n_notes = m.notes.n;
	return e;
}

const struct dump_format dump_kernel = { .name = "kernel", .probe = probe, .open = open_kernel };
