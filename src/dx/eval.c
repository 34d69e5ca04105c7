// SPDX-License-Identifier: Apache-2.0
// eval.c: runs the tree of an expression. What operators do to numbers, pointers and structs is left to the C++
// evaluator.
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "dx/models_int.h"
#include "sym/sym.h"

void dx_begin(struct dx *x, struct session *s, const struct cpp_scope *scope)
{
	*x = (struct dx){ .s = s, .a = scope->env->a, .scope = scope };
	x->ops = NEW(x->a, struct cpp);
	*x->ops = (struct cpp){ .s = scope, .a = x->a, .text = "", .p = "", .last = "" };
}

// Memory that an operator could not read tells which; all else has the evaluator's words.
static err_t done(struct dx *x, err_t e)
{
	if (e.code && x->scope->env->unreadable)
		return dx_memory_error(x, x->scope->env->unreadable_at);
	return e;
}

static void at(struct dx *x, const struct dx_node *n)
{
	x->ops->last = x->ops->p = n->at;
	x->ops->text = n->at;
	x->scope->env->unreadable = false;
}

static bool is_pointer(const struct cpp_value *v)
{
	return v->v.type.kind == TYPE_POINTER || v->v.type.kind == TYPE_ARRAY;
}

static err_t strings(struct dx *x, const char *op, const struct dx_obj *l, const struct dx_obj *r, struct dx_obj *ret)
{
	if (!str_eq(op, "+"))
		return fail(E_USAGE, arena_printf(x->a, "Operator %s is not defined on strings", op), 0);
	*ret = dx_string(arena_printf(x->a, "%s%s", l->text, r->text));
	return ok();
}

static bool ordering(const char *op, int order, bool *ret)
{
	static const char *const ops[] = { "==", "!=", "<=", ">=", "<", ">" };
	const bool is[] = { order == 0, order != 0, order <= 0, order >= 0, order<0, order> 0 };
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		if (str_eq(op, ops[i])) {
			*ret = is[i];
			return true;
		}
	}
	return false;
}

err_t dx_binary(struct dx *x, const struct dx_node *n, const struct dx_obj *l, const struct dx_obj *r,
		struct dx_obj *ret)
{
	struct cpp_value v;
	bool b;
	int order;
	if (l->kind == DX_ERROR || r->kind == DX_ERROR)
		return fail(E_USAGE, l->kind == DX_ERROR ? l->text : r->text, 0);
	if (l->kind == DX_STRING && r->kind == DX_STRING) {
		TRY(dx_compare(x, l, r, &order));
		if (!ordering(n->op, order, &b))
			return strings(x, n->op, l, r, ret);
		*ret = dx_bool(x, b);
		return ok();
	}
	if (l->kind != DX_VALUE || r->kind != DX_VALUE)
		return fail(E_USAGE, arena_printf(x->a, "Operator %s is not defined on these objects", n->op), 0);
	at(x, n);
	TRY(done(x, cpp_binary(x->ops, n->op, n->at, l->v, r->v, &v)));
	*ret = dx_value(x, &v, is_pointer(&v));
	return ok();
}

static err_t logical(struct dx *x, const struct dx_node *n, const struct dx_env *env, struct dx_obj *ret)
{
	struct dx_obj o;
	bool b;
	TRY(dx_run(x, n->kids[0], env, &o));
	TRY(dx_truth(x, &o, &b));
	if (b == (n->op[0] == '&')) {
		TRY(dx_run(x, n->kids[1], env, &o));
		TRY(dx_truth(x, &o, &b));
	}
	*ret = dx_bool(x, b);
	return ok();
}

