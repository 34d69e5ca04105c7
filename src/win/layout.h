// SPDX-License-Identifier: Apache-2.0
// layout.h: fields of kernel structures by name, from the best source at hand: the kernel's own types (PDB, ISF, pack),
// what the dump says of itself (KDDEBUGGER_DATA64), a small built-in table of x64 builds whose structures have the
// sizes that the dump says. What comes from the table is marked as not verified.
#pragma once
#include "sym/sym.h"

enum layout_from { LAYOUT_NONE, LAYOUT_TABLE, LAYOUT_DUMP, LAYOUT_TYPES };
struct layout_field {
	enum layout_from from;
	uint32_t offset;
	uint32_t size;      // bytes; 0: the source does not say
	unsigned pos, bits; // of a bit field; bits 0: none
};
// "_EPROCESS", "ImageFileName"; a field may be a path: "Cid.UniqueThread". False: no source knows it.
bool layout_field(struct session *s, const char *type, const char *field, struct layout_field *ret);
// The number in a field of at most 8 bytes; `bytes` are read when the source does not say its size. E_ABSENT: not in
// the dump; E_NOTFOUND: no source knows the field.
MUST_USE err_t layout_read(struct session *s, va_t object, const char *type, const char *field, unsigned bytes,
			   uint64_t *ret);
// Where a field of an object lies; 0: not known.
va_t layout_address(struct session *s, va_t object, const char *type, const char *field);
// One sentence on where layouts come from, for a note; NULL: from the kernel's own types.
const char *layout_note(struct session *s);
