// SPDX-License-Identifier: Apache-2.0
// symopt.c: .symopt: how symbols are loaded.
#include "cmd/symbols.h"

#include <inttypes.h>

extern const struct cmd cmd_symopt;

SCHEMA(symbol_options, "The symbol options", NULL,
       "Symbol options are 0x{options}:", { "options", R_UHEX, "all bits" });
SCHEMA(symbol_option, "A symbol option that is set", NULL, "  0x{flag:8} - {name}", { "flag", R_UHEX, "its bit" },
       { "name", R_STR, "as dbghelp.h spells it" },
       { "effect", R_STR, "what it does here; null: it has no effect in this program" });

static const struct {
	uint32_t flag;
	const char *name, *effect;
} options[] = {
	{ 0x1, "SYMOPT_CASE_INSENSITIVE", NULL },
	{ 0x2, "SYMOPT_UNDNAME", NULL },
	{ 0x4, "SYMOPT_DEFERRED_LOADS", "symbols are loaded when they are needed (-s: when the dump is opened)" },
	{ 0x8, "SYMOPT_NO_CPP", NULL },
	{ 0x10, "SYMOPT_LOAD_LINES", NULL },
	{ 0x20, "SYMOPT_OMAP_FIND_NEAREST", NULL },
	{ 0x40, "SYMOPT_LOAD_ANYTHING", "symbols of another build are used when none match" },
	{ 0x80, "SYMOPT_IGNORE_CVREC", NULL },
	{ 0x100, "SYMOPT_NO_UNQUALIFIED_LOADS", "names without a module are looked for in loaded symbols only" },
	{ 0x200, "SYMOPT_FAIL_CRITICAL_ERRORS", NULL },
	{ 0x400, "SYMOPT_EXACT_SYMBOLS", NULL },
	{ 0x800, "SYMOPT_ALLOW_ABSOLUTE_SYMBOLS", NULL },
	{ 0x1000, "SYMOPT_IGNORE_NT_SYMPATH", NULL },
	{ 0x2000, "SYMOPT_INCLUDE_32BIT_MODULES", NULL },
	{ 0x4000, "SYMOPT_PUBLICS_ONLY", NULL },
	{ 0x8000, "SYMOPT_NO_PUBLICS", NULL },
	{ 0x10000, "SYMOPT_AUTO_PUBLICS", NULL },
	{ 0x20000, "SYMOPT_NO_IMAGE_SEARCH", NULL },
	{ 0x40000, "SYMOPT_SECURE", NULL },
	{ 0x80000, "SYMOPT_NO_PROMPTS", "symbol servers are not asked for passwords" },
	{ SYMOPT_DEBUG, "SYMOPT_DEBUG", "each look-up of a symbol file is told (!sym noisy)" },
};

static void set_of(struct target *t, uint32_t flags)
{
	uint32_t old = t->symbol_options;
	t->symbol_options = flags;
	// What the strict eye refused may be taken now, and the other way round.
	for (size_t i = 0; ((old ^ flags) & SYMOPT_LOAD_ANYTHING) && i < t->n_modules; i++) {
		struct module *m = t->modules[i];
		if (m->other_build || (m->mismatch && !m->load_anything))
			target_forget_symbols(t, m);
	}
}

void symbol_options_set(struct session *s, uint32_t flags)
{
	for (size_t i = 0; i < s->dbg->n_systems; i++) {
		set_of(s->dbg->systems[i]->target, flags);
		symbols_changed(s->dbg->systems[i]);
	}
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct target *t = s->target;
	bool clear = call_flag(c, '-');
	if (!arg_end(c)) {
		uint64_t flags;
		TRY(arg_expr(c, &flags));
		TRY(arg_done(c));
		if (flags > UINT32_MAX)
			return usage(c, "Symbol options have 32 bits");
		uint32_t old = t->symbol_options;
		symbol_options_set(s, clear ? old & ~(uint32_t)flags : old | (uint32_t)flags);
	} else if (*c->flags) {
		return usage(c, "Usage: .symopt[+ | -] FLAGS");
	}
	ROW(out, symbol_options, V(t->symbol_options));
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (t->symbol_options & options[i].flag)
			ROW(out, symbol_option, V(options[i].flag), VS(options[i].name), VS(options[i].effect));
	return ok();
}

static const struct schema *const rows[] = { &symbol_options, &symbol_option, NULL };
const struct cmd cmd_symopt = {
	.names = ".symopt",
	.flags = "+-",
	.any_tail = true,
	.group = "Modules and symbols",
	.args = "[+|-] [FLAGS]",
	.summary = "Show or set how symbols are loaded",
	.help = ".symopt         the options that are set\n"
		".symopt+ 40     use symbols of another build when none match: lm marks them M\n"
		".symopt- 40     no longer\n"
		".symopt+ 100    names without a module do not load symbols\n",
	.run = run,
	.rows = rows,
};
