// SPDX-License-Identifier: Apache-2.0
// regs.h: register blocks; what r needs beyond emit_regs() of rows.h.
#pragma once
#include "cmd/rows.h"

// The block without the instruction; `segments`: with the line of segment registers and efl.
void regs_emit_block(struct call *c, struct doc *out, const struct regs *r, bool segments);
const char *regs_flag_words(struct arena *a, uint16_t machine, uint64_t efl); // "nv up ei pl zr na pe nc"
