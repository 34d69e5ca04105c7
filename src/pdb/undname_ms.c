// SPDX-License-Identifier: Apache-2.0
// undname_ms.c: reads MSVC names: symbols, scopes, operators and special names. The grammar is documented by LLVM's
// MicrosoftMangle.cpp and MicrosoftDemangle.cpp, and by Agner Fog's "Calling conventions" (chapter 8).
#include "pdb/undname_ms_int.h"

#include <string.h>

struct ms_node *ms_new(struct ms *m, enum ms_kind kind)
{
	struct ms_node *n = NEW(m->u.a, struct ms_node);
	n->kind = kind;
	return n;
}

struct ms_node *ms_text(struct ms *m, enum ms_kind kind, const char *text)
{
	struct ms_node *n = ms_new(m, kind);
	n->text = n->key = text;
	n->n = n->n_key = strlen(text);
	return n;
}

struct ms_node *ms_broken(struct ms *m)
{
	und_fail(&m->u, E_CORRUPT, "decorated name breaks the grammar");
	return NULL;
}

void ms_push(struct ms *m, struct ms_list *l, struct ms_node *n)
{
	if (l->n == l->cap) {
		size_t cap = MAX(l->cap * 2, (size_t)4);
		struct ms_node **p = NEW_N(m->u.a, struct ms_node *, cap);
		if (l->n)
			memcpy(p, l->p, l->n * sizeof(*p));
		l->p = p;
		l->cap = cap;
	}
	l->p[l->n++] = n;
}

// Back-references count different names; how they are decorated tells them apart, because arguments of a template refer
// to nothing outside of it.
void ms_remember(struct ms *m, struct ms_node *name)
{
	struct ms_backrefs *r = &m->refs;
	if (r->n_names == MS_BACKREFS || !name->n_key)
		return;
	for (size_t i = 0; i < r->n_names; i++)
		if (r->names[i]->n_key == name->n_key && memcmp(r->names[i]->key, name->key, name->n_key) == 0)
			return;
	r->names[r->n_names++] = name;
}

// 1 to 10 are one digit less one; others are hexadecimal with A to P for digits, then @. A sign is a leading ?.
uint64_t ms_number(struct ms *m, bool *negative)
{
	struct und *u = &m->u;
	*negative = und_eat_ch(u, '?');
	if (und_is_digit(und_look(u, 0)))
		return (uint64_t)(*u->p++ - '0') + 1;
	uint64_t v = 0;
	for (; u->p < u->end && *u->p >= 'A' && *u->p <= 'P'; u->p++)
		v = v << 4 | (uint64_t)(*u->p - 'A');
	if (!und_eat_ch(u, '@'))
		ms_broken(m);
	return v;
}

uint64_t ms_unsigned(struct ms *m)
{
	bool negative;
	uint64_t v = ms_number(m, &negative);
	if (negative)
		ms_broken(m);
	return v;
}

int64_t ms_signed(struct ms *m)
{
	bool negative;
	uint64_t v = ms_number(m, &negative);
	if (v > INT64_MAX) {
		ms_broken(m);
		return 0;
	}
	return negative ? -(int64_t)v : (int64_t)v;
}

static struct ms_node *simple_name(struct ms *m)
{
	struct und *u = &m->u;
	const char *at = u->p < u->end ? memchr(u->p, '@', und_left(u)) : NULL;
	if (!at || at == u->p)
		return ms_broken(m);
	struct ms_node *n = ms_new(m, MS_NAME);
	n->text = n->key = u->p;
	n->n = n->n_key = (size_t)(at - u->p);
	u->p = at + 1;
	return n;
}

