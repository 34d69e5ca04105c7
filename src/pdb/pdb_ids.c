// SPDX-License-Identifier: Apache-2.0
// pdb_ids.c: the names of inlined functions: records of the IPI stream, with the class or namespace around them, and
// references between modules (link-time code generation). Documented in LLVM's docs/PDB/TpiStream.rst; layouts in
// microsoft-pdb's cvinfo.h.
#include "base/str.h"
#include "pdb/pdb_int.h"

#include <stdlib.h>

enum {
	STREAM_TPI = 2,
	STREAM_IPI = 4,
	TPI_VERSION = 20040203,
	TPI_HEADER = 56,
	FIRST_TYPE = 0x1000,
	LF_CLASS = 0x1504,
	LF_STRUCTURE = 0x1505,
	LF_UNION = 0x1506,
	LF_ENUM = 0x1507,
	LF_INTERFACE = 0x1519,
	LF_FUNC_ID = 0x1601,
	LF_MFUNC_ID = 0x1602,
	LF_STRING_ID = 0x1605,
};

static void open_types(struct pdb *p, struct type_stream *t, uint32_t stream)
{
	uint8_t buf[TPI_HEADER];
	t->tried = true;
	t->s = msf_stream(&p->msf, stream);
	const uint8_t *h = msf_view(&p->msf, &t->s, 0, TPI_HEADER, buf);
	if (!h || le_get(h, 4) != TPI_VERSION)
		return;
	t->header = (uint32_t)le_get(h + 4, 4);
	t->begin = (uint32_t)le_get(h + 8, 4);
	t->end = (uint32_t)le_get(h + 12, 4);
	t->bytes = (uint32_t)le_get(h + 16, 4);
	uint32_t hash = (uint32_t)le_get(h + 20, 2);
	t->hash = hash == UINT16_MAX ? (struct msf_stream){ 0, 0 } : msf_stream(&p->msf, hash);
	t->index_off = (uint32_t)le_get(h + 40, 4);
	t->n_index = (uint32_t)le_get(h + 44, 4) / 8;
	if (!in_range(t->index_off, 8ull * t->n_index, t->hash.size))
		t->n_index = 0;
	t->good = in_range(t->header, t->bytes, t->s.size) && t->begin >= FIRST_TYPE;
}

// Where to start walking: the last of the known {index, offset} pairs at or below.
static void start_of(const struct pdb *p, const struct type_stream *t, uint32_t want, uint32_t *index, uint32_t *off)
{
	uint32_t lo = 0, hi = t->n_index;
	uint8_t buf[8];
	*index = t->begin;
	*off = 0;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		const uint8_t *at = msf_view(&p->msf, &t->hash, t->index_off + 8ull * mid, sizeof(buf), buf);
		uint32_t known = at ? (uint32_t)le_get(at, 4) : UINT32_MAX;
		if (known > want) {
			hi = mid;
			continue;
		}
		if (known >= *index) {
			*index = known;
			*off = (uint32_t)le_get(at + 4, 4);
		}
		lo = mid + 1;
	}
}

// The offset of a type's record in its stream; 0: none.
static uint64_t find_type(struct pdb *p, struct type_stream *t, uint32_t want, uint32_t stream)
{
	uint32_t index, off;
	if (!t->tried)
		open_types(p, t, stream);
	if (!t->good || want < t->begin || want >= t->end)
		return 0;
	start_of(p, t, want, &index, &off);
	while (in_range(off, 4, t->bytes)) {
		uint8_t buf[2];
		if (index == want)
			return (uint64_t)t->header + off;
		const uint8_t *len = msf_view(&p->msf, &t->s, (uint64_t)t->header + off, 2, buf);
		if (!len)
			return 0;
		off += (uint32_t)le_get(len, 2) + 2;
		index++;
	}
	return 0;
}

// A whole record, from its kind on.
static struct span type_record(struct pdb *p, struct type_stream *t, uint32_t want, uint32_t stream)
{
	uint64_t off = find_type(p, t, want, stream);
	uint8_t buf[2];
	const uint8_t *len = off ? msf_view(&p->msf, &t->s, off, 2, buf) : NULL;
	struct span ret = { NULL, 0 };
	err_t e = len ? msf_part(&p->msf, p->a, &t->s, off + 2, le_get(len, 2), &ret) : ok();
	if (e.code)
		pdb_damaged(p, e);
	return ret;
}

static void skip_numeric(struct rd *r)
{
	static const uint8_t sizes[] = { 1, 2, 2, 4, 4, 4, 8, 10, 16, 8, 8 }; // from LF_CHAR on
	uint32_t v = rd_u16(r);
	if (v >= 0x8000)
		rd_skip(r, v - 0x8000 < ARRAY_LEN(sizes) ? sizes[v - 0x8000] : UINT64_MAX);
}

