// SPDX-License-Identifier: Apache-2.0
// dwarf_units.c: the units and what each covers: from .debug_aranges where a unit has a set there, else from its first
// entry, else from its functions. DWARF 5, sections 7.5.1 and 6.1.2.
#include "dwarf/parts_int.h"

// ---- headers
static bool read_header(struct dwarf *d, uint64_t off, struct unit *u)
{
	struct rd r = rd_at(d->s[DWARF_INFO], off);
	uint64_t n = rd_length(&r, &u->off_size);
	u->off = off;
	if (r.bad || n > rd_left(&r)) {
		dwarf_damaged(d, "a unit of .debug_info is cut off", off);
		if (r.bad)
			return false;
		n = rd_left(&r);
	}
	u->end = r.pos + n;
	uint16_t version = rd_u16(&r);
	u->version = version > 5 ? UINT8_MAX : (uint8_t)version;
	u->type = DW_UT_compile;
	if (u->version >= 5) {
		u->type = rd_u8(&r);
		u->addr_size = rd_u8(&r);
		u->abbrev_off = rd_sized(&r, u->off_size);
	} else {
		u->abbrev_off = rd_sized(&r, u->off_size);
		u->addr_size = rd_u8(&r);
	}
	if (u->type == DW_UT_skeleton || u->type == DW_UT_split_compile)
		rd_skip(&r, 8);
	else if (u->type == DW_UT_type || u->type == DW_UT_split_type)
		rd_skip(&r, 8u + u->off_size);
	u->die = r.pos;
	bool widths = u->addr_size == 1 || u->addr_size == 2 || u->addr_size == 4 || u->addr_size == 8;
	if (r.bad || u->die > u->end || u->version < 2 || u->version > 5 || !widths) {
		dwarf_damaged(d, "a unit of .debug_info has an unknown version or address size", off);
		u->die = u->end;
		u->root_tried = u->dies_tried = u->lines_tried = true; // nothing of it can be read
		u->addr_size = 8;
	}
	return true;
}

void load_units(struct dwarf *d)
{
	if (d->units_tried)
		return;
	d->units_tried = true;
	for (int pass = 0; pass < 2; pass++) {
		size_t n = 0;
		struct unit u;
		for (uint64_t off = 0; off < d->s[DWARF_INFO].n && n < LIMIT_DWARF_UNITS; off = u.end) {
			u = (struct unit){ 0 };
			if (!read_header(d, off, &u))
				break;
			if (pass)
				d->units[n] = u;
			n++;
		}
		if (!pass)
			d->units = NEW_N(d->a, struct unit, n ? n : 1);
		d->n_units = n;
	}
}

static struct unit *unit_below(struct dwarf *d, uint64_t off)
{
	load_units(d);
	size_t lo = 0, hi = d->n_units;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (d->units[mid].off <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &d->units[lo - 1] : NULL;
}

struct unit *unit_of(struct dwarf *d, uint64_t off)
{
	struct unit *u = unit_below(d, off);
	return u && off >= u->die && off < u->end ? u : NULL;
}

bool is_code_unit(const struct unit *u)
{
	return u->type == DW_UT_compile || u->type == DW_UT_skeleton || u->type == DW_UT_partial;
}

// ---- the first entry
static bool read_root(struct dwarf *d, struct unit *u, struct entry *ret)
{
	struct rd r = rd_at(span_clip(d->s[DWARF_INFO], 0, u->end), u->die);
	uint64_t code = rd_uleb(&r);
	const struct abbrev *b = code ? abbrev_get(abbrevs_of(d, u), code) : NULL;
	if (!b)
		return false;
	ret->off = u->die;
	read_entry(&r, d, u, b, ret);
	return !r.bad;
}

void load_root(struct dwarf *d, struct unit *u)
{
	struct entry e;
	uint64_t n;
	if (u->root_tried)
		return;
	u->root_tried = true;
	if (!read_root(d, u, &e)) {
		dwarf_damaged(d, "a unit's first entry", u->die);
		return;
	}
	u->tag = e.abbrev->tag;
	// Bases first: the other values may go through them. Defaults: behind the header of the first table.
	u->str_base = value_number(&e.v[SLOT_STR_BASE], &n) ? n : u->off_size == 8 ? 16 : 8;
	u->addr_base = value_number(&e.v[SLOT_ADDR_BASE], &n) ? n : u->off_size == 8 ? 16 : 8;
	u->rnglists_base = value_number(&e.v[SLOT_RNGLISTS_BASE], &n) ? n : 0;
	u->has_low = value_address(d, u, &e.v[SLOT_LOW], &u->low);
	u->has_lines = value_number(&e.v[SLOT_STMT_LIST], &u->stmt_list);
	u->comp_dir = value_string(d, u, &e.v[SLOT_COMP_DIR]);
	u->dwo = e.v[SLOT_DWO].form != 0;
}

// ---- what units cover
// A set of .debug_aranges: {unit, address size}, then {address, length} pairs aligned to their size, up to {0, 0}.
static bool read_arange_set(struct dwarf *d, struct rd *all)
{
	size_t start = all->pos;
	uint8_t off_size;
	uint64_t n = rd_length(all, &off_size);
	if (all->bad || n > rd_left(all))
		return false;
	struct rd r = rd_at(span_clip(d->s[DWARF_ARANGES], 0, all->pos + n), all->pos);
	rd_skip(all, n);
	rd_skip(&r, 2);
	uint64_t off = rd_sized(&r, off_size);
	unsigned size = rd_u8(&r);
	rd_skip(&r, 1);
	struct unit *u = unit_below(d, off);
	if (r.bad || !u || u->off != off || (size != 4 && size != 8))
		return true;
	size_t align = 2 * size, over = (r.pos - start) % align;
	rd_skip(&r, over ? align - over : 0);
	while (rd_left(&r) >= align) {
		uint64_t low = rd_sized(&r, size), length = rd_sized(&r, size);
		if (!low && !length)
			break;
		u->has_aranges = true;
		if (length <= UINT64_MAX - low)
			ranges_add(d, &d->covers, low, low + length, (uint32_t)(u - d->units));
	}
	return true;
}

static void cover_by_entries(struct dwarf *d, struct unit *u)
{
	struct entry e;
	uint32_t id = (uint32_t)(u - d->units);
	load_root(d, u);
	if (u->die >= u->end || !is_code_unit(u) || !read_root(d, u, &e))
		return;
	if (entry_ranges(d, u, &e, &d->covers, id) || e.v[SLOT_RANGES].form || e.v[SLOT_HIGH].form)
		return;
	load_entries(d, u); // some compilers leave it to the functions
	for (size_t i = 0; i < u->code.n; i++)
		ranges_add(d, &d->covers, d->base + u->code.rows[i].rva, d->base + u->code.rows[i].end, id);
}

void load_covers(struct dwarf *d)
{
	if (d->covers_tried)
		return;
	d->covers_tried = true;
	load_units(d);
	struct rd r = rd_at(d->s[DWARF_ARANGES], 0);
	while (rd_left(&r) && read_arange_set(d, &r))
		;
	for (size_t i = 0; i < d->n_units; i++)
		if (!d->units[i].has_aranges)
			cover_by_entries(d, &d->units[i]);
	ranges_sort(&d->covers);
}
