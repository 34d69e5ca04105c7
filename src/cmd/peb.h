// SPDX-License-Identifier: Apache-2.0
// peb.h: what !peb and !process show of a process environment block.
#pragma once
#include "cmd/cmd.h"

struct peb_place {
	va_t at;
	unsigned ptr_bytes; // 4: of x86 or WOW64
	const char *title;  // "PEB", "Wow64 PEB32"
	unsigned indent;    // blanks before each line
};
void peb_emit(struct session *s, struct call *c, struct doc *out, const struct peb_place *at);
extern const struct schema row_peb, row_peb_module, row_process_parameters, row_environment;