static const char *rest(const struct rd *r)
{
	return rd_left(r) && memchr(r->s.p + r->pos, 0, rd_left(r)) ? (const char *)r->s.p + r->pos : NULL;
}

static const char *type_name(struct pdb *p, uint32_t type)
{
	struct span s = type_record(p, &p->tpi, type, STREAM_TPI);
	struct rd r = rd_at(s, 0);
	uint32_t leaf = rd_u16(&r);
	switch (leaf) {
	case LF_CLASS:
	case LF_STRUCTURE:
	case LF_INTERFACE:
		rd_skip(&r, 16);
		skip_numeric(&r);
		return rest(&r);
	case LF_UNION:
		rd_skip(&r, 8);
		skip_numeric(&r);
		return rest(&r);
	case LF_ENUM:
		rd_skip(&r, 12);
		return rest(&r);
	default:
		return NULL;
	}
}

static const char *id_name(struct pdb *p, uint32_t id, unsigned depth)
{
	struct span s = type_record(p, &p->ipi, id, STREAM_IPI);
	struct rd r = rd_at(s, 0);
	uint32_t leaf = rd_u16(&r), scope = rd_u32(&r);
	if (r.bad || depth > LIMIT_PDB_SCOPES)
		return NULL;
	if (leaf == LF_STRING_ID)
		return rest(&r);
	if (leaf != LF_FUNC_ID && leaf != LF_MFUNC_ID)
		return NULL;
	rd_skip(&r, 4);
	const char *name = rest(&r), *outer = NULL;
	if (scope)
		outer = leaf == LF_FUNC_ID ? id_name(p, scope, depth + 1) : type_name(p, scope);
	return name && outer ? arena_printf(p->a, "%s::%s", outer, name) : name;
}

const char *pdb_inlinee_name(struct pdb *p, uint32_t id)
{
	const uint64_t key = 1ull << 63 | id; // apart from the keys of strings, whose streams start below 2^31
	const char *name = pdb_copy_find(p, key);
	if (!name) {
		name = id_name(p, id, 0);
		name = name ? name : arena_printf(p->a, "inlined_%x", id);
		pdb_copy_keep(p, key, name);
	}
	return name;
}

// ---- references between modules: bit 31, then 11 bits that number a module of the import list, then 20 bits that
// number one of the ids taken from it; that module's export list leads to the global id.
static int by_name(const void *a, const void *b)
{
	const struct module_name *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static struct pdb_module *module_named(struct pdb *p, const char *name)
{
	pdb_load_modules(p);
	if (!p->by_name) {
		struct module_name *list = NEW_N(p->a, struct module_name, p->n_modules + 1);
		for (size_t i = 0; i < p->n_modules; i++)
			list[i] = (struct module_name){ p->modules[i].name, (uint32_t)i };
		qsort(list, p->n_modules, sizeof(*list), by_name);
		p->by_name = list;
	}
	size_t lo = 0, hi = p->n_modules;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (strcmp(p->by_name[mid].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < p->n_modules && str_eq(p->by_name[lo].name, name))
		return &p->modules[p->by_name[lo].index];
	for (size_t i = 0; i < p->n_modules; i++) // Windows paths: the case may differ
		if (str_ieq(p->modules[i].name, name))
			return &p->modules[i];
	return NULL;
}

static bool import_of(struct span imports, uint32_t scope, uint32_t item, uint32_t *name_ret, uint32_t *id_ret)
{
	struct rd r = rd_at(imports, 0);
	for (uint32_t i = 0; rd_left(&r) >= 8; i++) {
		uint32_t name = rd_u32(&r);
		size_t n = rd_count(&r, rd_u32(&r), 4);
		if (i == scope) {
			*name_ret = name;
			*id_ret = item < n ? (uint32_t)le_get(r.s.p + r.pos + 4 * (size_t)item, 4) : 0;
			return item < n;
		}
		rd_skip(&r, 4 * (uint64_t)n);
	}
	return false;
}

uint32_t pdb_resolve_id(struct pdb *p, struct pdb_module *m, uint32_t id)
{
	uint32_t name, local;
	if (!(id >> 31))
		return id;
	if (!import_of(m->imports, id >> 20 & 0x7ff, id & 0xfffff, &name, &local))
		return 0;
	const char *text = pdb_name_at(p, name);
	struct pdb_module *from = text ? module_named(p, text) : NULL;
	if (!from)
		return 0;
	pdb_load_lines(p, from);
	struct rd r = rd_at(from->exports, 0);
	while (rd_left(&r) >= 8) {
		uint32_t known = rd_u32(&r), global = rd_u32(&r);
		if (known == local)
			return global;
	}
	return 0;
}
