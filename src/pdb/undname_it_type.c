// SPDX-License-Identifier: Apache-2.0
// undname_it_type.c: reads types, template arguments and substitutions of Itanium names; see undname_itanium.c.
#include "pdb/undname_it_read_int.h"

#include <string.h>

bool it_is_param_decl(const struct it *t)
{
	char c = und_look(&t->u, 1);
	return und_look(&t->u, 0) == 'T' && c && strchr("yptnk", c);
}

static struct it_node *invent(struct it *t, unsigned kind)
{
	static const char *const names[] = { "$T", "$N", "$TT" };
	unsigned i = t->synthetic[kind]++;
	struct it_node *n = it_text(t, i ? arena_printf(t->u.a, "%s%u", names[kind], i - 1) : names[kind]);
	if (t->declared)
		it_push(t, t->declared, n);
	return n;
}

static struct it_node *param_decl(struct it *t)
{
	struct und *u = &t->u;
	struct it_node *d = it_new(t, IT_PARAM_DECL);
	u->p++;
	d->number = (size_t)und_look(u, 0);
	u->p++;
	switch (d->number) {
	case 'y':
		d->b = invent(t, 0);
		return d;
	case 'k': // constrained by a concept
		d->a = it_name(t, NULL);
		d->b = invent(t, 0);
		return d->a ? d : NULL;
	case 'n':
		d->b = invent(t, 1);
		d->a = it_type(t);
		return d->a ? d : NULL;
	case 't': {
		d->b = invent(t, 2);
		if (t->params.n == IT_LEVELS)
			return it_broken(t);
		size_t depth = t->params.n;
		struct it_list *outer = t->declared;
		t->declared = t->params.p[t->params.n++] = NEW(u->a, struct it_list);
		bool good = it_until(t, &d->list, it_param_decl, 'E');
		t->params.n = depth;
		t->declared = outer;
		return good ? d : NULL;
	}
	default: // 'p'
		d->a = it_is_param_decl(t) ? it_param_decl(t) : it_broken(t);
		return d->a ? d : NULL;
	}
}

struct it_node *it_param_decl(struct it *t)
{
	if (!it_is_param_decl(t))
		return it_broken(t);
	struct it_node *d = und_enter(&t->u) ? param_decl(t) : NULL;
	und_leave(&t->u);
	return d;
}

struct it_node *it_template_param(struct it *t)
{
	struct und *u = &t->u;
	size_t level = 0, i = 0;
	if (!und_eat_ch(u, 'T'))
		return it_broken(t);
	if (und_eat_ch(u, 'L')) {
		if (!it_decimal(t, &level) || !und_eat_ch(u, '_'))
			return it_broken(t);
		level++;
	}
	if (!und_eat_ch(u, '_')) {
		if (!it_decimal(t, &i) || !und_eat_ch(u, '_'))
			return it_broken(t);
		i++;
	}
	if (t->permit_forward && !level) {
		struct it_node *f = it_new(t, IT_FORWARD);
		f->number = i;
		it_push(t, &t->forwards, f);
		return f;
	}
	if (level < t->params.n && t->params.p[level] && i < t->params.p[level]->n)
		return t->params.p[level]->p[i];
	// auto in the parameters of a lambda stands for template arguments that have no name.
	if (t->lambda_level != level || level > t->params.n || level == IT_LEVELS)
		return it_broken(t);
	if (level == t->params.n)
		t->params.p[t->params.n++] = NULL;
	return it_text(t, "auto");
}

