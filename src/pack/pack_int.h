// SPDX-License-Identifier: Apache-2.0
// pack_int.h: the layout of the file; docs/pack-format.md describes it. All numbers are little-endian.
#pragma once
#include "pack/pack.h"

#define PACK_MAGIC "DSPACK\r\n"
enum { PACK_VERSION = 1 };
enum pack_header { // offsets
	H_MAGIC = 0,
	H_VERSION = 8,
	H_HEADER_SIZE = 12, // of the header with the table of sections
	H_FILE_SIZE = 16,   // 64 bits
	H_SUM = 24,         // 64 bits: pack_sum() of everything behind it
	H_GUID = 32,
	H_AGE = 48,
	H_MACHINE = 52, // 16 bits
	H_SOURCE = 54,  // 8 bits: enum pack_source
	H_PTR = 55,     // 8 bits
	H_FLAGS = 56,   // enum pack_flags
	H_TIMESTAMP = 60,
	H_IMAGE_SIZE = 64,
	H_PDB_NAME = 68, // strings
	H_IMAGE_NAME = 72,
	H_SENTENCE = 76,
	H_ORIGIN_SIZE = 80,  // 64 bits: of the file that a cached pack was made from
	H_ORIGIN_STAMP = 88, // 64 bits: when that was written
	H_ORIGIN_PATH = 96,  // string
	H_SECTIONS = 100,    // how many follow
	H_TABLE = 104,       // of { kind 32, bytes of a row 32, offset 64, rows 64 }
	SECTION_ROW = 24,
};
enum pack_flags { PACK_HAS_GUID = 1, PACK_PRIVATE = 2 };
enum pack_section {
	S_STRINGS,        // bytes; each string ends with a NUL; a string is named by its offset, 0 is ""
	S_SYMBOLS,        // by RVA
	S_SYMBOL_BUCKETS, // first entry of each bucket in S_SYMBOL_NAMES, and where the last one ends
	S_SYMBOL_NAMES,   // indices of symbols
	S_TYPES,          // a type's id is its index + 1
	S_TYPE_BUCKETS,
	S_TYPE_NAMES, // indices of types
	S_MEMBERS,
	S_PARAMS,    // ids of types
	S_FUNCTIONS, // those that have inlined calls, by RVA
	S_LINES,     // by RVA
	S_INLINES,   // grouped by function
	S_FRAMES,    // by RVA
	PACK_SECTIONS,
};
// Rows; each field has 32 bits but those of the comments.
enum { SYM_RVA = 0, SYM_SIZE = 4, SYM_NAME = 8, SYM_DECORATED = 12, SYM_TYPE = 16 /* and flags << 24 */, SYM_ROW = 20 };
enum { SYM_FUNCTION = 1, SYM_PRIVATE_FLAG = 2, SYM_SIGNATURE = 4 };
enum { PACK_MAX_TYPE = 0xffffff };
enum {
	TYPE_KIND = 0,    // 8 bits each: kind, qualifiers, kind of pointer, flags
	TYPE_NAME = 4,    // as shown
	TYPE_UNIQUE = 8,  // as the source has it
	TYPE_TARGET = 12, // id
	TYPE_OWNER = 16,
	TYPE_THIS = 20,
	TYPE_FIRST = 24, // member or parameter; of a bit field its position | bits << 8
	TYPE_N = 28,
	TYPE_SIZE = 32,  // 64 bits
	TYPE_COUNT = 40, // 64 bits: elements; members as the source counts them
	TYPE_ROW = 48,
};
enum { TYPE_FORWARD = 1, TYPE_VARIADIC = 2 };
enum {
	MEMBER_NAME = 0,
	MEMBER_TYPE = 4,
	MEMBER_NUMBER = 8,  // 64 bits: offset; value of an enumerator, index of a virtual base
	MEMBER_SECOND = 16, // offset of a virtual base's pointer
	MEMBER_FLAGS = 20,  // kind | access << 8 | enum pack_member_flags << 16
	MEMBER_ROW = 24,
};
enum pack_member_flags {
	MEMBER_UNSIGNED = 1,
	MEMBER_VIRTUAL = 2,
	MEMBER_INTRO = 4,
	MEMBER_IS_STATIC = 8,
	MEMBER_PURE = 16,
};
enum { FUNC_RVA = 0, FUNC_SIZE = 4, FUNC_FIRST = 8, FUNC_N = 12, FUNC_ROW = 16 };
enum { LINE_RVA = 0, LINE_SIZE = 4, LINE_LINE = 8, LINE_FILE = 12, LINE_ROW = 16 };
enum { INL_RVA = 0, INL_SIZE = 4, INL_DEPTH = 8, INL_NAME = 12, INL_FILE = 16, INL_LINE = 20, INL_ROW = 24 };
enum {
	FRAME_RVA = 0,
	FRAME_SIZE = 4,
	FRAME_KIND = 8, // | uses_bp << 8
	FRAME_PROLOG = 12,
	FRAME_PARAMS = 16,
	FRAME_SAVED = 20,
	FRAME_LOCALS = 24,
	FRAME_PROGRAM = 28, // string
	FRAME_ROW = 32,
};
extern const uint8_t pack_row_bytes[PACK_SECTIONS];

// 64 bits of mixing, eight bytes at a time: finds damage, resists nobody.
uint64_t pack_sum(struct span s);
// Of a name without its case.
uint32_t pack_hash(const char *s, size_t n);

struct pack_rows {
	const uint8_t *p;
	uint32_t stride;
	size_t n;
};
struct pack {
	struct type_source types; // first: a type source is cast back
	struct span bytes;
	struct pack_id id;
	struct pack_rows rows[PACK_SECTIONS];
	uint64_t origin_size, origin_stamp;
	const char *origin_path;
};
// Row i of a section; NULL when there is none.
static inline const uint8_t *pack_row(const struct pack *p, enum pack_section s, uint64_t i)
{
	return i < p->rows[s].n ? p->rows[s].p + (size_t)i * p->rows[s].stride : NULL;
}
static inline uint32_t get32(const uint8_t *row, size_t at)
{
	return (uint32_t)le_get(row + at, 4);
}
static inline uint64_t get64(const uint8_t *row, size_t at)
{
	return le_get(row + at, 8);
}
const char *pack_text(const struct pack *p, uint32_t at); // "" when out of bounds
// Calls fn with each index that the bucket of the name holds.
void pack_bucket(const struct pack *p, enum pack_section buckets, const char *name,
		 bool (*fn)(void *ctx, uint32_t index), void *ctx);
extern const struct type_source_ops pack_type_ops;
