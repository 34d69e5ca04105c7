// SPDX-License-Identifier: Apache-2.0
// ranges.c: the range table. It is searched where it lies in the file: MemoryList entries carry their file
// offset; Memory64List entries do not, so sums are kept for every SUM_EVERY-th entry. Tables that are not in
// order (or several, or with empty ranges) get an index of 4 bytes for each entry; only where ranges overlap are
// they cut into disjoint pieces.
#include "base/limits.h"
#include "dump/dump_int.h"

#include <stdlib.h>

enum { ENTRY = 16, SUM_EVERY = 64, MAX_LISTS = 3 };

struct piece {
	va_t va;
	uint64_t size, off;
};
// An entry's rank is its place in the lists, one after the other: of two ranges, the lower rank wins.
struct dump_ranges {
	struct span file;
	struct range_list lists[MAX_LISTS];
	const uint64_t *sums[MAX_LISTS]; // wide lists: file offset of entry SUM_EVERY * k
	size_t end[MAX_LISTS];           // rank after the list's last entry
	const uint32_t *order;           // ranks in address order; NULL: the ranks themselves are
	const struct piece *pieces;      // instead of entries; NULL: nothing overlaps
	size_t n;
	bool whole;
};

static uint64_t add_sat(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

// ---- entries by rank
static inline size_t list_of(const struct dump_ranges *t, size_t *rank)
{
	size_t k = 0;
	while (k < MAX_LISTS - 1 && *rank >= t->end[k])
		k++;
	*rank -= k ? t->end[k - 1] : 0;
	return k;
}

static inline va_t list_va(const struct range_list *l, size_t i)
{
	return l->array ? l->array[i].va : le_get(l->table.p + i * ENTRY, 8);
}

static inline uint64_t list_size(const struct range_list *l, size_t i)
{
	if (l->array)
		return l->array[i].size;
	return l->wide ? le_get(l->table.p + i * ENTRY + 8, 8) : le_get(l->table.p + i * ENTRY + 8, 4);
}

static va_t entry_va(const struct dump_ranges *t, size_t rank)
{
	size_t k = list_of(t, &rank);
	return list_va(&t->lists[k], rank);
}

// Without what would lie past the end of the address space.
static uint64_t entry_size(const struct dump_ranges *t, size_t rank)
{
	size_t k = list_of(t, &rank);
	uint64_t size = list_size(&t->lists[k], rank), room = 0 - list_va(&t->lists[k], rank);
	return room ? MIN(size, room) : size;
}

static uint64_t entry_off(const struct dump_ranges *t, size_t rank)
{
	size_t k = list_of(t, &rank);
	const struct range_list *l = &t->lists[k];
	if (l->array)
		return l->array[rank].off;
	if (!l->wide)
		return le_get(l->table.p + rank * ENTRY + 12, 4);
	uint64_t off = t->sums[k][rank / SUM_EVERY];
	for (size_t i = rank - rank % SUM_EVERY; i < rank; i++)
		off = add_sat(off, list_size(l, i));
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
		off = add_sat(off, list_size(l, i));
	}
	return sums;
}

// Ascending, disjoint, nothing empty?
static bool in_order(const struct range_list *l)
{
	va_t from = 0;     // the first address after what came before
	bool full = false; // ... which was the end of the address space
	for (size_t i = 0; i < l->n; i++) {
		va_t va = list_va(l, i);
		uint64_t size = list_size(l, i);
		if (full || va < from || !size)
			return false;
		full = size > UINT64_MAX - va;
		from = va + size;
	}
	return true;
}

// ---- index
static int by_va(const void *x, const void *y, void *ctx)
{
	uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
	va_t va = entry_va(ctx, a), vb = entry_va(ctx, b);
	if (va != vb)
		return va < vb ? -1 : 1;
	return a < b ? -1 : a > b;
}

static bool overlaps(const struct dump_ranges *t, const uint32_t *order, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (entry_va(t, order[i]) - entry_va(t, order[i - 1]) < entry_size(t, order[i - 1]))
			return true;
	return false;
}

