// SPDX-License-Identifier: Apache-2.0
// pdb_records.h: records of modules that tell how code was made and linked: object files, compilers, build commands,
// thunks, exports, sections, call sites, references between modules. As stored: places are section and offset as
// linked.
#pragma once
#include "pdb/pdb.h"

enum { PDB_RECORD_NUMBERS = 10, PDB_RECORD_TEXTS = 64 };
struct pdb_record {
	size_t module;    // in the order of the DBI stream
	const char *kind; // "S_OBJNAME"; "import", "export" of a reference between modules
	uint32_t offset;  // in the module's symbols; 0 for references
	uint32_t n[PDB_RECORD_NUMBERS];
	size_t n_numbers; // in the order stored
	const char *texts[PDB_RECORD_TEXTS];
	size_t n_texts;
};
// Each such record of each module in the file's order; fn returns false to stop. Strings live as long as the PDB.
// import: the id that the module uses, the id in the other module; the other module's name. export: id, global id.
void pdb_each_record(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_record *r), void *ctx);
