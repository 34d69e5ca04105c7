// SPDX-License-Identifier: Apache-2.0
// locals.h: the variables of a frame: where they are and their bytes. Only registers that are known in the frame count.
#pragma once
#include "stack/stack.h"

struct local {
	const char *name;
	bool is_param, is_static;
	bool by_range; // as in struct sym_local
	uint32_t scope;
	bool has_type;
	struct type type; // when has_type
	enum local_where where;
	const char *reg_name; // LOCAL_REGISTER, LOCAL_MEMORY: what it is in, or relative to ("r12d"); may be NULL
	int64_t offset;       // LOCAL_MEMORY
	bool in_memory;       // it lies at va
	va_t va;
	// The bytes when it is not in memory; `bytes` may be shorter than the type when only a part is known. NULL:
	// none.
	struct span bytes;
	const char *why; // neither memory nor bytes: the reason, a sentence; NULL otherwise
};
struct locals {
	struct local *list; // in the order recorded, those of inner blocks last
	size_t n;
	bool has_symbols; // the module's symbols record variables
	const char *function;
};
// The frame in force: `number` as k counts them, inlined calls too when `inlines`. E_NOTFOUND: there are fewer.
MUST_USE err_t stack_frame(struct session *s, struct arena *a, size_t number, struct frame *ret);
// The variables of a frame. All lives in `a` or in the symbols.
void locals_of(struct session *s, struct arena *a, const struct frame *f, struct locals *ret);
// Those in scope at an address, without a frame: no values.
void locals_at(struct session *s, struct arena *a, va_t va, struct locals *ret);
// The innermost variable of that name, exact, then case-blind; NULL.
const struct local *locals_named(const struct locals *l, const char *name, size_t n);
