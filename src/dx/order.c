// SPDX-License-Identifier: Apache-2.0
// order.c: methods of lists that need all elements at once: sorting, grouping, sets.
#include <string.h>

#include "dx/dx_int.h"

struct keyed {
	struct dx_obj key;
	struct dx_item item;
};
struct sort {
	struct dx *x;
	const struct dx_obj *comparator; // NULL: by their order
	bool down;
	err_t err; // the first; from then on all are equal
};

static err_t by_comparator(struct dx *x, const struct dx_obj *fn, const struct dx_obj *l, const struct dx_obj *r,
			   int *ret)
{
	struct dx_obj o;
	uint64_t u;
	TRY(dx_call(x, fn, &(struct dx_args){ (struct dx_obj[]){ *l, *r }, 2 }, &o));
	TRY(dx_number(x, &o, &u));
	*ret = (int64_t)u < 0 ? -1 : u != 0;
	return ok();
}

static int order(struct sort *s, const struct dx_obj *l, const struct dx_obj *r)
{
	int c = 0;
	if (s->err.code)
		return 0;
	s->err = s->comparator ? by_comparator(s->x, s->comparator, l, r, &c) : dx_compare(s->x, l, r, &c);
	if (!s->err.code)
		s->err = dx_step(s->x);
	return s->down ? -c : c;
}

// Merge sort: stable, and safe with comparators that contradict themselves.
static void sort(struct sort *s, struct keyed *list, struct keyed *tmp, size_t n)
{
	for (size_t width = 1; width < n; width *= 2) {
		for (size_t low = 0; low < n; low += 2 * width) {
			size_t mid = MIN(low + width, n), high = MIN(low + 2 * width, n), a = low, b = mid;
			for (size_t i = low; i < high; i++) {
				bool left = a < mid && (b >= high || order(s, &list[a].key, &list[b].key) <= 0);
				tmp[i] = left ? list[a++] : list[b++];
			}
		}
		memcpy(list, tmp, n * sizeof(*list));
	}
}

static err_t keys(struct dx *x, const struct dx_obj *self, const struct dx_obj *fn, struct keyed **ret, size_t *n_ret)
{
	struct dx_items all;
	TRY(dx_collect(x, self, &all));
	struct keyed *list = NEW_N(x->a, struct keyed, MAX(all.n, (size_t)1));
	for (size_t i = 0; i < all.n; i++) {
		list[i] = (struct keyed){ .key = all.list[i].value, .item = all.list[i] };
		if (fn)
			TRY(dx_call1(x, fn, &all.list[i].value, &list[i].key));
	}
	*ret = list;
	*n_ret = all.n;
	return ok();
}

static err_t sorted(struct dx *x, const struct dx_obj *self, const struct dx_args *args, bool down, struct dx_obj *ret)
{
	struct keyed *list;
	size_t n;
	TRY(keys(x, self, &args->list[0], &list, &n));
	struct sort s = { .x = x, .comparator = args->n > 1 ? &args->list[1] : NULL, .down = down };
	sort(&s, list, NEW_N(x->a, struct keyed, MAX(n, (size_t)1)), n);
	TRY(s.err);
	struct dx_item *items = NEW_N(x->a, struct dx_item, MAX(n, (size_t)1));
	for (size_t i = 0; i < n; i++)
		items[i] = list[i].item;
	*ret = dx_list(x, items, n);
	return ok();
}

static err_t order_by(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	return sorted(x, self, args, false, ret);
}

static err_t order_by_descending(struct dx *x, const struct dx_obj *self, const struct dx_args *args,
				 struct dx_obj *ret)
{
	return sorted(x, self, args, true, ret);
}

// The first of `list` that equals `key`; n: none.
static err_t same(struct sort *s, const struct keyed *list, size_t n, const struct dx_obj *key, size_t *ret)
{
	for (*ret = 0; *ret < n && !s->err.code; (*ret)++)
		if (!order(s, &list[*ret].key, key) && !s->err.code)
			break;
	return s->err;
}

// Groups stand under their keys, in the order of their first elements.
static err_t group_by(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	struct keyed *list;
	size_t n, n_groups = 0, at;
	TRY(keys(x, self, &args->list[0], &list, &n));
	struct sort s = { .x = x, .comparator = args->n > 1 ? &args->list[1] : NULL };
	struct keyed *groups = NEW_N(x->a, struct keyed, MAX(n, (size_t)1));
	struct dx_items *members = NEW_N(x->a, struct dx_items, MAX(n, (size_t)1));
	for (size_t i = 0; i < n; i++) {
		TRY(same(&s, groups, n_groups, &list[i].key, &at));
		if (at == n_groups)
			groups[n_groups++].key = list[i].key;
		dx_items_add(x, &members[at], &list[i].item);
	}
	struct dx_item *items = NEW_N(x->a, struct dx_item, MAX(n_groups, (size_t)1));
	for (size_t i = 0; i < n_groups; i++)
		items[i] = (struct dx_item){ groups[i].key, dx_list(x, members[i].list, members[i].n) };
	*ret = dx_list(x, items, n_groups);
	return ok();
}

// What passes of `list`: each once, and (other) only those that are, or are not, in the other list.
static err_t set(struct dx *x, const struct dx_obj *self, const struct dx_obj *comparator, const struct dx_obj *other,
		 bool wanted, struct dx_obj *ret)
{
	struct keyed *list, *others = NULL;
	size_t n, n_others = 0, at, kept = 0;
	struct sort s = { .x = x, .comparator = comparator };
	TRY(keys(x, self, NULL, &list, &n));
	if (other)
		TRY(keys(x, other, NULL, &others, &n_others));
	struct dx_item *items = NEW_N(x->a, struct dx_item, MAX(n, (size_t)1));
	for (size_t i = 0; i < n; i++) {
		const struct dx_obj key = list[i].key;
		TRY(same(&s, list, kept, &key, &at));
		if (at < kept)
			continue;
		if (other) {
			TRY(same(&s, others, n_others, &key, &at));
			if ((at < n_others) != wanted)
				continue;
		}
		list[kept].key = key;
		items[kept++].value = key;
	}
	*ret = dx_list(x, items, kept);
	return ok();
}

static err_t distinct(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	return set(x, self, args->n ? &args->list[0] : NULL, NULL, false, ret);
}

static const struct dx_obj *second(const struct dx_args *args)
{
	return args->n > 1 ? &args->list[1] : NULL;
}

static err_t intersect(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	return set(x, self, second(args), &args->list[0], true, ret);
}

static err_t except(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	return set(x, self, second(args), &args->list[0], false, ret);
}

static err_t union_(struct dx *x, const struct dx_obj *self, const struct dx_args *args, struct dx_obj *ret)
{
	struct dx_items all, more;
	TRY(dx_collect(x, self, &all));
	TRY(dx_collect(x, &args->list[0], &more));
	for (size_t i = 0; i < more.n; i++)
		dx_items_add(x, &all, &more.list[i]);
	struct dx_obj both = dx_list(x, all.list, all.n);
	return set(x, &both, second(args), NULL, false, ret);
}

const struct dx_method dx_order_methods[] = {
	{ "OrderBy", 1, 2, order_by },    { "OrderByDescending", 1, 2, order_by_descending },
	{ "GroupBy", 1, 2, group_by },    { "Distinct", 0, 1, distinct },
	{ "Intersect", 1, 2, intersect }, { "Except", 1, 2, except },
	{ "Union", 1, 2, union_ },        { 0 },
};
