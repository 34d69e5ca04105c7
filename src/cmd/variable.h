// SPDX-License-Identifier: Apache-2.0
// variable.h: the value of a variable as dv and kp write it.
#pragma once
#include "value/locals.h"
#include "value/value.h"

struct variable_text {
	const char *text; // "0n5", "0x00007ff7`f8585518", "struct Foo", "<value unavailable>"; never NULL
	const char *why;  // why there is no value; NULL: there is one
};
struct variable_text variable_text(struct session *s, struct arena *a, const struct local *l);
// Of any object; `v` has bytes or an address.
struct variable_text typed_text(struct session *s, struct arena *a, const struct value *v);
