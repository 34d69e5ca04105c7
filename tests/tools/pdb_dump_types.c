// SPDX-License-Identifier: Apache-2.0
// pdb_dump_types.c: types as the PDB reader sees them, one row a line.
#include "pdb_dump_types.h"

#include "base/os.h"
#include "base/str.h"
#include "pdb/tpi_int.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const kinds[] = { "none",  "void",      "bool",    "char",     "int",     "uint",
				     "float", "hresult",   "pointer", "array",    "struct",  "class",
				     "union", "interface", "enum",    "function", "bitfield" };
static const char *const members[] = { "data",  "static", "base",   "vbase",     "ivbase",
				       "vfptr", "method", "nested", "enumerator" };

struct print {
	struct arena *a;
	struct type t;
};

static const char *text_of(struct arena *a, const struct type *of, type_id id)
{
	struct type t;
	return type_get(of->source, id, &t) ? type_dt_text(a, &t) : "";
}

static bool print_member(void *ctx, const struct type_member *m)
{
	const struct print *w = ctx;
	printf("member\t%" PRIx32 "\t%s\t%s\t%" PRIx32 "\t%" PRIx64 "\t%" PRId64 "\t%u\t%c%c%c%c\t%s\n", w->t.id,
	       members[m->kind], m->name ? m->name : "", m->type, m->offset, m->value, m->access,
	       m->is_virtual ? 'v' : '-', m->intro_virtual ? 'i' : '-', m->is_static ? 's' : '-',
	       m->is_pure ? 'p' : '-', m->kind == MEMBER_METHOD ? "" : text_of(w->a, &w->t, m->type));
	return true;
}

// id asked for, id answered, kind, size, count, quals, pointer kind, target, owner, this, pos, bits, parameters, name,
// decorated name
static void print_type(struct print *w, type_id id)
{
	const struct type *t = &w->t;
	printf("type\t%" PRIx32 "\t%" PRIx32 "\t%s\t%" PRIx64 "\t%" PRIu64 "\t%x\t%d\t%" PRIx32 "\t%" PRIx32
	       "\t%" PRIx32 "\t%u\t%u\t",
	       id, t->id, kinds[t->kind], t->size, t->count, t->quals, t->pointer, t->target, t->owner, t->this_type,
	       t->pos, t->bits);
	for (unsigned i = 0; i < t->n_params; i++) {
		type_id param = 0;
		(void)type_param(t, i, &param);
		printf("%s%" PRIx32, i ? "," : "", param);
	}
	printf("%s\t%s\t%s\t%s\n", t->variadic ? "..." : "", t->forward ? "forward" : "", t->name ? t->name : "",
	       t->unique_name ? t->unique_name : "");
}

static void print_all(struct arena *a, struct type_source *s, const struct type_stream *ts)
{
	struct arena *scratch = arena_new((size_t)1 << 30);
	(void)a;
	for (uint32_t id = ts->begin; id < ts->end; id++) {
		struct print w = { .a = scratch };
		if (!type_get(s, id, &w.t))
			continue;
		print_type(&w, id);
		if (w.t.id == id && !w.t.quals && (type_is_udt(&w.t) || w.t.kind == TYPE_ENUM))
			type_members(&w.t, print_member, &w);
		if (arena_used(scratch) > (size_t)1 << 28) {
			arena_free(scratch);
			scratch = arena_new((size_t)1 << 30);
		}
	}
	arena_free(scratch);
}

static bool show_member(void *ctx, const struct type_member *m)
{
	struct print *w = ctx;
	if (m->kind == MEMBER_ENUMERATOR)
		printf("   %s = 0n%" PRId64 "\n", m->name, m->value);
	else if (m->kind == MEMBER_DATA || m->kind == MEMBER_BASE || m->kind == MEMBER_VFPTR)
		printf("   +0x%03" PRIx64 " %-16s : %s\n", m->offset,
		       m->kind == MEMBER_VFPTR ? "__VFN_table"
		       : m->name               ? m->name
					       : "__base",
		       text_of(w->a, &w->t, m->type));
	return true;
}

// ---- check
struct check {
	struct pdb_types *s;
	size_t asked, wrong;
};

