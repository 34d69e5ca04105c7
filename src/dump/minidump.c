// SPDX-License-Identifier: Apache-2.0
// minidump.c: user-mode minidumps (MDMP): header, stream directory, memory lists, and the helpers that the
// streams are decoded with. Format: MINIDUMP_HEADER of Microsoft's minidumpapiset.h.
#include "base/limits.h"
#include "base/str.h"
#include "dump/minidump_int.h"

#include <string.h>

enum {
	HEADER = 32,
	DIRECTORY = 12,
	VERSION = 0xa793,
	MEM_ENTRY = 16, // MINIDUMP_MEMORY_DESCRIPTOR and _DESCRIPTOR64
};

static const struct {
	uint32_t type;
	const char *name;
} stream_names[] = {
	{ 0, "UnusedStream" },
	{ 1, "ReservedStream0" },
	{ 2, "ReservedStream1" },
	{ STREAM_THREADS, "ThreadListStream" },
	{ STREAM_MODULES, "ModuleListStream" },
	{ STREAM_MEMORY, "MemoryListStream" },
	{ STREAM_EXCEPTION, "ExceptionStream" },
	{ STREAM_SYSTEM, "SystemInfoStream" },
	{ STREAM_THREADS_EX, "ThreadExListStream" },
	{ STREAM_MEMORY64, "Memory64ListStream" },
	{ STREAM_COMMENT_A, "CommentStreamA" },
	{ STREAM_COMMENT_W, "CommentStreamW" },
	{ STREAM_HANDLES, "HandleDataStream" },
	{ STREAM_FUNCTIONS, "FunctionTableStream" },
	{ STREAM_UNLOADED, "UnloadedModuleListStream" },
	{ STREAM_MISC, "MiscInfoStream" },
	{ STREAM_MEMINFO, "MemoryInfoListStream" },
	{ STREAM_THREAD_INFO, "ThreadInfoListStream" },
	{ STREAM_HANDLE_OPS, "HandleOperationListStream" },
	{ STREAM_TOKENS, "TokenStream" },
	{ 20, "JavaScriptDataStream" },
	{ STREAM_SYSMEM, "SystemMemoryInfoStream" },
	{ STREAM_VM, "ProcessVmCountersStream" },
	{ 23, "IptTraceStream" },
	{ STREAM_THREAD_NAMES, "ThreadNamesStream" },
	{ 0x8000, "ceStreamNull" },
	{ 0x8001, "ceStreamSystemInfo" },
	{ 0x8002, "ceStreamException" },
	{ 0x8003, "ceStreamModuleList" },
	{ 0x8004, "ceStreamProcessList" },
	{ 0x8005, "ceStreamThreadList" },
	{ 0x8006, "ceStreamThreadContextList" },
	{ 0x8007, "ceStreamThreadCallStackList" },
	{ 0x8008, "ceStreamMemoryVirtualList" },
	{ 0x8009, "ceStreamMemoryPhysicalList" },
	{ 0x800a, "ceStreamBucketParameters" },
	{ 0x800b, "ceStreamProcessModuleMap" },
	{ 0x800c, "ceStreamDiagnosisList" },
	{ 0xffff, "LastReservedStream" },
	{ STREAM_CRASHPAD, "CrashpadInfo" },
	{ STREAM_BREAKPAD, "BreakpadInfo" },
	{ STREAM_ASSERTION, "BreakpadAssertionInfo" },
	{ 0x47670003, "BreakpadLinuxCpuInfo" },
	{ 0x47670004, "BreakpadLinuxProcStatus" },
	{ 0x47670005, "BreakpadLinuxLsbRelease" },
	{ 0x47670006, "BreakpadLinuxCmdLine" },
	{ 0x47670007, "BreakpadLinuxEnviron" },
	{ 0x47670008, "BreakpadLinuxAuxv" },
	{ 0x47670009, "BreakpadLinuxMaps" },
	{ 0x4767000a, "BreakpadLinuxDsoDebug" },
	{ 0x4b6b0002, "ChromiumStabilityReport" },
	{ 0x4d7a0001, "MozillaMacosCrashInfo" },
	{ 0x4d7a0002, "MozillaMacosBootargs" },
	{ 0x4d7a0003, "MozillaLinuxLimits" },
	{ 0x4d7a0004, "MozillaSoftErrors" },
};

const char *dump_stream_name(uint32_t type)
{
	for (size_t i = 0; i < ARRAY_LEN(stream_names); i++)
		if (stream_names[i].type == type)
			return stream_names[i].name;
	return NULL;
}

