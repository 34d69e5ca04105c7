// SPDX-License-Identifier: Apache-2.0
// minidump_tables.c: the streams that can be large and are decoded entry by entry when asked for: memory
// information, handles, handle operations; and function tables and tokens.
#include "base/limits.h"
#include "base/str.h"
#include "dump/minidump_int.h"

enum { MEMINFO = 48, HANDLE = 32, HANDLE_OP = 32 }; // the least sizes that make sense

static struct rd entry_of(const struct dump_table *t, size_t i)
{
	bool in = i < t->n;
	return rd_at(in ? span_sub(t->entries, (uint64_t)i * t->stride, t->stride) : (struct span){ 0 }, 0);
}

// As md_string, but for the tables that are decoded after opening; NULL when absent.
static const char *late_string(const struct dump_user *u, struct arena *a, uint32_t rva)
{
	struct rd r = rd_at(u->file, rva);
	uint32_t n = rd_u32(&r);
	const uint8_t *p = rva && n <= LIMIT_NAME_BYTES ? rd_bytes(&r, n) : NULL;
	return p ? utf16_to_utf8(a, (struct span){ p, n }) : NULL;
}

// ---- MINIDUMP_MEMORY_INFO
struct dump_meminfo dump_meminfo_get(const struct dump_user *u, size_t i)
{
	struct dump_meminfo x = { 0 };
	struct rd r = entry_of(&u->meminfo, i);
	x.base = rd_u64(&r);
	x.alloc_base = rd_u64(&r);
	x.alloc_protect = rd_u32(&r);
	rd_skip(&r, 4);
	x.size = rd_u64(&r);
	x.state = rd_u32(&r);
	x.protect = rd_u32(&r);
	x.type = rd_u32(&r);
	return x;
}

bool dump_meminfo_at(const struct dump_user *u, va_t va, struct dump_meminfo *ret)
{
	size_t lo = 0, hi = u->meminfo.n;
	if (!u->meminfo.sorted) {
		for (size_t i = 0; i < hi; i++) {
			struct dump_meminfo x = dump_meminfo_get(u, i);
			if (va >= x.base && va - x.base < x.size) {
				*ret = x;
				return true;
			}
		}
		return false;
	}
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (dump_meminfo_get(u, mid).base <= va)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return false;
	struct dump_meminfo x = dump_meminfo_get(u, lo - 1);
	if (va - x.base >= x.size)
		return false;
	*ret = x;
	return true;
}

// ---- MINIDUMP_HANDLE_DESCRIPTOR and _2
// The chain is followed twice, to count and to fill; its RVAs come from the file and may form a loop.
static size_t handle_chain(struct span file, uint32_t rva, struct dump_handle_info *out)
{
	size_t n = 0;
	while (rva && n < LIMIT_HANDLE_INFO) {
		struct rd r = rd_at(file, rva);
		rva = rd_u32(&r);
		uint32_t type = rd_u32(&r), size = rd_u32(&r);
		const uint8_t *p = rd_bytes(&r, size);
		if (!p)
			break;
		if (out)
			out[n] = (struct dump_handle_info){ type, { p, size } };
		n++;
	}
	return n;
}

struct dump_handle dump_handle_get(const struct dump_user *u, struct arena *a, size_t i)
{
	struct dump_handle h = { 0 };
	struct rd r = entry_of(&u->handles, i);
	h.handle = rd_u64(&r);
	h.type = late_string(u, a, rd_u32(&r));
	h.name = late_string(u, a, rd_u32(&r));
	h.attributes = rd_u32(&r);
	h.access = rd_u32(&r);
	h.handle_count = rd_u32(&r);
	h.pointer_count = rd_u32(&r);
	uint32_t chain = rd_u32(&r); // 0 in the older, shorter descriptor
	h.n_info = handle_chain(u->file, chain, NULL);
	if (h.n_info) {
		struct dump_handle_info *info = NEW_N(a, struct dump_handle_info, h.n_info);
		handle_chain(u->file, chain, info);
		h.info = info;
	}
	return h;
}

struct dump_handle_op dump_handle_op_get(const struct dump_user *u, size_t i)
{
	struct dump_handle_op o = { 0 };
	struct rd r = entry_of(&u->handle_ops, i);
	o.handle = rd_u64(&r);
	o.pid = rd_u32(&r);
	o.tid = rd_u32(&r);
	o.type = rd_u32(&r);
	rd_skip(&r, 4);
	o.depth = rd_u32(&r);
	o.index = rd_u32(&r);
	for (size_t k = 0; k < ARRAY_LEN(o.frames); k++)
		o.frames[k] = rd_u64(&r);
	o.depth = MIN(o.depth, (uint32_t)ARRAY_LEN(o.frames));
	return o;
}

static struct dump_table table_of(struct mdmp *m, struct dump_stream *s, uint32_t least, bool count64)
{
	struct md_list l = md_list_sized(m, s, least, count64, SIZE_MAX);
	return (struct dump_table){ .entries = l.bytes, .stride = l.stride, .n = l.n };
}

static bool ascending(const struct dump_table *t)
{
	uint64_t last = 0;
	for (size_t i = 0; i < t->n; i++) {
		uint64_t key = le_get(t->entries.p + i * t->stride, 8); // every least size is over 8
		if (i && key <= last)
			return false;
		last = key;
	}
	return true;
}

