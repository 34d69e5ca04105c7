// SPDX-License-Identifier: Apache-2.0
// debugger.c: the root of the namespace and the session: Debugger.Sessions, .State, .Utility.
#include "base/str.h"
#include "dx/models_int.h"
#include "target/target.h"
#include "win/ring.h"

// ---- Utility.Collections
struct linked {
	struct type type; // of the elements
	uint64_t offset;  // of the LIST_ENTRY in them
	va_t head;
};

static err_t linked_each(struct dx *x, const void *self, dx_item_fn *fn, void *ctx)
{
	const struct linked *l = self;
	struct ring r = ring_begin(x->s->target->space, x->scope->ptr_bytes, l->head);
	struct dx_item item = { .index = { .kind = DX_NOTHING } };
	bool stop = false;
	va_t at;
	while (!stop && ring_next(&r, &at)) {
		TRY(dx_step(x));
		item.value = dx_object_at(x, &l->type, at - l->offset);
		TRY(fn(ctx, &item, &stop));
	}
	if (stop || !r.why)
		return ok();
	item.value = dx_error(x, fail(E_CORRUPT, r.why, r.at)); // the list ends early: its last element says so
	return fn(ctx, &item, &stop);
}

static const struct dx_class linked_class = { .each = linked_each };

static err_t from_list_entry(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	struct linked *l = NEW(x->a, struct linked);
	struct type_member m;
	struct value head;
	err_t e = ok();
	(void)self;
	if (args->list[1].kind != DX_STRING || args->list[2].kind != DX_STRING || !x->s->target)
		return fail(E_USAGE, "FromListEntry needs a list head, a type's name and a field's name", 0);
	if (!dx_udt(x, &args->list[0], &head, &e) || head.where != VALUE_MEMORY)
		return e.code ? e : fail(E_USAGE, "FromListEntry needs a list head in memory", 0);
	if (!x->scope->type(x->scope->ctx, args->list[1].text, &l->type, &e) || e.code)
		return fail(E_USAGE, arena_printf(x->a, "Unable to find type '%s'", args->list[1].text), 0);
	if (!type_member_named(&l->type, args->list[2].text, &m) || m.kind != MEMBER_DATA)
		return fail(E_USAGE, arena_printf(x->a, "Unable to bind name '%s'", args->list[2].text), 0);
	l->offset = m.offset;
	l->head = head.va;
	*ret = dx_model(&linked_class, l);
	return ok();
}

static const struct dx_method collection_methods[] = { { "FromListEntry", 3, 3, from_list_entry }, { 0 } };
static const struct dx_class collections_class = { .methods = collection_methods };

static err_t collections(struct dx *x, const void *self, struct dx_obj *ret)
{
	(void)x;
	*ret = dx_model(&collections_class, self);
	return ok();
}

static const struct dx_property utility_properties[] = { { "Collections", collections }, { 0 } };
static const struct dx_class utility_class = { .properties = utility_properties };

// ---- the session
static err_t session_processes(struct dx *x, const void *self, struct dx_obj *ret)
{
	(void)x, (void)self;
	*ret = dx_processes();
	return ok();
}

static err_t session_id(struct dx *x, const void *self, struct dx_obj *ret)
{
	(void)self;
	*ret = dx_int(x, x->s->number);
	return ok();
}

static err_t session_attributes(struct dx *x, const void *self, struct dx_obj *ret)
{
	static const char *const names[] = { "IsDumpFile", "IsKernelTarget", "IsLiveTarget", "IsUserTarget" };
	static const char *const groups[] = { "Target" };
	bool kernel = x->s->target->kernel != NULL;
	const bool is[ARRAY_LEN(names)] = { true, kernel, false, !kernel };
	struct dx_obj *values = NEW_N(x->a, struct dx_obj, ARRAY_LEN(names)), *group = NEW(x->a, struct dx_obj);
	(void)self;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		values[i] = dx_bool(x, is[i]);
	*group = dx_anonymous(x, &(struct dx_fields){ ARRAY_LEN(names), names, values });
	*ret = dx_anonymous(x, &(struct dx_fields){ 1, groups, group });
	return ok();
}

// What a dump's session is called is not known from any record: its file name says which it is.
static const char *session_text(struct dx *x, const void *self)
{
	(void)self;
	return path_base(x->s->target->path);
}

static const struct dx_property session_properties[] = {
	{ "Processes", session_processes }, { "Id", session_id }, { "Attributes", session_attributes }, { 0 }
};
static const struct dx_class session_class = { .properties = session_properties, .text = session_text };

struct dx_obj dx_session(void)
{
	return dx_model(&session_class, NULL);
}

// ---- the root; of several open dumps the current one alone is there
static err_t sessions(struct dx *x, const void *self, struct dx_obj *ret)
{
	struct dx_item *item = NEW(x->a, struct dx_item);
	(void)self;
	*item = (struct dx_item){ dx_uint(x, x->s->number), dx_session() };
	*ret = dx_list(x, item, x->s->target ? 1 : 0);
	return ok();
}

static err_t state(struct dx *x, const void *self, struct dx_obj *ret)
{
	static const char *const names[] = { "UserVariables" };
	struct dx_obj *value = NEW(x->a, struct dx_obj);
	(void)self;
	*value = dx_variables();
	*ret = dx_anonymous(x, &(struct dx_fields){ 1, names, value });
	return ok();
}

static err_t utility(struct dx *x, const void *self, struct dx_obj *ret)
{
	(void)x;
	*ret = dx_model(&utility_class, self);
	return ok();
}

static const struct dx_property root_properties[] = {
	{ "Sessions", sessions }, { "State", state }, { "Utility", utility }, { 0 }
};
static const struct dx_class root_class = { .properties = root_properties };

struct dx_obj dx_debugger(void)
{
	return dx_model(&root_class, NULL);
}
