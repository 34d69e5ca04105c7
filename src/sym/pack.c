// SPDX-License-Identifier: Apache-2.0
// pack.c: symbols from a layout pack, or from an ISF or Breakpad symbol file through the pack that was made of it.
#include "pack/pack.h"

#include "sym/pack_find.h"
#include "sym/sym.h"

#include <string.h>

extern const struct symbol_provider sym_pack;
struct pack_symbols {
	struct symbols base;
	struct pack *pack;
	const struct pe *pe; // NULL: the image is not there
};

static err_t open_symbols(struct target *t, struct module *m, struct symbols **ret)
{
	static const enum sym_state states[PACK_SOURCES] = { SYM_PACK, SYM_PACK, SYM_ISF, SYM_BREAKPAD };
	struct pack *pack;
	TRY(pack_locate(t, m, &pack));
	struct pack_symbols *p = NEW(t->arena, struct pack_symbols);
	p->pack = pack;
	if (target_module_pe(t, m, &p->pe).code)
		p->pe = NULL;
	p->base.state = states[pack_id(pack)->from];
	*ret = &p->base;
	return ok();
}

static const struct pack *of(const struct symbols *s)
{
	return ((const struct pack_symbols *)s)->pack;
}

// ISF does not say what is a function; the image says what is code.
static bool is_function(const struct symbols *sy, const struct pack_symbol *s)
{
	const struct pack_symbols *p = (const struct pack_symbols *)sy;
	bool unsaid = pack_id(p->pack)->from != PACK_FROM_PDB && !s->is_private;
	return s->is_function || (unsaid && p->pe && pe_is_executable(p->pe, s->rva));
}

static bool near_pack(struct symbols *sy, uint32_t rva, const char **name_ret, uint32_t *rva_ret, uint32_t *next_ret,
		      bool *is_function_ret)
{
	struct pack_symbol s;
	if (!pack_near(of(sy), rva, &s, next_ret))
		return false;
	*name_ret = s.name;
	*rva_ret = s.rva;
	*is_function_ret = is_function(sy, &s);
	return true;
}

static bool find_pack(struct symbols *sy, const char *name, uint32_t *rva_ret)
{
	struct pack_symbol s;
	if (!pack_find(of(sy), name, &s))
		return false;
	*rva_ret = s.rva;
	return true;
}

static void each_pack(struct symbols *sy, bool (*fn)(void *ctx, const char *name, uint32_t rva), void *ctx)
{
	struct pack_symbol s;
	for (size_t i = 0; pack_symbol(of(sy), i, &s); i++)
		if (!fn(ctx, s.name, s.rva))
			return;
}

// Lines belong to the innermost inlined call; the function's own place is then where the outermost was made.
static bool line_pack(struct symbols *sy, uint32_t rva, struct sym_line *ret)
{
	struct pack_inline outer;
	struct pack_line l;
	va_t base = sy->module->base;
	bool innermost = pack_id(of(sy))->from != PACK_FROM_PDB; // PDBs record the function's own
	if (innermost && pack_inlines_at(of(sy), rva, &outer, 1) == 1) {
		if (!*outer.call_file || !outer.call_line)
			return false;
		*ret = (struct sym_line){ outer.call_file, outer.call_line, base + outer.rva, outer.size };
		return true;
	}
	if (!pack_line_at(of(sy), rva, &l) || !*l.file || !l.line)
		return false;
	*ret = (struct sym_line){ l.file, l.line, base + l.rva, l.size };
	return true;
}

static size_t inlines_pack(struct symbols *sy, uint32_t rva, struct sym_inline *ret, size_t max)
{
	struct pack_inline list[SYM_INLINES];
	struct pack_line l;
	size_t n = pack_inlines_at(of(sy), rva, list, ARRAY_LEN(list));
	bool known = pack_id(of(sy))->from != PACK_FROM_PDB && pack_line_at(of(sy), rva, &l);
	const char *file = known ? l.file : "";
	uint32_t line = known ? l.line : 0;
	for (size_t i = 0; i < n; i++) { // innermost first; each was called from the place that the next one shows
		const struct pack_inline *in = &list[n - 1 - i];
		if (i < max)
			ret[i] = (struct sym_inline){ in->name, *file ? file : NULL, line, sy->module->base + in->rva };
		file = in->call_file;
		line = in->call_line;
	}
	return MIN(n, max);
}

static struct type_source *types_pack(struct symbols *sy)
{
	return pack_types(((struct pack_symbols *)sy)->pack);
}

static bool about_pack(struct symbols *sy, uint32_t rva, const char *name, struct sym_about *ret)
{
	struct pack_symbol s;
	if (!pack_near(of(sy), rva, &s, NULL) || s.rva != rva)
		return false;
	struct pack_symbol named;
	if (name && !str_eq(s.name, name) && pack_find(of(sy), name, &named) && named.rva == rva)
		s = named;
	struct type t;
	*ret = (struct sym_about){ .decorated = s.is_signature ? NULL : s.decorated,
				   .type = s.type,
				   .size = s.size,
				   .is_private = s.is_private,
				   .is_function = is_function(sy, &s) };
	if (!ret->size && s.type && type_get(types_pack(sy), s.type, &t))
		ret->size = (uint32_t)MIN(t.size, (uint64_t)UINT32_MAX);
	return true;
}

static bool frame_pack(struct symbols *sy, uint32_t rva, struct sym_frame *ret)
{
	struct pack_frame f;
	if (!pack_frame_at(of(sy), rva, &f))
		return false;
	*ret = (struct sym_frame){ .kind = f.kind == PACK_FRAME_PROGRAM ? SYM_FRAME_PROGRAM : SYM_FRAME_FPO,
				   .program = f.kind == PACK_FRAME_PROGRAM ? f.program : NULL,
				   .rva = f.rva,
				   .size = f.size,
				   .locals = f.locals,
				   .params = f.params,
				   .saved = f.saved,
				   .prolog = f.prolog,
				   .uses_bp = f.uses_bp };
	return true;
}

static bool ends_with_file(const char *path, const char *file)
{
	size_t n = strlen(path), m = strlen(file);
	return n >= m && str_ieq(path + n - m, file) && (n == m || path[n - m - 1] == '/' || path[n - m - 1] == '\\');
}

static void line_addresses_pack(struct symbols *sy, const char *file, uint32_t line,
				bool (*fn)(void *ctx, const struct sym_line *l), void *ctx)
{
	struct pack_line l;
	for (size_t i = 0; pack_line(of(sy), i, &l); i++)
		if (l.line == line && ends_with_file(l.file, file) &&
		    !fn(ctx, &(struct sym_line){ l.file, l.line, sy->module->base + l.rva, l.size }))
			return;
}

const struct symbol_provider sym_pack = {
	.name = "pack",
	.state = SYM_PACK,
	.open = open_symbols,
	.near = near_pack,
	.find = find_pack,
	.each = each_pack,
	.line = line_pack,
	.inlines = inlines_pack,
	.types = types_pack,
	.about = about_pack,
	.frame = frame_pack,
	.line_addresses = line_addresses_pack,
};