static err_t unary(struct dx *x, const struct dx_node *n, const struct dx_obj *o, struct dx_obj *ret)
{
	struct cpp_value v;
	bool b;
	if (*n->op == '!') {
		TRY(dx_truth(x, o, &b));
		*ret = dx_bool(x, !b);
		return ok();
	}
	if (o->kind != DX_VALUE)
		return fail(E_USAGE, arena_printf(x->a, "Operator %s is not defined on this object", n->op), 0);
	at(x, n);
	err_t e = *n->op == '*'   ? cpp_deref(x->ops, n->at, o->v, &v)
		  : *n->op == '&' ? cpp_address(x->ops, n->at, o->v, &v)
				  : cpp_unary(x->ops, *n->op, o->v, &v);
	TRY(done(x, e));
	*ret = dx_value(x, &v, *n->op == '*' || *n->op == '&');
	return ok();
}

static err_t cast(struct dx *x, const struct dx_node *n, const struct dx_obj *o, struct dx_obj *ret)
{
	struct cpp_value v;
	if (o->kind != DX_VALUE)
		return fail(E_USAGE, "Only values can be cast", 0);
	at(x, n);
	TRY(done(x, cpp_cast(x->ops, n->at, &n->type, o->v, &v)));
	*ret = dx_value(x, &v, true);
	return ok();
}

static err_t size_of(struct dx *x, const struct dx_node *n, const struct dx_env *env, struct dx_obj *ret)
{
	struct dx_obj o;
	struct type t = n->type;
	if (n->n) {
		TRY(dx_run(x, n->kids[0], env, &o));
		if (o.kind != DX_VALUE)
			return fail(E_USAGE, "sizeof needs a value or a type", 0);
		t = o.v->v.type;
	}
	if (!t.size || t.kind == TYPE_BITFIELD)
		return fail(E_USAGE, "sizeof needs a value or a type", 0);
	*ret = dx_uint(x, t.size);
	return ok();
}

// ---- names
static err_t no_name(struct dx *x, const char *name)
{
	return fail(E_USAGE, arena_printf(x->a, "Unable to bind name '%s'", name), 0);
}

static err_t name(struct dx *x, const struct dx_node *n, const struct dx_env *env, struct dx_obj *ret)
{
	struct cpp_value v = { 0 };
	err_t e = ok();
	va_t va;
	for (; env; env = env->outer) {
		if (str_eq(env->name, n->op)) {
			*ret = *env->value;
			return ok();
		}
	}
	if (str_eq(n->op, "Debugger")) {
		*ret = dx_debugger();
		return ok();
	}
	const char *text = n->op + (*n->op == '!' ? 1 : str_starts(n->op, "::") ? 2 : 0);
	bool found = x->scope->name(x->scope->ctx, text, &v, &e);
	if (dx_is_local_error(e) && e.code != E_ABSENT)
		return no_name(x, n->op);
	TRY(e);
	if (!found) { // a symbol without a type is an object of type void: its address can be cast
		struct type t = cpp_base_type(x->scope->types, CPP_VOID);
		if (!x->s->target || sym_find(x->s->target, text, &va).code)
			return no_name(x, n->op);
		v = (struct cpp_value){ .v = value_at(&t, va) };
	}
	*ret = dx_value(x, &v, true);
	return ok();
}

static bool system_variable(struct dx *x, const char *name, struct dx_obj *ret, err_t *err)
{
	if (str_ieq(name, "$vars"))
		*ret = dx_variables();
	else if (!x->s->target)
		return false;
	else if (str_ieq(name, "$cursession"))
		*ret = dx_session();
	else if (str_ieq(name, "$curprocess"))
		*ret = dx_process_current(x);
	else if (str_ieq(name, "$curthread"))
		*err = dx_thread_current(x, ret);
	else if (str_ieq(name, "$curstack"))
		*err = dx_stack_current(x, ret);
	else
		return false;
	return true;
}

static err_t at_name(struct dx *x, const struct dx_node *n, struct dx_obj *ret)
{
	struct cpp_value v = { 0 };
	err_t e = ok();
	if (system_variable(x, n->op, ret, &e))
		return e;
	if (*n->op == '$' && dx_variable(x, n->op + 1, ret))
		return ok();
	bool found = *n->op == '$' ? x->scope->pseudo(x->scope->ctx, n->op + 1, &v, &e)
				   : x->scope->reg(x->scope->ctx, n->op, &v, &e);
	TRY(e);
	if (!found)
		return no_name(x, arena_printf(x->a, "@%s", n->op));
	v.pseudo = 0;
	*ret = dx_value(x, &v, is_pointer(&v));
	return ok();
}

