// SPDX-License-Identifier: Apache-2.0
// undname_it_expr.c: reads expressions in Itanium names; see undname_itanium.c.
#include "pdb/undname_it_read_int.h"

#include <string.h>

static const struct it_operator operators[] = {
	{ "aN", OP_BINARY, PREC_ASSIGN, false, "operator&=" },
	{ "aS", OP_BINARY, PREC_ASSIGN, false, "operator=" },
	{ "aa", OP_BINARY, PREC_ANDIF, false, "operator&&" },
	{ "ad", OP_PREFIX, PREC_UNARY, false, "operator&" },
	{ "an", OP_BINARY, PREC_AND, false, "operator&" },
	{ "at", OP_OF, PREC_UNARY, true, "alignof " },
	{ "aw", OP_NAME, PREC_PRIMARY, false, "operator co_await" },
	{ "az", OP_OF, PREC_UNARY, false, "alignof " },
	{ "cc", OP_CAST, PREC_POSTFIX, false, "const_cast" },
	{ "cl", OP_CALL, PREC_POSTFIX, false, "operator()" },
	{ "cm", OP_BINARY, PREC_COMMA, false, "operator," },
	{ "co", OP_PREFIX, PREC_UNARY, false, "operator~" },
	{ "cp", OP_CALL, PREC_POSTFIX, true, "operator()" },
	{ "cv", OP_CCAST, PREC_CAST, false, "operator" },
	{ "dV", OP_BINARY, PREC_ASSIGN, false, "operator/=" },
	{ "da", OP_DEL, PREC_UNARY, true, "operator delete[]" },
	{ "dc", OP_CAST, PREC_POSTFIX, false, "dynamic_cast" },
	{ "de", OP_PREFIX, PREC_UNARY, false, "operator*" },
	{ "dl", OP_DEL, PREC_UNARY, false, "operator delete" },
	{ "ds", OP_MEMBER, PREC_PTRMEM, false, "operator.*" },
	{ "dt", OP_MEMBER, PREC_POSTFIX, false, "operator." },
	{ "dv", OP_BINARY, PREC_ASSIGN, false, "operator/" }, // as LLVM has it: more parentheses than needed
	{ "eO", OP_BINARY, PREC_ASSIGN, false, "operator^=" },
	{ "eo", OP_BINARY, PREC_XOR, false, "operator^" },
	{ "eq", OP_BINARY, PREC_EQUALITY, false, "operator==" },
	{ "ge", OP_BINARY, PREC_RELATIONAL, false, "operator>=" },
	{ "gt", OP_BINARY, PREC_RELATIONAL, false, "operator>" },
	{ "ix", OP_ARRAY, PREC_POSTFIX, false, "operator[]" },
	{ "lS", OP_BINARY, PREC_ASSIGN, false, "operator<<=" },
	{ "le", OP_BINARY, PREC_RELATIONAL, false, "operator<=" },
	{ "ls", OP_BINARY, PREC_SHIFT, false, "operator<<" },
	{ "lt", OP_BINARY, PREC_RELATIONAL, false, "operator<" },
	{ "mI", OP_BINARY, PREC_ASSIGN, false, "operator-=" },
	{ "mL", OP_BINARY, PREC_ASSIGN, false, "operator*=" },
	{ "mi", OP_BINARY, PREC_ADD, false, "operator-" },
	{ "ml", OP_BINARY, PREC_MUL, false, "operator*" },
	{ "mm", OP_POSTFIX, PREC_POSTFIX, false, "operator--" },
	{ "na", OP_NEW, PREC_UNARY, true, "operator new[]" },
	{ "ne", OP_BINARY, PREC_EQUALITY, false, "operator!=" },
	{ "ng", OP_PREFIX, PREC_UNARY, false, "operator-" },
	{ "nt", OP_PREFIX, PREC_UNARY, false, "operator!" },
	{ "nw", OP_NEW, PREC_UNARY, false, "operator new" },
	{ "oR", OP_BINARY, PREC_ASSIGN, false, "operator|=" },
	{ "oo", OP_BINARY, PREC_ORIF, false, "operator||" },
	{ "or", OP_BINARY, PREC_IOR, false, "operator|" },
	{ "pL", OP_BINARY, PREC_ASSIGN, false, "operator+=" },
	{ "pl", OP_BINARY, PREC_ADD, false, "operator+" },
	{ "pm", OP_MEMBER, PREC_PTRMEM, true, "operator->*" },
	{ "pp", OP_POSTFIX, PREC_POSTFIX, false, "operator++" },
	{ "ps", OP_PREFIX, PREC_UNARY, false, "operator+" },
	{ "pt", OP_MEMBER, PREC_POSTFIX, true, "operator->" },
	{ "qu", OP_COND, PREC_COND, false, "operator?" },
	{ "rM", OP_BINARY, PREC_ASSIGN, false, "operator%=" },
	{ "rS", OP_BINARY, PREC_ASSIGN, false, "operator>>=" },
	{ "rc", OP_CAST, PREC_POSTFIX, false, "reinterpret_cast" },
	{ "rm", OP_BINARY, PREC_MUL, false, "operator%" },
	{ "rs", OP_BINARY, PREC_SHIFT, false, "operator>>" },
	{ "sc", OP_CAST, PREC_POSTFIX, false, "static_cast" },
	{ "ss", OP_BINARY, PREC_SPACESHIP, false, "operator<=>" },
	{ "st", OP_OF, PREC_UNARY, true, "sizeof " },
	{ "sz", OP_OF, PREC_UNARY, false, "sizeof " },
	{ "te", OP_OF, PREC_POSTFIX, false, "typeid " },
	{ "ti", OP_OF, PREC_POSTFIX, true, "typeid " },
};

