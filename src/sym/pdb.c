// SPDX-License-Identifier: Apache-2.0
// pdb.c: symbols from the PDB whose GUID and age are those of the module, found in the folders of the symbol path or
// beside the image file. Ages: the one in the image's record has to be the DBI stream's; the info stream's counts
// rewrites of the PDB.
#include "pdb/pdb.h"

#include "sym/sym.h"

#include <stdio.h>
#include <string.h>

extern const struct symbol_provider sym_pdb;
struct pdb_symbols {
	struct symbols base;
	struct pdb *pdb;
	bool x86;
	struct arena *arena;
};

// ---- finding
struct search {
	struct target *t;
	struct module *m;
	struct codeview cv;
	const char *name;
	char key[48];
	struct pdb *found;
};

static bool try_file(struct search *s, const char *path)
{
	struct file_map map;
	struct pdb *p;
	if (!path || file_map_open(path, &map).code)
		return false;
	err_t e = pdb_open(s->t->arena, map.bytes, &p);
	if (!e.code && (memcmp(pdb_id(p)->guid, s->cv.guid, sizeof(s->cv.guid)) != 0 || pdb_id(p)->age != s->cv.age))
		e = fail(E_NOTFOUND, "the PDB belongs to another build of the module", 0);
	if (e.code) {
		file_map_close(&map);
		if (!s->m->symbol_error.code || s->m->symbol_error.code == E_NOTFOUND)
			s->m->symbol_error = e;
		return false;
	}
	s->m->symbol_map = map;
	s->m->symbol_file = path;
	s->found = p;
	return true;
}

// dir/name, or dir/name/KEY/name as symbol stores have it.
static bool try_store(struct search *s, const char *dir)
{
	struct arena *a = s->t->arena;
	const char *hit = path_find_nocase(a, dir, s->name);
	if (!hit)
		return false;
	if (try_file(s, hit))
		return true;
	const char *folder = path_find_nocase(a, hit, s->key);
	return folder && try_file(s, path_find_nocase(a, folder, s->name));
}

// A plain folder, a store, a store in two tiers (na/name/KEY/name), and dir/dll, dir/symbols/dll as debuggers lay
// them out.
static bool try_folder(struct search *s, const char *dir)
{
	struct arena *a = s->t->arena;
	if (try_store(s, dir))
		return true;
	if (path_find_nocase(a, dir, "index2.txt") && strlen(s->name) >= 2) {
		const char *tier = path_find_nocase(a, dir, arena_strndup(a, s->name, 2));
		if (tier && try_store(s, tier))
			return true;
	}
	const char *dot = strrchr(s->m->image_name, '.');
	const char *sub = dot && dot[1] ? path_find_nocase(a, dir, dot + 1) : NULL;
	if (sub && try_file(s, path_find_nocase(a, sub, s->name)))
		return true;
	const char *symbols = dot && dot[1] ? path_find_nocase(a, dir, "symbols") : NULL;
	sub = symbols ? path_find_nocase(a, symbols, dot + 1) : NULL;
	return sub && try_file(s, path_find_nocase(a, sub, s->name));
}

static bool find_named(struct search *s, const char *name)
{
	s->name = name;
	for (size_t i = 0; i < s->t->n_symbol_path; i++)
		if (try_folder(s, s->t->symbol_path[i]))
			return true;
	const char *image = s->m->image == IMAGE_FROM_FILE ? s->m->image_file : NULL;
	const char *slash = image ? strrchr(image, '/') : NULL;
	const char *dir = slash ? arena_strndup(s->t->arena, image, (size_t)MAX(slash - image, (ptrdiff_t)1)) : ".";
	return image && try_store(s, dir);
}

// By the PDB's recorded name, then by the image's: files get renamed together.
static bool find(struct search *s)
{
	const char *name = path_base(s->cv.path), *dot = strrchr(s->m->image_name, '.');
	size_t stem = dot && dot != s->m->image_name ? (size_t)(dot - s->m->image_name) : strlen(s->m->image_name);
	const char *other = arena_printf(s->t->arena, "%.*s.pdb", (int)MIN(stem, (size_t)INT16_MAX), s->m->image_name);
	return find_named(s, name) || (!str_ieq(name, other) && find_named(s, other));
}

static err_t open_symbols(struct target *t, struct module *m, struct symbols **ret)
{
	const struct pe *pe;
	struct search s = { .t = t, .m = m };
	err_t image = target_module_pe(t, m, &pe); // the PDB may lie beside the image
	if (!t->n_symbol_path && (image.code || m->image != IMAGE_FROM_FILE))
		return fail(E_NOTFOUND, "no symbol path is set", m->base);
	s.cv = target_module_codeview(t, m);
	if (s.cv.kind != CV_RSDS)
		return fail(E_NOTFOUND, "the module names no PDB", m->base);
	const uint8_t *g = s.cv.guid;
	int n = snprintf(s.key, sizeof(s.key), "%08X%04X%04X", (unsigned)le_get(g, 4), (unsigned)le_get(g + 4, 2),
			 (unsigned)le_get(g + 6, 2));
	for (size_t i = 8; i < sizeof(s.cv.guid); i++)
		n += snprintf(s.key + n, sizeof(s.key) - (size_t)n, "%02X", g[i]);
	snprintf(s.key + n, sizeof(s.key) - (size_t)n, "%x", (unsigned)s.cv.age);
	if (!find(&s))
		return m->symbol_error.code ? m->symbol_error : fail(E_NOTFOUND, "no matching PDB was found", m->base);
	struct pdb_symbols *p = NEW(t->arena, struct pdb_symbols);
	*p = (struct pdb_symbols){ .pdb = s.found, .x86 = pdb_id(s.found)->machine == MACHINE_X86, .arena = t->arena };
	p->base.state = pdb_note(s.found) ? SYM_PUBLIC : SYM_PRIVATE;
	*ret = &p->base;
	return ok();
}

