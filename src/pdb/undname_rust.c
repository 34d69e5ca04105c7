// SPDX-License-Identifier: Apache-2.0
// undname_rust.c: Rust names: v0 (https://rust-lang.github.io/rfcs/2603-rust-symbol-name-mangling-v0.html) which are
// written while they are read; a back-reference reads an earlier place again. undname_rust_legacy.c has the older form.
#include "pdb/undname_int.h"

#include <string.h>

struct rust {
	struct und u;       // first
	const char *base;   // what back-references count from
	uint64_t lifetimes; // bound around here
	bool silent;        // reads without writing
};

static void broken(struct rust *r)
{
	und_fail(&r->u, E_CORRUPT, "decorated name breaks the grammar");
}

static void put(struct rust *r, const char *text)
{
	if (!r->silent)
		und_put(&r->u, text);
}

static char next(struct rust *r)
{
	if (und_left(&r->u))
		return *r->u.p++;
	broken(r);
	return 0;
}

static bool eat(struct rust *r, char c)
{
	return !und_bad(&r->u) && und_eat_ch(&r->u, c);
}

// {0-9a-zA-Z} _: nothing is 0, else one more than the digits say.
static uint64_t base62(struct rust *r)
{
	uint64_t v = 0;
	if (eat(r, '_'))
		return 0;
	for (;;) {
		char c = next(r);
		uint64_t digit;
		if (c == '_')
			break;
		if (und_is_digit(c)) {
			digit = (uint64_t)(c - '0');
		} else if (c >= 'a' && c <= 'z') {
			digit = (uint64_t)(c - 'a') + 10;
		} else if (c >= 'A' && c <= 'Z') {
			digit = (uint64_t)(c - 'A') + 36;
		} else {
			broken(r);
			return 0;
		}
		if (!mul_ok(v, 62, &v) || !add_ok(v, digit, &v)) {
			broken(r);
			return 0;
		}
	}
	if (!add_ok(v, 1, &v))
		broken(r);
	return v;
}

static uint64_t tagged(struct rust *r, char tag)
{
	if (!eat(r, tag))
		return 0;
	uint64_t v = base62(r);
	if (!add_ok(v, 1, &v))
		broken(r);
	return v;
}

// ---- identifiers

struct ident {
	const char *p;
	size_t n;
	bool punycode;
};

static struct ident identifier(struct rust *r)
{
	struct und *u = &r->u;
	struct ident id = { .punycode = eat(r, 'u') };
	size_t n = 0;
	if (!und_is_digit(und_look(u, 0)))
		broken(r);
	if (!eat(r, '0'))
		for (; und_is_digit(und_look(u, 0)) && n <= LIMIT_UNDNAME_INPUT; u->p++)
			n = n * 10 + (size_t)(*u->p - '0');
	eat(r, '_'); // between the length and a name that begins with a digit or _
	if (n > und_left(u))
		broken(r);
	if (und_bad(u))
		return (struct ident){ 0 };
	id.p = u->p;
	id.n = n;
	u->p += n;
	for (size_t i = 0; i < n; i++)
		if (!(und_is_digit(id.p[i]) || id.p[i] == '_' || (id.p[i] >= 'a' && id.p[i] <= 'z') ||
		      (id.p[i] >= 'A' && id.p[i] <= 'Z')))
			broken(r);
	return id;
}

static void put_identifier(struct rust *r, struct ident id)
{
	if (r->silent || und_bad(&r->u))
		return;
	if (id.punycode)
		und_put_punycode(&r->u, id.p, id.n);
	else
		und_putn(&r->u, id.p, id.n);
}

// ---- v0

static void type(struct rust *r);
static void constant(struct rust *r);
static bool path(struct rust *r, bool in_type, bool leave_open);

static void lifetime(struct rust *r, uint64_t i)
{
	if (!i) {
		put(r, "'_");
		return;
	}
	if (i > r->lifetimes) {
		broken(r);
		return;
	}
	uint64_t depth = r->lifetimes - i;
	char name[] = { '\'', (char)('a' + MIN(depth, 25)), 0 };
	put(r, name);
	if (depth >= 26 && !r->silent)
		und_put_num(&r->u, depth - 25, false);
}

static void binder(struct rust *r)
{
	uint64_t n = tagged(r, 'G');
	if (!n || und_bad(&r->u))
		return;
	// Each lifetime is used later, which takes a character.
	if (n >= (uint64_t)(r->u.end - r->base) || r->lifetimes >= (uint64_t)(r->u.end - r->base) - n) {
		broken(r);
		return;
	}
	put(r, "for<");
	for (uint64_t i = 0; i < n && !und_bad(&r->u); i++) {
		r->lifetimes++;
		put(r, i ? ", " : "");
		lifetime(r, 1);
	}
	put(r, "> ");
}

// Where a back-reference leads; NULL when it need not be followed. *back is where to go on afterwards.
static bool jump(struct rust *r, const char **back)
{
	const char *here = r->u.p - 1; // B
	uint64_t to = base62(r);
	if (und_bad(&r->u) || to >= (uint64_t)(here - r->base)) {
		broken(r);
		return false;
	}
	if (r->silent)
		return false;
	*back = r->u.p;
	r->u.p = r->base + to;
	return true;
}

