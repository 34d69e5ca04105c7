// SPDX-License-Identifier: Apache-2.0
// local.h: what symbols say of a variable of a function, and where it is at an address.
#pragma once
#include "type/type.h"

#include <stddef.h>

enum local_where {
	LOCAL_GONE,     // not available at this address (optimised out)
	LOCAL_REGISTER, // reg
	LOCAL_MEMORY,   // at reg + offset
	LOCAL_STATIC,   // at an RVA
	LOCAL_VALUE,    // a constant
	LOCAL_PIECES,   // parts of it at the places of `pieces`
};
enum { SYM_PIECES = 16, SYM_REG_VECTOR = 64, SYM_REG_VFRAME = 127 }; // VECTOR + n: regs.v[n]; VFRAME: see sym_place
struct sym_place {
	enum local_where where; // of a piece: not LOCAL_PIECES
	unsigned reg;           // of arch/regs.h, or the above (VFRAME: x86, where the frame's return address lies)
	const char *reg_name;   // as WinDbg has it, of the part that is meant: "r12d"; NULL: none
	uint8_t reg_shift, reg_bytes;
	int64_t offset;    // LOCAL_MEMORY
	uint32_t rva;      // LOCAL_STATIC
	uint64_t value;    // LOCAL_VALUE
	uint32_t at, size; // of a piece: bytes of the variable; size 0: the rest of it
	bool unbuilt;      // LOCAL_MEMORY: in the frame, which the function has not built yet here
};
#define SYM_NO_SCOPE UINT32_MAX
struct sym_local {
	const char *name;
	type_id type;
	bool is_param, is_static;
	bool by_range;  // CodeView: the record says where it is at which address; else in one place throughout
	uint32_t scope; // CodeView: number of the scope it stands in; SYM_NO_SCOPE: not known
	struct sym_place place;
	struct sym_place pieces[SYM_PIECES];
	size_t n_pieces;
};
