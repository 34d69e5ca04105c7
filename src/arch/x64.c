// SPDX-License-Identifier: Apache-2.0
// x64.c: x64: CONTEXT of winnt.h. The unwinder is in x64_unwind.c.
#include "arch/arch_int.h"

#include <string.h>

enum { // ContextFlags
	CTX_AMD64 = 0x100000,
	CTX_CONTROL = 1,
	CTX_INTEGER = 2,
	CTX_SEGMENTS = 4,
	CTX_FLOAT = 8,
	CTX_DEBUG = 0x10,
	FXSAVE = 0x100,
};

static void floating(struct span s, struct regs *r)
{
	context_regs(s, 0x34, 4, X64_MXCSR, 1, r);
	context_vector(s, FXSAVE + 0xa0, 16, r);
	if (!in_range(FXSAVE, 0xa0, s.n))
		return;
	r->fctrl = (uint16_t)le_get(s.p + FXSAVE, 2);
	r->fstat = (uint16_t)le_get(s.p + FXSAVE + 2, 2);
	r->ftag = s.p[FXSAVE + 4]; // the abridged form: one bit per register, 1 is valid
	for (unsigned i = 0; i < ARRAY_LEN(r->st); i++)
		memcpy(r->st[i], s.p + FXSAVE + 0x20 + i * 16, sizeof(r->st[i]));
	r->st_known = true;
}

err_t x64_context(struct span bytes, struct regs *ret)
{
	struct rd c = rd_at(bytes, 0x30);
	uint32_t flags = rd_u32(&c);
	TRY(rd_done(&c, "x64 context"));
	if (!(flags & CTX_AMD64))
		return fail(E_CORRUPT, "flags of an x64 context", 0x30);
	struct regs r = { .machine = MACHINE_X64 };
	if (flags & CTX_CONTROL) {
		context_regs(bytes, 0x38, 2, X64_CS, 1, &r);
		context_regs(bytes, 0x42, 2, X64_SS, 1, &r);
		context_regs(bytes, 0x44, 4, X64_EFL, 1, &r);
		context_regs(bytes, 0x98, 8, X64_RSP, 1, &r);
		context_regs(bytes, 0xf8, 8, X64_RIP, 1, &r);
	}
	if (flags & CTX_INTEGER) { // stored in the order of the register numbers, rsp between them
		context_regs(bytes, 0x78, 8, X64_RAX, 4, &r);
		context_regs(bytes, 0xa0, 8, X64_RBP, 11, &r);
	}
	if (flags & CTX_SEGMENTS)
		context_regs(bytes, 0x3a, 2, X64_DS, 4, &r);
	if (flags & CTX_DEBUG)
		context_regs(bytes, 0x48, 8, X64_DR0, 6, &r);
	if (flags & CTX_FLOAT)
		floating(bytes, &r);
	*ret = r;
	return ok();
}

static const char *const names[X64_NREGS] = {
	[X64_RAX] = "rax",     [X64_RCX] = "rcx",       [X64_RDX] = "rdx",       [X64_RBX] = "rbx", [X64_RSP] = "rsp",
	[X64_RBP] = "rbp",     [X64_RSI] = "rsi",       [X64_RDI] = "rdi",       [X64_R8] = "r8",   [X64_R9] = "r9",
	[X64_R10] = "r10",     [X64_R11] = "r11",       [X64_R12] = "r12",       [X64_R13] = "r13", [X64_R14] = "r14",
	[X64_R15] = "r15",     [X64_RIP] = "rip",       [X64_EFL] = "efl",       [X64_CS] = "cs",   [X64_SS] = "ss",
	[X64_DS] = "ds",       [X64_ES] = "es",         [X64_FS] = "fs",         [X64_GS] = "gs",   [X64_DR0] = "dr0",
	[X64_DR1] = "dr1",     [X64_DR2] = "dr2",       [X64_DR3] = "dr3",       [X64_DR6] = "dr6", [X64_DR7] = "dr7",
	[X64_MXCSR] = "mxcsr", [X64_FSBASE] = "fsbase", [X64_GSBASE] = "gsbase",
};

const struct arch arch_x64 = {
	.name = "x64",
	.windbg_name = "x64",
	.machine = MACHINE_X64,
	.ptr_bytes = 8,
	.n_regs = X64_NREGS,
	.reg_names = names,
	.context = x64_context,
	.unwind = x64_unwind,
};
