// SPDX-License-Identifier: Apache-2.0
// trap.c: reads trap frames and task state segments. Offsets: _KTRAP_FRAME of Microsoft's public symbols.
#include "arch/trap.h"

#include "base/limits.h"

struct place {
	uint8_t reg, bytes;
	uint16_t off;
};
static const struct place x64_places[] = {
	{ X64_RAX, 8, 0x30 },         { X64_RCX, 8, 0x38 },       { X64_RDX, 8, 0x40 },  { X64_R8, 8, 0x48 },
	{ X64_R9, 8, 0x50 },          { X64_R10, 8, 0x58 },       { X64_R11, 8, 0x60 },  { X64_RBP, 8, 0x158 },
	{ X64_RIP, 8, X64_TRAP_RIP }, { X64_CS, 2, X64_TRAP_CS }, { X64_EFL, 4, 0x178 }, { X64_RSP, 8, 0x180 },
	{ X64_SS, 2, 0x188 },         { X64_MXCSR, 4, 0x2c },
};
static const struct place x86_places[] = {
	{ X64_FS, 2, 0x50 },  { X64_RDI, 4, 0x54 },         { X64_RSI, 4, 0x58 }, { X64_RBX, 4, 0x5c },
	{ X64_RBP, 4, 0x60 }, { X64_RIP, 4, X86_TRAP_EIP }, { X64_CS, 2, 0x6c },  { X64_EFL, 4, 0x70 },
};
static const struct place x86_volatile[] = {
	{ X64_GS, 2, 0x30 },  { X64_ES, 2, 0x34 },  { X64_DS, 2, 0x38 },
	{ X64_RDX, 4, 0x3c }, { X64_RCX, 4, 0x40 }, { X64_RAX, 4, 0x44 },
};
static const struct place x86_volatile_newer[] = {
	// from Windows 8.1 on
	{ X64_GS, 2, 0x2c },  { X64_ES, 2, 0x30 },  { X64_DS, 2, 0x34 },
	{ X64_RDX, 4, 0x38 }, { X64_RCX, 4, 0x3c }, { X64_RAX, 4, 0x40 },
};
static const struct place tss_places[] = {
	{ X64_RIP, 4, 0x20 }, { X64_EFL, 4, 0x24 }, { X64_RAX, 4, 0x28 }, { X64_RCX, 4, 0x2c },
	{ X64_RDX, 4, 0x30 }, { X64_RBX, 4, 0x34 }, { X64_RSP, 4, 0x38 }, { X64_RBP, 4, 0x3c },
	{ X64_RSI, 4, 0x40 }, { X64_RDI, 4, 0x44 }, { X64_ES, 2, 0x48 },  { X64_CS, 2, 0x4c },
	{ X64_SS, 2, 0x50 },  { X64_DS, 2, 0x54 },  { X64_FS, 2, 0x58 },  { X64_GS, 2, 0x5c },
};
static const struct place arm64_places[] = {
	{ A64_CPSR, 4, ARM64_TRAP_CPSR }, { A64_SP, 8, ARM64_TRAP_SP }, { A64_LR, 8, ARM64_TRAP_LR },
	{ A64_FP, 8, ARM64_TRAP_FP },     { A64_PC, 8, ARM64_TRAP_PC },
};
enum { ARM64_VOLATILE = 19, X86_ESP = 0x74, X86_SS = 0x78 };

unsigned trap_frame_bytes(uint16_t machine)
{
	return machine == MACHINE_X64     ? X64_TRAP_BYTES
	       : machine == MACHINE_X86   ? X86_TRAP_BYTES
	       : machine == MACHINE_ARM64 ? ARM64_TRAP_BYTES
					  : 0;
}

static void take(struct regs *r, const uint8_t *b, const struct place *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		reg_set(r, p[i].reg, le_get(b + p[i].off, p[i].bytes));
}

// The two layouts of x86 are told apart by the selectors that every entry leaves: es and ds are those of user data.
// Where the newer one has es the older one has gs, which is 0 there.
static void x86_volatiles(struct regs *r, const uint8_t *b)
{
	enum { NEWER_ES = 0x30, NEWER_DS = 0x34, USER_DATA = 0x23 };
	bool newer = le_get(b + NEWER_ES, 2) == USER_DATA && le_get(b + NEWER_DS, 2) == USER_DATA;
	take(r, b, newer ? x86_volatile_newer : x86_volatile, ARRAY_LEN(x86_volatile));
}

