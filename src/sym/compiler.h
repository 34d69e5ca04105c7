// SPDX-License-Identifier: Apache-2.0
// compiler.h: what tool made a module, as its PDB says.
#pragma once
#include "pdb/pdb_frames.h"
#include "sym/sym.h"

// Of the first object file that records it, which is what !lmi shows. False: not recorded, or no PDB.
bool sym_compiler(struct symbols *s, struct pdb_compiler *ret);
