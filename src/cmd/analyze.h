// SPDX-License-Identifier: Apache-2.0
// analyze.h: parts of !analyze that other faces of the verdict use.
#pragma once
#include "cmd/rows.h"
#include "verdict/verdict.h"

// The typed row `analysis`; nothing in text.
void emit_analysis(struct session *s, const struct verdict *v, struct doc *out);
const char *confidence_name(unsigned confidence); // "none", "low", "medium", "high"
const char *fault_op_name(unsigned op);           // "read", "write", "execute"; NULL for none
