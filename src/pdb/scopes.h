// SPDX-License-Identifier: Apache-2.0
// scopes.h: functions, and the blocks and inlined calls inside them.
#pragma once
#include "pdb/pdb_int.h"

bool pdb_opens_scope(uint32_t kind); // does a record of this kind begin a scope; end one
bool pdb_ends_scope(uint32_t kind);
// The function that covers an address, the innermost; NULL.
struct sym_row *pdb_covering_row(struct pdb *p, struct pdb_module *m, uint32_t linked);
struct sym_row *pdb_function_row(struct pdb *p, uint32_t linked, struct pdb_module **m_ret);
// The inlined call of a function that covers an address at a depth, by its place among the function's; UINT32_MAX:
// none.
uint32_t pdb_inline_site_at(struct pdb *p, struct pdb_module *m, struct sym_row *f, uint32_t linked, uint32_t depth);
unsigned pdb_param_count(struct pdb *p, uint32_t type); // of a function type, `this` counted; 0: none, or not known
