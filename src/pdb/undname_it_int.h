// SPDX-License-Identifier: Apache-2.0
// undname_it_int.h: the tree of an Itanium C++ name, between its reader (undname_it_read_int.h) and its writer
// (undname_it_put.c, undname_it_put_expr.c).
#pragma once
#include "pdb/undname_int.h"

enum it_kind {
	IT_TEXT,        // text
	IT_NESTED,      // a::b
	IT_LOCAL,       // a::b, b in the function a
	IT_PREFIX,      // text, then a
	IT_SUFFIX,      // a, then text
	IT_GLOBAL,      // ::a
	IT_ABI,         // a[abi:text]
	IT_DOT,         // a (text)
	IT_SPECIAL,     // a standard name; text short, with b long
	IT_CTOR,        // a's last name; flag: destructor
	IT_TEMPLATE,    // a, then the arguments b
	IT_ARGS,        // <list>
	IT_ARGPACK,     // list, as an argument
	IT_PACK,        // list, one of them at a time
	IT_EXPANSION,   // a for each element of the packs in it
	IT_FORWARD,     // a, known late; number is its index
	IT_CLOSURE,     // lambda: text its number, args <list>, list its parameters
	IT_BINDING,     // [list]
	IT_PARAM_DECL,  // text, then b's name; a its type; list; number: 'y' 'n' 't' 'p' 'k'
	IT_ENCODING,    // a the return type, b the name, list, quals, ref, c attributes, d requirement
	IT_CTOR_VTABLE, // a in b
	IT_FRIEND,      // a::friend b
	// types
	IT_QUAL,    // a quals
	IT_PTR,     // a
	IT_REF,     // a; flag: &&
	IT_MEMBER,  // a the class, b the type
	IT_ARRAY,   // a the element, b the dimension
	IT_FUNC,    // a the return type, list, quals, ref, b the exceptions
	IT_VENDOR,  // a text b
	IT_VECTOR,  // a vector[b]
	IT_POSTFIX, // left part of a, then text
	IT_LIST,    // text, list, text2
	// expressions; prec is theirs
	IT_BINARY,      // a text b
	IT_SUBSCRIPT,   // a[b]
	IT_UNARY,       // text a
	IT_AFTER,       // a text
	IT_COND,        // a ? b : c
	IT_DOTTED,      // a text b
	IT_ENCLOSED,    // text(a)
	IT_CAST,        // text<a>(b)
	IT_SIZEOF_PACK, // of a
	IT_CALL,        // a(list)
	IT_NEW,         // list, a the type, args the initializers; quals: 1 global, 2 array
	IT_DELETE,      // a
	IT_CONVERT,     // (a)(list)
	IT_BRACES,      // a{list}
	IT_BRACED,      // .a = b, flag: [a] = b; with c [a ... c] = b
	IT_FOLD,        // a the pack, b the start; text; flag: left
	IT_SUBOBJECT,   // b.<a at offset text>
	IT_ENUM,        // (a)text
	IT_INTEGER,     // text with the type text2
	IT_FLOAT,       // text in hexadecimal, number its bytes
	IT_LAMBDA,      // a
	IT_STRING,      // "<a>"
};
enum it_quals { IT_CONST = 1, IT_VOLATILE = 2, IT_RESTRICT = 4 };
enum it_prec {
	PREC_PRIMARY,
	PREC_POSTFIX,
	PREC_UNARY,
	PREC_CAST,
	PREC_PTRMEM,
	PREC_MUL,
	PREC_ADD,
	PREC_SHIFT,
	PREC_SPACESHIP,
	PREC_RELATIONAL,
	PREC_EQUALITY,
	PREC_AND,
	PREC_XOR,
	PREC_IOR,
	PREC_ANDIF,
	PREC_ORIF,
	PREC_COND,
	PREC_ASSIGN,
	PREC_COMMA,
	PREC_DEFAULT,
};
struct it_node;
struct it_list {
	struct it_node **p;
	size_t n, cap;
};
struct it_node {
	enum it_kind kind;
	enum it_prec prec;
	const char *text, *text2;
	size_t n; // of text
	struct it_node *a, *b, *c, *d;
	struct it_list list, args;
	size_t number;
	unsigned quals;
	char ref;
	bool flag, printing;
};
enum { IT_LEVELS = 16, IT_NONE = -1 };
struct it_params { // template arguments that T_ means; of nested lambdas, one list each; a list may be NULL
	struct it_list *p[IT_LEVELS];
	size_t n;
};
struct it {
	struct und u; // first
	struct it_list subs, forwards;
	struct it_params params;
	struct it_list *declared; // where the parameters that a lambda declares go; NULL: nowhere
	bool try_args, permit_forward;
	size_t lambda_level; // IT_NONE outside
	unsigned synthetic[3];
	// writing
	size_t pack_index, pack_max; // IT_NONE: no pack met
	unsigned gt_is_gt;           // inside parentheses > ends no argument list
};
void it_put(struct it *t, const struct it_node *n);
void it_put_left(struct it *t, const struct it_node *n); // of a type: what stands before its name
void it_put_expr(struct it *t, const struct it_node *n);
void it_put_operand(struct it *t, const struct it_node *n, enum it_prec prec, bool strict);
void it_put_list(struct it *t, const struct it_list *l);
void it_put_parens(struct it *t, const struct it_list *l);
void it_put_args(struct it *t, const struct it_list *l);
void it_put_expansion(struct it *t, const struct it_node *n);
void it_put_declarator(struct it *t, const struct it_node *n);
void it_open(struct it *t, char c);
void it_close(struct it *t, char c);
