// SPDX-License-Identifier: Apache-2.0
// cpp_number.c: arithmetic by the rules of C: integral promotion, the usual conversions, widths of Windows (int and
// long have 32 bits). Where C leaves a case open: shift counts are taken modulo the width, the most negative number
// divided by -1 is itself, and a floating-point number beyond an integer becomes the nearest one.
#include "expr/cpp_parts.h"

#include <math.h>
#include <string.h>

bool cpp_base_signed(enum cpp_base b)
{
	return b == CPP_INT || b == CPP_LONG || b == CPP_INT64;
}

static bool is_float(enum cpp_base b)
{
	return b == CPP_FLOAT || b == CPP_DOUBLE;
}

static unsigned width(enum cpp_base b)
{
	return b == CPP_INT64 || b == CPP_UINT64 ? 64 : 32;
}

static uint64_t cut(uint64_t u, enum cpp_base b)
{
	if (width(b) == 64)
		return u;
	return cpp_base_signed(b) ? (uint64_t)(int64_t)(int32_t)(uint32_t)u : (uint32_t)u;
}

static uint64_t from_double(double d, bool is_signed)
{
	if (isnan(d))
		return 0;
	if (is_signed || d < 0)
		return d >= 0x1p63 ? INT64_MAX : d <= -0x1p63 ? (uint64_t)INT64_MIN : (uint64_t)(int64_t)d;
	return d >= 0x1p64 ? UINT64_MAX : (uint64_t)d;
}

struct cpp_num cpp_convert(struct cpp_num n, enum cpp_base to)
{
	struct cpp_num ret = { .base = to };
	if (is_float(to)) {
		ret.d = is_float(n.base) ? n.d : cpp_base_signed(n.base) ? (double)(int64_t)n.u : (double)n.u;
		ret.d = to == CPP_FLOAT ? (double)(float)ret.d : ret.d;
		return ret;
	}
	ret.u = cut(is_float(n.base) ? from_double(n.d, to != CPP_UINT64) : n.u, to);
	return ret;
}

static uint64_t float_bits(double d, bool single)
{
	uint64_t u = 0;
	float f = (float)d;
	if (single) {
		uint32_t low;
		memcpy(&low, &f, sizeof(low));
		return low;
	}
	memcpy(&u, &d, sizeof(u));
	return u;
}

struct cpp_value cpp_num_value(struct cpp *x, struct cpp_num n)
{
	return cpp_number(x->s->types, x->a, n.base, is_float(n.base) ? float_bits(n.d, n.base == CPP_FLOAT) : n.u);
}

static struct cpp_value truth(struct cpp *x, bool b)
{
	return cpp_number(x->s->types, x->a, CPP_BOOL, b);
}

bool cpp_true(struct cpp_num n)
{
	return is_float(n.base) ? n.d != 0 : n.u != 0;
}

static err_t unreadable(struct cpp *x)
{
	return cpp_bad(x, E_ABSENT, "Memory access error at", x->last);
}

err_t cpp_load(struct cpp *x, const struct cpp_value *v, struct cpp_num *ret)
{
	struct cpp_value to;
	if (v->is_ref) {
		TRY(cpp_deref(x, x->last, v, &to));
		return cpp_load(x, &to, ret);
	}
	const struct type *t = &v->v.type;
	*ret = (struct cpp_num){ .base = CPP_INT };
	if (!cpp_base_of(t, &ret->base))
		return cpp_syntax(x, x->last);
	if (x->dead)
		return ok();
	if (t->kind == TYPE_FLOAT)
		return value_double(x->s->env, &v->v, &ret->d) ? ok() : unreadable(x);
	int64_t i = 0;
	bool got = value_is_signed(t) ? value_int(x->s->env, &v->v, &i) : value_uint(x->s->env, &v->v, &ret->u);
	if (value_is_signed(t))
		ret->u = (uint64_t)i;
	return got ? ok() : unreadable(x);
}

static uint64_t mask(const struct cpp *x, uint64_t va)
{
	return x->s->ptr_bytes == 4 ? (uint32_t)va : va;
}

