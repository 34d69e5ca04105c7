// SPDX-License-Identifier: Apache-2.0
// dwarf.h: DWARF 2 to 5, in its 32- and 64-bit formats: functions, data, source lines and inlined calls by RVA.
// Nothing is read at opening. The first address reads the headers of all units and what they cover; an address then
// reads the unit it lies in. Own code rather than libdw (GPL/LGPL, and it takes ELF files only) or libdwarf (LGPL):
// reading symbols out of Windows files is what this program is for, and hostile sections are normal input here.
// Source: the DWARF standards (dwarfstd.org), versions 2, 3, 4 and 5.
//
// Addresses in the sections are those of the image as linked; all here are RVAs. Strings point into the sections or
// into the arena. What is damaged counts as absent; dwarf_damage() says what was found so far. Not supported: code in
// separate .dwo files, type units, VLIW line tables.
#pragma once
#include "base/base.h"

enum dwarf_section {
	DWARF_INFO,
	DWARF_ABBREV,
	DWARF_LINE,
	DWARF_STR,
	DWARF_LINE_STR,
	DWARF_STR_OFFSETS,
	DWARF_ADDR,
	DWARF_RANGES,
	DWARF_RNGLISTS,
	DWARF_ARANGES,
	DWARF_SECTIONS
};
extern const char *const dwarf_section_names[DWARF_SECTIONS]; // ".debug_info", ...

struct dwarf;
struct dwarf_symbol {
	const char *name;    // with its namespaces and classes; NULL: unnamed
	const char *linkage; // the decorated name; NULL: not recorded, or the same
	uint32_t rva, size;  // of the part asked for: a function may lie in several. size 0: not recorded
	uint32_t entry;      // RVA where the function is called; rva itself for data
	bool is_function;
	const char **shown; // the caller's own: starts as NULL, kept as long as the symbols
};
struct dwarf_line {
	const char *file; // with its folder; NULL when unreadable
	uint32_t line;    // 0: the compiler's own code
	uint32_t rva, size;
};
struct dwarf_inline {
	struct dwarf_symbol callee; // rva, size: the part of the inlined code
	uint32_t call_line;         // the place of the call in the caller
	const char *call_file;
	uint32_t depth; // 0: called by the function itself
};

// Sections must stay mapped. image_base: ImageBase of the file that the sections come from; size: its SizeOfImage.
// E_NOTFOUND: no DWARF at all.
MUST_USE err_t dwarf_open(struct arena *a, const struct span sections[DWARF_SECTIONS], uint64_t image_base,
			  uint32_t size, struct dwarf **ret);
err_t dwarf_damage(const struct dwarf *d); // the first corrupt part met so far; OK when none
const char *dwarf_note(struct dwarf *d);   // what these sections cannot give (.dwo files); NULL: nothing missing

// The function that covers an RVA.
bool dwarf_function_at(struct dwarf *d, uint32_t rva, struct dwarf_symbol *ret);
// The last function that begins at or below, among those of the unit whose code covers or precedes the RVA.
bool dwarf_function_below(struct dwarf *d, uint32_t rva, struct dwarf_symbol *ret);
bool dwarf_data_at(struct dwarf *d, uint32_t rva, struct dwarf_symbol *ret); // data at or below; reads every unit
uint32_t dwarf_next_rva(struct dwarf *d, uint32_t rva);                      // of a function above; 0: none
// Calls fn for each symbol whose own name (the last part of `name`) or decorated name is `name`.
void dwarf_each_named(struct dwarf *d, const char *name, bool blind,
		      bool (*fn)(void *ctx, const struct dwarf_symbol *s), void *ctx);
// The place in the source: of the innermost inlined code, where there is some.
bool dwarf_line_at(struct dwarf *d, uint32_t rva, struct dwarf_line *ret);
// The inlined calls that cover an RVA, innermost first; at most max. The number found.
size_t dwarf_inlines_at(struct dwarf *d, uint32_t rva, struct dwarf_inline *ret, size_t max);

// Everything; fn returns false to stop. dwarf_each: ascending RVA, a row for each part of a function.
void dwarf_each(struct dwarf *d, bool (*fn)(void *ctx, const struct dwarf_symbol *s), void *ctx);
void dwarf_each_line(struct dwarf *d, bool (*fn)(void *ctx, const struct dwarf_line *l), void *ctx);
void dwarf_each_inline(struct dwarf *d, bool (*fn)(void *ctx, const struct dwarf_inline *i), void *ctx);
// The lines of one source file, which matches as a whole or behind a '/' or '\\', ASCII case-blind.
void dwarf_each_line_of(struct dwarf *d, const char *file, bool (*fn)(void *ctx, const struct dwarf_line *l),
			void *ctx);
