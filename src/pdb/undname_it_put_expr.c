// SPDX-License-Identifier: Apache-2.0
// undname_it_put_expr.c: writes the expressions in Itanium names, with as few parentheses as LLVM does.
#include "pdb/undname_it_int.h"

#include <stdio.h>
#include <string.h>

static void put_float(struct it *t, const struct it_node *n)
{
	union {
		float f;
		double d;
		long double l;
		uint8_t bytes[sizeof(long double)];
	} v = { .bytes = { 0 } };
	size_t size = n->n / 2;
	for (size_t i = 0; i < size && size <= sizeof(v); i++) {
		unsigned byte = 0;
		for (int k = 0; k < 2; k++) {
			char c = n->text[2 * (size - 1 - i) + (size_t)k];
			byte = byte << 4 | (unsigned)(und_is_digit(c) ? c - '0' : c - 'a' + 10);
		}
		v.bytes[i] = (uint8_t)byte;
	}
	char buf[64];
	if (size == 4)
		snprintf(buf, sizeof(buf), "%af", (double)v.f);
	else if (size == 8)
		snprintf(buf, sizeof(buf), "%a", v.d);
	else
		snprintf(buf, sizeof(buf), "%LaL", v.l);
	und_put(&t->u, buf);
}

static void put_signed(struct it *t, const char *text, size_t n)
{
	bool negative = n && *text == 'n';
	if (negative)
		und_put_ch(&t->u, '-');
	und_putn(&t->u, text + negative, n - negative);
}

static void put_integer(struct it *t, const struct it_node *n)
{
	enum { SUFFIX = 3 };
	bool cast = strlen(n->text2) > SUFFIX;
	if (cast) {
		it_open(t, '(');
		und_put(&t->u, n->text2);
		it_close(t, ')');
	}
	put_signed(t, n->text, n->n);
	if (!cast)
		und_put(&t->u, n->text2);
}

static void put_fold(struct it *t, const struct it_node *n)
{
	struct und *u = &t->u;
	it_open(t, '(');
	for (int part = 0; part < 2; part++) {
		bool pack = n->flag == (part == 1);
		if (part)
			und_put(u, "...");
		if (!pack && !n->b)
			continue;
		if (part) {
			und_put_ch(u, ' ');
			und_putn(u, n->text, n->n);
			und_put_ch(u, ' ');
		}
		if (pack) {
			it_open(t, '(');
			it_put_expansion(t, n->a);
			it_close(t, ')');
		} else {
			it_put_operand(t, n->b, PREC_CAST, true);
		}
		if (!part) {
			und_put_ch(u, ' ');
			und_putn(u, n->text, n->n);
			und_put_ch(u, ' ');
		}
	}
	it_close(t, ')');
}

static void put_new(struct it *t, const struct it_node *n)
{
	struct und *u = &t->u;
	und_put(u, n->quals & 1 ? "::new" : "new");
	und_put(u, n->quals & 2 ? "[]" : "");
	if (n->list.n)
		it_put_parens(t, &n->list);
	und_put_ch(u, ' ');
	it_put(t, n->a);
	if (n->args.n)
		it_put_parens(t, &n->args);
}

static void put_binary(struct it *t, const struct it_node *n)
{
	struct und *u = &t->u;
	bool all = !t->gt_is_gt && (str_eq(n->text, ">") || str_eq(n->text, ">>")), assign = n->prec == PREC_ASSIGN;
	if (all)
		it_open(t, '(');
	it_put_operand(t, n->a, assign ? PREC_ORIF : n->prec, !assign);
	und_put(u, str_eq(n->text, ",") ? "" : " ");
	und_put(u, n->text);
	und_put_ch(u, ' ');
	it_put_operand(t, n->b, n->prec, assign);
	if (all)
		it_close(t, ')');
}

static void put_braced(struct it *t, const struct it_node *n)
{
	struct und *u = &t->u;
	bool array = n->flag || n->c;
	und_put_ch(u, array ? '[' : '.');
	it_put(t, n->a);
	if (n->c) {
		und_put(u, " ... ");
		it_put(t, n->c);
	}
	und_put(u, array ? "]" : "");
	und_put(u, n->b->kind == IT_BRACED ? "" : " = ");
	it_put(t, n->b);
}

