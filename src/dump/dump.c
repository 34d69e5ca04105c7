// SPDX-License-Identifier: Apache-2.0
// dump.c: which format is this file? The formats of dump/LIST are tried in order; a file that is none of
// them is named when it is something that people mistake for a dump.
#include "base/limits.h"
#include "base/str.h"
#include "dump/dump_int.h"

#include <string.h>

void notes_add(struct dump_notes *n, enum err_code code, const char *what, uint64_t at)
{
	if (n->n >= LIMIT_NOTES)
		return;
	if (n->n == n->cap) {
		size_t cap = n->cap ? n->cap * 2 : 8;
		struct dump_note *p = NEW_N(n->a, struct dump_note, cap);
		if (n->n)
			memcpy(p, n->p, n->n * sizeof(*p));
		n->p = p;
		n->cap = cap;
	}
	bool last = n->n == LIMIT_NOTES - 1;
	n->p[n->n++] = last ? (struct dump_note){ E_LIMIT, "more is wrong with this file than is listed", at }
			    : (struct dump_note){ code, what, at };
}

void notes_about(struct dump_notes *n, enum err_code code, const char *subject, const char *text, uint64_t at)
{
	if (n->n < LIMIT_NOTES)
		notes_add(n, code, arena_printf(n->a, "%s: %s", subject, text), at);
}

// What a file is by its first bytes, when it is no dump that we open.
static const struct magic {
	const char *bytes;
	uint8_t n;
	const char *what;
} magics[] = {
	{ "PMDM", 4, "minidump of a big-endian machine: not supported" },
	{ "\x7f"
	  "ELF",
	  4, "ELF file, not a Windows dump" },
	{ "Microsoft C/C++ MSF 7.00\r\n\x1a"
	  "DS",
	  29, "symbol file (PDB), not a dump" },
	{ "Microsoft C/C++ program database 2.00", 37, "symbol file (PDB 2.00), not a dump" },
	{ "BSJB", 4, "symbol file (portable PDB), not a dump" },
	{ "MZ", 2, "program or DLL (PE image), not a dump" },
	{ "MSCF", 4, "cabinet archive: unpack the dump first" },
	{ "PK\x03\x04", 4, "zip archive: unpack the dump first" },
	{ "\x1f\x8b", 2, "gzip archive: unpack the dump first" },
	{ "\xfd"
	  "7zXZ\0",
	  6, "xz archive: unpack the dump first" },
	{ "7z\xbc\xaf\x27\x1c", 6, "7-Zip archive: unpack the dump first" },
	{ "\x28\xb5\x2f\xfd", 4, "zstd archive: unpack the dump first" },
	{ "HIBR", 4, "hibernation file: not supported" },
	{ "hibr", 4, "hibernation file: not supported" },
	{ "RSTR", 4, "hibernation file: not supported" },
	{ "\xd2\xbe\xd2\xbe", 4, "VMware snapshot state: not supported" },
	{ "EMiL", 4, "LiME memory image: not supported" },
	{ "\xcf\xfa\xed\xfe", 4, "Mach-O file, not a Windows dump" },
	{ "!<arch>\n", 8, "library archive, not a dump" },
	{ "%PDF", 4, "PDF document, not a dump" },
	{ "\xff\xfe", 2, "text (UTF-16), not a dump" },
};

static bool has(struct span f, uint64_t at, const char *bytes, size_t n)
{
	struct span s = span_sub(f, at, n);
	return s.n == n && memcmp(s.p, bytes, n) == 0;
}

static bool is_text(struct span f)
{
	struct span head = span_clip(f, 0, 512);
	for (size_t i = 0; i < head.n; i++) {
		uint8_t c = head.p[i];
		if (c == 0x7f || (c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != 0x1b))
			return false;
	}
	return head.n > 0;
}

static bool is_zero(struct span f)
{
	struct span head = span_clip(f, 0, 4096);
	for (size_t i = 0; i < head.n; i++)
		if (head.p[i])
			return false;
	return true;
}

static err_t not_a_dump(struct arena *a, struct span f)
{
	enum { E_TYPE = 16, ET_CORE = 4 };
	if (!f.n)
		return fail(E_CORRUPT, "the file is empty", 0);
	if (has(f, 0,
		"\x7f"
		"ELF",
		4) &&
	    has(f, E_TYPE, (const char[]){ ET_CORE, 0 }, 2))
		return fail(E_UNSUPPORTED, "ELF core dump (Linux), not a Windows dump", 0);
	for (size_t i = 0; i < ARRAY_LEN(magics); i++)
		if (has(f, 0, magics[i].bytes, magics[i].n))
			return fail(E_UNSUPPORTED, magics[i].what, 0);
	if (is_zero(f))
		return fail(E_CORRUPT, "not a dump: the file begins with zeros", 0);
	if (is_text(f))
		return fail(E_UNSUPPORTED, "text, not a dump", 0);
	struct sb s = sb_new(a);
	sb_add(&s, "not a dump: the file begins with the bytes");
	for (size_t i = 0; i < MIN(f.n, (size_t)8); i++)
		sb_printf(&s, " %02x", f.p[i]);
	return fail(E_CORRUPT, sb_str(&s), 0);
}

bool dump_exception_decode(struct span b, unsigned ptr_bytes, struct dump_exception *ret)
{
	bool wide = ptr_bytes == 8;
	struct rd r = rd_at(b, 0);
	*ret = (struct dump_exception){ .code = rd_u32(&r) };
	ret->flags = rd_u32(&r);
	ret->record = wide ? rd_u64(&r) : rd_u32(&r);
	ret->address = wide ? rd_u64(&r) : rd_u32(&r);
	ret->n_claimed = rd_u32(&r);
	rd_skip(&r, wide ? 4 : 0);
	if (r.bad) {
		*ret = (struct dump_exception){ 0 };
		return false;
	}
	ret->present = true;
	ret->n_params = MIN(ret->n_claimed, (uint32_t)ARRAY_LEN(ret->params));
	for (uint32_t i = 0; i < ARRAY_LEN(ret->params) && rd_left(&r) >= ptr_bytes; i++)
		ret->params[i] = wide ? rd_u64(&r) : rd_u32(&r);
	return b.n >= (wide ? 0x20u : 0x14u) + (size_t)ret->n_params * ptr_bytes;
}

err_t dump_open(struct arena *a, const char *path, struct span file, struct dump **ret)
{
	for (size_t i = 0; dump_formats[i]; i++) {
		if (!dump_formats[i]->probe(file))
			continue;
		struct dump *d = NEW(a, struct dump);
		d->path = arena_strdup(a, path);
		d->file = file;
		d->format = dump_formats[i];
		TRY(d->format->open(a, d));
		*ret = d;
		return ok();
	}
	return not_a_dump(a, file);
}
