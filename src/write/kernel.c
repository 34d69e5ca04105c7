// SPDX-License-Identifier: Apache-2.0
// kernel.c: the pages of a kernel dump in another body: runs (a full dump) or a bitmap. The header stays as it is, but
// for the type, the runs and the size. Layouts: as dump/kernel.c reads them; kdmp-parser and Volatility agree.
#include "dump/kernel.h"
#include "base/limits.h"
#include "write/write_int.h"

#include <string.h>

enum {
	RUNS_AREA = 700,
	BITMAP_HEADER = 0x38,
	TYPE_FULL = 1,
	TYPE_FULL_BITMAP = 5,
	TYPE_BITMAP = 6,
	CHUNK = 1 << 16,
	POLL_EVERY = 4096,
};

static const struct header { // offsets in the file
	uint16_t size, runs, type, required;
	uint8_t ptr;
} narrow = { 0x1000, 0x64, 0xf88, 0xfa0, 4 }, wide = { 0x2000, 0x88, 0xf98, 0xfa0, 8 };

struct kernel_writer {
	struct session *s;
	const struct dump *d;
	const struct header *h;
	struct write_result *r;
	struct write_sink sink;
	uint64_t end, first; // pages: the number after the last; file offset of the first
	uint8_t buf[CHUNK];
	size_t n;
};

// The next page from `pfn` on that the file holds whole; false: there is none.
static bool next_page(const struct kernel_writer *w, uint64_t pfn, uint64_t *pfn_ret, const uint8_t **ret)
{
	const struct dump_phys *p = w->d->kernel->phys;
	for (pa_t pa; dump_phys_next(p, pfn * DUMP_PAGE, &pa); pfn = pa / DUMP_PAGE + 1) {
		uint64_t off;
		size_t left;
		bool cut;
		if (dump_phys_find(p, pa, &off, &left, &cut) && left == DUMP_PAGE) {
			*pfn_ret = pa / DUMP_PAGE;
			*ret = w->d->file.p + off;
			return true;
		}
		if (cut && w->d->kernel->body != KERNEL_RANGES)
			return false; // pages lie in their order: all later ones are cut off, too
	}
	return false;
}

static err_t flush(struct kernel_writer *w)
{
	TRY(session_poll(w->s));
	size_t n = w->n;
	w->n = 0;
	return n ? w->sink.put(w->sink.ctx, (struct span){ w->buf, n }) : ok();
}

static err_t emit(struct kernel_writer *w, const uint8_t *p, uint64_t n) // p NULL: zeros
{
	w->r->bytes += n;
	while (n) {
		size_t part = (size_t)MIN(n, (uint64_t)(sizeof(w->buf) - w->n));
		if (p)
			memcpy(w->buf + w->n, p, part);
		else
			memset(w->buf + w->n, 0, part);
		w->n += part;
		n -= part;
		p = p ? p + part : NULL;
		if (w->n == sizeof(w->buf))
			TRY(flush(w));
	}
	return ok();
}

// Counts pages and runs; the runs that the header has room for go there.
static err_t count_pages(struct kernel_writer *w, uint8_t *head, bool full)
{
	const unsigned p = w->h->ptr;
	const size_t room = (RUNS_AREA - 2 * p) / (2 * p);
	uint64_t pfn, first = 0, pages = 0;
	const uint8_t *bytes;
	for (w->end = 0; next_page(w, w->end, &pfn, &bytes); w->end = pfn + 1) {
		if (!pages || pfn != w->end) {
			w->r->ranges++;
			first = pfn;
		}
		pages++;
		if (full && w->r->ranges <= room) {
			struct cursor run = { head + w->h->runs + 2 * p * w->r->ranges };
			le_put(run.p, first, p);
			le_put(run.p + p, pfn - first + 1, p);
		}
		if (pages % POLL_EVERY == 0)
			TRY(session_poll(w->s));
	}
	w->r->memory = pages * DUMP_PAGE;
	if (!pages)
		return fail(E_ABSENT, "the dump holds no whole page", 0);
	if (!full)
		return ok();
	if (w->r->ranges > room)
		return fail(E_UNSUPPORTED,
			    "not supported: a full dump of so many runs of pages: its header has no room for them; a "
			    "bitmap has",
			    w->r->ranges);
	le_put(head + w->h->runs, w->r->ranges, 4); // of 64 bits: 4 bytes of padding behind it
	le_put(head + w->h->runs + p, pages, p);
	return ok();
}

