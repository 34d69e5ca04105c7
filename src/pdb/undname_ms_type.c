// SPDX-License-Identifier: Apache-2.0
// undname_ms_type.c: reads the types, functions and template arguments of MSVC names; see undname_ms.c.
#include "pdb/undname_ms_int.h"

#include <string.h>

unsigned ms_qualifiers(struct ms *m, bool *member)
{
	struct und *u = &m->u;
	char c = und_look(u, 0);
	*member = c >= 'Q' && c <= 'T';
	if (!*member && !(c >= 'A' && c <= 'D')) {
		ms_broken(m);
		return 0;
	}
	u->p++;
	return (unsigned)(c - (*member ? 'Q' : 'A')); // const is 1, volatile 2
}

unsigned ms_pointer_ext(struct ms *m)
{
	struct und *u = &m->u;
	unsigned q = 0;
	und_eat_ch(u, 'E'); // __ptr64
	q |= und_eat_ch(u, 'I') ? MS_RESTRICT : 0;
	q |= und_eat_ch(u, 'F') ? MS_UNALIGNED : 0;
	return q;
}

const char *ms_convention(struct ms *m)
{
	// Odd letters are the same with __export, a word of 16-bit compilers.
	static const char *const names[] = { "__cdecl", "__pascal",  "__thiscall", "__stdcall",   "__fastcall",
					     NULL,      "__clrcall", "__eabi",     "__vectorcall" };
	struct und *u = &m->u;
	char c = und_look(u, 0);
	if (!c) {
		ms_broken(m);
		return "";
	}
	u->p++;
	if (c == 'S')
		return "__attribute__((__swiftcall__)) ";
	if (c == 'W')
		return "__attribute__((__swiftasynccall__)) ";
	if (c == 'w')
		return "__regcall";
	size_t i = (size_t)(c - 'A') / 2;
	return c >= 'A' && c <= 'Q' && names[i] ? names[i] : "";
}

static struct ms_node *primitive(struct ms *m)
{
	static const char *const plain[26] = {
		['C' - 'A'] = "signed char",  ['D' - 'A'] = "char",           ['E' - 'A'] = "unsigned char",
		['F' - 'A'] = "short",        ['G' - 'A'] = "unsigned short", ['H' - 'A'] = "int",
		['I' - 'A'] = "unsigned int", ['J' - 'A'] = "long",           ['K' - 'A'] = "unsigned long",
		['M' - 'A'] = "float",        ['N' - 'A'] = "double",         ['O' - 'A'] = "long double",
		['X' - 'A'] = "void"
	};
	static const char *const under[26] = { ['D' - 'A'] = "__int8",         ['E' - 'A'] = "unsigned __int8",
					       ['F' - 'A'] = "__int16",        ['G' - 'A'] = "unsigned __int16",
					       ['H' - 'A'] = "__int32",        ['I' - 'A'] = "unsigned __int32",
					       ['J' - 'A'] = "__int64",        ['K' - 'A'] = "unsigned __int64",
					       ['L' - 'A'] = "__int128",       ['M' - 'A'] = "unsigned __int128",
					       ['N' - 'A'] = "bool",           ['P' - 'A'] = "auto",
					       ['Q' - 'A'] = "char8_t",        ['S' - 'A'] = "char16_t",
					       ['T' - 'A'] = "decltype(auto)", ['U' - 'A'] = "char32_t",
					       ['W' - 'A'] = "wchar_t" };
	struct und *u = &m->u;
	if (und_eat(u, "$$T"))
		return ms_text(m, MS_PRIM, "std::nullptr_t");
	const char *const *table = und_eat_ch(u, '_') ? under : plain;
	char c = und_look(u, 0);
	if (c < 'A' || c > 'Z' || !table[c - 'A'])
		return ms_broken(m);
	u->p++;
	return ms_text(m, MS_PRIM, table[c - 'A']);
}

