// SPDX-License-Identifier: Apache-2.0
// pack_pdb.c: a PDB as a layout pack. What a pack has no room for (locals, the lines inside inlined calls) stays
// behind.
#include "sym/pack_pdb.h"

#include "base/str.h"
#include "pdb/pdb_frames.h"

#include <string.h>

struct work {
	struct pdb *p;
	struct pack_writer *w;
	struct pack_copy *types;
	uint32_t function; // that inlined calls were last given to
	bool any_function;
};

static bool one_symbol(void *ctx, const struct pdb_symbol *s)
{
	struct work *w = ctx;
	struct pack_symbol out = { .name = pdb_shown_name(w->p, s),
				   .rva = s->rva,
				   .size = s->size,
				   .is_function = s->is_function,
				   .is_private = s->kind != PDB_PUBLIC };
	struct pdb_about about;
	if (pdb_about(w->p, s->rva, out.name, &about)) {
		out.decorated = about.decorated;
		out.type = w->types ? pack_copied(w->types, about.type) : 0;
		if (!out.size)
			out.size = about.size;
	} else if (!str_eq(out.name, s->name)) {
		out.decorated = s->name;
	}
	pack_add_symbol(w->w, &out);
	return true;
}

static uint32_t string(struct work *w, const char *s)
{
	return s ? pack_string(w->w, s, strlen(s)) : 0;
}

static bool is_line_at(struct work *w, const struct pdb_line *l, uint32_t rva)
{
	struct pdb_line at;
	return pdb_line_at(w->p, rva, &at) && at.line == l->line && at.file && str_eq(at.file, l->file);
}

// Functions that were folded into one have several lines at a place; one of them is the debugger's. Moved code ends
// earlier than it was linked.
static bool one_line(void *ctx, const struct pdb_line *l)
{
	struct work *w = ctx;
	if (!l->file || !l->line || !l->size || l->rva > UINT32_MAX - l->size || !is_line_at(w, l, l->rva))
		return true;
	uint32_t good = l->rva, end = l->rva + l->size;
	if (is_line_at(w, l, end - 1))
		good = end - 1;
	while (good + 1 < end) {
		uint32_t mid = good + (end - good) / 2;
		if (is_line_at(w, l, mid))
			good = mid;
		else
			end = mid;
	}
	pack_add_line(w->w, string(w, l->file), l->line, l->rva, good + 1 - l->rva);
	return true;
}

static bool one_inline(void *ctx, const struct pdb_site *s)
{
	struct work *w = ctx;
	struct pdb_symbol f;
	if (!s->site.name || !pdb_function_at(w->p, s->rva, &f))
		return true;
	if (!w->any_function || f.rva != w->function)
		pack_begin_function(w->w, f.rva, f.size);
	w->any_function = true;
	w->function = f.rva;
	pack_add_inline(w->w, string(w, s->site.name), string(w, s->site.call_file), s->site.call_line, s->depth,
			s->rva, s->size);
	return true;
}

static bool one_frame(void *ctx, const struct pdb_frame *f)
{
	struct work *w = ctx;
	bool program = f->kind != PDB_FRAME_FPO;
	if (program ? f->program != NULL : f->type != PDB_FPO_NONE && f->type != PDB_FPO_TRAP && f->type != PDB_FPO_TSS)
		pack_add_frame(w->w, &(struct pack_frame){ .kind = program ? PACK_FRAME_PROGRAM : PACK_FRAME_FPO,
							   .rva = f->rva,
							   .size = f->size,
							   .prolog = f->prolog,
							   .params = f->params,
							   .saved = f->saved,
							   .locals = f->locals,
							   .uses_bp = f->uses_bp,
							   .program = f->program });
	return true;
}

err_t pack_from_pdb(struct arena *a, struct pdb *p, const char *name, struct span *ret)
{
	struct work w = { .p = p, .w = pack_writer_new(a) };
	struct type_source *types = pdb_types(p);
	if (types) {
		w.types = pack_copy_new(a, w.w, types);
		pack_copy_named(w.types);
	}
	pdb_each(p, one_symbol, &w);
	if (w.types)
		pack_copy_rest(w.types);
	pdb_each_line(p, one_line, &w);
	pdb_each_inline(p, one_inline, &w);
	pdb_each_frame(p, one_frame, &w);
	err_t damage = pdb_damage(p);
	const char *note = pdb_note(p);
	const struct pdb_id *from = pdb_id(p);
	struct pack_id id = { .pdb_name = name,
			      .age = from->age,
			      .has_guid = true,
			      .is_private = !note,
			      .machine = from->machine,
			      .ptr_bytes = types ? types->ptr_bytes : 0,
			      .from = PACK_FROM_PDB };
	memcpy(id.guid, from->guid, sizeof(id.guid));
	id.source = arena_printf(a, "PDB%s%s%s%s", note ? ": " : "", note ? note : "", damage.code ? "; damaged: " : "",
				 damage.code ? damage.what : "");
	return pack_finish(w.w, &id, NULL, ret);
}
