// SPDX-License-Identifier: Apache-2.0
#include "pe/pe.h"
#include "make/mk_pe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
	struct arena *a;
	uint8_t file[MK_PE_SIZE];
};

static struct fixture *make(uint16_t machine)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->a = arena_new(64 << 20);
	mk_pe(f->file, machine);
	return f;
}

static struct pe *open_file(struct fixture *f)
{
	struct pe *pe = NULL;
	assert_int_equal(pe_open_file(f->a, (struct span){ f->file, sizeof(f->file) }, &pe).code, OK);
	return pe;
}

static void drop(struct fixture *f)
{
	arena_free(f->a);
	free(f);
}

static void headers_and_sections(void **state)
{
	(void)state;
	struct fixture *f = make(0x14c);
	struct pe *pe = open_file(f);
	assert_int_equal(pe->opt_magic, 0x10b);
	assert_int_equal(pe->image_base, 0x400000);
	assert_int_equal(pe->size_of_image, 0x5000);
	assert_int_equal(pe->n_sections, 1);
	assert_string_equal(pe->sections[0].name, ".all");
	assert_true(pe_is_executable(pe, 0x1000));
	assert_false(pe_is_executable(pe, 0x400));
	assert_null(pe_section_at(pe, 0x4800));
	drop(f);

	f = make(0x8664);
	pe = open_file(f);
	assert_int_equal(pe->image_base, 0x140000000);
	assert_int_equal(pe->timestamp, 0x5eadbeef);
	drop(f);
}

static void file_reads_as_the_loader_maps(void **state)
{
	(void)state;
	struct fixture *f = make(0x8664);
	*mk_rva(f->file, 0x1000) = 0xaa;
	f->file[MK_PE_SIZE - 1] = 0xbb;
	struct pe *pe = open_file(f);
	uint8_t b[0x4000];
	assert_true(pe_read_all(pe, 0x1000, b, 1));
	assert_int_equal(b[0], 0xaa);
	// File bytes, then zeroes to the end of the last page, then nothing.
	assert_int_equal(pe_read(pe, 0x3fff, b, sizeof(b)), 0x1001);
	assert_int_equal(b[0], 0xbb);
	assert_int_equal(b[1], 0);
	assert_int_equal(pe_read(pe, 0x5000, b, 1), 0);
	// Headers run into nothing at SizeOfHeaders.
	assert_int_equal(pe_read(pe, 0x3fe, b, 8), 2);
	// A file cut short in the section: the rest is absent, not zero.
	struct pe *cut;
	assert_int_equal(pe_open_file(f->a, (struct span){ f->file, MK_PE_RAW + 0x10 }, &cut).code, OK);
	assert_int_equal(pe_read(cut, 0x1008, b, 0x20), 8);
	drop(f);
}

static size_t hole_read(void *ctx, uint32_t rva, void *buf, size_t n)
{
	struct span *s = ctx; // identity mapping that ends with the span
	struct span part = span_clip(*s, rva, n);
	if (part.n)
		memcpy(buf, part.p, part.n);
	return part.n;
}

static void absent_and_corrupt_differ(void **state)
{
	(void)state;
	struct fixture *f = make(0x8664);
	struct pe *pe;
	struct span s = { f->file, 0 };
	assert_int_equal(pe_open(f->a, hole_read, &s, &pe).code, E_ABSENT);
	s.n = 0x90;
	assert_int_equal(pe_open(f->a, hole_read, &s, &pe).code, E_ABSENT);
	s.n = 0x300;
	assert_int_equal(pe_open(f->a, hole_read, &s, &pe).code, OK);
	assert_int_equal(pe->n_sections, 1);
	f->file[0x80] = 'X';
	assert_int_equal(pe_open(f->a, hole_read, &s, &pe).code, E_CORRUPT);
	f->file[0] = 'X';
	assert_int_equal(pe_open(f->a, hole_read, &s, &pe).code, E_CORRUPT);
	drop(f);
}

