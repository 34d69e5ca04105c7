// SPDX-License-Identifier: Apache-2.0
// ring.c: LIST_ENTRY (public wdm.h): Flink, then Blink.
#include "win/ring.h"

#include "base/limits.h"

struct ring ring_begin(const struct space *sp, unsigned ptr_bytes, va_t head)
{
	struct ring r = { .space = sp, .ptr_bytes = ptr_bytes, .head = head, .before = head };
	if (!head || !space_ptr(sp, head, ptr_bytes, &r.at)) {
		r.why = "the head of the list is not in the dump";
		r.at = head;
	}
	return r;
}

bool ring_next(struct ring *r, va_t *ret)
{
	const unsigned p = r->ptr_bytes;
	uint64_t next, back;
	if (r->at == r->head || r->why)
		return false;
	if (!r->at || !space_ptr(r->space, r->at, p, &next) || !space_ptr(r->space, r->at + p, p, &back)) {
		r->why = "the next entry of the list is not in the dump";
		return false;
	}
	if (back != r->before) {
		r->why = "the list is torn: an entry does not point back";
		return false;
	}
	if (++r->n > LIMIT_TASKS) {
		r->why = "the list is too long to be one";
		return false;
	}
	*ret = r->before = r->at;
	r->at = next;
	return true;
}
