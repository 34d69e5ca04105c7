// SPDX-License-Identifier: Apache-2.0
// disasm.h: one instruction at a time, in WinDbg's spelling. Pure: bytes in, text and facts out.
#pragma once
#include "arch/regs.h"

enum insn_kind {
	INSN_OTHER,
	INSN_JUMP,      // unconditional branch
	INSN_COND_JUMP, // conditional branch (jcc, loop, cbz, tbz, b.cond)
	INSN_CALL,
	INSN_RET,  // returns, and iret, eret
	INSN_TRAP, // int3, int 29h, ud2, brk: control does not come back in a normal flow
};

// A memory operand, enough to compute its address. Register numbers are those of regs.h, -1 for none.
struct insn_mem {
	bool present;
	bool is_ip_relative; // disp already holds the absolute address, base is -1
	bool is_lea;         // address arithmetic only (lea): memory is not touched
	int base, index;
	unsigned scale; // 1, 2, 4, 8 (ARM64: 1 << shift)
	int index_bits; // 0: the whole register; 32, -32, 8: its low bits, zero- or sign-extended (uxtw, sxtw; xlat)
	int64_t disp;
	char segment[4]; // x86/x64: "ds", "ss", "es", "fs", "gs", "cs" as the CPU would use; ARM64: ""
	unsigned size;   // bytes accessed; 0 when unknown
	bool is_write;   // the operand is written (also when it is read first)
};

struct insn {
	unsigned len; // bytes; at least 1
	bool valid;   // false: bytes are no instruction; mnemonic "???", len 1 (x86) or 4 (ARM64)
	enum insn_kind kind;
	char mnemonic[24];  // "mov", "je", "rep movsb", "lock cmpxchg"
	char operands[160]; // "eax,dword ptr [rbx+8]": WinDbg's spelling, symbols filled in by `name`
	bool has_target;    // a direct branch or call target, an ADR/ADRP result, or a literal address
	va_t target;
	struct insn_mem mem; // first explicit memory operand; present == false when there is none
};

// Gives the text WinDbg prints for an address inside operands: "ntdll!RtlpFoo+0x12". Returns false when
// the address has no name; then only the number is shown. `buf` is `n` bytes.
typedef bool insn_name_fn(void *ctx, va_t va, char *buf, size_t n);

// Decodes the instruction at `va` from bytes.p[0 .. min(n, 15)). Never reads outside `bytes`. Fewer bytes
// than the instruction needs is valid == false with len = bytes.n (at least 1). machine: X86, X64, ARM64.
// Branch targets are written as WinDbg does: x86/x64 `foo!bar+0x10 (00007ff6`12345678)` when named,
// else the bare address ``00007ff6`12345678``; x86 uses 8 digits without the back-tick.
void insn_decode(uint16_t machine, struct span bytes, va_t va, insn_name_fn *name, void *ctx, struct insn *ret);

// Does the byte sequence that ends at `end` (bytes before a return address, oldest first) end with a call?
// For x86/x64 tries the call encodings of 2 to 7 bytes (FF /2, E8, 9A on x86); for ARM64 BL/BLR(A*).
bool insn_ends_with_call(uint16_t machine, struct span before);
