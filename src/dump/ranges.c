// SPDX-License-Identifier: Apache-2.0
// ranges.c: the range table. A sorted table is searched where it lies in the file: MemoryList entries carry
// their file offset; Memory64List entries do not, so sums are kept for every SUM_EVERY-th entry. Any other
// table (unsorted, overlapping, several lists, empty ranges) becomes an array of disjoint pieces.
#include "base/limits.h"
#include "dump/dump_int.h"

#include <stdlib.h>

enum { ENTRY = 16, SUM_EVERY = 64 };

struct piece {
	va_t va;
	uint64_t size, off;
};
struct dump_ranges {
	struct span file;
	struct range_list list;     // in place
	const uint64_t *sums;       // wide lists: file offset of entry SUM_EVERY * k
	const struct piece *pieces; // or NULL
	size_t n;
	bool whole;
};

static uint64_t add_sat(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static va_t entry_va(const struct range_list *l, size_t i)
{
	return l->array ? l->array[i].va : le_get(l->table.p + i * ENTRY, 8);
}

static uint64_t entry_size(const struct range_list *l, size_t i)
{
	return l->array ? l->array[i].size : le_get(l->table.p + i * ENTRY + 8, l->wide ? 8 : 4);
}

static uint64_t entry_off(const struct range_list *l, const uint64_t *sums, size_t i)
{
	if (l->array)
		return l->array[i].off;
	if (!l->wide)
		return le_get(l->table.p + i * ENTRY + 12, 4);
	uint64_t off = sums[i / SUM_EVERY];
	for (size_t k = i - i % SUM_EVERY; k < i; k++)
		off = add_sat(off, entry_size(l, k));
	return off;
}

static const uint64_t *sums_new(struct arena *a, const struct range_list *l)
{
	if (!l->wide || l->array || !l->n)
		return NULL;
	uint64_t *sums = NEW_N(a, uint64_t, (l->n - 1) / SUM_EVERY + 1), off = l->base;
	for (size_t i = 0; i < l->n; i++) {
		if (i % SUM_EVERY == 0)
			sums[i / SUM_EVERY] = off;
		off = add_sat(off, entry_size(l, i));
	}
	return sums;
}

// Ascending, disjoint, nothing empty, nothing past 2^64?
static bool in_order(const struct range_list *l)
{
	va_t free_from = 0; // the first address after what came before
	bool full = false;  // ... which was the end of the address space
	for (size_t i = 0; i < l->n; i++) {
		va_t va = entry_va(l, i);
		uint64_t size = entry_size(l, i);
		if (full || va < free_from || !size || size - 1 > UINT64_MAX - va)
			return false;
		free_from = va + size;
		full = !free_from;
	}
	return true;
}

// ---- pieces: a sweep over the addresses with a heap of the entries that cover the current one; the one
// listed first is on top.
struct entry {
	va_t va, last; // last: inclusive, so that the end of the address space needs no 65th bit
	uint64_t off;
	uint32_t rank;
};
struct sweep {
	const struct entry *e; // by rank
	const uint32_t *by_va; // ranks in address order
	uint32_t *heap;
	size_t n, n_heap;
};

static void heap_push(struct sweep *s, uint32_t rank)
{
	size_t i = s->n_heap++;
	for (; i && s->heap[(i - 1) / 2] > rank; i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = rank;
}

static void heap_pop(struct sweep *s)
{
	uint32_t rank = s->heap[--s->n_heap];
	size_t i = 0;
	for (size_t kid; (kid = 2 * i + 1) < s->n_heap; i = kid) {
		if (kid + 1 < s->n_heap && s->heap[kid + 1] < s->heap[kid])
			kid++;
		if (s->heap[kid] > rank)
			break;
		s->heap[i] = s->heap[kid];
	}
	s->heap[i] = rank;
}

// Writes the pieces to `out` (NULL: only counts). An entry that is interrupted by one listed earlier goes on
// behind it as a new piece.
static size_t sweep_run(struct sweep *s, struct piece *out)
{
	size_t n = 0, next = 0;
	va_t at = 0;
	s->n_heap = 0;
	while (next < s->n || s->n_heap) {
		if (!s->n_heap)
			at = s->e[s->by_va[next]].va;
		while (next < s->n && s->e[s->by_va[next]].va == at)
			heap_push(s, s->by_va[next++]);
		while (s->n_heap && s->e[s->heap[0]].last < at)
			heap_pop(s);
		if (!s->n_heap)
			continue;
		const struct entry *top = &s->e[s->heap[0]];
		// Up to its end, or to the start of one that was listed earlier.
		va_t last = top->last;
		for (; next < s->n && s->e[s->by_va[next]].va <= last; next++) {
			if (s->by_va[next] < top->rank) {
				last = s->e[s->by_va[next]].va - 1;
				break;
			}
			heap_push(s, s->by_va[next]);
		}
		if (out)
			out[n] = (struct piece){ at, last - at + 1, add_sat(top->off, at - top->va) };
		n++;
		if (last == UINT64_MAX)
			break;
		at = last + 1;
	}
	return n;
}

static int by_va(const void *x, const void *y, void *ctx)
{
	const struct entry *e = ctx, *a = &e[*(const uint32_t *)x], *b = &e[*(const uint32_t *)y];
	if (a->va != b->va)
		return a->va < b->va ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static size_t entries_decode(struct arena *a, const struct range_list *l, struct entry *e, size_t n, size_t max)
{
	const uint64_t *sums = sums_new(a, l);
	for (size_t i = 0; i < l->n && n < max; i++) {
		uint64_t size = entry_size(l, i);
		va_t va = entry_va(l, i);
		if (size)
			e[n] = (struct entry){ va, add_sat(va, size - 1), entry_off(l, sums, i), (uint32_t)n };
		n += size != 0;
	}
	return n;
}

static void pieces_new(struct arena *a, struct dump_ranges *t, const struct range_list *lists, size_t n_lists,
		       struct dump_notes *notes)
{
	size_t n = 0, max = 0;
	for (size_t i = 0; i < n_lists; i++)
		max += MIN(lists[i].n, (size_t)LIMIT_RANGES_INDEX);
	if (max > LIMIT_RANGES_INDEX) {
		notes_add(notes, E_LIMIT, "memory ranges: too many that are not in order; the rest is left out",
			  LIMIT_RANGES_INDEX);
		max = LIMIT_RANGES_INDEX;
	}
	struct entry *e = NEW_N(a, struct entry, max);
	for (size_t i = 0; i < n_lists; i++)
		n = entries_decode(a, &lists[i], e, n, max);
	uint32_t *order = NEW_N(a, uint32_t, n);
	for (size_t i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, n, sizeof(*order), by_va, e);
	struct sweep s = { .e = e, .by_va = order, .heap = NEW_N(a, uint32_t, n), .n = n };
	t->n = sweep_run(&s, NULL);
	struct piece *pieces = NEW_N(a, struct piece, t->n);
	sweep_run(&s, pieces);
	t->pieces = pieces;
}

struct dump_ranges *ranges_new(struct arena *a, struct span file, const struct range_list *lists, size_t n_lists,
			       struct dump_notes *notes)
{
	struct dump_ranges *t = NEW(a, struct dump_ranges);
	t->file = file;
	size_t used = 0, only = 0;
	for (size_t i = 0; i < n_lists; i++) {
		if (!lists[i].n)
			continue;
		used++;
		only = i;
	}
	if (used == 1 && in_order(&lists[only])) {
		t->list = lists[only];
		t->n = t->list.n;
		t->sums = sums_new(a, &t->list);
	} else if (used) {
		pieces_new(a, t, lists, n_lists, notes);
	}
	t->whole = true;
	if (!t->pieces && t->n && t->list.wide && !t->list.array) { // the last one ends last
		struct dump_range last = dump_ranges_get(t, t->n - 1);
		t->whole = last.have == last.size;
		return t;
	}
	for (size_t i = 0; i < t->n && t->whole; i++) {
		struct dump_range r = dump_ranges_get(t, i);
		t->whole = r.have == r.size;
	}
	return t;
}

bool ranges_whole(const struct dump_ranges *t)
{
	return t->whole;
}

size_t dump_ranges_count(const struct dump_ranges *t)
{
	return t->n;
}

struct dump_range dump_ranges_get(const struct dump_ranges *t, size_t i)
{
	struct dump_range r = { 0 };
	if (i >= t->n)
		return r;
	if (t->pieces) {
		r = (struct dump_range){ .va = t->pieces[i].va, .size = t->pieces[i].size, .off = t->pieces[i].off };
	} else {
		r.va = entry_va(&t->list, i);
		r.size = entry_size(&t->list, i);
		r.off = entry_off(&t->list, t->sums, i);
	}
	r.have = r.off >= t->file.n ? 0 : MIN(r.size, t->file.n - r.off);
	return r;
}

static va_t start_of(const struct dump_ranges *t, size_t i)
{
	return t->pieces ? t->pieces[i].va : entry_va(&t->list, i);
}

size_t dump_ranges_find(const struct dump_ranges *t, va_t va, size_t *next_ret)
{
	size_t lo = 0, hi = t->n; // all before lo start at or below va, all from hi on above it
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (start_of(t, mid) <= va)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (next_ret)
		*next_ret = lo;
	if (!lo)
		return SIZE_MAX;
	uint64_t size = t->pieces ? t->pieces[lo - 1].size : entry_size(&t->list, lo - 1);
	return va - start_of(t, lo - 1) < size ? lo - 1 : SIZE_MAX;
}
