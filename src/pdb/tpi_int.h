// SPDX-License-Identifier: Apache-2.0
// tpi_int.h: records of the type streams (TPI, and IPI for ids), decoded one at a time, and finding them by name.
#pragma once
#include "pdb/pdb_int.h"

enum tpi_props { PROP_FORWARD = 0x80, PROP_SCOPED = 0x100, PROP_UNIQUE = 0x200 };
enum { TPI_FIRST = 0x1000 }; // ids below stand for simple types

struct type_stream *tpi_types(struct pdb *p); // both opened when first asked for
struct type_stream *tpi_ids(struct pdb *p);
// A whole record, from its kind on; empty when it is not there. Lives as long as the PDB.
struct span tpi_record(struct pdb *p, struct type_stream *t, uint32_t id);
// The kind of a record without the rest of it, walking the stream: start with id = t->begin, off = 0.
struct tpi_walk {
	uint32_t id, off, next;
	uint16_t leaf;
};
bool tpi_next(struct pdb *p, struct type_stream *t, struct tpi_walk *w);
struct span tpi_record_at(struct pdb *p, struct type_stream *t, uint32_t off); // off as in the walk

struct tpi_number {
	uint64_t v; // sign-extended
	bool is_unsigned, is_integer;
};
struct tpi_number tpi_number(struct rd *r); // a numeric leaf
const char *tpi_text(struct rd *r);         // a string, skipped; NULL when it does not end

struct tpi_udt {
	uint16_t leaf; // LF_CLASS, LF_STRUCTURE, LF_INTERFACE, LF_UNION or LF_ENUM
	uint32_t count, props, fields;
	uint32_t under; // of an enum
	uint64_t size;  // 0 for an enum
	const char *name, *unique;
};
bool tpi_is_udt(uint16_t leaf);
bool tpi_udt(struct span record, struct tpi_udt *ret); // false: another kind, or broken

struct tpi_name {
	uint32_t hash, id;
};
struct pdb_types {
	struct type_source base; // first
	struct pdb *p;
	struct type_stream *t;
	bool values_tried, adjust_tried, names_tried;
	struct span values;          // the hash of each type, cut to a bucket; empty: bad or not there
	uint32_t *first, *by_bucket; // ids of bucket b: by_bucket[first[b]] ...; once look-ups are frequent
	unsigned lookups;
	uint32_t *preferred; // of several types with one name, ascending
	size_t n_preferred;
	struct tpi_name *names; // of every struct ... enum; ascending
	size_t n_names;
};
// The definition that a forward reference speaks of; 0: none.
uint32_t tpi_definition(struct pdb_types *s, const struct tpi_udt *forward);
// A definition, else a typedef, else a declaration. 0: none.
uint32_t tpi_find(struct pdb_types *s, const char *name);
bool tpi_is_unnamed(const char *name); // "<unnamed-tag>", "A::<unnamed-tag>"
// Is it the one that its name finds among definitions?
bool tpi_is_first(struct pdb_types *s, uint32_t id, const struct tpi_udt *u);

// pdb_fields.c: calls fn for what a field list holds.
void tpi_fields(struct pdb_types *s, uint32_t list, bool (*fn)(void *ctx, const struct type_member *m), void *ctx);

// pdb_names.c
uint32_t pdb_hash_name(const char *name); // not yet cut to a number of buckets
// The type that a typedef of the globals names; 0: none.
uint32_t pdb_find_typedef(struct pdb *p, const char *name, bool blind);
// pdb_syms.c
// The public number i of those at exactly that address, the last of the map first.
bool pdb_public_at(struct pdb *p, uint32_t linked, uint32_t i, struct pdb_symbol *ret);