// ---- calls
err_t dx_call(struct dx *x, const struct dx_obj *callee, const struct dx_args *args, struct dx_obj *ret)
{
	const struct dx_callable *c = callee->self;
	if (callee->kind != DX_METHOD)
		return fail(E_USAGE, "Object is not callable", 0);
	TRY(dx_step(x));
	if (c->method) {
		if (args->n < c->method->min || args->n > c->method->max)
			return fail(E_USAGE, arena_printf(x->a, "Wrong number of arguments: %s", c->method->name), 0);
		return c->method->call(x, &c->self, args, ret);
	}
	if (args->n != c->lambda->n)
		return fail(E_USAGE, "Wrong number of arguments to a lambda expression", 0);
	const struct dx_env *env = c->env;
	for (size_t i = 0; i < args->n; i++) {
		struct dx_env *inner = NEW(x->a, struct dx_env);
		struct dx_obj *value = NEW(x->a, struct dx_obj);
		*value = args->list[i];
		*inner = (struct dx_env){ c->lambda->names[i], value, env };
		env = inner;
	}
	return dx_run(x, c->lambda->kids[0], env, ret);
}

err_t dx_call1(struct dx *x, const struct dx_obj *callee, const struct dx_obj *arg, struct dx_obj *ret)
{
	return dx_call(x, callee, &(struct dx_args){ arg, 1 }, ret);
}

static err_t call(struct dx *x, const struct dx_node *n, const struct dx_env *env, struct dx_obj *ret)
{
	struct dx_obj callee, *list = NEW_N(x->a, struct dx_obj, n->n);
	TRY(dx_run(x, n->kids[0], env, &callee));
	for (size_t i = 1; i < n->n; i++)
		TRY(dx_run(x, n->kids[i], env, &list[i - 1]));
	return dx_call(x, &callee, &(struct dx_args){ list, n->n - 1 }, ret);
}

static err_t element(struct dx *x, const struct dx_node *n, const struct dx_env *env, struct dx_obj *ret)
{
	struct dx_obj o, i;
	struct cpp_value v;
	TRY(dx_run(x, n->kids[0], env, &o));
	if (n->n > 2)
		return fail(E_UNSUPPORTED, "not supported: more than one index", 0);
	TRY(dx_run(x, n->kids[1], env, &i));
	if (o.kind != DX_VALUE || i.kind != DX_VALUE)
		return dx_at(x, &o, &i, ret);
	at(x, n);
	TRY(done(x, cpp_index(x->ops, n->at, o.v, i.v, &v)));
	*ret = dx_value(x, &v, true);
	return ok();
}

static err_t make_new(struct dx *x, const struct dx_node *n, const struct dx_env *env, struct dx_obj *ret)
{
	struct dx_obj *values = NEW_N(x->a, struct dx_obj, MAX(n->n, (size_t)1));
	for (size_t i = 0; i < n->n; i++) {
		err_t e = dx_run(x, n->kids[i], env, &values[i]);
		if (dx_is_local_error(e)) // one field does not cost the others
			values[i] = dx_error(x, e);
		else
			TRY(e);
	}
	*ret = dx_anonymous(x, &(struct dx_fields){ n->n, n->names, values });
	return ok();
}

static err_t assign(struct dx *x, const struct dx_node *n, const struct dx_env *env, struct dx_obj *ret)
{
	TRY(dx_run(x, n->kids[0], env, ret));
	return dx_variable_set(x, n->op + 1, ret);
}

static err_t condition(struct dx *x, const struct dx_node *n, const struct dx_env *env, struct dx_obj *ret)
{
	struct dx_obj o;
	bool b;
	TRY(dx_run(x, n->kids[0], env, &o));
	TRY(dx_truth(x, &o, &b));
	return dx_run(x, n->kids[b ? 1 : 2], env, ret);
}

