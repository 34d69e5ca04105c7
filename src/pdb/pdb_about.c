// SPDX-License-Identifier: Apache-2.0
// pdb_about.c: what is recorded of one symbol beside its name and place: type, size, decorated name.
#include "base/str.h"
#include "pdb/tpi_int.h"

// A procedure's record may hold a function id instead of its type.
static type_id type_of_id(struct pdb *p, struct pdb_module *m, uint32_t id)
{
	struct span s = tpi_record(p, tpi_ids(p), pdb_resolve_id(p, m, id));
	struct rd r = rd_at(s, 0);
	uint16_t leaf = rd_u16(&r);
	if (leaf != LF_FUNC_ID && leaf != LF_MFUNC_ID)
		return 0;
	rd_skip(&r, 4); // scope, or the class
	return rd_u32(&r);
}

static type_id type_of(struct pdb *p, struct pdb_module *m, uint32_t record)
{
	enum { PROC_TYPE = 28, DATA_TYPE = 4 };
	struct rd r = rd_at(m->syms, record + 2ull);
	switch (rd_u16(&r)) {
	case S_GPROC32:
	case S_LPROC32:
	case S_LPROC32_DPC:
		r = rd_at(m->syms, record + (uint64_t)PROC_TYPE);
		return rd_u32(&r);
	case S_GPROC32_ID:
	case S_LPROC32_ID:
	case S_LPROC32_DPC_ID:
		r = rd_at(m->syms, record + (uint64_t)PROC_TYPE);
		return type_of_id(p, m, rd_u32(&r));
	case S_GDATA32:
	case S_LDATA32:
		r = rd_at(m->syms, record + (uint64_t)DATA_TYPE);
		return rd_u32(&r);
	default: // managed code has tokens there, thunks nothing
		return 0;
	}
}

static bool in_module(struct pdb *p, uint32_t linked, const char *name, struct pdb_about *ret)
{
	struct pdb_module *m = pdb_module_at(p, linked);
	if (!m)
		return false;
	pdb_load_syms(p, m);
	struct sym_row *tables[2] = { m->funcs, m->others };
	size_t n[2] = { m->n_funcs, m->n_others };
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		const struct sym_row *row = pdb_row_at(tables[i], n[i], linked), *end = tables[i] + n[i];
		for (; row && row < end && row->rva == linked; row++) {
			if (!row->name || !str_eq(row->name, name))
				continue;
			ret->type = type_of(p, m, row->record);
			ret->size = row->size;
			ret->is_private = true;
			ret->is_function = row->kind <= PDB_SEPARATED;
			return true;
		}
	}
	return false;
}

// Data of all modules stands in the globals' table too.
static bool in_globals(struct pdb *p, uint32_t linked, const char *name, struct pdb_about *ret)
{
	enum { TYPE = 4, NAME = 14 };
	const struct data_row *row = pdb_data_row(p, linked);
	for (; row && row->rva == linked; row--) {
		uint8_t buf[4];
		const char *text = pdb_string(p, &p->symrec, (uint64_t)row->record + NAME);
		const uint8_t *type = msf_view(&p->msf, &p->symrec, (uint64_t)row->record + TYPE, 4, buf);
		if (type && text && str_eq(text, name)) {
			ret->type = (type_id)le_get(type, 4);
			ret->is_private = true;
			return true;
		}
		if (row == p->data)
			break;
	}
	return false;
}

bool pdb_about(struct pdb *p, uint32_t rva, const char *name, struct pdb_about *ret)
{
	uint32_t linked = pdb_from_image(p, rva);
	struct pdb_symbol s;
	*ret = (struct pdb_about){ .type = 0 };
	if (linked == UINT32_MAX)
		return false;
	bool found = in_module(p, linked, name, ret) || in_globals(p, linked, name, ret);
	for (unsigned i = 0; i < LIMIT_PDB_FOLDED && pdb_public_at(p, linked, i, &s); i++) {
		const char *shown = pdb_shown_name(p, &s);
		if (!str_eq(shown, name) && !str_eq(s.name, name))
			continue;
		ret->decorated = str_eq(shown, s.name) ? NULL : s.name;
		ret->is_function |= s.is_function;
		return true;
	}
	return found;
}
