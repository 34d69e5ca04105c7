// SPDX-License-Identifier: Apache-2.0
// dv.c: dv: the variables of the local context.
#include "cmd/cmd.h"
#include "cmd/variable.h"
#include "value/locals.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

extern const struct cmd cmd_dv;

SCHEMA(variable, "A variable of a frame", NULL, "{name} = {value}", { "name", R_STR, "its name" },
       { "type", R_STR, "its type; null: not recorded" },
       { "kind", R_STR, "param, local, static or constant, after what the symbols say" },
       { "value", R_STR, "its value as text; null: not available, see why" },
       { "location", R_STR, "its address, @register, or <unavailable>" },
       { "relative", R_STR, "the address relative to a register; null: it is none" },
       { "address", R_PTR, "where it lies; null: not in memory, or not known" },
       { "size", R_DEC, "bytes; null: not recorded" }, { "why", R_STR, "why there is no value; null: there is one" },
       { "shown", R_STR, "the value in text" });

enum { NAME_WIDTH = 15, LOCATION_WIDTH = 17, WIDEST = 64 };

struct options {
	bool kind, type, place, relative, no_values;
	char sort;
	const char *pattern;
};

static const char *kind_of(const struct local *l)
{
	return l->where == LOCAL_VALUE ? "constant" : l->is_static ? "static" : l->is_param ? "param" : "local";
}

static const char *location(struct call *c, const struct local *l)
{
	bool wide = c->s->target->ptr_bytes == 8;
	if (l->in_memory)
		return wide ? arena_printf(c->a, "%08" PRIx32 "`%08" PRIx32, (uint32_t)(l->va >> 32), (uint32_t)l->va)
			    : arena_printf(c->a, "%08" PRIx32, (uint32_t)l->va);
	if (l->where == LOCAL_REGISTER && l->reg_name)
		return arena_printf(c->a, "@%s", l->reg_name);
	return "<unavailable>";
}

// x86: real output. Four digits on 64-bit: layout unverified.
static const char *relative(struct call *c, const struct local *l)
{
	uint64_t off = l->offset < 0 ? 0 - (uint64_t)l->offset : (uint64_t)l->offset;
	if (l->where != LOCAL_MEMORY || !l->reg_name)
		return NULL;
	return arena_printf(c->a, "@%s%c0x%0*" PRIx64, l->reg_name, l->offset < 0 ? '-' : '+',
			    c->s->target->ptr_bytes == 8 ? 4 : 2, off);
}

static struct layout make_layout(struct call *c, const struct options *o, size_t width)
{
	struct sb text = sb_new(c->a);
	if (o->kind)
		sb_add(&text, "prv {kind:5}  ");
	if (o->place)
		sb_printf(&text, "{location:%d} ", LOCATION_WIDTH);
	if (o->relative)
		sb_add(&text, "{?relative {relative} }{!relative  }");
	if (o->type)
		sb_add(&text, "{?type {type} }{!type <no type> }{name}");
	else
		sb_printf(&text, "{name:-%zu}", width);
	sb_add(&text, o->no_values ? "" : " = {shown}");
	return (struct layout){ NULL, sb_str(&text) };
}

static int compare(const void *a, const void *b)
{
	const struct local *x = a, *y = b;
	return x->va != y->va ? (x->va > y->va) - (x->va < y->va) : strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct local *)a)->name, ((const struct local *)b)->name);
}

static int by_size(const void *a, const void *b)
{
	const struct local *x = a, *y = b;
	uint64_t m = x->has_type ? x->type.size : 0, n = y->has_type ? y->type.size : 0;
	return m != n ? (m > n) - (m < n) : strcmp(x->name, y->name);
}

static void sort(struct locals *l, char how)
{
	char lower = how >= 'A' && how <= 'Z' ? (char)(how + 32) : how;
	if (!how || !l->n)
		return;
	qsort(l->list, l->n, sizeof(*l->list), lower == 'a' ? compare : lower == 'n' ? by_name : by_size);
	for (size_t i = 0; how != lower && i < l->n / 2; i++) {
		struct local t = l->list[i];
		l->list[i] = l->list[l->n - 1 - i];
		l->list[l->n - 1 - i] = t;
	}
}

