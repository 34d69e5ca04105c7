// SPDX-License-Identifier: Apache-2.0
// ln.c: ln: the symbols around an address.
#include "cmd/cmd.h"

extern const struct cmd cmd_ln;

SCHEMA(nearest, "The symbols around an address", NULL,
       "({symbol_address})   {symbol}{?next    |  ({next_address})   {next}}",
       { "address", R_PTR, "what was asked for" }, { "symbol_address", R_PTR, "the nearest symbol at or below" },
       { "symbol", R_SYM, "its name and the displacement" },
       { "next_address", R_PTR, "the next symbol; null when there is none" }, { "next", R_SYM, "its name" });
SCHEMA(exact_match, "A symbol exactly at the address", NULL, "    {symbol}", { "symbol", R_SYM, "its name" });

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct target *t = s->target;
	uint64_t va;
	if (arg_end(c)) {
		const struct regs *r;
		TRY(session_regs(s, &r));
		va = reg_get(r, reg_pc(t->machine));
	} else {
		TRY(arg_expr(c, &va));
	}
	TRY(arg_done(c));
	struct sym_hit h;
	if (!sym_near(t, va, &h)) {
		const char *unloaded = sym_text(t, c->a, va);
		if (!unloaded)
			return cmd_fail(c, E_NOTFOUND, va, "the address is in no module");
		ROW(out, nearest, V(va), V(va), VS(unloaded), V_ABSENT, V_ABSENT);
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
	ROW(out, nearest, V(va), V(h.va), VS(sym_text(t, c->a, va)), V_IF(next_name != NULL, h.module->base + next),
	    VS(next_name));
	if (!h.disp) {
		doc_text(out, "Exact matches:");
		ROW(out, exact_match, VS(sym_text(t, c->a, va)));
	}
	return ok();
}

static const struct schema *const rows[] = { &nearest, &exact_match, NULL };
const struct cmd cmd_ln = {
	.names = "ln",
	.group = "Modules and symbols",
	.args = "[ADDRESS]",
	.summary = "List the nearest symbols",
	.run = run,
	.rows = rows,
};
