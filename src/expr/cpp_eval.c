// SPDX-License-Identifier: Apache-2.0
// cpp_eval.c: C++ expressions: binary operators by precedence, ?:, assignment, comma. Evaluated while they are read;
// what
// && || ?: skip is read, but not evaluated.
#include "base/limits.h"
#include "expr/cpp_primary.h"

#include <string.h>

struct bin_op {
	const char *text;
	unsigned rank; // 1 binds least
};
// Longest first where one is the beginning of another.
static const struct bin_op bin_ops[] = {
	{ "||", 1 }, { "&&", 2 }, { "|", 3 },  { "^", 4 },  { "&", 5 },  { "==", 6 },
	{ "!=", 6 }, { "<<", 8 }, { ">>", 8 }, { "<=", 7 }, { ">=", 7 }, { "<", 7 },
	{ ">", 7 },  { "+", 9 },  { "-", 9 },  { "*", 10 }, { "/", 10 }, { "%", 10 },
};
static const char *const assignments[] = { "<<=", ">>=", "*=", "/=", "%=", "+=", "-=", "&=", "|=", "^=", "=" };

static const char *assignment_op(const char *p)
{
	for (size_t i = 0; i < ARRAY_LEN(assignments); i++)
		if (str_starts(p, assignments[i]) && !(i == ARRAY_LEN(assignments) - 1 && p[1] == '='))
			return assignments[i];
	return NULL;
}

static const struct bin_op *bin_op(const char *p)
{
	if (assignment_op(p))
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(bin_ops); i++)
		if (str_starts(p, bin_ops[i].text))
			return &bin_ops[i];
	return NULL;
}

static err_t truth_of(struct cpp *x, const struct cpp_value *v, bool *ret)
{
	struct cpp_value at;
	struct cpp_num n;
	uint64_t u = 0;
	bool is_pointer;
	TRY(cpp_decay(x, v, &at, &is_pointer));
	if (is_pointer) {
		(void)value_uint(x->s->env, &at.v, &u);
		*ret = u != 0;
		return ok();
	}
	TRY(cpp_load(x, &at, &n));
	*ret = cpp_true(n);
	return ok();
}

static err_t binary(struct cpp *x, unsigned min_rank, struct cpp_value *ret);

// && and ||: the right side counts only when the left one does not settle it.
static err_t logical(struct cpp *x, const struct bin_op *op, const struct cpp_value *left, struct cpp_value *ret)
{
	struct cpp_value right;
	bool is_and = op->text[0] == '&', l, r;
	TRY(truth_of(x, left, &l));
	bool settled = l != is_and;
	x->dead += settled;
	err_t e = binary(x, op->rank + 1, &right);
	if (!e.code)
		e = truth_of(x, &right, &r);
	x->dead -= settled;
	TRY(e);
	*ret = cpp_number(x->s->types, x->a, CPP_BOOL, settled ? l : r);
	return ok();
}

static err_t binary(struct cpp *x, unsigned min_rank, struct cpp_value *ret)
{
	struct cpp_value left, right;
	TRY(cpp_operand(x, &left));
	for (;;) {
		cpp_blanks(x);
		const char *where = x->p;
		const struct bin_op *op = bin_op(where);
		if (!op || op->rank < min_rank)
			break;
		(void)cpp_take(x, op->text);
		if (op->rank <= 2) {
			TRY(logical(x, op, &left, &left));
			continue;
		}
		TRY(binary(x, op->rank + 1, &right));
		TRY(cpp_binary(x, op->text, where, &left, &right, &left));
	}
	*ret = left;
	return ok();
}

// Both sides of ?: become one type when they are numbers.
static err_t joined(struct cpp *x, const struct cpp_value *chosen, const struct cpp_value *other, struct cpp_value *ret)
{
	struct cpp_value zero, sum;
	enum cpp_base a, b;
	*ret = *chosen;
	bool numbers = cpp_base_of(&chosen->v.type, &a) && cpp_base_of(&other->v.type, &b);
	if (!numbers || (chosen->v.type.source == other->v.type.source && chosen->v.type.id == other->v.type.id))
		return ok();
	x->dead++; // the type of a sum is the common one
	err_t e = cpp_binary(x, "+", x->last, chosen, other, &sum);
	x->dead--;
	TRY(e);
	zero = *chosen;
	return cpp_cast(x, x->last, &sum.v.type, &zero, ret);
}

