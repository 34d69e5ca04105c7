// SPDX-License-Identifier: Apache-2.0
// pack_dump.c: prints what a pack holds, one thing a line with tabs between, for tests/judges/layouts.py, and asks for
// every symbol and type again by name and address. The file may be anything that becomes a pack.
//   pack_dump FILE          everything
//   pack_dump -t FILE N     how long it takes to open it, N times, and to look things up
//   pack_dump -p PDB        makes a pack of a PDB and compares what both say: "N equal, N differ"
#include "base/limits.h"
#include "pack/pack_file.h"
#include "sym/pack_pdb.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = { "none",  "void",      "bool",    "char",     "int",     "uint",
				     "float", "hresult",   "pointer", "array",    "struct",  "class",
				     "union", "interface", "enum",    "function", "bitfield" };

static void say_type(struct type_source *s, type_id id, unsigned depth)
{
	struct type t;
	if (!s->ops->get(s, id, &t) || depth > 32) {
		printf("?");
		return;
	}
	if (t.name) {
		printf("%s:%s", kinds[t.kind], t.unique_name ? t.unique_name : t.name);
		return;
	}
	printf("%s(", kinds[t.kind]);
	if (t.kind == TYPE_ARRAY)
		printf("%" PRIu64 ",", t.count);
	else if (t.kind == TYPE_BITFIELD)
		printf("%u,%u,", t.pos, t.bits);
	else if (t.kind == TYPE_POINTER)
		printf("%" PRIu64 ",", t.size);
	if (t.kind != TYPE_FUNCTION)
		say_type(s, t.target, depth + 1);
	printf(")");
}

static bool member(void *ctx, const struct type_member *m)
{
	const struct type *t = ctx;
	printf("M\t%s\t%s\t", t->unique_name ? t->unique_name : t->name, m->name ? m->name : "");
	if (m->kind == MEMBER_ENUMERATOR) {
		printf(m->value_unsigned ? "%" PRIu64 : "%" PRId64, m->value);
	} else {
		printf("%" PRIu64 "\t", m->offset);
		say_type(t->source, m->type, 0);
	}
	printf("\n");
	return true;
}

static void say_types(struct pack *p)
{
	struct type_source *s = pack_types(p);
	struct type t, found;
	for (type_id id = 1; s && s->ops->get(s, id, &t); id++) {
		if (!t.name)
			continue;
		const char *name = t.unique_name ? t.unique_name : t.name;
		printf("T\t%s\t%s\t%" PRIu64 "\t%s\n", kinds[t.kind], name, t.size, t.forward ? "forward" : "");
		if (!type_find(s, name, &found) || !str_eq(found.unique_name ? found.unique_name : found.name, name))
			printf("BAD\ttype %s is not found\n", name);
		type_members(&t, member, &t);
	}
}

static void say_symbols(const struct pack *p)
{
	struct pack_symbol s, found;
	for (size_t i = 0; i < pack_symbols(p); i++) {
		pack_symbol(p, i, &s);
		printf("S\t%" PRIx32 "\t%" PRIx32 "\t%s\t%s\t%d\n", s.rva, s.size, s.name,
		       s.decorated ? s.decorated : "", s.is_function);
		if (!pack_find(p, s.name, &found) || !str_eq(found.name, s.name))
			printf("BAD\tsymbol %s is not found\n", s.name);
		uint32_t next;
		if (!pack_near(p, s.rva, &found, &next) || found.rva != s.rva || (next && next <= s.rva))
			printf("BAD\tnothing at %" PRIx32 "\n", s.rva);
	}
}

static void say_places(const struct pack *p)
{
	struct pack_line l, at;
	for (size_t i = 0; i < pack_lines(p); i++) {
		pack_line(p, i, &l);
		printf("L\t%" PRIx32 "\t%" PRIx32 "\t%" PRIu32 "\t%s\n", l.rva, l.size, l.line, l.file);
		if (l.size && (!pack_line_at(p, l.rva, &at) || at.rva != l.rva))
			printf("BAD\tno line at %" PRIx32 "\n", l.rva);
	}
	struct pack_inline in;
	for (size_t i = 0; i < pack_inlines(p); i++) {
		pack_inline(p, i, &in);
		printf("I\t%" PRIu32 "\t%" PRIu32 "\t%s\t%s\t%" PRIx32 "\t%" PRIx32 "\n", in.depth, in.call_line,
		       in.call_file, in.name, in.rva, in.size);
		struct pack_inline list[64];
		size_t n = pack_inlines_at(p, in.rva, list, ARRAY_LEN(list));
		if (n <= in.depth)
			printf("BAD\tno inlined call at %" PRIx32 "\n", in.rva);
	}
	struct pack_frame f;
	for (size_t i = 0; i < pack_frames(p); i++) {
		pack_frame(p, i, &f);
		printf("F\t%d\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%" PRIx32 "\t%s\n",
		       f.kind == PACK_FRAME_PROGRAM, f.rva, f.size, f.prolog, f.params, f.saved, f.locals,
		       f.kind == PACK_FRAME_PROGRAM ? f.program
		       : f.uses_bp                  ? "1"
						    : "0");
	}
}

