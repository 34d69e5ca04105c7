// SPDX-License-Identifier: Apache-2.0
// dt.c: dt: types, and objects of them. Here: its arguments.
#include "cmd/dt.h"

#include <stdlib.h>
#include <string.h>

extern const struct cmd cmd_dt;

// What a switch says of the word that follows it.
struct pending {
	bool name, prefix, array;
};

// A word: up to a blank outside brackets of any kind, quotes and parentheses around it removed.
static const char *word(struct call *c)
{
	arg_blanks(c);
	const char *start = c->p;
	unsigned angle = 0, round = 0;
	for (; *c->p; c->p++) {
		char ch = *c->p;
		if ((ch == ' ' || ch == '\t') && !angle && !round)
			break;
		angle += ch == '<';
		angle -= ch == '>' && angle;
		round += ch == '(';
		round -= ch == ')' && round;
	}
	return arena_strndup(c->a, start, (size_t)(c->p - start));
}

static bool is_hex(const char *s)
{
	size_t n = strspn(s, "0123456789abcdefABCDEF`");
	return n && !s[n];
}

// Names are letters and underscores; everything that begins otherwise, or looks like a number, is an address.
static bool is_address(const char *w)
{
	if (strchr("0123456789@$&+", *w) || is_hex(w) || str_starts(w, "poi(") || str_starts(w, "by("))
		return true;
	return *w == '(' && is_address(w + 1);
}

static err_t evaluate(struct call *c, const char *text, va_t *ret)
{
	struct expr_scope scope = cmd_scope(c->s);
	const char *rest;
	TRY(expr_default(&scope, c->a, *text == '&' ? text + 1 : text, ret, &rest));
	return *rest ? usage(c, "Extra character error in '%s'", rest) : ok();
}

static err_t number_of(struct call *c, const char *what, uint64_t *ret)
{
	const char *w = word(c);
	if (!*w)
		return usage(c, "dt %s needs a value", what);
	return evaluate(c, w, ret);
}

// "-yoi", "-ca10", "-r2"
static err_t switches(struct dt *d, const char *w, struct pending *p)
{
	struct dt_options *o = &d->o;
	for (const char *at = w + 1; *at;) {
		char letter = *at++;
		char *end = (char *)at;
		unsigned long n = *at >= '0' && *at <= '9' ? strtoul(at, &end, 10) : 0;
		if (end != at && letter != 'r' && letter != 'a')
			return usage(d->c, "Syntax error in 'dt %s'", w);
		at = end;
		switch (letter) {
		case 'r':
			o->depth = n ? (unsigned)MIN(n, 9ul) : LIMIT_DT_DEPTH;
			break;
		case 'a':
			p->array = true;
			o->array_count = n;
			break;
		case 'b':
			o->blocks = true;
			break;
		case 'v':
		case 'd':
			o->verbose = true;
			break;
		case 'o':
			o->no_offset = true;
			break;
		case 'i':
			o->no_indent = true;
			break;
		case 'c':
			o->compact = true;
			break;
		case 'e':
		case 't':
			o->enumerate = true;
			break;
		case 's':
			o->enumerate = o->sized = true;
			TRY(number_of(d->c, "-s", &o->size));
			break;
		case 'n':
			p->name = true;
			break;
		case 'y':
			p->name = p->prefix = true;
			break;
		case 'l':
			o->link = word(d->c);
			if (!*o->link)
				return usage(d->c, "dt -l needs the field that links the list");
			break;
		case 'p':
			return cmd_fail(d->c, E_UNSUPPORTED, 0, "not supported: physical addresses (dt -p)");
		default:
			return usage(d->c, "Syntax error in 'dt %s'", w);
		}
	}
	return ok();
}

static err_t add_spec(struct dt *d, const char *text, const struct pending *p)
{
	if (d->o.n_specs == LIMIT_DT_SPECS)
		return usage(d->c, "dt shows at most %d fields", LIMIT_DT_SPECS);
	struct dt_spec *s = &d->o.specs[d->o.n_specs++];
	s->array = p->array;
	d->o.name_width = MAX(d->o.n_specs == 1 ? 0 : d->o.name_width, (unsigned)strlen(text));
	for (const char *at = text;;) {
		if (s->n == LIMIT_DT_PARTS)
			return usage(d->c, "dt shows at most %d levels of fields", LIMIT_DT_PARTS);
		size_t n = strcspn(at, ".[");
		s->parts[s->n] = arena_strndup(d->c->a, at, n);
		at += n;
		if (*at == '[') {
			char *end;
			s->index[s->n] = strtoull(at + 1, &end, 10);
			s->indexed[s->n] = true;
			if (end == at + 1 || *end != ']')
				return usage(d->c, "Syntax error in '%s'", text);
			at = end + 1;
		}
		s->prefix[s->n] = *at == '.' || p->prefix;
		s->n++;
		if (!*at)
			return ok();
		if (*at != '.')
			return usage(d->c, "Syntax error in '%s'", text);
		at++;
	}
}

static err_t parse(struct dt *d)
{
	struct pending p = { 0 };
	d->o.name_width = 16;
	while (!arg_end(d->c)) {
		const char *w = word(d->c);
		if ((*w == '-' || *w == '/') && w[1]) {
			TRY(switches(d, w, &p));
			continue;
		}
		if (!p.name && (is_address(w) || (d->o.name && strchr(w, '!')))) {
			TRY(evaluate(d->c, w, &d->o.addr));
			d->o.has_addr = true;
		} else if (!d->o.name) {
			size_t n = strlen(w);
			d->o.name = *w == '(' && w[n - 1] == ')' ? arena_strndup(d->c->a, w + 1, n - 2) : w;
			d->o.prefix = p.prefix;
			d->o.array |= p.array;
		} else {
			TRY(add_spec(d, w, &p));
		}
		p = (struct pending){ 0 };
	}
	return ok();
}