struct it_node *it_substitution(struct it *t)
{
	static const struct {
		char code;
		const char *text, *full, *base, *full_base;
	} std[] = {
		{ 'a', "std::allocator", "std::allocator", "allocator", "allocator" },
		{ 'b', "std::basic_string", "std::basic_string", "basic_string", "basic_string" },
		{ 'd', "std::iostream", "std::basic_iostream<char, std::char_traits<char>>", "iostream",
		  "basic_iostream" },
		{ 'i', "std::istream", "std::basic_istream<char, std::char_traits<char>>", "istream", "basic_istream" },
		{ 'o', "std::ostream", "std::basic_ostream<char, std::char_traits<char>>", "ostream", "basic_ostream" },
		{ 's', "std::string", "std::basic_string<char, std::char_traits<char>, std::allocator<char>>", "string",
		  "basic_string" }
	};
	struct und *u = &t->u;
	if (!und_eat_ch(u, 'S'))
		return it_broken(t);
	char c = und_look(u, 0);
	for (size_t i = 0; i < ARRAY_LEN(std); i++) {
		if (c != std[i].code)
			continue;
		u->p++;
		struct it_node *n = it_new(t, IT_SPECIAL);
		n->a = it_text(t, std[i].text);
		n->b = it_text(t, std[i].full);
		n->text = std[i].base;
		n->text2 = std[i].full_base;
		if (und_look(u, 0) != 'B')
			return n;
		struct it_node *tagged = n;
		while (und_eat_ch(u, 'B')) {
			struct it_node *tag = it_source_name(t);
			if (!tag)
				return NULL;
			tagged = it_with(t, IT_ABI, "", tagged);
			if (!tagged)
				return NULL;
			tagged->text = tag->text;
			tagged->n = tag->n;
		}
		return it_sub(t, tagged);
	}
	size_t i = 0;
	if (!und_eat_ch(u, '_')) {
		const char *start = u->p;
		for (; und_is_digit(c) || (c >= 'A' && c <= 'Z'); c = und_look(u, 0)) {
			i = i > LIMIT_UNDNAME_INPUT ? i : i * 36 + (size_t)(und_is_digit(c) ? c - '0' : c - 'A' + 10);
			u->p++;
		}
		i++;
		if (u->p == start || !und_eat_ch(u, '_'))
			return it_broken(t);
	}
	return i < t->subs.n ? t->subs.p[i] : it_broken(t);
}

struct it_node *it_template_arg(struct it *t)
{
	struct und *u = &t->u;
	struct it_node *n;
	if (und_eat_ch(u, 'X')) {
		n = it_expr(t);
		return n && und_eat_ch(u, 'E') ? n : it_broken(t);
	}
	if (und_eat_ch(u, 'J')) {
		n = it_new(t, IT_ARGPACK);
		bool good = und_enter(u) && it_until(t, &n->list, it_template_arg, 'E');
		und_leave(u);
		return good ? n : NULL;
	}
	if (und_eat(u, "LZ")) {
		n = it_encoding(t);
		return n && und_eat_ch(u, 'E') ? n : it_broken(t);
	}
	if (und_look(u, 0) == 'L')
		return it_expr_primary(t);
	if (it_is_param_decl(t)) { // the parameter that it is for; not shown
		struct it_list *outer = t->declared;
		t->declared = NULL;
		n = it_param_decl(t);
		t->declared = outer;
		if (!n)
			return NULL;
		n = und_enter(u) ? it_template_arg(t) : NULL;
		und_leave(u);
		return n;
	}
	return it_type(t);
}

// `tag`: of the name of a function, in whose type T_ means them.
struct it_node *it_template_args(struct it *t, bool tag)
{
	struct und *u = &t->u;
	if (!und_eat_ch(u, 'I'))
		return it_broken(t);
	struct it_list *own = NULL;
	if (tag) {
		own = NEW(u->a, struct it_list);
		t->params.p[0] = own;
		t->params.n = 1;
	}
	struct it_node *n = it_new(t, IT_ARGS);
	while (!und_eat_ch(u, 'E')) {
		if (und_eat_ch(u, 'Q')) { // a requirement; not shown
			if (!it_expr(t) || !und_eat_ch(u, 'E'))
				return it_broken(t);
			break;
		}
		struct it_node *arg = it_template_arg(t);
		if (!arg)
			return NULL;
		it_push(t, &n->list, arg);
		if (!tag)
			continue;
		if (arg->kind == IT_ARGPACK) {
			struct it_node *pack = it_new(t, IT_PACK);
			pack->list = arg->list;
			arg = pack;
		}
		it_push(t, own, arg);
	}
	return n;
}

static struct it_node *exceptions(struct it *t)
{
	struct und *u = &t->u;
	if (und_eat(u, "Do"))
		return it_text(t, "noexcept");
	if (und_eat(u, "DO")) {
		struct it_node *e = it_expr(t);
		return e && und_eat_ch(u, 'E') ? it_with(t, IT_ENCLOSED, "noexcept", e) : it_broken(t);
	}
	if (!und_eat(u, "Dw"))
		return NULL;
	struct it_node *n = it_new(t, IT_LIST);
	n->text = "throw(";
	n->text2 = ")";
	return it_until(t, &n->list, it_type, 'E') ? n : NULL;
}

