// SPDX-License-Identifier: Apache-2.0
// eval.c: MASM expressions, evaluated while they are read. Documented in Microsoft's "MASM Numbers and Operators",
// "Register Syntax", "Pseudo-Register Syntax", "Sign Extension" and "Source Line Syntax". Where those pages are
// silent: a shift count is taken modulo 64, as x64 processors do; hi and low are bits 16-31 and 0-15.
#include "expr/expr.h"

#include <string.h>

#include "base/limits.h"
#include "base/str.h"
#include "expr/expr_int.h"

struct parse {
	const struct expr_scope *s;
	struct arena *a;
	const char *text; // all of it
	const char *p;    // next character
	const char *last; // start of the token taken last: memory and operand errors point there
	unsigned depth;
};

static err_t binary(struct parse *x, unsigned min_rank, uint64_t *ret);
struct bin_op;
static const struct bin_op *bin_op(const char *p);

static err_t bad(struct parse *x, enum err_code code, const char *kind, const char *where)
{
	return fail(code, arena_printf(x->a, "%s '%s'", kind, *where ? where : "<EOL>"), (uint64_t)(where - x->text));
}

static err_t syntax(struct parse *x, const char *where)
{
	return bad(x, E_USAGE, "Syntax error at", where);
}

static err_t unsupported(struct parse *x, const char *what, const char *where)
{
	return fail(E_UNSUPPORTED, arena_printf(x->a, "not supported: %s at '%s'", what, where),
		    (uint64_t)(where - x->text));
}

// What a callback left in *err, in WinDbg's words where it has some.
static err_t refused(struct parse *x, err_t e, const char *absent, const char *where)
{
	switch (e.code) {
	case E_ABSENT:
		return bad(x, E_ABSENT, absent, where);
	case E_NOTFOUND:
		return bad(x, E_USAGE, "Couldn't resolve error at", where);
	case E_AMBIGUOUS:
		return bad(x, E_AMBIGUOUS, "Ambiguous symbol error at", where);
	default:
		return e;
	}
}

static void take(struct parse *x, size_t n)
{
	x->last = x->p;
	x->p += n;
}

// The next character behind blanks is c: take it.
static bool take_char(struct parse *x, char c)
{
	const char *p = lex_blanks(x->p);
	if (*p != c)
		return false;
	x->p = p;
	take(x, 1);
	return true;
}

static err_t expect(struct parse *x, char c)
{
	return take_char(x, c) ? ok() : syntax(x, lex_blanks(x->p));
}

static uint64_t extend(const struct parse *x, uint64_t v)
{
	return x->s->ptr_bytes == 4 && v <= UINT32_MAX ? (uint64_t)(int64_t)(int32_t)(uint32_t)v : v;
}

static va_t address(const struct parse *x, uint64_t v)
{
	return x->s->ptr_bytes == 4 ? (uint32_t)v : v;
}

// ---- names

