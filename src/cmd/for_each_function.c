// SPDX-License-Identifier: Apache-2.0
// for_each_function.c: !for_each_function -m:MODULE -p:PATTERN -c:COMMANDS.
#include "base/limits.h"
#include "cmd/each.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

extern const struct cmd cmd_for_each_function;

struct found {
	struct arena *a;
	struct sym_match *list;
	size_t n, cap;
};

static bool collect(void *ctx, const struct sym_match *m)
{
	struct found *f = ctx;
	if (f->n == f->cap) {
		f->cap = MAX(f->cap * 2, (size_t)64);
		struct sym_match *bigger = NEW_N(f->a, struct sym_match, f->cap);
		if (f->n)
			memcpy(bigger, f->list, f->n * sizeof(*bigger));
		f->list = bigger;
	}
	f->list[f->n++] = *m;
	return true;
}

// The value of "-m:" when it is next; a value ends at a blank.
static const char *option(struct call *c, char letter)
{
	arg_blanks(c);
	if ((*c->p != '-' && *c->p != '/') || c->p[1] != letter || c->p[2] != ':')
		return NULL;
	c->p += 3;
	return letter == 'c' ? arg_commands(c) : arg_word(c);
}

static bool is_function(struct target *t, const struct sym_match *m)
{
	struct sym_about about;
	const struct symbols *sy = m->module->symbols;
	uint64_t rva = m->va - m->module->base;
	if (sy && sy->provider->about && rva <= UINT32_MAX &&
	    sy->provider->about(m->module->symbols, (uint32_t)rva, m->name, &about))
		return about.is_function;
	return target_is_code(t, m->va);
}

static err_t one(struct session *s, const struct sym_match *m, const char *commands_, struct doc *out)
{
	struct arena *a = arena_new(1 << 16);
	const struct val address = V(m->va);
	const struct alias list[] = {
		{ "@#SymbolName", arena_printf(a, "%s!%s", m->module->name, m->name) },
		{ "@#SymbolAddress", doc_value_text(a, R_ADDR, &address, s->target->ptr_bytes) },
		{ "@#ModName", m->module->name },
		{ "@#FunctionName", m->name },
	};
	err_t e = each_run(s, commands_, list, ARRAY_LEN(list), out);
	arena_free(a);
	return e;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const char *module = NULL, *pattern = NULL, *commands_ = NULL;
	struct found f = { .a = c->a };
	if (each_help(c, out))
		return ok();
	while (!commands_ && !arg_end(c)) {
		const char *m = option(c, 'm'), *p = m ? NULL : option(c, 'p');
		module = m ? m : module;
		pattern = p ? p : pattern;
		if (!m && !p && (commands_ = option(c, 'c')) == NULL)
			return usage(c, "Syntax error in '%s'", c->p);
	}
	if (!module || !pattern || !commands_)
		return usage(c, "Usage: !for_each_function -m:MODULE -p:PATTERN -c:COMMANDS");
	TRY(sym_each(s, arena_printf(c->a, "%s!%s", module, pattern), collect, &f));
	for (size_t i = 0; i < f.n && script_of(s)->flow == FLOW_ON && !s->dbg->quit; i++)
		if (is_function(s->target, &f.list[i]))
			TRY(one(s, &f.list[i], commands_, out));
	return ok();
}

static const struct schema *const rows[] = { NULL };
const struct cmd cmd_for_each_function = {
	.names = "!for_each_function",
	.group = "Programs",
	.args = "-m:MODULE -p:PATTERN -c:COMMANDS",
	.summary = "Run commands for every function of a module whose name matches",
	.help = "!for_each_function -m:ntdll -p:*Close* -c:.echo @#SymbolName\n"
		"@#SymbolName is \"module!name\", @#FunctionName the name alone; @#ModName, @#SymbolAddress.\n",
	.run = run,
	.rows = rows,
};
