// SPDX-License-Identifier: Apache-2.0
// frame_program.c: the evaluator.
#include "stack/frame_program.h"

#include "base/limits.h"
#include "base/str.h"

#include <string.h>

struct word {
	const char *p;
	size_t n;
};
struct variable { // no register: $T0, $L, $P
	struct word name;
	uint32_t value;
	bool known;
};
struct item {
	uint32_t value;
	int reg, variable; // -1: none
	bool loaded;
	uint32_t from; // where it was loaded
};
struct postfix {
	const struct frame_program_env *env;
	struct regs r;
	struct frame_program_result result;
	struct variable vars[LIMIT_FRAME_VARIABLES];
	int n_vars;
	struct item stack[LIMIT_FRAME_STACK];
	int depth;
};

static bool word_is(struct word w, const char *text)
{
	return strlen(text) == w.n && memcmp(w.p, text, w.n) == 0;
}

// Some writers leave out the blank behind an operator ("=$eip").
static bool next_word(const char **p, struct word *ret)
{
	static const char operators[] = "+-*/%@^=";
	*p += strspn(*p, " \t");
	size_t n = strcspn(*p, " \t");
	if (!n)
		return false;
	*ret = (struct word){ *p, strchr(operators, **p) ? 1 : n };
	*p += ret->n;
	return true;
}

bool frame_program_searches(const char *program)
{
	return strstr(program, ".raSearch") != NULL;
}

bool frame_program_aligns(const char *program)
{
	return strchr(program, '@') != NULL;
}

static bool number(struct word w, uint32_t *ret)
{
	uint64_t v = 0;
	for (size_t i = 0; i < w.n; i++) {
		if (w.p[i] < '0' || w.p[i] > '9' || v > UINT32_MAX)
			return false;
		v = v * 10 + (uint64_t)(w.p[i] - '0');
	}
	*ret = (uint32_t)v;
	return w.n && v <= UINT32_MAX;
}

// Registers by name, and by CodeView's numbers for x86 (cvinfo.h, CV_REG_EAX and following; CV_REG_EIP).
static int register_of(struct word w)
{
	static const char *const names[] = { "$eax", "$ecx", "$edx", "$ebx", "$esp", "$ebp", "$esi", "$edi" };
	enum { CV_EAX = 17, CV_EIP = 33 };
	uint32_t n;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (word_is(w, names[i]))
			return (int)i;
	if (word_is(w, "$eip"))
		return X64_RIP;
	if (!number((struct word){ w.p + 1, w.n - 1 }, &n))
		return -1;
	return n == CV_EIP ? (int)X64_RIP : n >= CV_EAX && n < CV_EAX + ARRAY_LEN(names) ? (int)n - CV_EAX : -1;
}

static bool constant(const struct frame_program_env *e, struct word w, uint32_t *ret)
{
	const struct {
		const char *name;
		uint32_t value;
	} list[] = { { ".raSearch", e->ra_search }, { ".raSearchStart", e->ra_search },
		     { ".cbParams", e->params },    { ".cbLocals", e->locals },
		     { ".cbSavedRegs", e->saved },  { ".cbCalleeParams", e->callee_params } };
	for (size_t i = 0; i < ARRAY_LEN(list); i++) {
		if (word_is(w, list[i].name)) {
			*ret = list[i].value;
			return true;
		}
	}
	return false;
}

static int variable_of(struct postfix *m, struct word w)
{
	for (int i = 0; i < m->n_vars; i++)
		if (m->vars[i].name.n == w.n && memcmp(m->vars[i].name.p, w.p, w.n) == 0)
			return i;
	if (m->n_vars == LIMIT_FRAME_VARIABLES)
		return -1;
	m->vars[m->n_vars] = (struct variable){ .name = w };
	return m->n_vars++;
}

static err_t push(struct postfix *m, struct item i)
{
	if (m->depth == LIMIT_FRAME_STACK)
		return fail(E_LIMIT, "a frame program that is too deep", 0);
	m->stack[m->depth++] = i;
	return ok();
}