static struct it_node *function_type(struct it *t)
{
	struct und *u = &t->u;
	struct it_node *f = it_new(t, IT_FUNC);
	f->quals = it_cv(t);
	f->b = exceptions(t);
	und_eat(u, "Dx"); // transaction safe
	if (und_bad(u) || !und_eat_ch(u, 'F'))
		return it_broken(t);
	und_eat_ch(u, 'Y'); // extern "C"
	f->a = it_type(t);
	while (f->a && !und_eat_ch(u, 'E')) {
		if (und_eat_ch(u, 'v'))
			continue;
		if (und_eat(u, "RE") || und_eat(u, "OE")) {
			f->ref = u->p[-2];
			break;
		}
		struct it_node *p = it_type(t);
		if (!p)
			return NULL;
		it_push(t, &f->list, p);
	}
	return f->a ? f : NULL;
}

// [number or expression] _ element
static struct it_node *dimensioned(struct it *t, enum it_kind kind)
{
	struct und *u = &t->u;
	struct it_node *n = it_new(t, kind);
	if (und_is_digit(und_look(u, 0))) {
		const char *start = u->p;
		n->b = it_textn(t, start, it_digits(t, false));
	} else if (und_look(u, 0) != '_' && !(n->b = it_expr(t))) {
		return NULL;
	}
	if (!und_eat_ch(u, '_'))
		return it_broken(t);
	if (kind == IT_VECTOR && n->b && und_eat_ch(u, 'p')) {
		n->a = it_text(t, "pixel");
		return n;
	}
	n->a = it_type(t);
	return n->a ? n : NULL;
}

struct it_node *it_decltype(struct it *t)
{
	t->u.p += 2;
	struct it_node *e = it_expr(t);
	return e && und_eat_ch(&t->u, 'E') ? it_with(t, IT_ENCLOSED, "decltype", e) : it_broken(t);
}

static struct it_node *qualified_type(struct it *t)
{
	struct und *u = &t->u;
	if (!und_eat_ch(u, 'U')) {
		unsigned q = it_cv(t);
		struct it_node *n = it_type(t);
		if (!n || !q)
			return n;
		struct it_node *r = it_with(t, IT_QUAL, "", n);
		r->quals = q;
		return r;
	}
	struct it_node *name = it_source_name(t), *args = NULL;
	if (!name)
		return NULL;
	if (und_look(u, 0) == 'I' && !(args = it_template_args(t, false)))
		return NULL;
	struct it_node *of = und_enter(u) ? qualified_type(t) : NULL;
	und_leave(u);
	if (!of)
		return it_broken(t);
	struct it_node *r = it_with(t, IT_VENDOR, "", of);
	r->text = name->text;
	r->n = name->n;
	r->b = args;
	return r;
}

static const char *builtin(char c)
{
	static const char *const names[26] = { "signed char",
					       "bool",
					       "char",
					       "double",
					       "long double",
					       "float",
					       "__float128",
					       "unsigned char",
					       "int",
					       "unsigned int",
					       NULL,
					       "long",
					       "unsigned long",
					       "__int128",
					       "unsigned __int128",
					       NULL,
					       NULL,
					       NULL,
					       "short",
					       "unsigned short",
					       NULL,
					       "void",
					       "wchar_t",
					       "long long",
					       "unsigned long long",
					       "..." };
	return c >= 'a' && c <= 'z' ? names[c - 'a'] : NULL;
}

static const char *builtin_d(char c)
{
	switch (c) {
	case 'd':
		return "decimal64";
	case 'e':
		return "decimal128";
	case 'f':
		return "decimal32";
	case 'h':
		return "half";
	case 'i':
		return "char32_t";
	case 's':
		return "char16_t";
	case 'u':
		return "char8_t";
	case 'a':
		return "auto";
	case 'c':
		return "decltype(auto)";
	case 'n':
		return "std::nullptr_t";
	default:
		return NULL;
	}
}

// _FloatN, _BitInt(N); *sub: it is remembered for S_.
static struct it_node *sized_type(struct it *t, bool *sub)
{
	struct und *u = &t->u;
	*sub = false;
	if (und_eat(u, "DF")) {
		const char *start = u->p;
		size_t n = it_digits(t, false);
		if (!n || !und_eat_ch(u, '_'))
			return it_broken(t);
		return it_text(t, arena_printf(u->a, "_Float%.*s", (int)n, start));
	}
	*sub = true;
	bool is_unsigned = und_look(u, 1) == 'U';
	u->p += 2;
	const char *start = u->p;
	struct it_node *size = und_is_digit(*start) ? it_textn(t, start, it_digits(t, false)) : it_expr(t);
	if (!size || !und_eat_ch(u, '_'))
		return it_broken(t);
	return it_with(t, IT_ENCLOSED, is_unsigned ? "unsigned _BitInt" : "_BitInt", size);
}

