// SPDX-License-Identifier: Apache-2.0
// fuzz_cpp_expr.c: the first byte chooses the target's width, the rest is a C++ expression over made-up types,
// variables and memory. Beyond "no crash": the rest points into the text, a second run agrees, parentheses around what
// was read change neither type nor bits, errors have a text and a place inside, memory stays within a multiple of the
// text.
#include <stdlib.h>

#include "../tests/tools/cpp_fake.h"
#include "base/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_TEXT = 4096, ARENA = 256 << 20 };
static void check(bool good)
{
	if (!good)
		abort();
}

struct outcome {
	err_t e;
	struct cpp_value v;
	const char *rest, *type;
	uint64_t bits, number;
	bool has_bits;
	err_t as_number;
};

static struct outcome evaluate(struct arena *a, const struct space *space, unsigned ptr_bytes, const char *text)
{
	struct fake *f = NEW(a, struct fake);
	struct outcome o = { .rest = text };
	fake_begin(f, a, space, ptr_bytes);
	o.e = cpp_eval(&f->scope, text, &o.v, &o.rest);
	if (o.e.code)
		return o;
	o.type = type_c_text(a, &o.v.v.type, NULL);
	o.has_bits = value_uint(&f->env, &o.v.v, &o.bits);
	o.as_number = cpp_as_number(&f->scope, text, &o.v, &o.number);
	check(value_text(&f->env, &o.v.v, 0) != NULL);
	return o;
}

static bool same(const struct outcome *a, const struct outcome *b)
{
	return str_eq(a->type, b->type) && a->has_bits == b->has_bits && a->bits == b->bits &&
	       a->as_number.code == b->as_number.code && a->number == b->number;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct space *space;
	if (!size || size > MAX_TEXT)
		return 0;
	if (!space)
		space = fake_space(arena_new(1 << 22)); // kept: every input reads the same memory
	struct arena *a = arena_new(ARENA), *work = arena_new(ARENA);
	char *text = arena_strndup(a, (const char *)data + 1, size - 1);
	size_t n = strlen(text);
	unsigned ptr_bytes = data[0] & 1 ? 4 : 8;
	struct outcome first = evaluate(work, space, ptr_bytes, text);
	check(arena_used(work) <= (1 << 20) + 16384 * n);
	struct outcome again = evaluate(work, space, ptr_bytes, text);
	check(first.e.code == again.e.code && first.e.at == again.e.at);
	if (first.e.code) {
		check(first.e.what && *first.e.what && first.e.at <= n);
	} else {
		check(first.rest > text && first.rest <= text + n && same(&first, &again));
		struct outcome wrapped =
			evaluate(work, space, ptr_bytes, arena_printf(a, "(%.*s)", (int)(first.rest - text), text));
		// A type's name alone in parentheses begins a cast, a comment hides the parenthesis.
		check(wrapped.e.code || same(&first, &wrapped));
	}
	arena_free(work);
	arena_free(a);
	return 0;
}
