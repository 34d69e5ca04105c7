// SPDX-License-Identifier: Apache-2.0
// cpp.h: C++ expressions over a session.
#pragma once
#include "cmd/cmd.h"
#include "expr/cpp.h"

struct cpp_run { // one evaluation: what its callbacks need
	struct session *s;
	struct value_env env;
	struct cpp_scope scope;
	struct symbols *symbols; // of the module that the last name or type was found in; NULL: none
};
// Readies an evaluation whose values live in `a`. The run must not move afterwards.
void cpp_begin(struct session *s, struct arena *a, struct cpp_run *ret);
// $tn: a plain number (`r $t0 = ...`), or the value of the C++ expression at the start of `text` with its type
// (`r? $t0 = ...`).
void pseudo_set_number(struct session *s, unsigned n, uint64_t v);
MUST_USE err_t pseudo_set_typed(struct session *s, struct arena *a, unsigned n, const char *text, const char **rest);
// The types of $t0 to $t19, for .push and .pop.
struct pseudo_types {
	struct type type[20];
	bool typed[20];
	va_t object[20]; // where it lies when the type is a struct or an array; the number is 0 then
};
void pseudo_types_save(struct session *s, struct pseudo_types *ret);
void pseudo_types_restore(struct session *s, const struct pseudo_types *p); // NULL: plain numbers all
// The callbacks of expr_scope.cpp and expr_scope.other; ctx is the session.
bool scope_cpp(void *ctx, const char *text, size_t n, unsigned depth, uint64_t *ret, err_t *err);
err_t scope_cpp_argument(void *ctx, struct arena *a, const char *text, uint64_t *ret, const char **rest);
// The number n of "$tn" or "@$tn" with nothing behind it; -1: it is none.
int user_pseudo_number(const char *name);
