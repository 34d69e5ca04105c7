// SPDX-License-Identifier: Apache-2.0
// pack_read.c: packs as they lie in memory: header, symbols, lines, inlined calls, frames.
#include "base/limits.h"
#include "pack/pack_int.h"

#include <string.h>

const uint8_t pack_row_bytes[PACK_SECTIONS] = { 1,          SYM_ROW, 4,        4,        TYPE_ROW, 4,        4,
						MEMBER_ROW, 4,       FUNC_ROW, LINE_ROW, INL_ROW,  FRAME_ROW };

uint64_t pack_sum(struct span s)
{
	uint64_t h = 0x9e3779b97f4a7c15 ^ s.n;
	for (size_t i = 0; i < s.n; i += 8) {
		h = (h ^ le_get(s.p + i, (unsigned)MIN(s.n - i, (size_t)8))) * 0xff51afd7ed558ccd;
		h ^= h >> 32;
	}
	return h;
}

// FNV-1a.
uint32_t pack_hash(const char *s, size_t n)
{
	uint32_t h = 0x811c9dc5;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)s[i];
		h = (h ^ (c >= 'A' && c <= 'Z' ? c | 32u : c)) * 0x01000193;
	}
	return h;
}

const char *pack_text(const struct pack *p, uint32_t at)
{
	const struct pack_rows *s = &p->rows[S_STRINGS]; // its last byte is a NUL: pack_open()
	return at < s->n ? (const char *)s->p + at : "";
}

static err_t read_section(struct pack *p, size_t i)
{
	struct rd r = rd_at(p->bytes, H_TABLE + i * SECTION_ROW);
	uint32_t kind = rd_u32(&r), stride = rd_u32(&r);
	uint64_t offset = rd_u64(&r), n = rd_u64(&r), size;
	TRY(rd_done(&r, "layout pack: the table of sections is cut"));
	if (kind >= PACK_SECTIONS)
		return ok(); // of a later version
	if (stride < pack_row_bytes[kind] || !mul_ok(n, stride, &size) || !in_range(offset, size, p->bytes.n))
		return fail(E_CORRUPT, "layout pack: a section lies outside the file", H_TABLE + i * SECTION_ROW);
	p->rows[kind] = (struct pack_rows){ p->bytes.p + offset, stride, (size_t)n };
	return ok();
}

static void read_identity(struct pack *p)
{
	const uint8_t *h = p->bytes.p;
	uint32_t flags = get32(h, H_FLAGS);
	p->id = (struct pack_id){
		.pdb_name = pack_text(p, get32(h, H_PDB_NAME)),
		.image_name = pack_text(p, get32(h, H_IMAGE_NAME)),
		.source = pack_text(p, get32(h, H_SENTENCE)),
		.age = get32(h, H_AGE),
		.has_guid = flags & PACK_HAS_GUID,
		.is_private = flags & PACK_PRIVATE,
		.machine = (uint16_t)le_get(h + H_MACHINE, 2),
		.timestamp = get32(h, H_TIMESTAMP),
		.image_size = get32(h, H_IMAGE_SIZE),
		.ptr_bytes = h[H_PTR] == 4 || h[H_PTR] == 8 ? h[H_PTR] : 0,
		.from = h[H_SOURCE] < PACK_SOURCES ? (enum pack_source)h[H_SOURCE] : PACK_FROM_UNKNOWN,
	};
	memcpy(p->id.guid, h + H_GUID, sizeof(p->id.guid));
	p->origin_size = get64(h, H_ORIGIN_SIZE);
	p->origin_stamp = get64(h, H_ORIGIN_STAMP);
	p->origin_path = pack_text(p, get32(h, H_ORIGIN_PATH));
}

err_t pack_open(struct arena *a, struct span bytes, struct pack **ret)
{
	if (bytes.n < H_TABLE || memcmp(bytes.p, PACK_MAGIC, sizeof(PACK_MAGIC) - 1) != 0)
		return fail(E_CORRUPT, "is no layout pack", 0);
	if (get32(bytes.p, H_VERSION) != PACK_VERSION)
		return fail(E_UNSUPPORTED, "is a layout pack of another version of dumpscope; make it again",
			    H_VERSION);
	if (get64(bytes.p, H_FILE_SIZE) != bytes.n)
		return fail(E_CORRUPT, "layout pack: the file is cut", bytes.n);
	uint32_t n = get32(bytes.p, H_SECTIONS);
	if (n > LIMIT_PACK_SECTIONS)
		return fail(E_CORRUPT, "layout pack: too many sections", H_SECTIONS);
	struct pack *p = NEW(a, struct pack);
	p->bytes = bytes;
	for (size_t i = 0; i < n; i++)
		TRY(read_section(p, i));
	struct pack_rows *s = &p->rows[S_STRINGS];
	if (s->stride != 1 || !s->n || s->p[s->n - 1])
		return fail(E_CORRUPT, "layout pack: no strings", 0);
	read_identity(p);
	p->types = (struct type_source){ &pack_type_ops, p->id.ptr_bytes, p->id.machine };
	*ret = p;
	return ok();
}