static void check_type(struct check *c, uint32_t id, const struct tpi_udt *u)
{
	struct type t;
	c->asked++;
	if (!type_find(&c->s->base, u->name, &t)) {
		printf("wrong\t%" PRIx32 "\tnot found\t%s\n", id, u->name);
		c->wrong++;
		return;
	}
	// The first definition in the stream, unless another one is preferred.
	if (t.id != id && !str_eq(t.name ? t.name : "", u->name)) {
		printf("wrong\t%" PRIx32 "\t%" PRIx32 "\t%s\n", id, t.id, u->name);
		c->wrong++;
	}
	printf("found\t%" PRIx32 "\t%" PRIx32 "\t%s\n", id, t.id, u->name);
}

static void check_all(struct pdb *p, struct pdb_types *s)
{
	struct check c = { .s = s };
	for (struct tpi_walk w = { 0 }; tpi_next(p, s->t, &w);) {
		struct tpi_udt u;
		if (tpi_is_udt(w.leaf) && tpi_udt(tpi_record_at(p, s->t, w.off), &u) && !(u.props & PROP_FORWARD) &&
		    *u.name)
			check_type(&c, w.id, &u);
	}
	printf("typecheck\t%zu\t%zu\n", c.asked, c.wrong);
}

// ---- bench
struct names {
	const char **name;
	size_t n, cap;
};

static bool take_name(void *ctx, const struct type *t)
{
	struct names *w = ctx;
	if (w->n < w->cap)
		w->name[w->n++] = t->name;
	return w->n < w->cap;
}

static bool count_member(void *ctx, const struct type_member *m)
{
	*(size_t *)ctx += m->kind == MEMBER_DATA;
	return true;
}

static void bench(struct arena *a, struct pdb *p, struct type_source *s)
{
	enum { ROUNDS = 100000 };
	struct names w = { .cap = 200000 };
	w.name = NEW_N(a, const char *, w.cap);
	s->ops->each(s, take_name, &w);
	if (!w.n)
		return;
	for (int what = 0; what < 3; what++) {
		uint32_t x = 12345;
		uint64_t start = os_now_us();
		size_t sum = 0;
		for (int i = 0; i < ROUNDS; i++) {
			struct type t;
			x = x * 1664525 + 1013904223;
			const char *name = w.name[(x >> 8) % w.n];
			if (what == 2 || !type_find(s, name, &t)) {
				sum += type_find(s, "no such type", &t);
				continue;
			}
			if (what)
				type_members(&t, count_member, &sum);
		}
		printf("%s\t%.0f ns\t%zu types\t%zu\n",
		       what == 2 ? "miss"
		       : what    ? "find+members"
				 : "find",
		       (double)(os_now_us() - start) * 1000 / (double)ROUNDS, w.n, sum);
	}
	printf("stream\t%" PRIu32 " bytes\t%" PRIu32 " records\n", p->tpi.bytes, p->tpi.end - p->tpi.begin);
}

bool dump_types(struct arena *a, struct pdb *p, const char *what, int argc, char **argv)
{
	static const char *const words[] = { "types", "type", "typecheck", "typebench" };
	size_t i = 0;
	while (i < ARRAY_LEN(words) && !str_eq(words[i], what))
		i++;
	if (i == ARRAY_LEN(words))
		return false;
	struct type_source *s = pdb_types(p);
	if (!s)
		return true;
	if (i == 0)
		print_all(a, s, tpi_types(p));
	for (int k = 0; i == 1 && k < argc; k++) {
		struct print w = { .a = a };
		uint64_t start = os_now_us();
		bool found = type_find(s, argv[k], &w.t);
		printf("%s\t%s\t%" PRIu64 " us\n", argv[k], found ? type_dt_long_text(a, &w.t) : "none",
		       os_now_us() - start);
		if (found)
			type_members(&w.t, show_member, &w);
	}
	if (i == 2)
		check_all(p, (struct pdb_types *)s);
	if (i == 3)
		bench(a, p, s);
	if (pdb_damage(p).code)
		printf("damage\t%s\t%" PRIx64 "\n", pdb_damage(p).what, pdb_damage(p).at);
	return true;
}
