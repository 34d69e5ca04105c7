// SPDX-License-Identifier: Apache-2.0
// undname_itanium.c: reads names of the Itanium C++ ABI (https://itanium-cxx-abi.github.io/cxx-abi/abi.html, chapter
// 5.1), which MinGW and clang for MinGW use; the spelling is that of LLVM's demangler.
#include "pdb/undname_it_read_int.h"

#include <string.h>

struct it_node *it_new(struct it *t, enum it_kind kind)
{
	struct it_node *n = NEW(t->u.a, struct it_node);
	n->kind = kind;
	return n;
}

struct it_node *it_textn(struct it *t, const char *text, size_t len)
{
	struct it_node *n = it_new(t, IT_TEXT);
	n->text = text;
	n->n = len;
	return n;
}

struct it_node *it_text(struct it *t, const char *text)
{
	return it_textn(t, text, strlen(text));
}

struct it_node *it_broken(struct it *t)
{
	und_fail(&t->u, E_CORRUPT, "decorated name breaks the grammar");
	return NULL;
}

struct it_node *it_two(struct it *t, enum it_kind kind, struct it_node *a, struct it_node *b)
{
	if (!a || !b)
		return it_broken(t);
	struct it_node *n = it_new(t, kind);
	n->a = a;
	n->b = b;
	return n;
}

struct it_node *it_with(struct it *t, enum it_kind kind, const char *text, struct it_node *a)
{
	if (!a)
		return it_broken(t);
	struct it_node *n = it_new(t, kind);
	n->text = text;
	n->n = strlen(text);
	n->a = a;
	return n;
}

void it_push(struct it *t, struct it_list *l, struct it_node *n)
{
	if (l->n == l->cap) {
		size_t cap = MAX(l->cap * 2, (size_t)4);
		struct it_node **p = NEW_N(t->u.a, struct it_node *, cap);
		if (l->n)
			memcpy(p, l->p, l->n * sizeof(*p));
		l->p = p;
		l->cap = cap;
	}
	l->p[l->n++] = n;
}

struct it_node *it_sub(struct it *t, struct it_node *n)
{
	if (n)
		it_push(t, &t->subs, n);
	return n;
}

bool it_until(struct it *t, struct it_list *l, it_reader *one, char end)
{
	while (!und_eat_ch(&t->u, end)) {
		struct it_node *n = one(t);
		if (!n)
			return it_broken(t) != NULL;
		it_push(t, l, n);
	}
	return true;
}

size_t it_digits(struct it *t, bool sign)
{
	struct und *u = &t->u;
	const char *start = u->p;
	if (sign)
		und_eat_ch(u, 'n');
	if (!und_is_digit(und_look(u, 0)))
		return 0;
	while (und_is_digit(und_look(u, 0)))
		u->p++;
	return (size_t)(u->p - start);
}

bool it_decimal(struct it *t, size_t *ret)
{
	struct und *u = &t->u;
	if (!und_is_digit(und_look(u, 0)))
		return false;
	size_t v = 0;
	for (; und_is_digit(und_look(u, 0)); u->p++)
		v = v > LIMIT_UNDNAME_INPUT ? v : v * 10 + (size_t)(*u->p - '0');
	*ret = v;
	return true;
}

// A length and so many characters; NULL without.
static const char *bare_name(struct it *t, size_t *n)
{
	struct und *u = &t->u;
	if (!it_decimal(t, n) || *n > und_left(u) || !*n)
		return NULL;
	u->p += *n;
	return u->p - *n;
}

struct it_node *it_source_name(struct it *t)
{
	size_t n;
	const char *name = bare_name(t, &n);
	if (!name)
		return it_broken(t);
	if (n >= 10 && memcmp(name, "_GLOBAL__N", 10) == 0)
		return it_text(t, "(anonymous namespace)");
	return it_textn(t, name, n);
}

static struct it_node *abi_tags(struct it *t, struct it_node *n)
{
	while (n && und_eat_ch(&t->u, 'B')) {
		size_t len;
		const char *tag = bare_name(t, &len);
		if (!tag)
			return it_broken(t);
		struct it_node *tagged = it_with(t, IT_ABI, "", n);
		if (!tagged)
			return NULL;
		tagged->text = tag;
		tagged->n = len;
		n = tagged;
	}
	return n;
}

unsigned it_cv(struct it *t)
{
	unsigned q = und_eat_ch(&t->u, 'r') ? IT_RESTRICT : 0;
	q |= und_eat_ch(&t->u, 'V') ? IT_VOLATILE : 0;
	return q | (und_eat_ch(&t->u, 'K') ? IT_CONST : 0);
}

