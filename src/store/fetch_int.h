// SPDX-License-Identifier: Apache-2.0
// fetch_int.h: what the helper program says to fetch_all(), byte by byte. src/helper/fetch.c writes it.
//
// The jobs lie in a memory file, descriptor 0 of the helper, as lines:
//     set connect|stall|total MILLISECONDS
//     job MAX WHICH RESUME     MAX bytes at most; RESUME bytes of URL number WHICH are there
//     if VALIDATOR             of those (may be missing)
//     url URL                  one to FETCH_URLS
// The answers come through a pipe, its descriptor 1, as frames of a 12-byte head and up to LIMIT_FETCH_FRAME bytes,
// little-endian: u32 size of what follows the head; u32 job; u8 kind; 3 zero bytes.
#pragma once
#include "base/str.h"
#include "store/fetch.h"

enum {
	FRAME_HEAD = 12,
	FRAME_TICK = 1,  // the helper lives; once a second; empty
	FRAME_START = 2, // bytes follow: u32 WHICH, u32 HTTP status, u64 offset they begin at, u64 whole size (0: not
			 // known), validator
	FRAME_DATA = 3,
	FRAME_END = 4, // u32 WHICH, u32 HTTP status, u32 enum fetch_status, u32 enum err_code, text
	START_FIXED = 24,
	END_FIXED = 16,
	FETCH_VALIDATOR = 256, // bytes at most; entity tags are far shorter
	FETCH_NO_LIBRARY = 3,  // the helper's exit status when this system has no libcurl
};
struct fetch_run {
	struct arena *a;
	struct fetch_job *jobs;
	size_t n, done;
	bool *started, *ended;
	uint64_t came;
	uint8_t buf[FRAME_HEAD + (1 << 16)]; // an incomplete frame
	size_t n_buf;
};
// Takes the next bytes of the pipe. E_CORRUPT: no helper of ours says this; nothing more of it may be believed.
MUST_USE err_t fetch_feed(struct fetch_run *r, const uint8_t *p, size_t n);
