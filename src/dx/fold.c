// SPDX-License-Identifier: Apache-2.0
// fold.c: methods of lists that give one value.
#include "dx/dx_int.h"

enum fold { FIRST, LAST, SINGLE, COUNT, ANY, ALL, SUM, MIN_, MAX_, CONTAINS };
struct state {
	struct dx *x;
	enum fold kind;
	const struct dx_obj *fn; // NULL: none
	bool skip_errors;        // elements that are none do not count
	struct dx_obj best, best_key;
	uint64_t n;
	bool truth;
};

static err_t add(struct state *s, const struct dx_obj *value)
{
	static const struct dx_node plus = { .kind = NODE_BINARY, .at = "", .op = "+" };
	struct dx_obj was = s->best;
	if (s->n)
		return dx_binary(s->x, &plus, &was, value, &s->best);
	s->best = *value;
	return ok();
}

static err_t extreme(struct state *s, const struct dx_obj *value, const struct dx_obj *key)
{
	int c = 0;
	if (s->n)
		TRY(dx_compare(s->x, key, &s->best_key, &c));
	if (!s->n || (s->kind == MIN_ ? c < 0 : c > 0)) {
		s->best = *value;
		s->best_key = *key;
	}
	return ok();
}

static err_t contains(struct state *s, const struct dx_obj *value, bool *stop)
{
	int c = 1;
	if (s->fn->kind == value->kind)
		TRY(dx_compare(s->x, s->fn, value, &c));
	s->truth |= *stop = !c;
	return ok();
}

static err_t item(void *ctx, const struct dx_item *i, bool *stop)
{
	struct state *s = ctx;
	struct dx_obj key = i->value;
	bool b = true;
	if (s->kind == CONTAINS)
		return contains(s, &i->value, stop);
	if (s->skip_errors && i->value.kind == DX_ERROR)
		return ok();
	if (s->fn)
		TRY(dx_call1(s->x, s->fn, &i->value, &key));
	if (s->fn && s->kind != SUM && s->kind != MIN_ && s->kind != MAX_)
		TRY(dx_truth(s->x, &key, &b));
	if (s->kind == ALL) {
		s->truth &= b;
		*stop = !b;
		return ok();
	}
	if (!b)
		return ok();
	if (s->kind == SUM)
		TRY(add(s, &key));
	else if (s->kind == MIN_ || s->kind == MAX_)
		TRY(extreme(s, &i->value, &key));
	else
		s->best = i->value;
	s->n++;
	*stop = s->kind == FIRST || s->kind == ANY || (s->kind == SINGLE && s->n > 1);
	return ok();
}

static err_t fold_skipping(struct dx *x, enum fold kind, bool skip_errors, const struct dx_obj *self,
			   const struct dx_args *args, struct dx_obj *ret)
{
	struct state s = { .x = x, .kind = kind, .fn = args->n ? &args->list[0] : NULL, .skip_errors = skip_errors };
	s.truth = kind == ALL;
	TRY(dx_each(x, self, item, &s));
	if (kind == COUNT)
		*ret = dx_uint(x, s.n);
	else if (kind == ANY)
		*ret = dx_bool(x, s.n != 0);
	else if (kind == ALL || kind == CONTAINS)
		*ret = dx_bool(x, s.truth);
	else if (kind == SUM && !s.n)
		*ret = dx_uint(x, 0);
	else if (!s.n)
		return fail(E_NOTFOUND, "The collection has no such element", 0);
	else if (kind == SINGLE && s.n > 1)
		return fail(E_AMBIGUOUS, "The collection has more than one such element", 0);
	else
		*ret = s.best;
	return ok();
}

#define FOLD(name, kind, skip)                                                                                     \
	static err_t name(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret) \
	{                                                                                                          \
		return fold_skipping(x, kind, skip, self, args, ret);                                              \
	}
FOLD(first, FIRST, false)
FOLD(last, LAST, false)
FOLD(single, SINGLE, false)
FOLD(count, COUNT, false)
FOLD(any, ANY, false)
FOLD(all, ALL, false)
FOLD(sum, SUM, false)
FOLD(least, MIN_, false)
FOLD(most, MAX_, false)
FOLD(has, CONTAINS, false)
FOLD(first_good, FIRST, true)
FOLD(last_good, LAST, true)
FOLD(all_good, ALL, true)

static err_t equal(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	struct dx_items l, r;
	int c = 0;
	TRY(dx_collect(x, self, &l));
	TRY(dx_collect(x, &args->list[0], &r));
	bool same = l.n == r.n;
	for (size_t i = 0; i < l.n && same; i++) {
		TRY(dx_compare(x, &l.list[i].value, &r.list[i].value, &c));
		same = !c;
	}
	*ret = dx_bool(x, same);
	return ok();
}

static err_t to_array(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	struct dx_items l;
	(void)args;
	TRY(dx_collect(x, self, &l));
	for (size_t i = 0; i < l.n; i++)
		l.list[i].index = (struct dx_obj){ .kind = DX_NOTHING };
	*ret = dx_list(x, l.list, l.n);
	return ok();
}

const struct dx_method dx_fold_methods[] = {
	{ "First", 0, 1, first },
	{ "Last", 0, 1, last },
	{ "Single", 0, 1, single },
	{ "Count", 0, 1, count },
	{ "Any", 0, 1, any },
	{ "All", 1, 1, all },
	{ "Sum", 0, 1, sum },
	{ "Min", 0, 1, least },
	{ "Max", 0, 1, most },
	{ "Contains", 1, 1, has },
	{ "FirstNonError", 0, 1, first_good },
	{ "LastNonError", 0, 1, last_good },
	{ "AllNonError", 1, 1, all_good },
	{ "SequenceEqual", 1, 1, equal },
	{ "ToArray", 0, 0, to_array },
	{ 0 },
};