const struct it_operator *it_operator(struct it *t)
{
	char a = und_look(&t->u, 0), b = und_look(&t->u, 1);
	for (size_t i = 0; i < ARRAY_LEN(operators) && operators[i].code[0] <= a; i++) {
		if (operators[i].code[0] == a && operators[i].code[1] == b) {
			t->u.p += 2;
			return &operators[i];
		}
	}
	return NULL;
}

static const char *symbol_of(const struct it_operator *op)
{
	enum { WORD = 8 }; // "operator"
	const char *s = op->op >= OP_CAST ? op->name : op->name + WORD;
	return *s == ' ' ? s + 1 : s;
}

static struct it_node *integer(struct it *t, const char *type)
{
	struct it_node *n = it_new(t, IT_INTEGER);
	n->text = t->u.p;
	n->n = it_digits(t, true);
	n->text2 = type;
	return n->n && und_eat_ch(&t->u, 'E') ? n : it_broken(t);
}

static struct it_node *floating(struct it *t, size_t digits)
{
	struct und *u = &t->u;
	if (und_left(u) <= digits || strspn(u->p, "0123456789abcdef") < digits || u->p[digits] != 'E')
		return it_broken(t);
	struct it_node *n = it_new(t, IT_FLOAT);
	n->text = u->p;
	n->n = digits;
	u->p += digits + 1;
	return n;
}

static const char *integer_type(char c)
{
	switch (c) {
	case 'w':
		return "wchar_t";
	case 'c':
		return "char";
	case 'a':
		return "signed char";
	case 'h':
		return "unsigned char";
	case 's':
		return "short";
	case 't':
		return "unsigned short";
	case 'i':
		return "";
	case 'j':
		return "u";
	case 'l':
		return "l";
	case 'm':
		return "ul";
	case 'x':
		return "ll";
	case 'y':
		return "ull";
	case 'n':
		return "__int128";
	case 'o':
		return "unsigned __int128";
	default:
		return NULL;
	}
}

struct it_node *it_expr_primary(struct it *t)
{
	struct und *u = &t->u;
	struct it_node *n;
	if (!und_eat_ch(u, 'L'))
		return it_broken(t);
	char c = und_look(u, 0);
	const char *type = integer_type(c);
	if (type) {
		u->p++;
		return integer(t, type);
	}
	if (c == 'b') {
		if (und_eat(u, "b0E"))
			return it_text(t, "false");
		return und_eat(u, "b1E") ? it_text(t, "true") : it_broken(t);
	}
	if (c == 'f' || c == 'd' || c == 'e') {
		u->p++;
		return floating(t, c == 'f' ? 8 : c == 'd' ? 16 : 20);
	}
	if (c == '_') {
		n = und_eat(u, "_Z") ? it_encoding(t) : NULL;
		return n && und_eat_ch(u, 'E') ? n : it_broken(t);
	}
	if (c == 'A') {
		n = it_type(t);
		return n && und_eat_ch(u, 'E') ? it_with(t, IT_STRING, "", n) : it_broken(t);
	}
	if (und_eat(u, "DnE") || und_eat(u, "Dn0E"))
		return it_text(t, "nullptr");
	if (c == 'U') {
		n = und_look(u, 1) == 'l' ? it_unnamed_type(t, NULL) : NULL;
		return n && und_eat_ch(u, 'E') ? it_with(t, IT_LAMBDA, "", n) : it_broken(t);
	}
	n = c == 'T' ? it_broken(t) : it_type(t);
	n = it_with(t, IT_ENUM, "", n);
	if (!n)
		return NULL;
	n->text = u->p;
	n->n = it_digits(t, true);
	return n->n && und_eat_ch(u, 'E') ? n : it_broken(t);
}

