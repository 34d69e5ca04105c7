// SPDX-License-Identifier: Apache-2.0
// undname_it_put.c: writes Itanium names as LLVM's demangler does. A type has a part before what it is a type of, and a
// part after; pointers to arrays and functions need parentheses between.
#include "pdb/undname_it_int.h"

static void put_right(struct it *t, const struct it_node *n);

void it_open(struct it *t, char c)
{
	t->gt_is_gt++;
	und_put_ch(&t->u, c);
}

void it_close(struct it *t, char c)
{
	t->gt_is_gt--;
	und_put_ch(&t->u, c);
}

// The element of a pack that is being written; NULL past its end.
static const struct it_node *pack_element(struct it *t, const struct it_node *pack)
{
	if (t->pack_max == (size_t)IT_NONE) {
		t->pack_max = pack->list.n;
		t->pack_index = 0;
	}
	return t->pack_index < pack->list.n ? pack->list.p[t->pack_index] : NULL;
}

// What the type is in the end: an array, a function, or something with a right part. Chains of back-references may be
// long, and a forward reference may lead back to itself.
enum { HAS_ARRAY = 1, HAS_FUNCTION = 2, HAS_RIGHT = 4 };
static unsigned shape(struct it *t, const struct it_node *n)
{
	unsigned through = HAS_ARRAY | HAS_FUNCTION | HAS_RIGHT;
	for (unsigned i = 0; n && i < LIMIT_UNDNAME_DEPTH; i++) {
		switch (n->kind) {
		case IT_QUAL:
		case IT_FORWARD:
			n = n->a;
			break;
		case IT_PACK:
			n = pack_element(t, n);
			break;
		case IT_PTR:
		case IT_REF:
			through &= HAS_RIGHT;
			n = n->a;
			break;
		case IT_MEMBER:
			through &= HAS_RIGHT;
			n = n->b;
			break;
		case IT_ARRAY:
			return through & (HAS_ARRAY | HAS_RIGHT);
		case IT_FUNC:
		case IT_ENCODING:
			return through & (HAS_FUNCTION | HAS_RIGHT);
		case IT_PARAM_DECL:
			return through & HAS_RIGHT;
		default:
			return 0;
		}
	}
	return 0;
}

void it_put_operand(struct it *t, const struct it_node *n, enum it_prec prec, bool strict)
{
	bool paren = (unsigned)n->prec >= (unsigned)prec + strict;
	if (paren)
		it_open(t, '(');
	it_put(t, n);
	if (paren)
		it_close(t, ')');
}

void it_put_list(struct it *t, const struct it_list *l)
{
	struct und *u = &t->u;
	bool first = true;
	for (size_t i = 0; i < l->n && !und_bad(u); i++) {
		size_t before = u->out.n;
		if (!first)
			und_put(u, ", ");
		size_t after = u->out.n;
		it_put_operand(t, l->p[i], PREC_COMMA, false);
		if (u->out.n == after) // an empty pack
			und_cut(u, before);
		else
			first = false;
	}
}

void it_put_parens(struct it *t, const struct it_list *l)
{
	it_open(t, '(');
	it_put_list(t, l);
	it_close(t, ')');
}

static void put_quals(struct it *t, const struct it_node *n)
{
	und_put(&t->u, n->quals & IT_CONST ? " const" : "");
	und_put(&t->u, n->quals & IT_VOLATILE ? " volatile" : "");
	und_put(&t->u, n->quals & IT_RESTRICT ? " restrict" : "");
	und_put(&t->u, n->ref == 'R' ? " &" : n->ref == 'O' ? " &&" : "");
}

static void put_base_name(struct it *t, const struct it_node *n)
{
	for (unsigned i = 0; n && i < LIMIT_UNDNAME_DEPTH; i++) {
		switch (n->kind) {
		case IT_TEXT:
			und_putn(&t->u, n->text, n->n);
			return;
		case IT_SPECIAL:
			und_put(&t->u, n->flag ? n->text2 : n->text);
			return;
		case IT_NESTED:
			n = n->b;
			break;
		case IT_TEMPLATE:
		case IT_GLOBAL:
		case IT_ABI:
			n = n->a;
			break;
		case IT_FRIEND:
			n = n->b;
			break;
		default:
			return;
		}
	}
}

