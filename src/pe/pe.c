// SPDX-License-Identifier: Apache-2.0
// pe.c: headers and sections, and the mapping of a file's bytes to the addresses the loader gives them.
// Format: Microsoft's "PE Format" page (MicrosoftDocs/win32, debug/pe-format.md).
#include "pe/pe_int.h"

#include <string.h>

enum {
	DOS_HEADER_SIZE = 0x40,
	FILE_HEADER_SIZE = 24, // "PE\0\0" and IMAGE_FILE_HEADER
	SECTION_SIZE = 40,
	OPT_MAX = 0xf0, // the whole IMAGE_OPTIONAL_HEADER64
	PAGE = 0x1000,
	SECTOR = 0x200,
	SCN_MEM_EXECUTE = 0x20000000,
};

size_t pe_read(const struct pe *pe, uint32_t rva, void *buf, size_t n)
{
	uint64_t room = ((uint64_t)1 << 32) - rva;
	return n ? pe->read(pe->ctx, rva, buf, (size_t)MIN(n, room)) : 0;
}

bool pe_read_all(const struct pe *pe, uint32_t rva, void *buf, size_t n)
{
	return pe_read(pe, rva, buf, n) == n;
}

const uint8_t *pe_window_get(struct pe_window *w, uint64_t rva, size_t n)
{
	if (rva > UINT32_MAX || n > sizeof(w->buf))
		return NULL;
	if (rva < w->rva || !in_range(rva - w->rva, n, w->n)) {
		w->rva = (uint32_t)rva;
		w->n = pe_read(w->pe, w->rva, w->buf, sizeof(w->buf));
		if (w->n < n)
			return NULL;
	}
	return w->buf + (rva - w->rva);
}

const char *pe_string(struct arena *a, struct pe_window *w, uint64_t rva)
{
	char text[LIMIT_PE_NAME];
	for (size_t i = 0; i < sizeof(text); i++) {
		const uint8_t *p = pe_window_get(w, rva + i, 1);
		if (!p)
			return NULL;
		text[i] = (char)*p;
		if (!*p)
			return bytes_to_utf8(a, (struct span){ (const uint8_t *)text, i });
	}
	return NULL;
}

const struct pe_section *pe_section_at(const struct pe *pe, uint32_t rva)
{
	for (size_t i = 0; i < pe->n_sections; i++) {
		const struct pe_section *s = &pe->sections[i];
		if (rva >= s->va && rva - s->va < (s->vsize ? s->vsize : s->raw_size))
			return s;
	}
	return NULL;
}

bool pe_is_executable(const struct pe *pe, uint32_t rva)
{
	const struct pe_section *s = pe_section_at(pe, rva);
	return s && s->flags & SCN_MEM_EXECUTE;
}

// ---- headers
static void optional_header(struct pe *pe, struct rd *r)
{
	bool wide = pe->opt_magic == 0x20b;
	pe->linker_major = rd_u8(r);
	pe->linker_minor = rd_u8(r);
	pe->size_of_code = rd_u32(r);
	pe->size_of_init_data = rd_u32(r);
	pe->size_of_uninit_data = rd_u32(r);
	pe->entry = rd_u32(r);
	pe->base_of_code = rd_u32(r);
	pe->base_of_data = wide ? 0 : rd_u32(r);
	pe->image_base = wide ? rd_u64(r) : rd_u32(r);
	pe->section_alignment = rd_u32(r);
	pe->file_alignment = rd_u32(r);
	pe->os_major = rd_u16(r);
	pe->os_minor = rd_u16(r);
	pe->image_major = rd_u16(r);
	pe->image_minor = rd_u16(r);
	pe->subsystem_major = rd_u16(r);
	pe->subsystem_minor = rd_u16(r);
	pe->win32_version = rd_u32(r);
	pe->size_of_image = rd_u32(r);
	pe->size_of_headers = rd_u32(r);
	pe->checksum = rd_u32(r);
	pe->subsystem = rd_u16(r);
	pe->dll_characteristics = rd_u16(r);
	pe->stack_reserve = wide ? rd_u64(r) : rd_u32(r);
	pe->stack_commit = wide ? rd_u64(r) : rd_u32(r);
	pe->heap_reserve = wide ? rd_u64(r) : rd_u32(r);
	pe->heap_commit = wide ? rd_u64(r) : rd_u32(r);
	pe->loader_flags = rd_u32(r);
	pe->n_dirs = rd_u32(r);
}

