// SPDX-License-Identifier: Apache-2.0
// dwarf_dump.c: prints what the readers of DWARF and COFF symbols see in an image, one row a line, for judges.
//   dwarf_dump FILE [func] [data] [line] [inl] [coff] [all]    rows: kind, tab, fields
//   dwarf_dump FILE at RVA...   function, line and inlined calls of an address (hexadecimal)
//   dwarf_dump FILE check       look-ups of every recorded place must give it back; prints failures and a sum
//   dwarf_dump FILE bench       first answer; nanoseconds of a look-up, random order, warm
#include "base/str.h"
#include "dwarf/dwarf.h"
#include "pe/pe_coff.h"

#include "symbol_tool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool print_symbol(void *ctx, const struct dwarf_symbol *s)
{
	(void)ctx;
	printf("%s\t%" PRIx32 "\t%" PRIx32 "\t%s\t%s\n", s->is_function ? "func" : "data", s->rva, s->size,
	       s->name ? s->name : "", s->linkage ? s->linkage : "");
	return true;
}

static bool print_line(void *ctx, const struct dwarf_line *l)
{
	(void)ctx;
	printf("line\t%" PRIx32 "\t%" PRIx32 "\t%" PRIu32 "\t%s\n", l->rva, l->size, l->line, l->file ? l->file : "");
	return true;
}

static bool print_inline(void *ctx, const struct dwarf_inline *i)
{
	(void)ctx;
	const struct dwarf_symbol *s = &i->callee;
	printf("inline\t%" PRIx32 "\t%" PRIx32 "\t%" PRIu32 "\t%" PRIu32 "\t%s\t%s\t%s\n", s->rva, s->size, i->depth,
	       i->call_line, i->call_file ? i->call_file : "", s->name ? s->name : "", s->linkage ? s->linkage : "");
	return true;
}

static void print_coff(struct arena *a, const struct pe *pe)
{
	struct pe_coff c;
	if (pe_coff_symbols(a, pe, &c).code)
		return;
	for (size_t i = 0; i < c.n; i++)
		printf("coff\t%" PRIx32 "\t%d\t%s\n", c.by_rva[i].rva, c.by_rva[i].external, c.by_rva[i].name);
}

static void print_at(struct dwarf *d, uint32_t rva)
{
	struct dwarf_symbol s;
	struct dwarf_line l;
	struct dwarf_inline in[64];
	printf("at\t%" PRIx32 "\n", rva);
	if (dwarf_function_at(d, rva, &s))
		print_symbol(NULL, &s);
	if (dwarf_line_at(d, rva, &l))
		print_line(NULL, &l);
	size_t n = dwarf_inlines_at(d, rva, in, ARRAY_LEN(in));
	for (size_t i = 0; i < n; i++)
		print_inline(NULL, &in[i]);
}

// ---- check
struct check {
	struct dwarf *d;
	size_t asked, wrong;
};

static bool check_symbol(void *ctx, const struct dwarf_symbol *s)
{
	struct check *c = ctx;
	struct dwarf_symbol found;
	if (!s->is_function)
		return true;
	c->asked++;
	if (!dwarf_function_at(c->d, s->rva, &found) || found.rva != s->rva) {
		if (c->wrong++ < 20)
			printf("wrong\tfunction\t%" PRIx32 "\t%s\n", s->rva, s->name ? s->name : "");
	}
	return true;
}

static bool check_line(void *ctx, const struct dwarf_line *l)
{
	struct check *c = ctx;
	struct dwarf_line found;
	c->asked++;
	if (!dwarf_line_at(c->d, l->rva, &found) || found.line != l->line) {
		if (c->wrong++ < 20)
			printf("wrong\tline\t%" PRIx32 "\t%" PRIu32 "\n", l->rva, l->line);
	}
	return true;
}

// ---- bench
static bool take(void *ctx, const struct dwarf_symbol *s)
{
	return !s->is_function || places_take(ctx, s->rva, s->size);
}

static uint64_t look_up(void *ctx, uint32_t rva, int what)
{
	struct dwarf *d = ctx;
	struct dwarf_symbol s;
	struct dwarf_line l;
	struct dwarf_inline in[16];
	uint64_t found = dwarf_function_at(d, rva, &s);
	if (what > 0)
		found += dwarf_line_at(d, rva, &l);
	if (what > 1)
		found += dwarf_inlines_at(d, rva, in, ARRAY_LEN(in));
	return found;
}

static void bench(struct arena *a, struct dwarf *d, uint32_t code, uint64_t start)
{
	static const char *const names[] = { "function", "function+line", "function+line+inlines" };
	struct dwarf_symbol s;
	struct dwarf_line l;
	bool found = dwarf_function_at(d, code, &s) || dwarf_function_below(d, code, &s);
	found &= dwarf_line_at(d, code, &l);
	printf("first\t%" PRIu64 " us\t%d\n", os_now_us() - start, found);
	start = os_now_us();
	struct places w = places_new(a);
	dwarf_each(d, take, &w);
	printf("everything\t%" PRIu64 " us\t%zu functions\t%zu bytes\n", os_now_us() - start, w.n, arena_used(a));
	for (int what = 0; what < 3 && w.n; what++)
		printf("%s\t%.0f ns\n", names[what], places_time(&w, look_up, d, what));
}

static void run(struct arena *a, struct dwarf *d, const struct pe *pe, uint64_t start, int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		bool all = str_eq(argv[i], "all");
		if (all || str_eq(argv[i], "coff"))
			print_coff(a, pe);
		if (!d)
			continue;
		if (all || str_eq(argv[i], "func"))
			dwarf_each(d, print_symbol, NULL);
		if (all || str_eq(argv[i], "line"))
			dwarf_each_line(d, print_line, NULL);
		if (all || str_eq(argv[i], "inl"))
			dwarf_each_inline(d, print_inline, NULL);
		if (str_eq(argv[i], "bench"))
			bench(a, d, pe->entry, start);
		if (str_eq(argv[i], "check")) {
			struct check c = { .d = d };
			dwarf_each(d, check_symbol, &c);
			dwarf_each_line(d, check_line, &c);
			printf("check\t%zu\t%zu\n", c.asked, c.wrong);
		}
		for (int k = i + 1; str_eq(argv[i], "at") && k < argc; k++)
			print_at(d, (uint32_t)strtoul(argv[k], NULL, 16));
		if (str_eq(argv[i], "at"))
			break;
	}
	if (d && dwarf_damage(d).code)
		printf("damage\t%s\t%" PRIx64 "\n", dwarf_damage(d).what, dwarf_damage(d).at);
}

static int open_and_run(struct arena *a, struct span file, int argc, char **argv)
{
	struct pe *pe;
	struct dwarf *d;
	struct span sections[DWARF_SECTIONS];
	uint64_t start = os_now_us();
	err_t e = pe_open_file(a, file, &pe);
	if (e.code)
		return tool_fail(e);
	for (size_t i = 0; i < DWARF_SECTIONS; i++)
		sections[i] = pe_section_named(pe, dwarf_section_names[i]);
	e = dwarf_open(a, sections, pe->image_base, pe->size_of_image, &d);
	if (e.code) {
		printf("none\t%s\n", e.what);
		d = NULL;
	}
	run(a, d, pe, start, argc, argv);
	return 0;
}

int main(int argc, char **argv)
{
	return tool_main(argc, argv, open_and_run);
}
