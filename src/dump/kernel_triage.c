// SPDX-License-Identifier: Apache-2.0
// kernel_triage.c: small kernel dumps: drivers, and the pieces of virtual memory that the file has. Layouts as measured
// on the corpus; the 32-bit ones follow rizin's public description (layout unverified: no sample).
#include "base/limits.h"
#include "base/str.h"
#include "dump/kernel_int.h"

#include <string.h>

enum { BLOCK = 16, MARK = 0x44475254, TAG_KDBG = 0x4742444b, MAX_PIECES_BESIDES = 8 };

struct triage { // a triage header's words, and pieces of memory found so far
	struct kdmp *m;
	struct dump_triage *t;
	struct dump_range *pieces;
	size_t n_pieces;
	uint32_t context, exception, mm, unloaded, prcb, process, thread, stack_off, drivers, n_drivers, strings,
		strings_size, broken;
	uint32_t page_off, page_size, debug_off, debug_size, blocks, n_blocks, valid;
	va_t page;
};

static void name_words(struct triage *x)
{
	const struct dump_word words[] = {
		{ "ValidOffset", x->valid },
		{ "ContextOffset", x->context },
		{ "ExceptionOffset", x->exception },
		{ "MmOffset", x->mm },
		{ "UnloadedDriversOffset", x->unloaded },
		{ "PrcbOffset", x->prcb },
		{ "ProcessOffset", x->process },
		{ "ThreadOffset", x->thread },
		{ "CallStackOffset", x->stack_off },
		{ "DriverListOffset", x->drivers },
		{ "StringPoolOffset", x->strings },
		{ "StringPoolSize", x->strings_size },
		{ "BrokenDriverOffset", x->broken },
		{ "DataPageOffset", x->page_off },
		{ "DataPageSize", x->page_size },
		{ "DebuggerDataOffset", x->debug_off },
		{ "DebuggerDataSize", x->debug_size },
		{ "DataBlocksOffset", x->blocks },
	};
	struct dump_word *copy = NEW_N(x->m->a, struct dump_word, ARRAY_LEN(words));
	memcpy(copy, words, sizeof(words));
	x->t->words = copy;
	x->t->n_words = ARRAY_LEN(words);
}

static void read_words(struct triage *x)
{
	struct kdmp *m = x->m;
	struct rd r = rd_at(m->file, m->header);
	x->t->service_pack = rd_u32(&r);
	x->t->size_of_dump = rd_u32(&r);
	x->valid = rd_u32(&r);
	x->context = rd_u32(&r); // as those of the header
	x->exception = rd_u32(&r);
	x->mm = rd_u32(&r);
	x->unloaded = rd_u32(&r);
	x->prcb = rd_u32(&r);
	x->process = rd_u32(&r);
	x->thread = rd_u32(&r);
	x->stack_off = rd_u32(&r);
	x->t->stack_size = rd_u32(&r);
	x->drivers = rd_u32(&r);
	x->n_drivers = rd_u32(&r);
	x->strings = rd_u32(&r);
	x->strings_size = rd_u32(&r);
	x->broken = rd_u32(&r);
	x->t->options = rd_u32(&r);
	bool is64 = m->ptr == 8;
	x->t->stack = is64 ? rd_u64(&r) : rd_u32(&r);
	if (is64)
		rd_skip(&r, 16); // IA-64's backing store
	x->page = is64 ? rd_u64(&r) : rd_u32(&r);
	x->page_off = rd_u32(&r);
	x->page_size = rd_u32(&r);
	x->debug_off = rd_u32(&r);
	x->debug_size = rd_u32(&r);
	x->blocks = rd_u32(&r);
	x->n_blocks = rd_u32(&r);
	if (r.bad)
		notes_add(&m->notes, E_ABSENT, "triage header: the file ends inside it", m->header);
	name_words(x);
}

// DUMP_STRING: the number of UTF-16 units, then they.
static const char *string_at(struct triage *x, uint64_t at)
{
	struct span head = span_sub(x->m->file, at, 4);
	uint64_t n = head.n ? le_get(head.p, 4) : 0;
	if (!at || !n || n > LIMIT_KERNEL_NAME)
		return NULL;
	struct span s = span_sub(x->m->file, at + 4, n * 2);
	return s.n ? utf16_to_utf8(x->m->a, s) : NULL;
}

