// SPDX-License-Identifier: Apache-2.0
// kernel_trap.c: looks for the trap frame that the kernel left on the stack when it was interrupted.
#include "arch/trap.h"
#include "base/limits.h"
#include "verdict/kernel_int.h"

enum { PAGE = 4096, WORDS_FOR_POINTERS = 512 };

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

static va_t find_any(struct session *s, struct span memory, va_t sp)
{
	enum { KERNEL_CS = 0x10 };
	va_t start = (sp + 15) & ~(va_t)15;
	for (va_t at = start; at - sp + X64_TRAP_BYTES <= memory.n; at += 16)
		if (le_get(memory.p + (at - sp) + X64_TRAP_CS, 2) == KERNEL_CS && same_stack(s, at))
			return at;
	// An interrupt that runs on a stack of its own keeps a pointer into the frame that it left behind: interrupt
	// entries address their frame by rbp, 0x80 above its start.
	for (size_t i = 0; i + 8 <= memory.n && i < (size_t)WORDS_FOR_POINTERS * 8; i += 8) {
		va_t q = le_get(memory.p + i, 8);
		if (q >> 47 != 0x1ffff || q % 16 || (q >= sp && q < sp + memory.n))
			continue;
		if (same_stack(s, q - X64_TRAP_RBP_BIAS))
			return q - X64_TRAP_RBP_BIAS;
		if (same_stack(s, q))
			return q;
	}
	return 0;
}

va_t kernel_trap_find(struct session *s, va_t sp, va_t ip, va_t address)
{
	const struct target *t = s->target;
	if (ip)
		return trap_frame_find(t->machine, t->space, sp, ip, address);
	return t->machine == MACHINE_X64 ? find_any(s, stack_memory(s, sp), sp) : 0;
}
