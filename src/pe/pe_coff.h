// SPDX-License-Identifier: Apache-2.0
// pe_coff.h: what MinGW leaves in an image beside the loader's view of it: the COFF symbol table with its long names,
// sections whose names are longer than eight characters, and the link to a separate debug file. None of it is mapped
// by the loader, so all of it needs an image that was opened from its file. Formats: Microsoft's "PE Format" page
// (section headers, COFF symbol table, COFF string table); .gnu_debuglink: GDB's manual, "Debugging Information in
// Separate Files".
#pragma once
#include "pe/pe.h"

struct pe_coff_symbol {
	const char *name; // as stored: decorated, on x86 with the leading underscore
	uint32_t rva;
	bool is_function; // by its type; assembly code often has none
	bool external;
};
struct pe_coff {
	const struct pe_coff_symbol *by_rva; // ascending; of one address the externals first
	size_t n;
	bool partial; // the table is cut off, or names lie outside the string table
};
// Functions and data with an address in a section; no labels, section names or absolute values. Names point into the
// file or into `a`. E_NOTFOUND: the image has no such table; E_ABSENT: it was not opened from a file.
MUST_USE err_t pe_coff_symbols(struct arena *a, const struct pe *pe, struct pe_coff *ret);

// The bytes of a section in the file, without padding, by its full name (".debug_info"); empty: none.
struct span pe_section_named(const struct pe *pe, const char *name);
struct pe_debuglink {
	const char *file; // a plain file name
	uint32_t crc;     // CRC-32 of that whole file, as zlib computes it
};
// E_NOTFOUND: none; E_CORRUPT.
MUST_USE err_t pe_debuglink(struct arena *a, const struct pe *pe, struct pe_debuglink *ret);