// ---- pieces: a sweep over the addresses with a heap of the entries that cover the current one; the lowest rank
// is on top.
struct sweep {
	const struct dump_ranges *t;
	const uint32_t *order;
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

static va_t entry_last(const struct dump_ranges *t, size_t rank)
{
	return entry_va(t, rank) + (entry_size(t, rank) - 1);
}

// Writes the pieces to `out` (NULL: only counts). An entry that is interrupted by one listed earlier goes on
// behind it as a new piece.
static size_t sweep_run(struct sweep *s, struct piece *out)
{
	const struct dump_ranges *t = s->t;
	size_t n = 0, next = 0;
	va_t at = 0;
	s->n_heap = 0;
	while (next < s->n || s->n_heap) {
		if (!s->n_heap)
			at = entry_va(t, s->order[next]);
		while (next < s->n && entry_va(t, s->order[next]) == at)
			heap_push(s, s->order[next++]);
		while (s->n_heap && entry_last(t, s->heap[0]) < at)
			heap_pop(s);
		if (!s->n_heap)
			continue;
		// Up to its end, or to the start of one that was listed earlier.
		uint32_t top = s->heap[0];
		va_t last = entry_last(t, top);
		for (; next < s->n && entry_va(t, s->order[next]) <= last; next++) {
			if (s->order[next] < top) {
				last = entry_va(t, s->order[next]) - 1;
				break;
			}
			heap_push(s, s->order[next]);
		}
		if (out)
			out[n] = (struct piece){ at, last - at + 1, add_sat(entry_off(t, top), at - entry_va(t, top)) };
		n++;
		if (last == UINT64_MAX)
			break;
		at = last + 1;
	}
	return n;
}

static void index_new(struct arena *a, struct dump_ranges *t, size_t max, struct dump_notes *notes)
{
	if (max > LIMIT_RANGES_INDEX) {
		notes_add(notes, E_LIMIT, "memory ranges: too many that are not in order; the rest is left out",
			  LIMIT_RANGES_INDEX);
		max = LIMIT_RANGES_INDEX;
	}
	uint32_t *order = NEW_N(a, uint32_t, max);
	size_t n = 0;
	for (size_t i = 0; i < max; i++)
		if (entry_size(t, i))
			order[n++] = (uint32_t)i;
	qsort_r(order, n, sizeof(*order), by_va, t);
	if (!overlaps(t, order, n)) {
		t->order = order;
		t->n = n;
		return;
	}
	struct sweep s = { .t = t, .order = order, .heap = NEW_N(a, uint32_t, n), .n = n };
	size_t n_pieces = sweep_run(&s, NULL);
	struct piece *pieces = NEW_N(a, struct piece, n_pieces);
	sweep_run(&s, pieces);
	t->pieces = pieces;
	t->n = n_pieces;
}

struct dump_ranges *ranges_new(struct arena *a, struct span file, const struct range_list *lists, size_t n_lists,
			       struct dump_notes *notes)
{
	struct dump_ranges *t = NEW(a, struct dump_ranges);
	t->file = file;
	size_t used = 0, total = 0;
	for (size_t i = 0; i < n_lists && used < MAX_LISTS; i++) {
		if (!lists[i].n)
			continue;
		t->lists[used] = lists[i];
		t->sums[used] = sums_new(a, &lists[i]);
		total += lists[i].n;
		t->end[used++] = total;
	}
	if (used == 1 && in_order(&t->lists[0]))
		t->n = total;
	else if (used)
		index_new(a, t, total, notes);
	t->whole = true;
	bool packed = used == 1 && t->lists[0].wide && !t->order && !t->pieces; // the last range ends last
	for (size_t i = packed ? t->n - 1 : 0; i < t->n && t->whole; i++) {
		struct dump_range r = dump_ranges_get(t, i);
		t->whole = r.have == r.size;
	}
	return t;
}

bool ranges_whole(const struct dump_ranges *t)
{
	return t->whole;
}

// ---- the table as others see it
static va_t start_of(const struct dump_ranges *t, size_t i)
{
	return t->pieces ? t->pieces[i].va : entry_va(t, t->order ? t->order[i] : i);
}

static uint64_t size_of(const struct dump_ranges *t, size_t i)
{
	return t->pieces ? t->pieces[i].size : entry_size(t, t->order ? t->order[i] : i);
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
	r.va = start_of(t, i);
	r.size = size_of(t, i);
	r.off = t->pieces ? t->pieces[i].off : entry_off(t, t->order ? t->order[i] : i);
	r.have = r.off >= t->file.n ? 0 : MIN(r.size, t->file.n - r.off);
	return r;
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
	return lo && va - start_of(t, lo - 1) < size_of(t, lo - 1) ? lo - 1 : SIZE_MAX;
}
