// SPDX-License-Identifier: Apache-2.0
// undname_ms_put.c: writes MSVC names. C++ types are written around what they are types of, so there is a part before
// and a part after. Where LLVM's spelling and dbghelp's differ, UNDNAME_DBGHELP decides.
#include "pdb/undname_ms_int.h"

#include <string.h>

static void put_before(struct und *u, const struct ms_node *t);
static void put_after(struct und *u, const struct ms_node *t);
static void put_name(struct und *u, const struct ms_node *n);

static bool dbghelp(const struct und *u)
{
	return u->flags & UNDNAME_DBGHELP;
}

static void put_space(struct und *u)
{
	char c = und_last(u);
	if (und_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '>' ||
	    (dbghelp(u) && c && c != ' ' && c != '('))
		und_put_ch(u, ' ');
}

static void put_quals(struct und *u, unsigned q, bool space)
{
	static const char *const words[] = { "const", "volatile", "__restrict" };
	for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
		if (!(q & 1u << i))
			continue;
		if (space)
			und_put_ch(u, ' ');
		und_put(u, words[i]);
		space = true;
	}
}

static void put_list(struct und *u, const struct ms_list *l, const char *between)
{
	for (size_t i = 0; i < l->n && !und_bad(u); i++) {
		if (i)
			und_put(u, between);
		ms_put(u, l->p[i]);
	}
}

static void put_convention(struct und *u, const struct ms_node *f)
{
	put_space(u);
	if (f->convention)
		und_put(u, f->convention);
}

// Everything before the calling convention.
static void put_signature(struct und *u, const struct ms_node *f)
{
	if (f->cls & MS_THUNK)
		und_put(u, dbghelp(u) ? "[thunk]:" : "[thunk]: ");
	und_put(u, f->cls & MS_PUBLIC      ? "public: "
		   : f->cls & MS_PROTECTED ? "protected: "
		   : f->cls & MS_PRIVATE   ? "private: "
					   : "");
	if (f->cls & MS_STATIC)
		und_put(u, "static ");
	if (f->cls & MS_VIRTUAL)
		und_put(u, "virtual ");
	if (f->cls & MS_EXTERN_C)
		und_put(u, "extern \"C\" ");
	if (f->a && !f->brief) {
		put_before(u, f->a);
		und_put_ch(u, ' ');
	}
}

static void put_adjustment(struct und *u, const struct ms_node *f)
{
	const char *word = f->cls & MS_VTORDISPEX ? "`vtordispex{" : f->cls & MS_VTORDISP ? "`vtordisp{" : "`adjustor{";
	size_t n = f->cls & MS_VTORDISPEX ? 4 : f->cls & MS_VTORDISP ? 2 : f->cls & MS_ADJUST ? 1 : 0;
	if (!n)
		return;
	und_put(u, word);
	for (size_t i = 4 - n; i < 4; i++) {
		// 32 bits in the image; the last is an unsigned distance.
		int32_t v = (int32_t)f->offsets[i];
		if (i == 3)
			und_put_num(u, (uint32_t)v, false);
		else
			und_put_num(u, (uint64_t)(v < 0 ? -(int64_t)v : v), v < 0);
		und_put(u, i == 3 ? "}'" : ",");
	}
	if (dbghelp(u) && !und_name_only(u))
		und_put_ch(u, ' ');
}

static void put_parameters(struct und *u, const struct ms_node *f)
{
	und_put_ch(u, '(');
	put_list(u, &f->list, ",");
	if (f->no_params)
		und_put(u, "void");
	if (f->variadic)
		und_put(u, f->list.n ? ",..." : "...");
	und_put_ch(u, ')');
}

// Everything after the name.
static void put_function_end(struct und *u, const struct ms_node *f)
{
	if (!(f->cls & MS_NO_PARAMS))
		put_parameters(u, f);
	put_quals(u, f->quals, true);
	if (f->quals & MS_UNALIGNED)
		und_put(u, " __unaligned");
	if (f->noexcept)
		und_put(u, " noexcept");
	if (f->ref)
		und_put(u, f->ref == 'G' ? " &" : " &&");
	if (f->a && !f->brief)
		put_after(u, f->a);
}

