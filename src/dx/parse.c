// SPDX-License-Identifier: Apache-2.0
// parse.c: dx expressions as trees, because lambdas are run many times. Tokens, types and casts are those of the C++
// evaluator; what C++ has not: strings, lambdas, new { }, @{ }, calls.
#include <string.h>

#include "base/str.h"
#include "dx/dx_int.h"

struct parser {
	struct dx *x;
	struct cpp c; // the cursor
	const struct scope *names;
};
struct scope { // parameters of the lambda around
	const char *const *names;
	size_t n;
	const struct scope *outer;
};
struct kids {
	const struct dx_node *list[LIMIT_DX_ARGUMENTS];
	const char *names[LIMIT_DX_ARGUMENTS];
	size_t n;
};

static err_t expression(struct parser *p, const struct dx_node **ret);
static err_t operand(struct parser *p, const struct dx_node **ret);

static err_t too_deep(struct parser *p)
{
	return fail(E_LIMIT, "expression nested too deeply", (uint64_t)(p->c.p - p->c.text));
}

static struct dx_node *node(struct parser *p, enum dx_node_kind kind, const char *at)
{
	struct dx_node *n = NEW(p->x->a, struct dx_node);
	n->kind = kind;
	n->at = at;
	return n;
}

static const struct dx_node *with_kids(struct parser *p, struct dx_node *n, const struct kids *k)
{
	const struct dx_node **list = NEW_N(p->x->a, const struct dx_node *, MAX(k->n, (size_t)1));
	const char **names = NEW_N(p->x->a, const char *, MAX(k->n, (size_t)1));
	memcpy(list, k->list, k->n * sizeof(*list));
	memcpy(names, k->names, k->n * sizeof(*names));
	n->kids = list;
	n->names = names;
	n->n = k->n;
	return n;
}

static err_t add_kid(struct parser *p, struct kids *k, const char *name, const struct dx_node *kid)
{
	if (k->n >= LIMIT_DX_ARGUMENTS)
		return fail(E_LIMIT, "too many arguments", (uint64_t)(p->c.p - p->c.text));
	k->names[k->n] = name;
	k->list[k->n++] = kid;
	return ok();
}

static const struct dx_node *binary_node(struct parser *p, const char *at, const char *op, const struct dx_node *l,
					 const struct dx_node *r)
{
	struct dx_node *n = node(p, NODE_BINARY, at);
	n->op = op;
	return with_kids(p, n, &(struct kids){ .list = { l, r }, .n = 2 });
}

static const struct dx_node *unary_node(struct parser *p, enum dx_node_kind kind, const char *at, const char *op,
					const struct dx_node *k)
{
	struct dx_node *n = node(p, kind, at);
	n->op = op;
	return with_kids(p, n, &(struct kids){ .list = { k }, .n = 1 });
}

static bool is_parameter(const struct parser *p, const char *name, size_t n)
{
	for (const struct scope *s = p->names; s; s = s->outer)
		for (size_t i = 0; i < s->n; i++)
			if (strlen(s->names[i]) == n && !memcmp(s->names[i], name, n))
				return true;
	return false;
}

// ---- lambdas
static bool arrow(const char *p)
{
	p += strspn(p, " \t");
	return p[0] == '=' && p[1] == '>';
}

// "x =>", "(x, y) =>": the length up to the arrow; 0: none begins here.
static size_t lambda_head(const char *p)
{
	const char *q = p;
	size_t n = cpp_ident(p);
	if (n)
		return arrow(p + n) ? n : 0;
	if (*q != '(')
		return 0;
	q += 1 + strspn(q + 1, " \t");
	while (*q != ')') {
		n = cpp_ident(q);
		q += n + strspn(q + n, " \t");
		if (!n || (*q != ',' && *q != ')'))
			return 0;
		q += *q == ',';
		q += strspn(q, " \t");
	}
	return arrow(q + 1) ? (size_t)(q + 1 - p) : 0;
}