// ---- drivers: the offset of a name, then the beginning of a KLDR_DATA_TABLE_ENTRY
static struct dump_driver driver64(struct triage *x, struct span e)
{
	struct rd r = rd_at(e, 0);
	const char *name = string_at(x, rd_u32(&r));
	rd_skip(&r, 0x38 - 4);
	struct dump_driver d = { .name = name, .base = rd_u64(&r), .entry = rd_u64(&r), .size = rd_u32(&r) };
	rd_skip(&r, 0x80 - 0x4c);
	d.checksum = rd_u32(&r);
	rd_skip(&r, 4);
	d.timestamp = rd_u32(&r);
	return d;
}

static struct dump_driver driver32(struct triage *x, struct span e)
{
	struct rd r = rd_at(e, 0);
	const char *name = string_at(x, rd_u32(&r));
	rd_skip(&r, 0x18);
	struct dump_driver d = { .name = name, .base = rd_u32(&r), .entry = rd_u32(&r), .size = rd_u32(&r) };
	rd_skip(&r, 0x40 - 0x24);
	d.checksum = rd_u32(&r);
	d.timestamp = rd_u32(&r);
	return d;
}

static void read_drivers(struct triage *x)
{
	struct kdmp *m = x->m;
	bool is64 = m->ptr == 8;
	uint32_t stride = is64 ? 0x90 : 0x4c;
	if (!x->drivers || !x->n_drivers)
		return;
	// The strings follow the list in dumps made from the page file.
	if (x->strings > x->drivers && (x->strings - x->drivers) % x->n_drivers == 0) {
		uint32_t measured = (x->strings - x->drivers) / x->n_drivers;
		stride = measured >= stride && measured <= stride + 64 ? measured : stride;
	}
	size_t room = span_clip(m->file, x->drivers, (uint64_t)x->n_drivers * stride).n / stride;
	size_t n = MIN(room, (size_t)LIMIT_MODULES);
	if (n < x->n_drivers)
		notes_add(&m->notes, E_ABSENT, "driver list: not all of it is in the file", x->drivers);
	struct dump_driver *list = NEW_N(m->a, struct dump_driver, n);
	for (size_t i = 0; i < n; i++) {
		struct span e = span_sub(m->file, x->drivers + (uint64_t)i * stride, stride);
		list[i] = is64 ? driver64(x, e) : driver32(x, e);
	}
	x->t->drivers = list;
	x->t->n_drivers = n;
}

// A count, then {UNICODE_STRING, 12 UTF-16 units, start, end}. The string's length is in bytes.
static void read_unloaded(struct triage *x)
{
	enum { NAME = 24 };
	struct kdmp *m = x->m;
	unsigned p = m->ptr;
	uint32_t stride = 4 * p + NAME; // UNICODE_STRING takes two pointers' room
	struct span head = span_sub(m->file, x->unloaded, p);
	uint64_t n = x->unloaded && head.n ? le_get(head.p, p) : 0;
	if (!n || kdmp_is_fill(n))
		return;
	if (n > LIMIT_KERNEL_UNLOADED) {
		notes_add(&m->notes, E_CORRUPT, "unloaded drivers: their number is not plausible", x->unloaded);
		return;
	}
	struct dump_unloaded_driver *list = NEW_N(m->a, struct dump_unloaded_driver, (size_t)n);
	size_t k = 0;
	for (; k < n; k++) {
		struct span e = span_sub(m->file, x->unloaded + p + k * stride, stride);
		if (!e.n)
			break;
		size_t len = MIN((size_t)le_get(e.p, 2), (size_t)NAME);
		list[k].name = utf16_to_utf8(m->a, (struct span){ e.p + 2 * p, len });
		list[k].start = le_get(e.p + 2 * p + NAME, p);
		list[k].end = le_get(e.p + 3 * p + NAME, p);
	}
	if (k < n)
		notes_add(&m->notes, E_ABSENT, "unloaded drivers: not all of them are in the file", x->unloaded);
	x->t->unloaded = list;
	x->t->n_unloaded = k;
}

