// SPDX-License-Identifier: Apache-2.0
// pdb_tpi.c: records of the type streams by their index, through the stream's own {index, offset} pairs, which stand
// about 8 KiB apart. Documented in LLVM's docs/PDB/TpiStream.rst; layouts in microsoft-pdb's cvinfo.h.
#include "pdb/tpi_int.h"

enum { STREAM_TPI = 2, STREAM_IPI = 4, TPI_VERSION = 20040203, TPI_HEADER = 56, HASH_KEY = 4 };

static void open_hash(struct pdb *p, struct type_stream *t, const uint8_t *h)
{
	uint32_t stream = (uint32_t)le_get(h + 20, 2);
	if (stream == UINT16_MAX)
		return;
	t->hash = msf_stream(&p->msf, stream);
	t->values_off = (uint32_t)le_get(h + 32, 4);
	t->values_size = (uint32_t)le_get(h + 36, 4);
	t->index_off = (uint32_t)le_get(h + 40, 4);
	t->n_index = (uint32_t)le_get(h + 44, 4) / 8;
	t->adjust_off = (uint32_t)le_get(h + 48, 4);
	t->adjust_size = (uint32_t)le_get(h + 52, 4);
	if (le_get(h + 24, 4) == HASH_KEY)
		t->n_buckets = (uint32_t)le_get(h + 28, 4);
	if (!in_range(t->index_off, 8ull * t->n_index, t->hash.size))
		t->n_index = 0;
}

static struct type_stream *open_types(struct pdb *p, struct type_stream *t, uint32_t stream)
{
	uint8_t buf[TPI_HEADER];
	if (t->tried)
		return t;
	t->tried = true;
	t->s = msf_stream(&p->msf, stream);
	const uint8_t *h = msf_view(&p->msf, &t->s, 0, TPI_HEADER, buf);
	if (!h || le_get(h, 4) != TPI_VERSION)
		return t;
	t->header = (uint32_t)le_get(h + 4, 4);
	t->begin = (uint32_t)le_get(h + 8, 4);
	t->end = (uint32_t)le_get(h + 12, 4);
	t->bytes = (uint32_t)le_get(h + 16, 4);
	t->good = in_range(t->header, t->bytes, t->s.size) && t->begin >= TPI_FIRST && t->end >= t->begin;
	// A record has at least four bytes.
	t->end = t->good ? (uint32_t)MIN((uint64_t)t->end, (uint64_t)t->begin + t->bytes / 4) : t->begin;
	open_hash(p, t, h);
	return t;
}

struct type_stream *tpi_types(struct pdb *p)
{
	return open_types(p, &p->tpi, STREAM_TPI);
}

struct type_stream *tpi_ids(struct pdb *p)
{
	return open_types(p, &p->ipi, STREAM_IPI);
}

// ---- walking
bool tpi_next(struct pdb *p, struct type_stream *t, struct tpi_walk *w)
{
	uint8_t buf[4];
	if (!w->id)
		w->id = t->begin;
	else
		w->id++;
	w->off = w->next;
	if (!t->good || w->id >= t->end || !in_range(w->off, 4, t->bytes))
		return false;
	const uint8_t *at = msf_view(&p->msf, &t->s, (uint64_t)t->header + w->off, 4, buf);
	if (!at)
		return false;
	w->leaf = (uint16_t)le_get(at + 2, 2);
	w->next = w->off + 2 + (uint32_t)le_get(at, 2);
	return true;
}

// Where to start walking: the last of the known pairs at or below.
static struct tpi_walk start_of(const struct pdb *p, const struct type_stream *t, uint32_t want)
{
	uint32_t lo = 0, hi = t->n_index;
	uint8_t buf[8];
	struct tpi_walk ret = { .id = t->begin };
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const uint8_t *at = msf_view(&p->msf, &t->hash, t->index_off + 8ull * mid, sizeof(buf), buf);
		uint32_t known = at ? (uint32_t)le_get(at, 4) : UINT32_MAX;
		if (known > want) {
			hi = mid;
			continue;
		}
		if (known >= ret.id) {
			ret.id = known;
			ret.off = (uint32_t)le_get(at + 4, 4);
		}
		lo = mid + 1;
	}
	return ret;
}

// The pairs are missing or lie: one pass over the stream, kept.
static void load_offsets(struct pdb *p, struct type_stream *t)
{
	size_t n = t->end - t->begin;
	if (n > LIMIT_PDB_TYPES)
		return;
	t->offsets = NEW_N(p->a, uint32_t, n);
	for (struct tpi_walk w = { 0 }; t->n_offsets < n && tpi_next(p, t, &w);)
		t->offsets[t->n_offsets++] = w.off;
}

static bool offset_of(struct pdb *p, struct type_stream *t, uint32_t want, uint32_t *ret)
{
	if (!t->good || want < t->begin || want >= t->end)
		return false;
	if (!t->offsets) {
		struct tpi_walk w = start_of(p, t, want);
		for (unsigned i = 0; i < LIMIT_PDB_TYPE_WALK && in_range(w.off, 4, t->bytes); i++) {
			uint8_t buf[2];
			*ret = w.off;
			if (w.id++ == want)
				return true;
			const uint8_t *len = msf_view(&p->msf, &t->s, (uint64_t)t->header + w.off, 2, buf);
			if (!len)
				break;
			w.off += (uint32_t)le_get(len, 2) + 2;
		}
		load_offsets(p, t);
	}
	if (!t->offsets || want - t->begin >= t->n_offsets)
		return false;
	*ret = t->offsets[want - t->begin];
	return true;
}

