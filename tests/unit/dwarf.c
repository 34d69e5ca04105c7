// SPDX-License-Identifier: Apache-2.0
// Sections that lie, written by hand: loops of references, numbers without an end, code that overlaps. What foreign
// tools read, tests/judges/dwarf.py compares.
#include "dwarf/dwarf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BASE = 0x10000, SIZE = 0x10000, ROOM = 4096 };

struct bytes {
	uint8_t p[ROOM];
	size_t n;
};

static void put(struct bytes *b, unsigned width, uint64_t v)
{
	assert_true(b->n + width <= ROOM);
	for (unsigned i = 0; i < width; i++)
		b->p[b->n++] = (uint8_t)(v >> (8 * i));
}

static void put_all(struct bytes *b, const char *list, size_t n)
{
	assert_true(b->n + n <= ROOM);
	memcpy(b->p + b->n, list, n);
	b->n += n;
}
#define PUT(b, text) put_all((b), (text), sizeof(text) - 1)

struct image {
	struct arena *a;
	struct bytes s[DWARF_SECTIONS];
	size_t unit; // where the open unit's length stands
	struct dwarf *d;
};

// Abbreviations: 1 unit {low_pc addr, high_pc data4, stmt_list sec_offset}, 2 function {name string, low_pc addr,
// high_pc data4}, 3 function {specification ref4, low_pc, high_pc}, 4 inlined {abstract_origin ref4, low_pc, high_pc,
// call_line data1}, 5 function with children, as 2, 6 function {ranges sec_offset, name string}.
static void abbreviations(struct image *m)
{
	struct bytes *b = &m->s[DWARF_ABBREV];
	PUT(b, "\x01\x11\x01\x11\x01\x12\x06\x10\x17\0\0");
	PUT(b, "\x02\x2e\0\x03\x08\x11\x01\x12\x06\0\0");
	PUT(b, "\x03\x2e\0\x47\x13\x11\x01\x12\x06\0\0");
	PUT(b, "\x04\x1d\x01\x31\x13\x11\x01\x12\x06\x59\x0b\0\0");
	PUT(b, "\x05\x2e\x01\x03\x08\x11\x01\x12\x06\0\0");
	PUT(b, "\x06\x2e\0\x55\x17\x03\x08\0\0");
	PUT(b, "\0");
}

static struct image *image(void)
{
	struct image *m = calloc(1, sizeof(*m));
	assert_non_null(m);
	m->a = arena_new(16 << 20);
	abbreviations(m);
	return m;
}

static void unit(struct image *m, uint32_t low, uint32_t size)
{
	struct bytes *b = &m->s[DWARF_INFO];
	m->unit = b->n;
	put(b, 4, 0);
	put(b, 2, 4);
	put(b, 4, 0);
	put(b, 1, 4);
	put(b, 1, 1);
	put(b, 4, low);
	put(b, 4, size);
	put(b, 4, 0);
}

static void function(struct image *m, unsigned abbrev, const char *name, uint32_t low, uint32_t size)
{
	struct bytes *b = &m->s[DWARF_INFO];
	put(b, 1, abbrev);
	put_all(b, name, strlen(name) + 1);
	put(b, 4, low);
	put(b, 4, size);
}

static void refers(struct image *m, unsigned abbrev, uint32_t to, uint32_t low, uint32_t size)
{
	struct bytes *b = &m->s[DWARF_INFO];
	put(b, 1, abbrev);
	put(b, 4, to);
	put(b, 4, low);
	put(b, 4, size);
}

static void end_unit(struct image *m)
{
	struct bytes *b = &m->s[DWARF_INFO];
	put(b, 1, 0);
	size_t n = b->n - m->unit - 4;
	for (unsigned i = 0; i < 4; i++)
		b->p[m->unit + i] = (uint8_t)(n >> (8 * i));
}

