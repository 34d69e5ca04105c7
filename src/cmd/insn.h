// SPDX-License-Identifier: Apache-2.0
// insn.h: fetching and showing instructions; what u, ub, uf and # share beyond emit_insn() of rows.h.
#pragma once
#include "arch/disasm.h"
#include "cmd/rows.h"

// Decodes the instruction at va with symbols in its operands. Returns how many bytes it has; 0: unreadable.
size_t insn_fetch(const struct target *t, va_t va, struct insn *ret, uint8_t bytes[16]);
const char *insn_bytes_text(const struct target *t, struct arena *a, const uint8_t *bytes, size_t n);
// The row of a fetched instruction. regs: show the memory operand (may be NULL); branch: uf's mark, may be NULL.
void insn_emit(struct session *s, struct call *c, struct doc *out, va_t va, const struct insn *in, const uint8_t *bytes,
	       size_t n, const struct regs *regs, const char *branch);
// "sym+off:" above an instruction; nothing when the address is in no module.
void insn_emit_location(struct session *s, struct call *c, struct doc *out, va_t va);
// Where the memory operand lies, its segment's base added. False: there is none, or what it needs is not known; ARM64.
bool insn_operand_address(const struct session *s, const struct insn *in, const struct regs *r, va_t *ret);
