// SPDX-License-Identifier: Apache-2.0
// state.h: what symbols a module has; sym_state_text() says it as lm does.
#pragma once

enum sym_state {
	SYM_DEFERRED, // nothing was asked yet
	SYM_NONE,
	SYM_EXPORT,
	SYM_PUBLIC,  // a PDB without private symbols
	SYM_PRIVATE, // a PDB with them
	SYM_COFF,    // the image's own table
	SYM_DWARF,
	SYM_PACK,     // a layout pack made of a PDB
	SYM_ISF,      // Volatility's JSON, or a pack made of it
	SYM_BREAKPAD, // a .sym, or a pack made of it
};
