// SPDX-License-Identifier: Apache-2.0
// blob.c: the growing image of a file's facts, as pieces of the source and bytes of its own; and address ranges.
#include "base/limits.h"
#include "base/str.h"
#include "write/write_int.h"

#include <stdlib.h>
#include <string.h>

void le_put(uint8_t *p, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

void put_u16(struct cursor *c, uint16_t v)
{
	le_put(c->p, v, 2);
	c->p += 2;
}

void put_u32(struct cursor *c, uint32_t v)
{
	le_put(c->p, v, 4);
	c->p += 4;
}

void put_u64(struct cursor *c, uint64_t v)
{
	le_put(c->p, v, 8);
	c->p += 8;
}

// ---- pieces
static void push(struct blob *b, const uint8_t *p, size_t n)
{
	if (!n)
		return;
	if (b->n == b->cap) {
		size_t cap = MAX(b->cap * 2, (size_t)256);
		struct blob_piece *more = NEW_N(b->a, struct blob_piece, cap);
		if (b->n)
			memcpy(more, b->p, b->n * sizeof(*more));
		b->p = more;
		b->cap = cap;
	}
	b->p[b->n++] = (struct blob_piece){ p, n };
	b->at += n;
}

// Offsets above 4 GiB are cut: write_streams() refuses such a file.
uint32_t blob_put(struct blob *b, struct span bytes)
{
	push(b, NULL, (size_t)(-b->at & 3));
	uint32_t rva = (uint32_t)b->at;
	push(b, bytes.p, bytes.n);
	return rva;
}

uint8_t *blob_room(struct blob *b, size_t n, uint32_t *rva_ret)
{
	uint8_t *p = NEW_N(b->a, uint8_t, MAX(n, (size_t)1));
	*rva_ret = blob_put(b, (struct span){ p, n });
	return p;
}

// One character of valid UTF-8.
static uint32_t character(const uint8_t **p)
{
	uint32_t c = *(*p)++;
	unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
	if (more)
		c &= 0x3fu >> more;
	for (; more && (**p & 0xc0) == 0x80; more--)
		c = c << 6 | (*(*p)++ & 0x3f);
	return c;
}

// MINIDUMP_STRING: length in bytes, UTF-16, and a NUL that the length does not count.
uint32_t blob_string(struct blob *b, const char *text)
{
	uint8_t *p = NEW_N(b->a, uint8_t, 4 + 2 * (strlen(text) + 1));
	struct cursor c = { p + 4 };
	for (const uint8_t *s = (const uint8_t *)text; *s;) {
		uint32_t ch = character(&s);
		if (ch >= 0x10000) {
			put_u16(&c, (uint16_t)(0xd7c0 + (ch >> 10)));
			ch = 0xdc00 | (ch & 0x3ff);
		}
		put_u16(&c, (uint16_t)ch);
	}
	size_t n = (size_t)(c.p - p);
	le_put(p, n - 4, 4);
	return blob_put(b, (struct span){ p, n + 2 });
}

// ---- intervals
static int by_first(const void *x, const void *y)
{
	const struct interval *a = x, *b = y;
	return a->first < b->first ? -1 : a->first > b->first;
}

void intervals_settle(struct intervals *v)
{
	size_t n = 0;
	if (v->n > 1)
		qsort(v->p, v->n, sizeof(*v->p), by_first);
	for (size_t i = 0; i < v->n; i++) {
		if (n && (v->p[n - 1].last == UINT64_MAX || v->p[i].first <= v->p[n - 1].last + 1))
			v->p[n - 1].last = MAX(v->p[n - 1].last, v->p[i].last);
		else
			v->p[n++] = v->p[i];
	}
	v->n = n;
}

static void make_room(struct intervals *v)
{
	intervals_settle(v);
	if (v->n <= v->cap / 2 && v->cap)
		return;
	size_t cap = MIN(MAX(v->cap * 2, (size_t)1024), (size_t)LIMIT_WRITE_INTERVALS);
	if (cap == v->cap) {
		v->full |= v->n == cap;
		return;
	}
	struct interval *more = NEW_N(v->a, struct interval, cap);
	if (v->n)
		memcpy(more, v->p, v->n * sizeof(*more));
	v->p = more;
	v->cap = cap;
}

void intervals_add(struct intervals *v, va_t first, uint64_t size)
{
	if (!size)
		return;
	if (v->n == v->cap)
		make_room(v);
	if (v->n == v->cap)
		return;
	va_t last = size - 1 > UINT64_MAX - first ? UINT64_MAX : first + (size - 1);
	v->p[v->n++] = (struct interval){ first, last };
}

size_t intervals_from(const struct intervals *v, va_t va)
{
	size_t lo = 0, hi = v->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (v->p[mid].last < va)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool intervals_hold(const struct intervals *v, va_t va)
{
	size_t i = intervals_from(v, va);
	return i < v->n && v->p[i].first <= va;
}

// ---- the memory that is written
bool selection_next(const struct selection *sel, struct selection_at *at, va_t *va_ret, struct span *ret)
{
	const struct dump_ranges *t = sel->d->ranges;
	size_t n = dump_ranges_count(t);
	while (at->range < n && (sel->all || at->interval < sel->want.n)) {
		struct dump_range r = dump_ranges_get(t, at->range);
		uint64_t from = 0, have = r.have;
		if (!have || !in_range(r.off, have, sel->d->file.n)) {
			at->range++;
			continue;
		}
		if (!sel->all) {
			const struct interval *w = &sel->want.p[at->interval];
			if (w->last < r.va) {
				at->interval++;
				continue;
			}
			if (w->first > r.va + (have - 1)) { // gaps may have many ranges
				size_t next, hit = dump_ranges_find(t, w->first, &next);
				at->range = MAX(at->range + 1, hit == SIZE_MAX ? next : hit);
				continue;
			}
			uint64_t end = have - 1, last = MIN(w->last - r.va, end); // offsets in the range
			from = w->first > r.va ? w->first - r.va : 0;
			have = last - from + 1;
			at->range += w->last - r.va >= end;
			at->interval += w->last - r.va <= end;
		} else {
			at->range++;
		}
		*va_ret = r.va + from;
		*ret = (struct span){ sel->d->file.p + r.off + from, (size_t)have };
		return true;
	}
	return false;
}
