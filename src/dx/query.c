// SPDX-License-Identifier: Apache-2.0
// query.c: methods of lists that give lists. They are lazy: a query runs when its elements are asked for. Where, Select
// and what sorts keep the index of an element (a process its id), as recorded output shows; what merges does not.
#include "dx/dx_int.h"

enum op { WHERE, SELECT, SELECT_MANY, TAKE, SKIP, TAKE_WHILE, SKIP_WHILE, CONCAT, FLATTEN };
struct query {
	enum op op;
	struct dx_obj source, arg; // arg: a function, or the second list
	uint64_t n;                // TAKE, SKIP
};
struct run { // one walk over a query's source
	struct dx *x;
	const struct query *q;
	dx_item_fn *fn;
	void *ctx;
	uint64_t n;
	bool skipped, stop;
};

static err_t out(struct run *r, const struct dx_obj *index, const struct dx_obj *value, bool *stop)
{
	TRY(r->fn(r->ctx, &(struct dx_item){ *index, *value }, stop));
	r->stop |= *stop;
	return ok();
}

static err_t holds(struct run *r, const struct dx_obj *value, bool *ret)
{
	struct dx_obj o;
	TRY(dx_call1(r->x, &r->q->arg, value, &o));
	return dx_truth(r->x, &o, ret);
}

static err_t plain(void *ctx, const struct dx_item *item, bool *stop)
{
	struct run *r = ctx;
	return out(r, &(struct dx_obj){ .kind = DX_NOTHING }, &item->value, stop);
}

static err_t flatten(void *ctx, const struct dx_item *item, bool *stop)
{
	struct run *r = ctx;
	struct dx_obj inner = item->value;
	if (r->q->arg.kind == DX_METHOD) {
		TRY(plain(ctx, item, stop));
		if (*stop)
			return ok();
		TRY(dx_call1(r->x, &r->q->arg, &item->value, &inner));
	}
	if (dx_iterable(&inner))
		TRY(dx_each(r->x, &inner, flatten, r));
	else if (r->q->arg.kind != DX_METHOD)
		TRY(plain(ctx, item, stop));
	*stop = r->stop;
	return ok();
}

// Takes what a function gives; what fails is an element that says why.
static err_t projected(struct run *r, const struct dx_obj *value, struct dx_obj *ret)
{
	err_t e = dx_call1(r->x, &r->q->arg, value, ret);
	if (dx_is_local_error(e))
		*ret = dx_error(r->x, e);
	return dx_is_local_error(e) ? ok() : e;
}

static err_t one(void *ctx, const struct dx_item *item, bool *stop)
{
	struct run *r = ctx;
	struct dx_obj o;
	bool b;
	switch (r->q->op) {
	case WHERE:
		TRY(holds(r, &item->value, &b));
		return b ? out(r, &item->index, &item->value, stop) : ok();
	case SELECT:
		TRY(projected(r, &item->value, &o));
		return out(r, &item->index, &o, stop);
	case SELECT_MANY:
		TRY(projected(r, &item->value, &o));
		TRY(dx_each(r->x, &o, plain, r));
		*stop = r->stop;
		return ok();
	case TAKE:
		TRY(out(r, &item->index, &item->value, stop));
		*stop |= ++r->n >= r->q->n;
		return ok();
	case SKIP:
		return r->n++ < r->q->n ? ok() : out(r, &item->index, &item->value, stop);
	case TAKE_WHILE:
		TRY(holds(r, &item->value, &b));
		*stop = !b;
		return b ? out(r, &item->index, &item->value, stop) : ok();
	case SKIP_WHILE:
		b = false;
		if (!r->skipped)
			TRY(holds(r, &item->value, &b));
		r->skipped |= !b;
		return b ? ok() : out(r, &item->index, &item->value, stop);
	default:
		return plain(ctx, item, stop);
	}
}

static err_t query_each(struct dx *x, const void *self, dx_item_fn *fn, void *ctx)
{
	const struct query *q = self;
	struct run r = { .x = x, .q = q, .fn = fn, .ctx = ctx };
	if (q->op == TAKE && !q->n)
		return ok();
	TRY(dx_each(x, &q->source, q->op == FLATTEN ? flatten : one, &r));
	return q->op == CONCAT && !r.stop ? dx_each(x, &q->arg, one, &r) : ok();
}

static const struct dx_class query_class = { .each = query_each };

static err_t make(struct dx *x, enum op op, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	struct query *q = NEW(x->a, struct query);
	*q = (struct query){ .op = op, .source = *self };
	if (args->n)
		q->arg = args->list[0];
	*ret = dx_model(&query_class, q);
	if (op == TAKE || op == SKIP)
		return dx_number(x, &args->list[0], &q->n);
	if (op == CONCAT)
		return dx_iterable(&q->arg) ? ok() : fail(E_USAGE, "Object is not iterable", 0);
	return q->arg.kind == DX_METHOD || !args->n ? ok() : fail(E_USAGE, "Object is not callable", 0);
}

#define QUERY(name, op)                                                                                            \
	static err_t name(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret) \
	{                                                                                                          \
		return make(x, op, self, args, ret);                                                               \
	}
QUERY(where, WHERE)
QUERY(select_, SELECT)
QUERY(select_many, SELECT_MANY)
QUERY(take, TAKE)
QUERY(skip, SKIP)
QUERY(take_while, TAKE_WHILE)
QUERY(skip_while, SKIP_WHILE)
QUERY(concat, CONCAT)
QUERY(flatten_, FLATTEN)

const struct dx_method dx_query_methods[] = {
	{ "Where", 1, 1, where },
	{ "Select", 1, 1, select_ },
	{ "SelectMany", 1, 1, select_many },
	{ "Take", 1, 1, take },
	{ "Skip", 1, 1, skip },
	{ "TakeWhile", 1, 1, take_while },
	{ "SkipWhile", 1, 1, skip_while },
	{ "Concat", 1, 1, concat },
	{ "Flatten", 0, 1, flatten_ },
	{ 0 },
};
