// SPDX-License-Identifier: Apache-2.0
// arch.h: one table per CPU.
//
// To add an architecture `foo`: write arch/foo.c, defining `const struct arch arch_foo`; add the line
// `foo` to arch/LIST; add tests/unit/arch_foo.c. Required: everything but `unwind` (without it stacks are
// walked by frame pointer and scan) and `call_pop`.
#pragma once
#include "arch/regs.h"
#include "mem/space.h"
#include "pe/pe.h"

// How a frame was found; the order is from worst to best. From TRUST_FRAME_PROC on something recorded, or the code
// itself, says where the caller is; below that it is a guess.
enum trust {
	TRUST_NONE,
	TRUST_SCAN,
	TRUST_FRAME_POINTER,
	TRUST_FRAME_PROC, // sizes of a PDB's S_FRAMEPROC
	TRUST_FPO,        // x86: an FPO record
	TRUST_FRAME_DATA, // x86: a FrameData program
	TRUST_CODE,       // x86: the function's instructions, followed
	TRUST_TRAP,       // what the kernel saved of an interrupted context
	TRUST_UNWIND,
	TRUST_CONTEXT,
};
const char *trust_name(enum trust t); // "scan", "frame_pointer", ...: as in JSON

// What an unwind step may ask of the target.
struct unwind_env {
	const struct space *space;
	void *ctx;
	// The image that holds pc, with its base; NULL pe when the module's headers are unreadable. false: pc
	// is in no module.
	bool (*image)(void *ctx, va_t pc, va_t *base_ret, const struct pe **pe_ret);
	// Dynamic function table (FunctionTableStream): the RUNTIME_FUNCTION that covers pc; false: none.
	bool (*dynamic)(void *ctx, va_t pc, va_t *base_ret, struct pe_function *ret);
	bool (*is_code)(void *ctx, va_t pc); // in an executable range of a module or region
	uint64_t ptr_mask;                   // ARM64: bits of an address that count (PAC stripped); 0: default rule
};
struct unwind_result {
	bool machine_frame; // the new pc is an exact interrupted address, not a return address
	bool signed_return; // ARM64: pac bits were stripped
	bool leaf;          // no unwind data: treated as a leaf function
	va_t trap_frame;    // of the kernel, where such a machine frame is a part of one; 0: none
};

struct arch {
	const char *name;        // "x64"
	const char *windbg_name; // "x64", "x86 compatible", "ARM 64-bit (AArch64)"
	uint16_t machine;
	uint8_t ptr_bytes;
	unsigned n_regs;
	const char *const *reg_names; // by register number; NULL entries have no name
	// Decodes a CONTEXT as stored in a dump, by its ContextFlags; groups that are not flagged stay unknown.
	err_t (*context)(struct span bytes, struct regs *ret);
	// One step up. `top` is true for the frame of the context (pc exact, leaf allowed). On OK *r is the
	// caller's registers: pc and sp are set, callee-saved ones restored, volatile ones forgotten.
	// E_NOTFOUND: no unwind data for pc; E_ABSENT: data or stack memory missing; E_CORRUPT: it lies.
	err_t (*unwind)(const struct unwind_env *env, struct regs *r, bool top, struct unwind_result *ret);
};
extern const struct arch *const arches[];       // generated from arch/LIST; NULL-terminated
const struct arch *arch_find(uint16_t machine); // NULL when unknown
// Register number by WinDbg's name ("rax", "eax", "al", "r8d", "x0", "lr", "pc"): *shift and *bits say which
// part of the register the name means. false: no such register.
bool arch_reg_find(const struct arch *arch, const char *name, unsigned *n_ret, unsigned *shift_ret, unsigned *bits_ret);
