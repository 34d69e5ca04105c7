// SPDX-License-Identifier: Apache-2.0
// trap.h: what the kernel saved of an interrupted context on its stack: _KTRAP_FRAME. Its layout has not changed since
// Windows Vista on x64; x86 has one up to Windows 8 and one from 8.1 on, told apart by the selectors in it (public
// symbols); ARM64: of Windows 10 19030.
#pragma once
#include "arch/regs.h"
#include "mem/space.h"

enum {
	TRAP_MAX_BYTES = 0x190,
	X64_TRAP_BYTES = 0x190,
	X64_TRAP_FAULT_ADDRESS = 0xd0, // cr2 of a page fault
	X64_TRAP_RIP = 0x168,          // rip, cs, eflags, rsp, ss: what the processor pushed
	X64_TRAP_CS = 0x170,
	X64_TRAP_RBP_BIAS = 0x80, // handlers keep rbp that far above the start
	X86_TRAP_BYTES = 0x8c,
	X86_TRAP_EIP = 0x68,
	ARM64_TRAP_BYTES = 0x150,
	ARM64_TRAP_CPSR = 0x90,
	ARM64_TRAP_SP = 0x98,
	ARM64_TRAP_X0 = 0xa0, // to x18
	ARM64_TRAP_LR = 0x138,
	ARM64_TRAP_FP = 0x140,
	ARM64_TRAP_PC = 0x148,
};
unsigned trap_frame_bytes(uint16_t machine); // 0: not supported
// The registers a trap frame holds. *zeroed_ret: bits of those that it has no room for or that the kernel does not
// fill; they read as 0, as the debugger shows them, and are not to be trusted. E_ABSENT: not in the dump;
// E_CORRUPT: what lies there is no trap frame (selectors, flags).
MUST_USE err_t trap_frame_read(uint16_t machine, const struct space *sp, va_t at, struct regs *ret,
			       uint64_t *zeroed_ret);
// The innermost frame in the stack memory from `from` up, as far as it is in the dump, that was interrupted at `ip`.
// x64: one whose FaultAddress is `address` comes first. 0: none.
va_t trap_frame_find(uint16_t machine, const struct space *sp, va_t from, va_t ip, va_t address);
// A task that the processor left by a task gate, as a double fault of x86 does: the registers in its task state segment
// (Intel SDM volume 3, "Task-State Segment"; the kernel's _KTSS begins with it). E_ABSENT: not in the dump; E_CORRUPT:
// what lies there is none (selectors, flags).
enum { TSS_BYTES = 0x68 };
MUST_USE err_t x86_tss_read(const struct space *sp, va_t at, struct regs *ret);