void it_put_expansion(struct it *t, const struct it_node *n)
{
	struct und *u = &t->u;
	size_t index = t->pack_index, max = t->pack_max, start = u->out.n;
	t->pack_index = t->pack_max = (size_t)IT_NONE;
	it_put(t, n);
	if (t->pack_max == (size_t)IT_NONE) {
		und_put(u, "...");
	} else if (!t->pack_max) {
		und_cut(u, start);
	} else {
		for (size_t i = 1, end = t->pack_max; i < end && !und_bad(u); i++) {
			und_put(u, ", ");
			t->pack_index = i;
			it_put(t, n);
		}
	}
	t->pack_index = index;
	t->pack_max = max;
}

void it_put_args(struct it *t, const struct it_list *l)
{
	unsigned gt = t->gt_is_gt;
	t->gt_is_gt = 0;
	und_put_ch(&t->u, '<');
	it_put_list(t, l);
	und_put_ch(&t->u, '>');
	t->gt_is_gt = gt;
}

void it_put_declarator(struct it *t, const struct it_node *n)
{
	if (n->args.n)
		it_put_args(t, &n->args);
	if (n->c) {
		und_put(&t->u, " requires ");
		it_put(t, n->c);
		und_put_ch(&t->u, ' ');
	}
	it_put_parens(t, &n->list);
}

// A reference to a reference is one reference; && only when all are.
static const struct it_node *collapse(struct it *t, const struct it_node *n, bool *rvalue)
{
	*rvalue = n->flag;
	n = n->a;
	for (unsigned i = 0; i < LIMIT_UNDNAME_DEPTH; i++) {
		const struct it_node *s = n;
		while (s && (s->kind == IT_FORWARD || s->kind == IT_PACK) && i++ < LIMIT_UNDNAME_DEPTH) {
			const struct it_node *next = s->kind == IT_FORWARD ? s->a : pack_element(t, s);
			if (!next)
				break;
			s = next;
		}
		if (!s || s->kind != IT_REF)
			return n;
		*rvalue = *rvalue && s->flag;
		n = s->a;
	}
	return NULL;
}

static void put_reference(struct it *t, const struct it_node *n, bool right)
{
	struct und *u = &t->u;
	bool rvalue;
	const struct it_node *to = collapse(t, n, &rvalue);
	if (!to)
		return;
	if (!right)
		it_put_left(t, to);
	unsigned s = shape(t, to);
	if (right) {
		if (s & (HAS_ARRAY | HAS_FUNCTION))
			und_put_ch(u, ')');
		put_right(t, to);
		return;
	}
	und_put(u, s & HAS_ARRAY ? " (" : s & HAS_FUNCTION ? "(" : "");
	und_put(u, rvalue ? "&&" : "&");
}

static void put_function_left(struct it *t, const struct it_node *n)
{
	struct und *u = &t->u;
	if (und_name_only(u) && n->kind == IT_ENCODING) {
		it_put(t, n->b);
		return;
	}
	if (n->a) {
		it_put_left(t, n->a);
		if (n->kind == IT_FUNC || !(shape(t, n->a) & HAS_RIGHT))
			und_put_ch(u, ' ');
	}
	if (n->kind == IT_ENCODING)
		it_put(t, n->b);
}

static void put_function_right(struct it *t, const struct it_node *n)
{
	struct und *u = &t->u;
	if (und_name_only(u) && n->kind == IT_ENCODING)
		return;
	it_open(t, '(');
	if (n->flag && n->list.n)
		und_put(u, "this ");
	it_put_list(t, &n->list);
	it_close(t, ')');
	if (n->a)
		put_right(t, n->a);
	put_quals(t, n);
	if (n->kind == IT_FUNC && n->b) {
		und_put_ch(u, ' ');
		it_put(t, n->b);
	}
	if (n->kind == IT_ENCODING && n->c)
		it_put(t, n->c);
	if (n->kind == IT_ENCODING && n->d) {
		und_put(u, " requires ");
		it_put(t, n->d);
	}
}

