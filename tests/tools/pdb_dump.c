// SPDX-License-Identifier: Apache-2.0
// pdb_dump.c: prints what the PDB reader sees, one row a line, for judges; or times look-ups.
//   pdb_dump FILE [id] [proc] [data] [pub] [line] [inl] [all]   rows: kind, tab, fields
//   pdb_dump FILE frame         FrameData, FPO and S_FRAMEPROC records; the compiler of each function
//   pdb_dump FILE records       how code was made: kind, module, offset, numbers (hexadecimal), texts
//   pdb_dump FILE at RVA...     symbol, function, line and inlined calls of an address (hexadecimal)
//   pdb_dump FILE locals         reads lines "RVA DEPTH" (hexadecimal, decimal): the variables in scope there
//   pdb_dump FILE linefind FILE:LINE...
//   pdb_dump FILE find NAME...
//   pdb_dump FILE types                    every record of the TPI stream and what it holds
//   pdb_dump FILE type NAME...             a type as dt shows it
//   pdb_dump FILE typecheck                each definition must be found by its name
//   pdb_dump FILE typebench                nanoseconds of a look-up by name, random order, warm
//   pdb_dump FILE check         look-ups of every recorded place must give it back; prints failures and a sum
//   pdb_dump FILE bench         nanoseconds of a look-up, random order, warm
#include "base/str.h"
#include "pdb/pdb_frames.h"
#include "pdb/pdb_records.h"

#include "pdb_dump_types.h"
#include "symbol_tool.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = { "proc", "thunk", "separated", "data", "label", "public" };

static bool print_symbol(void *ctx, const struct pdb_symbol *s)
{
	(void)ctx;
	printf("%s\t%" PRIx32 "\t%" PRIx32 "\t%s\n", kinds[s->kind], s->rva, s->size, s->name);
	return true;
}

static bool print_line(void *ctx, const struct pdb_line *l)
{
	(void)ctx;
	printf("line\t%" PRIx32 "\t%" PRIu32 "\t%s\n", l->rva, l->line, l->file ? l->file : "");
	return true;
}

static bool print_site(void *ctx, const struct pdb_site *s)
{
	(void)ctx;
	printf("inline\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%" PRIu32 "\t%" PRIu32 "\t%s\n", s->rva, s->size,
	       s->site.inlinee, s->depth, s->site.call_line, s->site.name);
	return true;
}

static bool print_frame(void *ctx, const struct pdb_frame *f)
{
	(void)ctx;
	if (f->kind == PDB_FRAME_FPO)
		printf("fpo\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32
		       "\t%d\t%d\t%d\n",
		       f->rva, f->size, f->locals, f->params, f->prolog, f->saved, f->uses_bp, f->has_seh, f->type);
	else
		printf("framedata\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32
		       "\t%" PRIx32 "\t%d\t%d\t%d\t%s\n",
		       f->rva, f->size, f->locals, f->params, f->stack_max, f->prolog, f->saved, f->has_seh, f->has_eh,
		       f->is_start, f->program ? f->program : "");
	return true;
}

static bool print_frameproc(void *ctx, const struct pdb_symbol *s)
{
	struct pdb_frameproc f;
	struct pdb_compiler c;
	if (s->kind == PDB_PROC && pdb_compiler_at(ctx, s->rva, &c))
		printf("compiler\t%" PRIx32 "\t%u.%u.%u.%u\t%u.%u.%u.%u\t%s\n", s->rva, c.front[0], c.front[1],
		       c.front[2], c.front[3], c.back[0], c.back[1], c.back[2], c.back[3], c.name ? c.name : "");
	if (s->kind == PDB_PROC && pdb_frameproc_at(ctx, s->rva, &f))
		printf("frameproc\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\n",
		       f.rva, f.frame, f.padding, f.padding_offset, f.saved, f.flags);
	return true;
}

static bool print_record(void *ctx, const struct pdb_record *r)
{
	(void)ctx;
	printf("%s\t%zu\t%" PRIu32, r->kind, r->module, r->offset);
	for (size_t i = 0; i < r->n_numbers; i++)
		printf("\t%" PRIx32, r->n[i]);
	for (size_t i = 0; i < r->n_texts; i++)
		printf("\t%s", r->texts[i]);
	printf("\n");
	return true;
}

