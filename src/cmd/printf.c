// SPDX-License-Identifier: Apache-2.0
// printf.c: .printf: C's printf over expressions, with the debugger's own letters for addresses and for strings of the
// target. Letters: debuggercmds/-printf.md.
#include "base/limits.h"
#include "cmd/cmd.h"
#include "win/string.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

extern const struct cmd cmd_printf;

SCHEMA(formatted, "Text that .printf made", NULL, "{text}{.}", { "text", R_STR, "the text; it ends where it says" },
       { "missing", R_STRS, "why a string of the target is shown as ????; null: all were there" });

enum { WIDEST = 4096 }; // of a width or precision: nobody's page is wider

// One conversion: %[flags][width][.precision][size]letter.
struct conversion {
	char flags[8];
	int width, precision;    // -1: none
	unsigned bytes;          // of a whole number
	bool is_long;            // 'l'
	char letter, wide, kind; // of %m: 'u' or 'a', 's' before it; 'y' of %ly
};

struct print {
	struct call *c;
	struct sb out;
	struct val *missing;
	size_t n_missing;
};

static err_t argument(struct call *c, uint64_t *ret)
{
	arg_blanks(c);
	if (*c->p != ',')
		return usage(c, "Numeric expression missing from '%s'", *c->p ? c->p : "<EOL>");
	c->p++;
	return arg_expr(c, ret);
}

static err_t number(struct print *p, const char **at, int *ret)
{
	uint64_t n = 0;
	if (**at == '*') {
		(*at)++;
		TRY(argument(p->c, &n));
	}
	for (; **at >= '0' && **at <= '9' && n <= WIDEST; (*at)++)
		n = n * 10 + (uint64_t)(**at - '0');
	if (n > WIDEST)
		return cmd_fail(p->c, E_LIMIT, WIDEST, ".printf: a width is at most %d", WIDEST);
	*ret = (int)n;
	return ok();
}

static const char *size_of_number(const char *at, struct conversion *v)
{
	v->bytes = 4;
	for (;; at++) {
		if (at[0] == 'I' && at[1] == '6' && at[2] == '4') {
			v->bytes = 8;
			at += 2;
		} else if (at[0] == 'I' && at[1] == '3' && at[2] == '2') {
			at += 2;
		} else if (at[0] == 'I') {
			v->bytes = 8;
		} else if (at[0] == 'h') {
			v->bytes = v->bytes == 2 ? 1 : 2;
		} else if (at[0] == 'l' || at[0] == 'L') {
			// Windows' long has 4 bytes, its long long 8.
			v->bytes = v->is_long ? 8 : 4;
			v->is_long = true;
		} else {
			return at;
		}
	}
}

// *at stands behind the '%'.
static err_t parse(struct print *p, const char **at, struct conversion *v)
{
	*v = (struct conversion){ .width = -1, .precision = -1 };
	const char *q = *at;
	for (size_t n = 0; *q && strchr("-+ #0", *q); q++)
		if (n + 1 < sizeof(v->flags) && !strchr(v->flags, *q))
			v->flags[n++] = *q;
	if (*q == '*' || (*q >= '1' && *q <= '9'))
		TRY(number(p, &q, &v->width));
	if (*q == '.') {
		q++;
		TRY(number(p, &q, &v->precision));
	}
	q = size_of_number(q, v);
	v->letter = *q ? *q++ : 0;
	if (v->letter == 'm') {
		v->kind = *q == 's' ? *q++ : 0;
		v->wide = *q == 'u' || *q == 'a' ? *q++ : 0;
		if (!v->wide)
			return usage(p->c, "Syntax error in '%%%s': %%ma %%mu %%msa %%msu", *at);
	}
	*at = q;
	return ok();
}

static bool has_flag(const struct conversion *v, char flag)
{
	return strchr(v->flags, flag) != NULL;
}