static void put_param_decl(struct it *t, const struct it_node *n, bool right)
{
	struct und *u = &t->u;
	switch (n->number) {
	case 'p':
		if (right) {
			put_right(t, n->a);
		} else {
			it_put_left(t, n->a);
			und_put(u, "...");
		}
		return;
	case 'n':
		if (right) {
			it_put(t, n->b);
			put_right(t, n->a);
			return;
		}
		it_put_left(t, n->a);
		if (!(shape(t, n->a) & HAS_RIGHT))
			und_put_ch(u, ' ');
		return;
	case 'k':
		it_put(t, right ? n->b : n->a);
		if (!right)
			und_put_ch(u, ' ');
		return;
	case 't':
		if (!right) {
			und_put(u, "template");
			it_put_args(t, &n->list);
			und_put(u, " typename ");
			return;
		}
		break;
	default:
		if (!right)
			und_put(u, "typename ");
	}
	if (right)
		it_put(t, n->b);
}

static void put_type_left(struct it *t, const struct it_node *n)
{
	struct und *u = &t->u;
	unsigned s;
	switch (n->kind) {
	case IT_QUAL:
		it_put_left(t, n->a);
		put_quals(t, n);
		break;
	case IT_PTR:
		it_put_left(t, n->a);
		s = shape(t, n->a);
		und_put(u, s & HAS_ARRAY ? " (*" : s & HAS_FUNCTION ? "(*" : "*");
		break;
	case IT_REF:
		put_reference(t, n, false);
		break;
	case IT_MEMBER:
		it_put_left(t, n->b);
		und_put_ch(u, shape(t, n->b) & (HAS_ARRAY | HAS_FUNCTION) ? '(' : ' ');
		it_put(t, n->a);
		und_put(u, "::*");
		break;
	case IT_ARRAY:
	case IT_POSTFIX:
		it_put_left(t, n->a);
		if (n->kind == IT_POSTFIX)
			und_put(u, n->text);
		break;
	case IT_FUNC:
	case IT_ENCODING:
		put_function_left(t, n);
		break;
	case IT_VENDOR:
		it_put(t, n->a);
		und_put_ch(u, ' ');
		und_putn(u, n->text, n->n);
		if (n->b)
			it_put(t, n->b);
		break;
	case IT_VECTOR:
		it_put(t, n->a);
		und_put(u, " vector[");
		if (n->b)
			it_put(t, n->b);
		und_put_ch(u, ']');
		break;
	case IT_PARAM_DECL:
		put_param_decl(t, n, false);
		break;
	default:
		it_put_expr(t, n);
	}
}

static void put_scoped(struct it *t, const struct it_node *n)
{
	it_put(t, n->a);
	und_put(&t->u, n->kind == IT_CTOR_VTABLE ? "-in-" : n->kind == IT_FRIEND ? "::friend " : "::");
	it_put(t, n->b);
}

static void put_around(struct it *t, const struct it_node *n)
{
	struct und *u = &t->u;
	switch (n->kind) {
	case IT_PREFIX:
		und_put(u, n->text);
		it_put(t, n->a);
		break;
	case IT_GLOBAL:
		und_put(u, "::");
		it_put(t, n->a);
		break;
	case IT_ABI:
		it_put_left(t, n->a);
		und_put(u, "[abi:");
		und_putn(u, n->text, n->n);
		und_put_ch(u, ']');
		break;
	case IT_DOT:
		it_put(t, n->a);
		und_put(u, " (");
		und_putn(u, n->text, n->n);
		und_put_ch(u, ')');
		break;
	case IT_ENCLOSED:
		und_putn(u, n->text, n->n);
		it_open(t, '(');
		it_put(t, n->a);
		it_close(t, ')');
		break;
	case IT_CTOR:
		und_put(u, n->flag ? "~" : "");
		put_base_name(t, n->a);
		break;
	case IT_CTOR_VTABLE:
		und_put(u, "construction vtable for ");
		put_scoped(t, n);
		break;
	default:
		put_type_left(t, n);
	}
}

