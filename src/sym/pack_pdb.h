// SPDX-License-Identifier: Apache-2.0
// pack_pdb.h: a layout pack of a PDB: names, types, lines, inlined calls, frames.
#pragma once
#include "pack/pack_write.h"
#include "pdb/pdb.h"

// In `a`; call under arena_guard(). `name` is the PDB's file name.
MUST_USE err_t pack_from_pdb(struct arena *a, struct pdb *p, const char *name, struct span *ret);
