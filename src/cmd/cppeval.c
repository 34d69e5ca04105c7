// SPDX-License-Identifier: Apache-2.0
// cppeval.c: ??: the value of a C++ expression, with its type. Structs, and what pointers to them point at, follow as
// dt shows them. Text: recorded output of cdb; where a comment says so, there is none.
#include "cmd/cpp.h"
#include "cmd/dt.h"
#include "cmd/variable.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_cppeval;

static const struct field row_cpp_result_fields[] = {
	{ "type", R_STR, "its type, in the spelling of C" },
	{ "value", R_HEX, "of a number or pointer, cut to its size; null: it is neither" },
	{ "address", R_PTR, "where it lies; null: in no memory" },
	{ "size", R_DEC, "bytes" },
	{ "shown", R_STR, "the value in text; null: a struct, whose members follow" },
};
const struct schema row_cpp_result = { .name = "cpp_result",
				       .doc = "The value of a C++ expression",
				       .layout = { NULL, "{type}{?shown  {shown}}" },
				       .fields = row_cpp_result_fields,
				       .n_fields = ARRAY_LEN(row_cpp_result_fields) };

static bool is_text(const struct type *t)
{
	return (t->kind == TYPE_CHAR || t->kind == TYPE_INT || t->kind == TYPE_UINT) && t->size == 1
		       ? true
		       : t->kind == TYPE_CHAR;
}

static const char *with_text(struct value_env *e, const char *number, va_t va, const struct type *t, uint64_t max)
{
	return arena_printf(e->a, "%s\n %s", number, value_quoted(e, va, (unsigned)t->size, max, false));
}

// A float has ten digits in recorded output; of doubles none is known: the fewest that read back as the same number.
static const char *float_text(struct value_env *e, const struct value *v)
{
	double x;
	if (v->type.size != 4 || !value_double(e, v, &x))
		return value_text(e, v, VALUE_BARE);
	return arena_printf(e->a, "%.10g", x);
}

static const char *shown_of(struct session *s, struct value_env *e, const struct value *v)
{
	struct type to;
	uint64_t u = 0;
	const struct type *t = &v->type;
	unsigned ptr = s->target->ptr_bytes;
	if (type_is_udt(t))
		return NULL;
	if (t->kind == TYPE_POINTER && value_is_scalar(t)) {
		if (!value_uint(e, v, &u))
			return NULL;
		const char *number = value_pointer_number(e->a, ptr, u);
		bool text = u && t->pointer != POINTER_TO_DATA && type_target(t, &to) && is_text(&to);
		struct value_env probe = *e; // what it points at is no part of the value
		return text ? with_text(&probe, number, u, &to, LIMIT_VALUE_TEXT) : number;
	}
	if (t->kind == TYPE_ARRAY && v->where == VALUE_MEMORY) { // layout unverified
		const char *number = value_pointer_number(e->a, ptr, v->va);
		return type_target(t, &to) && is_text(&to) ? with_text(e, number, v->va, &to, t->count) : number;
	}
	if (t->kind == TYPE_FUNCTION) // layout unverified
		return value_pointer_number(e->a, ptr, v->va);
	if (t->kind == TYPE_FLOAT)
		return float_text(e, v);
	if (t->kind == TYPE_BITFIELD) // layout unverified
		return value_text(e, v, VALUE_BARE);
	struct variable_text text = typed_text(s, e->a, v);
	e->unreadable |= text.why != NULL;
	return text.text;
}

static err_t members(struct call *c, struct doc *out, const struct cpp_run *r, const struct value *v)
{
	struct value at = *v;
	struct type to;
	uint64_t u;
	struct value_env e = r->env;
	if (v->type.kind == TYPE_POINTER) {
		if (!value_is_scalar(&v->type) || !type_target(&v->type, &to) || !value_uint(&e, v, &u) || !u)
			return ok();
		at = value_at(&to, u);
	}
	if (!type_is_udt(&at.type))
		return ok();
	struct dt *d = NEW(c->a, struct dt);
	*d = (struct dt){ .s = c->s, .c = c, .out = out, .env = r->env };
	d->env.symbols = r->symbols;
	d->o.name_width = 16;
	TRY(dt_show(d, &at));
	dt_read_error(d);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct cpp_run *r = NEW(c->a, struct cpp_run);
	struct cpp_value v;
	cpp_begin(s, c->a, r);
	if (arg_end(c))
		return usage(c, "Usage: ?? EXPRESSION");
	TRY(cpp_eval(&r->scope, c->p, &v, &c->p));
	TRY(arg_done(c));
	struct value_env e = r->env;
	uint64_t number = 0;
	const char *shown = shown_of(s, &e, &v.v);
	if (e.unreadable)
		return cmd_fail(c, E_ABSENT, e.unreadable_at, "Memory access error at '<EOL>'");
	bool scalar = value_is_scalar(&v.v.type) && value_uint(&e, &v.v, &number);
	uint64_t as_number;
	if (!type_is_udt(&v.v.type) && !cpp_as_number(&r->scope, c->p, &v, &as_number).code)
		s->dbg->last_expr = as_number;
	ROW(out, row_cpp_result, VS(type_c_text(c->a, &v.v.type, NULL)), V_IF(scalar, number),
	    V_IF(v.v.where == VALUE_MEMORY, v.v.va), V(v.v.type.size), VS(shown));
	return members(c, out, r, &v.v);
}

const struct cmd cmd_cppeval = {
	.names = "??",
	.any_tail = true,
	.group = "Expressions and the prompt",
	.args = "EXPRESSION",
	.summary = "Evaluate a C++ expression and show its type",
	.help = "?? @$peb->ProcessParameters    members; structs are shown as dt does\n"
		"?? ((nt!_EPROCESS*)0x8abc)->ImageFileName[0]\n"
		"?? sizeof(_TEB), #FIELD_OFFSET(_PEB, Ldr), @$t0 + 4*@$t1\n"
		"Numbers are decimal unless they begin with 0x; registers need the @; @@masm( ) holds MASM.\n"
		"A dump is only read: of what can be assigned to, $t0 to $t19 remain.\n",
	.run = run,
	.rows = cpp_rows,
};