// Operators and functions that compilers make: the character after ?, ?_ or ?__; their short names are LLVM's, dbghelp
// writes them out (undname_ms_put.c).
static const char *operator_text(const char *prefix, char c)
{
	static const char basic[][13] = { "new", "delete", "=", ">>", "<<", "!",   "==", "!=", "[]", "",   "->", "*",
					  "++",  "--",     "-", "+",  "&",  "->*", "/",  "%",  "<",  "<=", ">",  ">=",
					  ",",   "()",     "~", "^",  "|",  "&&",  "||", "*=", "+=", "-=" };
	static const char *const under[] = { "operator/=",
					     "operator%=",
					     "operator>>=",
					     "operator<<=",
					     "operator&=",
					     "operator|=",
					     "operator^=",
					     NULL,
					     NULL,
					     NULL,
					     NULL,
					     NULL,
					     NULL,
					     "`vbase dtor'",
					     "`vector deleting dtor'",
					     "`default ctor closure'",
					     "`scalar deleting dtor'",
					     "`vector ctor iterator'",
					     "`vector dtor iterator'",
					     "`vector vbase ctor iterator'",
					     "`virtual displacement map'",
					     "`eh vector ctor iterator'",
					     "`eh vector dtor iterator'",
					     "`eh vector vbase ctor iterator'",
					     "`copy ctor closure'",
					     NULL,
					     NULL,
					     NULL,
					     NULL,
					     "`local vftable ctor closure'",
					     "operator new[]",
					     "operator delete[]" };
	static const char *const two[] = { "`managed vector ctor iterator'",
					   "`managed vector dtor iterator'",
					   "`EH vector copy ctor iterator'",
					   "`EH vector vbase copy ctor iterator'",
					   NULL,
					   NULL,
					   "`vector copy ctor iterator'",
					   "`vector vbase copy constructor iterator'",
					   "`managed vector vbase copy constructor iterator'",
					   NULL,
					   NULL,
					   "operator co_await",
					   "operator<=>" };
	size_t i = und_is_digit(c) ? (size_t)(c - '0') : c >= 'A' && c <= 'Z' ? (size_t)(c - 'A') + 10 : 36;
	if (!*prefix)
		return i >= 2 && i - 2 < ARRAY_LEN(basic) ? basic[i - 2] : NULL;
	if (prefix[1])
		return i >= 10 && i - 10 < ARRAY_LEN(two) ? two[i - 10] : NULL;
	return i < ARRAY_LEN(under) ? under[i] : NULL;
}

// After the ?; the span of the text is its key.
static struct ms_node *operator_name(struct ms *m)
{
	struct und *u = &m->u;
	const char *start = u->p, *prefix = und_eat(u, "__") ? "__" : und_eat_ch(u, '_') ? "_" : "";
	char c = und_look(u, 0);
	u->p += u->p < u->end;
	struct ms_node *n;
	if (!*prefix && (c == '0' || c == '1')) {
		n = ms_new(m, MS_STRUCTOR);
		n->negative = c == '1';
	} else if (!*prefix && c == 'B') {
		n = ms_new(m, MS_CONV);
	} else if (prefix[0] && prefix[1] && c == 'K') {
		struct ms_node *name = simple_name(m);
		if (!name)
			return NULL;
		n = ms_text(m, MS_NAME, arena_printf(u->a, "operator \"\"%.*s", (int)name->n, name->text));
	} else {
		const char *text = operator_text(prefix, c);
		if (!text)
			return ms_broken(m);
		bool word = !*prefix && (*text == 'n' || *text == 'd');
		n = ms_text(m, MS_NAME, *prefix ? text : arena_printf(u->a, word ? "operator %s" : "operator%s", text));
	}
	n->key = start;
	n->n_key = (size_t)(u->p - start);
	return n;
}

static struct ms_node *back_reference(struct ms *m)
{
	size_t i = (size_t)(*m->u.p - '0');
	if (i >= m->refs.n_names)
		return ms_broken(m);
	m->u.p++;
	return m->refs.names[i];
}

// ?$name@arguments@; has back-references of its own. `leaf`: of a symbol, which may be an operator or constructor.
static struct ms_node *template_name(struct ms *m, bool leaf)
{
	struct und *u = &m->u;
	const char *start = u->p;
	u->p += 2;
	struct ms_backrefs outer = m->refs;
	m->refs = (struct ms_backrefs){ 0 };
	struct ms_node *n = NULL, *args = NULL, *name = NULL;
	if (und_enter(u)) {
		char c = und_look(u, 0);
		if (und_is_digit(c) || (c == '?' && und_look(u, 1) == '$'))
			name = ms_piece(m, true);
		else if (und_eat_ch(u, '?'))
			name = operator_name(m);
		else if ((name = simple_name(m)))
			ms_remember(m, name);
		args = name ? ms_template_args(m) : NULL;
	}
	und_leave(u);
	m->refs = outer;
	if (!args)
		return ms_broken(m);
	if (!leaf && (name->kind == MS_CONV || name->kind == MS_STRUCTOR))
		return ms_broken(m);
	n = ms_new(m, name->kind);
	*n = *name;
	n->args = args;
	n->key = start;
	n->n_key = (size_t)(u->p - start);
	if (!leaf)
		ms_remember(m, n);
	return n;
}