static void put_cast(struct it *t, const struct it_node *n)
{
	unsigned gt = t->gt_is_gt;
	und_put(&t->u, n->text);
	t->gt_is_gt = 0;
	und_put_ch(&t->u, '<');
	it_put_left(t, n->a);
	und_put_ch(&t->u, '>');
	t->gt_is_gt = gt;
	it_open(t, '(');
	it_put_operand(t, n->b, PREC_DEFAULT, false);
	it_close(t, ')');
}

static void put_other(struct it *t, const struct it_node *n)
{
	struct und *u = &t->u;
	switch (n->kind) {
	case IT_NEW:
		put_new(t, n);
		break;
	case IT_DELETE:
		und_put(u, n->text);
		und_put(u, n->flag ? "delete[] " : "delete ");
		it_put(t, n->a);
		break;
	case IT_CONVERT:
		it_open(t, '(');
		it_put(t, n->a);
		it_close(t, ')');
		it_put_parens(t, &n->list);
		break;
	case IT_BRACES:
		if (n->a)
			it_put(t, n->a);
		und_put_ch(u, '{');
		it_put_list(t, &n->list);
		und_put_ch(u, '}');
		break;
	case IT_BRACED:
		put_braced(t, n);
		break;
	case IT_FOLD:
		put_fold(t, n);
		break;
	case IT_SUBOBJECT:
		it_put(t, n->b);
		und_put(u, ".<");
		it_put(t, n->a);
		und_put(u, " at offset ");
		if (n->n)
			put_signed(t, n->text, n->n);
		else
			und_put_ch(u, '0');
		und_put_ch(u, '>');
		break;
	case IT_ENUM:
		it_open(t, '(');
		it_put(t, n->a);
		it_close(t, ')');
		put_signed(t, n->text, n->n);
		break;
	case IT_INTEGER:
		put_integer(t, n);
		break;
	case IT_FLOAT:
		put_float(t, n);
		break;
	case IT_LAMBDA:
		und_put(u, "[]");
		if (n->a->kind == IT_CLOSURE)
			it_put_declarator(t, n->a);
		und_put(u, "{...}");
		break;
	case IT_STRING:
		und_put(u, "\"<");
		it_put(t, n->a);
		und_put(u, ">\"");
		break;
	default:
		break;
	}
}

void it_put_expr(struct it *t, const struct it_node *n)
{
	struct und *u = &t->u;
	switch (n->kind) {
	case IT_BINARY:
		put_binary(t, n);
		break;
	case IT_SUBSCRIPT:
		it_put_operand(t, n->a, n->prec, false);
		it_open(t, '[');
		it_put_operand(t, n->b, PREC_DEFAULT, false);
		it_close(t, ']');
		break;
	case IT_UNARY:
		und_put(u, n->text);
		it_put_operand(t, n->a, n->prec, false);
		break;
	case IT_AFTER:
		it_put_operand(t, n->a, n->prec, true);
		und_put(u, n->text);
		break;
	case IT_COND:
		it_put_operand(t, n->a, n->prec, false);
		und_put(u, " ? ");
		it_put_operand(t, n->b, PREC_DEFAULT, false);
		und_put(u, " : ");
		it_put_operand(t, n->c, PREC_ASSIGN, true);
		break;
	case IT_DOTTED:
		it_put_operand(t, n->a, n->prec, true);
		und_put(u, n->text);
		it_put_operand(t, n->b, n->prec, false);
		break;
	case IT_CAST:
		put_cast(t, n);
		break;
	case IT_SIZEOF_PACK:
		und_put(u, "sizeof...");
		it_open(t, '(');
		it_put_expansion(t, n->a);
		it_close(t, ')');
		break;
	case IT_CALL:
		if (n->flag)
			it_open(t, '(');
		it_put(t, n->a);
		if (n->flag)
			it_close(t, ')');
		it_put_parens(t, &n->list);
		break;
	default:
		put_other(t, n);
	}
}
