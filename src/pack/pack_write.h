// SPDX-License-Identifier: Apache-2.0
// pack_write.h: making packs. A writer lives in an arena of its own, whose limit bounds it: call under arena_guard().
#pragma once
#include "pack/pack.h"

struct pack_writer;
struct pack_writer *pack_writer_new(struct arena *a);
// The same text, once. Control characters become '?'. Offsets are the file's; 0 is "".
uint32_t pack_string(struct pack_writer *w, const char *s, size_t n);
const char *pack_string_text(const struct pack_writer *w, uint32_t s); // until the next pack_string()

void pack_add_symbol(struct pack_writer *w, const struct pack_symbol *s); // in any order
void pack_add_line(struct pack_writer *w, uint32_t file, uint32_t line, uint32_t rva, uint32_t size);
// Inlined calls follow the function that they belong to.
void pack_begin_function(struct pack_writer *w, uint32_t rva, uint32_t size);
void pack_add_inline(struct pack_writer *w, uint32_t name, uint32_t call_file, uint32_t call_line, uint32_t depth,
		     uint32_t rva, uint32_t size);
void pack_add_frame(struct pack_writer *w, const struct pack_frame *f);

// Types. `t` and `m` are read as type.h says, their ids are those of this writer.
type_id pack_reserve_type(struct pack_writer *w); // to be set later; until then only declared
void pack_set_type(struct pack_writer *w, type_id id, const struct type *t);
type_id pack_add_type(struct pack_writer *w, const struct type *t); // without members: the same content, once
// Behind pack_set_type. Those of one type follow each other: nothing is added to another between.
void pack_begin_members(struct pack_writer *w, type_id id);
void pack_add_member(struct pack_writer *w, type_id id, const struct type_member *m);
void pack_add_member_named(struct pack_writer *w, type_id id, uint32_t name, const struct type_member *m);
void pack_begin_params(struct pack_writer *w, type_id id);
void pack_add_param(struct pack_writer *w, type_id id, type_id param);

struct pack_origin { // the file that a cached pack was made from
	const char *path;
	uint64_t size, stamp;
};
// The bytes of the file, in the writer's arena. Sizes of arrays that are 0 are worked out. E_LIMIT.
MUST_USE err_t pack_finish(struct pack_writer *w, const struct pack_id *id, const struct pack_origin *from,
			   struct span *ret);

// ---- what becomes a pack. Names are undecorated by the caller's function, since that lives elsewhere; it may be NULL,
// and answers NULL for a name that is not decorated.
typedef const char *pack_undecorate_fn(struct arena *a, const char *name);
// ISF (Volatility 3, schema 4 to 6): E_CORRUPT broken JSON or not an ISF; E_UNSUPPORTED an ISF that is not of Windows.
MUST_USE err_t pack_from_isf(struct arena *a, struct span json, pack_undecorate_fn *undecorate,
			     const struct pack_origin *from, struct span *ret);
// Breakpad symbol file. E_CORRUPT: not one.
MUST_USE err_t pack_from_breakpad(struct arena *a, struct span text, pack_undecorate_fn *undecorate,
				  const struct pack_origin *from, struct span *ret);
// Types of another source.
struct pack_copy;
struct pack_copy *pack_copy_new(struct arena *a, struct pack_writer *w, struct type_source *from);
type_id pack_copied(struct pack_copy *c, type_id from); // its id in the pack; 0: none
void pack_copy_named(struct pack_copy *c);              // asks for every type that has a name; first of all
void pack_copy_rest(struct pack_copy *c);               // copies what was asked for, and all that it needs
