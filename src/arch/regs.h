// SPDX-License-Identifier: Apache-2.0
// regs.h: the registers of one CPU at one moment, each known or not. Register numbers are per machine;
// x64 and x86 share numbers for what they share (RAX is EAX).
#pragma once
#include "base/base.h"

// IMAGE_FILE_MACHINE_* (PE/COFF specification, "Machine Types").
enum machine {
	MACHINE_UNKNOWN = 0,
	MACHINE_X86 = 0x14c,
	MACHINE_ARM = 0x1c4,
	MACHINE_X64 = 0x8664,
	MACHINE_ARM64 = 0xaa64
};

enum x64_reg { // the hardware's numbering for 0..15
	X64_RAX,
	X64_RCX,
	X64_RDX,
	X64_RBX,
	X64_RSP,
	X64_RBP,
	X64_RSI,
	X64_RDI,
	X64_R8,
	X64_R9,
	X64_R10,
	X64_R11,
	X64_R12,
	X64_R13,
	X64_R14,
	X64_R15,
	X64_RIP,
	X64_EFL,
	X64_CS,
	X64_SS,
	X64_DS,
	X64_ES,
	X64_FS,
	X64_GS,
	X64_DR0,
	X64_DR1,
	X64_DR2,
	X64_DR3,
	X64_DR6,
	X64_DR7,
	X64_MXCSR,
	X64_FSBASE,
	X64_GSBASE,
	X64_NREGS
};
enum arm64_reg { // X0..X28, then the named ones
	A64_X0 = 0,
	A64_X18 = 18,
	A64_X19 = 19,
	A64_X28 = 28,
	A64_FP = 29,
	A64_LR = 30,
	A64_SP = 31,
	A64_PC = 32,
	A64_CPSR = 33,
	A64_FPCR = 34,
	A64_FPSR = 35,
	A64_NREGS
};
enum { REGS_MAX = 40, VREGS_MAX = 32 };

struct regs {
	uint16_t machine;         // enum machine
	uint64_t known;           // bit n: r[n] is known
	uint64_t r[REGS_MAX];     // zero-extended
	uint32_t vknown;          // bit n: v[n] is known
	uint8_t v[VREGS_MAX][16]; // XMM0-15 or V0-31, little-endian
	uint8_t st[8][10];        // x87 registers, when st_known
	uint16_t fctrl, fstat, ftag;
	bool st_known;
};

// The general registers alone: a third of the size, for what is kept of every frame of a stack.
struct general_regs {
	uint16_t machine;
	uint64_t known;
	uint64_t r[REGS_MAX];
};

static inline bool reg_known(const struct regs *r, unsigned n)
{
	return n < REGS_MAX && (r->known >> n & 1);
}
static inline uint64_t reg_get(const struct regs *r, unsigned n)
{
	return n < REGS_MAX ? r->r[n] : 0;
}
static inline void reg_set(struct regs *r, unsigned n, uint64_t v)
{
	if (n < REGS_MAX) {
		r->r[n] = v;
		r->known |= (uint64_t)1 << n;
	}
}
static inline void reg_forget(struct regs *r, unsigned n)
{
	if (n < REGS_MAX)
		r->known &= ~((uint64_t)1 << n);
}

static inline unsigned reg_pc(uint16_t machine)
{
	return machine == MACHINE_ARM64 ? (unsigned)A64_PC : (unsigned)X64_RIP;
}
static inline unsigned reg_sp(uint16_t machine)
{
	return machine == MACHINE_ARM64 ? (unsigned)A64_SP : (unsigned)X64_RSP;
}
static inline unsigned reg_fp(uint16_t machine)
{
	return machine == MACHINE_ARM64 ? (unsigned)A64_FP : (unsigned)X64_RBP;
}
