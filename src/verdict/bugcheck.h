// SPDX-License-Identifier: Apache-2.0
// bugcheck.h: what a bug check is called, what it means, and what its parameters are.
#pragma once
#include "base/base.h"

struct bugcheck_name {
	uint32_t code;
	const char *name;
};
extern const struct bugcheck_name bugcheck_names[];
extern const size_t n_bugcheck_names;

// "DRIVER_IRQL_NOT_LESS_OR_EQUAL"; NULL: not known. mini: the variant of small dumps ("_M").
const char *bugcheck_name(uint32_t code, bool mini);

struct bugcheck {
	uint32_t code;
	const char *text;    // what happened, in sentences; lines of at most 80 columns, '\n' between
	const char *args[4]; // what each parameter means; NULL: nothing is said
};
const struct bugcheck *bugcheck_find(uint32_t code); // NULL: nothing more than a name is known

// A parameter's value in words ("read operation", "RAISED to DISPATCH"), where the code defines such; NULL: none.
const char *bugcheck_arg_value(uint32_t code, unsigned arg, uint64_t value);
// What parameter `arg` (from 0) is: where the first decides what the others are, of that kind. params NULL: in general.
const char *bugcheck_arg_text(uint32_t code, unsigned arg, const uint64_t params[4]);
