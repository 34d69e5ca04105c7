// SPDX-License-Identifier: Apache-2.0
// disasm_capstone.h: apart from disasm_int.h because regs.h and Capstone both have an enum arm64_reg.
#pragma once
#include "base/base.h"

// Capstone's mnemonic and operands of an A64 word, cut to `mn` and `on` bytes. False: not an instruction, or
// there is no Capstone here. Safe from several threads.
bool arm64_capstone(uint32_t w, va_t va, char *mnemonic, size_t mn, char *operands, size_t on);
