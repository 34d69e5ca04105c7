// SPDX-License-Identifier: Apache-2.0
// cv_regs.h: registers by CodeView's numbers.
#pragma once
#include "sym/sym.h"

struct cv_register {
	uint16_t number;
	uint8_t reg; // as sym_place.reg
	uint8_t shift, bytes;
	const char *name;
};
const struct cv_register *cv_register(uint16_t machine, unsigned number); // NULL: unknown, or not modelled