// `head` ("-", "0x") and body in the width: blanks on either side, or zeros between the two.
static void put_padded(struct print *p, const struct conversion *v, const char *head, const char *body, bool zeros)
{
	size_t n = strlen(head) + strlen(body), width = v->width > 0 ? (size_t)v->width : 0;
	size_t pad = width > n ? width - n : 0;
	bool left = has_flag(v, '-');
	zeros = zeros && !left;
	for (size_t i = 0; i < pad && !left && !zeros; i++)
		sb_ch(&p->out, ' ');
	sb_add(&p->out, head);
	for (size_t i = 0; i < pad && zeros; i++)
		sb_ch(&p->out, '0');
	sb_add(&p->out, body);
	for (size_t i = 0; i < pad && left; i++)
		sb_ch(&p->out, ' ');
}

static const char *sign_of(const struct conversion *v, bool negative)
{
	return negative ? "-" : has_flag(v, '+') ? "+" : has_flag(v, ' ') ? " " : "";
}

static void put_number(struct print *p, const struct conversion *v, uint64_t value)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	bool is_signed = v->letter == 'd' || v->letter == 'i', hex = (v->letter | 0x20) == 'x';
	unsigned base = hex ? 16 : v->letter == 'o' ? 8 : 10, shift = 64 - v->bytes * 8;
	value = value << shift >> shift;
	bool negative = is_signed && value >> (63 - shift) & 1;
	if (negative)
		value = (0 - value) << shift >> shift;
	char digits[32], *d = digits + sizeof(digits) - 1;
	*d = 0;
	bool zero = !value;
	for (; value; value /= base)
		*--d = (v->letter == 'X' ? upper : lower)[value % base];
	struct sb body = sb_new(p->c->a);
	size_t least = v->precision >= 0 ? (size_t)v->precision : 1;
	for (size_t n = strlen(d); n < least; n++)
		sb_ch(&body, '0');
	sb_add(&body, d);
	const char *head = is_signed                   ? sign_of(v, negative)
			   : !has_flag(v, '#') || zero ? ""
			   : v->letter == 'x'          ? "0x"
			   : v->letter == 'X'          ? "0X"
			   : v->letter == 'o'          ? "0"
						       : "";
	put_padded(p, v, head, sb_str(&body), has_flag(v, '0') && v->precision < 0);
}

// "the 64-bit argument is interpreted as a 32-bit floating-point number unless the l modifier is used"
static void put_float(struct print *p, const struct conversion *v, uint64_t bits)
{
	char text[WIDEST + 400];
	uint32_t low = (uint32_t)bits;
	float f;
	double x;
	memcpy(&f, &low, sizeof(f));
	memcpy(&x, &bits, sizeof(x));
	x = v->is_long ? x : (double)f;
	bool negative = x < 0;
	x = negative ? -x : x;
	int precision = v->precision >= 0 ? v->precision : 6;
	switch (v->letter) {
	case 'e':
	case 'E':
		snprintf(text, sizeof(text), v->letter == 'e' ? "%.*e" : "%.*E", precision, x);
		break;
	case 'g':
	case 'G':
		snprintf(text, sizeof(text), v->letter == 'g' ? "%.*g" : "%.*G", precision, x);
		break;
	default:
		snprintf(text, sizeof(text), "%.*f", precision, x);
		break;
	}
	put_padded(p, v, sign_of(v, negative), text, has_flag(v, '0'));
}

static void put_text(struct print *p, const struct conversion *v, const char *text)
{
	size_t n = strlen(text);
	if (v->precision >= 0 && (size_t)v->precision < n)
		n = (size_t)v->precision;
	put_padded(p, v, "", arena_strndup(p->c->a, text, n), false);
}

// %c, %C: a character of one byte, or a UTF-16 unit.
static void put_character(struct print *p, const struct conversion *v, uint64_t value)
{
	uint8_t unit[2] = { (uint8_t)value, v->letter == 'C' ? (uint8_t)(value >> 8) : 0 };
	put_text(p, v, utf16_to_utf8(p->c->a, (struct span){ unit, 2 }));
}