static err_t lambda(struct parser *p, size_t head, const struct dx_node **ret)
{
	const char *at = p->c.p, *end = at + head;
	const char *names[LIMIT_DX_ARGUMENTS];
	size_t n = 0;
	while (p->c.p < end) {
		size_t len = cpp_ident(p->c.p);
		if (len && n >= LIMIT_DX_ARGUMENTS)
			return fail(E_LIMIT, "too many arguments", (uint64_t)(p->c.p - p->c.text));
		if (len)
			names[n++] = arena_strndup(p->x->a, p->c.p, len);
		p->c.p += len ? len : 1;
	}
	cpp_blanks(&p->c);
	p->c.p += 2;
	struct scope inner = { names, n, p->names };
	const struct dx_node *body;
	p->names = &inner;
	err_t e = expression(p, &body);
	p->names = inner.outer;
	TRY(e);
	struct dx_node *l = node(p, NODE_LAMBDA, at);
	const char **kept = NEW_N(p->x->a, const char *, n + 1);
	memcpy(kept, names, n * sizeof(*kept));
	const struct dx_node **kid = NEW(p->x->a, const struct dx_node *);
	*kid = body;
	l->kids = kid;
	l->names = kept;
	l->n = n;
	*ret = l;
	return ok();
}

// ---- operands
static err_t string_literal(struct parser *p, const struct dx_node **ret)
{
	static const char from[] = "abfnrtv0\\'\"", to[] = "\a\b\f\n\r\t\v\0\\'\"";
	const char *at = p->c.p, *q = at + 1;
	struct sb s = sb_new(p->x->a);
	for (; *q && *q != '"'; q++) {
		const char *known = *q == '\\' && q[1] ? strchr(from, q[1]) : NULL;
		if (known)
			q++;
		if (known && !to[known - from])
			break; // a NUL ends the text
		sb_ch(&s, known ? to[known - from] : *q);
	}
	q += strcspn(q, "\"");
	if (*q != '"')
		return cpp_syntax(&p->c, at);
	p->c.last = at;
	p->c.p = q + 1;
	struct dx_node *n = node(p, NODE_LITERAL, at);
	n->obj = dx_string(sb_str(&s));
	*ret = n;
	return ok();
}

// "{ A = x, B = y }" behind new or @.
static err_t anonymous(struct parser *p, const char *at, const struct dx_node **ret)
{
	struct kids k = { .n = 0 };
	TRY(cpp_expect(&p->c, '{'));
	while (!cpp_take(&p->c, "}")) {
		const struct dx_node *value;
		if (k.n)
			TRY(cpp_expect(&p->c, ','));
		cpp_blanks(&p->c);
		size_t n = cpp_ident(p->c.p);
		if (!n)
			return cpp_syntax(&p->c, p->c.p);
		const char *name = arena_strndup(p->x->a, p->c.p, n);
		p->c.p += n;
		TRY(cpp_expect(&p->c, '='));
		TRY(expression(p, &value));
		TRY(add_kid(p, &k, name, value));
	}
	*ret = with_kids(p, node(p, NODE_NEW, at), &k);
	return ok();
}

static err_t at_name(struct parser *p, const struct dx_node **ret)
{
	const char *at = p->c.p, *q = at + 1;
	if (*q == '{') {
		p->c.p++;
		return anonymous(p, at, ret);
	}
	if (*q == '@')
		return fail(E_UNSUPPORTED, "not supported: dx has no other evaluators (@@)",
			    (uint64_t)(at - p->c.text));
	size_t n = *q == '$' ? 1 : 0;
	size_t word = cpp_ident(q + n);
	if (!word)
		return cpp_syntax(&p->c, at);
	struct dx_node *x = node(p, NODE_AT, at);
	x->op = arena_strndup(p->x->a, q, n + word);
	p->c.last = at;
	p->c.p = q + n + word;
	*ret = x;
	return ok();
}

static err_t name(struct parser *p, const struct dx_node **ret)
{
	const char *at = p->c.p;
	size_t n = cpp_name(at, true), plain = cpp_name(at, false);
	if (!n)
		return cpp_syntax(&p->c, at);
	size_t ident = cpp_ident(at);
	n = is_parameter(p, at, ident) ? ident : n;
	struct dx_node *x = node(p, NODE_NAME, at);
	x->op = arena_strndup(p->x->a, at, n);
	if (n != plain && at[n] != '(' && strchr(" \t", at[n])) // "a < b, c > d" may be comparisons
		x->op = arena_strndup(p->x->a, at, n = plain);
	p->c.last = at;
	p->c.p = at + n;
	*ret = x;
	return ok();
}

