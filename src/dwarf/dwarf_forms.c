// SPDX-License-Identifier: Apache-2.0
// dwarf_forms.c: numbers, abbreviations and attribute values: DWARF 5, sections 7.4 to 7.6; the older forms are in
// DWARF 2 to 4, section 7.5.
#include "dwarf/parts_int.h"

#include <stdlib.h>

// ---- numbers
enum { LEB_MOST = 16 }; // bytes of one LEB128: 10 hold 64 bits, assemblers pad some

uint64_t rd_uleb(struct rd *r)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < LEB_MOST; i++) {
		uint8_t b = rd_u8(r);
		if (7 * i < 64)
			v |= (uint64_t)(b & 0x7f) << (7 * i);
		if (!(b & 0x80))
			return v;
	}
	rd_skip(r, UINT64_MAX);
	return 0;
}

int64_t rd_sleb(struct rd *r)
{
	uint64_t v = 0;
	for (unsigned i = 0; i < LEB_MOST; i++) {
		uint8_t b = rd_u8(r);
		if (7 * i < 64)
			v |= (uint64_t)(b & 0x7f) << (7 * i);
		if (b & 0x80)
			continue;
		if (b & 0x40 && 7 * (i + 1) < 64)
			v |= UINT64_MAX << (7 * (i + 1));
		return (int64_t)v;
	}
	rd_skip(r, UINT64_MAX);
	return 0;
}

uint64_t rd_sized(struct rd *r, unsigned n)
{
	const uint8_t *p = rd_bytes(r, n);
	return p ? le_get(p, n) : 0;
}

const char *rd_cstring(struct rd *r)
{
	const uint8_t *p = rd_left(r) ? r->s.p + r->pos : NULL, *nul = p ? memchr(p, 0, rd_left(r)) : NULL;
	rd_skip(r, nul ? (uint64_t)(nul - p) + 1 : UINT64_MAX);
	return nul ? (const char *)p : NULL;
}

uint64_t rd_length(struct rd *r, uint8_t *off_size_ret)
{
	uint32_t n = rd_u32(r);
	*off_size_ret = n == UINT32_MAX ? 8 : 4;
	if (n >= 0xfffffff0 && n != UINT32_MAX) // reserved
		rd_skip(r, UINT64_MAX);
	return n == UINT32_MAX ? rd_u64(r) : n;
}

const char *string_in(struct span s, uint64_t off)
{
	return off < s.n && memchr(s.p + off, 0, s.n - (size_t)off) ? (const char *)s.p + off : NULL;
}

// ---- abbreviations
static uint8_t slot_of(uint64_t at)
{
	switch (at) {
	case DW_AT_name:
		return SLOT_NAME;
	case DW_AT_linkage_name:
	case DW_AT_MIPS_linkage_name:
		return SLOT_LINKAGE;
	case DW_AT_low_pc:
		return SLOT_LOW;
	case DW_AT_high_pc:
		return SLOT_HIGH;
	case DW_AT_entry_pc:
		return SLOT_ENTRY;
	case DW_AT_ranges:
		return SLOT_RANGES;
	case DW_AT_specification:
		return SLOT_SPECIFICATION;
	case DW_AT_abstract_origin:
		return SLOT_ORIGIN;
	case DW_AT_location:
		return SLOT_LOCATION;
	case DW_AT_call_file:
		return SLOT_CALL_FILE;
	case DW_AT_call_line:
		return SLOT_CALL_LINE;
	case DW_AT_stmt_list:
		return SLOT_STMT_LIST;
	case DW_AT_comp_dir:
		return SLOT_COMP_DIR;
	case DW_AT_str_offsets_base:
		return SLOT_STR_BASE;
	case DW_AT_addr_base:
		return SLOT_ADDR_BASE;
	case DW_AT_rnglists_base:
		return SLOT_RNGLISTS_BASE;
	case DW_AT_dwo_name:
	case DW_AT_GNU_dwo_name:
		return SLOT_DWO;
	default:
		return SLOT_NONE;
	}
}

enum { VARIES = -1, BAD_FORM = -2 };

// Bytes of a value; VARIES, or BAD_FORM when the form is not known.
static int form_size(const struct unit *u, uint16_t form)
{
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const:
		return 0;
	case DW_FORM_data1:
	case DW_FORM_flag:
	case DW_FORM_ref1:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		return 1;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		return 2;
	case DW_FORM_strx3:
	case DW_FORM_addrx3:
		return 3;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_ref_sup4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
		return 4;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sig8:
	case DW_FORM_ref_sup8:
		return 8;
	case DW_FORM_data16:
		return 16;
	case DW_FORM_addr:
		return u->addr_size;
	case DW_FORM_ref_addr: // version 2 has it as wide as an address
		return u->version <= 2 ? u->addr_size : u->off_size;
	case DW_FORM_strp:
	case DW_FORM_sec_offset:
	case DW_FORM_line_strp:
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_ref_alt:
	case DW_FORM_GNU_strp_alt:
		return u->off_size;
	default:
		return (form >= DW_FORM_block2 && form <= DW_FORM_addrx4) || form == DW_FORM_GNU_addr_index ||
				       form == DW_FORM_GNU_str_index
			       ? VARIES
			       : BAD_FORM;
	}
}