// A string of the target; as elsewhere the debugger shows what it cannot read as question marks.
static void put_string(struct print *p, const struct conversion *v, va_t va)
{
	const struct target *t = p->c->s->target;
	const char *text = "????";
	err_t e = !t               ? fail(E_USAGE, "no dump is open", 0)
		  : v->kind == 's' ? win_string_counted(t, p->c->a, va, v->wide == 'u', &text)
				   : win_string(t, p->c->a, va, v->wide == 'u', &text);
	if (e.code) {
		struct val *longer = NEW_N(p->c->a, struct val, p->n_missing + 1);
		if (p->n_missing)
			memcpy(longer, p->missing, p->n_missing * sizeof(*longer));
		longer[p->n_missing++] = VS(e.what ? e.what : err_name(e.code));
		p->missing = longer;
	}
	put_text(p, v, text);
}

// "ntdll!NtClose+0x14 (00007ffb`1)"; with its source line: layout unverified.
static void put_symbol(struct print *p, const struct conversion *v, va_t va)
{
	struct target *t = p->c->s->target;
	struct sym_line line;
	unsigned bytes = t ? t->ptr_bytes : 8;
	const struct val address = V(bytes == 4 ? (uint32_t)va : va);
	const char *shown = doc_value_text(p->c->a, R_PTR, &address, bytes),
		   *name = t ? sym_text(t, p->c->a, va) : NULL;
	if (!name) {
		put_text(p, v, shown);
		return;
	}
	const char *source = "";
	if (v->is_long && (t->symbol_options & SYMOPT_LOAD_LINES) && sym_line_at(t, va, &line))
		source = arena_printf(p->c->a, " [%s @ %" PRIu32 "]", line.file, line.line);
	put_text(p, v, arena_printf(p->c->a, "%s%s (%s)", name, source, shown));
}

static void put_pointer(struct print *p, const struct conversion *v, uint64_t value)
{
	bool narrow = v->letter == 'p' && p->c->s->target && p->c->s->target->ptr_bytes == 4;
	// %N is a pointer of the debugger's own host: this program is a 64-bit one. With a width, as recorded output
	// has it, no zeros stand before the number.
	struct conversion plain = { .width = v->width,
				    .precision = v->width > 0 ? -1
						 : narrow     ? 8
							      : 16,
				    .bytes = narrow ? 4 : 8,
				    .letter = v->letter == 'N' ? 'X' : 'x' };
	put_number(p, &plain, value);
}

static err_t convert(struct print *p, const char **at)
{
	struct conversion v;
	uint64_t value = 0;
	if (**at == '%') {
		(*at)++;
		sb_ch(&p->out, '%');
		return ok();
	}
	const char *start = *at;
	TRY(parse(p, at, &v));
	if (v.letter == 's' || v.letter == 'S')
		return cmd_fail(
			p->c, E_UNSUPPORTED, 0,
			"not supported: %%%c is a string of the debugger's own memory; %%ma and %%mu are of the "
			"target's",
			v.letter);
	if (!v.letter || !strchr("diuxXocCeEfFgGpNymM", v.letter))
		return usage(p->c, "Syntax error in '%%%s'", start);
	TRY(argument(p->c, &value));
	if (strchr("diuxXo", v.letter))
		put_number(p, &v, value);
	else if (strchr("eEfFgG", v.letter))
		put_float(p, &v, value);
	else if ((v.letter | 0x20) == 'c')
		put_character(p, &v, value);
	else if (v.letter == 'm')
		put_string(p, &v, value);
	else if (v.letter == 'y')
		put_symbol(p, &v, value);
	else
		put_pointer(p, &v, value);
	if (p->out.n > LIMIT_SCRIPT_TEXT)
		return cmd_fail(p->c, E_LIMIT, LIMIT_SCRIPT_TEXT, "the text is too long");
	return ok();
}

