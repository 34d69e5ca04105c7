// SPDX-License-Identifier: Apache-2.0
// peb.h: what !peb and !process show of a process environment block.
#pragma once
#include "cmd/cmd.h"

// The block at an address, ptr_bytes wide (4: of x86 or WOW64). `title`: "PEB", "Wow64 PEB32"; NULL: no title line.
void peb_emit(struct session *s, struct call *c, struct doc *out, va_t at, unsigned ptr_bytes, const char *title);
extern const struct schema row_peb, row_peb_module, row_process_parameters, row_environment;