static int compare_abbrevs(const void *a, const void *b)
{
	const struct abbrev *x = a, *y = b;
	return x->code != y->code ? (x->code > y->code) - (x->code < y->code)
				  : (x->first > y->first) - (x->first < y->first);
}

// The attributes of one declaration; returns their number. attrs may be NULL: counted only.
static size_t read_attrs(struct rd *r, const struct unit *u, struct abbrev_attr *attrs, uint32_t *size_ret)
{
	size_t n = 0;
	uint64_t size = 0;
	bool varies = false;
	while (!r->bad) {
		uint64_t at = rd_uleb(r), form = rd_uleb(r);
		int64_t value = form == DW_FORM_implicit_const ? rd_sleb(r) : 0;
		if (r->bad || (!at && !form))
			break;
		int bytes = form_size(u, form > UINT16_MAX ? 0 : (uint16_t)form);
		varies |= bytes < 0;
		size += bytes > 0 ? (uint64_t)bytes : 0;
		if (attrs)
			attrs[n] = (struct abbrev_attr){ at > UINT16_MAX ? 0 : (uint16_t)at,
							 form > UINT16_MAX ? 0 : (uint16_t)form, slot_of(at), value };
		n++;
	}
	*size_ret = varies || size >= UINT32_MAX ? UINT32_MAX : (uint32_t)size;
	return n;
}

static bool read_abbrev(struct rd *r, const struct unit *u, struct abbrev_table *t, size_t n_attrs, struct abbrev *ret)
{
	*ret = (struct abbrev){ .code = rd_uleb(r) };
	if (r->bad || !ret->code)
		return false;
	uint64_t tag = rd_uleb(r);
	ret->tag = tag > UINT16_MAX ? 0 : (uint16_t)tag;
	ret->children = rd_u8(r) != 0;
	ret->first = (uint32_t)n_attrs;
	ret->n = (uint32_t)read_attrs(r, u, t->attrs ? t->attrs + n_attrs : NULL, &ret->size);
	return !r->bad;
}

static struct abbrev_table *read_table(struct dwarf *d, const struct unit *u)
{
	struct abbrev_table *t = NEW(d->a, struct abbrev_table);
	for (int pass = 0; pass < 2; pass++) {
		struct rd r = rd_at(d->s[DWARF_ABBREV], u->abbrev_off);
		struct abbrev b = { 0 };
		size_t n = 0, attrs = 0;
		for (; n < LIMIT_DWARF_ABBREVS && read_abbrev(&r, u, t, attrs, &b); n++) {
			if (pass)
				t->list[n] = b;
			attrs += b.n;
		}
		if (!pass) {
			t->list = NEW_N(d->a, struct abbrev, n ? n : 1);
			t->attrs = NEW_N(d->a, struct abbrev_attr, attrs + b.n + 1); // b: one that is cut off
		} else if (r.bad) {
			dwarf_damaged(d, "an abbreviation table is cut off", u->abbrev_off);
		}
		t->n = n;
	}
	qsort(t->list, t->n, sizeof(*t->list), compare_abbrevs);
	return t;
}

const struct abbrev_table *abbrevs_of(struct dwarf *d, struct unit *u)
{
	if (u->abbrevs)
		return u->abbrevs;
	// Sizes depend on the unit's version and widths.
	uint64_t widths = (uint64_t)(u->version <= 2) << 6 | (uint64_t)(u->off_size == 8) << 5 | u->addr_size;
	uint64_t key = u->abbrev_off << 8 | widths << 1 | 1;
	struct abbrev_table *t = cache_find(&d->abbrevs, key);
	if (!t) {
		t = read_table(d, u);
		cache_keep(d, &d->abbrevs, key, t);
	}
	return u->abbrevs = t;
}