// Only the directories that NumberOfRvaAndSizes and SizeOfOptionalHeader both cover are there.
static void data_dirs(struct pe *pe, struct rd *r)
{
	size_t room = pe->opt_size > r->pos ? (pe->opt_size - r->pos) / 8 : 0;
	size_t n = MIN(MIN((size_t)pe->n_dirs, room), (size_t)PE_NDIRS);
	for (size_t i = 0; i < n && rd_left(r) >= 8; i++) {
		pe->dirs[i].rva = rd_u32(r);
		pe->dirs[i].size = rd_u32(r);
	}
}

static void section_table(struct arena *a, struct pe *pe, uint64_t rva)
{
	size_t want = MIN((size_t)pe->n_sections, (size_t)LIMIT_PE_SECTIONS), n = 0;
	struct pe_section *s = NEW_N(a, struct pe_section, want ? want : 1);
	struct pe_window w = { .pe = pe };
	for (; n < want; n++) {
		const uint8_t *p = pe_window_get(&w, rva + n * SECTION_SIZE, SECTION_SIZE);
		if (!p)
			break;
		memcpy(s[n].name, p, 8);
		s[n].vsize = (uint32_t)le_get(p + 8, 4);
		s[n].va = (uint32_t)le_get(p + 12, 4);
		s[n].raw_size = (uint32_t)le_get(p + 16, 4);
		s[n].raw = (uint32_t)le_get(p + 20, 4);
		s[n].flags = (uint32_t)le_get(p + 36, 4);
	}
	pe->sections = s;
	pe->n_sections = (uint16_t)n;
}

static err_t read_headers(struct arena *a, struct pe *pe)
{
	uint8_t dos[DOS_HEADER_SIZE], nt[FILE_HEADER_SIZE], opt[OPT_MAX];
	size_t got = pe_read(pe, 0, dos, sizeof(dos));
	if (!got)
		return fail(E_ABSENT, "image headers", 0);
	if (got < 2 || dos[0] != 'M' || dos[1] != 'Z')
		return fail(E_CORRUPT, "DOS header of an image", 0);
	if (got < sizeof(dos))
		return fail(E_ABSENT, "DOS header of an image", got);
	pe->nt_offset = (uint32_t)le_get(dos + 0x3c, 4);
	got = pe_read(pe, pe->nt_offset, nt, sizeof(nt));
	if (got >= 4 && memcmp(nt, "PE\0\0", 4) != 0)
		return fail(E_CORRUPT, "PE signature", pe->nt_offset);
	if (got < sizeof(nt))
		return fail(E_ABSENT, "PE header", (uint64_t)pe->nt_offset + got);
	struct rd r = rd_at((struct span){ nt, sizeof(nt) }, 4);
	pe->machine = rd_u16(&r);
	pe->n_sections = rd_u16(&r);
	pe->timestamp = rd_u32(&r);
	pe->symtab = rd_u32(&r);
	pe->n_syms = rd_u32(&r);
	pe->opt_size = rd_u16(&r);
	pe->characteristics = rd_u16(&r);
	uint64_t at = (uint64_t)pe->nt_offset + FILE_HEADER_SIZE;
	if (at > UINT32_MAX)
		return fail(E_CORRUPT, "offset of the PE header", pe->nt_offset);
	got = pe_read(pe, (uint32_t)at, opt, sizeof(opt));
	r = rd_at((struct span){ opt, got }, 0);
	pe->opt_magic = rd_u16(&r);
	if (!r.bad && pe->opt_magic != 0x10b && pe->opt_magic != 0x20b)
		return fail(E_CORRUPT, "magic of the optional header", at);
	optional_header(pe, &r);
	if (r.bad)
		return fail(E_ABSENT, "optional header", at + got);
	data_dirs(pe, &r);
	section_table(a, pe, at + pe->opt_size);
	return ok();
}

