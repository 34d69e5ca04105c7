// SPDX-License-Identifier: Apache-2.0
// dwarf_int.h: what the files of dwarf/ share.
#pragma once
#include "base/limits.h"
#include "base/str.h"
#include "dwarf/constants.h"
#include "dwarf/dwarf.h"
#include "dwarf/entry_int.h"

#include <string.h>

// ---- tables by address. `up`: the innermost row around this one, UINT32_MAX: none.
struct range_row {
	uint32_t rva, end, up, id;
};
struct ranges {
	struct range_row *rows; // ascending rva, of those the longest first
	size_t n, cap;
};
struct unit;
struct func {
	uint64_t off; // of its entry
	struct unit *unit;
	const char *name, *linkage, *full, *shown; // name: its own; full: with its scopes, once asked for
	uint64_t named_off;                        // the entry that bears the name: its scopes are the function's
	uint32_t entry, size;
	bool is_function, inlines_tried;
	struct ranges inlines; // id: index into sites
	struct site *sites;
	size_t n_sites;
};
struct site {
	struct func callee;
	uint64_t call_file, level; // level: of its entry below the function's
	uint32_t call_line, depth, up;
};
struct scope {
	uint64_t off, end; // of the entries inside
	uint32_t up;       // index, UINT32_MAX: none
	uint64_t level;
	uint16_t tag;
	const char *name; // NULL: unnamed
};
struct file_row {
	const char *name, *path; // path: put together once asked for
	uint64_t dir;
};
struct line_row {
	uint32_t rva, end, line, file;
};
struct line_table {
	uint64_t off;
	unsigned version;
	struct file_row *files;
	size_t n_files;
	const char **dirs;
	size_t n_dirs;
	struct line_row *rows; // ascending
	size_t n;
};
struct unit {
	uint64_t off, die, end; // header, first entry, end in .debug_info
	uint64_t abbrev_off;
	uint8_t version, type, addr_size, off_size;
	bool root_tried, dies_tried, lines_tried, has_aranges, dwo;
	const struct abbrev_table *abbrevs;
	uint16_t tag;
	uint64_t low, str_base, addr_base, rnglists_base, stmt_list;
	bool has_low, has_lines;
	const char *comp_dir;
	struct func *funcs; // functions and data, in the order of their entries
	size_t n_funcs;
	struct ranges code; // id: index into funcs
	struct scope *scopes;
	size_t n_scopes;
	struct line_table *lines;
};
struct cached { // things by their offset
	uint64_t key;
	void *what;
};
struct cache {
	struct cached *slots;
	size_t n, cap;
};
struct all_row {
	uint32_t rva, end, order;
	struct func *func;
};
struct dwarf {
	struct arena *a;
	struct span s[DWARF_SECTIONS];
	uint64_t base;
	uint32_t size;
	err_t damage;
	bool units_tried, covers_tried, all_tried;
	struct unit *units;
	size_t n_units;
	struct ranges covers; // id: index into units
	struct cache abbrevs, line_tables;
	uint64_t range_budget, walk_budget; // entries of range lists, bytes of functions; each is there once
	struct all_row *all;                // every part of every function, and data; ascending
	size_t n_all;
	struct all_row *data;
	size_t n_data;
};

void dwarf_damaged(struct dwarf *d, const char *what, uint64_t at); // keeps the first
void *cache_find(const struct cache *c, uint64_t key);
void cache_keep(struct dwarf *d, struct cache *c, uint64_t key, void *what);