// In place, else copied once.
struct span tpi_record_at(struct pdb *p, struct type_stream *t, uint32_t off)
{
	uint8_t buf[2];
	const struct span none = { NULL, 0 };
	uint64_t at = (uint64_t)t->header + off;
	const uint8_t *p_len = msf_view(&p->msf, &t->s, at, 2, buf);
	size_t n = p_len ? (size_t)le_get(p_len, 2) : 0;
	if (n < 2 || !in_range(off, n + 2, t->bytes))
		return none;
	const uint8_t *here = msf_view(&p->msf, &t->s, at + 2, n, NULL);
	if (here)
		return (struct span){ here, n };
	// Apart from the keys of strings, which count blocks in the upper half and never reach bit 61.
	const uint64_t key = 1ull << 61 | (uint64_t)t->s.first << 32 | off;
	here = (const uint8_t *)pdb_copy_find(p, key);
	if (here)
		return (struct span){ here, n };
	struct span ret;
	err_t e = msf_part(&p->msf, p->a, &t->s, at + 2, n, &ret);
	if (e.code)
		pdb_damaged(p, e);
	else
		pdb_copy_keep(p, key, (const char *)ret.p);
	return ret;
}

struct span tpi_record(struct pdb *p, struct type_stream *t, uint32_t id)
{
	uint32_t off;
	return offset_of(p, t, id, &off) ? tpi_record_at(p, t, off) : (struct span){ NULL, 0 };
}

// ---- parts of records
struct tpi_number tpi_number(struct rd *r)
{
	static const struct {
		uint8_t bytes;
		bool integer, is_signed;
	} kinds[] = {
		{ 1, true, true },    { 2, true, true },
		{ 2, true, false },   { 4, true, true }, // LF_CHAR ..
		{ 4, true, false },   { 4, false, false },
		{ 8, false, false },  { 10, false, false }, // LF_ULONG ..
		{ 16, false, false }, { 8, true, true },
		{ 8, true, false },   { 6, false, false }, // LF_REAL128 ..
		{ 8, false, false },  { 16, false, false },
		{ 20, false, false }, { 32, false, false }, // LF_COMPLEX32 ..
	};
	enum { VARSTRING = 0x10, OCTWORD = 0x17, UOCTWORD = 0x18, REAL16 = 0x1c };
	uint32_t v = rd_u16(r), k = v - LF_NUMERIC;
	if (v < LF_NUMERIC)
		return (struct tpi_number){ v, true, true };
	struct tpi_number ret = { 0, false, false };
	if (k < ARRAY_LEN(kinds)) {
		unsigned bytes = kinds[k].bytes;
		const uint8_t *at = rd_bytes(r, bytes);
		if (!at || !kinds[k].integer)
			return ret;
		ret = (struct tpi_number){ le_get(at, bytes), !kinds[k].is_signed, true };
		if (kinds[k].is_signed && bytes) {
			uint64_t sign = 1ull << (8 * MIN(bytes, 8u) - 1);
			ret.v = (ret.v ^ sign) - sign;
		}
	} else if (k == OCTWORD || k == UOCTWORD) { // 128 bits: the lower half, when that is all of it
		uint64_t low = rd_u64(r), high = rd_u64(r);
		bool is_signed = k == OCTWORD;
		uint64_t rest = is_signed && low >> 63 ? UINT64_MAX : 0;
		ret = (struct tpi_number){ low, !is_signed, high == rest };
	} else if (k == VARSTRING) {
		rd_skip(r, rd_u16(r));
	} else {
		rd_skip(r, k == REAL16 ? 2 : UINT64_MAX); // of another kind the length is unknown
	}
	return ret;
}

const char *tpi_text(struct rd *r)
{
	const uint8_t *at = rd_left(r) ? r->s.p + r->pos : NULL, *end = at ? memchr(at, 0, rd_left(r)) : NULL;
	rd_skip(r, end ? (uint64_t)(end - at) + 1 : UINT64_MAX);
	return end ? (const char *)at : NULL;
}

bool tpi_is_udt(uint16_t leaf)
{
	return (leaf >= LF_CLASS && leaf <= LF_ENUM) || leaf == LF_INTERFACE ||
	       (leaf >= LF_CLASS2 && leaf <= LF_INTERFACE2);
}

// The newer kinds have wider properties first and the count as a number (microsoft-pdb issue 50).
static uint16_t udt_head(struct rd *r, uint16_t leaf, struct tpi_udt *ret)
{
	bool newer = leaf >= LF_CLASS2;
	static const uint16_t old[] = { LF_CLASS, LF_STRUCTURE, LF_UNION, LF_INTERFACE };
	if (newer) {
		ret->props = rd_u32(r);
		leaf = old[leaf - LF_CLASS2];
	} else {
		ret->count = rd_u16(r);
		ret->props = rd_u16(r);
	}
	if (leaf == LF_ENUM)
		ret->under = rd_u32(r);
	ret->fields = rd_u32(r);
	if (leaf != LF_UNION && leaf != LF_ENUM)
		rd_skip(r, 8); // derived from, shape of the table of virtual functions
	if (newer)
		ret->count = (uint32_t)tpi_number(r).v;
	return leaf;
}

bool tpi_udt(struct span record, struct tpi_udt *ret)
{
	struct rd r = rd_at(record, 0);
	uint16_t leaf = rd_u16(&r);
	*ret = (struct tpi_udt){ .leaf = leaf };
	if (r.bad || !tpi_is_udt(leaf))
		return false;
	ret->leaf = udt_head(&r, leaf, ret);
	if (ret->leaf != LF_ENUM)
		ret->size = tpi_number(&r).v;
	ret->name = tpi_text(&r);
	if (ret->name && ret->props & PROP_UNIQUE)
		ret->unique = tpi_text(&r);
	return ret->name;
}
