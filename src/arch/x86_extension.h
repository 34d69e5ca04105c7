// SPDX-License-Identifier: Apache-2.0
// x86_extension.h: which extension of x86 an instruction belongs to, and processors that are known not to have it.
#pragma once
#include "base/base.h"

// text: an instruction as insn_decode writes it, mnemonic and operands. "POPCNT"; NULL: every x64 processor has it, or
// it is not known here.
const char *x86_extension(const char *text);
// False: has it, or not known. vendor as CPUID tells it ("GenuineIntel"), family and model with their extended parts.
bool x86_lacks(const char *extension, const char *vendor, unsigned family, unsigned model);