// The format without its quotes; before @"..." nothing is an escape. A '\\' before any other letter is dropped, as a
// recorded session with a path in an alias shows.
static err_t format_text(struct call *c, const char **ret)
{
	static const char escapes[] = "ntr", stand_for[] = "\n\t\r";
	arg_blanks(c);
	bool raw = c->p[0] == '@' && c->p[1] == '"';
	if (c->p[raw] != '"')
		return usage(c, "Syntax error in '%s'", c->p);
	struct sb out = sb_new(c->a);
	const char *p = c->p + raw + 1;
	for (; *p && *p != '"'; p++) {
		bool escape = !raw && *p == '\\' && p[1];
		p += escape;
		const char *known = escape ? strchr(escapes, *p) : NULL;
		sb_ch(&out, known ? stand_for[known - escapes] : *p);
	}
	c->p = p + (*p == '"');
	*ret = sb_str(&out);
	return ok();
}

// The text of debugger markup as a console shows it: without its tags, characters for &lt; and the like.
static const char *without_markup(struct arena *a, const char *text)
{
	static const char *const tags[] = { "link", "altlink", "exec", "col", "b", "i", "u", "br", "?dml" };
	static const struct {
		const char *name;
		char c;
	} entities[] = { { "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' } };
	struct sb out = sb_new(a);
	while (*text) {
		size_t skip = 0;
		const char *name = text + 1 + (text[0] == '<' && text[1] == '/');
		for (size_t i = 0; *text == '<' && i < ARRAY_LEN(tags) && !skip; i++) {
			size_t n = strlen(tags[i]);
			if (str_ieqn(name, tags[i], n) && name[n] && strchr(" >?\t", name[n]) && strchr(text, '>'))
				skip = (size_t)(strchr(text, '>') - text) + 1;
		}
		for (size_t i = 0; *text == '&' && i < ARRAY_LEN(entities) && !skip; i++) {
			if (str_starts(text, entities[i].name)) {
				sb_ch(&out, entities[i].c);
				skip = strlen(entities[i].name);
			}
		}
		if (!skip)
			sb_ch(&out, *text);
		text += skip ? skip : 1;
	}
	return sb_str(&out);
}

static err_t fill(struct print *p, const char *format)
{
	while (*format) {
		if (*format++ != '%')
			sb_ch(&p->out, format[-1]);
		else
			TRY(convert(p, &format));
	}
	return arg_done(p->c);
}

// What comes before an argument that cannot be evaluated is shown, as the debugger does.
static err_t run(struct session *s, struct call *c, struct doc *out)
{
	(void)s;
	bool markup = false;
	const char *format = NULL;
	for (arg_blanks(c); *c->p == '/' || *c->p == '-'; arg_blanks(c)) {
		const char *option = arg_word(c);
		if (option[1] == 'D' && !option[2])
			markup = true;
		else if (option[1] != 'o' || !option[2] || !strchr("dDenpPsvw", option[2]) ||
			 option[3]) // /oX: a colour
			return usage(c, "Syntax error in '%s'", option);
	}
	TRY(format_text(c, &format));
	struct print p = { .c = c, .out = sb_new(c->a) };
	err_t e = fill(&p, format);
	const char *text = sb_str(&p.out);
	if (!e.code || *text)
		ROW(out, formatted, VS(markup ? without_markup(c->a, text) : text),
		    p.n_missing ? VL(p.missing, p.n_missing) : V_ABSENT);
	return e;
}

static const struct schema *const rows[] = { &formatted, NULL };
const struct cmd cmd_printf = {
	.names = ".printf",
	.no_target = true,
	.group = "Programs",
	.args = "[/D] [/oX] \"FORMAT\" [, EXPR ...]",
	.summary = "Show text and numbers as C's printf does",
	.help = ".printf \"%d threads at %p\\n\", @$t0, @$teb\n"
		"%d %i %u %x %X %o %c   of 32 bits; I64 or ll: of 64, h: of 16, hh: of 8\n"
		"%e %f %g               bits of a float; %lf: of a double\n"
		"%p %N                  an address of the target, of the debugger\n"
		"%ma %mu %msa %msu      text at an address: ANSI, UTF-16, ANSI_STRING, UNICODE_STRING\n"
		"%y %ly                 the symbol at an address, with its source line\n"
		"/D: tags of debugger markup are taken out; /od, /ow and so on are colours of WinDbg's window.\n",
	.run = run,
	.rows = rows,
};
