// SPDX-License-Identifier: Apache-2.0
// dwarf_ranges.c: what entries cover: DW_AT_low_pc and high_pc, .debug_ranges (DWARF 4, 2.17) and .debug_rnglists
// (DWARF 5, 2.17 and 7.25); and tables of such ranges, which may lie inside each other.
#include "dwarf/parts_int.h"

#include <stdlib.h>

// ---- tables
void ranges_add(struct dwarf *d, struct ranges *r, uint64_t low, uint64_t high, uint32_t id)
{
	// Linkers leave the ranges of code that they dropped, at or near address 0.
	if (low < d->base || low - d->base >= d->size || high <= low)
		return;
	if (r->n == r->cap) {
		size_t cap = MAX(2 * r->cap, (size_t)4);
		struct range_row *rows = NEW_N(d->a, struct range_row, cap);
		if (r->n)
			memcpy(rows, r->rows, r->n * sizeof(*rows));
		r->rows = rows;
		r->cap = cap;
	}
	uint64_t end = MIN(high - d->base, (uint64_t)d->size);
	r->rows[r->n++] = (struct range_row){ (uint32_t)(low - d->base), (uint32_t)end, UINT32_MAX, id };
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range_row *x = a, *y = b;
	if (x->rva != y->rva)
		return x->rva < y->rva ? -1 : 1;
	if (x->end != y->end)
		return x->end > y->end ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

void ranges_sort(struct ranges *r)
{
	if (!r->n)
		return;
	qsort(r->rows, r->n, sizeof(*r->rows), compare_ranges);
	uint32_t up = UINT32_MAX;
	for (size_t i = 0; i < r->n; i++) {
		while (up != UINT32_MAX && r->rows[up].end <= r->rows[i].rva)
			up = r->rows[up].up;
		r->rows[i].up = up;
		up = (uint32_t)i;
	}
}

size_t ranges_below(const struct ranges *r, uint32_t rva)
{
	const struct range_row *at = r->rows;
	size_t n = r->n;
	while (n) {
		size_t half = n / 2;
		bool below = at[half].rva <= rva;
		at = below ? at + half + 1 : at;
		n = below ? n - half - 1 : half;
	}
	return (size_t)(at - r->rows);
}

const struct range_row *ranges_up(const struct ranges *r, const struct range_row *row, uint32_t rva)
{
	for (unsigned i = 0; i < LIMIT_DWARF_NESTING && row->up != UINT32_MAX; i++) {
		row = &r->rows[row->up];
		if (rva < row->end)
			return row;
	}
	return NULL;
}

const struct range_row *ranges_at(const struct ranges *r, uint32_t rva)
{
	size_t n = ranges_below(r, rva);
	if (!n)
		return NULL;
	return rva < r->rows[n - 1].end ? &r->rows[n - 1] : ranges_up(r, &r->rows[n - 1], rva);
}

// ---- lists
struct listing {
	struct dwarf *d;
	struct unit *u;
	struct ranges *into;
	uint32_t id;
	uint64_t base;
};

// A list costs what it holds, and many entries may name the same one.
static bool spend(struct dwarf *d, uint64_t at)
{
	if (d->range_budget) {
		d->range_budget--;
		return true;
	}
	dwarf_damaged(d, "range lists are shared by too many entries", at);
	return false;
}

static void old_list(struct listing *l, uint64_t off)
{
	struct dwarf *d = l->d;
	unsigned n = l->u->addr_size;
	uint64_t highest = n == 8 ? UINT64_MAX : ((uint64_t)1 << 8 * n) - 1;
	for (struct rd r = rd_at(d->s[DWARF_RANGES], off); spend(d, off);) {
		uint64_t low = rd_sized(&r, n), high = rd_sized(&r, n);
		if (r.bad)
			dwarf_damaged(d, "a range list is cut off", off);
		if (r.bad || (!low && !high))
			return;
		if (low == highest)
			l->base = high;
		else
			ranges_add(d, l->into, (low + l->base) & highest, (high + l->base) & highest, l->id);
	}
}

// One entry of .debug_rnglists; false at the end.
static bool new_entry(struct listing *l, struct rd *r)
{
	struct dwarf *d = l->d;
	struct unit *u = l->u;
	uint64_t low = 0, high = 0;
	bool good = true;
	switch (rd_u8(r)) {
	case DW_RLE_base_addressx:
		good = address_index(d, u, rd_uleb(r), &l->base);
		break;
	case DW_RLE_startx_endx:
		good = address_index(d, u, rd_uleb(r), &low);
		good &= address_index(d, u, rd_uleb(r), &high);
		break;
	case DW_RLE_startx_length:
		good = address_index(d, u, rd_uleb(r), &low);
		high = low + rd_uleb(r);
		break;
	case DW_RLE_offset_pair:
		low = l->base + rd_uleb(r);
		high = l->base + rd_uleb(r);
		break;
	case DW_RLE_base_address:
		l->base = rd_sized(r, u->addr_size);
		break;
	case DW_RLE_start_end:
		low = rd_sized(r, u->addr_size);
		high = rd_sized(r, u->addr_size);
		break;
	case DW_RLE_start_length:
		low = rd_sized(r, u->addr_size);
		high = low + rd_uleb(r);
		break;
	default: // the end, or a kind whose length is not known
		return false;
	}
	if (good && !r->bad)
		ranges_add(d, l->into, low, high, l->id);
	return !r->bad;
}

static void new_list(struct listing *l, uint64_t off)
{
	struct rd r = rd_at(l->d->s[DWARF_RNGLISTS], off);
	while (spend(l->d, off) && new_entry(l, &r))
		;
	if (r.bad)
		dwarf_damaged(l->d, "a range list is cut off", off);
}

// Without DW_AT_rnglists_base the lists of the first table are meant; its header has 12 bytes, 20 in 64-bit DWARF.
static bool list_index(struct dwarf *d, const struct unit *u, uint64_t index, uint64_t *ret)
{
	uint64_t base = u->rnglists_base ? u->rnglists_base : u->off_size == 8 ? 20 : 12, at;
	if (!mul_ok(index, u->off_size, &at) || !add_ok(at, base, &at))
		return false;
	struct rd r = rd_at(d->s[DWARF_RNGLISTS], at);
	uint64_t off = rd_sized(&r, u->off_size);
	return !r.bad && add_ok(base, off, ret);
}

size_t entry_ranges(struct dwarf *d, struct unit *u, const struct entry *e, struct ranges *r, uint32_t id)
{
	size_t before = r->n;
	uint64_t low, high, off;
	const struct value *v = &e->v[SLOT_RANGES];
	if (v->form) {
		struct listing l = { d, u, r, id, u->has_low ? u->low : 0 };
		if (v->form == DW_FORM_rnglistx && list_index(d, u, v->u, &off))
			new_list(&l, off);
		else if (value_number(v, &off) && u->version >= 5)
			new_list(&l, off);
		else if (value_number(v, &off))
			old_list(&l, off);
	} else if (value_address(d, u, &e->v[SLOT_LOW], &low)) {
		const struct value *h = &e->v[SLOT_HIGH];
		if (value_address(d, u, h, &high) || (value_number(h, &high) && add_ok(low, high, &high)))
			ranges_add(d, r, low, high, id);
	}
	return r->n - before;
}