err_t cpp_decay(struct cpp *x, const struct cpp_value *v, struct cpp_value *ret, bool *is_pointer)
{
	struct type to, p;
	struct cpp_value through = { 0 };
	const struct cpp_value *at = v;
	if (v->is_ref) {
		TRY(cpp_deref(x, x->last, v, &through));
		at = &through;
	}
	enum type_kind k = at->v.type.kind;
	uint64_t u = 0;
	*is_pointer = k == TYPE_POINTER || k == TYPE_ARRAY || k == TYPE_FUNCTION;
	*ret = *at;
	if (!*is_pointer)
		return ok();
	if (k == TYPE_POINTER) {
		if (!value_is_scalar(&at->v.type))
			return cpp_syntax(x, x->last); // to a member, in several parts
		if (!x->dead && !value_uint(x->s->env, &at->v, &u))
			return unreadable(x);
		*ret = cpp_scalar(x->a, &at->v.type, u);
		return ok();
	}
	if (at->v.where != VALUE_MEMORY)
		return cpp_syntax(x, x->last); // in registers: it has no address
	to = at->v.type;
	if (k == TYPE_ARRAY && !type_target(&at->v.type, &to))
		return cpp_syntax(x, x->last);
	TRY(cpp_pointer_to(x->s->types, &to, &p));
	*ret = cpp_scalar(x->a, &p, at->v.va);
	return ok();
}

static uint64_t pointer_number(struct cpp *x, const struct cpp_value *v)
{
	uint64_t u = 0;
	(void)value_uint(x->s->env, &v->v, &u);
	return mask(x, u);
}

// ---- pointers: sums, differences, comparisons
static err_t step_of(struct cpp *x, const struct cpp_value *p, const char *where, uint64_t *ret)
{
	struct type to;
	if (!type_target(&p->v.type, &to) || !to.size || to.kind == TYPE_FUNCTION)
		return cpp_syntax(x, where);
	*ret = to.size;
	return ok();
}

static err_t moved(struct cpp *x, const char *where, const struct cpp_value *p, const struct cpp_value *by, bool back,
		   struct cpp_value *ret)
{
	struct cpp_num n;
	uint64_t step = 0;
	TRY(cpp_load(x, by, &n));
	TRY(step_of(x, p, where, &step));
	if (is_float(n.base))
		return cpp_syntax(x, where);
	uint64_t off = n.u * step, at = pointer_number(x, p);
	*ret = cpp_scalar(x->a, &p->v.type, mask(x, back ? at - off : at + off));
	return ok();
}

static err_t distance(struct cpp *x, const char *where, const struct cpp_value *l, const struct cpp_value *r,
		      struct cpp_value *ret)
{
	uint64_t step = 0, other = 0;
	TRY(step_of(x, l, where, &step));
	TRY(step_of(x, r, where, &other));
	if (step != other)
		return cpp_syntax(x, where);
	uint64_t bytes = pointer_number(x, l) - pointer_number(x, r);
	int64_t n = x->s->ptr_bytes == 4 ? (int32_t)(uint32_t)bytes : (int64_t)bytes;
	if (n == INT64_MIN && step > INT64_MAX)
		return cpp_syntax(x, where);
	n = step > INT64_MAX ? 0 : n / (int64_t)step;
	*ret = cpp_number(x->s->types, x->a, x->s->ptr_bytes == 4 ? CPP_INT : CPP_INT64, (uint64_t)n);
	return ok();
}

static bool compare(const char *op, bool less, bool equal)
{
	if (op[0] == '=')
		return equal;
	if (op[0] == '!')
		return !equal;
	bool with = op[1] == '=';
	return op[0] == '<' ? less || (with && equal) : (!less && !equal) || (with && equal);
}

static bool is_comparison(const char *op)
{
	return str_eq(op, "==") || str_eq(op, "!=") || str_eq(op, "<") || str_eq(op, ">") || str_eq(op, "<=") ||
	       str_eq(op, ">=");
}

// A number beside a pointer is one, too.
static err_t as_pointer(struct cpp *x, const char *where, const struct cpp_value *v, bool is_pointer, uint64_t *ret)
{
	struct cpp_num n;
	if (is_pointer) {
		*ret = pointer_number(x, v);
		return ok();
	}
	TRY(cpp_load(x, v, &n));
	if (is_float(n.base))
		return cpp_syntax(x, where);
	*ret = mask(x, n.u);
	return ok();
}

