// SPDX-License-Identifier: Apache-2.0
// dx_int.h: between the files of dx/.
#pragma once
#include "base/limits.h"
#include "dx/dx.h"
#include "expr/cpp_parts.h"
#include "target/target.h"

// ---- classes
struct dx_item { // an element; index DX_NOTHING: numbered by where it stands
	struct dx_obj index, value;
};
typedef err_t dx_item_fn(void *ctx, const struct dx_item *item, bool *stop);
struct dx_property {
	const char *name;
	// E_NOTFOUND: this object does not have it.
	err_t (*get)(struct dx *x, const void *self, struct dx_obj *ret);
};
struct dx_fields { // properties that only the object knows
	size_t n;
	const char *const *names;
	const struct dx_obj *values;
};
struct dx_class {
	const char *action;                                  // "[Switch To]"; NULL
	const struct dx_property *properties;                // ended by a NULL name; may be NULL
	const char *(*text)(struct dx *x, const void *self); // may be NULL, and return it
	const struct dx_fields *(*fields)(struct dx *x, const void *self);
	err_t (*each)(struct dx *x, const void *self, dx_item_fn *fn, void *ctx); // NULL: not iterable
	const struct dx_method *methods;                                          // ended by a NULL name; may be NULL
	// An element by another index than the one it is listed under (a module's name). E_NOTFOUND: there is none.
	err_t (*at)(struct dx *x, const void *self, const struct dx_obj *index, struct dx_obj *ret);
};

// ---- methods
struct dx_args {
	const struct dx_obj *list;
	size_t n;
};
struct dx_method {
	const char *name;
	size_t min, max; // arguments
	err_t (*call)(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret);
};
extern const struct dx_method dx_query_methods[], dx_order_methods[], dx_fold_methods[], dx_string_methods[];
MUST_USE err_t dx_call(struct dx *x, const struct dx_obj *callee, const struct dx_args *args, struct dx_obj *ret);
MUST_USE err_t dx_call1(struct dx *x, const struct dx_obj *callee, const struct dx_obj *arg, struct dx_obj *ret);

// ---- expressions
enum dx_node_kind {
	NODE_LITERAL,
	NODE_NAME,
	NODE_AT,     // @name
	NODE_UNARY,  // op kids[0]
	NODE_BINARY, // kids[0] op kids[1]; && and || too
	NODE_CONDITION,
	NODE_CAST,
	NODE_SIZEOF,
	NODE_MEMBER,
	NODE_INDEX,  // kids[0][kids[1] ...]
	NODE_CALL,   // kids[0](kids[1] ...)
	NODE_LAMBDA, // names => kids[0]
	NODE_NEW,    // names[i] = kids[i]
	NODE_ASSIGN, // @name = kids[0]
};
struct dx_node {
	enum dx_node_kind kind;
	const char *at;    // where it stands in the expression
	const char *op;    // operator, or name
	struct type type;  // NODE_CAST, NODE_SIZEOF
	struct dx_obj obj; // NODE_LITERAL
	const struct dx_node *const *kids;
	size_t n; // kids; NODE_LAMBDA: names
	const char *const *names;
};
MUST_USE err_t dx_parse(struct dx *x, const char *text, const struct dx_node **ret, const char **rest);
struct dx_env { // parameters of the lambdas around
	const char *name;
	const struct dx_obj *value;
	const struct dx_env *outer;
};
MUST_USE err_t dx_run(struct dx *x, const struct dx_node *n, const struct dx_env *env, struct dx_obj *ret);
struct dx_callable { // a lambda, or a method with what it is of
	const struct dx_node *lambda;
	const struct dx_env *env;
	const struct dx_method *method;
	struct dx_obj self;
};

// ---- objects
struct dx_obj dx_value(struct dx *x, const struct cpp_value *v, bool typed);
struct dx_obj dx_uint(struct dx *x, uint64_t u); // without a type
struct dx_obj dx_int(struct dx *x, int64_t i);
struct dx_obj dx_bool(struct dx *x, bool b);
struct dx_obj dx_string(const char *text); // NULL: DX_NOTHING
struct dx_obj dx_model(const struct dx_class *class, const void *self);
struct dx_obj dx_error(struct dx *x, err_t e);
struct dx_obj dx_object_at(struct dx *x, const struct type *t, va_t va);
// An object of a structure of Windows; without its type E_ABSENT.
MUST_USE err_t dx_windows_object(struct dx *x, const char *type, va_t va, struct dx_obj *ret);
struct dx_obj dx_anonymous(struct dx *x, const struct dx_fields *f);
struct dx_obj dx_list(struct dx *x, const struct dx_item *items, size_t n);
// Errors of one object that others do not share; limits and Ctrl-C are none of these.
bool dx_is_local_error(err_t e);

MUST_USE err_t dx_member(struct dx *x, const struct dx_obj *o, const char *name, struct dx_obj *ret);
MUST_USE err_t dx_truth(struct dx *x, const struct dx_obj *o, bool *ret);
MUST_USE err_t dx_number(struct dx *x, const struct dx_obj *o, uint64_t *ret); // E_USAGE: it is none
// -1, 0, 1. E_USAGE: they have no order.
MUST_USE err_t dx_compare(struct dx *x, const struct dx_obj *l, const struct dx_obj *r, int *ret);
MUST_USE err_t dx_binary(struct dx *x, const struct dx_node *n, const struct dx_obj *l, const struct dx_obj *r,
			 struct dx_obj *ret);
// Every element of something iterable: a list, a query, an array. E_USAGE: it is not.
MUST_USE err_t dx_each(struct dx *x, const struct dx_obj *o, dx_item_fn *fn, void *ctx);
MUST_USE err_t dx_at(struct dx *x, const struct dx_obj *o, const struct dx_obj *index, struct dx_obj *ret);
struct dx_items { // all of them, up to LIMIT_DX_ELEMENTS
	struct dx_item *list;
	size_t n, cap;
};
void dx_items_add(struct dx *x, struct dx_items *l, const struct dx_item *item);
MUST_USE err_t dx_collect(struct dx *x, const struct dx_obj *o, struct dx_items *ret);
MUST_USE err_t dx_step(struct dx *x); // one more; E_LIMIT, E_CANCELLED
err_t dx_memory_error(struct dx *x, va_t va);

// The one place where a type's own view is looked up (NatVis will join here). The line that stands for an object of the
// target; NULL: its type has none.
const char *dx_visual(struct dx *x, const struct value *v);
// Fields of a struct, elements of an array, what a pointer points at.
MUST_USE err_t dx_typed_children(struct dx *x, const struct dx_obj *o, const struct dx_format *f, dx_child_fn *fn,
				 void *ctx);
// The object behind pointers and references as fields see it; false: it has no fields.
bool dx_udt(struct dx *x, const struct dx_obj *o, struct value *ret, err_t *err);

// ---- user variables
bool dx_variable(struct dx *x, const char *name, struct dx_obj *ret);
MUST_USE err_t dx_variable_set(struct dx *x, const char *name, const struct dx_obj *value);
struct arena *dx_variable_arena(struct session *s); // the slot of the session, made when it is first needed