static void say_identity(const struct pack *p)
{
	const struct pack_id *id = pack_id(p);
	printf("ID\t%s\t", id->pdb_name);
	for (size_t i = 0; i < sizeof(id->guid); i++)
		printf("%02x", id->guid[i]);
	printf("\t%" PRIx32 "\t%x\t%" PRIx32 "\t%" PRIx32 "\t%u\t%s\t%s\n", id->age, id->machine, id->timestamp,
	       id->image_size, id->ptr_bytes, id->image_name, id->source);
}

static void say_times(struct arena *a, const char *path, unsigned long n)
{
	struct pack_file f;
	uint64_t start = os_now_us();
	for (unsigned long i = 0; i < n; i++) {
		if (pack_open_file(a, path, NULL, &f).code)
			exit(1);
		if (i + 1 < n)
			pack_file_close(&f);
	}
	printf("open %.1f us\n", (double)(os_now_us() - start) / (double)n);
	struct pack_symbol s, found;
	size_t count = pack_symbols(f.pack);
	start = os_now_us();
	uint64_t sum = 0;
	enum { TIMES = 1 << 20 };
	for (uint32_t i = 0; count && i < TIMES; i++) {
		(void)pack_near(f.pack, i * 2654435761u >> 8, &found, NULL);
		sum += found.rva;
	}
	printf("near %.1f ns\n", (double)(os_now_us() - start) * 1000 / (double)TIMES);
	start = os_now_us();
	for (uint32_t i = 0; count && i < TIMES; i++) {
		pack_symbol(f.pack, i * 2654435761u % count, &s);
		if (pack_find(f.pack, s.name, &found))
			sum += found.rva;
	}
	printf("find %.1f ns (%" PRIx64 ")\n", (double)(os_now_us() - start) * 1000 / (double)TIMES, sum);
	pack_file_close(&f);
}

// ---- a PDB and its pack
struct both {
	struct arena *a, *scratch;
	struct pdb *pdb;
	struct pack *pack;
	struct type_source *ours;
	size_t equal, differ;
	const struct type *type; // of the pack, whose members are compared
	size_t n;                // member
};

static void compare(struct both *b, bool same, const char *what, const char *name)
{
	*(same ? &b->equal : &b->differ) += 1;
	if (!same && b->differ <= 20)
		printf("differs: %s %s\n", what, name ? name : "?");
}

static bool same_text(const char *x, const char *y)
{
	return (!x || !*x) && (!y || !*y) ? true : x && y && str_eq(x, y);
}

static bool same_type(struct both *b, struct type_source *pdb, type_id theirs, type_id ours)
{
	struct type t, u;
	bool known = type_get(pdb, theirs, &t);
	if (known != type_get(b->ours, ours, &u))
		return false;
	return !known || (t.kind == u.kind && t.size == u.size && t.quals == u.quals && t.n_params == u.n_params &&
			  str_eq(type_dt_text(b->scratch, &t), type_dt_text(b->scratch, &u)) &&
			  str_eq(type_dt_long_text(b->scratch, &t), type_dt_long_text(b->scratch, &u)) &&
			  str_eq(type_c_text(b->scratch, &t, "x"), type_c_text(b->scratch, &u, "x")));
}

struct nth {
	size_t n;
	struct type_member m;
	bool found;
};

static bool nth_member(void *ctx, const struct type_member *m)
{
	struct nth *w = ctx;
	w->m = *m;
	w->found = !w->n;
	return w->n-- != 0;
}