static void put_forward(struct it *t, const struct it_node *n, bool right)
{
	const struct it_node *to = n->kind == IT_PACK ? pack_element(t, n) : n->a;
	if (!to || n->printing)
		return;
	struct it_node *mark = n->kind == IT_FORWARD ? (struct it_node *)(uintptr_t)n : NULL;
	if (mark)
		mark->printing = true;
	if (right)
		put_right(t, to);
	else
		it_put_left(t, to);
	if (mark)
		mark->printing = false;
}

static void put_left_now(struct it *t, const struct it_node *n)
{
	struct und *u = &t->u;
	switch (n->kind) {
	case IT_TEXT:
		und_putn(u, n->text, n->n);
		break;
	case IT_NESTED:
	case IT_LOCAL:
	case IT_FRIEND:
		put_scoped(t, n);
		break;
	case IT_SPECIAL:
		it_put(t, n->flag ? n->b : n->a);
		break;
	case IT_TEMPLATE:
		it_put(t, n->a);
		it_put(t, n->b);
		break;
	case IT_ARGS:
		it_put_args(t, &n->list);
		break;
	case IT_ARGPACK:
		it_put_list(t, &n->list);
		break;
	case IT_EXPANSION:
		it_put_expansion(t, n->a);
		break;
	case IT_PACK:
	case IT_FORWARD:
		put_forward(t, n, false);
		break;
	case IT_CLOSURE:
		und_put(u, "'lambda");
		und_putn(u, n->text, n->n);
		und_put_ch(u, '\'');
		it_put_declarator(t, n);
		break;
	case IT_BINDING:
		und_put_ch(u, '[');
		it_put_list(t, &n->list);
		und_put_ch(u, ']');
		break;
	case IT_LIST:
		und_put(u, n->text);
		it_put_list(t, &n->list);
		und_put(u, n->text2);
		break;
	default:
		put_around(t, n);
	}
}

void it_put_left(struct it *t, const struct it_node *n)
{
	if (und_enter(&t->u))
		put_left_now(t, n);
	und_leave(&t->u);
}

static void put_right_now(struct it *t, const struct it_node *n)
{
	struct und *u = &t->u;
	unsigned s;
	switch (n->kind) {
	case IT_QUAL:
		put_right(t, n->a);
		break;
	case IT_PACK:
	case IT_FORWARD:
		put_forward(t, n, true);
		break;
	case IT_PTR:
		s = shape(t, n->a);
		und_put(u, s & (HAS_ARRAY | HAS_FUNCTION) ? ")" : "");
		put_right(t, n->a);
		break;
	case IT_REF:
		put_reference(t, n, true);
		break;
	case IT_MEMBER:
		s = shape(t, n->b);
		und_put(u, s & (HAS_ARRAY | HAS_FUNCTION) ? ")" : "");
		put_right(t, n->b);
		break;
	case IT_ARRAY:
		und_put(u, und_last(u) == ']' ? "" : " ");
		it_open(t, '[');
		if (n->b)
			it_put(t, n->b);
		it_close(t, ']');
		put_right(t, n->a);
		break;
	case IT_FUNC:
	case IT_ENCODING:
		put_function_right(t, n);
		break;
	case IT_PARAM_DECL:
		put_param_decl(t, n, true);
		break;
	default:
		break;
	}
}

static void put_right(struct it *t, const struct it_node *n)
{
	if (und_enter(&t->u))
		put_right_now(t, n);
	und_leave(&t->u);
}

void it_put(struct it *t, const struct it_node *n)
{
	it_put_left(t, n);
	put_right(t, n);
}
