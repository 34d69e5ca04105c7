// SPDX-License-Identifier: Apache-2.0
// x.c: x: symbols by pattern, with what is known of their types. Layouts: debuggercmds/x--examine-symbols-.md.
#include "cmd/symbols.h"
#include "cmd/variable.h"

#include <stdlib.h>
#include <string.h>

extern const struct cmd cmd_x;

SCHEMA(symbol, "A symbol that matches", NULL, "{address:-18}{symbol}{?what  {what}}",
       { "address", R_PTR, "where it is" }, { "symbol", R_SYM, "module!name" },
       { "what", R_STR, "its parameters, its type or its value; of a public function its decorated name" },
       { "module", R_STR, "module" }, { "name", R_STR, "name" },
       { "origin", R_STR, "prv: private symbols, pub: a public name, exp: an export" },
       { "kind", R_STR, "func, global" }, { "size", R_HEX, "bytes; 0: not recorded" },
       { "type", R_STR, "its type; null: not recorded" },
       { "decorated", R_STR, "the public name; null: none, or not decorated" });
static const struct layout addresses = { NULL, "{address}" }, names = { NULL, "{symbol}" },
			   both = { NULL, "{address:-18}{symbol}" },
			   verbose = { NULL, "{origin:3} {kind:6} {address} {size:_4} {symbol}{?what  {what}}" };

struct row {
	struct sym_match match;
	struct sym_about about;
	bool code;
};
struct look {
	struct arena *a;
	struct row *list;
	size_t n, cap;
	char sort;           // 'a' by address, 'n' by name, 'z' by size; capitals: descending; 0: as they come
	char only;           // 'f' functions, 'd' data
	unsigned short_form; // 0 address, 1 name, 2 both; else 3
	bool verbose, types, quoted, glued;
	bool has_size;
	uint64_t size;
};

static bool collect(void *ctx, const struct sym_match *m)
{
	struct look *f = ctx;
	if (f->n == f->cap) {
		f->cap = MAX(f->cap * 2, (size_t)64);
		struct row *bigger = NEW_N(f->a, struct row, f->cap);
		if (f->n)
			memcpy(bigger, f->list, f->n * sizeof(*bigger));
		f->list = bigger;
	}
	f->list[f->n++] = (struct row){ .match = *m };
	return true;
}

static int compare(const void *a, const void *b, void *ctx)
{
	const struct row *x = a, *y = b;
	char sort = *(const char *)ctx, by = sort | 0x20;
	int order = by == 'n'   ? strcmp(x->match.name, y->match.name)
		    : by == 'z' ? (x->about.size > y->about.size) - (x->about.size < y->about.size)
				: 0;
	if (!order)
		order = (x->match.va > y->match.va) - (x->match.va < y->match.va);
	return sort != by ? -order : order;
}

static err_t parse(struct call *c, struct look *f)
{
	f->short_form = 3;
	for (arg_blanks(c); *c->p == '/' || *c->p == '-'; arg_blanks(c)) {
		const char *option = arg_word(c);
		char o = option[1];
		if (!o || option[2])
			return usage(c, "Syntax error in 'x %s'", option);
		if (o >= '0' && o <= '2')
			f->short_form = (unsigned)(o - '0');
		else if (strchr("aAnNzZ", o))
			f->sort = o;
		else if (o == 'f' || o == 'd')
			f->only = o;
		else if (o == 'v')
			f->verbose = true;
		else if (o == 't')
			f->types = true;
		else if (o == 'q')
			f->quoted = true;
		else if (o == 'p')
			f->glued = true;
		else if (o == 's') {
			TRY(arg_expr(c, &f->size));
			f->has_size = true;
		} else if (o != 'D') // links
			return usage(c, "Syntax error in 'x %s'", option);
	}
	if (f->has_size && !f->size)
		return usage(c, "x /s wants a size that is not 0");
	return ok();
}

static void learn(struct target *t, struct row *r)
{
	const struct sym_match *m = &r->match;
	struct symbols *sy = m->module->symbols;
	uint64_t rva = m->va - m->module->base;
	if (sy->provider->about && rva <= UINT32_MAX && sy->provider->about(sy, (uint32_t)rva, m->name, &r->about))
		r->code = r->about.is_function;
	else
		r->code = target_is_code(t, m->va);
}

static bool type_of(const struct row *r, struct type *ret)
{
	struct symbols *sy = r->match.module->symbols;
	struct type_source *types = sy->provider->types ? sy->provider->types(sy) : NULL;
	return types && r->about.type && type_get(types, r->about.type, ret) && ret->kind != TYPE_NONE;
}

// As dv writes it.
static const char *shown_value(struct session *s, struct call *c, const struct row *r, const struct type *t)
{
	const struct value v = value_at(t, r->match.va);
	struct variable_text text = typed_text(s, c->a, &v);
	return arena_printf(c->a, "= %s", text.why ? "????" : text.text);
}

