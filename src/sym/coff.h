// SPDX-License-Identifier: Apache-2.0
// coff.h: the COFF symbol table of an image as names for addresses: alone (sym/coff.c's provider), and beside DWARF,
// which knows nothing of assembly code and of libraries built without it.
#pragma once
#include "pe/pe_coff.h"
#include "sym/sym.h"

struct coff_names {
	const struct pe *pe;
	struct pe_coff table;
	const char **shown; // of table.by_rva, filled when asked for
	struct arena *arena;
};
// E_NOTFOUND: the image has no table, or one without names; E_ABSENT.
MUST_USE err_t coff_names_open(struct arena *a, const struct pe *pe, struct coff_names *ret);
size_t coff_names_at(const struct coff_names *c, uint32_t rva);     // at or below, same section; SIZE_MAX: none
uint32_t coff_names_next(const struct coff_names *c, uint32_t rva); // 0: none
const char *coff_names_shown(struct coff_names *c, size_t i);       // undecorated
bool coff_names_is_function(const struct coff_names *c, size_t i);
// A C++ or Rust name without its decoration; NULL: it has none.
const char *coff_undecorated(struct arena *a, const char *name);
bool coff_names_find(struct coff_names *c, const char *name, uint32_t *rva_ret); // as stored or shown; then case-blind