static struct dwarf *opened(struct image *m)
{
	struct span s[DWARF_SECTIONS];
	for (size_t i = 0; i < DWARF_SECTIONS; i++)
		s[i] = (struct span){ m->s[i].p, m->s[i].n };
	assert_int_equal(dwarf_open(m->a, s, BASE, SIZE, &m->d).code, OK);
	return m->d;
}

static void drop(struct image *m)
{
	arena_free(m->a);
	free(m);
}

static void names(void **state)
{
	(void)state;
	struct image *m = image();
	struct dwarf_symbol s;
	unit(m, BASE + 0x100, 0x100);
	function(m, 2, "first", BASE + 0x100, 0x10);
	function(m, 2, "second", BASE + 0x120, 0x20);
	function(m, 2, "dropped", 0, 0x20);
	end_unit(m);
	struct dwarf *d = opened(m);
	assert_true(dwarf_function_at(d, 0x10f, &s));
	assert_string_equal(s.name, "first");
	assert_int_equal(s.rva, 0x100);
	assert_false(dwarf_function_at(d, 0x110, &s));
	assert_true(dwarf_function_below(d, 0x118, &s));
	assert_string_equal(s.name, "first");
	assert_int_equal(dwarf_next_rva(d, 0x110), 0x120);
	assert_int_equal(dwarf_next_rva(d, 0x120), 0);
	assert_false(dwarf_function_at(d, 0, &s)); // what the linker dropped
	assert_int_equal(dwarf_damage(d).code, OK);
	drop(m);
}

static void references_in_a_loop(void **state)
{
	(void)state;
	struct image *m = image();
	struct dwarf_symbol s;
	unit(m, BASE + 0x100, 0x100);
	uint32_t here = (uint32_t)(m->s[DWARF_INFO].n - m->unit);
	refers(m, 3, here, BASE + 0x100, 0x10); // itself
	uint32_t next = (uint32_t)(m->s[DWARF_INFO].n - m->unit);
	refers(m, 3, next + 13, BASE + 0x110, 0x10); // each other
	refers(m, 3, next, BASE + 0x120, 0x10);
	refers(m, 3, UINT32_MAX, BASE + 0x130, 0x10); // nowhere
	end_unit(m);
	struct dwarf *d = opened(m);
	for (uint32_t rva = 0x100; rva < 0x140; rva += 0x10) {
		assert_true(dwarf_function_at(d, rva, &s));
		assert_int_equal(s.rva, rva);
		assert_null(s.name);
	}
	drop(m);
}

static void overlapping_functions(void **state)
{
	(void)state;
	struct image *m = image();
	struct dwarf_symbol s;
	unit(m, BASE, 0x1000);
	function(m, 2, "all", BASE, 0x1000);
	for (uint32_t i = 0; i < 60; i++)
		function(m, 2, "part", BASE + i, 0x100 - 2 * i);
	end_unit(m);
	struct dwarf *d = opened(m);
	assert_true(dwarf_function_at(d, 0x80, &s)); // the innermost
	assert_int_equal(s.rva, 59);
	assert_true(dwarf_function_at(d, 0xfe, &s));
	assert_int_equal(s.rva, 1);
	assert_true(dwarf_function_at(d, 0xfff, &s));
	assert_string_equal(s.name, "all");
	drop(m);
}

static void inlined_calls(void **state)
{
	(void)state;
	struct image *m = image();
	struct dwarf_inline in[4];
	struct bytes *b = &m->s[DWARF_INFO];
	unit(m, BASE, 0x1000);
	uint32_t callee = (uint32_t)(b->n - m->unit);
	function(m, 2, "callee", BASE + 0x800, 0x10);
	function(m, 5, "caller", BASE, 0x100);
	refers(m, 4, callee, BASE + 0x10, 0x40);
	put(b, 1, 7);
	refers(m, 4, callee, BASE + 0x20, 0x10);
	put(b, 1, 8);
	put(b, 3, 0); // both, and the caller
	function(m, 2, "after", BASE + 0x200, 0x10);
	end_unit(m);
	struct dwarf *d = opened(m);
	assert_int_equal(dwarf_inlines_at(d, 0x2f, in, 4), 2);
	assert_string_equal(in[0].callee.name, "callee");
	assert_int_equal(in[0].call_line, 8);
	assert_int_equal(in[0].depth, 1);
	assert_int_equal(in[1].call_line, 7);
	assert_int_equal(in[1].callee.rva, 0x10);
	assert_int_equal(dwarf_inlines_at(d, 0x2f, in, 1), 1);
	assert_int_equal(dwarf_inlines_at(d, 0x30, in, 4), 1);
	assert_int_equal(dwarf_inlines_at(d, 0x50, in, 4), 0);
	drop(m);
}