static err_t pointers(struct cpp *x, const char *op, const char *where, const struct cpp_value *l, bool lp,
		      const struct cpp_value *r, bool rp, struct cpp_value *ret)
{
	uint64_t a, b;
	if (str_eq(op, "+") && lp != rp)
		return lp ? moved(x, where, l, r, false, ret) : moved(x, where, r, l, false, ret);
	if (str_eq(op, "-") && lp)
		return rp ? distance(x, where, l, r, ret) : moved(x, where, l, r, true, ret);
	if (!is_comparison(op))
		return cpp_syntax(x, where);
	TRY(as_pointer(x, where, l, lp, &a));
	TRY(as_pointer(x, where, r, rp, &b));
	*ret = truth(x, compare(op, a < b, a == b));
	return ok();
}

// ---- numbers
static enum cpp_base common(enum cpp_base a, enum cpp_base b)
{
	if (is_float(a) || is_float(b))
		return a == CPP_DOUBLE || b == CPP_DOUBLE ? CPP_DOUBLE : CPP_FLOAT;
	enum cpp_base high = MAX(a, b), low = MIN(a, b); // in order of rank, unsigned behind signed
	if (cpp_base_signed(high) && !cpp_base_signed(low) && width(high) == width(low))
		return (enum cpp_base)(high + 1); // unsigned int and long: unsigned long
	return high;
}

static err_t divide(struct cpp *x, bool rest, uint64_t a, uint64_t b, bool is_signed, uint64_t *ret)
{
	if (!b) {
		*ret = 0;
		return x->dead ? ok() : cpp_bad(x, E_USAGE, "Operand error at", x->last);
	}
	if (!is_signed)
		*ret = rest ? a % b : a / b;
	else if (b == UINT64_MAX) // -1: the most negative number has no opposite
		*ret = rest ? 0 : 0 - a;
	else
		*ret = (uint64_t)(rest ? (int64_t)a % (int64_t)b : (int64_t)a / (int64_t)b);
	return ok();
}

static err_t float_binary(struct cpp *x, const char *op, const char *where, struct cpp_num l, struct cpp_num r,
			  struct cpp_value *ret)
{
	struct cpp_num n = { .base = l.base };
	if (is_comparison(op)) {
		bool ordered = !isnan(l.d) && !isnan(r.d);
		*ret = truth(x, ordered ? compare(op, l.d < r.d, l.d == r.d) : op[0] == '!');
		return ok();
	}
	switch (op[1] ? 0 : op[0]) {
	case '+':
		n.d = l.d + r.d;
		break;
	case '-':
		n.d = l.d - r.d;
		break;
	case '*':
		n.d = l.d * r.d;
		break;
	case '/':
		n.d = l.d / r.d;
		break;
	default:
		return cpp_syntax(x, where);
	}
	*ret = cpp_num_value(x, cpp_convert(n, n.base));
	return ok();
}

static uint64_t shifted(char op, struct cpp_num l, uint64_t by)
{
	unsigned n = (unsigned)(by & (width(l.base) - 1));
	if (op == '<')
		return l.u << n;
	return cpp_base_signed(l.base) ? (uint64_t)((int64_t)l.u >> n) : l.u >> n;
}

static err_t integer_binary(struct cpp *x, const char *op, struct cpp_num l, struct cpp_num r, struct cpp_value *ret)
{
	bool sign = cpp_base_signed(l.base);
	uint64_t u = 0;
	if (is_comparison(op)) {
		bool less = sign ? (int64_t)l.u < (int64_t)r.u : l.u < r.u;
		*ret = truth(x, compare(op, less, l.u == r.u));
		return ok();
	}
	switch (op[0]) {
	case '*':
		u = l.u * r.u;
		break;
	case '/':
	case '%':
		TRY(divide(x, op[0] == '%', l.u, r.u, sign, &u));
		break;
	case '+':
		u = l.u + r.u;
		break;
	case '-':
		u = l.u - r.u;
		break;
	case '<':
	case '>':
		u = shifted(op[0], l, r.u);
		break;
	case '&':
		u = l.u & r.u;
		break;
	case '^':
		u = l.u ^ r.u;
		break;
	default:
		u = l.u | r.u;
		break;
	}
	*ret = cpp_num_value(x, (struct cpp_num){ .base = l.base, .u = cut(u, l.base) });
	return ok();
}