const struct pack_id *pack_id(const struct pack *p)
{
	return &p->id;
}

err_t pack_verify(const struct pack *p)
{
	uint64_t sum = pack_sum((struct span){ p->bytes.p + H_GUID, p->bytes.n - H_GUID });
	return sum == get64(p->bytes.p, H_SUM) ? ok() : fail(E_CORRUPT, "layout pack: damaged: its sum differs", H_SUM);
}

struct type_source *pack_types(struct pack *p)
{
	return p->rows[S_TYPES].n ? &p->types : NULL;
}

// How many rows of a section start at or below an RVA. Rows out of order make it wrong, not endless.
static size_t rows_below(const struct pack *p, enum pack_section s, uint32_t rva)
{
	size_t low = 0, high = p->rows[s].n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (get32(p->rows[s].p + mid * p->rows[s].stride, 0) <= rva)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

// ---- symbols
size_t pack_symbols(const struct pack *p)
{
	return p->rows[S_SYMBOLS].n;
}

bool pack_symbol(const struct pack *p, size_t i, struct pack_symbol *ret)
{
	const uint8_t *row = pack_row(p, S_SYMBOLS, i);
	if (!row)
		return false;
	uint32_t flags = get32(row, SYM_TYPE) >> 24, decorated = get32(row, SYM_DECORATED);
	*ret = (struct pack_symbol){
		.name = pack_text(p, get32(row, SYM_NAME)),
		.decorated = decorated ? pack_text(p, decorated) : NULL,
		.rva = get32(row, SYM_RVA),
		.size = get32(row, SYM_SIZE),
		.type = get32(row, SYM_TYPE) & PACK_MAX_TYPE,
		.is_function = flags & SYM_FUNCTION,
		.is_private = flags & SYM_PRIVATE_FLAG,
		.is_signature = flags & SYM_SIGNATURE,
	};
	return true;
}

bool pack_near(const struct pack *p, uint32_t rva, struct pack_symbol *ret, uint32_t *next_ret)
{
	size_t n = rows_below(p, S_SYMBOLS, rva);
	const uint8_t *next = pack_row(p, S_SYMBOLS, n);
	if (next_ret)
		*next_ret = next && get32(next, SYM_RVA) > rva ? get32(next, SYM_RVA) : 0;
	if (!n || !pack_symbol(p, n - 1, ret) || ret->rva > rva)
		return false;
	struct pack_symbol first;
	for (size_t i = 2; i <= MIN(n, (size_t)LIMIT_PACK_FOLDED); i++) {
		if (!pack_symbol(p, n - i, &first) || first.rva != ret->rva)
			break;
		*ret = first;
	}
	return true;
}

void pack_bucket(const struct pack *p, enum pack_section buckets, const char *name,
		 bool (*fn)(void *ctx, uint32_t index), void *ctx)
{
	size_t n = p->rows[buckets].n;
	if (n < 2)
		return;
	uint32_t b = pack_hash(name, strlen(name)) % (uint32_t)MIN(n - 1, (size_t)UINT32_MAX);
	uint32_t first = get32(pack_row(p, buckets, b), 0), end = get32(pack_row(p, buckets, b + 1), 0);
	const enum pack_section entries = buckets + 1;
	for (uint32_t i = first; i < end && i - first < LIMIT_PACK_BUCKET; i++) {
		const uint8_t *row = pack_row(p, entries, i);
		if (!row || !fn(ctx, get32(row, 0)))
			return;
	}
}

struct find {
	const struct pack *p;
	const char *name;
	struct pack_symbol *ret;
	bool found, exact;
};

static bool is_named(void *ctx, uint32_t i)
{
	struct find *f = ctx;
	struct pack_symbol s;
	if (!pack_symbol(f->p, i, &s))
		return true;
	f->exact = str_eq(s.name, f->name) || (s.decorated && str_eq(s.decorated, f->name));
	bool same = f->exact || str_ieq(s.name, f->name) || (s.decorated && str_ieq(s.decorated, f->name));
	if (f->exact || (same && !f->found))
		*f->ret = s;
	f->found |= same;
	return !f->exact;
}

bool pack_find(const struct pack *p, const char *name, struct pack_symbol *ret)
{
	struct find f = { .p = p, .name = name, .ret = ret };
	if (*name)
		pack_bucket(p, S_SYMBOL_BUCKETS, name, is_named, &f);
	return f.found;
}

// ---- lines
size_t pack_lines(const struct pack *p)
{
	return p->rows[S_LINES].n;
}

bool pack_line(const struct pack *p, size_t i, struct pack_line *ret)
{
	const uint8_t *row = pack_row(p, S_LINES, i);
	if (!row)
		return false;
	*ret = (struct pack_line){ .file = pack_text(p, get32(row, LINE_FILE)),
				   .line = get32(row, LINE_LINE),
				   .rva = get32(row, LINE_RVA),
				   .size = get32(row, LINE_SIZE) };
	return true;
}

bool pack_line_at(const struct pack *p, uint32_t rva, struct pack_line *ret)
{
	size_t n = rows_below(p, S_LINES, rva);
	return n && pack_line(p, n - 1, ret) && ret->rva <= rva && rva - ret->rva < ret->size;
}

// ---- inlined calls
size_t pack_inlines(const struct pack *p)
{
	return p->rows[S_INLINES].n;
}

bool pack_inline(const struct pack *p, size_t i, struct pack_inline *ret)
{
	const uint8_t *row = pack_row(p, S_INLINES, i);
	if (!row)
		return false;
	*ret = (struct pack_inline){ .name = pack_text(p, get32(row, INL_NAME)),
				     .call_file = pack_text(p, get32(row, INL_FILE)),
				     .call_line = get32(row, INL_LINE),
				     .depth = get32(row, INL_DEPTH),
				     .rva = get32(row, INL_RVA),
				     .size = get32(row, INL_SIZE) };
	return true;
}

size_t pack_inlines_at(const struct pack *p, uint32_t rva, struct pack_inline *ret, size_t max)
{
	size_t i = rows_below(p, S_FUNCTIONS, rva), n = 0;
	const uint8_t *f = i ? pack_row(p, S_FUNCTIONS, i - 1) : NULL;
	if (!f || get32(f, FUNC_RVA) > rva || rva - get32(f, FUNC_RVA) >= get32(f, FUNC_SIZE))
		return 0;
	uint32_t first = get32(f, FUNC_FIRST), count = MIN(get32(f, FUNC_N), (uint32_t)LIMIT_PACK_INLINES);
	struct pack_inline one;
	// They are recorded caller before callee; a range that covers the address at the next depth is the next call.
	for (uint64_t k = first; k < (uint64_t)first + count && n < max && pack_inline(p, k, &one); k++)
		if (one.depth == n && one.rva <= rva && rva - one.rva < one.size)
			ret[n++] = one;
	return n;
}

// ---- frames
size_t pack_frames(const struct pack *p)
{
	return p->rows[S_FRAMES].n;
}

bool pack_frame(const struct pack *p, size_t i, struct pack_frame *ret)
{
	const uint8_t *row = pack_row(p, S_FRAMES, i);
	if (!row)
		return false;
	uint32_t kind = get32(row, FRAME_KIND);
	*ret = (struct pack_frame){
		.kind = (kind & 0xff) == PACK_FRAME_PROGRAM ? PACK_FRAME_PROGRAM : PACK_FRAME_FPO,
		.uses_bp = kind >> 8 & 1,
		.rva = get32(row, FRAME_RVA),
		.size = get32(row, FRAME_SIZE),
		.prolog = get32(row, FRAME_PROLOG),
		.params = get32(row, FRAME_PARAMS),
		.saved = get32(row, FRAME_SAVED),
		.locals = get32(row, FRAME_LOCALS),
		.program = pack_text(p, get32(row, FRAME_PROGRAM)),
	};
	return true;
}

bool pack_frame_at(const struct pack *p, uint32_t rva, struct pack_frame *ret)
{
	size_t n = rows_below(p, S_FRAMES, rva);
	struct pack_frame f;
	bool found = false;
	// The innermost starts last; a whole function's record may lie some rows before those of its parts.
	for (size_t i = 1; i <= MIN(n, (size_t)LIMIT_PACK_FRAMES_BACK) && pack_frame(p, n - i, &f); i++) {
		if (f.rva > rva || rva - f.rva >= f.size)
			continue;
		if (!found || (f.kind == PACK_FRAME_PROGRAM && ret->kind != PACK_FRAME_PROGRAM))
			*ret = f;
		found = true;
		if (ret->kind == PACK_FRAME_PROGRAM)
			break;
	}
	return found;
}
