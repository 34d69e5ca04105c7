// SPDX-License-Identifier: Apache-2.0
// pack_find.h: the layout pack, ISF or Breakpad symbol file of a module, along the folders and stores of the symbol
// path; elements of the path that name such a file are looked at first. Servers but Microsoft's are asked last, for a
// file of the module's own build: name.pdb/KEY/name.dspack or name.sym, [windows/]name.pdb/GUID-AGE.json[.xz].
#pragma once
#include "pack/pack_file.h"
#include "target/target.h"

struct pack_wanted {
	const char *pdb_name; // "ntkrnlmp.pdb"
	const uint8_t *guid;  // as stored, 16 bytes; NULL: unknown, then nothing matches
	uint32_t age;
};
// Undecorates what stores hold decorated: C++, Rust, the C names of x86.
const char *pack_undecorate(struct arena *a, const char *name);
// OK, or E_NOTFOUND and why not.
MUST_USE err_t pack_matches(struct arena *a, const struct pack_wanted *w, const struct pack_id *id);
// Of any build named by the caller. *path_ret (may be NULL): the file; *ret is closed by the caller, strings in it
// live as long. E_NOTFOUND: none, or only of other builds.
MUST_USE err_t pack_open_for(struct target *t, const struct pack_wanted *w, struct pack_file *ret,
			     const char **path_ret);
// Of a module; fills its symbol_file, symbol_map and mismatch. Another build's file is taken only when the user asked
// for that (SYMOPT_LOAD_ANYTHING, .reload /i).
MUST_USE err_t pack_locate(struct target *t, struct module *m, struct pack **ret);