// Interrupted kernel code of x86 pushes no stack pointer: the stack goes on behind the frame's error code, eip, cs and
// eflags, where it would lie.
static void x86_stack(struct regs *r, const uint8_t *b, va_t at)
{
	enum { VM86 = 1 << 17 };
	bool outer = (reg_get(r, X64_CS) & 3) || (reg_get(r, X64_EFL) & VM86);
	reg_set(r, X64_RSP, outer ? le_get(b + X86_ESP, 4) : (uint32_t)(at + X86_ESP));
	if (outer)
		reg_set(r, X64_SS, le_get(b + X86_SS, 2));
}

// Selectors of Windows: kernel 10 and 8, user 33, 2b, 23, 1b. Reserved flags are 0, bit 1 is 1.
static bool is_plausible(const struct regs *r)
{
	if (r->machine == MACHINE_ARM64)
		return !(reg_get(r, A64_PC) & 3) && reg_get(r, A64_SP) && !(reg_get(r, A64_SP) & 0xf);
	uint64_t cs = reg_get(r, X64_CS), efl = reg_get(r, X64_EFL);
	bool code = cs == 0x10 || cs == 0x33 || cs == 0x23 || cs == 0x08 || cs == 0x1b;
	return code && (efl & 2) && !(efl & 0xffc08028);
}

err_t trap_frame_read(uint16_t machine, const struct space *sp, va_t at, struct regs *ret, uint64_t *zeroed_ret)
{
	uint8_t b[TRAP_MAX_BYTES];
	unsigned n = trap_frame_bytes(machine);
	size_t got;
	*ret = (struct regs){ .machine = machine };
	*zeroed_ret = 0;
	if (!n)
		return fail(E_UNSUPPORTED, "not supported: trap frames of this machine", machine);
	TRY(space_read(sp, at, b, n, &got));
	if (got < n)
		return fail(E_ABSENT, "the trap frame is not all in the dump", at);
	if (machine == MACHINE_X64) {
		static const uint8_t unsaved[] = { X64_RBX, X64_RSI, X64_RDI, X64_R12, X64_R13, X64_R14, X64_R15 };
		take(ret, b, x64_places, ARRAY_LEN(x64_places));
		for (size_t i = 0; i < ARRAY_LEN(unsaved); i++) {
			reg_set(ret, unsaved[i], 0);
			*zeroed_ret |= (uint64_t)1 << unsaved[i];
		}
	} else if (machine == MACHINE_X86) {
		take(ret, b, x86_places, ARRAY_LEN(x86_places));
		x86_volatiles(ret, b);
		x86_stack(ret, b, at);
	} else {
		take(ret, b, arm64_places, ARRAY_LEN(arm64_places));
		for (unsigned i = 0; i < ARM64_VOLATILE; i++)
			reg_set(ret, A64_X0 + i, le_get(b + ARM64_TRAP_X0 + i * 8, 8));
		for (unsigned i = A64_X19; i <= A64_X28; i++) {
			reg_set(ret, i, 0);
			*zeroed_ret |= (uint64_t)1 << i;
		}
	}
	return is_plausible(ret) ? ok() : fail(E_CORRUPT, "what lies there is no trap frame", at);
}

va_t trap_frame_find(uint16_t machine, const struct space *sp, va_t from, va_t ip, va_t address)
{
	unsigned p = machine == MACHINE_X86 ? 4 : 8;
	unsigned off = machine == MACHINE_X64 ? X64_TRAP_RIP : machine == MACHINE_X86 ? X86_TRAP_EIP : ARM64_TRAP_PC;
	uint64_t word, fault, zeroed;
	struct regs r;
	va_t first = 0;
	for (va_t at = from; at - from < LIMIT_TRAP_SEARCH_BYTES && space_ptr(sp, at, p, &word); at += p) {
		if (word != ip || at - from < off || trap_frame_read(machine, sp, at - off, &r, &zeroed).code)
			continue;
		first = first ? first : at - off;
		if (machine != MACHINE_X64 ||
		    (space_u64(sp, at - off + X64_TRAP_FAULT_ADDRESS, &fault) && fault == address))
			return at - off;
	}
	return first;
}

err_t x86_tss_read(const struct space *sp, va_t at, struct regs *ret)
{
	uint8_t b[TSS_BYTES];
	size_t got;
	*ret = (struct regs){ .machine = MACHINE_X86 };
	TRY(space_read(sp, at, b, sizeof(b), &got));
	if (got < sizeof(b))
		return fail(E_ABSENT, "the task state segment is not all in the dump", at);
	take(ret, b, tss_places, ARRAY_LEN(tss_places));
	return is_plausible(ret) ? ok() : fail(E_CORRUPT, "what lies there is no task state segment", at);
}
