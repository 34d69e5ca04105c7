// SPDX-License-Identifier: Apache-2.0
// isf_int.h: the reader's state while the JSON goes by.
#pragma once
#include "base/limits.h"
#include "pack/pack_map.h"
#include "pack/pack_write.h"

enum isf_key {
	K_NONE,
	K_METADATA,
	K_BASE_TYPES,
	K_USER_TYPES,
	K_ENUMS,
	K_SYMBOLS,
	K_PRODUCER,
	K_WINDOWS,
	K_LINUX,
	K_MAC,
	K_PDB,
	K_FORMAT,
	K_NAME,
	K_VERSION,
	K_GUID,
	K_AGE,
	K_DATABASE,
	K_MACHINE,
	K_KIND,
	K_SIZE,
	K_SIGNED,
	K_FIELDS,
	K_OFFSET,
	K_TYPE,
	K_SUBTYPE,
	K_COUNT,
	K_BIT_POSITION,
	K_BIT_LENGTH,
	K_BASE,
	K_CONSTANTS,
	K_ADDRESS,
	K_LINKAGE_NAME,
};
enum isf_place { // which JSON object it is
	P_OUTSIDE,
	P_SKIP,
	P_ROOT,
	P_META,
	P_PRODUCER,
	P_WINDOWS,
	P_BASES,
	P_USERS,
	P_FIELDS,
	P_ENUMS,
	P_SYMBOLS,
	P_PDB, // from here on numbers count
	P_VALUES,
	P_BASE, // from here on "kind" counts
	P_USER,
	P_FIELD,
	P_TYPE,
	P_ENUM,
	P_SYMBOL,
};
enum isf_kind { // the order of the words in kind_of()
	KIND_NONE,
	KIND_STRUCT,
	KIND_UNION,
	KIND_CLASS,
	KIND_ENUM,
	KIND_BASE,
	KIND_POINTER,
	KIND_ARRAY,
	KIND_BITFIELD,
	KIND_FUNCTION,
	KIND_INT,
	KIND_CHAR,
	KIND_FLOAT,
	KIND_BOOL,
	KIND_VOID,
};
struct isf_number {
	uint64_t bits;
	bool minus;
};
struct isf_frame { // one open object
	enum isf_place place;
	enum isf_key key;    // of the value that comes next
	uint32_t name;       // the same in objects whose keys are names
	uint32_t entry;      // the name under which this object stands
	enum isf_kind kind;  // "kind"
	uint32_t text, base; // "name" or "linkage_name"; "base"
	uint64_t number;     // "size", "offset", "count" or "address"
	bool has_number, is_signed;
	unsigned pos, bits;
	type_id type; // of the "type" or "subtype" inside
};
struct isf_field { // of the struct or enum that is open
	uint32_t name;
	type_id type;
	uint64_t offset;
	struct isf_number value;
	unsigned pos; // bit
	uint32_t order;
};
struct isf {
	struct arena *a;
	struct pack_writer *w;
	pack_undecorate_fn *undecorate;
	struct isf_frame frames[LIMIT_ISF_DEPTH];
	size_t depth;
	unsigned roots;
	err_t error;
	const char *format, *producer, *version;
	struct pack_id id;
	bool has_guid;
	struct pack_map named;     // space << 32 | name: id
	struct pack_map positions; // bit fields: id to position
	struct isf_field *fields;
	size_t n_fields, cap_fields;
};

// isf_types.c: an object is complete.
void isf_base(struct isf *x, const struct isf_frame *f);
type_id isf_type(struct isf *x, const struct isf_frame *f);
void isf_field(struct isf *x, const struct isf_frame *f);
void isf_value(struct isf *x, uint32_t name, const struct isf_number *v);
void isf_user(struct isf *x, const struct isf_frame *f);
void isf_enum(struct isf *x, const struct isf_frame *f);
void isf_symbol(struct isf *x, const struct isf_frame *f);