static const char *what(struct session *s, struct call *c, const struct row *r, const struct type *t, bool typed)
{
	const char *decorated = r->about.decorated ? r->about.decorated : r->match.name;
	if (!r->code)
		return typed ? shown_value(s, c, r, t) : "= <no type information>";
	if (typed && t->kind == TYPE_FUNCTION)
		return type_params_text(c->a, t);
	bool is_public = sym_module_state(r->match.module) >= SYM_PUBLIC && !r->about.is_private;
	return is_public ? arena_printf(c->a, "(%s)", decorated) : "(<no parameter info>)";
}

static void emit(struct session *s, struct call *c, struct doc *out, const struct look *f, const struct row *r)
{
	struct type t;
	const struct sym_match *m = &r->match;
	bool typed = type_of(r, &t);
	const char *type = typed && t.kind != TYPE_FUNCTION ? type_c_text(c->a, &t, NULL) : NULL;
	const char *name = arena_printf(c->a, f->quoted ? "@!\"%s!%s\"" : "%s!%s", m->module->name, m->name);
	const char *text = what(s, c, r, &t, typed);
	if (f->glued && *text == '(') {
		name = arena_printf(c->a, "%s%s", name, text);
		text = NULL;
	}
	if (f->types)
		name = arena_printf(c->a, "%s %s", type ? type : r->code ? "<function>" : "<NoType>", name);
	const char *origin = r->about.is_private ? "prv" : sym_module_state(m->module) == SYM_EXPORT ? "exp" : "pub";
	const struct layout *const forms[] = { &addresses, &names, &both, f->verbose ? &verbose : NULL };
	ROW_AS(out, symbol, forms[f->short_form], V(m->va), VS(name), VS(text), VS(m->module->name), VS(m->name),
	       VS(origin), VS(r->code ? "func" : "global"), V(r->about.size), VS(type), VS(r->about.decorated));
}

// `x *`: the variables of the frame.
static err_t locals(struct session *s, struct doc *out)
{
	cmd_nested(s, "dv", out);
	return ok();
}

// Modules that the pattern names, and why some of them have nothing to look through.
static size_t named_modules(struct session *s, struct call *c, struct doc *out, const char *pattern)
{
	struct target *t = s->target;
	const char *bang = strchr(pattern, '!');
	const char *mod = bang ? arena_strndup(c->a, pattern, (size_t)(bang - pattern)) : "*";
	bool wild = strpbrk(mod, "*?[#+") != NULL;
	size_t n = 0;
	for (size_t i = 0; i < t->n_modules; i++) {
		const struct module *m = t->modules[i];
		if (!str_wild(mod, m->name))
			continue;
		n++;
		if (!wild && sym_module_state(m) == SYM_NONE)
			doc_note(out, NOTE_WARNING, "symbols.none",
				 "*** ERROR: Module load completed but symbols could not be loaded for %s",
				 m->image_name);
	}
	return n;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct look f = { .a = c->a };
	TRY(parse(c, &f));
	const char *pattern = arg_rest(c);
	if (!*pattern)
		return usage(c, "Usage: x [options] MODULE!PATTERN");
	if (str_eq(pattern, "*"))
		return locals(s, out);
	TRY(sym_each(s, pattern, collect, &f));
	for (size_t i = 0; i < f.n; i++) {
		TRY(session_poll(s));
		learn(s->target, &f.list[i]);
	}
	if (f.sort)
		qsort_r(f.list, f.n, sizeof(*f.list), compare, &f.sort);
	for (size_t i = 0; i < f.n; i++) {
		const struct row *r = &f.list[i];
		TRY(session_poll(s));
		// "Symbols whose size cannot be determined are always displayed."
		if ((f.only == 'd' && r->code) || (f.only == 'f' && !r->code) ||
		    (f.has_size && r->about.size && r->about.size != f.size))
			continue;
		emit(s, c, out, &f, r);
	}
	if (!named_modules(s, c, out, pattern))
		return cmd_fail(c, E_NOTFOUND, 0, "Couldn't resolve error at '%s'", pattern);
	return ok();
}

static const struct schema *const rows[] = { &symbol, NULL };
const struct cmd cmd_x = {
	.names = "x",
	.group = "Modules and symbols",
	.args = "[/0 /1 /2] [/v /t /q /p] [/s SIZE] [/f | /d] [/a /A /n /N /z /Z] MODULE!PATTERN",
	.summary = "List symbols by pattern",
	.help = "x ntdll!Nt*Close*   names that match\nx /0, /1, /2 ...   addresses only, names only, both\n"
		"x /v ...   origin, kind and size, too\nx /t ...   the type before the name\n"
		"x /a, /n, /z   sorted by address, by name, by size (capitals: downwards)\n"
		"x /f, /d   functions, data only\nx /s 28   of this size only, or of unknown size\n"
		"x *        local variables\n",
	.run = run,
	.rows = rows,
};