// The word behind a type that has no such fields is the name of an address.
static void address_by_name(struct dt *d, const struct type *t)
{
	va_t va;
	struct type_member m;
	if (d->o.has_addr || d->o.n_specs != 1 || d->o.specs[0].n != 1 ||
	    type_member_named(t, d->o.specs[0].parts[0], &m))
		return;
	if (sym_find(d->s->target, d->o.specs[0].parts[0], &va).code)
		return;
	d->o.has_addr = true;
	d->o.addr = va;
	d->o.n_specs = 0;
	d->o.name_width = 16;
}

static err_t show_subject(struct dt *d, const struct dt_subject *sub, bool named)
{
	d->env.symbols = sub->symbols;
	d->module = sub->module;
	if (sub->kind == DT_TYPE)
		address_by_name(d, &sub->type);
	dt_show_header(d, sub, named);
	struct value v = d->o.has_addr              ? value_at(&sub->type, d->o.addr)
			 : sub->kind == DT_VARIABLE ? value_at(&sub->type, sub->va)
						    : value_none(&sub->type);
	if (d->o.array && v.type.kind != TYPE_ARRAY && v.where == VALUE_MEMORY && v.type.id) {
		uint64_t n = d->o.array_count ? d->o.array_count : 1, size;
		if (!mul_ok(n, v.type.size, &size))
			return usage(d->c, "Range error in '-a'");
		v.type = (struct type){
			.source = v.type.source, .kind = TYPE_ARRAY, .target = v.type.id, .count = n, .size = size
		};
	}
	if (d->o.link && v.where == VALUE_NONE)
		return usage(d->c, "dt -l needs an address");
	TRY(d->o.link ? dt_walk(d, &v) : dt_show(d, &v));
	dt_read_error(d);
	return ok();
}

static err_t show_local(struct dt *d, const struct dt_subject *sub)
{
	const struct local *l = sub->local;
	d->env.symbols = sub->symbols;
	dt_show_local(d, l);
	if (!l->in_memory && !l->bytes.p) {
		doc_note(d->out, NOTE_INFO, "local.unavailable", "%s", l->why ? l->why : "Its value is not available.");
		return ok();
	}
	struct value v = l->in_memory ? value_at(&l->type, l->va) : value_of(&l->type, l->bytes);
	TRY(dt_show(d, &v));
	dt_read_error(d);
	return ok();
}

static err_t by_name(struct dt *d)
{
	struct dt_subject sub;
	const char *name = d->o.name;
	if (str_eq(name, ".")) {
		if (!d->s->last_type)
			return usage(d->c, "dt . repeats the last name, and there is none yet");
		name = d->s->last_type;
		doc_note(d->out, NOTE_INFO, "type.repeated", "Using sym %s", name);
	}
	if (d->o.prefix || strpbrk(name, "*?")) {
		size_t n = 0;
		const char *first = NULL;
		const char *pattern = d->o.prefix ? arena_printf(d->c->a, "%s*", name) : name;
		if (d->o.sized && d->o.verbose)
			doc_note(d->out, NOTE_INFO, "type.enumerating",
				 "Enumerating symbols matching %s, Size = 0x%llx\nAddress   Size Symbol", pattern,
				 (unsigned long long)d->o.size);
		TRY(dt_list_matches(d, pattern, &n, &first));
		if (!n)
			return cmd_fail(d->c, E_NOTFOUND, 0, "Symbol %s not found.", name);
		if (!d->o.prefix)
			return ok();
		name = first;
	}
	if (dt_find_local(d, name, &sub))
		return show_local(d, &sub);
	TRY(dt_find(d, name, &sub));
	d->s->last_type = arena_printf(d->s->arena, "%s", name);
	return show_subject(d, &sub, !strchr(name, '!'));
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct dt *d = NEW(c->a, struct dt);
	*d = (struct dt){ .s = s, .c = c, .out = out };
	d->env = (struct value_env){ .a = c->a, .space = s->target->space, .target = s->target };
	TRY(parse(d));
	if (d->o.name)
		return by_name(d);
	if (!d->o.has_addr)
		return usage(c, "Usage: dt [options] [module!]NAME [fields] [address]");
	struct dt_subject sub;
	TRY(dt_find_at(d, d->o.addr, &sub));
	return show_subject(d, &sub, true);
}

const struct cmd cmd_dt = {
	.names = "dt",
	.group = "Types and objects",
	.args = "[-r[N] -b -v -a[N] -o -i -l LINK -y -n -s SIZE] [MODULE!]NAME [FIELDS] [ADDRESS]",
	.summary = "Display types, and objects of them",
	.help = "dt ntdll!_PEB              the members of a type\n"
		"dt ntdll!_PEB @$peb        an object of it\n"
		"dt _PEB @$peb Ldr Ldr.     some fields; a period behind one shows what is in it\n"
		"dt mod!g_variable          a variable; dt ADDRESS too\n"
		"dt ntdll!*peb*             names of types and variables\n"
		"-r[N] follow structs and pointers, -b structs only, -v with sizes, -a[N] arrays by element,\n"
		"-l F.Flink a linked list, -o without offsets, -i without indents, -y beginnings of names,\n"
		"-n the next word is a name, -e -t types only, -s SIZE names of types of a size\n",
	.run = run,
	.rows = dt_rows,
};
