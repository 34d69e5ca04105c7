// SPDX-License-Identifier: Apache-2.0
// fuzz_unwind.c: unwind steps over any unwind data, code and stack. Up to 64 steps; each ends in an error that
// leaves the registers alone, or in a frame with pc and sp; without a frame register or a machine frame the
// stack pointer never goes down.
//
// Input: byte 0 picks the CPU (bit 0: ARM64) and whether pc is exact (bit 1); bytes 1-2 pc, 3-4 sp as offsets;
// then the image from RVA 0 on (its function table is one entry: the 12 or 8 bytes at 5) and, from the middle
// on, the stack.
#include "arch/unwind.h"
#include "make/fake_space.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER = 17, STEPS = 64 };
static const va_t IMAGE = 0x140000000, STACK = 0x7ff000000;

struct fuzz {
	struct span bytes;
	struct pe pe;
	const uint8_t *entry;
};

// The table lies at fffff000; all else is the input.
static size_t image_read(void *ctx, uint32_t rva, void *buf, size_t n)
{
	const struct fuzz *f = ctx;
	bool table = rva >= 0xfffff000;
	struct span s = table ? (struct span){ f->entry, 12 } : f->bytes;
	struct span part = span_clip(s, table ? rva - 0xfffff000 : rva, n);
	if (part.n)
		memcpy(buf, part.p, part.n);
	return part.n;
}

static bool image(void *ctx, va_t pc, va_t *base_ret, const struct pe **pe_ret)
{
	struct fuzz *f = ctx;
	if (pc < IMAGE || pc - IMAGE > UINT32_MAX)
		return false;
	*base_ret = IMAGE;
	*pe_ret = &f->pe;
	return true;
}

static bool is_code(void *ctx, va_t pc)
{
	(void)ctx;
	return pc >= IMAGE && pc - IMAGE <= UINT32_MAX;
}

// Does the step depend on a register that the program may set to anything?
static bool sp_may_drop(const struct fuzz *f, uint16_t machine)
{
	struct unwind_src s = { .pe = &f->pe };
	struct pe_function fn;
	if (machine == MACHINE_ARM64)
		return true; // set_fp codes
	for (size_t i = 0; i < 1 && !pe_function_get(&f->pe, i, &fn).code; i++) {
		struct x64_unwind_info u;
		if (x64_unwind_info(&s, fn.unwind, &u).code || u.frame_reg || u.flags & UNW_CHAININFO)
			return true;
		for (size_t k = 0; k < u.n_codes; k++) // a saved rsp
			if ((u.codes[k].op == UWOP_PUSH_NONVOL || u.codes[k].op == UWOP_SAVE_NONVOL ||
			     u.codes[k].op == UWOP_SAVE_NONVOL_FAR) &&
			    u.codes[k].info == X64_RSP)
				return true;
	}
	return false;
}

static void walk(struct fuzz *f, struct unwind_env *env, const struct arch *arch, struct regs *r, bool top)
{
	unsigned pc = reg_pc(arch->machine), sp = reg_sp(arch->machine);
	bool may_drop = sp_may_drop(f, arch->machine);
	for (int i = 0; i < STEPS; i++) {
		struct regs before = *r;
		struct unwind_result res;
		if (arch->unwind(env, r, top, &res).code) {
			if (memcmp(&before, r, sizeof(before)) != 0)
				abort();
			return;
		}
		if (!reg_known(r, pc) || !reg_known(r, sp))
			abort();
		// An epilog's `add rsp` with a negative number, or `pop rsp`, is the code's doing: only codes count.
		if (!may_drop && !top && !res.machine_frame && reg_get(r, sp) <= reg_get(&before, sp))
			abort();
		top = res.machine_frame;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < HEADER)
		return 0;
	uint16_t machine = data[0] & 1 ? MACHINE_ARM64 : MACHINE_X64;
	const struct arch *arch = arch_find(machine);
	struct span all = { data + HEADER, size - HEADER };
	size_t half = all.n / 2;
	struct fuzz f = { .bytes = span_clip(all, 0, half), .entry = data + 5 };
	f.pe = (struct pe){ .read = image_read, .ctx = &f, .machine = machine, .size_of_image = UINT32_MAX };
	f.pe.dirs[PE_EXCEPTION] = (struct pe_data_dir){ 0xfffff000, machine == MACHINE_X64 ? 12 : 8 };
	struct space space = { .part = { { STACK, all.p + half, all.n - half } } };
	struct unwind_env env = { .space = &space, .ctx = &f, .image = image, .is_code = is_code };
	struct regs r;
	memset(&r, 0, sizeof(r));
	r.machine = machine;
	for (unsigned i = 0; i < 31; i++)
		reg_set(&r, i, STACK + i * 8);
	reg_set(&r, reg_pc(machine), IMAGE + le_get(data + 1, 2));
	reg_set(&r, reg_sp(machine), STACK + le_get(data + 3, 2));
	walk(&f, &env, arch, &r, !(data[0] & 2));
	return 0;
}