static err_t pop(struct postfix *m, struct item *ret)
{
	if (!m->depth)
		return fail(E_CORRUPT, "a frame program takes more than it has", 0);
	*ret = m->stack[--m->depth];
	return ok();
}

static err_t value_of(const struct postfix *m, struct item i, uint32_t *ret)
{
	if ((i.reg >= 0 && !reg_known(&m->r, (unsigned)i.reg)) || (i.variable >= 0 && !m->vars[i.variable].known))
		return fail(E_ABSENT, "a register of a frame program", 0);
	*ret = i.reg >= 0        ? (uint32_t)reg_get(&m->r, (unsigned)i.reg)
	       : i.variable >= 0 ? m->vars[i.variable].value
				 : i.value;
	return ok();
}

static err_t pop_value(struct postfix *m, uint32_t *ret)
{
	struct item i;
	TRY(pop(m, &i));
	return value_of(m, i, ret);
}

static err_t assign(struct postfix *m)
{
	uint32_t v;
	struct item what, to;
	TRY(pop(m, &what));
	TRY(value_of(m, what, &v));
	TRY(pop(m, &to));
	if (to.reg >= 0) {
		uint32_t bit = (uint32_t)1 << to.reg;
		reg_set(&m->r, (unsigned)to.reg, v);
		m->result.assigned |= bit;
		m->result.loaded = what.loaded ? m->result.loaded | bit : m->result.loaded & ~bit;
		m->result.from[to.reg] = what.from;
	} else if (to.variable >= 0) {
		m->vars[to.variable].value = v;
		m->vars[to.variable].known = true;
	} else {
		return fail(E_CORRUPT, "a frame program assigns to no variable", 0);
	}
	return ok();
}

static err_t operate(struct postfix *m, char op)
{
	uint32_t a, b, v;
	if (op == '=')
		return assign(m);
	TRY(pop_value(m, &b));
	if (op == '^') {
		if (!space_u32(m->env->space, b, &v))
			return fail(E_ABSENT, "stack memory of a frame program", b);
		return push(m, (struct item){ v, -1, -1, true, b });
	}
	TRY(pop_value(m, &a));
	if (!b && (op == '/' || op == '%' || op == '@'))
		return fail(E_CORRUPT, "a frame program divides by zero", 0);
	switch (op) {
	case '+':
		v = a + b;
		break;
	case '-':
		v = a - b;
		break;
	case '*':
		v = a * b;
		break;
	case '/':
		v = a / b;
		break;
	case '%':
		v = a % b;
		break;
	case '@':
		v = a - a % b;
		break;
	default:
		return fail(E_CORRUPT, "a frame program has an unknown operator", 0);
	}
	return push(m, (struct item){ .value = v, .reg = -1, .variable = -1 });
}

static err_t step(struct postfix *m, struct word w)
{
	struct item i = { .reg = -1, .variable = -1 };
	if (w.n == 1 && strchr("+-*/%@^=", *w.p))
		return operate(m, *w.p);
	if (*w.p == '$') {
		i.reg = register_of(w);
		i.variable = i.reg < 0 ? variable_of(m, w) : -1;
		if (i.reg < 0 && i.variable < 0)
			return fail(E_LIMIT, "a frame program with too many variables", 0);
	} else if (!number(w, &i.value) && !constant(m->env, w, &i.value)) {
		return fail(E_CORRUPT, "a word of a frame program", 0);
	}
	return push(m, i);
}

err_t frame_program_run(const struct frame_program_env *env, const char *program, struct regs *r,
			struct frame_program_result *ret)
{
	const uint32_t needed = (uint32_t)1 << X64_RIP | (uint32_t)1 << X64_RSP;
	struct postfix m = { .env = env, .r = *r };
	struct word w;
	for (unsigned n = 0; next_word(&program, &w); n++) {
		if (n == LIMIT_FRAME_WORDS)
			return fail(E_LIMIT, "a frame program that is too long", n);
		TRY(step(&m, w));
	}
	if ((m.result.assigned & needed) != needed)
		return fail(E_CORRUPT, "a frame program without a return address", 0);
	*r = m.r;
	*ret = m.result;
	return ok();
}
