// SPDX-License-Identifier: Apache-2.0
// dump_int.h: what the dump formats share: notes about the file, and building the range table.
#pragma once
#include "dump/dump.h"

// ---- notes. At most LIMIT_NOTES are kept; the last one then says that there are more.
struct dump_notes {
	struct arena *a;
	struct dump_note *p;
	size_t n, cap;
};
void notes_add(struct dump_notes *n, enum err_code code, const char *what, uint64_t at);
// `what` becomes "subject: text". Nothing is allocated for a note that is not kept.
void notes_about(struct dump_notes *n, enum err_code code, const char *subject, const char *text, uint64_t at);

// ---- ranges
// One table of ranges, in the order in which the file lists them. Either 16-byte entries in the file:
//   wide:  {u64 va, u64 size}, the bytes packed one range after the other from file offset `base`;
//   else:  {u64 va, u32 size, u32 file offset}  (MINIDUMP_MEMORY_DESCRIPTOR);
// or, when `array` is set, decoded ranges (`have` is ignored), which must live as long as the table made.
struct range_list {
	struct span table;
	bool wide;
	uint64_t base;
	const struct dump_range *array;
	size_t n;
};
// The range table of up to three `lists`, earlier lists and earlier entries winning where ranges overlap. Empty
// ranges are left out. A single sorted list of the file is used where it lies.
struct dump_ranges *ranges_new(struct arena *a, struct span file, const struct range_list *lists, size_t n_lists,
			       struct dump_notes *notes);
// Do all ranges lie in the file?
bool ranges_whole(const struct dump_ranges *t);