err_t cpp_binary(struct cpp *x, const char *op, const char *where, const struct cpp_value *l, const struct cpp_value *r,
		 struct cpp_value *ret)
{
	struct cpp_value a, b;
	struct cpp_num m, n;
	enum cpp_base to;
	bool lp, rp;
	TRY(cpp_decay(x, l, &a, &lp));
	TRY(cpp_decay(x, r, &b, &rp));
	if (lp || rp)
		return pointers(x, op, where, &a, lp, &b, rp, ret);
	if (!cpp_base_of(&a.v.type, &to) || !cpp_base_of(&b.v.type, &to))
		return cpp_syntax(x, where);
	TRY(cpp_load(x, &a, &m));
	TRY(cpp_load(x, &b, &n));
	if (str_eq(op, "<<") || str_eq(op, ">>")) {
		if (is_float(m.base) || is_float(n.base))
			return cpp_syntax(x, where);
		return integer_binary(x, op, m, n, ret);
	}
	to = common(m.base, n.base);
	m = cpp_convert(m, to);
	n = cpp_convert(n, to);
	return is_float(to) ? float_binary(x, op, where, m, n, ret) : integer_binary(x, op, m, n, ret);
}

err_t cpp_unary(struct cpp *x, char op, const struct cpp_value *v, struct cpp_value *ret)
{
	struct cpp_value at;
	struct cpp_num n;
	bool is_pointer;
	const char *where = x->last;
	TRY(cpp_decay(x, v, &at, &is_pointer));
	if (is_pointer) {
		if (op == '+')
			*ret = at;
		else if (op == '!')
			*ret = truth(x, !pointer_number(x, &at));
		else
			return cpp_syntax(x, where);
		return ok();
	}
	TRY(cpp_load(x, &at, &n));
	if (op == '!') {
		*ret = truth(x, !cpp_true(n));
		return ok();
	}
	if (is_float(n.base) && op == '~')
		return cpp_syntax(x, where);
	if (op == '-') {
		n.d = -n.d;
		n.u = cut(0 - n.u, n.base);
	} else if (op == '~') {
		n.u = cut(~n.u, n.base);
	}
	*ret = cpp_num_value(x, n);
	return ok();
}

// ---- casts
static err_t cast_number(struct cpp *x, const struct type *to, struct cpp_num n, struct cpp_value *ret)
{
	enum cpp_base base;
	if (to->kind == TYPE_BOOL)
		*ret = cpp_scalar(x->a, to, cpp_true(n));
	else if (to->kind == TYPE_FLOAT && (to->size == 4 || to->size == 8))
		*ret = cpp_scalar(x->a, to, float_bits(cpp_convert(n, CPP_DOUBLE).d, to->size == 4));
	else if (to->kind != TYPE_FLOAT && to->kind != TYPE_BITFIELD && cpp_base_of(to, &base) && to->size <= 8)
		*ret = cpp_scalar(x->a, to, is_float(n.base) ? from_double(n.d, base != CPP_UINT64) : n.u);
	else
		return cpp_syntax(x, x->last);
	return ok();
}

err_t cpp_cast(struct cpp *x, const char *where, const struct type *to, const struct cpp_value *v,
	       struct cpp_value *ret)
{
	struct cpp_value at;
	struct cpp_num n = { .base = CPP_UINT64 };
	bool is_pointer;
	if (type_is_udt(to) || to->kind == TYPE_ARRAY) { // another view of the same bytes
		if (v->is_ref)
			TRY(cpp_deref(x, where, v, &at));
		else
			at = *v;
		if (at.v.where != VALUE_MEMORY)
			return cpp_syntax(x, where);
		*ret = (struct cpp_value){ .v = value_at(to, at.v.va) };
		return ok();
	}
	TRY(cpp_decay(x, v, &at, &is_pointer));
	if (is_pointer)
		n.u = pointer_number(x, &at);
	else
		TRY(cpp_load(x, &at, &n));
	if (to->kind == TYPE_POINTER) {
		if (is_float(n.base) || to->pointer != POINTER_PLAIN)
			return cpp_syntax(x, where);
		*ret = cpp_scalar(x->a, to, mask(x, n.u));
		return ok();
	}
	return cast_number(x, to, n, ret);
}

err_t cpp_as_number(const struct cpp_scope *s, const char *text, const struct cpp_value *v, uint64_t *ret)
{
	struct cpp x = { .s = s, .a = s->env->a, .text = text, .p = text, .last = text };
	struct cpp_value at;
	struct cpp_num n;
	bool is_pointer;
	TRY(cpp_decay(&x, v, &at, &is_pointer));
	if (is_pointer) {
		*ret = pointer_number(&x, &at);
		return ok();
	}
	TRY(cpp_load(&x, &at, &n));
	*ret = is_float(n.base) ? from_double(n.d, true) : n.u;
	return ok();
}