static struct dx_obj closure(struct dx *x, const struct dx_node *n, const struct dx_env *env)
{
	struct dx_callable *c = NEW(x->a, struct dx_callable);
	*c = (struct dx_callable){ .lambda = n, .env = env };
	return (struct dx_obj){ .kind = DX_METHOD, .self = c };
}

static err_t operators(struct dx *x, const struct dx_node *n, const struct dx_env *env, struct dx_obj *ret)
{
	struct dx_obj l, r;
	if (n->kind == NODE_BINARY && n->op[1] == n->op[0] && (n->op[0] == '&' || n->op[0] == '|'))
		return logical(x, n, env, ret);
	TRY(dx_run(x, n->kids[0], env, &l));
	switch (n->kind) {
	case NODE_UNARY:
		return unary(x, n, &l, ret);
	case NODE_CAST:
		return cast(x, n, &l, ret);
	case NODE_MEMBER:
		return dx_member(x, &l, n->op, ret);
	default:
		TRY(dx_run(x, n->kids[1], env, &r));
		return dx_binary(x, n, &l, &r, ret);
	}
}

static err_t run(struct dx *x, const struct dx_node *n, const struct dx_env *env, struct dx_obj *ret)
{
	switch (n->kind) {
	case NODE_LITERAL:
		*ret = n->obj;
		return ok();
	case NODE_NAME:
		return name(x, n, env, ret);
	case NODE_AT:
		return at_name(x, n, ret);
	case NODE_CONDITION:
		return condition(x, n, env, ret);
	case NODE_SIZEOF:
		return size_of(x, n, env, ret);
	case NODE_INDEX:
		return element(x, n, env, ret);
	case NODE_CALL:
		return call(x, n, env, ret);
	case NODE_LAMBDA:
		*ret = closure(x, n, env);
		return ok();
	case NODE_NEW:
		return make_new(x, n, env, ret);
	case NODE_ASSIGN:
		return assign(x, n, env, ret);
	default:
		return operators(x, n, env, ret);
	}
}

err_t dx_run(struct dx *x, const struct dx_node *n, const struct dx_env *env, struct dx_obj *ret)
{
	TRY(dx_step(x));
	if (x->depth >= LIMIT_DX_DEPTH)
		return fail(E_LIMIT, "expression nested too deeply", 0);
	x->depth++;
	err_t e = run(x, n, env, ret);
	x->depth--;
	return e;
}

static bool assigns(const struct dx_node *n)
{
	if (n->kind == NODE_ASSIGN)
		return true;
	for (size_t i = 0; i < n->n && n->kind != NODE_LAMBDA; i++)
		if (assigns(n->kids[i]))
			return true;
	return false;
}

struct kept {
	struct dx *x;
	const char *text;
	struct dx_obj *ret;
};

static err_t run_kept(void *ctx)
{
	struct kept *k = ctx;
	const struct dx_node *n;
	const char *rest;
	TRY(dx_parse(k->x, arena_strdup(k->x->a, k->text), &n, &rest));
	return dx_run(k->x, n, NULL, k->ret);
}

err_t dx_eval(struct dx *x, const char *text, struct dx_obj *ret, const char **rest)
{
	const struct dx_node *n;
	TRY(dx_parse(x, text, &n, rest));
	if (!assigns(n))
		return dx_run(x, n, NULL, ret);
	// What a variable holds, lambdas with their trees too, has to last as long as it.
	struct arena *was = x->a, *kept = dx_variable_arena(x->s);
	struct kept k = { x, arena_strndup(x->a, text, (size_t)(*rest - text)), ret };
	x->a = x->ops->a = x->scope->env->a = kept;
	err_t e = arena_guard(kept, NULL, run_kept, &k);
	x->a = x->ops->a = x->scope->env->a = was;
	if (e.code && e.what)
		e.what = arena_strdup(was, e.what);
	return e;
}
