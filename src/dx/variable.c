// SPDX-License-Identifier: Apache-2.0
// variable.c: user variables: `dx @$x = ...`, @$vars, Debugger.State.UserVariables.
#include <string.h>

#include "base/str.h"
#include "dx/models_int.h"

struct table {
	size_t n;
	const char *names[LIMIT_DX_VARIABLES];
	struct dx_obj values[LIMIT_DX_VARIABLES];
};

static struct table *table_of(struct session *s)
{
	if (!s->dx_variables)
		s->dx_variables = NEW(s->arena, struct table);
	return s->dx_variables;
}

struct arena *dx_variable_arena(struct session *s)
{
	if (!s->dx_memory)
		s->dx_memory = arena_child(s->arena, LIMIT_DX_VARIABLE_MEMORY);
	return s->dx_memory;
}

static size_t find(const struct table *t, const char *name)
{
	size_t i = 0;
	while (t && i < t->n && !str_ieq(t->names[i], name))
		i++;
	return i;
}

bool dx_variable(struct dx *x, const char *name, struct dx_obj *ret)
{
	const struct table *t = x->s->dx_variables;
	size_t i = find(t, name);
	if (!t || i == t->n)
		return false;
	*ret = t->values[i];
	return true;
}

err_t dx_variable_set(struct dx *x, const char *name, const struct dx_obj *value)
{
	struct table *t = table_of(x->s);
	size_t i = find(t, name);
	if (i == LIMIT_DX_VARIABLES)
		return fail(E_LIMIT, "too many user variables", i);
	if (i == t->n)
		t->names[t->n++] = arena_strdup(dx_variable_arena(x->s), name);
	t->values[i] = *value;
	return ok();
}

static const struct dx_fields *variable_fields(struct dx *x, const void *self)
{
	const struct table *t = table_of(x->s);
	struct dx_fields *f = NEW(x->a, struct dx_fields);
	(void)self;
	*f = (struct dx_fields){ t->n, t->names, t->values };
	return f;
}

static err_t remove_variable(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	struct table *t = table_of(x->s);
	(void)self;
	if (args->list[0].kind != DX_STRING)
		return fail(E_USAGE, "Remove needs the name of a variable", 0);
	size_t i = find(t, args->list[0].text);
	if (i == t->n)
		return fail(E_NOTFOUND, "Unable to find specified value", 0);
	memmove(&t->names[i], &t->names[i + 1], (t->n - i - 1) * sizeof(t->names[0]));
	memmove(&t->values[i], &t->values[i + 1], (t->n - i - 1) * sizeof(t->values[0]));
	t->n--;
	*ret = (struct dx_obj){ .kind = DX_NOTHING };
	return ok();
}

static const struct dx_method methods[] = { { "Remove", 1, 1, remove_variable }, { 0 } };
static const struct dx_class class = { .fields = variable_fields, .methods = methods };

struct dx_obj dx_variables(void)
{
	return dx_model(&class, NULL);
}