static void put_pointer(struct und *u, const struct ms_node *t)
{
	const struct ms_node *to = t->a;
	if (to->kind == MS_FUNC)
		put_signature(u, to);
	else
		put_before(u, to);
	put_space(u);
	if (t->quals & MS_UNALIGNED)
		und_put(u, "__unaligned ");
	if (to->kind == MS_ARRAY || to->kind == MS_FUNC)
		und_put_ch(u, '(');
	if (to->kind == MS_FUNC) {
		put_convention(u, to);
		if (t->b || !dbghelp(u))
			und_put_ch(u, ' ');
	}
	if (t->b) {
		ms_put(u, t->b);
		und_put(u, "::");
	}
	und_putn(u, t->text, t->n);
	put_quals(u, t->quals, dbghelp(u));
	if (t->list.n) {
		und_put(u, "__ptrauth(");
		put_list(u, &t->list, ",");
		und_put_ch(u, ')');
	}
}

static void put_before_now(struct und *u, const struct ms_node *t)
{
	switch (t->kind) {
	case MS_PRIM:
		und_putn(u, t->text, t->n);
		put_quals(u, t->quals, true);
		break;
	case MS_TAG:
		if (!und_name_only(u))
			und_putn(u, t->text, t->n);
		ms_put(u, t->a);
		put_quals(u, t->quals, true);
		break;
	case MS_PTR:
		put_pointer(u, t);
		break;
	case MS_ARRAY:
		put_before(u, t->a);
		put_quals(u, t->quals, true);
		break;
	case MS_FUNC:
		put_signature(u, t);
		put_convention(u, t);
		break;
	default: // MS_CUSTOM
		put_name(u, t->a);
	}
}

static void put_before(struct und *u, const struct ms_node *t)
{
	if (und_enter(u))
		put_before_now(u, t);
	und_leave(u);
}

static void put_array_end(struct und *u, const struct ms_node *t)
{
	und_put_ch(u, '[');
	for (size_t i = 0; i < t->list.n; i++) {
		if (i)
			und_put(u, "][");
		if (t->list.p[i]->number)
			und_put_num(u, t->list.p[i]->number, false);
	}
	und_put_ch(u, ']');
	put_after(u, t->a);
}

static void put_after(struct und *u, const struct ms_node *t)
{
	if (und_enter(u)) {
		if (t->kind == MS_PTR) {
			if (t->a->kind == MS_ARRAY || t->a->kind == MS_FUNC)
				und_put_ch(u, ')');
			put_after(u, t->a);
		} else if (t->kind == MS_ARRAY) {
			put_array_end(u, t);
		} else if (t->kind == MS_FUNC) {
			put_function_end(u, t);
		}
	}
	und_leave(u);
}

// LLVM says ctor and dtor in the names of functions that compilers make.
static void put_words(struct und *u, const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool tor = n - i > 4 && (text[i] == 'c' || text[i] == 'd') && memcmp(text + i + 1, "tor", 3) == 0;
		if (!tor || text[i - 1] != ' ') {
			und_put_ch(u, text[i]);
			continue;
		}
		und_put(u, text[i] == 'c' ? "constructor" : "destructor");
		i += 3;
	}
}

static void put_name_now(struct und *u, const struct ms_node *n)
{
	switch (n->kind) {
	case MS_STRUCTOR:
		if (n->negative)
			und_put_ch(u, '~');
		put_name(u, n->a);
		break;
	case MS_CONV:
		und_put(u, "operator");
		break;
	case MS_DYNAMIC:
		und_putn(u, n->text, n->n);
		und_put_ch(u, n->a->kind == MS_SYM_VAR ? '`' : '\'');
		ms_put(u, n->a);
		und_put(u, "''");
		break;
	case MS_LOCAL:
		und_put_ch(u, '`');
		ms_put(u, n->a);
		und_put(u, "'::`");
		und_put_num(u, n->number, false);
		und_put_ch(u, '\'');
		break;
	case MS_ANON:
		und_put(u, "`anonymous namespace'");
		break;
	default: // MS_NAME
		if (dbghelp(u) && n->n && n->text[0] == '`')
			put_words(u, n->text, n->n);
		else
			und_putn(u, n->text, n->n);
	}
	if (n->args) {
		und_put_ch(u, '<');
		put_list(u, &n->args->list, ",");
		if (dbghelp(u) && und_last(u) == '>')
			und_put_ch(u, ' ');
		und_put_ch(u, '>');
	}
	if (n->kind == MS_CONV && n->a) {
		und_put_ch(u, ' ');
		ms_put(u, n->a);
	}
}

