// SPDX-License-Identifier: Apache-2.0
// disasm_arm64.c: not supported yet: every word is "???".
#include "arch/disasm_int.h"

void insn_decode_arm64(struct span bytes, va_t va, struct insn_out *o)
{
	(void)va;
	o->in->len = (unsigned)MAX(MIN(bytes.n, (size_t)INSN_ARM64_LEN), 1);
}