static struct it_node *function_param(struct it *t)
{
	struct und *u = &t->u;
	if (und_eat(u, "fpT"))
		return it_text(t, "this");
	if (und_eat(u, "fL")) {
		if (!it_digits(t, false) || !und_eat_ch(u, 'p'))
			return it_broken(t);
	} else if (!und_eat(u, "fp")) {
		return it_broken(t);
	}
	it_cv(t);
	const char *start = u->p;
	size_t n = it_digits(t, false);
	return und_eat_ch(u, '_') ? it_text(t, arena_printf(u->a, "fp%.*s", (int)n, start)) : it_broken(t);
}

static struct it_node *fold(struct it *t)
{
	struct und *u = &t->u;
	char kind = und_look(u, 1);
	u->p += 2;
	if (kind != 'l' && kind != 'L' && kind != 'r' && kind != 'R')
		return it_broken(t);
	const struct it_operator *op = it_operator(t);
	if (!op || !(op->op == OP_BINARY || (op->op == OP_MEMBER && symbol_of(op)[strlen(symbol_of(op)) - 1] == '*')))
		return it_broken(t);
	struct it_node *f = it_with(t, IT_FOLD, symbol_of(op), it_expr(t));
	if (!f)
		return NULL;
	f->flag = kind == 'l' || kind == 'L';
	if ((kind == 'L' || kind == 'R') && !(f->b = it_expr(t)))
		return NULL;
	if (kind == 'L') {
		struct it_node *pack = f->b;
		f->b = f->a;
		f->a = pack;
	}
	return f;
}

static struct it_node *braced(struct it *t)
{
	struct und *u = &t->u;
	struct it_node *n = it_new(t, IT_BRACED);
	if (und_eat(u, "di")) {
		n->a = it_source_name(t);
	} else if (und_eat(u, "dx")) {
		n->flag = true;
		n->a = it_expr(t);
	} else if (und_eat(u, "dX")) {
		n->a = it_expr(t);
		n->c = n->a ? it_expr(t) : NULL;
		if (!n->c)
			return NULL;
	} else {
		return it_expr(t);
	}
	n->b = n->a && und_enter(u) ? braced(t) : NULL;
	und_leave(u);
	return n->b ? n : it_broken(t);
}

static struct it_node *simple_id(struct it *t)
{
	struct it_node *n = it_source_name(t);
	if (!n || und_look(&t->u, 0) != 'I')
		return n;
	return it_two(t, IT_TEMPLATE, n, it_template_args(t, false));
}

static struct it_node *unresolved_type(struct it *t)
{
	char c = und_look(&t->u, 0);
	if (c == 'T')
		return it_sub(t, it_template_param(t));
	if (c == 'D' && (und_look(&t->u, 1) == 't' || und_look(&t->u, 1) == 'T'))
		return it_sub(t, it_decltype(t));
	return it_substitution(t);
}

static struct it_node *base_unresolved(struct it *t)
{
	struct und *u = &t->u;
	if (und_is_digit(und_look(u, 0)))
		return simple_id(t);
	if (und_eat(u, "dn"))
		return it_with(t, IT_PREFIX, "~", und_is_digit(und_look(u, 0)) ? simple_id(t) : unresolved_type(t));
	und_eat(u, "on");
	struct it_node *n = it_operator_name(t, NULL);
	if (!n || und_look(u, 0) != 'I')
		return n;
	return it_two(t, IT_TEMPLATE, n, it_template_args(t, false));
}