static struct ms_node *tag(struct ms *m)
{
	static const char *const words[] = { "union ", "struct ", "class ", "enum " };
	struct und *u = &m->u;
	struct ms_node *t = ms_text(m, MS_TAG, words[*u->p - 'T']);
	bool is_enum = *u->p++ == 'W';
	// The digit is the type that holds the enum; only 4, int, is written today.
	if (is_enum && und_look(u, 0) >= '0' && und_look(u, 0) <= '7')
		u->p++;
	else if (is_enum)
		return ms_broken(m);
	t->a = ms_type_name(m);
	return t->a ? t : NULL;
}

// __ptrauth(key, address discriminated, extra discriminator) of clang for ARM64.
static void pointer_auth(struct ms *m, struct ms_node *t)
{
	if (!und_eat(&m->u, "__ptrauth"))
		return;
	for (int i = 0; i < 3; i++) {
		struct ms_node *n = ms_new(m, MS_INT);
		n->number = ms_unsigned(m);
		ms_push(m, &t->list, n);
	}
}

// After the character or characters that say which pointer it is.
static struct ms_node *pointee(struct ms *m, struct ms_node *t, bool may_be_member)
{
	struct und *u = &m->u;
	if (und_eat_ch(u, '6')) {
		t->a = ms_function_type(m, false);
		return t->a ? t : NULL;
	}
	bool member;
	t->quals |= ms_pointer_ext(m);
	if (may_be_member && und_eat_ch(u, '8')) {
		t->b = ms_type_name(m);
		t->a = t->b ? ms_function_type(m, true) : NULL;
		return t->a ? t : NULL;
	}
	pointer_auth(m, t);
	unsigned q = ms_qualifiers(m, &member);
	if (member && !may_be_member)
		return ms_broken(m);
	if (member && !(t->b = ms_type_name(m)))
		return NULL;
	t->a = ms_type(m, MS_DROP);
	if (t->a && member)
		t->a->quals = q;
	else if (t->a)
		t->a->quals |= q;
	return t->a ? t : NULL;
}

static struct ms_node *pointer(struct ms *m)
{
	struct und *u = &m->u;
	if (und_eat(u, "$$Q") || und_eat(u, "$$R"))
		return pointee(m, ms_text(m, MS_PTR, "&&"), false);
	char c = *u->p++;
	struct ms_node *t = ms_text(m, MS_PTR, c == 'A' || c == 'B' ? "&" : "*");
	t->quals = c >= 'P' ? (unsigned)(c - 'P') : c == 'B' ? (unsigned)MS_VOLATILE : 0;
	return pointee(m, t, c >= 'P');
}

static struct ms_node *array(struct ms *m)
{
	struct und *u = &m->u;
	u->p++;
	struct ms_node *t = ms_new(m, MS_ARRAY);
	uint64_t rank = ms_unsigned(m);
	if (!rank || rank > und_left(u)) // each dimension takes a character
		return ms_broken(m);
	for (uint64_t i = 0; i < rank && !und_bad(u); i++) {
		struct ms_node *d = ms_new(m, MS_INT);
		d->number = ms_unsigned(m);
		ms_push(m, &t->list, d);
	}
	bool member = false;
	if (und_eat(u, "$$C"))
		t->quals = ms_qualifiers(m, &member);
	if (member)
		return ms_broken(m);
	t->a = ms_type(m, MS_DROP);
	return t->a ? t : NULL;
}

static bool parameters(struct ms *m, struct ms_node *f)
{
	struct und *u = &m->u;
	f->no_params = und_eat_ch(u, 'X');
	if (f->no_params)
		return true;
	struct ms_backrefs *r = &m->refs;
	while (!und_bad(u) && und_look(u, 0) != '@' && und_look(u, 0) != 'Z') {
		struct ms_node *t;
		const char *start = u->p;
		if (und_is_digit(und_look(u, 0))) {
			size_t i = (size_t)(*u->p++ - '0');
			t = i < r->n_params ? r->params[i] : ms_broken(m);
		} else {
			t = ms_type(m, MS_DROP);
			// What takes one character is not worth remembering.
			if (t && r->n_params < MS_BACKREFS && u->p - start > 1)
				r->params[r->n_params++] = t;
		}
		if (!t)
			return false;
		ms_push(m, &f->list, t);
	}
	f->variadic = und_look(u, 0) == 'Z';
	u->p += u->p < u->end;
	return !und_bad(u);
}

