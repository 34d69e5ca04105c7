// SPDX-License-Identifier: Apache-2.0
// x86.c: x86: CONTEXT of winnt.h (also WOW64_CONTEXT), and the step through a chain of frame pointers.
// FPO and frame data need symbols and live with the stack walker.
#include "arch/arch_int.h"

#include <string.h>

enum { // ContextFlags
	CTX_X86 = 0x10000,
	CTX_CONTROL = 1,
	CTX_INTEGER = 2,
	CTX_SEGMENTS = 4,
	CTX_FLOAT = 8,
	CTX_DEBUG = 0x10,
	CTX_EXTENDED = 0x20,
};

static void reg32(struct span s, uint64_t off, unsigned reg, struct regs *r)
{
	context_regs(s, off, 4, reg, 1, r);
}

static void segment(struct span s, uint64_t off, unsigned reg, struct regs *r)
{
	context_regs(s, off, 2, reg, 1, r); // stored in 32 bits, of which 16 count
}

static void x87(struct span s, struct regs *r)
{
	struct rd c = rd_at(s, 0x1c); // FLOATING_SAVE_AREA
	r->fctrl = (uint16_t)rd_u32(&c);
	r->fstat = (uint16_t)rd_u32(&c);
	r->ftag = (uint16_t)rd_u32(&c);
	rd_skip(&c, 16);
	const uint8_t *st = rd_bytes(&c, sizeof(r->st));
	if (!st)
		return;
	memcpy(r->st, st, sizeof(r->st));
	r->st_known = true;
}

err_t x86_context(struct span bytes, struct regs *ret)
{
	struct rd c = rd_at(bytes, 0);
	uint32_t flags = rd_u32(&c);
	TRY(rd_done(&c, "x86 context"));
	if (!(flags & CTX_X86))
		return fail(E_CORRUPT, "flags of an x86 context", 0);
	struct regs r = { .machine = MACHINE_X86 };
	if (flags & CTX_CONTROL) {
		reg32(bytes, 0xb4, X64_RBP, &r);
		reg32(bytes, 0xb8, X64_RIP, &r);
		segment(bytes, 0xbc, X64_CS, &r);
		reg32(bytes, 0xc0, X64_EFL, &r);
		reg32(bytes, 0xc4, X64_RSP, &r);
		segment(bytes, 0xc8, X64_SS, &r);
	}
	if (flags & CTX_INTEGER) {
		static const uint8_t order[] = { X64_RDI, X64_RSI, X64_RBX, X64_RDX, X64_RCX, X64_RAX };
		for (unsigned i = 0; i < ARRAY_LEN(order); i++)
			reg32(bytes, 0x9c + i * 4, order[i], &r);
	}
	if (flags & CTX_SEGMENTS) {
		static const uint8_t order[] = { X64_GS, X64_FS, X64_ES, X64_DS };
		for (unsigned i = 0; i < ARRAY_LEN(order); i++)
			segment(bytes, 0x8c + i * 4, order[i], &r);
	}
	if (flags & CTX_DEBUG)
		context_regs(bytes, 4, 4, X64_DR0, 6, &r);
	if (flags & CTX_FLOAT)
		x87(bytes, &r);
	if (flags & CTX_EXTENDED) { // an FXSAVE area at cc
		reg32(bytes, 0xcc + 0x18, X64_MXCSR, &r);
		context_vector(bytes, 0xcc + 0xa0, 8, &r);
	}
	*ret = r;
	return ok();
}

// {saved ebp, return address} at ebp. Only believed when ebp lies above esp, is aligned, the saved value goes
// further up (or is the end of the chain), and the return address is code.
err_t x86_unwind(const struct unwind_env *env, struct regs *r, bool top, struct unwind_result *ret)
{
	(void)top;
	uint32_t saved, pc;
	va_t fp = reg_get(r, X64_RBP), sp = reg_get(r, X64_RSP);
	if (!reg_known(r, X64_RBP) || !reg_known(r, X64_RSP) || fp & 3 || fp < sp || fp > UINT32_MAX - 8)
		return fail(E_NOTFOUND, "ebp is no frame pointer", fp);
	if (!space_u32(env->space, fp, &saved) || !space_u32(env->space, fp + 4, &pc))
		return fail(E_ABSENT, "stack memory at ebp", fp);
	if ((saved && saved <= fp) || (env->is_code && pc && !env->is_code(env->ctx, pc)))
		return fail(E_NOTFOUND, "ebp is no frame pointer", fp);
	struct regs up = *r;
	static const uint8_t lost[] = { X64_RAX, X64_RCX, X64_RDX, X64_RBX, X64_RSI, X64_RDI, X64_EFL };
	for (unsigned i = 0; i < ARRAY_LEN(lost); i++)
		reg_forget(&up, lost[i]);
	up.vknown = 0;
	up.st_known = false;
	reg_set(&up, X64_RBP, saved);
	reg_set(&up, X64_RIP, pc);
	reg_set(&up, X64_RSP, fp + 8);
	*r = up;
	*ret = (struct unwind_result){ 0 };
	return ok();
}

static const char *const names[X64_NREGS] = {
	[X64_RAX] = "eax", [X64_RCX] = "ecx", [X64_RDX] = "edx",     [X64_RBX] = "ebx", [X64_RSP] = "esp",
	[X64_RBP] = "ebp", [X64_RSI] = "esi", [X64_RDI] = "edi",     [X64_RIP] = "eip", [X64_EFL] = "efl",
	[X64_CS] = "cs",   [X64_SS] = "ss",   [X64_DS] = "ds",       [X64_ES] = "es",   [X64_FS] = "fs",
	[X64_GS] = "gs",   [X64_DR0] = "dr0", [X64_DR1] = "dr1",     [X64_DR2] = "dr2", [X64_DR3] = "dr3",
	[X64_DR6] = "dr6", [X64_DR7] = "dr7", [X64_MXCSR] = "mxcsr",
};

const struct arch arch_x86 = {
	.name = "x86",
	.windbg_name = "x86 compatible",
	.machine = MACHINE_X86,
	.ptr_bytes = 4,
	.n_regs = X64_NREGS,
	.reg_names = names,
	.context = x86_context,
	.unwind = x86_unwind,
};