static void impl_path(struct rust *r)
{
	bool silent = r->silent;
	r->silent = true;
	tagged(r, 's');
	path(r, false, false);
	r->silent = silent;
}

static void nested(struct rust *r, bool in_type)
{
	char space = next(r);
	bool upper = space >= 'A' && space <= 'Z';
	if (!upper && !(space >= 'a' && space <= 'z'))
		broken(r);
	path(r, in_type, false);
	uint64_t n = tagged(r, 's');
	struct ident id = identifier(r);
	if (!upper) {
		put(r, id.n ? "::" : "");
		put_identifier(r, id);
		return;
	}
	char other[] = { space, 0 };
	put(r, "::{");
	put(r, space == 'C' ? "closure" : space == 'S' ? "shim" : other);
	put(r, id.n ? ":" : "");
	put_identifier(r, id);
	put(r, "#");
	if (!r->silent)
		und_put_num(&r->u, n, false);
	put(r, "}");
}

static void generic_arg(struct rust *r)
{
	if (eat(r, 'L'))
		lifetime(r, base62(r));
	else if (eat(r, 'K'))
		constant(r);
	else
		type(r);
}

typedef void reader(struct rust *r);
static size_t until_e(struct rust *r, reader *one, const char *between)
{
	size_t n = 0;
	for (; !und_bad(&r->u) && !eat(r, 'E'); n++) {
		put(r, n ? between : "");
		one(r);
	}
	return n;
}

static bool path_now(struct rust *r, bool in_type, bool leave_open)
{
	const char *back;
	bool is_open;
	char c = next(r);
	switch (c) {
	case 'C':
		tagged(r, 's');
		put_identifier(r, identifier(r));
		return false;
	case 'M':
	case 'X':
	case 'Y':
		if (c != 'Y')
			impl_path(r);
		put(r, "<");
		type(r);
		if (c != 'M') {
			put(r, " as ");
			path(r, true, false);
		}
		put(r, ">");
		return false;
	case 'N':
		nested(r, in_type);
		return false;
	case 'I':
		path(r, in_type, false);
		put(r, in_type ? "<" : "::<");
		until_e(r, generic_arg, ", ");
		put(r, leave_open ? "" : ">");
		return leave_open;
	case 'B':
		if (!jump(r, &back))
			return false;
		is_open = path(r, in_type, leave_open);
		r->u.p = back;
		return is_open;
	default:
		broken(r);
		return false;
	}
}

// `leave_open`: the caller writes the > of generic arguments; true when there were some.
static bool path(struct rust *r, bool in_type, bool leave_open)
{
	bool is_open = und_enter(&r->u) && path_now(r, in_type, leave_open);
	und_leave(&r->u);
	return is_open;
}

static void function(struct rust *r)
{
	uint64_t outer = r->lifetimes;
	binder(r);
	put(r, eat(r, 'U') ? "unsafe " : "");
	if (eat(r, 'K')) {
		put(r, "extern \"");
		if (eat(r, 'C')) {
			put(r, "C");
		} else {
			struct ident id = identifier(r);
			if (id.punycode)
				broken(r);
			for (size_t i = 0; i < id.n; i++)
				put(r, id.p[i] == '_' ? "-" : (char[]){ id.p[i], 0 });
		}
		put(r, "\" ");
	}
	put(r, "fn(");
	until_e(r, type, ", ");
	put(r, ")");
	if (!eat(r, 'u')) {
		put(r, " -> ");
		type(r);
	}
	r->lifetimes = outer;
}

static void dyn_trait(struct rust *r)
{
	bool is_open = path(r, true, true);
	while (eat(r, 'p')) {
		put(r, is_open ? ", " : "<");
		is_open = true;
		put_identifier(r, identifier(r));
		put(r, " = ");
		type(r);
	}
	put(r, is_open ? ">" : "");
}

static void dyn(struct rust *r)
{
	uint64_t outer = r->lifetimes, i;
	put(r, "dyn ");
	binder(r);
	until_e(r, dyn_trait, " + ");
	r->lifetimes = outer;
	if (!eat(r, 'L')) {
		broken(r);
	} else if ((i = base62(r))) {
		put(r, " + ");
		lifetime(r, i);
	}
}

static const char *basic_type(char c)
{
	static const char *const names[26] = { "i8",    "bool", "char", "f64", "str",  "f32",  NULL,  "u8", "isize",
					       "usize", NULL,   "i32",  "u32", "i128", "u128", "_",   NULL, NULL,
					       "i16",   "u16",  "()",   "...", NULL,   "i64",  "u64", "!" };
	return c >= 'a' && c <= 'z' ? names[c - 'a'] : NULL;
}

static void reference(struct rust *r, bool is_mut)
{
	uint64_t i;
	put(r, "&");
	if (eat(r, 'L') && (i = base62(r))) {
		lifetime(r, i);
		put(r, " ");
	}
	put(r, is_mut ? "mut " : "");
	type(r);
}