static void put_name(struct und *u, const struct ms_node *n)
{
	if (und_enter(u))
		put_name_now(u, n);
	und_leave(u);
}

static void put_qname(struct und *u, const struct ms_node *q)
{
	for (size_t i = q->list.n; i-- > 0 && !und_bad(u);) {
		put_name(u, q->list.p[i]);
		if (i)
			und_put(u, "::");
	}
}

static void put_reference(struct und *u, const struct ms_node *r)
{
	if (r->number)
		und_put_ch(u, '{');
	else
		und_putn(u, r->text, r->n);
	if (r->a)
		ms_put(u, r->a);
	for (uint64_t i = 0; i < r->number; i++) {
		if (i || r->a)
			und_put_ch(u, ',');
		int64_t v = r->offsets[i];
		und_put_num(u, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, v < 0);
	}
	if (r->number)
		und_put_ch(u, '}');
}

static void put_function(struct und *u, const struct ms_node *s)
{
	if (und_name_only(u)) {
		if (s->a->cls & MS_THUNK)
			und_put(u, "[thunk]:");
		ms_put(u, s->b);
		put_adjustment(u, s->a);
		return;
	}
	put_signature(u, s->a);
	put_convention(u, s->a);
	put_space(u);
	ms_put(u, s->b);
	put_adjustment(u, s->a);
	put_function_end(u, s->a);
}

static void put_variable(struct und *u, const struct ms_node *s)
{
	const struct ms_node *last = s->b->list.p[0];
	// The type belongs to the name of a type descriptor.
	bool typed = s->a && (!und_name_only(u) || (last->n && last->text[0] == '`'));
	if (!und_name_only(u)) {
		und_put(u, s->cls & MS_PUBLIC      ? "public: "
			   : s->cls & MS_PROTECTED ? "protected: "
			   : s->cls & MS_PRIVATE   ? "private: "
						   : "");
		if (s->cls & MS_STATIC)
			und_put(u, "static ");
	}
	if (typed) {
		put_before(u, s->a);
		put_space(u);
	}
	ms_put(u, s->b);
	if (typed)
		put_after(u, s->a);
}

static void put_table(struct und *u, const struct ms_node *s)
{
	if (!und_name_only(u) && s->quals) {
		put_quals(u, s->quals, false);
		und_put_ch(u, ' ');
	}
	ms_put(u, s->b);
	if (s->list.n) {
		und_put(u, "{for `");
		put_list(u, &s->list, "'s `");
		und_put(u, "'}");
	}
}

static void put_now(struct und *u, const struct ms_node *n)
{
	switch (n->kind) {
	case MS_QNAME:
		put_qname(u, n);
		break;
	case MS_INT:
		und_put_num(u, n->number, n->negative);
		break;
	case MS_REF:
		put_reference(u, n);
		break;
	case MS_SYM_FUNC:
		put_function(u, n);
		break;
	case MS_SYM_VAR:
		put_variable(u, n);
		break;
	case MS_SYM_TABLE:
		put_table(u, n);
		break;
	case MS_SYM_STRING:
	case MS_SYM_TEXT:
		if (n->kind == MS_SYM_STRING && dbghelp(u))
			und_put(u, "`string'");
		else
			und_putn(u, n->text, n->n);
		break;
	case MS_PRIM:
	case MS_TAG:
	case MS_PTR:
	case MS_ARRAY:
	case MS_FUNC:
	case MS_CUSTOM:
		put_before(u, n);
		put_after(u, n);
		break;
	default:
		put_name(u, n);
	}
}

void ms_put(struct und *u, const struct ms_node *n)
{
	if (und_enter(u))
		put_now(u, n);
	und_leave(u);
}
