// SPDX-License-Identifier: Apache-2.0
// streams.c: the streams of a minidump but memory. Layouts: Microsoft's minidumpapiset.h; of Crashpad's and Breakpad's
// streams their public headers.
#include "base/limits.h"
#include "base/str.h"
#include "write/write_int.h"

#include <string.h>

enum {
	THREADS = 3,
	EXCEPTION = 6,
	SYSTEM = 7,
	COMMENT_A = 10,
	COMMENT_W = 11,
	FUNCTIONS = 13,
	MISC = 15,
	MEMINFO = 16,
	THREAD_INFO = 17,
	HANDLE_OPS = 18,
	TOKENS = 19,
	SYSMEM = 21,
	VM = 22,
	THREAD_NAMES = 24,
};

void writer_stream(struct writer *w, uint32_t type, uint32_t rva, uint64_t size)
{
	w->dir[w->n_dir].type = type;
	w->dir[w->n_dir].rva = rva;
	w->dir[w->n_dir++].size = size;
}

static const struct dump_stream *source(const struct writer *w, uint32_t type)
{
	for (size_t i = 0; i < w->u->n_streams; i++)
		if (w->u->streams[i].type == type && w->u->streams[i].size)
			return &w->u->streams[i];
	return NULL;
}

static const char *stream_text(struct writer *w, uint32_t type)
{
	const char *name = dump_stream_name(type);
	return name ? name : arena_printf(w->a, "stream 0x%x", type);
}

static void copy(struct writer *w, const struct dump_stream *s)
{
	if (s->status == OK)
		writer_stream(w, s->type, blob_put(&w->b, s->bytes), s->size);
	else
		write_note(w->a, w->r, "%s is damaged or cut off in the source: left out", stream_text(w, s->type));
}

// ---- system
static void system_info(struct writer *w)
{
	enum { SIZE = 56 };
	const struct dump_system *y = &w->u->system;
	if (!y->present)
		return;
	uint32_t rva, csd = blob_string(&w->b, y->csd ? y->csd : "");
	struct cursor c = { blob_room(&w->b, SIZE, &rva) };
	put_u16(&c, y->arch);
	put_u16(&c, y->level);
	put_u16(&c, y->revision);
	*c.p++ = y->n_cpus;
	*c.p++ = y->product_type;
	put_u32(&c, y->major);
	put_u32(&c, y->minor);
	put_u32(&c, y->build);
	put_u32(&c, y->platform_id);
	put_u32(&c, csd);
	put_u16(&c, y->suite_mask);
	put_u16(&c, 0);
	memcpy(c.p, y->cpu, sizeof(y->cpu));
	writer_stream(w, SYSTEM, rva, SIZE);
}

// ---- threads
static uint32_t context(struct writer *w, struct span bytes)
{
	return bytes.n ? blob_put(&w->b, bytes) : 0;
}

static void threads(struct writer *w)
{
	enum { ENTRY = 48 };
	const struct dump_user *u = w->u;
	if (!source(w, THREADS) && !u->has_thread_ex)
		return;
	uint32_t rva;
	uint8_t *p = blob_room(&w->b, 4 + u->n_threads * ENTRY, &rva);
	le_put(p, u->n_threads, 4);
	w->thread_entries = p + 4;
	for (size_t i = 0; i < u->n_threads; i++) {
		const struct dump_thread *t = &u->threads[i];
		struct cursor c = { p + 4 + i * ENTRY };
		put_u32(&c, t->tid);
		put_u32(&c, t->suspend_count);
		put_u32(&c, t->priority_class);
		put_u32(&c, t->priority);
		put_u64(&c, t->teb);
		put_u64(&c, t->stack_start);
		put_u64(&c, t->stack_size); // with the place of the bytes: 0
		put_u32(&c, (uint32_t)t->context.n);
		put_u32(&c, context(w, t->context));
	}
	writer_stream(w, THREADS, rva, 4 + u->n_threads * ENTRY);
}

static void thread_names(struct writer *w)
{
	enum { ENTRY = 12 };
	const struct dump_user *u = w->u;
	size_t n = 0;
	for (size_t i = 0; i < u->n_threads; i++)
		n += u->threads[i].name != NULL;
	if (!u->has_thread_names)
		return;
	uint32_t rva;
	struct cursor c = { blob_room(&w->b, 4 + n * ENTRY, &rva) };
	put_u32(&c, (uint32_t)n);
	for (size_t i = 0; i < u->n_threads; i++) {
		if (!u->threads[i].name)
			continue;
		put_u32(&c, u->threads[i].tid);
		put_u64(&c, blob_string(&w->b, u->threads[i].name));
	}
	writer_stream(w, THREAD_NAMES, rva, 4 + n * ENTRY);
}

static void exception(struct writer *w)
{
	enum { SIZE = 168 };
	const struct dump_exception *e = &w->u->exception;
	uint32_t rva;
	if (!e->present)
		return;
	struct cursor c = { blob_room(&w->b, SIZE, &rva) };
	put_u64(&c, e->tid);
	put_u32(&c, e->code);
	put_u32(&c, e->flags);
	put_u64(&c, e->record);
	put_u64(&c, e->address);
	put_u64(&c, e->n_params);
	for (size_t i = 0; i < ARRAY_LEN(e->params); i++)
		put_u64(&c, e->params[i]);
	put_u32(&c, (uint32_t)e->context.n);
	put_u32(&c, context(w, e->context));
	writer_stream(w, EXCEPTION, rva, SIZE);
}

