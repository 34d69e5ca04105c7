// SPDX-License-Identifier: Apache-2.0
// pdb_find.h: the PDB of a module: along the symbol path, then beside the image file.
#pragma once
#include "pdb/pdb.h"
#include "target/target.h"

// Finds and opens it; fills the module's symbol_file, symbol_map and, when none is used, symbol_error. Another build's
// is taken only when the user asked for that (SYMOPT_LOAD_ANYTHING, .reload /i); then module->mismatch says why.
MUST_USE err_t pdb_locate(struct target *t, struct module *m, struct pdb **ret);
// Does a PDB belong to the module? OK, or E_NOTFOUND and why not.
MUST_USE err_t pdb_matches(struct arena *a, const struct codeview *cv, const struct pdb *p);
