// SPDX-License-Identifier: Apache-2.0
// kernel_trap.c: looks for the trap frame that the kernel left on the stack when it was interrupted.
#include "arch/trap.h"
#include "base/limits.h"
#include "verdict/kernel_int.h"

enum { PAGE = 4096, WORDS_FOR_POINTERS = 512 };

// Offsets of the instruction pointer in _KTRAP_FRAME (arch/trap.h).
static unsigned pc_offset(uint16_t machine)
{
	return machine == MACHINE_X64 ? 0x168 : machine == MACHINE_X86 ? 0x68 : machine == MACHINE_ARM64 ? 0x148 : 0;
}

// The stack memory from sp on, up to the first page that is not there.
static struct span stack_memory(struct session *s, va_t sp)
{
	uint8_t *p = arena_alloc(s->arena, LIMIT_TRAP_SEARCH_BYTES, 1);
	size_t n = 0, got;
	while (n < LIMIT_TRAP_SEARCH_BYTES) {
		size_t want = MIN((size_t)(PAGE - (sp + n) % PAGE), LIMIT_TRAP_SEARCH_BYTES - n);
		if (space_read(s->target->space, sp + n, p + n, want, &got).code)
			break;
		n += got;
		if (got < want)
			break;
	}
	return (struct span){ p, n };
}

// Interrupted kernel code goes on right behind its frame: the processor aligns the stack to 16 bytes before it
// pushes. False for frames of user code, and of code on another stack.
static bool same_stack(struct session *s, va_t at)
{
	struct regs r;
	uint64_t zeroed;
	uint16_t machine = s->target->machine;
	if (machine != MACHINE_X64 || trap_frame_read(machine, s->target->space, at, &r, &zeroed).code)
		return false;
	va_t sp = reg_get(&r, X64_RSP), end = at + trap_frame_bytes(machine);
	return (reg_get(&r, X64_CS) & 3) == 0 && sp >= end && sp < end + 16 &&
	       target_module_at(s->target, reg_get(&r, X64_RIP));
}

// The innermost frame with that instruction pointer; one whose FaultAddress is the address of the fault comes first.
static va_t find_exact(struct session *s, struct span memory, va_t sp, va_t ip, va_t address)
{
	enum { FAULT_ADDRESS = 0xd0 };
	uint16_t machine = s->target->machine;
	unsigned p = s->target->ptr_bytes, off = pc_offset(machine);
	va_t first = 0;
	struct regs r;
	uint64_t zeroed;
	for (size_t i = 0; off && i + p <= memory.n; i += p) {
		if (le_get(memory.p + i, p) != ip || i < off)
			continue;
		va_t at = sp + i - off;
		if (trap_frame_read(machine, s->target->space, at, &r, &zeroed).code)
			continue;
		first = first ? first : at;
		if (machine != MACHINE_X64 || le_get(memory.p + (i - off) + FAULT_ADDRESS, 8) == address)
			return at;
	}
	return first;
}

static va_t find_any(struct session *s, struct span memory, va_t sp)
{
	enum { CS = 0x170, KERNEL_CS = 0x10, RBP_BIAS = 0x80 };
	va_t start = (sp + 15) & ~(va_t)15;
	for (va_t at = start; at - sp + trap_frame_bytes(MACHINE_X64) <= memory.n; at += 16)
		if (le_get(memory.p + (at - sp) + CS, 2) == KERNEL_CS && same_stack(s, at))
			return at;
	// An interrupt that runs on a stack of its own keeps a pointer into the frame that it left behind: interrupt
	// entries address their frame by rbp, 0x80 above its start.
	for (size_t i = 0; i + 8 <= memory.n && i < (size_t)WORDS_FOR_POINTERS * 8; i += 8) {
		va_t q = le_get(memory.p + i, 8);
		if (q >> 47 != 0x1ffff || q % 16 || (q >= sp && q < sp + memory.n))
			continue;
		if (same_stack(s, q - RBP_BIAS))
			return q - RBP_BIAS;
		if (same_stack(s, q))
			return q;
	}
	return 0;
}

va_t kernel_trap_find(struct session *s, va_t sp, va_t ip, va_t address)
{
	struct span memory = stack_memory(s, sp);
	if (ip)
		return find_exact(s, memory, sp, ip, address);
	return s->target->machine == MACHINE_X64 ? find_any(s, memory, sp) : 0;
}