static void print_id(const struct pdb *p)
{
	const struct pdb_id *id = pdb_id(p);
	printf("id\t");
	for (size_t i = 0; i < sizeof(id->guid); i++)
		printf("%02x", id->guid[i]);
	printf("\t%" PRIu32 "\t%" PRIu32 "\t%" PRIx16 "\t%s\n", id->info_age, id->age, id->machine,
	       pdb_note(p) ? pdb_note(p) : "");
	if (pdb_damage(p).code)
		printf("damage\t%s\t%" PRIx64 "\n", pdb_damage(p).what, pdb_damage(p).at);
}

static void print_at(struct pdb *p, uint32_t rva)
{
	struct pdb_symbol s;
	struct pdb_line l;
	struct pdb_inline in[32];
	if (pdb_symbol_at(p, rva, &s))
		print_symbol(NULL, &s);
	struct pdb_about about;
	if (pdb_symbol_at(p, rva, &s) && pdb_about(p, s.rva, pdb_shown_name(p, &s), &about))
		printf("about\t%s\t%" PRIx32 "\t%" PRIx32 "\t%s\t%s\n", about.decorated ? about.decorated : "",
		       about.type, about.size, about.is_private ? "prv" : "pub", about.is_function ? "func" : "data");
	if (pdb_function_at(p, rva, &s))
		printf("function\t%" PRIx32 "\t%" PRIx32 "\t%s\n", s.rva, s.size, s.name);
	if (pdb_line_at(p, rva, &l))
		print_line(NULL, &l);
	size_t n = pdb_inlines_at(p, rva, in, ARRAY_LEN(in));
	for (size_t i = 0; i < n; i++)
		printf("inlined\t%" PRIx32 "\t%s\t%s:%" PRIu32 "\tcalled from %s:%" PRIu32 "\n", in[i].rva, in[i].name,
		       in[i].file ? in[i].file : "", in[i].line, in[i].call_file ? in[i].call_file : "",
		       in[i].call_line);
	struct pdb_frame f;
	if (pdb_frame_at(p, rva, &f))
		print_frame(NULL, &f);
	printf("next\t%" PRIx32 "\n", pdb_next_rva(p, rva));
}

static bool print_local(void *ctx, const struct pdb_local *l)
{
	static const char *const where[] = { "gone", "register", "memory", "static", "value" };
	const char *at = ctx;
	printf("local\t%s\t%s\t%" PRIx32 "\t%s", at, l->is_param ? "param" : "local", l->type, l->name);
	for (size_t i = 0; i < l->n; i++) {
		const struct pdb_place *p = &l->places[i];
		printf("\t%s", where[p->where]);
		if (l->in_pieces)
			printf("@%" PRIu32, p->at);
		if (p->where == PDB_REGISTER || p->where == PDB_MEMORY)
			printf(" %u", p->reg);
		if (p->where == PDB_MEMORY)
			printf(" %" PRId32 "%s", p->offset, p->unbuilt ? " unbuilt" : "");
		if (p->where == PDB_STATIC)
			printf(" %" PRIx32, p->rva);
		if (p->where == PDB_VALUE)
			printf(" %" PRIx64, p->value);
	}
	printf("\n");
	return true;
}

static void print_locals(struct pdb *p)
{
	char line[64];
	while (fgets(line, sizeof(line), stdin)) {
		char *end;
		uint32_t rva = (uint32_t)strtoul(line, &end, 16);
		unsigned depth = (unsigned)strtoul(end, &end, 10);
		*end = 0;
		pdb_locals_at(p, rva, depth, print_local, line);
	}
}

// ---- check
struct check {
	struct pdb *p;
	size_t asked, wrong;
};

static void wrong(struct check *c, const char *what, uint32_t rva, const char *name)
{
	if (c->wrong++ < 20)
		printf("wrong\t%s\t%" PRIx32 "\t%s\n", what, rva, name);
}

static bool check_symbol(void *ctx, const struct pdb_symbol *s)
{
	struct check *c = ctx;
	struct pdb_symbol found;
	c->asked += 2;
	// A place inside a function goes by the function.
	if (!pdb_symbol_at(c->p, s->rva, &found) ||
	    (found.rva != s->rva && (!found.is_function || found.rva > s->rva || s->rva - found.rva >= found.size)))
		wrong(c, "address", s->rva, s->name);
	// Static data and thunks of old linkers are in no hash.
	if ((s->kind == PDB_PROC || s->kind == PDB_PUBLIC) &&
	    (!pdb_find(c->p, s->name, &found) || !str_eq(found.name, s->name)))
		wrong(c, "name", s->rva, s->name);
	return true;
}

