// SPDX-License-Identifier: Apache-2.0
// scan.h: the readable memory of a range, piece by piece, for those who look through all of it. What is not there costs
// nothing, however large it is. All calls poll the session: E_CANCELLED, E_LIMIT.
#pragma once
#include "target/target.h"

// The first readable address at or above va and below limit. *found_ret false: there is none. Unlike space_next it
// gives up in no space.
MUST_USE err_t scan_next(const struct session *s, va_t va, va_t limit, bool *found_ret, va_t *ret);

struct memory_scan {
	const struct session *s;
	struct arena *a; // for the buffer
	va_t from, last; // inclusive
	bool writable;   // only what the target may write to; see scan_knows_writable
	size_t overlap;  // bytes of the piece before that a piece without a gap to it begins with, at most
};
// n bytes at va, valid during the call. `follows`: the first of them that are new (behind the overlap) lie right behind
// the last piece. An error ends the scan.
typedef err_t scan_fn(void *ctx, va_t va, const uint8_t *p, size_t n, bool follows);
// Ascending. Image files that reads would open are opened first.
MUST_USE err_t scan_memory(const struct memory_scan *r, scan_fn *fn, void *ctx);

// Does the dump record what may be written to? If not, `why` says what is missing.
bool scan_knows_writable(const struct target *t, const char **why_ret);
