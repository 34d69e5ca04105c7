// SPDX-License-Identifier: Apache-2.0
// pdb.h: a program database (MSF 7.00) over bytes that stay mapped: names, functions, source lines and inlined
// calls by RVA, addresses by name. Nothing is read that the question does not need: opening reads the directory and
// the header of the DBI stream, an address reads the module it lies in, a name its hash bucket.
//
// RVAs are those of the image, also when its code was moved after linking (OMAP). Strings live as long as the PDB.
// What is damaged counts as absent; pdb_damage() says what was found so far.
#pragma once
#include "type/type.h"

struct pdb;
struct pdb_id {
	uint8_t guid[16]; // as stored; compares byte by byte with an RSDS record's
	uint32_t signature, info_age;
	uint32_t age;     // of the DBI stream: this one has to equal the RSDS record's
	uint16_t machine; // IMAGE_FILE_MACHINE_*; 0 when not recorded
	bool has_modules; // false: no private symbols (a public or stripped PDB)
	bool fastlink;    // private symbols stand in object files elsewhere
};
enum pdb_kind { PDB_PROC, PDB_THUNK, PDB_SEPARATED, PDB_DATA, PDB_LABEL, PDB_PUBLIC };
struct pdb_symbol {
	const char *name; // as stored: public names are decorated
	uint32_t rva;
	uint32_t size; // bytes; 0 when not recorded
	enum pdb_kind kind;
	bool is_function;
};
struct pdb_line {
	const char *file;   // as stored; NULL when the file's name is unreadable
	uint32_t line;      // 1-based
	uint32_t rva, size; // the code of the line
};
// A call that the compiler replaced by the callee's body.
struct pdb_inline {
	const char *name;   // of the callee, with its class or namespace
	const char *file;   // the place in the callee that the address belongs to; NULL: unknown
	uint32_t line;      // 0: unknown
	uint32_t rva;       // where the inlined code starts
	uint32_t inlinee;   // its IPI index
	uint32_t call_line; // the place of the call in the caller
	const char *call_file;
};

// Opens a PDB. `file` must stay mapped as long as the PDB is used; everything allocated lives in `a`.
// E_UNSUPPORTED: another format that is named (PDB 2.00, MSFZ, portable PDB), or a compiler's PDB without symbols;
// E_CORRUPT: not what it claims to be.
MUST_USE err_t pdb_open(struct arena *a, struct span file, struct pdb **ret);
const struct pdb_id *pdb_id(const struct pdb *p);
// One sentence on what this PDB cannot give (FASTLINK, stripped); NULL when complete.
const char *pdb_note(const struct pdb *p);
err_t pdb_damage(const struct pdb *p); // the first corrupt part met so far; OK when none

// The symbol that covers an RVA, else the nearest below it in the same section. False: none.
bool pdb_symbol_at(struct pdb *p, uint32_t rva, struct pdb_symbol *ret);
// The function whose private record covers the RVA.
bool pdb_function_at(struct pdb *p, uint32_t rva, struct pdb_symbol *ret);
// RVA of the next symbol above `rva`; 0: none.
uint32_t pdb_next_rva(struct pdb *p, uint32_t rva);
// Exact name first (private, then public), then ASCII case-blind.
bool pdb_find(struct pdb *p, const char *name, struct pdb_symbol *ret);
// An integer constant by its full name, exact; sign-extended as recorded.
bool pdb_constant(struct pdb *p, const char *name, uint64_t *ret, uint32_t *type_ret);
// The name as debuggers show it: publics without their decoration (C++, Rust; the C names of x86).
const char *pdb_shown_name(struct pdb *p, const struct pdb_symbol *s);
bool pdb_line_at(struct pdb *p, uint32_t rva, struct pdb_line *ret);
// Code of a source line, in the order recorded; of a line without code, that of the next one in the file that has some.
// `file` is the end of a recorded name, from a separator on, case-blind.
void pdb_find_line(struct pdb *p, const char *file, uint32_t line, bool (*fn)(void *ctx, const struct pdb_line *l),
		   void *ctx);
// The inlined calls that cover an RVA, innermost first; at most max. The number found.
size_t pdb_inlines_at(struct pdb *p, uint32_t rva, struct pdb_inline *ret, size_t max);
// The types, decoded when they are asked for; NULL when there are none. An id is the index in the TPI stream.
struct type_source *pdb_types(struct pdb *p);
// What is recorded of the symbol of that name (as shown) which starts at an RVA.
struct pdb_about {
	const char *decorated; // NULL: no public name, or one without decoration
	type_id type;          // 0: not recorded
	uint32_t size;         // of code; 0: not recorded
	bool is_private, is_function;
};
bool pdb_about(struct pdb *p, uint32_t rva, const char *name, struct pdb_about *ret);
// Parameters and locals in scope at an RVA.
enum pdb_where { PDB_GONE, PDB_REGISTER, PDB_MEMORY, PDB_STATIC, PDB_VALUE };
enum { PDB_PIECES = 16, PDB_VFRAME = 30006 };
struct pdb_place {
	enum pdb_where where;
	uint16_t reg;   // CodeView's number for the machine; PDB_VFRAME: x86's virtual frame ($T0 of the FPO program)
	int32_t offset; // PDB_MEMORY: from the register
	uint32_t rva;   // PDB_STATIC
	uint64_t value; // PDB_VALUE
	uint32_t at;    // of a piece: the byte of the variable that it starts with
	bool unbuilt;   // PDB_MEMORY: in the frame, which the function has not built yet here
};
#define PDB_NO_SCOPE UINT32_MAX
struct pdb_local {
	const char *name;
	uint32_t type; // TPI index
	bool is_param;
	bool in_pieces; // places are parts; else there is one
	bool by_range;  // the record says where it is at which address; else in one place throughout
	uint32_t scope; // number of the scope it stands in; PDB_NO_SCOPE: not known
	struct pdb_place places[PDB_PIECES];
	size_t n;
};
// depth 0: of the function; n: of the n-th inlined call around the RVA, the outermost is 1. In the order recorded,
// inner blocks behind outer ones; fn returns false to stop.
void pdb_locals_at(struct pdb *p, uint32_t rva, unsigned depth, bool (*fn)(void *ctx, const struct pdb_local *l),
		   void *ctx);

// Every symbol in ascending RVA, functions and data without labels; a public is left out where a private symbol has
// its place.
void pdb_each(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_symbol *s), void *ctx);

// For tools and tests: everything as recorded, in the file's order. fn returns false to stop.
void pdb_each_private(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_symbol *s), void *ctx);
void pdb_each_public(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_symbol *s), void *ctx);
void pdb_each_line(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_line *l), void *ctx);
// size of the range in `size`; call line looked up at the start of the site.
struct pdb_site {
	struct pdb_inline site;
	uint32_t rva, size, depth; // one row for each range of a site
};
void pdb_each_inline(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_site *s), void *ctx);