// Registers that need no '@' and come before symbols, per "Register Syntax".
static bool common_register(const char *name)
{
	static const char *const names[] = { "eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "eip", "efl" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_ieq(name, names[i]))
			return true;
	return false;
}

// Each of these says in *found whether there is such a name; errors are those of names that exist.
static err_t try_register(struct parse *x, const char *name, const char *where, uint64_t *ret, bool *found)
{
	err_t e = ok();
	uint64_t v = 0;
	*found = x->s->reg(x->s->ctx, name, &v, &e);
	if (e.code)
		return refused(x, e, "Bad register error at", where);
	if (*found)
		*ret = extend(x, v);
	return ok();
}

static err_t try_pseudo(struct parse *x, const char *name, const char *where, uint64_t *ret, bool *found)
{
	err_t e = ok();
	uint64_t v = 0;
	*found = x->s->pseudo(x->s->ctx, name, &v, &e);
	if (e.code)
		return refused(x, e, "Bad register error at", where);
	if (*found)
		*ret = v;
	return ok();
}

static err_t try_symbol(struct parse *x, const char *name, const char *where, uint64_t *ret, bool *found)
{
	err_t e = ok();
	uint64_t v = 0;
	*found = x->s->symbol(x->s->ctx, name, &v, &e);
	if (e.code == E_NOTFOUND) { // a register may still have this name
		*found = false;
		return ok();
	}
	if (e.code)
		return refused(x, e, "Couldn't resolve error at", where);
	if (*found)
		*ret = extend(x, v);
	return ok();
}

// A name without '@': the common registers, symbols, then pseudo-registers and all registers.
static err_t name(struct parse *x, uint64_t *ret)
{
	size_t n = lex_symbol(x->p), word = lex_word(x->p);
	if (!n || x->p[n - 1] == '!')
		return syntax(x, x->p);
	const char *where = x->p;
	char *text = arena_strndup(x->a, where, n);
	bool qualified = strchr(text, '!') != NULL, found = false;
	take(x, n);
	if (!qualified && common_register(text))
		TRY(try_register(x, text, where, ret, &found));
	if (!found)
		TRY(try_symbol(x, text + (*text == '!'), where, ret, &found));
	if (!found && !qualified) {
		// A symbol may hold more characters than a register: "rip.x" is no register either.
		if (*text == '$' && word == n && n > 1)
			TRY(try_pseudo(x, text + 1, where, ret, &found));
		else if (*text != '$' && word == n)
			TRY(try_register(x, text, where, ret, &found));
	}
	return found ? ok() : bad(x, E_USAGE, "Couldn't resolve error at", where);
}

// @name, @$name; @!"any symbol" for names with characters that an expression would take for its own.
static err_t at_name(struct parse *x, uint64_t *ret)
{
	const char *where = x->p;
	bool found = false;
	if (where[1] == '!' && where[2] == '"') {
		const char *end = where + 2, *text = lex_string(x->a, &end);
		if (!text)
			return syntax(x, where);
		take(x, (size_t)(end - where));
		TRY(try_symbol(x, text, where, ret, &found));
		return found ? ok() : bad(x, E_USAGE, "Couldn't resolve error at", where);
	}
	size_t n = lex_word(where + 1);
	char *text = arena_strndup(x->a, where + 1, n);
	take(x, n + 1);
	if (*text == '$' && n > 1)
		TRY(try_pseudo(x, text + 1, where, ret, &found));
	else if (*text != '$' && n)
		TRY(try_register(x, text, where, ret, &found));
	return found ? ok() : bad(x, E_USAGE, "Bad register error at", where);
}

// ---- memory, and functions with arguments

static err_t dereference(struct parse *x, unsigned n, bool physical, uint64_t va, uint64_t *ret)
{
	uint64_t v = 0;
	bool pointer = !n;
	n = pointer ? x->s->ptr_bytes : n;
	if (physical && !x->s->read_phys)
		return unsupported(x, "reading physical memory", x->last);
	bool got = physical ? x->s->read_phys(x->s->ctx, va, n, &v) : x->s->read(x->s->ctx, address(x, va), n, &v);
	if (!got)
		return bad(x, E_ABSENT, "Memory access error at", x->last);
	*ret = pointer ? extend(x, v) : v;
	return ok();
}

static err_t string_function(struct parse *x, unsigned which, uint64_t *ret)
{
	const char *open = lex_blanks(x->p), *arg[2] = { NULL, NULL };
	// WinDbg quotes the whole argument list whatever is wrong in it.
	for (size_t i = 0; i < ARRAY_LEN(arg); i++) {
		const char *p = take_char(x, i ? ',' : '(') ? lex_blanks(x->p) : NULL;
		arg[i] = p ? lex_string(x->a, &p) : NULL;
		if (!arg[i])
			return syntax(x, open);
		x->p = p;
	}
	if (!take_char(x, ')'))
		return syntax(x, open);
	if (which == 2) {
		*ret = str_wild(arg[1], arg[0]);
		return ok();
	}
	int order = which ? strcasecmp(arg[0], arg[1]) : strcmp(arg[0], arg[1]);
	*ret = order < 0 ? UINT64_MAX : order > 0;
	return ok();
}

static err_t arguments(struct parse *x, uint64_t *arg, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		TRY(expect(x, i ? ',' : '('));
		TRY(binary(x, 0, &arg[i]));
	}
	return expect(x, ')');
}