static void type_now(struct rust *r)
{
	const char *back;
	char c = next(r);
	const char *name = basic_type(c);
	if (name) {
		put(r, name);
		return;
	}
	switch (c) {
	case 'A':
	case 'S':
		put(r, "[");
		type(r);
		if (c == 'A') {
			put(r, "; ");
			constant(r);
		}
		put(r, "]");
		break;
	case 'T':
		put(r, "(");
		put(r, until_e(r, type, ", ") == 1 ? ",)" : ")");
		break;
	case 'R':
	case 'Q':
		reference(r, c == 'Q');
		break;
	case 'P':
	case 'O':
		put(r, c == 'P' ? "*const " : "*mut ");
		type(r);
		break;
	case 'F':
		function(r);
		break;
	case 'D':
		dyn(r);
		break;
	case 'B':
		if (jump(r, &back)) {
			type(r);
			r->u.p = back;
		}
		break;
	default:
		if (!und_bad(&r->u)) {
			r->u.p--;
			path(r, true, false);
		}
	}
}

static void type(struct rust *r)
{
	if (und_enter(&r->u))
		type_now(r);
	und_leave(&r->u);
}

// Hexadecimal digits and _; *n of them. The value is that of the last sixteen.
static uint64_t hexadecimal(struct rust *r, const char **digits, size_t *n)
{
	struct und *u = &r->u;
	uint64_t v = 0;
	*digits = u->p;
	for (char c; !und_bad(u) && (c = next(r)) != '_';) {
		if (!und_is_digit(c) && !(c >= 'a' && c <= 'f'))
			broken(r);
		v = v << 4 | (uint64_t)(und_is_digit(c) ? c - '0' : c - 'a' + 10);
	}
	*n = und_bad(u) ? 0 : (size_t)(u->p - 1 - *digits);
	if (!*n || (**digits == '0' && *n > 1))
		broken(r);
	return v;
}

static void character(struct rust *r)
{
	const char *digits;
	size_t n;
	uint64_t c = hexadecimal(r, &digits, &n);
	if (n > 6)
		broken(r);
	if (r->silent || und_bad(&r->u))
		return;
	put(r, "'");
	if (c == '\t' || c == '\r' || c == '\n' || c == '\\' || c == '\'') {
		put(r, c == '\t' ? "\\t" : c == '\r' ? "\\r" : c == '\n' ? "\\n" : c == '\\' ? "\\\\" : "\\'");
	} else if (c >= 0x20 && c <= 0x7e) {
		und_put_ch(&r->u, (char)c);
	} else {
		put(r, "\\u{");
		und_putn(&r->u, digits, n);
		put(r, "}");
	}
	put(r, "'");
}

static void constant_now(struct rust *r)
{
	const char *digits, *back;
	size_t n;
	char c = next(r);
	if (c == 'p') {
		put(r, "_");
	} else if (c == 'b') {
		uint64_t v = hexadecimal(r, &digits, &n);
		if (n != 1 || v > 1)
			broken(r);
		put(r, v ? "true" : "false");
	} else if (c == 'c') {
		character(r);
	} else if (c == 'B') {
		if (jump(r, &back)) {
			constant(r);
			r->u.p = back;
		}
	} else if (c && strchr("ahilmnostxyj", c)) {
		put(r, eat(r, 'n') ? "-" : "");
		uint64_t v = hexadecimal(r, &digits, &n);
		if (r->silent || und_bad(&r->u))
			return;
		if (n <= 16) {
			und_put_num(&r->u, v, false);
		} else {
			put(r, "0x");
			und_putn(&r->u, digits, n);
		}
	} else if (c && strchr("eRQATV", c)) {
		und_fail(&r->u, E_UNSUPPORTED, "not supported: structures as constants in Rust names");
	} else {
		broken(r);
	}
}

static void constant(struct rust *r)
{
	if (und_enter(&r->u))
		constant_now(r);
	und_leave(&r->u);
}

static void read_v0(struct und *u)
{
	struct rust *r = NEW(u->a, struct rust);
	const char *end = u->end, *dot = memchr(u->p, '.', und_left(u));
	r->u = *u;
	r->u.p += 2;
	r->base = r->u.p;
	r->u.end = dot ? dot : end;
	path(r, false, false);
	if (!und_bad(&r->u) && und_left(&r->u)) { // the crate that made this instance
		r->silent = true;
		path(r, false, false);
	}
	if (und_left(&r->u))
		broken(r);
	und_put_suffix(&r->u, r->u.end, end);
	*u = r->u;
}

err_t undname_rust(struct arena *a, const char *name, unsigned flags, const char **ret)
{
	if (str_starts(name, "_R") && name[2] >= 'A' && name[2] <= 'Z')
		return und_run(a, name, flags, read_v0, ret);
	size_t n = strspn(name, "_");
	if (n && n <= 2 && name[n] == 'Z' && name[n + 1] == 'N')
		return und_run(a, name, flags, und_read_legacy, ret);
	return fail(E_NOTFOUND, "not a decorated name", 0);
}