static bool pdb_member(void *ctx, const struct type_member *m)
{
	struct both *b = ctx;
	struct nth w = { .n = b->n++ };
	type_members(b->type, nth_member, &w);
	bool same = w.found && w.m.kind == m->kind && same_text(w.m.name, m->name) && w.m.offset == m->offset &&
		    w.m.value == m->value && w.m.value_unsigned == m->value_unsigned && w.m.access == m->access &&
		    w.m.is_virtual == m->is_virtual && w.m.is_static == m->is_static && w.m.is_pure == m->is_pure &&
		    w.m.intro_virtual == m->intro_virtual && same_type(b, pdb_types(b->pdb), m->type, w.m.type);
	compare(b, same, b->type->name, m->name);
	return b->n < 2000; // nth_member makes it quadratic
}

static bool pdb_type(void *ctx, const struct type *t)
{
	struct both *b = ctx;
	struct type u;
	struct type first;
	// Types without a name are met as those of members; of several with one name the one is compared that is found.
	if (*t->name == '<' || !type_find(t->source, t->name, &first) || first.id != t->id)
		return true;
	b->scratch = arena_new(LIMIT_COMMAND_MEMORY);
	bool found = type_find(b->ours, t->name, &u);
	compare(b, found && same_type(b, t->source, t->id, u.id), "type", t->name);
	if (found) {
		b->type = &u;
		b->n = 0;
		type_members(t, pdb_member, b);
	}
	arena_free(b->scratch);
	return true;
}

static bool pdb_one_symbol(void *ctx, const struct pdb_symbol *s)
{
	struct both *b = ctx;
	struct pack_symbol u;
	struct pdb_line l;
	struct pack_line m;
	bool same = pack_symbol(b->pack, b->n++, &u) && u.rva == s->rva &&
		    same_text(u.name, pdb_shown_name(b->pdb, s)) && (!s->size || u.size == s->size) &&
		    u.is_function == s->is_function;
	compare(b, same, "symbol", s->name);
	bool line = pdb_line_at(b->pdb, s->rva, &l) && l.file && l.line;
	bool ours = pack_line_at(b->pack, s->rva, &m);
	compare(b, line == ours && (!line || (m.line == l.line && str_eq(m.file, l.file))), "line of", s->name);
	return true;
}

static err_t make_pack(void *ctx)
{
	struct both *b = ctx;
	struct span bytes;
	TRY(pack_from_pdb(b->a, b->pdb, "test.pdb", &bytes));
	return pack_open(b->a, bytes, &b->pack);
}

static int say_both(struct arena *a, const char *path)
{
	struct file_map map;
	struct both b = { .a = a };
	err_t e = file_map_open(path, &map);
	if (!e.code)
		e = pdb_open(a, map.bytes, &b.pdb);
	if (!e.code)
		e = arena_guard(a, NULL, make_pack, &b);
	if (!e.code)
		e = pack_verify(b.pack);
	if (e.code) {
		fprintf(stderr, "%s: %s\n", err_name(e.code), e.what);
		return 1;
	}
	b.ours = pack_types(b.pack);
	if (pdb_types(b.pdb))
		pdb_types(b.pdb)->ops->each(pdb_types(b.pdb), pdb_type, &b);
	b.n = 0;
	pdb_each(b.pdb, pdb_one_symbol, &b);
	printf("%zu equal, %zu differ\n", b.equal, b.differ);
	return b.differ != 0;
}

int main(int argc, char **argv)
{
	struct arena *a = arena_new(LIMIT_SESSION_MEMORY);
	if (argc == 3 && str_eq(argv[1], "-p")) {
		int code = say_both(a, argv[2]);
		arena_free(a);
		return code;
	}
	if (argc == 4 && str_eq(argv[1], "-t")) {
		say_times(a, argv[2], strtoul(argv[3], NULL, 10));
		arena_free(a);
		return 0;
	}
	struct pack_file f;
	err_t e = argc == 2 ? pack_open_file(a, argv[1], NULL, &f) : fail(E_USAGE, "usage: pack_dump FILE", 0);
	if (!e.code)
		e = pack_verify(f.pack);
	if (e.code) {
		fprintf(stderr, "%s: %s\n", err_name(e.code), e.what);
		arena_free(a);
		return 1;
	}
	say_identity(f.pack);
	say_types(f.pack);
	say_symbols(f.pack);
	say_places(f.pack);
	pack_file_close(&f);
	arena_free(a);
	return 0;
}
