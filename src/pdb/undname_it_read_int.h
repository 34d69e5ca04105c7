// SPDX-License-Identifier: Apache-2.0
// undname_it_read_int.h: what the parts of the reader of Itanium names share: undname_itanium.c, undname_it_type.c,
// undname_it_expr.c, undname_it_special.c.
#pragma once
#include "pdb/undname_it_int.h"

struct it_state { // what the name of a function says of it
	bool no_return, ends_with_args, has_this;
	unsigned quals;
	char ref;
	size_t forwards;
};
enum it_op {
	OP_PREFIX,
	OP_POSTFIX,
	OP_BINARY,
	OP_ARRAY,
	OP_MEMBER,
	OP_NEW,
	OP_DEL,
	OP_CALL,
	OP_CCAST,
	OP_COND,
	OP_NAME,
	OP_CAST,
	OP_OF
};
struct it_operator {
	char code[3];
	uint8_t op, prec;
	bool flag; // array; of a type; may be named
	const char *name;
};

// These return NULL when the name is broken; u.e says how.
struct it_node *it_new(struct it *t, enum it_kind kind);
struct it_node *it_text(struct it *t, const char *text);
struct it_node *it_textn(struct it *t, const char *text, size_t n);
struct it_node *it_two(struct it *t, enum it_kind kind, struct it_node *a, struct it_node *b); // NULL when one is
struct it_node *it_with(struct it *t, enum it_kind kind, const char *text, struct it_node *a); // NULL when a is
struct it_node *it_broken(struct it *t);
void it_push(struct it *t, struct it_list *l, struct it_node *n);
struct it_node *it_sub(struct it *t, struct it_node *n); // remembers it for S_
typedef struct it_node *it_reader(struct it *t);
bool it_until(struct it *t, struct it_list *l, it_reader *one, char end); // reads until `end`, which is read too
size_t it_digits(struct it *t, bool sign);                                // length of the number at p, which is skipped
bool it_decimal(struct it *t, size_t *ret);

struct it_node *it_name(struct it *t, struct it_state *s);
struct it_node *it_unscoped_name(struct it *t, struct it_state *s, bool *is_sub);
struct it_node *it_source_name(struct it *t);
struct it_node *it_operator_name(struct it *t, struct it_state *s);
struct it_node *it_unnamed_type(struct it *t, struct it_state *s);
struct it_node *it_encoding(struct it *t);
struct it_node *it_special_name(struct it *t);
struct it_node *it_type(struct it *t);
struct it_node *it_decltype(struct it *t);
struct it_node *it_substitution(struct it *t);
struct it_node *it_template_param(struct it *t);
struct it_node *it_template_arg(struct it *t);
struct it_node *it_template_args(struct it *t, bool tag);
struct it_node *it_param_decl(struct it *t);
bool it_is_param_decl(const struct it *t);
struct it_node *it_expr(struct it *t);
struct it_node *it_expr_primary(struct it *t);
unsigned it_cv(struct it *t);
const struct it_operator *it_operator(struct it *t); // reads its code