// ---- helpers of the stream decoders
struct dump_stream *md_stream(struct mdmp *m, enum stream_type type)
{
	for (size_t i = 0; i < m->u->n_streams; i++)
		if (m->streams[i].type == type && m->streams[i].size)
			return &m->streams[i];
	return NULL;
}

void md_corrupt(struct mdmp *m, struct dump_stream *s, const char *what, uint64_t at)
{
	if (s->status == OK)
		s->status = E_CORRUPT;
	notes_add(&m->notes, E_CORRUPT, what, at);
}

static void list_corrupt(struct mdmp *m, struct dump_stream *s, const char *text)
{
	if (s->status == OK)
		s->status = E_CORRUPT;
	notes_about(&m->notes, E_CORRUPT, s->name, text, s->rva);
}

// What is cut off at the file's end was noted with the stream; what the stream's own size does not have room
// for is a lie.
static struct md_list list_of(struct mdmp *m, struct dump_stream *s, uint64_t header, uint64_t count, uint32_t stride,
			      size_t max)
{
	struct md_list l = { .at = s->rva + header, .stride = stride };
	uint64_t room = s->size > header ? (s->size - header) / stride : 0;
	if (count > room) {
		list_corrupt(m, s, "more entries than its size has room for");
		count = room;
	}
	l.bytes = span_clip(s->bytes, header, count * stride);
	l.n = l.bytes.n / stride;
	if (l.n > max) {
		notes_about(&m->notes, E_LIMIT, s->name, "too many entries; the rest is left out", s->rva);
		l.n = max;
	}
	return l;
}

struct md_list md_list(struct mdmp *m, struct dump_stream *s, uint32_t stride, size_t max)
{
	struct rd r = rd_at(s->bytes, 0);
	uint32_t n = rd_u32(&r);
	if (r.bad) {
		if (s->status == OK)
			list_corrupt(m, s, "too short for its count");
		return (struct md_list){ .stride = stride };
	}
	// Breakpad's and other writers align the entries to 8 bytes; only the size tells.
	bool padded = s->size == 8 + (uint64_t)n * stride;
	return list_of(m, s, padded ? 8 : 4, n, stride, max);
}

struct md_list md_list_sized(struct mdmp *m, struct dump_stream *s, uint32_t least, bool count64, size_t max)
{
	struct rd r = rd_at(s->bytes, 0);
	uint32_t header = rd_u32(&r), stride = rd_u32(&r);
	uint64_t n = count64 ? rd_u64(&r) : rd_u32(&r);
	if (r.bad || header < (count64 ? 16 : 12) || stride < least) {
		if (!r.bad || s->status == OK)
			list_corrupt(m, s, "header or entry size is wrong");
		return (struct md_list){ .stride = MAX(stride, 1u) };
	}
	return list_of(m, s, header, n, stride, max);
}

struct rd md_entry(const struct md_list *l, size_t i)
{
	return rd_at(span_sub(l->bytes, (uint64_t)i * l->stride, l->stride), 0);
}

static bool take_text(struct mdmp *m, uint64_t bytes)
{
	if (bytes <= m->text_left) {
		m->text_left -= bytes;
		return true;
	}
	if (m->text_left)
		notes_add(&m->notes, E_LIMIT, "names: too much text in all; the rest is left out", 0);
	m->text_left = 0;
	return false;
}

const char *md_wide(struct mdmp *m, struct span text)
{
	if (!m->text_left)
		return "";
	size_t n = 0; // up to the NUL, so that fixed room does not count as text
	while (n + 2 <= text.n && le_get(text.p + n, 2))
		n += 2;
	text.n = n;
	return take_text(m, n) ? utf16_to_utf8(m->a, text) : "";
}

const char *md_narrow(struct mdmp *m, struct span text)
{
	if (!m->text_left)
		return "";
	const uint8_t *end = text.n ? memchr(text.p, 0, text.n) : NULL;
	if (end)
		text.n = (size_t)(end - text.p);
	return take_text(m, text.n) ? bytes_to_utf8(m->a, text) : "";
}

const char *md_string(struct mdmp *m, uint64_t rva, const char *what)
{
	struct rd r = rd_at(m->file, rva);
	uint32_t n = rd_u32(&r);
	if (!r.bad && n > LIMIT_NAME_BYTES) {
		notes_about(&m->notes, E_CORRUPT, what, "impossible length", rva);
		return NULL;
	}
	const uint8_t *p = rd_bytes(&r, n);
	if (!p) {
		notes_about(&m->notes, E_ABSENT, what, "beyond the end of the file", rva);
		return NULL;
	}
	return md_wide(m, (struct span){ p, n });
}