// ---- memory
static void add_piece(struct triage *x, va_t va, uint64_t off, uint64_t size)
{
	if (va && off && size && off <= x->m->file.n)
		x->pieces[x->n_pieces++] = (struct dump_range){ .va = va, .size = size, .off = off };
}

static void read_blocks(struct triage *x)
{
	struct kdmp *m = x->m;
	// Rizin's 32-bit blocks have 12 bytes; whichever keeps the first one inside the file is believed.
	unsigned stride = m->ptr == 8 ? BLOCK : 12;
	size_t room = span_clip(m->file, x->blocks, (uint64_t)x->n_blocks * stride).n / stride;
	size_t n = x->blocks ? MIN(room, (size_t)LIMIT_RANGES_INDEX) : 0;
	if (n < x->n_blocks)
		notes_add(&m->notes, E_ABSENT, "data blocks: not all of the list is in the file", x->blocks);
	x->pieces = NEW_N(m->a, struct dump_range, n + MAX_PIECES_BESIDES);
	for (size_t i = 0; i < n; i++) {
		struct rd r = rd_at(m->file, x->blocks + (uint64_t)i * stride);
		va_t va = m->ptr == 8 ? rd_u64(&r) : rd_u32(&r);
		uint32_t off = rd_u32(&r);
		add_piece(x, va, off, rd_u32(&r));
	}
	x->t->n_blocks = x->n_blocks;
	struct dump_range *copy = NEW_N(m->a, struct dump_range, x->n_pieces);
	if (x->n_pieces)
		memcpy(copy, x->pieces, x->n_pieces * sizeof(*copy));
	x->t->blocks = copy;
	x->t->n_listed = x->n_pieces;
}

// Reads a number of n bytes from the pieces found so far; few are asked for, so they are simply searched.
static bool peek(const struct triage *x, va_t va, unsigned n, uint64_t *ret)
{
	for (size_t i = 0; i < x->n_pieces; i++) {
		const struct dump_range *r = &x->pieces[i];
		if (va < r->va || !in_range(va - r->va, n, r->size))
			continue;
		struct span s = span_sub(x->m->file, r->off + (va - r->va), n);
		if (!s.n)
			continue;
		*ret = le_get(s.p, n);
		return true;
	}
	return false;
}

static struct span copy_between(const struct triage *x, uint32_t from, uint32_t to, uint32_t size)
{
	uint64_t n = size ? size : to > from ? to - from : 0;
	return from ? span_clip(x->m->file, from, n) : (struct span){ NULL, 0 };
}

static uint64_t word_of(struct span s, uint64_t off, unsigned n)
{
	struct span w = span_sub(s, off, n);
	return w.n ? le_get(w.p, n) : 0;
}

// Where a structure lay whose empty list heads point to themselves (LIST_ENTRY, wdm.h): both words of a head give the
// same address of its beginning. A KPRCB has hundreds of them. 0: they do not agree.
static va_t by_list_heads(struct span s, unsigned p)
{
	enum { LEAST = 32 };
	const uint64_t kernel = p == 8 ? (uint64_t)0xffff << 48 : (uint64_t)1 << 31;
	va_t most = 0;
	size_t lead = 0, pairs = 0, votes = 0;
	for (unsigned pass = 0; pass < 2; pass++) // the candidate that can have a majority, then whether it has
		for (size_t at = 0; at + 2 * p <= s.n; at += p) {
			uint64_t v = le_get(s.p + at, p);
			if ((v & kernel) != kernel || v % p || v < at || v != le_get(s.p + at + p, p))
				continue;
			if (pass) {
				pairs++;
				votes += v - at == most;
			} else if (!lead || v - at == most) {
				most = v - at;
				lead++;
			} else {
				lead--;
			}
		}
	return votes >= LEAST && votes > pairs / 2 ? most : 0;
}

