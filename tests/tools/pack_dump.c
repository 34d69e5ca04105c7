// SPDX-License-Identifier: Apache-2.0
// pack_dump.c: prints what a pack holds, one thing a line with tabs between, for tests/judges/layouts.py, and asks for
// every symbol and type again by name and address. The file may be anything that becomes a pack.
//   pack_dump FILE          everything
//   pack_dump -t FILE N     how long it takes to open it, N times, and to look things up
#include "base/limits.h"
#include "pack/pack_file.h"

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
	printf("near %.1f ns\n", (double)(os_now_us() - start) * 1000 / TIMES);
	start = os_now_us();
	for (uint32_t i = 0; count && i < TIMES; i++) {
		pack_symbol(f.pack, i * 2654435761u % count, &s);
		if (pack_find(f.pack, s.name, &found))
			sum += found.rva;
	}
	printf("find %.1f ns (%" PRIx64 ")\n", (double)(os_now_us() - start) * 1000 / TIMES, sum);
	pack_file_close(&f);
}

int main(int argc, char **argv)
{
	struct arena *a = arena_new(LIMIT_SESSION_MEMORY);
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