static struct it_node *d_type(struct it *t, bool *sub)
{
	struct und *u = &t->u;
	char c = und_look(u, 1);
	const char *name = builtin_d(c);
	if (name) {
		u->p += 2;
		*sub = false;
		return it_text(t, name);
	}
	switch (c) {
	case 'F':
	case 'B':
	case 'U':
		return sized_type(t, sub);
	case 't':
	case 'T':
		return it_decltype(t);
	case 'v':
		u->p += 2;
		return dimensioned(t, IT_VECTOR);
	case 'p':
		u->p += 2;
		return it_with(t, IT_EXPANSION, "", it_type(t));
	case 'o':
	case 'O':
	case 'w':
	case 'x':
		return function_type(t);
	default:
		return it_broken(t);
	}
}

static struct it_node *class_type(struct it *t)
{
	struct und *u = &t->u;
	const char *word = und_eat(u, "Ts")   ? "struct "
			   : und_eat(u, "Tu") ? "union "
			   : und_eat(u, "Te") ? "enum "
					      : NULL;
	struct it_node *n = it_name(t, NULL);
	return word && n ? it_with(t, IT_PREFIX, word, n) : n;
}

static struct it_node *vendor_type(struct it *t)
{
	struct und *u = &t->u;
	u->p++;
	struct it_node *n = it_source_name(t);
	if (!n || !und_eat_ch(u, 'I'))
		return n;
	// A type made from another, as __underlying_type(T).
	struct it_node *arg = it_type(t), *r = it_new(t, IT_ENCLOSED);
	r->text = n->text;
	r->n = n->n;
	r->a = arg;
	return arg && und_eat_ch(u, 'E') ? r : it_broken(t);
}

static struct it_node *param_type(struct it *t)
{
	struct it_node *n = it_template_param(t);
	if (!n || !t->try_args || und_look(&t->u, 0) != 'I')
		return n;
	it_sub(t, n);
	return it_two(t, IT_TEMPLATE, n, it_template_args(t, false));
}

static struct it_node *sub_type(struct it *t, bool *sub)
{
	bool is_sub = false;
	struct it_node *n = it_unscoped_name(t, NULL, &is_sub);
	if (n && und_look(&t->u, 0) == 'I' && (!is_sub || t->try_args)) {
		if (!is_sub)
			it_sub(t, n);
		return it_two(t, IT_TEMPLATE, n, it_template_args(t, false));
	}
	*sub = !is_sub;
	return n;
}

static bool is_function(const struct und *u)
{
	size_t i = und_look(u, 0) == 'r';
	i += und_look(u, i) == 'V';
	i += und_look(u, i) == 'K';
	char c = und_look(u, i), d = und_look(u, i + 1);
	return c == 'F' || (c == 'D' && d && strchr("oOwx", d));
}

static struct it_node *type(struct it *t, bool *sub)
{
	struct und *u = &t->u;
	char c = und_look(u, 0), d = und_look(u, 1);
	const char *name = builtin(c);
	if (name) {
		u->p++;
		*sub = false;
		return it_text(t, name);
	}
	switch (c) {
	case 'r':
	case 'V':
	case 'K':
	case 'U':
		return c != 'U' && is_function(u) ? function_type(t) : qualified_type(t);
	case 'u':
		return vendor_type(t);
	case 'D':
		return d_type(t, sub);
	case 'F':
		return function_type(t);
	case 'A':
		u->p++;
		return dimensioned(t, IT_ARRAY);
	case 'M': {
		u->p++;
		struct it_node *of = it_type(t);
		return of ? it_two(t, IT_MEMBER, of, it_type(t)) : NULL;
	}
	case 'T':
		return d == 's' || d == 'u' || d == 'e' ? class_type(t) : param_type(t);
	case 'P':
		u->p++;
		return it_with(t, IT_PTR, "", it_type(t));
	case 'R':
	case 'O': {
		u->p++;
		struct it_node *n = it_with(t, IT_REF, "", it_type(t));
		if (n)
			n->flag = c == 'O';
		return n;
	}
	case 'C':
	case 'G':
		u->p++;
		return it_with(t, IT_POSTFIX, c == 'C' ? " complex" : " imaginary", it_type(t));
	case 'S':
		if (d != 't')
			return sub_type(t, sub);
		return class_type(t);
	default:
		return class_type(t);
	}
}

struct it_node *it_type(struct it *t)
{
	struct it_node *n = NULL;
	bool sub = true;
	if (und_enter(&t->u))
		n = type(t, &sub);
	und_leave(&t->u);
	return sub ? it_sub(t, n) : n;
}