// Functions that all name one list of ranges cost what the list's section has once.
static void shared_ranges(void **state)
{
	(void)state;
	struct image *m = image();
	struct bytes *b = &m->s[DWARF_INFO], *r = &m->s[DWARF_RANGES];
	for (uint32_t i = 0; i < 400; i++) {
		put(r, 4, 2 * i);
		put(r, 4, 2 * i + 1);
	}
	put(r, 4, 0);
	put(r, 4, 0);
	unit(m, BASE, 0x1000);
	for (unsigned i = 0; i < 300; i++) {
		put(b, 1, 6);
		put(b, 4, 0);
		PUT(b, "f\0");
	}
	end_unit(m);
	struct dwarf *d = opened(m);
	struct dwarf_symbol s;
	assert_true(dwarf_function_at(d, 2, &s));
	assert_int_equal(dwarf_damage(d).code, E_CORRUPT);
	assert_true(arena_used(m->a) < 1 << 20);
	drop(m);
}

static void line_header(struct bytes *b, uint8_t range, uint8_t opcode_base)
{
	put(b, 4, 0); // length: set by end_lines
	put(b, 2, 2);
	put(b, 4, 0);
	size_t at = b->n;
	put(b, 1, 1);
	put(b, 1, 1);
	put(b, 1, (uint8_t)-1);
	put(b, 1, range);
	put(b, 1, opcode_base);
	for (unsigned i = 1; i < opcode_base; i++)
		put(b, 1, 1);
	PUT(b, "\0a.c\0\0\0\0\0");
	b->p[at - 4] = (uint8_t)(b->n - at);
}

static void end_lines(struct bytes *b)
{
	for (unsigned i = 0; i < 4; i++)
		b->p[i] = (uint8_t)((b->n - 4) >> (8 * i));
}

static void line_programs(void **state)
{
	(void)state;
	for (int zero_range = 0; zero_range < 2; zero_range++) {
		struct image *m = image();
		struct bytes *b = &m->s[DWARF_LINE];
		struct dwarf_line l;
		unit(m, BASE, 0x1000);
		function(m, 2, "f", BASE, 0x1000);
		end_unit(m);
		line_header(b, zero_range ? 0 : 4, 10);
		PUT(b, "\0\5\2");
		put(b, 4, BASE + 0x10);
		PUT(b, "\3\x2a\1"); // line 43
		PUT(b, "\2\x10\1"); // 16 bytes on, the same line
		PUT(b, "\3\x7f\1"); // the line before, no bytes
		PUT(b, "\2\x08\0\1\1");
		end_lines(b);
		struct dwarf *d = opened(m);
		assert_false(dwarf_line_at(d, 0xf, &l));
		assert_true(dwarf_line_at(d, 0x1f, &l));
		assert_int_equal(l.line, 43);
		assert_string_equal(l.file, "a.c");
		assert_int_equal(l.rva, 0x10);
		assert_int_equal(l.size, 0x10);
		assert_true(dwarf_line_at(d, 0x27, &l)); // of rows for one address the last counts
		assert_int_equal(l.line, 42);
		assert_false(dwarf_line_at(d, 0x28, &l));
		drop(m);
	}
}

