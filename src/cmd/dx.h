// SPDX-License-Identifier: Apache-2.0
// dx.h: between the files of the command dx.
#pragma once
#include "cmd/cmd.h"
#include "dx/dx.h"

enum { DX_CELL = 60 }; // characters of a cell of the grid, unless -gc says
struct dx_tree {
	struct dx *x;
	struct call *c;
	struct doc *out;
	struct dx_format format, part_format; // of the object, of its parts
	unsigned recursion;
	uint64_t skip; // elements, of -c
	bool grid;
	size_t cell;
	uint64_t rows;
};
struct dx_shown {                 // an object in words
	const char *text, *error; // at most one of them
	const char *type, *action;
};
MUST_USE err_t dx_show(struct dx_tree *t, const struct dx_obj *o, const struct dx_format *f, struct dx_shown *ret);
// Elements as rows, their parts as columns.
MUST_USE err_t dx_grid(struct dx_tree *t, const struct dx_obj *o);
const struct layout *dx_literal(struct arena *a, const char *text);
void dx_pad(struct sb *s, const char *text, size_t width);
extern const struct schema row_dx_columns, row_dx_grid;