struct ms_node *ms_function_type(struct ms *m, bool has_this)
{
	struct und *u = &m->u;
	struct ms_node *f = ms_new(m, MS_FUNC);
	f->cls = MS_GLOBAL;
	if (has_this) {
		bool member;
		f->quals = ms_pointer_ext(m);
		if (und_look(u, 0) == 'G' || und_look(u, 0) == 'H')
			f->ref = *u->p++;
		f->quals |= ms_qualifiers(m, &member);
	}
	f->convention = ms_convention(m);
	if (!und_eat_ch(u, '@') && !(f->a = ms_type(m, MS_RESULT)))
		return ms_broken(m);
	if (!parameters(m, f))
		return ms_broken(m);
	f->noexcept = und_eat(u, "_E");
	if (!f->noexcept && !und_eat_ch(u, 'Z'))
		return ms_broken(m);
	return f;
}

static unsigned function_class(struct ms *m)
{
	static const unsigned access[] = { MS_PRIVATE, MS_PROTECTED, MS_PUBLIC };
	static const unsigned kinds[] = { 0, MS_STATIC, MS_VIRTUAL, MS_ADJUST };
	struct und *u = &m->u;
	char c = und_look(u, 0);
	u->p += u->p < u->end;
	if (c == '9')
		return MS_EXTERN_C | MS_NO_PARAMS;
	if (c == 'Y' || c == 'Z')
		return MS_GLOBAL;
	if (c >= 'A' && c <= 'X') { // each twice: near and far
		unsigned kind = (unsigned)(c - 'A') % 8 / 2, cls = access[(c - 'A') / 8] | kinds[kind];
		// Private adjustors are virtual too, but are not called so by LLVM.
		if (kind == 3)
			cls |= MS_THUNK |
			       (cls & MS_PRIVATE && !(u->flags & UNDNAME_DBGHELP) ? 0 : (unsigned)MS_VIRTUAL);
		return cls;
	}
	if (c == '$') {
		unsigned ex = und_eat_ch(u, 'R') ? MS_VTORDISPEX : 0;
		c = und_look(u, 0);
		if (c >= '0' && c <= '5') {
			u->p++;
			return access[(c - '0') / 2] | MS_VIRTUAL | MS_VTORDISP | MS_THUNK | ex;
		}
	}
	ms_broken(m);
	return 0;
}

struct ms_node *ms_function(struct ms *m)
{
	struct und *u = &m->u;
	unsigned extra = und_eat(u, "$$J0") ? MS_EXTERN_C : 0;
	if (!extra && !und_eat(u, "$$F")) // managed code, and main in it
		und_eat(u, "$$H");
	unsigned cls = function_class(m) | extra;
	struct ms_node *s = ms_new(m, MS_SYM_FUNC);
	int64_t off[4] = { 0 };
	size_t n = cls & MS_VTORDISPEX ? 4 : cls & MS_VTORDISP ? 2 : cls & MS_ADJUST ? 1 : 0;
	for (size_t i = 4 - n; i < 4; i++)
		off[i] = ms_signed(m);
	if (und_bad(u))
		return NULL;
	s->a = cls & MS_NO_PARAMS ? ms_new(m, MS_FUNC) : ms_function_type(m, !(cls & (MS_GLOBAL | MS_STATIC)));
	if (!s->a)
		return NULL;
	s->a->cls = cls;
	memcpy(s->a->offsets, off, sizeof(off));
	return s;
}

static struct ms_node *custom(struct ms *m)
{
	m->u.p++;
	struct ms_node *t = ms_new(m, MS_CUSTOM);
	t->a = ms_piece(m, true);
	return t->a && und_eat_ch(&m->u, '@') ? t : ms_broken(m);
}

