// SPDX-License-Identifier: Apache-2.0
// minidump.c: a minidump from beginning to end: header, directory, facts, the table of memory ranges, memory.
#include "base/limits.h"
#include "write/write_int.h"

#include <stdlib.h>
#include <string.h>

enum {
	HEADER = 32,
	DIRECTORY = 12,
	VERSION = 0xa793,
	MEMORY_LIST = 5,
	MEMORY64_LIST = 9,
	RANGE = 16,
	THREAD = 48, // MINIDUMP_THREAD
	STACK = 32,  // .Stack.Memory in it
	CHUNK = 1 << 16,
	OWN_STREAMS = 16, // more than those that are not the source's: of each stream that is written there is one
};

err_t write_type_parse(const char *letters, uint64_t *ret)
{
	static const struct {
		char letter;
		uint64_t type;
	} known[] = {
		{ 'a', WRITE_ALL },           { 'A', WRITE_ALL | WRITE_IGNORE_INACCESSIBLE },
		{ 'f', WRITE_FULL_MEMORY },   { 'F', WRITE_MEMORY_INFO },
		{ 'h', WRITE_HANDLES },       { 'u', WRITE_UNLOADED },
		{ 't', WRITE_THREAD_INFO },   { 'i', WRITE_INDIRECT },
		{ 'p', WRITE_PROCESS_DATA },  { 'w', WRITE_PRIVATE_MEMORY },
		{ 'd', WRITE_DATA_SEGMENTS }, { 'c', WRITE_CODE_SEGMENTS },
		{ 'r', WRITE_FILTER_MEMORY }, { 'R', WRITE_FILTER_PATHS },
		{ 'y', WRITE_XSTATE },
	};
	*ret = 0;
	for (size_t i = 0; letters[i]; i++) {
		size_t k = 0;
		while (k < ARRAY_LEN(known) && known[k].letter != letters[i])
			k++;
		if (k == ARRAY_LEN(known))
			return fail(E_USAGE, "unknown option of a minidump", i);
		*ret |= known[k].type;
	}
	return ok();
}

void write_note(struct arena *a, struct write_result *r, const char *fmt, ...)
{
	if (r->n_notes >= LIMIT_NOTES)
		return;
	if (r->n_notes == r->cap_notes) {
		size_t cap = MAX(r->cap_notes * 2, (size_t)8);
		const char **more = NEW_N(a, const char *, cap);
		if (r->n_notes)
			memcpy(more, r->notes, r->n_notes * sizeof(*more));
		r->notes = more;
		r->cap_notes = cap;
	}
	va_list ap;
	va_start(ap, fmt);
	r->notes[r->n_notes++] = arena_vprintf(a, fmt, ap);
	va_end(ap);
}

// ---- layout
static err_t count_memory(struct writer *w)
{
	struct selection_at at = { 0 };
	struct span b;
	va_t va;
	while (selection_next(&w->memory, &at, &va, &b)) {
		w->r->ranges++;
		w->r->memory += b.n;
		if (w->r->ranges % CHUNK == 0)
			TRY(session_poll(w->s));
	}
	return ok();
}

static int by_stack(const void *x, const void *y, void *ctx)
{
	const struct dump_thread *t = ctx;
	va_t a = t[*(const uint32_t *)x].stack_start, b = t[*(const uint32_t *)y].stack_start;
	return a < b ? -1 : a > b;
}

// The bytes of a stack in a run of memory [va, end) that the file has from `off` on.
static void stack_place(struct writer *w, size_t i, va_t va, va_t end, uint64_t off)
{
	const struct dump_thread *t = &w->u->threads[i];
	uint8_t *entry = w->thread_entries + i * THREAD + STACK; // MINIDUMP_THREAD.Stack.Memory
	off += t->stack_start - va;
	le_put(entry, MIN((uint64_t)t->stack_size, end - t->stack_start), 4);
	le_put(entry + 4, t->stack_size && off <= UINT32_MAX ? off : 0, 4); // 0: in the memory list alone
}

