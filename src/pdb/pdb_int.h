// SPDX-License-Identifier: Apache-2.0
// pdb_int.h: the container and the tables that the files of pdb/ share.
#pragma once
#include "base/limits.h"
#include "pdb/codeview.h"
#include "pdb/msf.h"
#include "pdb/pdb.h"
#include "pdb/rows.h"
#include "pdb/tables.h"

#include <string.h>

// ---- tables
struct sym_row { // a named place of a module; addresses as linked, before OMAP
	uint32_t rva, size;
	uint32_t record; // offset in the module's symbols
	uint32_t order : 28, kind : 4;
	const char *name;
	struct inline_table *inlines; // of a function, once asked for
};
struct line_row {
	uint32_t rva, size;
	uint32_t line; // 24 bits
	uint32_t file; // offset in the module's file table
	uint32_t order;
};
struct inlinee_row {
	uint32_t id, file, line, order;
};
struct pdb_module {
	const char *name;
	uint16_t stream;
	uint32_t sym_bytes, c11_bytes, c13_bytes;
	bool records_tried, syms_tried, lines_tried;
	struct span syms;               // starts with the signature
	struct sym_row *funcs, *others; // ascending
	size_t n_funcs, n_others;
	struct span c13, files; // files: DEBUG_S_FILECHKSMS
	struct line_row *lines; // ascending
	size_t n_lines;
	struct inlinee_row *inlinees; // ascending id
	size_t n_inlinees;
	struct span imports, exports; // cross-module references
};
struct contrib_row { // a section contribution, decoded
	uint32_t rva, size, module;
};
struct data_row { // a data symbol of the globals' table
	uint32_t rva, record;
};
struct pdb_section {
	uint32_t va, size;
	bool code;
};
struct name_copy {
	uint64_t key;
	const char *text;
};
struct module_name {
	const char *name;
	uint32_t index;
};
struct all_row {
	uint32_t rva, module, index; // module UINT32_MAX: a public, index into the address map
};
struct frame_tables; // pdb_frames.c
struct pdb {
	struct arena *a;
	struct msf msf;
	struct pdb_id id;
	err_t damage;
	struct msf_stream dbi, symrec, names; // names: the string table's bytes start at names_off
	uint32_t names_off, names_size;
	uint32_t modules_size, contrib_off, contrib_size;
	struct pdb_section *sections;
	size_t n_sections;
	struct span omap_to_src, omap_from_src;
	bool modules_tried, contribs_tried, publics_tried;
	struct pdb_module *modules;
	size_t n_modules;
	struct span contribs;
	unsigned contrib_stride;
	const uint32_t *contrib_order; // NULL: sorted as they are
	size_t n_contribs;
	struct gsi globals, publics;
	uint32_t addr_map, n_addr; // in publics.s
	unsigned lookups, contrib_lookups;
	struct contrib_row *contrib_rows; // both built once look-ups are frequent
	struct rva_index contrib_index, public_index;
	bool data_tried;
	struct data_row *data; // ascending; built when an address in data is first asked for
	size_t n_data;
	uint32_t *public_rvas; // built once look-ups are frequent
	struct type_stream tpi, ipi;
	struct pdb_types *types;
	struct module_name *by_name; // for references between modules
	struct name_copy *copies;    // strings that straddle blocks
	size_t n_copies, cap_copies;
	struct all_row *all;
	size_t n_all;
	uint32_t fpo_stream, frame_data_stream;
	struct frame_tables *frames;
};
void pdb_damaged(struct pdb *p, err_t e); // keeps the first
// Texts kept by a key: strings that straddle blocks, names put together. NULL: none yet.
const char *pdb_copy_find(struct pdb *p, uint64_t key);
void pdb_copy_keep(struct pdb *p, uint64_t key, const char *text);
// The string at `off`; NULL when it does not end inside the stream.
const char *pdb_string(struct pdb *p, const struct msf_stream *s, uint64_t off);
const char *pdb_name_at(struct pdb *p, uint32_t off);                           // of the string table "/names"
bool pdb_place(const struct pdb *p, uint32_t seg, uint32_t off, uint32_t *ret); // as linked
// Both return UINT32_MAX for code that is gone. Identities without OMAP.
uint32_t pdb_to_image(const struct pdb *p, uint32_t linked);
uint32_t pdb_from_image(const struct pdb *p, uint32_t rva);
// Where a place at or below an address (both as linked) lies for who asked for that address of the image: its own RVA,
// or one that keeps the distance it was linked with, when its code was moved or dropped apart from the address.
uint32_t pdb_start_in_image(const struct pdb *p, uint32_t start, uint32_t linked, uint32_t rva);
void pdb_load_modules(struct pdb *p);
struct pdb_module *pdb_module_at(struct pdb *p, uint32_t linked); // NULL
void pdb_load_syms(struct pdb *p, struct pdb_module *m);
struct sym_row *pdb_row_at(struct sym_row *rows, size_t n, uint32_t linked); // the last at or below; NULL
// rva is UINT32_MAX for code that is gone.
bool pdb_read_symbol(struct pdb *p, const struct sym_row *row, struct pdb_symbol *ret);
// The symbol of one record, by its offset in the module's symbols.
bool pdb_read_record(struct pdb *p, struct pdb_module *m, uint32_t off, struct pdb_symbol *ret);
void pdb_load_lines(struct pdb *p, struct pdb_module *m);
const char *pdb_file_name(struct pdb *p, const struct pdb_module *m, uint32_t off);
const struct line_row *pdb_line_row(const struct pdb_module *m, uint32_t linked); // NULL
bool pdb_line_hidden(uint32_t line);
const char *pdb_inlinee_name(struct pdb *p, uint32_t id);
// The data symbol at or below; NULL.
const struct data_row *pdb_data_row(struct pdb *p, uint32_t linked);
// A global id for one of a module's own ids, which may stand for another module's. 0: it cannot be resolved.
uint32_t pdb_resolve_id(struct pdb *p, struct pdb_module *m, uint32_t id);