struct span md_part(struct mdmp *m, uint32_t size, uint64_t rva, const char *what)
{
	if (!size || !rva)
		return (struct span){ 0 };
	struct span s = span_clip(m->file, rva, size);
	if (s.n < size)
		notes_about(&m->notes, E_ABSENT, what, "beyond the end of the file", rva);
	return s;
}

// ---- memory
static struct range_list memory64(struct mdmp *m)
{
	struct range_list l = { .wide = true };
	struct dump_stream *s = md_stream(m, STREAM_MEMORY64);
	if (!s)
		return l;
	m->u->full_memory = true;
	struct rd r = rd_at(m->file, s->rva);
	uint64_t n = rd_u64(&r);
	l.base = rd_u64(&r);
	if (r.bad)
		return l;
	// Some writers set a wrong stream size, so the count is believed; but the ranges' bytes cannot begin
	// inside the table.
	uint64_t start = (uint64_t)s->rva + 16;
	if (l.base >= start && n > (l.base - start) / MEM_ENTRY) {
		md_corrupt(m, s, "Memory64ListStream: the table runs into the memory", s->rva);
		n = (l.base - start) / MEM_ENTRY;
	}
	if (n > (UINT32_MAX - 16) / MEM_ENTRY || n * MEM_ENTRY + 16 != s->size)
		notes_add(&m->notes, OK, "Memory64ListStream: stream size and count disagree", s->rva);
	if (n > LIMIT_RANGES) {
		notes_add(&m->notes, E_LIMIT, "Memory64ListStream: too many ranges; the rest is left out", s->rva);
		n = LIMIT_RANGES;
	}
	l.table = span_clip(m->file, start, n * MEM_ENTRY);
	l.n = l.table.n / MEM_ENTRY;
	if (l.n < n && s->status == OK) {
		s->status = E_ABSENT;
		notes_add(&m->notes, E_ABSENT, "Memory64ListStream: cut off at the end of the file", s->rva);
	}
	return l;
}

static struct range_list memory32(struct mdmp *m)
{
	struct range_list l = { 0 };
	struct dump_stream *s = md_stream(m, STREAM_MEMORY);
	if (!s)
		return l;
	struct md_list list = md_list(m, s, MEM_ENTRY, LIMIT_RANGES);
	l.table = list.bytes;
	l.n = list.n;
	return l;
}

// Stacks whose bytes no list has: old and foreign writers keep them with the thread only.
static struct range_list stacks(struct mdmp *m, const struct dump_ranges *have)
{
	const struct dump_user *u = m->u;
	size_t n = 0;
	struct dump_range *p = NULL;
	for (int pass = 0; pass < 2; pass++) {
		if (pass && n)
			p = NEW_N(m->a, struct dump_range, n);
		n = 0;
		for (size_t i = 0; i < u->n_threads; i++) {
			const struct dump_thread *t = &u->threads[i];
			if (!t->stack_rva || !t->stack_size)
				continue;
			size_t at = dump_ranges_find(have, t->stack_start, NULL);
			struct dump_range r = dump_ranges_get(have, at);
			if (at != SIZE_MAX && r.size - (t->stack_start - r.va) >= t->stack_size)
				continue;
			if (p)
				p[n] = (struct dump_range){ .va = t->stack_start,
							    .size = t->stack_size,
							    .off = t->stack_rva };
			n++;
		}
	}
	return (struct range_list){ .array = p, .n = p ? n : 0 };
}

static struct dump_ranges *memory(struct mdmp *m)
{
	struct range_list lists[3] = { memory64(m), memory32(m) };
	struct dump_ranges *t = ranges_new(m->a, m->file, lists, 2, &m->notes);
	lists[2] = stacks(m, t);
	return lists[2].n ? ranges_new(m->a, m->file, lists, 3, &m->notes) : t;
}

// ---- the file
static bool probe(struct span f)
{
	return f.n >= 4 && memcmp(f.p, "MDMP", 4) == 0;
}