// A thread names its stack's place in the file. Ranges that follow one another in memory do so in the file.
static void place_stacks(struct writer *w, uint64_t off)
{
	size_t n = w->thread_entries ? w->u->n_threads : 0, next = 0;
	uint32_t *order = NEW_N(w->a, uint32_t, n);
	for (size_t i = 0; i < n; i++) {
		order[i] = (uint32_t)i;
		if (!w->wide)
			le_put(w->thread_entries + i * THREAD + STACK, 0, 4); // not there, unless found below
	}
	if (n > 1)
		qsort_r(order, n, sizeof(*order), by_stack, (void *)(uintptr_t)w->u->threads);
	struct selection_at at = { 0 };
	struct span b = { 0 };
	va_t va = 0, run = 0, end = 0;
	bool more;
	do {
		more = selection_next(&w->memory, &at, &va, &b);
		if (!more || va != end) {
			for (; next < n && w->u->threads[order[next]].stack_start < end; next++)
				if (w->u->threads[order[next]].stack_start >= run)
					stack_place(w, order[next], run, end, off);
			off += end - run;
			run = va;
		}
		end = va + b.n;
	} while (more && next < n);
}

static uint64_t table_bytes(const struct writer *w)
{
	return (w->wide ? 16 : 4) + w->r->ranges * RANGE;
}

static err_t lay_out(struct writer *w)
{
	w->r->n_streams = w->n_dir + 1;
	w->directory = (w->b.at + 7) & ~(uint64_t)7;
	uint64_t table = w->directory + ((w->n_dir + 1) * DIRECTORY + 7) / 8 * 8;
	w->wide = (w->r->type & WRITE_FULL_MEMORY) || table + table_bytes(w) + w->r->memory > UINT32_MAX;
	writer_stream(w, w->wide ? MEMORY64_LIST : MEMORY_LIST, (uint32_t)table, table_bytes(w));
	if (table_bytes(w) > UINT32_MAX)
		return fail(E_LIMIT, "too many ranges of memory", w->r->ranges);
	w->r->bytes = table + table_bytes(w) + w->r->memory;
	place_stacks(w, table + table_bytes(w));
	return ok();
}

// ---- output, in chunks
struct out {
	struct writer *w;
	struct write_sink sink;
	uint8_t buf[CHUNK];
	size_t n;
	uint64_t at;
};

static err_t flush(struct out *o)
{
	TRY(session_poll(o->w->s));
	size_t n = o->n;
	o->n = 0;
	return n ? o->sink.put(o->sink.ctx, (struct span){ o->buf, n }) : ok();
}

static err_t emit(struct out *o, const uint8_t *p, size_t n) // p NULL: zeros
{
	o->at += n;
	while (n) {
		size_t part = MIN(n, sizeof(o->buf) - o->n);
		if (p)
			memcpy(o->buf + o->n, p, part);
		else
			memset(o->buf + o->n, 0, part);
		o->n += part;
		n -= part;
		p = p ? p + part : NULL;
		if (o->n == sizeof(o->buf))
			TRY(flush(o));
	}
	return ok();
}

static err_t emit_head(struct out *o)
{
	const struct writer *w = o->w;
	uint8_t head[HEADER] = { 0 };
	struct cursor c = { head };
	put_u32(&c, 0x504d444d); // "MDMP"
	put_u32(&c, VERSION);
	put_u32(&c, (uint32_t)w->r->n_streams);
	put_u32(&c, (uint32_t)w->directory);
	put_u32(&c, 0); // no checksum
	put_u32(&c, w->u->timestamp);
	put_u64(&c, w->r->type);
	return emit(o, head, sizeof(head));
}

// Behind what it names: only then the number of its entries is known.
static err_t emit_directory(struct out *o)
{
	const struct writer *w = o->w;
	TRY(emit(o, NULL, (size_t)(w->directory - o->at)));
	for (size_t i = 0; i < w->n_dir; i++) {
		uint8_t entry[DIRECTORY];
		struct cursor c = { entry };
		put_u32(&c, w->dir[i].type);
		put_u32(&c, (uint32_t)w->dir[i].size);
		put_u32(&c, w->dir[i].rva);
		TRY(emit(o, entry, sizeof(entry)));
	}
	return emit(o, NULL, (size_t)(w->dir[w->n_dir - 1].rva - o->at));
}

