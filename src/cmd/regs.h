// SPDX-License-Identifier: Apache-2.0
// regs.h: register blocks; what r needs beyond emit_regs() of rows.h.
#pragma once
#include "cmd/rows.h"

// The block without the instruction; `segments`: the line of segment registers and efl, `general`: what is above it.
void regs_emit_block(struct call *c, struct doc *out, const struct regs *r, bool general, bool segments);
const char *regs_flag_words(struct arena *a, uint16_t machine, uint64_t efl); // "nv up ei pl zr na pe nc"
