// SPDX-License-Identifier: Apache-2.0
// pe_debug.c: the debug directory ("PE Format", section ".debug").
#include "pe/pe_int.h"

enum { ENTRY_SIZE = 28, TYPE_CODEVIEW = 2, TYPE_REPRO = 16 };

const char *pe_debug_type_name(uint32_t type)
{
	static const char *const names[] = {
		// as in the debugger's !dh, which drops IMAGE_DEBUG_TYPE_
		"UNKNOWN",    "COFF",        "CODEVIEW",
		"FPO",        "MISC",        "EXCEPTION",
		"FIXUP",      "OMAP_TO_SRC", "OMAP_FROM_SRC",
		"BORLAND",    "RESERVED10",  "CLSID",
		"VC_FEATURE", "POGO",        "ILTCG",
		"MPX",        "REPRO",       "EMBEDDED_PDB",
		"SPGO",       "PDBCHECKSUM", "EX_DLLCHARACTERISTICS",
		"PERFMAP",
	};
	return type < ARRAY_LEN(names) ? names[type] : "?";
}

static size_t entry_count(const struct pe *pe)
{
	const struct pe_data_dir *dir = &pe->dirs[PE_DEBUG];
	return dir->rva ? MIN((size_t)dir->size / ENTRY_SIZE, (size_t)LIMIT_PE_DEBUG_DIRS) : 0;
}

static bool entry_get(struct pe_window *w, size_t i, struct pe_debug *ret)
{
	const uint8_t *p = pe_window_get(w, w->pe->dirs[PE_DEBUG].rva + (uint64_t)i * ENTRY_SIZE, ENTRY_SIZE);
	if (!p)
		return false;
	struct rd r = rd_at((struct span){ p, ENTRY_SIZE }, 0);
	ret->characteristics = rd_u32(&r);
	ret->timestamp = rd_u32(&r);
	ret->major = rd_u16(&r);
	ret->minor = rd_u16(&r);
	ret->type = rd_u32(&r);
	ret->size = rd_u32(&r);
	ret->rva = rd_u32(&r);
	ret->raw = rd_u32(&r);
	return true;
}

err_t pe_debug_dirs(struct arena *a, const struct pe *pe, const struct pe_debug **ret, size_t *n_ret)
{
	size_t want = entry_count(pe), n = 0;
	struct pe_debug *list = NEW_N(a, struct pe_debug, want + 1);
	struct pe_window w = { .pe = pe };
	while (n < want && entry_get(&w, n, &list[n]))
		n++;
	if (want && !n)
		return fail(E_ABSENT, "debug directory", pe->dirs[PE_DEBUG].rva);
	*ret = list;
	*n_ret = n;
	return ok();
}

err_t pe_codeview(struct arena *a, const struct pe *pe, struct span *ret)
{
	struct pe_window w = { .pe = pe };
	struct pe_debug d;
	size_t n = entry_count(pe);
	for (size_t i = 0; i < n; i++) {
		if (!entry_get(&w, i, &d))
			return fail(E_ABSENT, "debug directory", pe->dirs[PE_DEBUG].rva);
		if (d.type != TYPE_CODEVIEW)
			continue;
		if (d.size > LIMIT_PE_CODEVIEW)
			return fail(E_LIMIT, "size of the CodeView record", d.rva);
		// Records outside every section (old linkers) have no RVA, only a file offset.
		struct span raw = d.rva ? (struct span){ NULL, 0 } : pe_file_bytes(pe, d.raw, d.size);
		uint8_t *copy = NEW_N(a, uint8_t, (size_t)d.size + 1);
		for (size_t k = 0; k < raw.n; k++)
			copy[k] = raw.p[k];
		size_t got = d.rva ? pe_read(pe, d.rva, copy, d.size) : raw.n;
		if (got < d.size)
			return fail(E_ABSENT, "CodeView record", d.rva ? d.rva : d.raw);
		*ret = (struct span){ copy, d.size };
		return ok();
	}
	return fail(E_NOTFOUND, "image has no CodeView record", 0);
}

bool pe_is_reproducible(const struct pe *pe)
{
	struct pe_window w = { .pe = pe };
	struct pe_debug d;
	size_t n = entry_count(pe);
	for (size_t i = 0; i < n && entry_get(&w, i, &d); i++)
		if (d.type == TYPE_REPRO)
			return true;
	return false;
}
