// SPDX-License-Identifier: Apache-2.0
// fuzz_expr.c: the first byte chooses the target and the radix, the rest is an expression and a range. Beyond "no
// crash": the rest points into the text, a second run agrees, parentheses around what was read change nothing,
// memory stays within a small multiple of the text, errors have a text and a place inside.
#include <stdlib.h>

#include "../tests/tools/expr_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_TEXT = 4096, ARENA = 64 << 20 };
static void check(bool good)
{
	if (!good)
		abort();
}

// A stand-in for the C++ evaluator: it reads MASM again, as an inner @@masm() would.
static bool inner_eval(void *ctx, const char *text, size_t n, unsigned depth, uint64_t *ret, err_t *err)
{
	(void)ctx;
	struct arena *a = arena_new(ARENA);
	struct expr_scope s = fake_scope();
	const char *rest;
	s.depth = depth;
	s.cpp = inner_eval;
	*err = expr_eval(&s, a, arena_strndup(a, text, n), ret, &rest);
	if (err->code)
		err->what = "inner expression";
	arena_free(a);
	return true;
}

static void check_error(err_t e, size_t n)
{
	check(e.what && *e.what && e.at <= n);
}

static bool same(err_t a, err_t b)
{
	return a.code == b.code && a.at == b.at && (!a.code || str_eq(a.what, b.what));
}

static void expressions(const struct expr_scope *s, struct arena *a, const char *text, size_t n)
{
	uint64_t v = 0, again = 0;
	const char *rest = NULL, *rest2 = NULL;
	err_t e = expr_eval(s, a, text, &v, &rest);
	check(arena_used(a) <= 4096 + 64 * n);
	check(same(e, expr_eval(s, a, text, &again, &rest2)));
	if (e.code) {
		check_error(e, n);
		return;
	}
	check(v == again && rest == rest2 && rest > text && rest <= text + n);
	char *wrapped = arena_printf(a, "(%.*s)", (int)(rest - text), text);
	e = expr_eval(s, a, wrapped, &again, &rest2);
	check(e.code == E_LIMIT || (!e.code && again == v && !*rest2));
}

static void ranges(const struct expr_scope *s, struct arena *a, const char *text, size_t n)
{
	for (unsigned elem = 1; elem <= 8; elem *= 8) {
		struct expr_range r = { 0 };
		const char *rest = NULL;
		uint64_t bytes, last = 0;
		err_t e = expr_range(s, a, text, elem, &r, &rest);
		if (e.code) {
			check_error(e, n);
			continue;
		}
		check(rest >= text && rest <= text + n);
		check(!r.has_count || mul_ok(r.count, elem, &bytes));
		if (r.has_addr && r.has_count && r.count) {
			// "addr end" may end inside the last element
			check(add_ok(r.addr, (r.count - 1) * elem, &last));
			check(s->ptr_bytes == 8 || last <= UINT32_MAX);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned radix[] = { 16, 10, 8, 16 };
	if (!size || size > MAX_TEXT)
		return 0;
	struct arena *a = arena_new(ARENA);
	char *text = arena_strndup(a, (const char *)data + 1, size - 1);
	size_t n = strlen(text);
	struct arena *work = arena_new(ARENA);
	struct expr_scope s = fake_scope();
	s.ptr_bytes = data[0] & 1 ? 4 : 8;
	s.kernel = data[0] & 2;
	s.radix = radix[data[0] >> 2 & 3];
	s.cpp = data[0] & 16 ? inner_eval : NULL;
	expressions(&s, work, text, n);
	ranges(&s, work, text, n);
	arena_free(work);
	arena_free(a);
	return 0;
}