// ?1? and ?BA@? open the name of a function, whose inside is numbered; ?A opens an anonymous namespace.
static bool is_local_scope(const struct und *u)
{
	const char *p = u->p + 1, *end = memchr(p, '?', und_left(u) - 1);
	if (!end || end == p)
		return false;
	if (end == p + 1)
		return *p == '@' || und_is_digit(*p);
	if (end[-1] != '@' || *p < 'B' || *p > 'P')
		return false;
	for (end--; p < end; p++)
		if (*p < 'A' || *p > 'P')
			return false;
	return true;
}

static struct ms_node *local_scope(struct ms *m)
{
	struct und *u = &m->u;
	u->p++;
	struct ms_node *n = ms_new(m, MS_LOCAL);
	bool negative;
	n->number = ms_number(m, &negative);
	und_eat_ch(u, '?');
	n->a = ms_symbol(m);
	return n->a ? n : NULL;
}

static struct ms_node *anonymous_namespace(struct ms *m)
{
	struct und *u = &m->u;
	const char *at = memchr(u->p, '@', und_left(u));
	if (!at)
		return ms_broken(m);
	struct ms_node *n = ms_new(m, MS_ANON);
	n->key = u->p + 2;
	n->n_key = (size_t)(at - n->key);
	u->p = at + 1;
	ms_remember(m, n);
	return n;
}

struct ms_node *ms_piece(struct ms *m, bool remember)
{
	struct und *u = &m->u;
	if (und_is_digit(und_look(u, 0)))
		return back_reference(m);
	if (und_look(u, 0) == '?' && und_look(u, 1) == '$')
		return template_name(m, false);
	struct ms_node *n = simple_name(m);
	if (n && remember)
		ms_remember(m, n);
	return n;
}

struct ms_node *ms_scopes(struct ms *m, struct ms_node *innermost)
{
	struct und *u = &m->u;
	struct ms_node *q = ms_new(m, MS_QNAME);
	ms_push(m, &q->list, innermost);
	while (!und_eat_ch(u, '@')) {
		struct ms_node *n;
		if (und_look(u, 0) == '?' && und_look(u, 1) == 'A')
			n = anonymous_namespace(m);
		else if (und_look(u, 0) == '?' && und_look(u, 1) != '$' && is_local_scope(u))
			n = local_scope(m);
		else
			n = ms_piece(m, true);
		if (!n)
			return ms_broken(m);
		ms_push(m, &q->list, n);
	}
	return q;
}

struct ms_node *ms_type_name(struct ms *m)
{
	struct ms_node *n = ms_piece(m, true);
	return n ? ms_scopes(m, n) : NULL;
}

static struct ms_node *symbol_name(struct ms *m)
{
	struct und *u = &m->u;
	struct ms_node *n;
	char c = und_look(u, 0);
	if (und_is_digit(c)) {
		n = back_reference(m);
	} else if (c == '?' && und_look(u, 1) == '$') {
		n = template_name(m, true);
	} else if (und_eat_ch(u, '?')) {
		n = operator_name(m);
	} else if ((n = simple_name(m))) {
		ms_remember(m, n);
	}
	struct ms_node *q = n ? ms_scopes(m, n) : NULL;
	if (!q)
		return NULL;
	if (n->kind == MS_STRUCTOR) {
		if (q->list.n < 2)
			return ms_broken(m);
		n->a = q->list.p[1];
	}
	return q;
}

static struct ms_node *variable(struct ms *m)
{
	static const unsigned classes[] = { MS_PRIVATE | MS_STATIC, MS_PROTECTED | MS_STATIC, MS_PUBLIC | MS_STATIC, 0,
					    0 };
	struct und *u = &m->u;
	struct ms_node *v = ms_new(m, MS_SYM_VAR);
	v->cls = classes[*u->p++ - '0'];
	v->a = ms_type(m, MS_DROP);
	if (!v->a)
		return NULL;
	bool member;
	if (v->a->kind == MS_PTR) {
		v->a->quals |= ms_pointer_ext(m);
		unsigned pointee = ms_qualifiers(m, &member);
		if (v->a->b && !ms_type_name(m))
			return NULL;
		v->a->a->quals |= pointee;
	} else {
		v->a->quals = ms_qualifiers(m, &member);
	}
	return und_bad(u) ? NULL : v;
}