static err_t size_of(struct parser *p, const struct dx_node **ret)
{
	struct type t;
	bool found = false;
	const char *at = p->c.last, *from = p->c.p;
	const struct dx_node *k;
	if (cpp_take(&p->c, "(")) {
		TRY(cpp_type_upto(&p->c, ')', &t, &found));
		if (found) {
			TRY(cpp_expect(&p->c, ')'));
			struct dx_node *n = node(p, NODE_SIZEOF, at);
			n->type = t;
			*ret = n;
			return ok();
		}
	}
	p->c.p = from;
	TRY(operand(p, &k));
	*ret = unary_node(p, NODE_SIZEOF, at, NULL, k);
	return ok();
}

static err_t parenthesis(struct parser *p, const struct dx_node **ret)
{
	const char *at = p->c.p, *inside = at + 1 + strspn(at + 1, " \t");
	struct type t;
	bool found = false;
	const struct dx_node *k;
	if (!is_parameter(p, inside, cpp_ident(inside)))
		TRY(cpp_cast_type(&p->c, &t, &found));
	if (!found) {
		TRY(cpp_expect(&p->c, '('));
		TRY(expression(p, ret));
		return cpp_expect(&p->c, ')');
	}
	TRY(operand(p, &k));
	struct dx_node *n = node(p, NODE_CAST, at);
	n->type = t;
	*ret = with_kids(p, n, &(struct kids){ .list = { k }, .n = 1 });
	return ok();
}

static err_t literal(struct parser *p, const struct dx_node **ret, bool *found)
{
	struct cpp_value *v = NEW(p->x->a, struct cpp_value);
	const char *at = p->c.p;
	*found = true;
	if (*at == '"')
		return string_literal(p, ret);
	if (*at == 'L' && at[1] == '"') {
		p->c.p++;
		return string_literal(p, ret);
	}
	TRY(cpp_literal(&p->c, v, found));
	if (!*found && (cpp_word(&p->c, "true") || cpp_word(&p->c, "false"))) {
		*v = cpp_number(p->x->scope->types, p->x->a, CPP_BOOL, *at == 't');
		*found = true;
	}
	if (!*found)
		return ok();
	struct dx_node *n = node(p, NODE_LITERAL, at);
	n->obj = dx_value(p->x, v, false);
	*ret = n;
	return ok();
}

static err_t primary(struct parser *p, const struct dx_node **ret)
{
	bool found;
	cpp_blanks(&p->c);
	size_t head = lambda_head(p->c.p);
	if (head)
		return lambda(p, head, ret);
	if (*p->c.p == '(')
		return parenthesis(p, ret);
	if (*p->c.p == '@')
		return at_name(p, ret);
	TRY(literal(p, ret, &found));
	if (found)
		return ok();
	if (cpp_word(&p->c, "sizeof"))
		return size_of(p, ret);
	const char *at = p->c.p;
	if (cpp_word(&p->c, "new"))
		return anonymous(p, at, ret);
	return name(p, ret);
}

// "a, b)" up to `end`.
static err_t arguments(struct parser *p, char end, struct kids *k)
{
	const char token[2] = { end, 0 };
	bool first = true;
	while (!cpp_take(&p->c, token)) {
		const struct dx_node *arg;
		if (!first)
			TRY(cpp_expect(&p->c, ','));
		first = false;
		TRY(expression(p, &arg));
		TRY(add_kid(p, k, NULL, arg));
	}
	return ok();
}

static err_t postfix(struct parser *p, const struct dx_node **ret)
{
	TRY(primary(p, ret));
	for (;;) {
		cpp_blanks(&p->c);
		const char *at = p->c.p;
		struct kids k = { .list = { *ret }, .n = 1 };
		bool is_index = *at == '[', is_call = *at == '(';
		if (is_index || is_call) {
			p->c.p++;
			TRY(arguments(p, is_index ? ']' : ')', &k));
			if (is_index && k.n < 2)
				return cpp_syntax(&p->c, at);
			*ret = with_kids(p, node(p, is_index ? NODE_INDEX : NODE_CALL, at), &k);
		} else if (cpp_take(&p->c, "->") || (*at == '.' && cpp_take(&p->c, "."))) {
			cpp_blanks(&p->c);
			size_t n = cpp_ident(p->c.p);
			if (!n)
				return cpp_syntax(&p->c, p->c.p);
			*ret = unary_node(p, NODE_MEMBER, p->c.p, arena_strndup(p->x->a, p->c.p, n), *ret);
			p->c.last = p->c.p;
			p->c.p += n;
		} else {
			return ok();
		}
	}
}

