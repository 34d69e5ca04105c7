// SPDX-License-Identifier: Apache-2.0
// x.c: x: symbols by pattern.
#include "cmd/cmd.h"

#include <stdlib.h>
#include <string.h>

extern const struct cmd cmd_x;

SCHEMA(symbol, "A symbol that matches", NULL, "{address} {symbol} {what}", { "address", R_PTR, "where it is" },
       { "symbol", R_SYM, "module!name" }, { "what", R_STR, "what is known of its type" },
       { "module", R_STR, "module" }, { "name", R_STR, "name" });
static const struct layout addresses = { NULL, "{address}" }, names = { NULL, "{symbol}" };

enum { SHOW_ADDRESS = 1, SHOW_NAME = 2, ONLY_CODE = 4, ONLY_DATA = 8 };
struct found {
	struct arena *a;
	struct sym_match *list;
	size_t n, cap;
	char sort; // 'a' 'A' by address, 'n' 'N' by name; capitals: descending; 0: as they come
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

static int compare(const void *a, const void *b, void *ctx)
{
	const struct sym_match *x = a, *y = b;
	char sort = *(const char *)ctx;
	int order = sort == 'n' || sort == 'N' ? strcmp(x->name, y->name) : 0;
	if (!order)
		order = (x->va > y->va) - (x->va < y->va);
	return sort == 'A' || sort == 'N' ? -order : order;
}

static err_t parse(struct call *c, struct found *f, unsigned *show)
{
	for (arg_blanks(c); *c->p == '/' || *c->p == '-'; arg_blanks(c)) {
		const char *option = arg_word(c);
		switch (option[1]) {
		case '0':
			*show |= SHOW_ADDRESS;
			break;
		case '1':
		case '2':
			*show |= SHOW_NAME;
			break;
		case 'f':
			*show |= ONLY_CODE;
			break;
		case 'd':
			*show |= ONLY_DATA;
			break;
		case 'a':
		case 'A':
		case 'n':
		case 'N':
			f->sort = option[1];
			break;
		case 'D':
		case 'v':
		case 'q':
		case 'p':
		case 't':
		case 'z':
		case 'Z':
			break; // need types, or links
		case 's':
			(void)arg_word(c);
			break;
		default:
			return usage(c, "Syntax error in 'x %s'", option);
		}
		if (option[1] && option[2])
			return usage(c, "Syntax error in 'x %s'", option);
	}
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct found f = { .a = c->a };
	unsigned show = 0;
	TRY(parse(c, &f, &show));
	const char *pattern = arg_rest(c);
	if (!*pattern)
		return usage(c, "Usage: x [options] MODULE!PATTERN");
	TRY(sym_each(s, pattern, collect, &f));
	if (f.sort)
		qsort_r(f.list, f.n, sizeof(*f.list), compare, &f.sort);
	bool shown = false;
	for (size_t i = 0; i < f.n; i++) {
		const struct sym_match *m = &f.list[i];
		TRY(session_poll(s));
		bool code = target_is_code(s->target, m->va);
		if ((code && (show & ONLY_DATA)) || (!code && (show & ONLY_CODE)))
			continue;
		shown = true;
		ROW_AS(out, symbol,
		       show & SHOW_ADDRESS ? &addresses
		       : show & SHOW_NAME  ? &names
					   : NULL,
		       V(m->va), VS(arena_printf(c->a, "%s!%s", m->module->name, m->name)),
		       VS(code ? "(<no parameter info>)" : "= <no type information>"), VS(m->module->name),
		       VS(m->name));
	}
	if (!shown)
		return cmd_fail(c, E_NOTFOUND, 0, "Couldn't resolve 'x %s'", pattern);
	return ok();
}

static const struct schema *const rows[] = { &symbol, NULL };
const struct cmd cmd_x = {
	.names = "x",
	.group = "Modules and symbols",
	.args = "[/0 /1 /a /n /f /d] MODULE!PATTERN",
	.summary = "List symbols by pattern",
	.help = "x ntdll!Nt*Close*   names that match\nx /0 ...   addresses only\nx /1 ...   names only\n"
		"x /a, /n   sorted by address, by name (capitals: downwards)\nx /f, /d   functions, data only\n",
	.run = run,
	.rows = rows,
};
