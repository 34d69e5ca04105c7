// SPDX-License-Identifier: Apache-2.0
// dumpdebug.h: .dumpdebug of kernel dumps, for dumpdebug.c.
#pragma once
#include "cmd/cmd.h"

err_t dumpdebug_kernel(struct session *s, struct call *c, struct doc *out, bool verbose);
extern const struct schema kernel_dump_kind, kernel_dump_fact;