// Where the copies lay: the processor's from the kernel's array of processors, the thread's from the processor's
// CurrentThread, the process' from the thread's ApcState.Process. The offsets are the dump's own
// (KDDEBUGGER_DATA64, wdbgexts.h).
static void place_copies(struct triage *x)
{
	enum { PROCESSOR_BLOCK = 0x218, APC_PROCESS = 0x2a0, SIZE_PROCESS = 0x2a8, SIZE_PRCB = 0x2b0 };
	enum { PRCB_THREAD = 0x2b4, PRCB_NUMBER = 0x2be, SIZE_THREAD = 0x2c0 };
	struct dump_triage *t = x->t;
	struct span kd = x->m->k->debugger_block;
	unsigned p = x->m->ptr;
	t->prcb.bytes = copy_between(x, x->prcb, x->process, (uint32_t)word_of(kd, SIZE_PRCB, 2));
	t->process.bytes = copy_between(x, x->process, x->thread, (uint32_t)word_of(kd, SIZE_PROCESS, 2));
	t->thread.bytes = copy_between(x, x->thread, x->stack_off, (uint32_t)word_of(kd, SIZE_THREAD, 2));
	if (!kd.n)
		return;
	// A block that is cut off has no offsets: the first bytes of a copy are none of these fields.
	uint64_t number_at = word_of(kd, PRCB_NUMBER, 2), thread_at = word_of(kd, PRCB_THREAD, 2), va;
	uint64_t number = word_of(t->prcb.bytes, number_at, 2);
	va_t array = word_of(kd, PROCESSOR_BLOCK, 8);
	if (p == 4) // 32-bit addresses are sign-extended in this block
		array = (uint32_t)array;
	if (array && number_at && peek(x, array + number * p, p, &va))
		t->prcb.va = va;
	else // dumps that the kernel wrote itself leave the array out
		t->prcb.va = by_list_heads(t->prcb.bytes, p);
	t->thread.va = thread_at ? word_of(t->prcb.bytes, thread_at, p) : 0;
	uint64_t apc = word_of(kd, APC_PROCESS, 2);
	t->process.va = apc ? word_of(t->thread.bytes, apc, p) : 0;
	add_piece(x, t->prcb.va, x->prcb, t->prcb.bytes.n);
	add_piece(x, t->thread.va, x->thread, t->thread.bytes.n);
	add_piece(x, t->process.va, x->process, t->process.bytes.n);
}

static void read_debugger_block(struct triage *x)
{
	struct kdmp *m = x->m;
	struct span s = x->debug_off ? span_clip(m->file, x->debug_off, x->debug_size) : (struct span){ NULL, 0 };
	if (s.n < 0x18 || le_get(s.p + 0x10, 4) != TAG_KDBG) {
		notes_add(&m->notes, s.n ? E_CORRUPT : E_ABSENT, "the debugger data block is not in the file",
			  x->debug_off);
		return;
	}
	m->k->debugger_block = span_clip(s, 0, le_get(s.p + 0x14, 4));
	add_piece(x, m->k->debugger_data, x->debug_off, s.n);
}

err_t kdmp_triage(struct kdmp *m)
{
	struct dump_triage *t = m->k->triage = NEW(m->a, struct dump_triage);
	struct triage x = { .m = m, .t = t };
	read_words(&x);
	struct span mark = span_sub(m->file, x.valid, 4);
	t->whole = x.valid && mark.n && le_get(mark.p, 4) == MARK;
	m->d->truncated = m->d->truncated || m->file.n < t->size_of_dump;
	if (!t->whole)
		notes_add(&m->notes, m->d->truncated ? E_ABSENT : E_CORRUPT,
			  "triage dump: the mark at its end is missing", x.valid);
	t->in_kernel = t->options != UINT32_MAX;
	read_drivers(&x);
	read_unloaded(&x);
	t->broken_driver = string_at(&x, x.broken);
	t->mm = x.mm ? span_clip(m->file, x.mm, 0x50) : (struct span){ NULL, 0 };
	read_blocks(&x);
	add_piece(&x, t->stack, x.stack_off, t->stack_size);
	add_piece(&x, x.page, x.page_off, x.page_size);
	read_debugger_block(&x);
	place_copies(&x);
	m->d->ranges =
		ranges_new(m->a, m->file, &(struct range_list){ .array = x.pieces, .n = x.n_pieces }, 1, &m->notes);
	m->d->truncated = m->d->truncated || !ranges_whole(m->d->ranges);
	if (!m->d->truncated)
		kdmp_blobs(m, t->size_of_dump);
	return ok();
}
