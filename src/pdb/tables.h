// SPDX-License-Identifier: Apache-2.0
// tables.h: the streams that are looked up by hash: names (globals, publics) and types.
#pragma once
#include "pdb/msf.h"

struct gsi { // a table of names by hash
	struct msf_stream s;
	uint32_t records, n_records; // 8 bytes each, from `records` on
	uint32_t bitmap, buckets, n_buckets;
	uint32_t n_hash;
};
struct type_stream {
	struct msf_stream s, hash;
	uint32_t begin, end, header, bytes;
	uint32_t index_off, n_index;                                          // {type index, offset} pairs in `hash`
	uint32_t n_buckets, values_off, values_size, adjust_off, adjust_size; // parts of `hash`
	uint32_t *offsets; // of every record, once the pairs have proved useless
	size_t n_offsets;
	bool tried, good;
};