// ---- looking up
static bool near_pdb(struct symbols *sy, uint32_t rva, const char **name_ret, uint32_t *rva_ret, uint32_t *next_ret,
		     bool *is_function_ret)
{
	struct pdb_symbols *p = (struct pdb_symbols *)sy;
	struct pdb_symbol s;
	if (next_ret)
		*next_ret = pdb_next_rva(p->pdb, rva);
	if (!pdb_symbol_at(p->pdb, rva, &s))
		return false;
	*name_ret = pdb_shown_name(p->pdb, &s);
	*rva_ret = s.rva;
	*is_function_ret = s.is_function;
	return true;
}

// C names of x86 are stored as _name, _name@8, @name@8.
struct plain {
	struct pdb_symbols *p;
	const char *name;
	uint32_t rva;
	bool found;
};

static bool is_plain(void *ctx, const struct pdb_symbol *s)
{
	struct plain *w = ctx;
	const char *name = s->name;
	size_t n = strlen(w->name);
	w->found = (*name == '_' || *name == '@') && str_ieqn(name + 1, w->name, n) &&
		   (!name[n + 1] || name[n + 1] == '@');
	w->rva = s->rva;
	return !w->found;
}

static bool find_pdb(struct symbols *sy, const char *name, uint32_t *rva_ret)
{
	struct pdb_symbols *p = (struct pdb_symbols *)sy;
	struct pdb_symbol s;
	if (pdb_find(p->pdb, name, &s)) {
		*rva_ret = s.rva;
		return true;
	}
	struct plain w = { .p = p, .name = name };
	if (p->x86 && *name && *name != '?')
		pdb_each_public(p->pdb, is_plain, &w);
	*rva_ret = w.rva;
	return w.found;
}

struct each_name {
	struct pdb_symbols *p;
	bool (*fn)(void *ctx, const char *name, uint32_t rva);
	void *ctx;
};

static bool each_symbol(void *ctx, const struct pdb_symbol *s)
{
	const struct each_name *e = ctx;
	return e->fn(e->ctx, pdb_shown_name(e->p->pdb, s), s->rva);
}

static void each_pdb(struct symbols *sy, bool (*fn)(void *ctx, const char *name, uint32_t rva), void *ctx)
{
	struct pdb_symbols *p = (struct pdb_symbols *)sy;
	pdb_each(p->pdb, each_symbol, &(struct each_name){ p, fn, ctx });
}

static bool line_pdb(struct symbols *sy, uint32_t rva, struct sym_line *ret)
{
	struct pdb_line l;
	if (!pdb_line_at(((struct pdb_symbols *)sy)->pdb, rva, &l) || !l.file)
		return false;
	*ret = (struct sym_line){ l.file, l.line, sy->module->base + l.rva, l.size };
	return true;
}

static size_t inlines_pdb(struct symbols *sy, uint32_t rva, struct sym_inline *ret, size_t max)
{
	struct pdb_inline list[SYM_INLINES];
	size_t n = pdb_inlines_at(((struct pdb_symbols *)sy)->pdb, rva, list, MIN(max, ARRAY_LEN(list)));
	for (size_t i = 0; i < n; i++)
		ret[i] =
			(struct sym_inline){ list[i].name, list[i].file, list[i].line, sy->module->base + list[i].rva };
	return n;
}

static bool frame_pdb(struct symbols *sy, uint32_t rva, struct sym_frame *ret)
{
	struct pdb *p = ((struct pdb_symbols *)sy)->pdb;
	struct pdb_frame f;
	struct pdb_frameproc proc;
	if (pdb_frame_at(p, rva, &f) && (f.kind == PDB_FRAME_FPO ? f.type != PDB_FPO_NONE : f.program != NULL)) {
		*ret = (struct sym_frame){ .kind = f.kind == PDB_FRAME_FPO ? SYM_FRAME_FPO : SYM_FRAME_PROGRAM,
					   .program = f.program,
					   .rva = f.rva,
					   .size = f.size,
					   .locals = f.locals,
					   .params = f.params,
					   .saved = f.saved,
					   .prolog = f.prolog,
					   .uses_bp = f.uses_bp,
					   .is_trap = f.type == PDB_FPO_TRAP || f.type == PDB_FPO_TSS,
					   .has_seh = f.has_seh,
					   .is_start = f.is_start };
		return true;
	}
	if (!pdb_frameproc_at(p, rva, &proc))
		return false;
	*ret = (struct sym_frame){ .kind = SYM_FRAME_PROC,
				   .rva = proc.rva,
				   .size = proc.size,
				   .locals = proc.frame,
				   .saved = proc.saved,
				   .is_start = true };
	return true;
}

const struct symbol_provider sym_pdb = {
	.name = "pdb",
	.state = SYM_PUBLIC,
	.open = open_symbols,
	.near = near_pdb,
	.find = find_pdb,
	.each = each_pdb,
	.line = line_pdb,
	.inlines = inlines_pdb,
	.frame = frame_pdb,
};