static struct ms_node *type(struct ms *m)
{
	struct und *u = &m->u;
	char c = und_look(u, 0);
	if (c >= 'T' && c <= 'W')
		return tag(m);
	if (c == 'A' || c == 'B' || (c >= 'P' && c <= 'S'))
		return pointer(m);
	if (c == 'Y')
		return array(m);
	if (c == '?')
		return custom(m);
	if (c == '$' && und_left(u) > 3 && u->p[1] == '$' && (u->p[2] == 'Q' || u->p[2] == 'R'))
		return pointer(m);
	if (und_eat(u, "$$A8@@"))
		return ms_function_type(m, true);
	if (und_eat(u, "$$A6"))
		return ms_function_type(m, false);
	return primitive(m);
}

struct ms_node *ms_type(struct ms *m, enum ms_mode mode)
{
	struct und *u = &m->u;
	struct ms_node *t = NULL;
	if (und_enter(u)) {
		bool member;
		unsigned q =
			mode == MS_MANGLE || (mode == MS_RESULT && und_eat_ch(u, '?')) ? ms_qualifiers(m, &member) : 0;
		t = type(m);
		if (t)
			t->quals |= q;
	}
	und_leave(u);
	return und_bad(u) ? NULL : t;
}

// A pointer to member: to a function with the numbers of its class's inheritance, or to data as numbers alone.
static struct ms_node *member_pointer(struct ms *m, char kind)
{
	struct ms_node *r = ms_text(m, MS_REF, "&");
	if (kind == 'F' || kind == 'G') {
		r->n = 0;
		r->number = kind == 'F' ? 2 : 3;
	} else {
		if (und_look(&m->u, 0) == '?') {
			r->a = ms_symbol(m);
			if (!r->a || !r->a->b)
				return ms_broken(m);
			ms_remember(m, r->a->b->list.p[0]);
		}
		r->number = kind == '1' ? 0 : (uint64_t)(kind - 'H') + 1;
	}
	for (size_t i = 0; i < r->number; i++)
		r->offsets[i] = ms_signed(m);
	return r;
}

static struct ms_node *template_arg(struct ms *m)
{
	struct und *u = &m->u;
	// The type that an auto parameter was deduced to is not shown; after it the $ is left out.
	bool automatic = und_eat(u, "$M");
	if (automatic && !ms_type(m, MS_DROP))
		return NULL;
	if (und_eat(u, "$$Y"))
		return ms_type_name(m);
	if (und_eat(u, "$$B"))
		return ms_type(m, MS_DROP);
	if (und_eat(u, "$$C"))
		return ms_type(m, MS_MANGLE);
	char c = automatic ? und_look(u, 0) : und_look(u, 0) == '$' ? und_look(u, 1) : 0;
	if (c && strchr("1HIJFG", c)) {
		u->p += automatic ? 1 : 2;
		return member_pointer(m, c);
	}
	if (!automatic && c == 'E' && und_look(u, 2) == '?') {
		u->p += 2;
		struct ms_node *r = ms_text(m, MS_REF, "");
		r->a = ms_symbol(m);
		return r->a ? r : NULL;
	}
	if (c == '0') {
		u->p += automatic ? 1 : 2;
		struct ms_node *n = ms_new(m, MS_INT);
		n->number = ms_number(m, &n->negative);
		return n;
	}
	return ms_type(m, MS_DROP);
}

struct ms_node *ms_template_args(struct ms *m)
{
	struct und *u = &m->u;
	struct ms_node *l = ms_new(m, MS_LIST);
	while (!und_eat_ch(u, '@')) {
		// Marks of parameter packs: empty, or between two.
		if (und_eat(u, "$S") || und_eat(u, "$$V") || und_eat(u, "$$$V") || und_eat(u, "$$Z"))
			continue;
		struct ms_node *arg = template_arg(m);
		if (!arg || und_bad(u))
			return ms_broken(m);
		ms_push(m, &l->list, arg);
	}
	return l;
}