// Ul ... E: a lambda: its parameters, which may be auto, as if they were template parameters of it.
static struct it_node *closure(struct it *t)
{
	struct und *u = &t->u;
	struct it_node *n = it_new(t, IT_CLOSURE);
	size_t level = t->lambda_level, depth = t->params.n;
	t->lambda_level = depth;
	if (depth == IT_LEVELS) {
		und_fail(u, E_LIMIT, "decorated name is nested too deeply");
		return NULL;
	}
	struct it_list *outer = t->declared;
	t->declared = t->params.p[t->params.n++] = NEW(u->a, struct it_list);
	while (it_is_param_decl(t)) {
		struct it_node *d = it_param_decl(t);
		if (!d)
			return NULL;
		it_push(t, &n->args, d);
	}
	t->declared = outer;
	if (!n->args.n)
		t->params.n--;
	if (und_eat_ch(u, 'Q') && !(n->c = it_expr(t)))
		return NULL;
	bool good = und_eat(u, "vE") || it_until(t, &n->list, it_type, 'E');
	t->params.n = MIN(t->params.n, depth);
	t->lambda_level = level;
	n->text = u->p;
	n->n = it_digits(t, false);
	return good && und_eat_ch(u, '_') ? n : it_broken(t);
}

struct it_node *it_unnamed_type(struct it *t, struct it_state *s)
{
	struct und *u = &t->u;
	// T_ means the innermost arguments.
	if (s)
		t->params.n = 0;
	if (und_eat(u, "Ut")) {
		const char *number = u->p;
		size_t n = it_digits(t, false);
		if (!und_eat_ch(u, '_'))
			return it_broken(t);
		return it_text(t, arena_printf(u->a, "'unnamed%.*s'", (int)n, number));
	}
	if (und_eat(u, "Ul"))
		return closure(t);
	if (und_eat(u, "Ub")) {
		it_digits(t, false);
		return und_eat_ch(u, '_') ? it_text(t, "'block-literal'") : it_broken(t);
	}
	return it_broken(t);
}

static struct it_node *conversion(struct it *t, struct it_state *s)
{
	bool try_args = t->try_args, permit = t->permit_forward;
	t->try_args = false;
	// In the name of a function the type may use template arguments that come later.
	t->permit_forward = permit || s;
	struct it_node *type = it_type(t);
	t->try_args = try_args;
	t->permit_forward = permit;
	if (s)
		s->no_return = true;
	return it_with(t, IT_PREFIX, "operator ", type);
}

struct it_node *it_operator_name(struct it *t, struct it_state *s)
{
	struct und *u = &t->u;
	if (und_eat(u, "li"))
		return it_with(t, IT_PREFIX, "operator\"\" ", it_source_name(t));
	if (und_look(u, 0) == 'v' && und_is_digit(und_look(u, 1))) {
		u->p += 2;
		return it_with(t, IT_PREFIX, "operator ", it_source_name(t));
	}
	const struct it_operator *op = it_operator(t);
	if (!op || op->op >= OP_CAST || (op->op == OP_MEMBER && !op->flag))
		return it_broken(t);
	return op->op == OP_CCAST ? conversion(t, s) : it_text(t, op->name);
}

static struct it_node *ctor(struct it *t, struct it_node **of, struct it_state *s)
{
	struct und *u = &t->u;
	if ((*of)->kind == IT_SPECIAL && !(*of)->flag) { // std::string's is called basic_string
		struct it_node *n = it_new(t, IT_SPECIAL);
		*n = **of;
		n->flag = true;
		*of = n;
	}
	bool is_ctor = und_eat_ch(u, 'C'), inherited = is_ctor && und_eat_ch(u, 'I');
	if (!is_ctor)
		und_eat_ch(u, 'D');
	char c = und_look(u, 0);
	if (!c || !strchr(is_ctor ? "12345" : "01245", c))
		return it_broken(t);
	u->p++;
	if (s)
		s->no_return = true;
	if (inherited && !it_name(t, s))
		return NULL;
	struct it_node *n = it_with(t, IT_CTOR, "", *of);
	if (n)
		n->flag = !is_ctor;
	return n;
}

