// SPDX-License-Identifier: Apache-2.0
// layout_int.h: the table of layout_tab.c.
#pragma once
#include "base/base.h"

enum { LAYOUT_BUILDS = 10 };
struct layout_row {
	const char *type, *field;
	int32_t offset[LAYOUT_BUILDS]; // by layout_builds; -1: not there, or not known
};
extern const uint16_t layout_builds[LAYOUT_BUILDS]; // ascending
extern const struct layout_row layout_rows[];
extern const size_t layout_n_rows;