// A name, and what it names.
static struct ms_node *declarator(struct ms *m)
{
	struct ms_node *name = symbol_name(m);
	if (!name)
		return NULL;
	char c = und_look(&m->u, 0);
	struct ms_node *s = c >= '0' && c <= '4' ? variable(m) : ms_function(m);
	if (!s)
		return ms_broken(m);
	s->b = name;
	struct ms_node *n = name->list.p[0];
	if (n->kind == MS_CONV && !n->a) {
		if (s->kind != MS_SYM_FUNC || !s->a->a)
			return ms_broken(m);
		n->a = s->a->a;
		s->a->brief = m->u.flags & UNDNAME_DBGHELP;
	}
	return s;
}

static struct ms_node *table(struct ms *m, const char *text)
{
	struct und *u = &m->u;
	struct ms_node *t = ms_new(m, MS_SYM_TABLE);
	t->b = ms_scopes(m, ms_text(m, MS_NAME, text));
	if (!t->b || (!und_eat_ch(u, '6') && !und_eat_ch(u, '7')))
		return ms_broken(m);
	bool member;
	t->quals = ms_qualifiers(m, &member);
	while (!und_eat_ch(u, '@')) {
		struct ms_node *base = ms_type_name(m);
		if (!base)
			return NULL;
		ms_push(m, &t->list, base);
	}
	return t;
}

static struct ms_node *untyped(struct ms *m, const char *text, bool needs_8)
{
	struct ms_node *v = ms_new(m, MS_SYM_VAR);
	v->b = ms_scopes(m, ms_text(m, MS_NAME, text));
	if (!v->b || (!und_eat_ch(&m->u, '8') && needs_8))
		return ms_broken(m);
	return v;
}

static struct ms_node *base_descriptor(struct ms *m)
{
	uint64_t nv = ms_unsigned(m);
	int64_t vbptr = ms_signed(m);
	uint64_t vbtable = ms_unsigned(m), flags = ms_unsigned(m);
	if (und_bad(&m->u))
		return NULL;
	// The numbers are 32 bits wide in the image.
	return untyped(m,
		       arena_printf(m->u.a, "`RTTI Base Class Descriptor at (%u,%d,%u,%u)'", (unsigned)nv, (int)vbptr,
				    (unsigned)vbtable, (unsigned)flags),
		       false);
}

static struct ms_node *guard(struct ms *m, const char *what)
{
	struct und *u = &m->u;
	struct ms_node *name = ms_new(m, MS_NAME), *s = ms_new(m, MS_SYM_VAR);
	s->b = ms_scopes(m, name);
	if (!s->b || (!und_eat(u, "4IA") && !und_eat_ch(u, '5')))
		return ms_broken(m);
	uint64_t scope = und_left(u) ? ms_unsigned(m) : 0;
	// The quotation mark at the end is Microsoft's.
	const char *end = u->flags & UNDNAME_DBGHELP ? "'" : "";
	const char *text =
		scope ? arena_printf(u->a, "`%s'{%u}%s", what, (unsigned)scope, end) : arena_printf(u->a, "`%s'", what);
	name->text = text;
	name->n = strlen(text);
	return s;
}

static struct ms_node *vcall(struct ms *m)
{
	struct und *u = &m->u;
	struct ms_node *name = ms_new(m, MS_NAME), *s = ms_new(m, MS_SYM_FUNC);
	s->b = ms_scopes(m, name);
	if (!s->b || !und_eat(u, "$B"))
		return ms_broken(m);
	uint64_t at = ms_unsigned(m);
	if (!und_eat_ch(u, 'A'))
		return ms_broken(m);
	s->a = ms_new(m, MS_FUNC);
	s->a->cls = MS_NO_PARAMS | MS_THUNK;
	s->a->convention = ms_convention(m);
	name->text = arena_printf(u->a, "`vcall'{%llu,{flat}}%s", (unsigned long long)at,
				  u->flags & UNDNAME_DBGHELP ? "' }'" : "");
	name->n = strlen(name->text);
	return und_bad(u) ? NULL : s;
}