static struct it_node *unqualified_name(struct it *t, struct it_state *s, struct it_node *scope)
{
	struct und *u = &t->u;
	struct it_node *n;
	bool is_friend = scope && und_eat_ch(u, 'F');
	und_eat_ch(u, 'L');
	char c = und_look(u, 0);
	if (c >= '1' && c <= '9') {
		n = it_source_name(t);
	} else if (c == 'U') {
		n = it_unnamed_type(t, s);
	} else if (und_eat(u, "DC")) {
		n = it_new(t, IT_BINDING);
		if (!it_until(t, &n->list, it_source_name, 'E'))
			return NULL;
	} else if (c == 'C' || c == 'D') {
		n = scope ? ctor(t, &scope, s) : it_broken(t);
	} else if (c == 'W') {
		und_fail(u, E_UNSUPPORTED, "not supported: names of C++20 modules");
		return NULL;
	} else {
		n = it_operator_name(t, s);
	}
	n = abi_tags(t, n);
	return n && scope ? it_two(t, is_friend ? IT_FRIEND : IT_NESTED, scope, n) : n;
}

struct it_node *it_unscoped_name(struct it *t, struct it_state *s, bool *is_sub)
{
	struct und *u = &t->u;
	struct it_node *std = und_eat(u, "St") ? it_text(t, "std") : NULL;
	if (und_look(u, 0) == 'S') {
		if (std)
			return it_broken(t);
		*is_sub = true;
		return it_substitution(t);
	}
	return unqualified_name(t, s, std);
}

static struct it_node *nested_piece(struct it *t, struct it_state *s, struct it_node *so_far, bool *whole)
{
	struct und *u = &t->u;
	char c = und_look(u, 0);
	*whole = true;
	if (c == 'T')
		return so_far ? it_broken(t) : it_template_param(t);
	if (c == 'I') {
		if (!so_far || so_far->kind == IT_TEMPLATE)
			return it_broken(t);
		struct it_node *args = it_template_args(t, s);
		if (s)
			s->ends_with_args = true;
		return it_two(t, IT_TEMPLATE, so_far, args);
	}
	if (c == 'D' && (und_look(u, 1) == 't' || und_look(u, 1) == 'T'))
		return so_far ? it_broken(t) : it_decltype(t);
	if (c == 'S') {
		if (so_far)
			return it_broken(t);
		*whole = false; // remembered already
		return und_eat(u, "St") ? it_text(t, "std") : it_substitution(t);
	}
	return unqualified_name(t, s, so_far);
}

static struct it_node *nested_name(struct it *t, struct it_state *s)
{
	struct und *u = &t->u;
	bool has_this = und_eat_ch(u, 'H');
	unsigned quals = has_this ? 0 : it_cv(t);
	char ref = !has_this && (und_look(u, 0) == 'O' || und_look(u, 0) == 'R') ? *u->p++ : 0;
	if (s) {
		s->has_this = has_this;
		s->quals = quals;
		s->ref = ref;
	}
	struct it_node *so_far = NULL;
	while (!und_eat_ch(u, 'E')) {
		bool whole;
		if (s)
			s->ends_with_args = false;
		so_far = nested_piece(t, s, so_far, &whole);
		if (!so_far)
			return it_broken(t);
		if (!whole)
			continue;
		it_sub(t, so_far);
		und_eat_ch(u, 'M');
	}
	if (!so_far || !t->subs.n)
		return it_broken(t);
	t->subs.n--;
	return so_far;
}

static void discriminator(struct it *t)
{
	struct und *u = &t->u;
	const char *start = u->p;
	if (und_is_digit(und_look(u, 0))) { // an old form, only at the end
		it_digits(t, false);
		if (und_left(u))
			u->p = start;
		return;
	}
	if (!und_eat_ch(u, '_'))
		return;
	bool two = und_eat_ch(u, '_');
	size_t n = two ? it_digits(t, false) : und_is_digit(und_look(u, 0));
	u->p += !two && n;
	if (!n || (two && !und_eat_ch(u, '_')))
		u->p = start;
}

static struct it_node *local_name(struct it *t, struct it_state *s)
{
	struct und *u = &t->u;
	struct it_node *in = it_encoding(t);
	if (!in || !und_eat_ch(u, 'E'))
		return it_broken(t);
	if (und_eat_ch(u, 's')) {
		discriminator(t);
		return it_two(t, IT_LOCAL, in, it_text(t, "string literal"));
	}
	bool in_argument = und_eat_ch(u, 'd');
	if (in_argument) {
		it_digits(t, true);
		if (!und_eat_ch(u, '_'))
			return it_broken(t);
	}
	struct it_params outer = t->params;
	t->params.n = 0; // template arguments of the function mean nothing inside
	struct it_node *n = it_name(t, s);
	if (!s)
		t->params = outer;
	if (!in_argument)
		discriminator(t);
	return it_two(t, IT_LOCAL, in, n);
}