static void exports(void **state)
{
	(void)state;
	struct fixture *f = make(0x8664);
	mk_dir(f->file, PE_EXPORT, 0x2000, 0x200);
	uint8_t *d = mk_rva(f->file, 0x2000);
	mk_put(d + 12, 0x2100, 4);
	mk_put(d + 16, 5, 4);
	mk_put(d + 20, 4, 4); // functions: code, forwarder, unused, by ordinal
	mk_put(d + 24, 2, 4);
	mk_put(d + 28, 0x2040, 4);
	mk_put(d + 32, 0x2060, 4);
	mk_put(d + 36, 0x2070, 4);
	mk_put(mk_rva(f->file, 0x2040), 0x1500, 4);
	mk_put(mk_rva(f->file, 0x2044), 0x2120, 4);
	mk_put(mk_rva(f->file, 0x204c), 0x1400, 4);
	mk_put(mk_rva(f->file, 0x2060), 0x2110, 4);
	mk_put(mk_rva(f->file, 0x2064), 0x2118, 4);
	mk_put(mk_rva(f->file, 0x2070), 0, 2);
	mk_put(mk_rva(f->file, 0x2072), 1, 2);
	memcpy(mk_rva(f->file, 0x2100), "a.dll", 6);
	memcpy(mk_rva(f->file, 0x2110), "alpha", 6);
	memcpy(mk_rva(f->file, 0x2118), "beta", 5);
	memcpy(mk_rva(f->file, 0x2120), "B.gamma", 8);
	struct pe_exports x;
	assert_int_equal(pe_exports(f->a, open_file(f), &x).code, OK);
	assert_int_equal(x.n, 3);
	assert_int_equal(x.n_code, 2);
	assert_false(x.partial);
	assert_string_equal(x.dll_name, "a.dll");
	assert_null(x.by_rva[0].name);
	assert_int_equal(x.by_rva[0].ordinal, 8);
	assert_string_equal(x.by_rva[1].name, "alpha");
	assert_int_equal(x.by_rva[1].rva, 0x1500);
	assert_string_equal(x.by_rva[2].forward, "B.gamma");
	// A name table that runs out of the image leaves what is there.
	mk_put(d + 32, 0x4ffc, 4);
	assert_int_equal(pe_exports(f->a, open_file(f), &x).code, OK);
	assert_true(x.partial);
	assert_int_equal(x.n, 3);
	// Counts that no image can hold.
	mk_put(d + 20, 0xffffffff, 4);
	mk_put(d + 24, 0xffffffff, 4);
	assert_int_equal(pe_exports(f->a, open_file(f), &x).code, OK);
	assert_true(x.partial);
	drop(f);
}

static void debug_directory(void **state)
{
	(void)state;
	struct fixture *f = make(0x8664);
	mk_dir(f->file, PE_DEBUG, 0x2000, 56);
	uint8_t *d = mk_rva(f->file, 0x2000);
	mk_put(d + 12, 2, 4);
	mk_put(d + 16, 30, 4);
	mk_put(d + 20, 0x2100, 4);
	mk_put(d + 28 + 12, 16, 4);
	memcpy(mk_rva(f->file, 0x2100), "RSDS", 4);
	struct pe *pe = open_file(f);
	const struct pe_debug *list;
	size_t n;
	struct span cv;
	assert_int_equal(pe_debug_dirs(f->a, pe, &list, &n).code, OK);
	assert_int_equal(n, 2);
	assert_string_equal(pe_debug_type_name(list[1].type), "REPRO");
	assert_string_equal(pe_debug_type_name(99), "?");
	assert_true(pe_is_reproducible(pe));
	assert_int_equal(pe_codeview(f->a, pe, &cv).code, OK);
	assert_int_equal(cv.n, 30);
	assert_memory_equal(cv.p, "RSDS", 4);
	// No RVA: the record is found by its file offset.
	mk_put(d + 20, 0, 4);
	mk_put(d + 24, MK_PE_RAW + 0x1100, 4);
	assert_int_equal(pe_codeview(f->a, pe, &cv).code, OK);
	assert_memory_equal(cv.p, "RSDS", 4);
	mk_put(d + 20, 0x4ff8, 4);
	assert_int_equal(pe_codeview(f->a, pe, &cv).code, E_ABSENT);
	drop(f);
}