// Numbers without an end, and a program that never comes to one.
static void no_end(void **state)
{
	(void)state;
	struct image *m = image();
	struct bytes *b = &m->s[DWARF_LINE];
	struct dwarf_line l;
	unit(m, BASE, 0x1000);
	function(m, 2, "f", BASE, 0x1000);
	end_unit(m);
	line_header(b, 4, 10);
	while (b->n < ROOM)
		put(b, 1, 0xff);
	end_lines(b);
	struct dwarf *d = opened(m);
	assert_false(dwarf_line_at(d, 0x10, &l));
	drop(m);

	m = image();
	b = &m->s[DWARF_INFO];
	unit(m, BASE, 0x1000);
	function(m, 2, "f", BASE, 0x1000);
	for (unsigned i = 0; i < 64; i++)
		put(b, 1, 0x80); // an abbreviation code
	end_unit(m);
	d = opened(m);
	struct dwarf_symbol s;
	assert_true(dwarf_function_at(d, 0x10, &s)); // what came before stays
	assert_string_equal(s.name, "f");
	assert_int_equal(dwarf_damage(d).code, E_CORRUPT);
	drop(m);
}

static void cut_anywhere(void **state)
{
	(void)state;
	struct image *m = image();
	unit(m, BASE, 0x1000);
	for (uint32_t i = 0; i < 20; i++)
		function(m, 2, "f", BASE + 0x10 * i, 0x10);
	end_unit(m);
	size_t whole = m->s[DWARF_INFO].n;
	for (size_t cut = 1; cut < whole; cut++) {
		struct arena *a = arena_new(16 << 20);
		struct span s[DWARF_SECTIONS] = { 0 };
		struct dwarf *d;
		struct dwarf_symbol y;
		s[DWARF_INFO] = (struct span){ m->s[DWARF_INFO].p, cut };
		s[DWARF_ABBREV] = (struct span){ m->s[DWARF_ABBREV].p, m->s[DWARF_ABBREV].n };
		assert_int_equal(dwarf_open(a, s, BASE, SIZE, &d).code, OK);
		size_t entry = 1 + 2 + 4 + 4, first = 11 + 13;
		size_t n = cut > first ? MIN((cut - first) / entry, 20u) : 0;
		for (uint32_t i = 0; i < 20; i++)
			assert_int_equal(dwarf_function_at(d, 0x10 * i, &y), i < n);
		assert_int_equal(dwarf_damage(d).code, E_CORRUPT);
		arena_free(a);
	}
	drop(m);
}

// An abbreviation table that ends inside a declaration keeps those before it.
static void cut_abbreviations(void **state)
{
	(void)state;
	struct image *m = image();
	unit(m, BASE, 0x1000);
	function(m, 2, "f", BASE, 0x10);
	end_unit(m);
	for (size_t cut = 1; cut < m->s[DWARF_ABBREV].n; cut++) {
		struct arena *a = arena_new(16 << 20);
		uint8_t *exact = malloc(cut); // its end is the end of the memory
		assert_non_null(exact);
		memcpy(exact, m->s[DWARF_ABBREV].p, cut);
		struct span s[DWARF_SECTIONS] = { 0 };
		struct dwarf *d;
		struct dwarf_symbol y;
		s[DWARF_INFO] = (struct span){ m->s[DWARF_INFO].p, m->s[DWARF_INFO].n };
		s[DWARF_ABBREV] = (struct span){ exact, cut };
		assert_int_equal(dwarf_open(a, s, BASE, SIZE, &d).code, OK);
		assert_int_equal(dwarf_function_at(d, 0, &y), cut >= 11 + 11);
		assert_int_equal(dwarf_damage(d).code, E_CORRUPT);
		arena_free(a);
		free(exact);
	}
	drop(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(references_in_a_loop),
		cmocka_unit_test(overlapping_functions),
		cmocka_unit_test(inlined_calls),
		cmocka_unit_test(shared_ranges),
		cmocka_unit_test(line_programs),
		cmocka_unit_test(no_end),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(cut_abbreviations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
