// SPDX-License-Identifier: Apache-2.0
// undname_ms_int.h: the tree of an MSVC name, between its reader (undname_ms.c, undname_ms_type.c, undname_ms_text.c)
// and its writer (undname_ms_put.c).
#pragma once
#include "pdb/undname_int.h"

enum ms_kind {
	// types; `quals` are their own
	MS_PRIM,   // text
	MS_TAG,    // text is the keyword, a the name
	MS_PTR,    // text is * & &&, a the pointee, b the class of a pointer to member, list the __ptrauth numbers
	MS_ARRAY,  // a the element, list the dimensions
	MS_FUNC,   // a the return type, list the parameters
	MS_CUSTOM, // a the name
	// parts of names; args, when there, are template arguments
	MS_NAME,     // text
	MS_STRUCTOR, // a the class; negative: destructor
	MS_CONV,     // a the type
	MS_DYNAMIC,  // text, then a: a variable, or a name
	MS_LOCAL,    // a the function, number the scope
	MS_ANON,     // an anonymous namespace
	MS_QNAME,    // list, innermost first
	// template arguments
	MS_INT,  // number
	MS_REF,  // a the symbol or NULL, list the offsets; text "&" or ""
	MS_LIST, // list
	// symbols; b the name
	MS_SYM_FUNC,   // a the type
	MS_SYM_VAR,    // a the type or NULL
	MS_SYM_TABLE,  // list the bases it is for
	MS_SYM_STRING, // text in full form
	MS_SYM_TEXT,   // text as it stands
};
enum ms_quals { MS_CONST = 1, MS_VOLATILE = 2, MS_RESTRICT = 4, MS_UNALIGNED = 8 };
enum ms_class {
	MS_PUBLIC = 1,
	MS_PROTECTED = 2,
	MS_PRIVATE = 4,
	MS_GLOBAL = 8,
	MS_STATIC = 16,
	MS_VIRTUAL = 32,
	MS_EXTERN_C = 64,
	MS_NO_PARAMS = 128,
	MS_ADJUST = 256,
	MS_VTORDISP = 512,
	MS_VTORDISPEX = 1024,
	MS_THUNK = 2048,
};
struct ms_list {
	struct ms_node **p;
	size_t n, cap;
};
struct ms_node {
	enum ms_kind kind;
	unsigned quals, cls;
	const char *text, *key; // key: the decorated text, which tells equal names from others
	size_t n, n_key;
	struct ms_node *a, *b, *args;
	struct ms_list list;
	uint64_t number;
	int64_t offsets[4];
	const char *convention;
	char ref; // & of a member function: 'G', 'H'
	bool negative, variadic, no_params, noexcept, brief;
};

enum { MS_BACKREFS = 10 };
struct ms_backrefs {
	struct ms_node *names[MS_BACKREFS], *params[MS_BACKREFS];
	size_t n_names, n_params;
};
struct ms {
	struct und u; // first
	struct ms_backrefs refs;
};
// How the qualifiers of a type are written.
enum ms_mode { MS_DROP, MS_MANGLE, MS_RESULT };

// These return NULL when the name is broken; u.e says how.
struct ms_node *ms_new(struct ms *m, enum ms_kind kind);
struct ms_node *ms_text(struct ms *m, enum ms_kind kind, const char *text);
struct ms_node *ms_broken(struct ms *m);
void ms_push(struct ms *m, struct ms_list *l, struct ms_node *n);
void ms_remember(struct ms *m, struct ms_node *name);

struct ms_node *ms_symbol(struct ms *m); // from its ? or .
struct ms_node *ms_type(struct ms *m, enum ms_mode mode);
struct ms_node *ms_type_name(struct ms *m); // A@B@@: B::A
struct ms_node *ms_scopes(struct ms *m, struct ms_node *innermost);
struct ms_node *ms_piece(struct ms *m, bool remember); // one part of a name
struct ms_node *ms_function_type(struct ms *m, bool has_this);
struct ms_node *ms_function(struct ms *m); // class, type
struct ms_node *ms_template_args(struct ms *m);
struct ms_node *ms_string(struct ms *m);
unsigned ms_qualifiers(struct ms *m, bool *member);
unsigned ms_pointer_ext(struct ms *m);
const char *ms_convention(struct ms *m);
uint64_t ms_number(struct ms *m, bool *negative);
uint64_t ms_unsigned(struct ms *m);
int64_t ms_signed(struct ms *m);

void ms_put(struct und *u, const struct ms_node *n);