static err_t directory(struct mdmp *m, uint32_t n, uint32_t rva)
{
	if (!n)
		return fail(E_CORRUPT, "minidump: it has no streams", 8);
	struct span dir = span_clip(m->file, rva, (uint64_t)n * DIRECTORY);
	size_t whole = dir.n / DIRECTORY;
	if (!whole)
		return fail(E_CORRUPT, "minidump: the stream directory lies beyond the end of the file", rva);
	if (whole < n)
		notes_add(&m->notes, E_ABSENT, "stream directory: cut off at the end of the file", rva);
	if (whole > LIMIT_STREAMS) {
		notes_add(&m->notes, E_LIMIT, "stream directory: too many entries; the rest is left out", rva);
		whole = LIMIT_STREAMS;
	}
	m->streams = NEW_N(m->a, struct dump_stream, whole);
	m->u->streams = m->streams;
	m->u->n_streams = whole;
	struct rd r = rd_at(dir, 0);
	for (size_t i = 0; i < whole; i++) {
		struct dump_stream *s = &m->streams[i];
		s->type = rd_u32(&r);
		s->size = rd_u32(&r);
		s->rva = rd_u32(&r);
		s->name = dump_stream_name(s->type);
		s->bytes = span_clip(m->file, s->rva, s->size);
		if (s->type == STREAM_UNUSED || s->bytes.n == s->size)
			continue;
		s->status = E_ABSENT;
		notes_about(&m->notes, E_ABSENT, s->name ? s->name : "unknown stream",
			    s->bytes.n ? "cut off at the end of the file" : "beyond the end of the file", s->rva);
	}
	return ok();
}

// PROCESSOR_ARCHITECTURE_* to IMAGE_FILE_MACHINE_*; 0x8003 is Breakpad's older ARM64.
static uint16_t machine_of(uint16_t arch)
{
	switch (arch) {
	case 0:
	case 10: // IA32_ON_WIN64
		return 0x14c;
	case 5:
		return 0x1c4;
	case 6:
		return 0x200;
	case 9:
		return 0x8664;
	case 12:
	case 0x8003:
		return 0xaa64;
	default:
		return 0;
	}
}

static void identify(struct mdmp *m, struct dump *d)
{
	const struct dump_user *u = m->u;
	d->kind = u->full_memory ? DUMP_USER_FULL : DUMP_USER_MINI;
	d->machine = u->system.present ? machine_of(u->system.arch) : 0;
	d->ptr_bytes = d->machine == 0x14c || d->machine == 0x1c4 ? 4 : 8;
	if (!u->system.present)
		notes_add(&m->notes, E_ABSENT,
			  "no system information: the processor is not known, pointers are taken as 8 bytes", 0);
	else if (!d->machine)
		notes_add(&m->notes, E_UNSUPPORTED, "this processor is not known; pointers are taken as 8 bytes", 0);
}

static err_t open_minidump(struct arena *a, struct dump *d)
{
	struct dump_user *u = NEW(a, struct dump_user);
	struct mdmp m = { .a = a, .file = d->file, .u = u, .notes = { .a = a } };
	// Honest entries do not share their bytes, so the file's size bounds what they decode to.
	m.text_left = MIN((uint64_t)LIMIT_DUMP_TEXT, 2 * (uint64_t)d->file.n + LIMIT_NAME_BYTES);
	m.links_left = d->file.n / 4;
	struct rd r = rd_at(d->file, 4);
	u->version_low = rd_u16(&r);
	u->version_high = rd_u16(&r);
	uint32_t n_streams = rd_u32(&r), dir = rd_u32(&r);
	u->checksum = rd_u32(&r);
	u->timestamp = rd_u32(&r);
	u->flags = rd_u64(&r);
	u->file = d->file;
	if (r.bad)
		return fail(E_CORRUPT, "minidump: cut off inside its header", d->file.n);
	if (u->version_low != VERSION)
		notes_add(&m.notes, E_CORRUPT, "header: the version is not a minidump's", 4);
	TRY(directory(&m, n_streams, dir));
	static void (*const decoders[])(struct mdmp *) = { md_system,  md_misc,     md_threads,   md_exception,
							   md_modules, md_unloaded, md_comments,  md_counters,
							   md_tables,  md_tokens,   md_functions, md_crashpad,
							   md_breakpad };
	for (size_t i = 0; i < ARRAY_LEN(decoders); i++)
		decoders[i](&m);
	d->user = u;
	d->ranges = memory(&m);
	identify(&m, d);
	d->truncated = !ranges_whole(d->ranges);
	for (size_t i = 0; i < u->n_streams; i++)
		d->truncated |= u->streams[i].status == E_ABSENT;
	if (!ranges_whole(d->ranges))
		notes_add(&m.notes, E_ABSENT, "memory: some of the bytes listed lie beyond the end of the file",
			  d->file.n);
	d->notes = m.notes.p;
	d->n_notes = m.notes.n;
	return ok();
}

extern const struct dump_format dump_minidump;
const struct dump_format dump_minidump = { "minidump", probe, open_minidump };