// One version block; returns its end. Lengths are patched by the caller when there are children.
static size_t block(uint8_t *p, size_t at, const char *key, const void *value, size_t n, int text)
{
	size_t k = at + 6;
	mk_put(p + at + 2, text ? n / 2 : n, 2);
	mk_put(p + at + 4, text ? 1 : 0, 2);
	for (; *key; key++, k += 2)
		mk_put(p + k, (uint8_t)*key, 2);
	k = (k + 2 + 3) & ~(size_t)3;
	if (n)
		memcpy(p + k, value, n);
	mk_put(p + at, k + n - at, 2);
	return (k + n + 3) & ~(size_t)3;
}

static void version(void **state)
{
	(void)state;
	struct fixture *f = make(0x14c);
	mk_dir(f->file, PE_RESOURCE, 0x2000, 0x800);
	uint8_t *d = mk_rva(f->file, 0x2000);
	for (unsigned level = 0; level < 3; level++) { // directories at 0, 0x20, 0x40; the data entry at 0x60
		mk_put(d + level * 0x20 + 14, 1, 2);
		mk_put(d + level * 0x20 + 16, level ? 1 : 16, 4);
		mk_put(d + level * 0x20 + 20, level < 2 ? 0x80000000u + (level + 1) * 0x20 : 0x60, 4);
	}
	mk_put(d + 0x60, 0x2100, 4);
	mk_put(d + 0x64, 0x400, 4);
	uint8_t *v = mk_rva(f->file, 0x2100), fixed[52] = { 0xbd, 0x04, 0xef, 0xfe };
	mk_put(fixed + 8, 0x0a0000, 4);
	size_t sfi = block(v, 0, "VS_VERSION_INFO", fixed, sizeof(fixed), 0);
	size_t table = block(v, sfi, "StringFileInfo", NULL, 0, 1);
	size_t one = block(v, table, "040904b0", NULL, 0, 1);
	size_t two = block(v, one, "CompanyName", "A\0B\0\0\0", 6, 1);
	size_t vfi = block(v, two, "FileVersion", "1\0\0\0", 4, 1);
	mk_put(v + sfi, vfi - sfi, 2);
	mk_put(v + table, vfi - table, 2);
	size_t var = block(v, vfi, "VarFileInfo", NULL, 0, 1);
	size_t end = block(v, var, "Translation", "\x09\x04\xb0\x04", 4, 0);
	mk_put(v + vfi, end - vfi, 2);
	mk_put(v, end, 2);
	struct pe_version got;
	struct pe *pe = open_file(f);
	assert_int_equal(pe_version(f->a, pe, &got).code, OK);
	assert_true(got.has_fixed);
	assert_int_equal(got.fixed[2], 0x0a0000);
	assert_int_equal(got.n_strings, 2);
	assert_string_equal(got.strings[0].key, "CompanyName");
	assert_string_equal(got.strings[0].value, "AB");
	assert_string_equal(got.strings[1].value, "1");
	assert_int_equal(got.n_translations, 1);
	assert_int_equal(got.translations[0], 0x04b00409);
	// A tree that leads back to itself ends at the third level.
	mk_put(d + 0x40 + 20, 0x80000000u, 4);
	assert_int_equal(pe_version(f->a, pe, &got).code, E_ABSENT);
	drop(f);
}

static unsigned pages_touched;
static size_t counting_read(void *ctx, uint32_t rva, void *buf, size_t n)
{
	static uint32_t last;
	if (rva >> 12 != last) {
		pages_touched++;
		last = rva >> 12;
	}
	uint8_t *file = ctx;
	if (rva < MK_PE_RAW)
		return hole_read(&(struct span){ file, MK_PE_RAW }, rva, buf, n);
	if (rva < 0x100000 || n != 12)
		return 0;
	uint32_t i = (rva - 0x100000) / 12; // an endless table of 16-byte functions
	mk_put(buf, 0x4000000 + i * 16, 4);
	mk_put((uint8_t *)buf + 4, 0x4000000 + i * 16 + 12, 4);
	mk_put((uint8_t *)buf + 8, 0x2000, 4);
	return 12;
}