// What runs for a variable before and after main: of a variable with its type, or of a name alone.
static struct ms_node *dynamic(struct ms *m, const char *text)
{
	struct und *u = &m->u;
	struct ms_node *d = ms_text(m, MS_DYNAMIC, text), *q = ms_new(m, MS_QNAME), *f;
	bool is_member = und_eat_ch(u, '?');
	struct ms_node *s = declarator(m);
	if (!s)
		return NULL;
	if (s->kind == MS_SYM_VAR) {
		// Old clang wrote neither the leading ? nor the second @.
		if (!und_eat_ch(u, '@') || (is_member && !und_eat_ch(u, '@')))
			return ms_broken(m);
		d->a = s;
		f = ms_function(m);
	} else {
		d->a = s->b;
		f = s;
	}
	if (!f || (s->kind != MS_SYM_VAR && is_member))
		return ms_broken(m);
	ms_push(m, &q->list, d);
	f->b = q;
	return f;
}

static struct ms_node *type_descriptor(struct ms *m, const char *text, const char *end)
{
	struct ms_node *v = ms_new(m, MS_SYM_VAR);
	v->a = ms_type(m, MS_RESULT);
	if (!v->a || !und_eat(&m->u, end) || und_left(&m->u))
		return ms_broken(m);
	v->b = ms_new(m, MS_QNAME);
	ms_push(m, &v->b->list, ms_text(m, MS_NAME, text));
	return v;
}

// A name that was too long for the compiler: ??@, its MD5, @; only that can be shown.
static struct ms_node *md5(struct ms *m)
{
	struct und *u = &m->u;
	struct ms_node *n = ms_new(m, MS_SYM_TEXT);
	const char *at = memchr(u->p + 3, '@', und_left(u) - 3);
	if (!at)
		return ms_broken(m);
	n->text = u->p;
	u->p = at + 1;
	und_eat(u, "??_R4@");
	n->n = (size_t)(u->p - n->text);
	return n;
}

static struct ms_node *symbol(struct ms *m)
{
	struct und *u = &m->u;
	if (und_eat_ch(u, '.'))
		return type_descriptor(m, "`RTTI Type Descriptor Name'", "");
	if (und_left(u) > 3 && memcmp(u->p, "??@", 3) == 0)
		return md5(m);
	if (!und_eat_ch(u, '?'))
		return ms_broken(m);
	if (und_eat(u, "?_7"))
		return table(m, "`vftable'");
	if (und_eat(u, "?_8"))
		return table(m, "`vbtable'");
	if (und_eat(u, "?_S"))
		return table(m, "`local vftable'");
	if (und_eat(u, "?_R4"))
		return table(m, "`RTTI Complete Object Locator'");
	if (und_eat(u, "?_9"))
		return vcall(m);
	if (und_eat(u, "?_B"))
		return guard(m, "local static guard");
	if (und_eat(u, "?__J"))
		return guard(m, "local static thread guard");
	if (und_eat(u, "?_C"))
		return ms_string(m);
	if (und_eat(u, "?_R0"))
		return type_descriptor(m, "`RTTI Type Descriptor'", "@8");
	if (und_eat(u, "?_R1"))
		return base_descriptor(m);
	if (und_eat(u, "?_R2"))
		return untyped(m, "`RTTI Base Class Array'", true);
	if (und_eat(u, "?_R3"))
		return untyped(m, "`RTTI Class Hierarchy Descriptor'", true);
	if (und_eat(u, "?__E"))
		return dynamic(m, "`dynamic initializer for ");
	if (und_eat(u, "?__F"))
		return dynamic(m, "`dynamic atexit destructor for ");
	return declarator(m);
}

struct ms_node *ms_symbol(struct ms *m)
{
	struct ms_node *s = und_enter(&m->u) ? symbol(m) : NULL;
	und_leave(&m->u);
	return und_bad(&m->u) ? NULL : s;
}

static void read_name(struct und *u)
{
	struct ms m = { .u = *u };
	struct ms_node *s = ms_symbol(&m);
	if (s && und_left(&m.u))
		und_fail(&m.u, E_CORRUPT, "decorated name goes on after its end");
	if (s && !und_bad(&m.u))
		ms_put(&m.u, s);
	*u = m.u;
}

err_t undname(struct arena *a, const char *name, unsigned flags, const char **ret)
{
	if (name[0] != '?' && name[0] != '.')
		return und_c_name(a, name, ret);
	err_t e = und_run(a, name, flags, read_name, ret);
	// Much else begins with a dot.
	bool plain = name[0] == '.' && !(name[1] == '?' && name[2] == 'A');
	return e.code == E_CORRUPT && plain ? fail(E_NOTFOUND, "not a decorated name", 0) : e;
}
