// SPDX-License-Identifier: Apache-2.0
// pdb_ids.c: the names of inlined functions: records of the IPI stream, with the class or namespace around them, and
// references between modules (link-time code generation). Documented in LLVM's docs/PDB/TpiStream.rst; layouts in
// microsoft-pdb's cvinfo.h.
#include "base/str.h"
#include "pdb/scopes.h"
#include "pdb/tpi_int.h"

#include <stdlib.h>

static const char *type_name(struct pdb *p, uint32_t type)
{
	struct tpi_udt u;
	return tpi_udt(tpi_record(p, tpi_types(p), type), &u) ? u.name : NULL;
}

unsigned pdb_param_count(struct pdb *p, uint32_t type)
{
	struct span r = tpi_record(p, tpi_types(p), type);
	uint32_t leaf = r.n >= 10 ? (uint32_t)le_get(r.p, 2) : 0;
	if (leaf == LF_PROCEDURE)
		return (unsigned)le_get(r.p + 8, 2);
	return leaf == LF_MFUNCTION && r.n >= 18 ? (unsigned)le_get(r.p + 16, 2) + (le_get(r.p + 10, 4) != 0) : 0;
}

static const char *id_name(struct pdb *p, uint32_t id, unsigned depth)
{
	struct span s = tpi_record(p, tpi_ids(p), id);
	struct rd r = rd_at(s, 0);
	uint32_t leaf = rd_u16(&r), scope = rd_u32(&r);
	if (r.bad || depth > LIMIT_PDB_SCOPES)
		return NULL;
	if (leaf == LF_STRING_ID)
		return tpi_text(&r);
	if (leaf != LF_FUNC_ID && leaf != LF_MFUNC_ID)
		return NULL;
	rd_skip(&r, 4);
	const char *name = tpi_text(&r), *outer = NULL;
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
