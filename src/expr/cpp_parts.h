// SPDX-License-Identifier: Apache-2.0
// cpp_parts.h: the parts of the C++ evaluator: a cursor over text, tokens, types, and what operators do to values. For
// languages that hold C++ expressions too.
#pragma once
#include "expr/cpp.h"

struct cpp {
	const struct cpp_scope *s;
	struct arena *a;
	const char *text; // all of it
	const char *p;    // next character
	const char *last; // start of the token taken last
	unsigned depth;
	unsigned dead; // inside an operand that is parsed, but not evaluated: nothing is read or assigned there
};

// ---- errors, with all that follows `where` in quotes
err_t cpp_bad(struct cpp *x, enum err_code code, const char *kind, const char *where);
err_t cpp_syntax(struct cpp *x, const char *where);
err_t cpp_refused(struct cpp *x, err_t e, const char *absent, const char *where); // of callbacks

// ---- tokens (cpp_lex.c)
void cpp_blanks(struct cpp *x); // comments too
bool cpp_take(struct cpp *x, const char *token);
err_t cpp_expect(struct cpp *x, char c);
bool cpp_word(struct cpp *x, const char *word); // takes it when it is next, as a whole
size_t cpp_ident(const char *p);                // length of the identifier at p
// Length of the name at p with its module and scopes; `templates`: up to a matching '>' too. 0: none.
size_t cpp_name(const char *p, bool templates);
err_t cpp_literal(struct cpp *x, struct cpp_value *ret, bool *found); // a number or a character

// ---- types (cpp_types.c, cpp_typename.c)
bool cpp_base_of(const struct type *t, enum cpp_base *ret); // after integral promotion; false: no arithmetic type
bool cpp_typedef(const struct cpp_types *t, const char *name, size_t n, struct type *ret); // ULONG, PVOID ...
// A type's name with its stars and bounds at x->p; found false: there is none, and nothing was taken.
err_t cpp_type_name(struct cpp *x, struct type *ret, bool *found);
// One that is alone between here and `)` or `>`.
err_t cpp_type_upto(struct cpp *x, char end, struct type *ret, bool *found);
// "(type)" before an operand, at x->p; found false: it is no cast, and nothing was taken.
err_t cpp_cast_type(struct cpp *x, struct type *ret, bool *found);
err_t cpp_simple_type(struct cpp *x, struct type *ret, bool *found); // without stars: what may stand before '('

// ---- numbers (cpp_number.c)
struct cpp_num {
	enum cpp_base base; // promoted: CPP_INT ... CPP_DOUBLE
	uint64_t u;         // integers: extended from the base's width by its sign
	double d;           // CPP_FLOAT, CPP_DOUBLE
};
bool cpp_base_signed(enum cpp_base b);
struct cpp_num cpp_convert(struct cpp_num n, enum cpp_base to); // to a promoted base
struct cpp_value cpp_num_value(struct cpp *x, struct cpp_num n);
err_t cpp_load(struct cpp *x, const struct cpp_value *v, struct cpp_num *ret); // Syntax error: no number
bool cpp_true(struct cpp_num n);
// What stands there as a pointer: arrays and functions become one. False: it is none.
err_t cpp_decay(struct cpp *x, const struct cpp_value *v, struct cpp_value *ret, bool *is_pointer);
err_t cpp_binary(struct cpp *x, const char *op, const char *where, const struct cpp_value *l, const struct cpp_value *r,
		 struct cpp_value *ret);
err_t cpp_unary(struct cpp *x, char op, const struct cpp_value *v, struct cpp_value *ret); // + - ~ !
err_t cpp_cast(struct cpp *x, const char *where, const struct type *to, const struct cpp_value *v,
	       struct cpp_value *ret);

// ---- objects (cpp_object.c)
err_t cpp_member(struct cpp *x, bool arrow, const struct cpp_value *v, struct cpp_value *ret); // x->p: at the name
err_t cpp_index(struct cpp *x, const char *where, const struct cpp_value *v, const struct cpp_value *i,
		struct cpp_value *ret);
// An object of a reference type becomes the pointer that it is, marked as a reference.
err_t cpp_settle(struct cpp *x, struct cpp_value *v);
err_t cpp_deref(struct cpp *x, const char *where, const struct cpp_value *v, struct cpp_value *ret);
err_t cpp_address(struct cpp *x, const char *where, const struct cpp_value *v, struct cpp_value *ret);
err_t cpp_macro(struct cpp *x, struct cpp_value *ret); // x->p: at the '#'
struct cpp_value cpp_size(struct cpp *x, uint64_t n);  // of the type of sizeof

// ---- expressions (cpp_eval.c)
err_t cpp_comma(struct cpp *x, struct cpp_value *ret);
err_t cpp_assignment(struct cpp *x, struct cpp_value *ret); // one without a comma
