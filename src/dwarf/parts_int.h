// SPDX-License-Identifier: Apache-2.0
// parts_int.h: what each file of dwarf/ does for the others.
#pragma once
#include "dwarf/dwarf_int.h"

// ---- dwarf_forms.c
uint64_t rd_uleb(struct rd *r);
int64_t rd_sleb(struct rd *r);
uint64_t rd_sized(struct rd *r, unsigned n);             // n: 1 to 8 bytes
const char *rd_cstring(struct rd *r);                    // NULL: no end
uint64_t rd_length(struct rd *r, uint8_t *off_size_ret); // an initial length
const char *string_in(struct span s, uint64_t off);      // NULL: outside, or without an end
const struct abbrev_table *abbrevs_of(struct dwarf *d, struct unit *u);
const struct abbrev *abbrev_get(const struct abbrev_table *t, uint64_t code); // NULL
void read_value(struct rd *r, const struct unit *u, uint16_t form, int64_t implicit, struct value *ret);
// The values of an entry whose abbreviation code was read.
void read_entry(struct rd *r, struct dwarf *d, const struct unit *u, const struct abbrev *b, struct entry *ret);
void skip_entry(struct rd *r, struct dwarf *d, const struct unit *u, const struct abbrev *b);
// Values as what they mean; false: absent, or of another class.
const char *value_string(struct dwarf *d, struct unit *u, const struct value *v); // NULL
bool value_address(struct dwarf *d, struct unit *u, const struct value *v, uint64_t *ret);
bool value_reference(const struct unit *u, const struct value *v, uint64_t *ret); // offset in .debug_info
bool value_number(const struct value *v, uint64_t *ret);
bool address_index(struct dwarf *d, struct unit *u, uint64_t index, uint64_t *ret);

// ---- dwarf_ranges.c
void ranges_add(struct dwarf *d, struct ranges *r, uint64_t low, uint64_t high, uint32_t id); // addresses as linked
void ranges_sort(struct ranges *r);
size_t ranges_below(const struct ranges *r, uint32_t rva);               // rows that begin at or below
const struct range_row *ranges_at(const struct ranges *r, uint32_t rva); // the innermost that covers; NULL
const struct range_row *ranges_up(const struct ranges *r, const struct range_row *row, uint32_t rva); // next around
// What an entry covers, by its DW_AT_low_pc and high_pc or DW_AT_ranges. Returns the number of rows added.
size_t entry_ranges(struct dwarf *d, struct unit *u, const struct entry *e, struct ranges *r, uint32_t id);

// ---- dwarf_units.c
void load_units(struct dwarf *d);
void load_root(struct dwarf *d, struct unit *u);
void load_covers(struct dwarf *d);
struct unit *unit_of(struct dwarf *d, uint64_t off); // that holds an entry; NULL
bool is_code_unit(const struct unit *u);

// ---- dwarf_entries.c
void load_entries(struct dwarf *d, struct unit *u);
void load_inlines(struct dwarf *d, struct func *f);
const char *full_name(struct dwarf *d, struct func *f);

// ---- dwarf_lines.c
struct line_table *lines_of(struct dwarf *d, struct unit *u); // NULL
const char *file_path(struct dwarf *d, const struct unit *u, struct line_table *t, uint64_t file);
const struct line_row *line_row_at(const struct line_table *t, uint32_t rva); // NULL