static struct it_node *unresolved_name(struct it *t, bool global)
{
	struct und *u = &t->u;
	struct it_node *n = NULL;
	bool nested = und_eat(u, "srN");
	if (!nested && !und_eat(u, "sr")) {
		n = base_unresolved(t);
		return global ? it_with(t, IT_GLOBAL, "", n) : n;
	}
	if (!nested && und_is_digit(und_look(u, 0))) {
		do {
			struct it_node *q = simple_id(t);
			if (!q)
				return NULL;
			n = n ? it_two(t, IT_NESTED, n, q) : global ? it_with(t, IT_GLOBAL, "", q) : q;
		} while (!und_eat_ch(u, 'E'));
		return it_two(t, IT_NESTED, n, base_unresolved(t));
	}
	n = unresolved_type(t);
	if (n && und_look(u, 0) == 'I') {
		n = it_two(t, IT_TEMPLATE, n, it_template_args(t, false));
		it_sub(t, n);
	}
	while (n && nested && !und_eat_ch(u, 'E')) {
		struct it_node *q = simple_id(t);
		n = it_two(t, IT_NESTED, n, q);
	}
	return n ? it_two(t, IT_NESTED, n, base_unresolved(t)) : it_broken(t);
}

static struct it_node *new_expr(struct it *t, bool global, bool is_array)
{
	struct und *u = &t->u;
	struct it_node *n = it_new(t, IT_NEW);
	n->quals = (global ? 1u : 0) | (is_array ? 2u : 0);
	if (!it_until(t, &n->list, it_expr, '_') || !(n->a = it_type(t)))
		return NULL;
	if (!und_eat(u, "pi"))
		return und_eat_ch(u, 'E') ? n : it_broken(t);
	return it_until(t, &n->args, it_expr, 'E') ? n : NULL;
}

static struct it_node *convert(struct it *t)
{
	bool try_args = t->try_args;
	t->try_args = false;
	struct it_node *n = it_with(t, IT_CONVERT, "", it_type(t));
	t->try_args = try_args;
	if (!n)
		return NULL;
	if (und_eat_ch(&t->u, '_'))
		return it_until(t, &n->list, it_expr, 'E') ? n : NULL;
	struct it_node *e = it_expr(t);
	if (!e)
		return NULL;
	it_push(t, &n->list, e);
	return n;
}

static struct it_node *operation(struct it *t, const struct it_operator *op, bool global)
{
	const char *s = symbol_of(op);
	struct it_node *a, *b, *n;
	switch ((enum it_op)op->op) {
	case OP_POSTFIX:
		if (!und_eat_ch(&t->u, '_'))
			return it_with(t, IT_AFTER, s, it_expr(t));
		return it_with(t, IT_UNARY, s, it_expr(t));
	case OP_PREFIX:
		return it_with(t, IT_UNARY, s, it_expr(t));
	case OP_BINARY:
	case OP_ARRAY:
	case OP_MEMBER:
		a = it_expr(t);
		b = a ? it_expr(t) : NULL;
		n = it_two(t, op->op == OP_BINARY ? IT_BINARY : op->op == OP_ARRAY ? IT_SUBSCRIPT : IT_DOTTED, a, b);
		if (n) {
			n->text = s;
			n->n = strlen(s);
		}
		return n;
	case OP_NEW:
		return new_expr(t, global, op->flag);
	case OP_DEL:
		n = it_with(t, IT_DELETE, global ? "::" : "", it_expr(t));
		if (n)
			n->flag = op->flag;
		return n;
	case OP_CALL:
		n = it_with(t, IT_CALL, "", it_expr(t));
		if (n)
			n->flag = op->flag;
		return n && it_until(t, &n->list, it_expr, 'E') ? n : NULL;
	case OP_CCAST:
		return convert(t);
	case OP_COND:
		n = it_with(t, IT_COND, "", it_expr(t));
		if (!n || !(n->b = it_expr(t)) || !(n->c = it_expr(t)))
			return it_broken(t);
		return n;
	case OP_CAST:
		a = it_type(t);
		n = a ? it_two(t, IT_CAST, a, it_expr(t)) : NULL;
		if (n)
			n->text = s;
		return n;
	case OP_OF:
		return it_with(t, IT_ENCLOSED, s, op->flag ? it_type(t) : it_expr(t));
	case OP_NAME:
		break;
	}
	return it_broken(t);
}