static err_t conditional(struct cpp *x, struct cpp_value *ret)
{
	struct cpp_value v, yes, no;
	bool b;
	TRY(binary(x, 0, &v));
	cpp_blanks(x);
	if (*x->p != '?') {
		*ret = v;
		return ok();
	}
	TRY(truth_of(x, &v, &b));
	(void)cpp_take(x, "?");
	if (x->depth >= LIMIT_EXPR_DEPTH)
		return fail(E_LIMIT, "expression nested too deeply", (uint64_t)(x->p - x->text));
	x->depth++;
	x->dead += !b;
	err_t e = cpp_comma(x, &yes);
	x->dead -= !b;
	TRY(e);
	TRY(cpp_expect(x, ':'));
	x->dead += b;
	e = cpp_assignment(x, &no);
	x->dead -= b;
	x->depth--;
	TRY(e);
	return joined(x, b ? &yes : &no, b ? &no : &yes, ret);
}

static err_t assign(struct cpp *x, const char *where, const struct cpp_value *to, const struct cpp_value *v,
		    struct cpp_value *ret)
{
	uint64_t u = 0;
	if (!to->pseudo)
		return fail(
			E_UNSUPPORTED,
			arena_printf(x->a, "not supported: a dump is only read, $t0 to $t19 take values: '%s'", where),
			(uint64_t)(where - x->text));
	TRY(cpp_cast(x, where, &to->v.type, v, ret));
	(void)value_uint(x->s->env, &ret->v, &u);
	if (!x->dead)
		x->s->assign(x->s->ctx, to->pseudo - 1, u);
	ret->pseudo = to->pseudo;
	return ok();
}

err_t cpp_step(struct cpp *x, const char *where, const struct cpp_value *v, bool down, struct cpp_value *ret)
{
	struct cpp_value one = cpp_number(x->s->types, x->a, CPP_INT, 1), sum;
	TRY(cpp_binary(x, down ? "-" : "+", where, v, &one, &sum));
	return assign(x, where, v, &sum, ret);
}

err_t cpp_assignment(struct cpp *x, struct cpp_value *ret)
{
	struct cpp_value left, right;
	TRY(conditional(x, &left));
	cpp_blanks(x);
	const char *where = x->p, *op = assignment_op(where);
	if (!op) {
		*ret = left;
		return ok();
	}
	(void)cpp_take(x, op);
	if (x->depth >= LIMIT_EXPR_DEPTH)
		return fail(E_LIMIT, "expression nested too deeply", (uint64_t)(x->p - x->text));
	x->depth++;
	TRY(cpp_assignment(x, &right));
	x->depth--;
	if (op[1]) {
		const char *plain = arena_strndup(x->a, op, strlen(op) - 1);
		TRY(cpp_binary(x, plain, where, &left, &right, &right));
	}
	return assign(x, where, &left, &right, ret);
}

err_t cpp_comma(struct cpp *x, struct cpp_value *ret)
{
	TRY(cpp_assignment(x, ret));
	while (cpp_take(x, ","))
		TRY(cpp_assignment(x, ret));
	return ok();
}

err_t cpp_eval(const struct cpp_scope *s, const char *text, struct cpp_value *ret, const char **rest)
{
	struct cpp x = { .s = s, .a = s->env->a, .text = text, .p = text, .last = text, .depth = s->depth };
	struct cpp_value v = { 0 };
	if (s->is_argument)
		TRY(cpp_assignment(&x, &v));
	else
		TRY(cpp_comma(&x, &v));
	cpp_blanks(&x);
	*ret = v;
	*rest = x.p;
	return ok();
}
