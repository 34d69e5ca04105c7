// SPDX-License-Identifier: Apache-2.0
// topics.h: what .hh and ? explain besides commands.
#pragma once
#include "doc/doc.h"

struct topic {
	const char *name, *title;
	const char *text; // lines, each ended
};
const struct topic *topic_find(const char *name); // case-blind; NULL
void topics_operators(struct doc *out);           // the operators of MASM expressions
extern const struct schema row_operator_help;
