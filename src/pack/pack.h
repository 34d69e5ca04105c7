// SPDX-License-Identifier: Apache-2.0
// pack.h: layout packs: the symbols, types and lines of one module in a file of our own that is mapped and searched as
// it lies (docs/pack-format.md). Other symbol files become one: ISF (Volatility's JSON), Breakpad's .sym, PDBs.
//
// A pack is untrusted bytes. Opening reads its header; each look-up checks what it touches, in bounded time. What is
// damaged counts as absent. Strings live as long as the bytes.
#pragma once
#include "base/os.h"
#include "type/type.h"

enum pack_source { PACK_FROM_UNKNOWN, PACK_FROM_PDB, PACK_FROM_ISF, PACK_FROM_BREAKPAD, PACK_SOURCES };
struct pack_id {
	const char *pdb_name;           // "ntkrnlmp.pdb"; "" unknown
	const char *image_name;         // ""  unknown
	const char *source;             // one sentence: what it was made from; "ISF 6.1.0 by volatility3 2.7.0"
	uint8_t guid[16];               // as stored in PDBs and RSDS records
	uint32_t age;                   // of the image's record
	bool has_guid;                  // false: nothing says which build it belongs to
	bool is_private;                // symbols of the compiler, not only of the linker
	uint16_t machine;               // IMAGE_FILE_MACHINE_*; 0 unknown
	uint32_t timestamp, image_size; // of the image; 0 unknown
	unsigned ptr_bytes;             // 4, 8; 0 unknown
	enum pack_source from;
};
struct pack_symbol {
	const char *name;      // as debuggers show it
	const char *decorated; // as the linker knew it; NULL: the same, or not recorded
	uint32_t rva, size;    // size 0: not recorded
	type_id type;          // 0: not recorded
	bool is_function;      // false: data, or not recorded
	bool is_private;       // from the compiler, not only from the linker
	bool is_signature;     // `decorated` is no linker's name but the name with its parameters
};
struct pack_line {
	const char *file;
	uint32_t line, rva, size;
};
struct pack_inline { // a call that the compiler replaced by the callee's body
	const char *name, *call_file;
	uint32_t call_line;
	uint32_t depth;     // 0: in the function itself
	uint32_t rva, size; // one range of its code
};
enum pack_frame_kind { PACK_FRAME_FPO, PACK_FRAME_PROGRAM };
struct pack_frame { // x86: how a function lays out its frame
	enum pack_frame_kind kind;
	uint32_t rva, size, prolog, params, saved, locals;
	bool uses_bp;
	const char *program; // PACK_FRAME_PROGRAM
};
struct pack;

// Opens a pack of bytes that stay as they are. E_CORRUPT no pack, or cut; E_UNSUPPORTED a later version.
MUST_USE err_t pack_open(struct arena *a, struct span bytes, struct pack **ret);
const struct pack_id *pack_id(const struct pack *p);
// Reads all of it and compares the sum in the header; opening does not. E_CORRUPT.
MUST_USE err_t pack_verify(const struct pack *p);
struct type_source *pack_types(struct pack *p); // NULL: it holds none

size_t pack_symbols(const struct pack *p); // how many; ascending by RVA
bool pack_symbol(const struct pack *p, size_t i, struct pack_symbol *ret);
// The symbol at or below an RVA, of several at one place the first recorded. *next_ret (may be NULL): RVA of the
// following one; 0 none.
bool pack_near(const struct pack *p, uint32_t rva, struct pack_symbol *ret, uint32_t *next_ret);
// By either name: exact spelling, then ASCII case-blind.
bool pack_find(const struct pack *p, const char *name, struct pack_symbol *ret);
size_t pack_lines(const struct pack *p);
bool pack_line(const struct pack *p, size_t i, struct pack_line *ret);
// The line whose code covers the RVA, of the innermost inlined call.
bool pack_line_at(const struct pack *p, uint32_t rva, struct pack_line *ret);
size_t pack_inlines(const struct pack *p);
bool pack_inline(const struct pack *p, size_t i, struct pack_inline *ret);
// The inlined calls that cover an RVA, outermost first (depth 0, 1, ...); at most max. How many.
size_t pack_inlines_at(const struct pack *p, uint32_t rva, struct pack_inline *ret, size_t max);
size_t pack_frames(const struct pack *p);
bool pack_frame(const struct pack *p, size_t i, struct pack_frame *ret);
bool pack_frame_at(const struct pack *p, uint32_t rva, struct pack_frame *ret); // innermost; programs before FPO