static struct it_node *name(struct it *t, struct it_state *s)
{
	struct und *u = &t->u;
	if (und_eat_ch(u, 'N'))
		return nested_name(t, s);
	if (und_eat_ch(u, 'Z'))
		return local_name(t, s);
	bool is_sub = false;
	struct it_node *n = it_unscoped_name(t, s, &is_sub);
	if (!n)
		return NULL;
	if (und_look(u, 0) != 'I')
		return is_sub ? it_broken(t) : n;
	if (!is_sub)
		it_sub(t, n);
	struct it_node *args = it_template_args(t, s);
	if (s)
		s->ends_with_args = true;
	return it_two(t, IT_TEMPLATE, n, args);
}

struct it_node *it_name(struct it *t, struct it_state *s)
{
	struct it_node *n = und_enter(&t->u) ? name(t, s) : NULL;
	und_leave(&t->u);
	return n;
}

static bool at_end(const struct it *t)
{
	char c = und_look(&t->u, 0);
	return !c || c == 'E' || c == '.' || c == '_';
}

static bool resolve_forwards(struct it *t, size_t from)
{
	for (size_t i = from; i < t->forwards.n; i++) {
		struct it_node *f = t->forwards.p[i];
		if (!t->params.n || !t->params.p[0] || f->number >= t->params.p[0]->n)
			return it_broken(t) != NULL;
		f->a = t->params.p[0]->p[f->number];
	}
	t->forwards.n = from;
	return true;
}

static struct it_node *function(struct it *t)
{
	struct und *u = &t->u;
	if (und_look(u, 0) == 'G' || und_look(u, 0) == 'T')
		return it_special_name(t);
	struct it_state s = { .forwards = t->forwards.n };
	struct it_node *n = it_name(t, &s);
	if (!n || !resolve_forwards(t, s.forwards))
		return NULL;
	if (at_end(t))
		return n;
	struct it_node *f = it_new(t, IT_ENCODING);
	f->b = n;
	f->quals = s.quals;
	f->ref = s.ref;
	f->flag = s.has_this;
	if (und_eat(u, "Ua9enable_ifI")) {
		f->c = it_new(t, IT_LIST);
		f->c->text = " [enable_if:";
		f->c->text2 = "]";
		if (!it_until(t, &f->c->list, it_template_arg, 'E'))
			return NULL;
	}
	if (!s.no_return && s.ends_with_args && !(f->a = it_type(t)))
		return NULL;
	if (!und_eat_ch(u, 'v')) {
		do {
			struct it_node *p = it_type(t);
			if (!p)
				return NULL;
			it_push(t, &f->list, p);
		} while (!at_end(t) && und_look(u, 0) != 'Q');
	}
	if (und_eat_ch(u, 'Q') && !(f->d = it_expr(t)))
		return NULL;
	return f;
}

struct it_node *it_encoding(struct it *t)
{
	// Its template arguments have nothing to do with those around it.
	struct it_params params = t->params;
	t->params.n = 0;
	struct it_node *n = und_enter(&t->u) ? function(t) : NULL;
	und_leave(&t->u);
	t->params = params;
	return n;
}

static struct it_node *whole(struct it *t)
{
	struct und *u = &t->u;
	struct it_node *n;
	bool block = und_eat(u, "____Z") || und_eat(u, "___Z");
	if (!block && !und_eat(u, "__Z") && !und_eat(u, "_Z"))
		return it_broken(t);
	n = it_encoding(t);
	if (!n)
		return NULL;
	if (block) {
		if (!und_eat(u, "_block_invoke"))
			return it_broken(t);
		bool number = und_eat_ch(u, '_');
		if (!it_digits(t, false) && number)
			return it_broken(t);
		n = it_with(t, IT_PREFIX, "invocation function for block in ", n);
		if (und_look(u, 0) == '.')
			u->p = u->end;
	} else if (und_look(u, 0) == '.') { // .cold, .part.0, .llvm.123
		n = it_with(t, IT_DOT, "", n);
		n->text = u->p;
		n->n = und_left(u);
		u->p = u->end;
	}
	return und_left(u) ? it_broken(t) : n;
}

static void read_name(struct und *u)
{
	struct it *t = NEW(u->a, struct it);
	t->u = *u;
	t->try_args = true;
	t->lambda_level = t->pack_index = t->pack_max = (size_t)IT_NONE;
	t->gt_is_gt = 1;
	struct it_node *n = whole(t);
	if (n && !und_bad(&t->u))
		it_put(t, n);
	else
		it_broken(t);
	*u = t->u;
}

err_t undname_itanium(struct arena *a, const char *name, unsigned flags, const char **ret)
{
	size_t n = strspn(name, "_");
	if (!n || n > 4 || name[n] != 'Z')
		return fail(E_NOTFOUND, "not a decorated name", 0);
	return und_run(a, name, flags, read_name, ret);
}