err_t pe_open(struct arena *a, pe_read_fn *read, void *ctx, struct pe **ret)
{
	struct pe *pe = NEW(a, struct pe);
	pe->read = read;
	pe->ctx = ctx;
	TRY(read_headers(a, pe));
	*ret = pe;
	return ok();
}

// ---- a file laid out as the loader does
struct pe_file {
	struct span bytes;
	const struct pe *pe; // NULL while the headers are being read: offsets are RVAs there
};

static size_t take(struct span file, uint64_t off, void *buf, size_t n)
{
	struct span s = span_clip(file, off, n);
	if (s.n)
		memcpy(buf, s.p, s.n);
	return s.n;
}

// The bytes of one section from `off` on: file bytes first, then the zeroes up to the end of the section's
// last page. A section whose bytes the file does not hold (cut short) ends there.
static size_t read_section(struct span file, const struct pe_section *s, uint32_t off, uint8_t *buf, size_t n)
{
	// The loader ignores the low bits of PointerToRawData and maps whole pages.
	uint64_t raw = s->raw & ~(uint32_t)(SECTOR - 1);
	uint64_t mapped = ((uint64_t)(s->vsize ? s->vsize : s->raw_size) + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	uint64_t from_file = s->raw ? MIN((uint64_t)s->raw_size, mapped) : 0;
	size_t got = 0;
	if (off < from_file) {
		size_t want = (size_t)MIN(n, from_file - off);
		got = take(file, raw + off, buf, want);
		if (got < want)
			return got;
	}
	if (off + got < mapped) {
		size_t zero = (size_t)MIN(n - got, mapped - off - got);
		memset(buf + got, 0, zero);
		got += zero;
	}
	return got;
}

static size_t file_read_some(const struct pe_file *f, uint32_t rva, uint8_t *buf, size_t n)
{
	for (size_t i = 0; i < f->pe->n_sections; i++) {
		const struct pe_section *s = &f->pe->sections[i];
		if (rva < s->va)
			continue;
		size_t got = read_section(f->bytes, s, rva - s->va, buf, n);
		if (got)
			return got;
	}
	if (rva < f->pe->size_of_headers)
		return take(f->bytes, rva, buf, MIN(n, (size_t)(f->pe->size_of_headers - rva)));
	return 0;
}

static size_t file_read(void *ctx, uint32_t rva, void *buf, size_t n)
{
	const struct pe_file *f = ctx;
	if (!f->pe)
		return take(f->bytes, rva, buf, n);
	size_t done = 0;
	while (done < n && rva + (uint64_t)done <= UINT32_MAX) {
		size_t got = file_read_some(f, (uint32_t)(rva + done), (uint8_t *)buf + done, n - done);
		if (!got)
			break;
		done += got;
	}
	return done;
}

err_t pe_open_file(struct arena *a, struct span file, struct pe **ret)
{
	struct pe_file *f = NEW(a, struct pe_file);
	f->bytes = file;
	struct pe *pe;
	TRY(pe_open(a, file_read, f, &pe));
	f->pe = pe;
	*ret = pe;
	return ok();
}

struct span pe_file_bytes(const struct pe *pe, uint32_t off, uint32_t n)
{
	if (pe->read != file_read)
		return (struct span){ NULL, 0 };
	const struct pe_file *f = pe->ctx;
	return span_sub(f->bytes, off, n);
}

struct span pe_file_from(const struct pe *pe, uint32_t off)
{
	if (pe->read != file_read)
		return (struct span){ NULL, 0 };
	const struct pe_file *f = pe->ctx;
	return span_clip(f->bytes, off, SIZE_MAX);
}
