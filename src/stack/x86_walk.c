// SPDX-License-Identifier: Apache-2.0
// x86_walk.c: what a step up an x86 stack asks of the dump and its symbols.
#include "stack/stack_int.h"
#include "stack/x86.h"

static bool walk_is_return(void *ctx, va_t va)
{
	return stack_is_return_address(ctx, va);
}

static bool walk_frame(void *ctx, va_t va, struct sym_frame *ret, va_t *base_ret)
{
	return sym_frame_at(((struct walk *)ctx)->t, va, ret, base_ret);
}

// Private symbols end where their function ends; of other names only the nearest one below is known.
static bool walk_function(void *ctx, va_t va, va_t *start_ret, bool *certain_ret)
{
	struct sym_hit h;
	if (!sym_near(((struct walk *)ctx)->t, va, &h) || !h.name || !h.is_function)
		return false;
	*start_ret = h.va;
	*certain_ret = sym_module_state(h.module) == SYM_PRIVATE;
	return true;
}

enum trust stack_step_x86(struct walk *w, struct regs *r, bool exact)
{
	struct x86_env e = { .space = w->t->space,
			     .ctx = w,
			     .is_return = walk_is_return,
			     .frame = walk_frame,
			     .function = walk_function };
	struct x86_step step;
	enum trust trust = x86_step(&e, r, exact, w->callee_params, &step);
	w->callee_params = trust != TRUST_NONE ? step.params : 0;
	return trust;
}