static err_t target_function(struct parse *x, unsigned which, uint64_t *ret)
{
	static const char *const names[] = { "$vvalid", "$iment", "$fnsucc" };
	static const size_t count[] = { 2, 1, 3 };
	const struct expr_scope *s = x->s;
	const char *where = x->last;
	uint64_t arg[3] = { 0 }, v = 0;
	err_t e = ok();
	TRY(arguments(x, arg, count[which]));
	if (!(which == 0 ? s->valid != NULL : which == 1 ? s->image_entry != NULL : s->fn_success != NULL))
		return unsupported(x, names[which], where);
	va_t va = address(x, arg[0]);
	bool found = which == 0   ? s->valid(s->ctx, va, arg[1], &v, &e)
		     : which == 1 ? s->image_entry(s->ctx, va, &v, &e)
				  : s->fn_success(s->ctx, va, arg[1], arg[2], &v, &e);
	if (e.code)
		return refused(x, e, "Memory access error at", x->last);
	if (!found)
		return bad(x, E_USAGE, "Operand error at", x->last);
	*ret = which == 1 ? extend(x, v) : v;
	return ok();
}

// ---- operands

// The depth is that of the whole text: operators, parentheses and both evaluators count alike.
static err_t operand(struct parse *x, uint64_t *ret);
static err_t deeper(struct parse *x, uint64_t *ret)
{
	if (x->depth >= LIMIT_EXPR_DEPTH)
		return fail(E_LIMIT, "expression nested too deeply", (uint64_t)(x->p - x->text));
	x->depth++;
	err_t e = operand(x, ret);
	x->depth--;
	return e;
}

struct word_op {
	const char *name;
	enum { W_NOT, W_HI, W_LOW, W_READ, W_READ_PHYS, W_STRING, W_TARGET } kind;
	unsigned arg; // bytes to read, 0 for a pointer; which function
};
static const struct word_op word_ops[] = {
	{ "not", W_NOT, 0 },         { "hi", W_HI, 0 },          { "low", W_LOW, 0 },
	{ "poi", W_READ, 0 },        { "by", W_READ, 1 },        { "wo", W_READ, 2 },
	{ "dwo", W_READ, 4 },        { "qwo", W_READ, 8 },       { "$ppoi", W_READ_PHYS, 0 },
	{ "$pby", W_READ_PHYS, 1 },  { "$pwo", W_READ_PHYS, 2 }, { "$pdwo", W_READ_PHYS, 4 },
	{ "$pqwo", W_READ_PHYS, 8 }, { "$scmp", W_STRING, 0 },   { "$sicmp", W_STRING, 1 },
	{ "$spat", W_STRING, 2 },    { "$vvalid", W_TARGET, 0 }, { "$iment", W_TARGET, 1 },
	{ "$fnsucc", W_TARGET, 2 },
};

static const struct word_op *word_op(const char *p)
{
	size_t n = lex_word(p);
	if (lex_name_goes_on(p + n))
		return NULL; // a module or class of that name
	for (size_t i = 0; i < ARRAY_LEN(word_ops); i++)
		if (lex_word_is(p, n, word_ops[i].name))
			return &word_ops[i];
	return NULL;
}

static err_t apply_word(struct parse *x, const struct word_op *op, uint64_t *ret)
{
	uint64_t v = 0;
	take(x, strlen(op->name));
	if (op->kind == W_STRING)
		return string_function(x, op->arg, ret);
	if (op->kind == W_TARGET)
		return target_function(x, op->arg, ret);
	TRY(deeper(x, &v));
	switch (op->kind) {
	case W_NOT:
		*ret = !v;
		return ok();
	case W_HI:
		*ret = v >> 16 & 0xffff;
		return ok();
	case W_LOW:
		*ret = v & 0xffff;
		return ok();
	default:
		return dereference(x, op->arg, op->kind == W_READ_PHYS, v, ret);
	}
}