// ---- what was asked for by a letter of its own
static void wanted(struct writer *w, enum write_type bit, uint32_t type, const char *letter)
{
	const struct dump_stream *s = source(w, type);
	if (!wants(w, bit))
		return;
	if (!s) {
		write_note(w->a, w->r, "%s: the source has no %s", letter, stream_text(w, type));
		return;
	}
	copy(w, s);
	if (s->status == OK)
		met(w, bit);
}

// Counts and entries that the file holds whole, also of a stream that is cut off.
static void memory_info(struct writer *w)
{
	enum { HEADER = 16 };
	const struct dump_table *t = &w->u->meminfo;
	if (!wants(w, WRITE_MEMORY_INFO))
		return;
	if (!w->u->has_meminfo) {
		write_note(w->a, w->r, "F: the source has no MemoryInfoListStream");
		return;
	}
	uint32_t rva;
	struct cursor c = { blob_room(&w->b, HEADER, &rva) };
	put_u32(&c, HEADER);
	put_u32(&c, t->stride);
	put_u64(&c, t->n);
	blob_put(&w->b, (struct span){ t->entries.p, t->n * t->stride });
	writer_stream(w, MEMINFO, rva, HEADER + (uint64_t)t->n * t->stride);
	met(w, WRITE_MEMORY_INFO);
}

// ---- comments
static void comments(struct writer *w)
{
	const struct dump_stream *a = source(w, COMMENT_A), *wide = source(w, COMMENT_W);
	const char *text = w->o->comment;
	if (a)
		copy(w, a);
	if (wide && !text)
		copy(w, wide);
	if (!text)
		return;
	if (wide)
		write_note(w->a, w->r, "the comment takes the place of the source's");
	// A comment is text to the end of the stream, its NUL included, without a length before it.
	uint32_t rva = blob_string(&w->b, text);
	struct blob_piece *p = &w->b.p[w->b.n - 1];
	writer_stream(w, COMMENT_W, rva + 4, p->n - 4);
}

// ---- streams that are copied as they are
// These hold no file offsets. Of Breakpad's: those of Linux without the one that points to its tables.
static bool self_contained(uint32_t type)
{
	static const uint32_t known[] = { FUNCTIONS,  MISC,       TOKENS,     SYSMEM,     VM,         0x47670001,
					  0x47670002, 0x47670003, 0x47670004, 0x47670005, 0x47670006, 0x47670007,
					  0x47670008, 0x47670009, 0x4b6b0002, 0x4d7a0003, 0x4d7a0004 };
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (known[i] == type)
			return true;
	return false;
}

// Command line, environment, status of a process: private.
static bool private_text(uint32_t type)
{
	return type >= 0x47670004 && type <= 0x47670009 && type != 0x47670005;
}

// Nothing in a stream of unknown layout could be the offset of something in the source?
static bool no_offsets(const struct writer *w, struct span b)
{
	uint64_t least = 32 + 12 * (uint64_t)w->u->n_streams;
	for (size_t i = 0; i + 4 <= b.n; i += 4) {
		uint64_t v = le_get(b.p + i, 4);
		if (v >= least && v < w->u->file.n)
			return false;
	}
	return true;
}

// Written elsewhere, or on purpose not at all (the lists of Windows CE never stand in these files).
static bool ours(uint32_t type)
{
	static const uint32_t types[] = { 3,         4,       5,           EXCEPTION,  SYSTEM,
					  8,         9,       COMMENT_A,   COMMENT_W,  12,
					  14,        MEMINFO, THREAD_INFO, HANDLE_OPS, THREAD_NAMES,
					  0x43500001 };
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i] == type)
			return true;
	return false;
}

static void left_out(struct writer *w, uint32_t type, const char *why)
{
	write_note(w->a, w->r, "%s is left out: %s", stream_text(w, type), why);
}

static void others(struct writer *w)
{
	bool discreet = wants(w, WRITE_FILTER_MEMORY) || wants(w, WRITE_FILTER_PATHS);
	for (size_t i = 0; i < w->u->n_streams; i++) {
		const struct dump_stream *s = &w->u->streams[i];
		if (!s->type || !s->size || ours(s->type) || source(w, s->type) != s)
			continue;
		bool known = self_contained(s->type);
		if (discreet && (!known || private_text(s->type)))
			left_out(w, s->type, "it may hold what is private");
		else if (!known && !no_offsets(w, s->bytes))
			left_out(w, s->type,
				 "its layout is not known, and something in it may be an offset in the source file");
		else
			copy(w, s);
		if (s->type == TOKENS && s->status == OK)
			met(w, WRITE_TOKENS);
	}
}

err_t write_streams(struct writer *w)
{
	system_info(w);
	threads(w);
	thread_names(w);
	TRY(session_poll(w->s));
	write_modules(w);
	exception(w);
	wanted(w, WRITE_THREAD_INFO, THREAD_INFO, "t");
	memory_info(w);
	TRY(write_handles(w));
	if (wants(w, WRITE_HANDLES) && source(w, HANDLE_OPS))
		copy(w, source(w, HANDLE_OPS));
	comments(w);
	write_crashpad(w);
	others(w);
	if (w->b.at > LIMIT_WRITE_FACTS)
		return fail(E_LIMIT, "what the dump says besides memory takes too much room", w->b.at);
	return ok();
}