static void function_table(void **state)
{
	(void)state;
	struct fixture *f = make(0x8664);
	mk_dir(f->file, PE_EXCEPTION, 0x100000, 12 * 1000000);
	mk_put(f->file + 0x80 + 24 + 56, 0x10000000, 4);
	struct pe *pe;
	struct pe_function fn;
	assert_int_equal(pe_open(f->a, counting_read, f->file, &pe).code, OK);
	assert_int_equal(pe_function_count(pe), 1000000);
	pages_touched = 0;
	assert_int_equal(pe_function_at(pe, 0x4000000 + 777777 * 16 + 5, &fn).code, OK);
	assert_int_equal(fn.begin, 0x4000000 + 777777 * 16);
	assert_true(pages_touched <= 20);
	assert_int_equal(pe_function_at(pe, 0x4000000 + 777777 * 16 + 12, &fn).code, E_NOTFOUND);
	assert_int_equal(pe_function_at(pe, 0x3ffffff, &fn).code, E_NOTFOUND);
	assert_int_equal(pe_function_get(pe, 1000000, &fn).code, E_NOTFOUND);
	drop(f);
}

static void indirect_entries(void **state)
{
	(void)state;
	struct fixture *f = make(0x8664);
	mk_dir(f->file, PE_EXCEPTION, 0x2000, 24);
	uint8_t *d = mk_rva(f->file, 0x2000);
	mk_put(d, 0x1000, 4);
	mk_put(d + 4, 0x1010, 4);
	mk_put(d + 8, 0x200d, 4); // the data of the second entry
	mk_put(d + 12, 0x1010, 4);
	mk_put(d + 16, 0x1020, 4);
	mk_put(d + 20, 0x3000, 4);
	struct pe *pe = open_file(f);
	struct pe_function fn;
	assert_int_equal(pe_function_at(pe, 0x1004, &fn).code, OK);
	assert_int_equal(fn.begin, 0x1000);
	assert_int_equal(fn.unwind, 0x3000);
	assert_true(fn.indirect);
	mk_put(d + 20, 0x2001, 4); // each leads to the other
	assert_int_equal(pe_function_at(pe, 0x1004, &fn).code, E_CORRUPT);
	mk_put(d + 20, 0x5001, 4);
	assert_int_equal(pe_function_at(pe, 0x1004, &fn).code, E_ABSENT);
	drop(f);
}

static void arm64_lengths(void **state)
{
	(void)state;
	struct fixture *f = make(0xaa64);
	mk_dir(f->file, PE_EXCEPTION, 0x2000, 24);
	uint8_t *d = mk_rva(f->file, 0x2000);
	mk_put(d, 0x1000, 4);
	mk_put(d + 4, 1 | 8 << 2, 4); // packed, 8 instructions
	mk_put(d + 8, 0x1020, 4);
	mk_put(d + 12, 0x3000, 4); // .xdata: 4 instructions
	mk_put(mk_rva(f->file, 0x3000), 4, 4);
	mk_put(d + 16, 0x1100, 4);
	mk_put(d + 20, 3, 4);
	struct pe *pe = open_file(f);
	struct pe_function fn;
	assert_int_equal(pe_function_at(pe, 0x101c, &fn).code, OK);
	assert_int_equal(fn.end, 0x1020);
	assert_int_equal(pe_function_at(pe, 0x102c, &fn).code, OK);
	assert_int_equal(fn.end, 0x1030);
	assert_int_equal(pe_function_at(pe, 0x1030, &fn).code, E_NOTFOUND);
	assert_int_equal(pe_function_at(pe, 0x1100, &fn).code, E_UNSUPPORTED);
	drop(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_and_sections),
		cmocka_unit_test(file_reads_as_the_loader_maps),
		cmocka_unit_test(absent_and_corrupt_differ),
		cmocka_unit_test(exports),
		cmocka_unit_test(debug_directory),
		cmocka_unit_test(version),
		cmocka_unit_test(function_table),
		cmocka_unit_test(indirect_entries),
		cmocka_unit_test(arm64_lengths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
