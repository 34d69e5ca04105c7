// SPDX-License-Identifier: Apache-2.0
// nearest.h: the symbols around an address, as ln and .fnent show them.
#pragma once
#include "cmd/cmd.h"

extern const struct schema row_nearest, row_exact_match, row_source_line;
// short_form: the source line stands before the pair. E_NOTFOUND: the address is in no module, or before its symbols.
MUST_USE err_t emit_nearest(struct session *s, struct call *c, struct doc *out, va_t va, bool short_form);