static err_t emit_table(struct out *o)
{
	const struct writer *w = o->w;
	struct selection_at at = { 0 };
	struct span b;
	va_t va;
	uint64_t place = o->at + table_bytes(w);
	uint8_t head[16];
	struct cursor c = { head };
	if (w->wide) {
		put_u64(&c, w->r->ranges);
		put_u64(&c, place);
	} else {
		put_u32(&c, (uint32_t)w->r->ranges);
	}
	TRY(emit(o, head, (size_t)(c.p - head)));
	while (selection_next(&w->memory, &at, &va, &b)) {
		uint8_t entry[RANGE];
		c.p = entry;
		put_u64(&c, va);
		if (w->wide) {
			put_u64(&c, b.n);
		} else {
			put_u32(&c, (uint32_t)b.n);
			put_u32(&c, (uint32_t)place);
		}
		place += b.n;
		TRY(emit(o, entry, sizeof(entry)));
	}
	return ok();
}

// In pieces of whole pages, so that no word of a stack is cut in two.
static err_t emit_filtered(struct out *o, va_t va, struct span b)
{
	enum { PAGE = 4096 };
	uint8_t page[PAGE];
	while (b.n) {
		size_t n = MIN(b.n, PAGE - (size_t)(va & (PAGE - 1)));
		memcpy(page, b.p, n);
		write_filter(o->w, va, page, n);
		TRY(emit(o, page, n));
		va += n;
		b = span_clip(b, n, b.n);
	}
	return ok();
}

static err_t emit_memory(struct out *o)
{
	struct selection_at at = { 0 };
	struct span b;
	va_t va;
	bool filter = wants(o->w, WRITE_FILTER_MEMORY);
	while (selection_next(&o->w->memory, &at, &va, &b)) {
		size_t i = filter ? intervals_from(&o->w->stacks, va) : SIZE_MAX;
		bool stack = filter && i < o->w->stacks.n && o->w->stacks.p[i].first <= va + (b.n - 1);
		TRY(stack ? emit_filtered(o, va, b) : emit(o, b.p, b.n));
	}
	return ok();
}

static err_t emit_all(struct writer *w, struct write_sink sink)
{
	struct out *o = NEW(w->a, struct out);
	o->w = w;
	o->sink = sink;
	TRY(emit_head(o));
	for (size_t i = 0; i < w->b.n; i++)
		TRY(emit(o, w->b.p[i].p, w->b.p[i].n));
	TRY(emit_directory(o));
	TRY(emit_table(o));
	TRY(emit_memory(o));
	return flush(o);
}

// Extended registers stand in the contexts, which are copied whole.
static void extended_registers(struct writer *w)
{
	bool have = w->u->misc.present && w->u->misc.xstate_features != 0;
	if (have && (w->u->flags & WRITE_XSTATE))
		met(w, WRITE_XSTATE);
	else if (wants(w, WRITE_XSTATE))
		write_note(w->a, w->r,
			   "y: the source does not say that its contexts hold AVX registers; they are copied "
			   "as they are");
}

err_t write_minidump(struct session *s, struct arena *a, const struct write_options *o, struct write_sink sink,
		     struct write_result *ret)
{
	struct target *t = s->target;
	*ret = (struct write_result){ 0 };
	if (t->kernel || !t->dump->user)
		return fail(E_UNSUPPORTED, "not supported: a minidump of a kernel dump", 0);
	struct writer w = { .s = s, .t = t, .u = t->dump->user, .a = a, .o = o, .r = ret };
	w.dir = arena_alloc(a, OWN_STREAMS + w.u->n_streams, sizeof(*w.dir));
	w.b = (struct blob){ .a = a, .at = HEADER };
	TRY(write_select(&w));
	extended_registers(&w);
	TRY(write_streams(&w));
	TRY(count_memory(&w));
	TRY(lay_out(&w));
	return emit_all(&w, sink);
}
