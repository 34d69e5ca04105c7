// SPDX-License-Identifier: Apache-2.0
// fuzz_frame.c: steps up an x86 stack over any frame record, program, code and stack. An error leaves the registers
// alone; a frame has eip and esp, and esp went up.
//
// Input: byte 0 picks the kind of record (bits 0 and 1: program, FPO, none), whether pc is exact (2), is_start (3),
// uses_bp (4), and whether there is code (5); 1-2 pc, 3-4 esp and 5-6 ebp as offsets; 7-8 locals, 9 params, 10 saved,
// 11 prolog; 12-13 the length of the program, which follows; then the code, and from the middle on the stack.
#include "make/fake_space.h"
#include "stack/frame_program.h"
#include "stack/x86.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 14, STEPS = 16, CODE = 0x400000, STACK = 0x100000, MOST_PROGRAM = 4096 };
struct fuzz {
	struct sym_frame frame;
	bool has_frame;
	size_t code;
};

static bool is_return(void *ctx, va_t va)
{
	const struct fuzz *f = ctx;
	return va >= CODE && va - CODE < f->code;
}

static bool frame(void *ctx, va_t va, struct sym_frame *ret, va_t *base_ret)
{
	const struct fuzz *f = ctx;
	*ret = f->frame;
	*base_ret = CODE;
	return f->has_frame && is_return(ctx, va);
}

static bool function(void *ctx, va_t va, va_t *start_ret, bool *certain_ret)
{
	*start_ret = CODE;
	*certain_ret = (va & 1) != 0;
	return is_return(ctx, va);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char program[MOST_PROGRAM + 1];
	if (size < HEADER)
		return 0;
	struct span rest = { data + HEADER, size - HEADER };
	struct span text = span_clip(rest, 0, MIN(le_get(data + 12, 2), (uint64_t)MOST_PROGRAM));
	if (text.n)
		memcpy(program, text.p, text.n);
	program[text.n] = 0;
	rest = span_clip(rest, text.n, rest.n);
	struct fuzz f = { .has_frame = (data[0] & 3) < 2, .code = rest.n / 2 };
	f.frame = (struct sym_frame){ .kind = data[0] & 1 ? SYM_FRAME_FPO : SYM_FRAME_PROGRAM,
				      .program = program,
				      .size = (uint32_t)f.code,
				      .locals = (uint32_t)le_get(data + 7, 2) << (data[0] >> 6 ? 16 : 0),
				      .params = data[9],
				      .saved = data[10],
				      .prolog = data[11],
				      .is_start = data[0] & 8,
				      .uses_bp = data[0] & 16 };
	struct space space = { .part = { { STACK, rest.p ? rest.p + f.code : data, rest.n - f.code } } };
	if (data[0] & 32 && f.code) {
		space.part[1].va = CODE;
		space.part[1].bytes = rest.p;
		space.part[1].n = f.code;
	}
	struct x86_env e = { .space = &space, .ctx = &f, .is_return = is_return, .frame = frame, .function = function };
	struct regs r = { .machine = MACHINE_X86 };
	for (unsigned i = 0; i < 8; i++)
		reg_set(&r, i, STACK + 16 * i);
	reg_set(&r, X64_RIP, CODE + le_get(data + 1, 2));
	reg_set(&r, X64_RSP, STACK + le_get(data + 3, 2));
	reg_set(&r, X64_RBP, STACK + le_get(data + 5, 2));
	uint32_t params = 0;
	for (unsigned i = 0; i < STEPS; i++) {
		struct regs before = r;
		struct x86_step s;
		enum trust trust = x86_step(&e, &r, !i && data[0] & 4, params, &s);
		if (trust == TRUST_NONE && memcmp(&before, &r, sizeof(r)) != 0)
			abort();
		if (trust == TRUST_NONE)
			break;
		if (!reg_known(&r, X64_RIP) || !reg_known(&r, X64_RSP) || reg_get(&r, X64_RSP) > UINT32_MAX ||
		    reg_get(&r, X64_RSP) <= reg_get(&before, X64_RSP) || reg_get(&r, X64_RSP) != s.ret_at + 4)
			abort();
		params = s.params;
	}
	return 0;
}
