// SPDX-License-Identifier: Apache-2.0
// pdb_dump_types.h: the part of pdb_dump that asks for types.
#pragma once
#include "pdb/pdb.h"

// False: another word than one of its own.
bool dump_types(struct arena *a, struct pdb *p, const char *what, int argc, char **argv);
