// SPDX-License-Identifier: Apache-2.0
// pdb_tpi_names.c: types by name. The hash stream holds a bucket number for each type: of its name, of its decorated
// name when it is local to a function, of its bytes when it is unnamed or only declared (LLVM's docs/PDB/TpiStream.rst
// and TpiHashing.cpp). What cannot be found that way is looked up in a table of all names, made when first needed.
#include "base/str.h"
#include "pdb/tpi_int.h"

#include <stdlib.h>

enum { OFTEN = 16 };

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

// ---- the buckets
static void load_values(struct pdb_types *s)
{
	const struct type_stream *t = s->t;
	struct pdb *p = s->p;
	uint64_t n = 4ull * (t->end - t->begin);
	s->values_tried = true;
	if (!t->n_buckets || t->values_size < n)
		return;
	err_t e = msf_part(&p->msf, p->a, &t->hash, t->values_off, n, &s->values);
	if (e.code)
		pdb_damaged(p, e);
}

static uint32_t value_of(const struct pdb_types *s, uint32_t i)
{
	return (uint32_t)le_get(s->values.p + 4 * (size_t)i, 4);
}

// Lists of ids by bucket; a value past the last bucket is left out.
static void load_buckets(struct pdb_types *s)
{
	const uint32_t n = s->t->end - s->t->begin, n_buckets = s->t->n_buckets;
	if (n > LIMIT_PDB_TYPES || n_buckets > LIMIT_PDB_TYPES)
		return;
	uint32_t *first = NEW_N(s->p->a, uint32_t, (size_t)n_buckets + 2), *ids = NEW_N(s->p->a, uint32_t, n);
	for (uint32_t i = 0; i < n; i++)
		if (value_of(s, i) < n_buckets)
			first[value_of(s, i) + 2]++;
	for (uint32_t b = 2; b < n_buckets + 2; b++)
		first[b] += first[b - 1];
	for (uint32_t i = 0; i < n; i++)
		if (value_of(s, i) < n_buckets)
			ids[first[value_of(s, i) + 1]++] = s->t->begin + i;
	s->first = first;
	s->by_bucket = ids;
}

// Table {name in "/names", type}: which of several definitions counts, after edits of a program that was linked
// incrementally. A serialized hash table (LLVM's docs/PDB/HashTable.rst).
static void load_preferred(struct pdb_types *s)
{
	struct pdb *p = s->p;
	struct span table;
	s->adjust_tried = true;
	err_t e = msf_part(&p->msf, p->a, &s->t->hash, s->t->adjust_off, s->t->adjust_size, &table);
	if (e.code)
		pdb_damaged(p, e);
	struct rd r = rd_at(table, 0);
	if (!table.n)
		return;
	uint32_t n = rd_u32(&r);
	rd_skip(&r, 4);
	for (int map = 0; map < 2; map++) // present and deleted slots
		rd_skip(&r, 4 * (uint64_t)rd_u32(&r));
	size_t pairs = rd_count(&r, n, 8);
	s->preferred = NEW_N(p->a, uint32_t, pairs);
	for (size_t i = 0; i < pairs; i++) {
		rd_skip(&r, 4);
		s->preferred[i] = rd_u32(&r);
	}
	s->n_preferred = pairs;
	qsort(s->preferred, pairs, sizeof(uint32_t), by_value);
}

static bool is_preferred(struct pdb_types *s, uint32_t id)
{
	if (!s->adjust_tried)
		load_preferred(s);
	return s->n_preferred && bsearch(&id, s->preferred, s->n_preferred, sizeof(id), by_value);
}

// ---- candidates
struct search {
	struct pdb_types *s;
	const char *name;
	bool blind, decorated; // decorated: name is the decorated one
	const char *unique;    // has to be the decorated name too; NULL: any
	uint32_t defined, declared;
	bool preferred;
	unsigned compared;
};

// False: enough is known.
static bool consider(struct search *q, uint32_t id)
{
	struct tpi_udt u;
	if (++q->compared > LIMIT_PDB_SAME_NAME)
		return false;
	if (!tpi_udt(tpi_record(q->s->p, q->s->t, id), &u))
		return true;
	const char *name = q->decorated ? u.unique : u.name;
	if (!name || !(q->blind ? str_ieq(name, q->name) : str_eq(name, q->name)))
		return true;
	if (q->unique && (!u.unique || !str_eq(u.unique, q->unique)))
		return true;
	if (u.props & PROP_FORWARD) {
		q->declared = q->declared ? q->declared : id;
		return true;
	}
	if (is_preferred(q->s, id)) {
		q->defined = id;
		q->preferred = true;
		return false;
	}
	q->defined = q->defined ? q->defined : id;
	return q->s->n_preferred; // one that counts more may follow
}

