// SPDX-License-Identifier: Apache-2.0
// pdb_records.c: records of modules that tell how code was made. Layouts: microsoft-pdb's cvinfo.h.
#include "pdb/pdb_records.h"

#include "pdb/pdb_int.h"

// One letter a field: b, h, w a number of 1, 2, 4 bytes; '-' a byte without meaning; s a text; t texts to an empty one.
struct form {
	uint16_t kind;
	const char *name, *fields;
};
static const struct form forms[] = {
	{ S_COMPILE2, "S_COMPILE2", "whhhhhhhst" },
	{ S_THUNK32, "S_THUNK32", "wwwwhhbs" },
	{ S_LABEL32, "S_LABEL32", "whbs" },
	{ S_OBJNAME, "S_OBJNAME", "ws" },
	{ S_UNAMESPACE, "S_UNAMESPACE", "s" },
	{ S_TRAMPOLINE, "S_TRAMPOLINE", "hhwwhh" },
	{ S_SEPCODE, "S_SEPCODE", "wwwwwwhh" },
	{ S_SECTION, "S_SECTION", "hb-wwws" },
	{ S_COFFGROUP, "S_COFFGROUP", "wwwhs" },
	{ S_EXPORT, "S_EXPORT", "hhs" },
	{ S_CALLSITEINFO, "S_CALLSITEINFO", "wh--w" },
	{ S_FRAMECOOKIE, "S_FRAMECOOKIE", "whbb" },
	{ S_COMPILE3, "S_COMPILE3", "whhhhhhhhhs" },
	{ S_ENVBLOCK, "S_ENVBLOCK", "bt" },
	{ S_BUILDINFO, "S_BUILDINFO", "w" },
	{ S_HEAPALLOCSITE, "S_HEAPALLOCSITE", "whhw" },
};

static const char *text(struct rd *r)
{
	size_t left = rd_left(r);
	const char *s = left ? (const char *)r->s.p + r->pos : NULL;
	const char *end = s ? memchr(s, 0, left) : NULL;
	rd_skip(r, end ? (uint64_t)(end - s) + 1 : UINT64_MAX);
	return end ? s : NULL;
}

static uint32_t number(struct rd *r, char field)
{
	return field == 'b' ? rd_u8(r) : field == 'h' ? rd_u16(r) : rd_u32(r);
}

static bool decode(struct span body, const struct form *f, struct pdb_record *ret)
{
	struct rd r = rd_at(body, 0);
	ret->kind = f->name;
	for (const char *p = f->fields; *p; p++) {
		const char *s;
		if (*p == 's' && (s = text(&r)) != NULL)
			ret->texts[ret->n_texts++] = s;
		else if (*p == '-')
			rd_skip(&r, 1);
		else if (*p != 's' && *p != 't' && ret->n_numbers < PDB_RECORD_NUMBERS)
			ret->n[ret->n_numbers++] = number(&r, *p);
		while (*p == 't' && ret->n_texts < PDB_RECORD_TEXTS && rd_left(&r) && (s = text(&r)) != NULL && *s)
			ret->texts[ret->n_texts++] = s;
	}
	return !r.bad;
}

struct walk {
	struct pdb *p;
	bool (*fn)(void *ctx, const struct pdb_record *r);
	void *ctx;
};

static bool each_symbol(struct walk *w, size_t module)
{
	const struct pdb_module *m = &w->p->modules[module];
	struct rd r = rd_at(m->syms, 4); // behind the signature
	while (rd_left(&r) >= 4) {
		struct pdb_record row = { .module = module, .offset = (uint32_t)r.pos };
		uint32_t len = rd_u16(&r), kind = rd_u16(&r);
		if (len < 2)
			return true;
		struct span body = span_sub(r.s, r.pos, len - 2);
		rd_skip(&r, len - 2);
		for (size_t i = 0; i < ARRAY_LEN(forms) && body.p; i++)
			if (forms[i].kind == kind && decode(body, &forms[i], &row) && !w->fn(w->ctx, &row))
				return false;
	}
	return true;
}

static bool each_reference(struct walk *w, size_t module)
{
	const struct pdb_module *m = &w->p->modules[module];
	struct rd r = rd_at(m->imports, 0);
	for (uint32_t scope = 0; rd_left(&r) >= 8; scope++) {
		const char *from = pdb_name_at(w->p, rd_u32(&r));
		size_t n = rd_count(&r, rd_u32(&r), 4);
		for (size_t i = 0; i < n; i++) {
			struct pdb_record row = { .module = module,
						  .kind = "import",
						  .n = { 1u << 31 | scope << 20 | (uint32_t)i, rd_u32(&r) },
						  .n_numbers = 2,
						  .texts = { from ? from : "" },
						  .n_texts = 1 };
			if (!w->fn(w->ctx, &row))
				return false;
		}
	}
	r = rd_at(m->exports, 0);
	while (rd_left(&r) >= 8) {
		struct pdb_record row = { .module = module, .kind = "export", .n_numbers = 2 };
		row.n[0] = rd_u32(&r);
		row.n[1] = rd_u32(&r);
		if (!w->fn(w->ctx, &row))
			return false;
	}
	return true;
}

void pdb_each_record(struct pdb *p, bool (*fn)(void *ctx, const struct pdb_record *r), void *ctx)
{
	struct walk w = { p, fn, ctx };
	pdb_load_modules(p);
	for (size_t i = 0; i < p->n_modules; i++) {
		pdb_load_syms(p, &p->modules[i]);
		pdb_load_lines(p, &p->modules[i]);
		if (!each_symbol(&w, i) || !each_reference(&w, i))
			return;
	}
}
