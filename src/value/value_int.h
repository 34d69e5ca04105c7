// SPDX-License-Identifier: Apache-2.0
// value_int.h: between the files of value/.
#pragma once
#include "base/limits.h"
#include "value/value.h"

// What a family of types means, in one line. NULL: not one of them, or it contradicts itself.
const char *value_known(struct value_env *e, const struct value *v); // Windows
const char *value_rust(struct value_env *e, const struct value *v);
const char *value_stl(struct value_env *e, const struct value *v);

// False once the command has visited too much; for loops over foreign counts.
static inline bool value_step(struct value_env *e)
{
	return ++e->steps < LIMIT_VALUE_STEPS;
}
// A number member, by path. False: not there or not readable.
bool value_field_uint(struct value_env *e, const struct value *v, const char *path, uint64_t *ret);
// "{ size=3 } [ 1, 2, 3 ]": elements of a contiguous run.
const char *value_run(struct value_env *e, const struct type *elem, va_t first, uint64_t n);
// The i-th template argument of "name<a,b<c>,d>"; NULL.
const char *value_template_arg(struct arena *a, const char *name, unsigned i);
bool value_starts(const struct type *t, const char *prefix); // is the type's name one that begins so?