static void search_bucket(struct search *q)
{
	struct pdb_types *s = q->s;
	if (!s->values_tried)
		load_values(s);
	if (!s->values.n)
		return;
	uint32_t b = pdb_hash_name(q->name) % s->t->n_buckets, n = (uint32_t)(s->values.n / 4);
	if (!s->first && ++s->lookups == OFTEN)
		load_buckets(s);
	if (s->first) {
		for (uint32_t i = s->first[b]; i < s->first[b + 1] && consider(q, s->by_bucket[i]);)
			i++;
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		if (value_of(s, i) == b && !consider(q, s->t->begin + i))
			return;
}

// ---- all names
static int by_hash(const void *a, const void *b)
{
	const struct tpi_name *x = a, *y = b;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static void load_names(struct pdb_types *s)
{
	struct pdb *p = s->p;
	size_t n = 0;
	s->names_tried = true;
	for (struct tpi_walk w = { 0 }; tpi_next(p, s->t, &w);)
		n += tpi_is_udt(w.leaf);
	if (n > LIMIT_PDB_TYPES)
		return;
	s->names = NEW_N(p->a, struct tpi_name, n);
	for (struct tpi_walk w = { 0 }; tpi_next(p, s->t, &w) && s->n_names < n;) {
		struct tpi_udt u;
		if (tpi_is_udt(w.leaf) && tpi_udt(tpi_record_at(p, s->t, w.off), &u) && *u.name)
			s->names[s->n_names++] = (struct tpi_name){ pdb_hash_name(u.name), w.id };
	}
	qsort(s->names, s->n_names, sizeof(*s->names), by_hash);
}

static void search_names(struct search *q)
{
	struct pdb_types *s = q->s;
	if (!s->names_tried)
		load_names(s);
	uint32_t hash = pdb_hash_name(q->name);
	size_t lo = 0, hi = s->n_names;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->names[mid].hash < hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo < s->n_names && s->names[lo].hash == hash && consider(q, s->names[lo].id))
		lo++;
}

// ---- questions
bool tpi_is_unnamed(const char *name)
{
	static const char *const words[] = { "<unnamed-tag>", "__unnamed" };
	size_t n = strlen(name);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t m = strlen(words[i]);
		if (n >= m && str_eq(name + n - m, words[i]) && (n == m || (n > m + 1 && name[n - m - 1] == ':')))
			return true;
	}
	return false;
}

uint32_t tpi_definition(struct pdb_types *s, const struct tpi_udt *forward)
{
	// Rust gives one name to many types; decorated names tell them apart.
	struct search q = { .s = s, .name = forward->name, .unique = forward->unique };
	if (!(forward->props & PROP_SCOPED))
		search_bucket(&q);
	if (!q.defined && forward->unique) {
		q = (struct search){ .s = s, .name = forward->unique, .decorated = true };
		search_bucket(&q);
	}
	// The hash of an unnamed type is that of its bytes; of a local one it is not always that of its name.
	if (!q.defined && (!s->values.n || forward->props & PROP_SCOPED || tpi_is_unnamed(forward->name))) {
		q = (struct search){ .s = s, .name = forward->name, .unique = forward->unique };
		search_names(&q);
	}
	return q.defined;
}

uint32_t tpi_find(struct pdb_types *s, const char *name)
{
	struct search q[2];
	for (int blind = 0; blind < 2; blind++) {
		q[blind] = (struct search){ .s = s, .name = name, .blind = blind };
		search_bucket(&q[blind]);
		if (q[blind].defined)
			return q[blind].defined;
		uint32_t alias = pdb_find_typedef(s->p, name, blind);
		if (alias)
			return alias;
		q[blind] = (struct search){ .s = s, .name = name, .blind = blind };
		search_names(&q[blind]);
		if (q[blind].defined || q[blind].declared)
			return q[blind].defined ? q[blind].defined : q[blind].declared;
	}
	return 0;
}

bool tpi_is_first(struct pdb_types *s, uint32_t id, const struct tpi_udt *u)
{
	struct search q = { .s = s, .name = u->name };
	search_names(&q);
	return q.defined ? q.defined == id : q.declared == id;
}