// @@( and @@c++( hand the text to the other evaluator, @@masm( stays here.
static err_t other_evaluator(struct parse *x, uint64_t *ret)
{
	const char *where = x->p;
	size_t skip = str_ieqn(where, "@@c++(", 6) ? 6 : str_ieqn(where, "@@masm(", 7) ? 7 : where[2] == '(' ? 3 : 0;
	if (!skip)
		return syntax(x, where);
	if (skip == 7) {
		take(x, skip - 1);
		return deeper(x, ret); // the parenthesis is an operand like any other
	}
	size_t n = lex_group(where + skip - 1);
	if (!n)
		return syntax(x, where + skip - 1);
	if (!x->s->cpp)
		return unsupported(x, "C++ expressions", where);
	err_t e = ok();
	uint64_t v = 0;
	x->p = where + skip - 1 + n - 1;
	take(x, 1);
	bool found = x->s->cpp(x->s->ctx, where + skip, n - 2, x->depth + 1, &v, &e);
	if (e.code)
		return refused(x, e, "Memory access error at", x->last);
	if (!found)
		return bad(x, E_USAGE, "Couldn't resolve error at", where + skip);
	*ret = v;
	return ok();
}

static err_t source_line(struct parse *x, uint64_t *ret)
{
	const char *where = x->p, *end = strchr(where + 1, '`');
	if (!end || end == where + 1)
		return syntax(x, where);
	if (!x->s->line)
		return unsupported(x, "source lines", where);
	err_t e = ok();
	uint64_t v = 0;
	bool found = x->s->line(x->s->ctx, arena_strndup(x->a, where + 1, (size_t)(end - where - 1)), &v, &e);
	take(x, (size_t)(end - where) + 1);
	if (e.code)
		return refused(x, e, "Couldn't resolve error at", where);
	if (!found)
		return bad(x, E_USAGE, "Couldn't resolve error at", where);
	*ret = extend(x, v);
	return ok();
}

static err_t number_or_name(struct parse *x, uint64_t *ret)
{
	struct num n = lex_number(x->p, x->s->radix);
	if (n.kind == NUM_TOO_BIG)
		return bad(x, E_USAGE, "Overflow error at", x->p);
	if (n.kind == NUM_OK) {
		*ret = x->s->kernel && !n.tick ? extend(x, n.value) : n.value;
		take(x, n.n);
		return ok();
	}
	if (bin_op(x->p)) // "and", "mod"
		return bad(x, E_USAGE, "Numeric expression missing from", x->p);
	const struct word_op *op = word_op(x->p);
	return op ? apply_word(x, op, ret) : name(x, ret);
}

static err_t operand(struct parse *x, uint64_t *ret)
{
	x->p = lex_blanks(x->p);
	const char c = *x->p;
	uint64_t v = 0;
	bool found = false;
	switch (c) {
	case '+':
	case '-':
		take(x, 1);
		TRY(deeper(x, &v));
		*ret = c == '-' ? 0 - v : v;
		return ok();
	case '(':
	case '[':
		take(x, 1);
		TRY(binary(x, 0, ret));
		return expect(x, c == '(' ? ')' : ']');
	case '@':
		return x->p[1] == '@' ? other_evaluator(x, ret) : at_name(x, ret);
	case '.':
		take(x, 1);
		TRY(try_pseudo(x, "ip", x->last, ret, &found));
		return found ? ok() : bad(x, E_USAGE, "Bad register error at", x->last);
	case '`':
		return source_line(x, ret);
	default:
		if (lex_alnum(c) || c == '$' || c == '?' || (c == '!' && x->p[1] != '='))
			return number_or_name(x, ret);
		// A character of the language in the wrong place, or one it does not have.
		if (strchr("*/%<>=!&^|)],;", c)) // and the NUL
			return bad(x, E_USAGE, "Numeric expression missing from", x->p);
		return syntax(x, x->p);
	}
}

// ---- binary operators

enum op { OP_NONE, MUL, DIV, MOD, ADD, SUB, SHL, SHR, SAR, EQ, NE, LE, GE, LT, GT, AND, XOR, OR };
struct bin_op {
	const char *text;
	enum op op;
	unsigned rank; // 1 binds least
};

