// SPDX-License-Identifier: Apache-2.0
// secondary.h: what commands on the secondary data of kernel dumps share; in enumtag.c.
#pragma once
#include "cmd/cmd.h"
#include "dump/kernel.h"

// The tag of a piece, and its first n bytes.
void secondary_emit(struct call *c, struct doc *out, const struct dump_blob *b, size_t n);
// The first piece whose tag fits the pattern ("bc5c*"); NULL: none.
const struct dump_blob *secondary_find(const struct dump_kernel *k, struct arena *a, const char *pattern);
// Bytes of anything as lines of hex and characters, under a name.
extern const struct schema row_secondary_data, row_secondary_bytes;
