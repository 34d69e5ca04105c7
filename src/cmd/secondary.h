// SPDX-License-Identifier: Apache-2.0
// secondary.h: what commands on the secondary data of kernel dumps share; in enumtag.c.
#pragma once
#include "cmd/cmd.h"
#include "dump/kernel.h"

// Tags. The recorders' are measured (blackbox.c).
#define SECONDARY_SMBIOS      "bc5c008f-1e3a-44d7-988d-86f6884c6758"
#define SECONDARY_BOOT_STATUS "f57308df-cc45-4e01-ad76-29a4ebb010ec"
#define SECONDARY_PNP         "b7631941-532a-4cd6-b1b1-edb5917d4557"
#define SECONDARY_WINLOGON    "80cc79cf-a719-4af1-bf97-fe29ff76ebc1"

// The tag of a piece, and its first n bytes.
void secondary_emit(struct call *c, struct doc *out, const struct dump_blob *b, size_t n);
// The first piece whose tag fits the pattern ("bc5c*"); NULL: none.
const struct dump_blob *secondary_find(const struct dump_kernel *k, struct arena *a, const char *pattern);
// Bytes of anything as lines of hex and characters, under a name.
extern const struct schema row_secondary_data, row_secondary_bytes;