// ---- bench
static bool take(void *ctx, const struct pdb_symbol *s)
{
	return !s->is_function || places_take(ctx, s->rva, s->size);
}

static uint64_t look_up(void *ctx, uint32_t rva, int what)
{
	struct pdb *p = ctx;
	struct pdb_symbol s;
	struct pdb_line l;
	struct pdb_inline in[16];
	uint64_t found = pdb_symbol_at(p, rva, &s);
	if (what) {
		found += pdb_line_at(p, rva, &l);
		found += pdb_inlines_at(p, rva, in, ARRAY_LEN(in));
	}
	return found;
}

static void bench(struct arena *a, struct pdb *p)
{
	struct places w = places_new(a);
	pdb_each(p, take, &w);
	for (int what = 0; what < 2 && w.n; what++)
		printf("%s\t%.0f ns\t%zu functions\n", what ? "symbol+line+inlines" : "symbol",
		       places_time(&w, look_up, p, what), w.n);
}

static void run(struct arena *a, struct pdb *p, int argc, char **argv)
{
	for (int i = 2; i < argc; i++) {
		bool all = str_eq(argv[i], "all");
		if (all || str_eq(argv[i], "id"))
			print_id(p);
		if (all || str_eq(argv[i], "proc"))
			pdb_each_private(p, print_symbol, NULL);
		if (all || str_eq(argv[i], "pub"))
			pdb_each_public(p, print_symbol, NULL);
		if (all || str_eq(argv[i], "line"))
			pdb_each_line(p, print_line, NULL);
		if (all || str_eq(argv[i], "inl"))
			pdb_each_inline(p, print_site, NULL);
		if (str_eq(argv[i], "frame")) {
			pdb_each_frame(p, print_frame, NULL);
			pdb_each_private(p, print_frameproc, p);
		}
		if (str_eq(argv[i], "records"))
			pdb_each_record(p, print_record, NULL);
		if (str_eq(argv[i], "locals"))
			print_locals(p);
		if (str_eq(argv[i], "each"))
			pdb_each(p, print_symbol, NULL);
		if (str_eq(argv[i], "bench"))
			bench(a, p);
		if (dump_types(a, p, argv[i], argc - i - 1, argv + i + 1))
			return;
		if (str_eq(argv[i], "check")) {
			struct check c = { .p = p };
			pdb_each(p, check_symbol, &c);
			printf("check\t%zu\t%zu\n", c.asked, c.wrong);
		}
		if (str_eq(argv[i], "linefind")) {
			for (int k = i + 1; k < argc; k++) {
				const char *colon = strrchr(argv[k], ':');
				if (colon)
					pdb_find_line(p, arena_strndup(a, argv[k], (size_t)(colon - argv[k])),
						      (uint32_t)strtoul(colon + 1, NULL, 10), print_line, NULL);
			}
			return;
		}
		if (str_eq(argv[i], "at") || str_eq(argv[i], "find")) {
			struct pdb_symbol s;
			for (int k = i + 1; k < argc; k++) {
				if (str_eq(argv[i], "at"))
					print_at(p, (uint32_t)strtoul(argv[k], NULL, 16));
				else if (pdb_find(p, argv[k], &s))
					print_symbol(NULL, &s);
				else
					printf("none\t%s\n", argv[k]);
			}
			return;
		}
	}
}

static int open_and_run(struct arena *a, struct span file, int argc, char **argv)
{
	struct pdb *p;
	bool timed = argc > 2 && str_eq(argv[2], "time");
	uint64_t start = os_now_us();
	err_t e = pdb_open(a, file, &p);
	if (e.code)
		return tool_fail(e);
	if (timed)
		printf("open\t%" PRIu64 " us\n", os_now_us() - start);
	run(a, p, argc, argv);
	if (timed)
		printf("answered\t%" PRIu64 " us\t%zu bytes\n", os_now_us() - start, arena_used(a));
	return 0;
}

int main(int argc, char **argv)
{
	return tool_main(argc, argv, open_and_run);
}
