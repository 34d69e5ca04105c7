// SPDX-License-Identifier: Apache-2.0
// arm64.c: ARM64: CONTEXT of winnt.h, and the packed form that Breakpad's older writers stored
// (MDRawContextARM64_Old). The unwinder is in arm64_unwind.c.
#include "arch/arch_int.h"

enum { // ContextFlags
	CTX_ARM64 = 0x400000,
	CTX_CONTROL = 1,
	CTX_INTEGER = 2,
	CTX_FLOAT = 4,
};
#define CTX_BREAKPAD_OLD 0x80000000u

static void windows(struct span s, uint32_t flags, struct regs *r)
{
	if (flags & CTX_CONTROL) {
		context_regs(s, 4, 4, A64_CPSR, 1, r);
		context_regs(s, 0xf0, 8, A64_FP, 4, r); // fp, lr, sp, pc
	}
	if (flags & CTX_INTEGER)
		context_regs(s, 8, 8, A64_X0, 29, r);
	if (flags & CTX_FLOAT) {
		context_vector(s, 0x110, 32, r);
		context_regs(s, 0x310, 4, A64_FPCR, 2, r); // fpcr, fpsr
	}
}

// 64-bit flags; no padding before the vector registers; pc and sp belong to the integer group.
static void breakpad_old(struct span s, uint32_t flags, struct regs *r)
{
	if (flags & CTX_INTEGER) {
		context_regs(s, 8, 8, A64_X0, 33, r); // x0..x28, fp, lr, sp, pc
		context_regs(s, 0x110, 4, A64_CPSR, 1, r);
	}
	if (flags & CTX_FLOAT) {
		context_regs(s, 0x114, 4, A64_FPSR, 1, r);
		context_regs(s, 0x118, 4, A64_FPCR, 1, r);
		context_vector(s, 0x11c, 32, r);
	}
}

err_t arm64_context(struct span bytes, struct regs *ret)
{
	struct rd c = rd_at(bytes, 0);
	uint32_t flags = rd_u32(&c);
	TRY(rd_done(&c, "ARM64 context"));
	struct regs r = { .machine = MACHINE_ARM64 };
	if (flags & CTX_ARM64)
		windows(bytes, flags, &r);
	else if (flags & CTX_BREAKPAD_OLD)
		breakpad_old(bytes, flags, &r);
	else
		return fail(E_CORRUPT, "flags of an ARM64 context", 0);
	*ret = r;
	return ok();
}

static const char *const names[A64_NREGS] = {
	"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",   "x10",  "x11",
	"x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",  "x22",  "x23",
	"x24", "x25", "x26", "x27", "x28", "fp",  "lr",  "sp",  "pc",  "cpsr", "fpcr", "fpsr",
};

const struct arch arch_arm64 = {
	.name = "arm64",
	.windbg_name = "ARM 64-bit (AArch64)",
	.machine = MACHINE_ARM64,
	.ptr_bytes = 8,
	.n_regs = A64_NREGS,
	.reg_names = names,
	.context = arm64_context,
	.unwind = arm64_unwind,
};
