// SPDX-License-Identifier: Apache-2.0
// ring.h: walks a LIST_ENTRY ring in the target's memory, whose links both ways have to agree.
#pragma once
#include "mem/space.h"

struct ring {
	const struct space *space;
	unsigned ptr_bytes; // of its links: 4 or 8
	va_t head, at, before;
	const char *why; // why it ended early; NULL: at its head
	unsigned n;
};
struct ring ring_begin(const struct space *sp, unsigned ptr_bytes, va_t head);
// The next entry. False: at the end, or `why` says what is wrong. No more than LIMIT_TASKS entries are told.
bool ring_next(struct ring *r, va_t *ret);