static err_t emit_bitmap(struct kernel_writer *w)
{
	uint8_t lead[BITMAP_HEADER] = "SDMPDUMP";
	uint64_t bits = (w->end + 31) / 32 * 32, at = 0, pfn;
	const uint8_t *bytes;
	if (w->d->kernel->full_bitmap || w->d->kernel->body == KERNEL_RUNS)
		lead[0] = 'F';
	le_put(lead + 0x20, w->first, 8);
	le_put(lead + 0x28, w->r->memory / DUMP_PAGE, 8);
	le_put(lead + 0x30, bits, 8);
	TRY(emit(w, lead, sizeof(lead)));
	uint8_t byte = 0;
	for (uint64_t from = 0; next_page(w, from, &pfn, &bytes); from = pfn + 1) {
		if (pfn / 8 != at) {
			TRY(emit(w, &byte, 1));
			TRY(emit(w, NULL, pfn / 8 - at - 1));
			byte = 0;
			at = pfn / 8;
		}
		byte |= (uint8_t)(1u << (pfn % 8));
	}
	TRY(emit(w, &byte, 1));
	return emit(w, NULL, w->first - w->r->bytes);
}

static err_t emit_pages(struct kernel_writer *w)
{
	uint64_t pfn;
	const uint8_t *bytes;
	for (uint64_t from = 0; next_page(w, from, &pfn, &bytes); from = pfn + 1)
		TRY(emit(w, bytes, DUMP_PAGE));
	return flush(w);
}

static void notes(struct kernel_writer *w, struct arena *a, bool full)
{
	const struct dump_kernel *k = w->d->kernel;
	uint64_t pages = w->r->memory / DUMP_PAGE, promised = dump_phys_pages(k->phys);
	if (promised > pages)
		write_note(a, w->r, "%llu pages that the source promises are cut off",
			   (unsigned long long)(promised - pages));
	if (full && k->body != KERNEL_RUNS && !k->full_bitmap)
		write_note(a, w->r,
			   "the source is no complete memory dump: its pages alone are there, and the header's "
			   "list of physical memory names them alone");
	if (k->n_blobs)
		write_note(a, w->r, "secondary data of drivers (%zu blocks) is left out", k->n_blobs);
}

err_t write_kernel(struct session *s, struct arena *a, bool full, struct write_sink sink, struct write_result *ret)
{
	const struct dump *d = s->target->dump;
	*ret = (struct write_result){ 0 };
	if (!d->kernel)
		return fail(E_UNSUPPORTED, "not supported: a kernel dump of a user dump", 0);
	if (!d->kernel->phys || d->kernel->body == KERNEL_HEADER_ONLY)
		return fail(E_UNSUPPORTED, "not supported: a dump with pages of a small dump, which has none", 0);
	struct kernel_writer *w = NEW(a, struct kernel_writer);
	*w = (struct kernel_writer){ .s = s, .d = d, .h = d->ptr_bytes == 8 ? &wide : &narrow, .r = ret, .sink = sink };
	struct span source = span_sub(d->file, 0, w->h->size);
	uint8_t *head = NEW_N(a, uint8_t, w->h->size);
	if (!source.n)
		return fail(E_CORRUPT, "the header is cut off", d->file.n);
	memcpy(head, source.p, source.n);
	TRY(count_pages(w, head, full));
	bool whole = d->kernel->full_bitmap || d->kernel->body == KERNEL_RUNS;
	uint64_t bitmap = full ? 0 : BITMAP_HEADER + (w->end + 31) / 32 * 4;
	w->first = w->h->size + (bitmap + DUMP_PAGE - 1) / DUMP_PAGE * DUMP_PAGE;
	le_put(head + w->h->type, full ? TYPE_FULL : whole ? TYPE_FULL_BITMAP : TYPE_BITMAP, 4);
	le_put(head + w->h->required, w->first + w->r->memory, 8);
	notes(w, a, full);
	TRY(emit(w, head, w->h->size));
	if (!full)
		TRY(emit_bitmap(w));
	return emit_pages(w);
}