static err_t operand(struct parser *p, const struct dx_node **ret)
{
	cpp_blanks(&p->c);
	const char *at = p->c.p;
	const struct dx_node *k;
	if (p->c.depth >= LIMIT_EXPR_DEPTH)
		return too_deep(p);
	if (str_starts(at, "++") || str_starts(at, "--"))
		return fail(E_UNSUPPORTED, "not supported: a dump is only read", (uint64_t)(at - p->c.text));
	p->c.depth++;
	err_t e;
	if (*at && strchr("+-~!*&", *at) && !(*at == '&' && at[1] == '&')) {
		p->c.last = at;
		p->c.p++;
		e = operand(p, &k);
		if (!e.code)
			*ret = unary_node(p, NODE_UNARY, at, arena_strndup(p->x->a, at, 1), k);
	} else {
		e = postfix(p, ret);
	}
	p->c.depth--;
	return e;
}

// ---- operators by rank; the table is that of C
static const struct {
	const char *text;
	unsigned rank;
} operators[] = {
	{ "||", 1 }, { "&&", 2 }, { "|", 3 },  { "^", 4 },  { "&", 5 },  { "==", 6 },
	{ "!=", 6 }, { "<<", 8 }, { ">>", 8 }, { "<=", 7 }, { ">=", 7 }, { "<", 7 },
	{ ">", 7 },  { "+", 9 },  { "-", 9 },  { "*", 10 }, { "/", 10 }, { "%", 10 },
};

static err_t binary(struct parser *p, unsigned min_rank, const struct dx_node **ret)
{
	TRY(operand(p, ret));
	for (;;) {
		cpp_blanks(&p->c);
		const char *at = p->c.p;
		size_t i = 0;
		while (i < ARRAY_LEN(operators) && !str_starts(at, operators[i].text))
			i++;
		if (i == ARRAY_LEN(operators) || operators[i].rank < min_rank)
			return ok();
		const struct dx_node *right;
		(void)cpp_take(&p->c, operators[i].text);
		TRY(binary(p, operators[i].rank + 1, &right));
		*ret = binary_node(p, at, operators[i].text, *ret, right);
	}
}

static err_t assignment(struct parser *p, const struct dx_node *to, const struct dx_node **ret)
{
	const char *at = p->c.p;
	const struct dx_node *value;
	if (to->kind != NODE_AT || *to->op != '$')
		return fail(E_UNSUPPORTED, "not supported: a dump is only read, user variables (@$name) take values",
			    (uint64_t)(at - p->c.text));
	TRY(cpp_expect(&p->c, '='));
	TRY(expression(p, &value));
	*ret = unary_node(p, NODE_ASSIGN, at, to->op, value);
	return ok();
}

static err_t expression(struct parser *p, const struct dx_node **ret)
{
	const struct dx_node *yes, *no;
	if (p->c.depth >= LIMIT_EXPR_DEPTH)
		return too_deep(p);
	p->c.depth++;
	TRY(binary(p, 0, ret));
	cpp_blanks(&p->c);
	const char *at = p->c.p;
	if (*at == '=' && at[1] != '=' && at[1] != '>') {
		TRY(assignment(p, *ret, ret));
	} else if (cpp_take(&p->c, "?")) {
		TRY(expression(p, &yes));
		TRY(cpp_expect(&p->c, ':'));
		TRY(expression(p, &no));
		*ret = with_kids(p, node(p, NODE_CONDITION, at), &(struct kids){ .list = { *ret, yes, no }, .n = 3 });
	}
	p->c.depth--;
	return ok();
}

err_t dx_parse(struct dx *x, const char *text, const struct dx_node **ret, const char **rest)
{
	struct parser p = { .x = x, .c = { .s = x->scope, .a = x->a, .text = text, .p = text, .last = text } };
	TRY(expression(&p, ret));
	cpp_blanks(&p.c);
	*rest = p.c.p;
	return ok();
}