const struct abbrev *abbrev_get(const struct abbrev_table *t, uint64_t code)
{
	if (code - 1 < t->n && t->list[code - 1].code == code) // as compilers number them
		return &t->list[code - 1];
	size_t lo = 0, hi = t->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (t->list[mid].code < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < t->n && t->list[lo].code == code ? &t->list[lo] : NULL;
}

// ---- values
static void read_block(struct rd *r, uint64_t n, struct value *ret)
{
	ret->bytes.n = n > SIZE_MAX ? SIZE_MAX : (size_t)n;
	ret->bytes.p = rd_bytes(r, ret->bytes.n);
	if (!ret->bytes.p)
		ret->bytes.n = 0;
}

static void read_varying(struct rd *r, uint16_t form, struct value *ret)
{
	switch (form) {
	case DW_FORM_block1:
		read_block(r, rd_u8(r), ret);
		break;
	case DW_FORM_block2:
		read_block(r, rd_u16(r), ret);
		break;
	case DW_FORM_block4:
		read_block(r, rd_u32(r), ret);
		break;
	case DW_FORM_block:
	case DW_FORM_exprloc:
		read_block(r, rd_uleb(r), ret);
		break;
	case DW_FORM_string:
		ret->bytes.p = (const uint8_t *)rd_cstring(r);
		break;
	case DW_FORM_sdata:
		ret->u = (uint64_t)rd_sleb(r);
		break;
	case DW_FORM_udata:
	case DW_FORM_ref_udata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
	case DW_FORM_GNU_addr_index:
	case DW_FORM_GNU_str_index:
		ret->u = rd_uleb(r);
		break;
	default: // its length is not known, so what follows cannot be read
		rd_skip(r, UINT64_MAX);
		break;
	}
}

void read_value(struct rd *r, const struct unit *u, uint16_t form, int64_t implicit, struct value *ret)
{
	if (form == DW_FORM_indirect) { // may not name itself
		uint64_t real = rd_uleb(r);
		form = real > UINT16_MAX || real == DW_FORM_indirect || real == DW_FORM_implicit_const ? 0
												       : (uint16_t)real;
	}
	*ret = (struct value){ .form = form };
	int n = form_size(u, form);
	if (n < 0)
		read_varying(r, form, ret);
	else if (n == 16)
		read_block(r, 16, ret);
	else
		ret->u = n ? rd_sized(r, (unsigned)n) : form == DW_FORM_flag_present ? 1 : (uint64_t)implicit;
}

void read_entry(struct rd *r, struct dwarf *d, const struct unit *u, const struct abbrev *b, struct entry *ret)
{
	(void)d;
	memset(ret->v, 0, sizeof(ret->v));
	ret->abbrev = b;
	const struct abbrev_attr *at = u->abbrevs->attrs + b->first;
	for (uint32_t i = 0; i < b->n && !r->bad; i++, at++) {
		struct value v;
		read_value(r, u, at->form, at->value, &v);
		if (at->slot && !r->bad)
			ret->v[at->slot] = v;
	}
}

void skip_entry(struct rd *r, struct dwarf *d, const struct unit *u, const struct abbrev *b)
{
	(void)d;
	if (b->size != UINT32_MAX) {
		rd_skip(r, b->size);
		return;
	}
	const struct abbrev_attr *at = u->abbrevs->attrs + b->first;
	for (uint32_t i = 0; i < b->n && !r->bad; i++, at++) {
		struct value v;
		read_value(r, u, at->form, at->value, &v);
	}
}

// ---- what values mean
static const char *indexed_string(struct dwarf *d, struct unit *u, uint64_t index)
{
	uint64_t at;
	if (!mul_ok(index, u->off_size, &at) || !add_ok(at, u->str_base, &at))
		return NULL;
	struct rd r = rd_at(d->s[DWARF_STR_OFFSETS], at);
	uint64_t off = rd_sized(&r, u->off_size);
	return r.bad ? NULL : string_in(d->s[DWARF_STR], off);
}

const char *value_string(struct dwarf *d, struct unit *u, const struct value *v)
{
	switch (v->form) {
	case DW_FORM_string:
		return (const char *)v->bytes.p;
	case DW_FORM_strp:
		return string_in(d->s[DWARF_STR], v->u);
	case DW_FORM_line_strp:
		return string_in(d->s[DWARF_LINE_STR], v->u);
	case DW_FORM_strx:
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
	case DW_FORM_GNU_str_index:
		return indexed_string(d, u, v->u);
	default:
		return NULL;
	}
}

bool address_index(struct dwarf *d, struct unit *u, uint64_t index, uint64_t *ret)
{
	uint64_t at;
	if (!mul_ok(index, u->addr_size, &at) || !add_ok(at, u->addr_base, &at))
		return false;
	struct rd r = rd_at(d->s[DWARF_ADDR], at);
	*ret = rd_sized(&r, u->addr_size);
	return !r.bad;
}

bool value_address(struct dwarf *d, struct unit *u, const struct value *v, uint64_t *ret)
{
	switch (v->form) {
	case DW_FORM_addr:
		*ret = v->u;
		return true;
	case DW_FORM_addrx:
	case DW_FORM_addrx1:
	case DW_FORM_addrx2:
	case DW_FORM_addrx3:
	case DW_FORM_addrx4:
	case DW_FORM_GNU_addr_index:
		return address_index(d, u, v->u, ret);
	default:
		return false;
	}
}

bool value_reference(const struct unit *u, const struct value *v, uint64_t *ret)
{
	switch (v->form) {
	case DW_FORM_ref1:
	case DW_FORM_ref2:
	case DW_FORM_ref4:
	case DW_FORM_ref8:
	case DW_FORM_ref_udata:
		return add_ok(u->off, v->u, ret);
	case DW_FORM_ref_addr:
		*ret = v->u;
		return true;
	default:
		return false;
	}
}

bool value_number(const struct value *v, uint64_t *ret)
{
	*ret = v->u;
	switch (v->form) {
	case DW_FORM_data1:
	case DW_FORM_data2:
	case DW_FORM_data4:
	case DW_FORM_data8:
	case DW_FORM_udata:
	case DW_FORM_sdata:
	case DW_FORM_sec_offset:
	case DW_FORM_implicit_const:
		return true;
	default:
		return false;
	}
}