// Longest first where one is the beginning of another.
static const struct bin_op bin_ops[] = {
	{ ">>>", SAR, 5 }, { "<<", SHL, 5 }, { ">>", SHR, 5 }, { "==", EQ, 4 }, { "!=", NE, 4 }, { "<=", LE, 4 },
	{ ">=", GE, 4 },   { "=", EQ, 4 },   { "<", LT, 4 },   { ">", GT, 4 },  { "*", MUL, 7 }, { "/", DIV, 7 },
	{ "%", MOD, 7 },   { "+", ADD, 6 },  { "-", SUB, 6 },  { "&", AND, 3 }, { "^", XOR, 2 }, { "|", OR, 1 },
};
static const struct bin_op bin_words[] = { { "mod", MOD, 7 }, { "and", AND, 3 }, { "xor", XOR, 2 }, { "or", OR, 1 } };

static const struct bin_op *bin_op(const char *p)
{
	size_t n = lex_word(p);
	for (size_t i = 0; n && i < ARRAY_LEN(bin_words); i++)
		if (lex_word_is(p, n, bin_words[i].text) && !lex_name_goes_on(p + n))
			return &bin_words[i];
	for (size_t i = 0; !n && i < ARRAY_LEN(bin_ops); i++)
		if (str_starts(p, bin_ops[i].text))
			return &bin_ops[i];
	return NULL;
}

static uint64_t arithmetic_shift(uint64_t a, unsigned n)
{
	uint64_t sign = a >> 63 ? ~(UINT64_MAX >> n) : 0;
	return a >> n | sign;
}

static err_t apply(struct parse *x, enum op op, uint64_t a, uint64_t b, uint64_t *ret)
{
	switch (op) {
	case MUL:
		*ret = a * b;
		return ok();
	case DIV:
	case MOD:
		if (!b)
			return bad(x, E_USAGE, "Operand error at", x->last);
		*ret = op == DIV ? a / b : a % b;
		return ok();
	case ADD:
		*ret = a + b;
		return ok();
	case SUB:
		*ret = a - b;
		return ok();
	case SHL:
		*ret = a << (b & 63);
		return ok();
	case SHR:
		*ret = a >> (b & 63);
		return ok();
	case SAR:
		*ret = arithmetic_shift(a, b & 63);
		return ok();
	case AND:
		*ret = a & b;
		return ok();
	case XOR:
		*ret = a ^ b;
		return ok();
	case OR:
		*ret = a | b;
		return ok();
	default:
		*ret = op == EQ   ? a == b
		       : op == NE ? a != b
		       : op == LT ? a < b
		       : op == GT ? a > b
		       : op == LE ? a <= b
				  : a >= b;
		return ok();
	}
}

// Operators of at least min_rank, from the left.
static err_t binary(struct parse *x, unsigned min_rank, uint64_t *ret)
{
	uint64_t left = 0;
	TRY(deeper(x, &left));
	for (;;) {
		const char *p = lex_blanks(x->p);
		const struct bin_op *op = bin_op(p);
		if (!op || op->rank < min_rank)
			break;
		uint64_t right = 0;
		x->p = p;
		take(x, strlen(op->text));
		TRY(binary(x, op->rank + 1, &right));
		TRY(apply(x, op->op, left, right, &left));
	}
	*ret = left;
	return ok();
}

err_t expr_eval(const struct expr_scope *s, struct arena *a, const char *text, uint64_t *ret, const char **rest)
{
	struct parse x = { .s = s, .a = a, .text = text, .p = text, .last = text, .depth = s->depth };
	uint64_t v = 0;
	TRY(binary(&x, 0, &v));
	*ret = v;
	*rest = x.p;
	return ok();
}

err_t expr_default(const struct expr_scope *s, struct arena *a, const char *text, uint64_t *ret, const char **rest)
{
	return s->other ? s->other(s->ctx, a, text, ret, rest) : expr_eval(s, a, text, ret, rest);
}
