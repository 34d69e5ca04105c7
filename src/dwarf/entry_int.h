// SPDX-License-Identifier: Apache-2.0
// entry_int.h: entries and their abbreviations, as read.
#pragma once
#include "base/base.h"

// ---- abbreviations
struct abbrev_attr {
	uint16_t at, form;
	uint8_t slot;  // enum slot: where the value goes; SLOT_NONE: skipped
	int64_t value; // of DW_FORM_implicit_const
};
struct abbrev {
	uint64_t code;
	uint16_t tag; // 0: one that does not exist
	bool children;
	uint32_t first, n; // attributes
	uint32_t size;     // of all values together; UINT32_MAX: varies
};
struct abbrev_table {
	struct abbrev *list; // ascending code
	size_t n;
	struct abbrev_attr *attrs;
};

// ---- entries: the attributes that matter here, as read
enum slot {
	SLOT_NONE,
	SLOT_NAME,
	SLOT_LINKAGE,
	SLOT_LOW,
	SLOT_HIGH,
	SLOT_ENTRY,
	SLOT_RANGES,
	SLOT_SPECIFICATION,
	SLOT_ORIGIN,
	SLOT_LOCATION,
	SLOT_CALL_FILE,
	SLOT_CALL_LINE,
	SLOT_STMT_LIST,
	SLOT_COMP_DIR,
	SLOT_STR_BASE,
	SLOT_ADDR_BASE,
	SLOT_RNGLISTS_BASE,
	SLOT_DWO,
	SLOTS
};
struct value {
	uint16_t form; // 0: absent
	uint64_t u;    // number, address, index, offset in its section
	struct span bytes;
};
struct entry {
	uint64_t off; // in .debug_info
	const struct abbrev *abbrev;
	struct value v[SLOTS];
};
