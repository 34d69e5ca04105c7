// SPDX-License-Identifier: Apache-2.0
// unwind_step.c: the unwinders as a shared library, for judges that drive an emulator: one image, one stack.
#include "arch/arch.h"
#include "make/fake_space.h"

#include <stdlib.h>

#define EXPORT __attribute__((visibility("default")))

struct unwind_test {
	struct arena *a;
	struct pe *pe;
};
struct unwind_test_regs { // what crosses the border
	uint64_t known, r[REGS_MAX];
	uint32_t vknown, flags; // flags out: 1 machine frame, 2 signed return, 4 leaf
	uint8_t v[VREGS_MAX][16];
};
EXPORT struct unwind_test *unwind_test_open(const uint8_t *file, size_t n);
EXPORT void unwind_test_close(struct unwind_test *t);
EXPORT int unwind_test_step(struct unwind_test *t, struct unwind_test_regs *r, uint64_t stack_va, const uint8_t *stack,
			    size_t n, int top);
EXPORT int unwind_test_function(struct unwind_test *t, uint32_t rva, uint32_t *out);

struct unwind_test *unwind_test_open(const uint8_t *file, size_t n)
{
	struct unwind_test *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->a = arena_new(16 << 20);
	if (!pe_open_file(t->a, (struct span){ file, n }, &t->pe).code)
		return t;
	unwind_test_close(t);
	return NULL;
}

void unwind_test_close(struct unwind_test *t)
{
	arena_free(t->a);
	free(t);
}

static bool image(void *ctx, va_t pc, va_t *base_ret, const struct pe **pe_ret)
{
	const struct unwind_test *t = ctx;
	if (pc < t->pe->image_base || pc - t->pe->image_base >= t->pe->size_of_image)
		return false;
	*base_ret = t->pe->image_base;
	*pe_ret = t->pe;
	return true;
}

int unwind_test_step(struct unwind_test *t, struct unwind_test_regs *r, uint64_t stack_va, const uint8_t *stack,
		     size_t n, int top)
{
	struct space sp = { .part = { { stack_va, stack, n } } };
	struct unwind_env env = { .space = &sp, .ctx = t, .image = image };
	const struct arch *arch = arch_find(t->pe->machine);
	struct regs regs = { .machine = t->pe->machine, .known = r->known, .vknown = r->vknown };
	struct unwind_result res = { 0 };
	memcpy(regs.r, r->r, sizeof(regs.r));
	memcpy(regs.v, r->v, sizeof(regs.v));
	err_t e = arch->unwind(&env, &regs, top != 0, &res);
	if (e.code)
		return (int)e.code;
	memcpy(r->r, regs.r, sizeof(regs.r));
	memcpy(r->v, regs.v, sizeof(regs.v));
	r->known = regs.known;
	r->vknown = regs.vknown;
	r->flags = (res.machine_frame ? 1u : 0) | (res.signed_return ? 2u : 0) | (res.leaf ? 4u : 0);
	return 0;
}

// out: begin, end, unwind, indirect
int unwind_test_function(struct unwind_test *t, uint32_t rva, uint32_t *out)
{
	struct pe_function f;
	err_t e = pe_function_at(t->pe, rva, &f);
	if (e.code)
		return (int)e.code;
	out[0] = f.begin;
	out[1] = f.end;
	out[2] = f.unwind;
	out[3] = f.indirect;
	return 0;
}