// mc and so of clang: members of constant objects.
static struct it_node *subobject(struct it *t, bool conversion)
{
	struct und *u = &t->u;
	struct it_node *type = it_type(t), *e = type ? it_expr(t) : NULL;
	struct it_node *n = it_two(t, conversion ? IT_CONVERT : IT_SUBOBJECT, type, e);
	if (!n)
		return NULL;
	n->text = u->p;
	n->n = it_digits(t, true);
	while (!conversion && und_eat_ch(u, '_'))
		it_digits(t, false);
	if (!conversion)
		und_eat_ch(u, 'p');
	else
		it_push(t, &n->list, e);
	return und_eat_ch(u, 'E') ? n : it_broken(t);
}

static struct it_node *vendor(struct it *t)
{
	struct und *u = &t->u;
	struct it_node *n = it_with(t, IT_CALL, "", it_source_name(t));
	if (!n)
		return NULL;
	if (n->a->n == 8 && memcmp(n->a->text, "__uuidof", 8) == 0 &&
	    (und_look(u, 0) == 't' || und_look(u, 0) == 'z')) {
		struct it_node *arg = *u->p++ == 't' ? it_type(t) : it_expr(t);
		if (!arg)
			return NULL;
		it_push(t, &n->list, arg);
		return n;
	}
	return it_until(t, &n->list, it_template_arg, 'E') ? n : NULL;
}

static struct it_node *listed(struct it *t, enum it_kind kind, it_reader *one)
{
	struct it_node *n = it_new(t, kind);
	n->text = "sizeof... (";
	n->text2 = ")";
	return it_until(t, &n->list, one, 'E') ? n : NULL;
}

static struct it_node *size_of_pack(struct it *t)
{
	if (und_look(&t->u, 0) == 'T')
		return it_with(t, IT_SIZEOF_PACK, "", it_template_param(t));
	return it_with(t, IT_ENCLOSED, "sizeof... ", function_param(t));
}

static struct it_node *no_except(struct it *t)
{
	struct it_node *n = it_with(t, IT_ENCLOSED, "noexcept ", it_expr(t));
	if (n)
		n->prec = PREC_UNARY;
	return n;
}

static struct it_node *other(struct it *t, bool global)
{
	struct und *u = &t->u;
	if (und_left(u) < 2)
		return it_broken(t);
	char c = *u->p, d = u->p[1];
	if (c == 'L')
		return it_expr_primary(t);
	if (c == 'T')
		return it_template_param(t);
	if (c == 'f')
		return d == 'p' || (d == 'L' && und_is_digit(und_look(u, 2))) ? function_param(t) : fold(t);
	if (und_eat(u, "il"))
		return listed(t, IT_BRACES, braced);
	if (und_eat(u, "tl")) {
		struct it_node *type = it_type(t), *n = type ? listed(t, IT_BRACES, braced) : NULL;
		if (n)
			n->a = type;
		return n;
	}
	if (und_eat(u, "mc"))
		return subobject(t, true);
	if (und_eat(u, "so"))
		return subobject(t, false);
	if (und_eat(u, "nx"))
		return no_except(t);
	if (und_eat(u, "sp"))
		return it_with(t, IT_EXPANSION, "", it_expr(t));
	if (und_eat(u, "sZ"))
		return size_of_pack(t);
	if (und_eat(u, "sP"))
		return listed(t, IT_LIST, it_template_arg);
	if (und_eat(u, "tr"))
		return it_text(t, "throw");
	if (und_eat(u, "tw"))
		return it_with(t, IT_PREFIX, "throw ", it_expr(t));
	if (und_eat(u, "rq") || und_eat(u, "rQ")) {
		und_fail(u, E_UNSUPPORTED, "not supported: requires expressions in names");
		return NULL;
	}
	if (und_eat_ch(u, 'u'))
		return vendor(t);
	return unresolved_name(t, global);
}

struct it_node *it_expr(struct it *t)
{
	struct und *u = &t->u;
	struct it_node *n = NULL;
	if (und_enter(u)) {
		bool global = und_eat(u, "gs");
		const struct it_operator *op = it_operator(t);
		n = op ? operation(t, op, global) : other(t, global);
		if (n && op && n->prec == PREC_PRIMARY)
			n->prec = (enum it_prec)op->prec;
	}
	und_leave(u);
	return n;
}