void md_tables(struct mdmp *m)
{
	struct dump_user *u = m->u;
	struct dump_stream *info = md_stream(m, STREAM_MEMINFO), *handles = md_stream(m, STREAM_HANDLES),
			   *ops = md_stream(m, STREAM_HANDLE_OPS);
	u->has_meminfo = info != NULL;
	u->has_handles = handles != NULL;
	u->has_handle_ops = ops != NULL;
	if (info) {
		u->meminfo = table_of(m, info, MEMINFO, true);
		u->meminfo.sorted = ascending(&u->meminfo);
	}
	if (handles) {
		u->handles = table_of(m, handles, HANDLE, false);
		u->handles.sorted = ascending(&u->handles);
	}
	if (ops)
		u->handle_ops = table_of(m, ops, HANDLE_OP, false);
}

// ---- MINIDUMP_FUNCTION_TABLE_STREAM
struct function_header {
	uint32_t header, descriptor, native, entry, n, pad;
};

static bool function_next(struct rd *r, const struct function_header *h, struct dump_function_table *ret)
{
	struct dump_function_table f = { .entry_size = h->entry };
	size_t start = r->pos;
	f.min = rd_u64(r);
	f.max = rd_u64(r);
	f.base = rd_u64(r);
	f.n_entries = rd_u32(r);
	uint32_t pad = rd_u32(r);
	if (r->bad)
		return false;
	*r = rd_at(r->s, (uint64_t)start + h->descriptor);
	const uint8_t *native = rd_bytes(r, h->native);
	uint64_t bytes = (uint64_t)f.n_entries * h->entry;
	const uint8_t *entries = rd_bytes(r, bytes);
	if (r->bad)
		return false;
	f.native = (struct span){ native, h->native };
	f.entries = (struct span){ entries, bytes };
	rd_skip(r, pad);
	*ret = f;
	return true;
}

void md_functions(struct mdmp *m)
{
	enum { HEADER = 24, DESCRIPTOR = 32 };
	struct dump_stream *s = md_stream(m, STREAM_FUNCTIONS);
	if (!s)
		return;
	struct rd r = rd_at(s->bytes, 0);
	struct function_header h = { .header = rd_u32(&r) };
	h.descriptor = rd_u32(&r);
	h.native = rd_u32(&r);
	h.entry = rd_u32(&r);
	h.n = rd_u32(&r);
	h.pad = rd_u32(&r);
	bool bad = r.bad;
	if (bad || h.header < HEADER || h.descriptor < DESCRIPTOR || !h.entry) {
		if (!bad || s->status == OK)
			md_corrupt(m, s, "FunctionTableStream: header or entry size is wrong", s->rva);
		return;
	}
	r = rd_at(s->bytes, (uint64_t)h.header + h.pad);
	size_t room = MIN(rd_left(&r) / DESCRIPTOR, (size_t)LIMIT_ENTRIES), n = 0;
	struct dump_function_table *list = NEW_N(m->a, struct dump_function_table, MIN((size_t)h.n, room));
	while (n < MIN((size_t)h.n, room) && function_next(&r, &h, &list[n]))
		n++;
	if (n < h.n && s->status == OK)
		md_corrupt(m, s, "FunctionTableStream: it ends before its last table", s->rva + r.bad_at);
	m->u->functions = list;
	m->u->n_functions = n;
}

// ---- TOKEN_INFO_LIST: not documented by Microsoft; the layout is measured on dumps of cdb.
static bool token_decode(struct span s, uint32_t header, struct dump_token *t)
{
	struct rd r = rd_at(s, 0);
	t->size = rd_u32(&r);
	t->id = rd_u32(&r);
	t->handle = rd_u64(&r);
	if (r.bad || t->size < header || t->size > s.n)
		return false;
	s = span_clip(s, 0, t->size);
	r = rd_at(span_clip(s, 0, header), r.pos);
	for (size_t i = 0; i < ARRAY_LEN(t->blocks); i++) {
		uint32_t off = rd_u32(&r), size = rd_u32(&r);
		t->blocks[i].off = off;
		t->blocks[i].bytes = span_sub(s, off, size);
	}
	return true;
}

void md_tokens(struct mdmp *m)
{
	enum { LIST_HEADER = 16, LEAST = 72 };
	struct dump_stream *s = md_stream(m, STREAM_TOKENS);
	if (!s)
		return;
	struct rd r = rd_at(s->bytes, 4);
	uint32_t n = rd_u32(&r), header = rd_u32(&r), element = rd_u32(&r);
	if (r.bad || header < LIST_HEADER || element < LEAST) {
		if (!r.bad || s->status == OK)
			md_corrupt(m, s, "TokenStream: header or entry size is wrong", s->rva);
		return;
	}
	struct span left = span_clip(s->bytes, header, s->bytes.n);
	size_t max = MIN(MIN((size_t)n, left.n / element), (size_t)LIMIT_ENTRIES), done = 0;
	struct dump_token *list = NEW_N(m->a, struct dump_token, max);
	while (done < max && token_decode(left, element, &list[done])) {
		left = span_clip(left, list[done].size, left.n);
		done++;
	}
	if (done < n && s->status == OK)
		md_corrupt(m, s, "TokenStream: it ends before its last token", s->rva);
	m->u->tokens = list;
	m->u->n_tokens = done;
}
