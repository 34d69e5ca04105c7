// SPDX-License-Identifier: Apache-2.0
// dt.h: between the files of dt: what was asked for, what it names, and how it is shown.
#pragma once
#include "base/limits.h"
#include "cmd/cmd.h"
#include "value/locals.h"
#include "value/value.h"

// A field as typed: "Ldr", "Ldr.", "a.b[3].c"; an empty part stands for every field of that level.
struct dt_spec {
	const char *parts[LIMIT_DT_PARTS];
	bool prefix[LIMIT_DT_PARTS]; // the part is the beginning of a name
	bool indexed[LIMIT_DT_PARTS];
	uint64_t index[LIMIT_DT_PARTS]; // "[3]" behind the part
	unsigned n;
	bool array; // -a before it
};
struct dt_options {
	unsigned depth;        // -r; 0: the fields alone
	bool blocks;           // -b: structs and arrays inside, but nothing behind pointers
	bool verbose;          // -v
	bool array;            // -a before the name
	uint64_t array_count;  // of -a; 0: all
	bool no_offset;        // -o
	bool no_indent;        // -i
	bool compact;          // -c
	bool enumerate, sized; // -e -t, -s
	uint64_t size;         // of -s
	bool prefix;           // -y before the name
	const char *link;      // -l
	struct dt_spec specs[LIMIT_DT_SPECS];
	unsigned n_specs;
	unsigned name_width; // columns of names
	const char *name;    // NULL: an address alone
	bool has_addr;
	va_t addr;
};
struct dt {
	struct session *s;
	struct call *c;
	struct doc *out;
	struct value_env env;
	struct dt_options o;
	struct module *module;
	uint64_t rows;
	bool full; // LIMIT_DT_ROWS was reached
};

enum dt_subject_kind { DT_TYPE, DT_VARIABLE, DT_LOCAL };
struct dt_subject {
	enum dt_subject_kind kind;
	struct module *module;
	struct symbols *symbols;
	const char *name; // as recorded
	struct type type;
	va_t va; // DT_VARIABLE
	const struct local *local;
};
// "module!name" or "name", a type or a variable; "[n]" behind it makes an array of it.
MUST_USE err_t dt_find(struct dt *d, const char *name, struct dt_subject *ret);
// The variable of the local context of that name. False: there is none.
bool dt_find_local(struct dt *d, const char *name, struct dt_subject *ret);
// The variable at an address.
MUST_USE err_t dt_find_at(struct dt *d, va_t va, struct dt_subject *ret);
struct type_source *dt_types(struct target *t, struct module *m, struct symbols **ret); // NULL: none
// `dt mod!pat*`: lists what matches. *n_ret: how many; first_ret: the first of them.
MUST_USE err_t dt_list_matches(struct dt *d, const char *pattern, size_t *n_ret, const char **first_ret);

void dt_show_local(struct dt *d, const struct local *l); // "Local var @ 0x12ff7c Type int"
void dt_show_header(struct dt *d, const struct dt_subject *sub, bool named);
// An object or a type as a whole: its line, then its members, elements or enumerators.
MUST_USE err_t dt_show(struct dt *d, const struct value *v);
MUST_USE err_t dt_walk(struct dt *d, const struct value *first); // -l
void dt_read_error(struct dt *d);                                // "Memory read error", when there was one
extern const struct schema row_type_match;
extern const struct schema *const dt_rows[];
extern const struct schema row_cpp_result;
extern const struct schema *const cpp_rows[]; // of ??
