// SPDX-License-Identifier: Apache-2.0
// ln.c: ln: the symbols around an address.
#include "cmd/nearest.h"

extern const struct cmd cmd_ln;

static const struct field row_nearest_fields[] = { { "address", R_PTR, "what was asked for" },
						   { "symbol_address", R_PTR, "the nearest symbol at or below" },
						   { "symbol", R_SYM, "its name and the displacement" },
						   { "next_address", R_PTR,
						     "the next symbol; null when there is none" },
						   { "next", R_SYM, "its name" } };
const struct schema row_nearest = {
	.name = "nearest",
	.doc = "The symbols around an address",
	.layout = { NULL, "({symbol_address})   {symbol}{?next    |  ({next_address})   {next}}" },
	.fields = row_nearest_fields,
	.n_fields = ARRAY_LEN(row_nearest_fields)
};
static const struct field row_exact_match_fields[] = {
	{ "symbol", R_SYM, "its name" }, { "type", R_STR, "its parameters, or its type; null: not recorded" }
};
const struct schema row_exact_match = { .name = "exact_match",
					.doc = "A symbol exactly at the address",
					.layout = { NULL, "    {symbol}{?type  {type}}" },
					.fields = row_exact_match_fields,
					.n_fields = ARRAY_LEN(row_exact_match_fields) };
static const struct field row_source_line_fields[] = { { "file", R_STR, "as the compiler recorded it" },
						       { "line", R_DEC, "1-based" },
						       { "displacement", R_HEX,
							 "bytes from the line's first code; null: none" } };
const struct schema row_source_line = { .name = "source_line",
					.doc = "The source line of an address",
					.layout = { NULL, "{file}({line}){?displacement +0x{displacement}}" },
					.fields = row_source_line_fields,
					.n_fields = ARRAY_LEN(row_source_line_fields) };

// "(int, char **)" of a function, "= struct _POINT" of data; NULL.
static const char *type_text(struct call *c, struct symbols *sy, const struct sym_hit *h)
{
	struct sym_about about;
	struct type t;
	if (!sy->provider->about || !sy->provider->types ||
	    !sy->provider->about(sy, (uint32_t)(h->va - h->module->base), h->name, &about) || !about.type)
		return NULL;
	struct type_source *types = sy->provider->types(sy);
	if (!types || !type_get(types, about.type, &t) || t.kind == TYPE_NONE)
		return NULL;
	return t.kind == TYPE_FUNCTION ? type_params_text(c->a, &t)
				       : arena_printf(c->a, "= %s", type_c_text(c->a, &t, NULL));
}

// .fnent: " [file @ line] " before the pair, as recorded output has it.
static const struct layout with_source = { NULL, " [{file} @ {line}] {.}" };

static void emit_source(struct session *s, struct doc *out, va_t va, bool short_form)
{
	struct sym_line line;
	if (!(s->target->symbol_options & SYMOPT_LOAD_LINES) || !sym_line_at(s->target, va, &line))
		return;
	ROW_AS(out, row_source_line, short_form ? &with_source : NULL, VS(line.file), V(line.line),
	       V_IF(va > line.va, va - line.va));
}

err_t emit_nearest(struct session *s, struct call *c, struct doc *out, va_t va, bool short_form)
{
	struct target *t = s->target;
	struct sym_hit h;
	if (!sym_near(t, va, &h)) {
		const char *unloaded = sym_text(t, c->a, va);
		if (!unloaded)
			return cmd_fail(c, E_NOTFOUND, va, "the address is in no module");
		ROW(out, row_nearest, V(va), V(va), VS(unloaded), V_ABSENT, V_ABSENT);
		return ok();
	}
	if (!h.name)
		return cmd_fail(c, E_NOTFOUND, va, "%s has no symbol at or below the address", h.module->name);
	uint32_t next = 0, rva;
	const char *name, *next_name = NULL;
	bool is_function;
	struct symbols *sy = sym_load(t, h.module);
	if (sy->provider->near(sy, (uint32_t)(va - h.module->base), &name, &rva, &next, &is_function) && next &&
	    sy->provider->near(sy, next, &name, &rva, NULL, &is_function))
		next_name = arena_printf(c->a, "%s!%s", h.module->name, name);
	emit_source(s, out, va, short_form);
	ROW(out, row_nearest, V(va), V(h.va), VS(sym_text(t, c->a, va)), V_IF(next_name != NULL, h.module->base + next),
	    VS(next_name));
	if (!h.disp) {
		doc_text(out, "Exact matches:");
		ROW(out, row_exact_match, VS(sym_text(t, c->a, va)), VS(type_text(c, sy, &h)));
	}
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	uint64_t va;
	(void)arg_switch(c, "/D"); // links
	if (arg_end(c)) {
		const struct regs *r;
		TRY(session_regs(s, &r));
		va = reg_get(r, reg_pc(s->target->machine));
	} else {
		TRY(arg_expr(c, &va));
	}
	TRY(arg_done(c));
	return emit_nearest(s, c, out, va, false);
}

static const struct schema *const rows[] = { &row_nearest, &row_exact_match, &row_source_line, NULL };
const struct cmd cmd_ln = {
	.names = "ln",
	.group = "Modules and symbols",
	.args = "[/D] [ADDRESS]",
	.summary = "List the nearest symbols",
	.run = run,
	.rows = rows,
};