static err_t emit(struct call *c, struct doc *out, struct locals *l, const struct options *o)
{
	size_t width = NAME_WIDTH, n = 0;
	for (size_t i = 0; i < l->n; i++)
		if (!o->pattern || str_wild(o->pattern, l->list[i].name))
			l->list[n++] = l->list[i];
	l->n = n;
	sort(l, o->sort);
	for (size_t i = 0; i < n; i++)
		width = MAX(width, MIN(strlen(l->list[i].name), (size_t)WIDEST));
	struct layout *layout = NEW(c->a, struct layout);
	*layout = make_layout(c, o, width);
	for (size_t i = 0; i < n; i++) {
		const struct local *v = &l->list[i];
		struct variable_text t = variable_text(c->s, c->a, v);
		TRY(session_poll(c->s));
		ROW_AS(out, variable, layout, VS(v->name), VS(v->has_type ? type_c_text(c->a, &v->type, NULL) : NULL),
		       VS(kind_of(v)), VS(o->no_values || t.why ? NULL : t.text), VS(location(c, v)),
		       VS(relative(c, v)), V_IF(v->in_memory, v->va), V_IF(v->has_type && v->type.size, v->type.size),
		       VS(o->no_values ? NULL : t.why), VS(t.text));
	}
	return ok();
}

// "/t", "-v", "/i /V", "/tv": letters that mean something.
static err_t parse(struct call *c, struct options *o, bool *has_address, uint64_t *address)
{
	for (arg_blanks(c); *c->p == '/' || *c->p == '-'; arg_blanks(c)) {
		for (c->p++; *c->p && !strchr(" \t", *c->p); c->p++) {
			if (*c->p == 'f') {
				c->p++;
				o->relative = o->place = o->no_values = *has_address = true;
				TRY(arg_expr(c, address));
				break;
			}
			o->kind |= *c->p == 'i';
			o->type |= *c->p == 't';
			o->place |= *c->p == 'v' || *c->p == 'V';
			o->relative |= *c->p == 'V';
			if (strchr("aAnNzZ", *c->p))
				o->sort = *c->p;
			else if (!strchr("itvV", *c->p))
				return usage(c, "dv does not know /%c", *c->p);
		}
	}
	if (!arg_end(c))
		o->pattern = arg_word(c);
	return arg_done(c);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct options o = { 0 };
	struct locals l;
	struct frame f;
	bool has_address = false;
	uint64_t address = 0;
	TRY(parse(c, &o, &has_address, &address));
	if (has_address) {
		locals_at(s, c->a, address, &l);
	} else {
		TRY(stack_frame(s, c->a, s->frame, &f));
		locals_of(s, c->a, &f, &l);
		if (f.trust == TRUST_SCAN)
			doc_note(out, NOTE_WARNING, "locals.scan",
				 "The frame was found by a scan of the stack: variables of it may be wrong.");
	}
	if (!l.n && !l.has_symbols)
		return cmd_fail(c, E_ABSENT, 0,
				"Unable to enumerate locals, Win32 error 0n87\n"
				"Private symbols (symbols.pri) are required for locals.\n"
				"Type \".hh dbgerr005\" for details.");
	return emit(c, out, &l, &o);
}

static const struct schema *const rows[] = { &variable, NULL };
const struct cmd cmd_dv = {
	.names = "dv",
	.group = "Threads and stacks",
	.args = "[/itvV] [/aAnNzZ] [/f ADDRESS] [PATTERN]",
	.summary = "Display the variables of the local context",
	.help = "dv            names and values; .frame chooses the frame\n"
		"dv /t         with types\n"
		"dv /v         with addresses or registers; /V: and relative to which register\n"
		"dv /i         with their kind: param, local, static, constant\n"
		"dv /a /n /z   sorted by address, name, size; capital letters: descending\n"
		"dv /f ADDRESS what a function has there, without values\n"
		"dv p*         those that match\n"
		"A register that is not known in a frame, as most are beyond the first one, gives <value "
		"unavailable>.\n",
	.run = run,
	.rows = rows,
};
