// SPDX-License-Identifier: Apache-2.0
// disasm_int.h: what the two decoders share: the writer of the operands column.
#pragma once
#include "arch/disasm.h"

enum { INSN_X86_MAX = 15, INSN_ARM64_LEN = 4 };

struct insn_out { // one insn_decode call
	struct insn *in;
	size_t n;    // bytes used in in->operands
	bool narrow; // addresses are written as 8 digits
	insn_name_fn *name;
	void *ctx;
};

// Appends to the operands; what does not fit is cut.
void ops_add(struct insn_out *o, const char *fmt, ...) PRINTF_LIKE(2, 3);
// Starts an operand: a comma unless it is the first.
void ops_next(struct insn_out *o);
// An address without name: 00007ff6`12345678, or 00401000 when narrow.
void ops_addr(struct insn_out *o, va_t va);
// "name (address)" when the address has a name; else false and nothing is written.
bool ops_named(struct insn_out *o, va_t va);
// ops_named, else ops_addr.
void ops_target(struct insn_out *o, va_t va);

// Writes an immediate ARM64 style: #9, #0xA, #-0x10.
void ops_hash(struct insn_out *o, int64_t v);
void ops_bits(struct insn_out *o, uint64_t v); // the same, never negative

// Fills kind, target and mem of a word that is an instruction. Reads the bits only.
void arm64_facts(uint32_t w, va_t va, struct insn *in);
// Writes mnemonic and operands of the instructions that Capstone 4 does not know or names otherwise than
// today's assemblers do. False: leave it to Capstone.
bool arm64_ext(uint32_t w, struct insn_out *o);

void insn_decode_x86(bool is_x64, struct span bytes, va_t va, struct insn_out *o);
void insn_decode_arm64(struct span bytes, va_t va, struct insn_out *o);
