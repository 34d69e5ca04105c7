// SPDX-License-Identifier: Apache-2.0
// disasm_arm64.c: A64 text: Capstone's, respelled as WinDbg writes it (fp and lr, no blank after a comma,
// #9 and #0xA, targets with their names), and ours for what Capstone 4 lacks. Aliases are those llvm prefers.
#include "arch/disasm_capstone.h"
#include "arch/disasm_int.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ops_hash(struct insn_out *o, int64_t v)
{
	uint64_t mag = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	ops_add(o, mag < 10 ? "#%s%" PRIu64 : "#%s0x%" PRIX64, v < 0 ? "-" : "", mag);
}

void ops_bits(struct insn_out *o, uint64_t v)
{
	ops_add(o, v < 10 ? "#%" PRIu64 : "#0x%" PRIX64, v);
}

// A number after '#'; returns where it ends. After "]," stands a post-index offset, which Capstone writes
// without its sign.
static const char *put_number(struct insn_out *o, const char *s)
{
	bool minus = *s == '-';
	const char *digits = s + minus;
	char *end;
	uint64_t v = strtoull(digits, &end, 0);
	if (end == digits || *end == '.') { // floating point
		size_t n = strspn(s, "+-0123456789.e");
		ops_add(o, "#%.*s", (int)n, s);
		return s + n;
	}
	bool post = o->n >= 2 && memcmp(o->in->operands + o->n - 2, "],", 2) == 0;
	if (minus)
		ops_hash(o, (int64_t)(0 - v));
	else if (post)
		ops_hash(o, (int64_t)v);
	else
		ops_bits(o, v);
	return end;
}

static const char *put_word(struct insn_out *o, const char *s)
{
	size_t n = 0;
	while (isalnum((unsigned char)s[n]) || s[n] == '_' || s[n] == '.')
		n++;
	if (n == 3 && memcmp(s, "x29", 3) == 0)
		ops_add(o, "fp");
	else if (n == 3 && memcmp(s, "x30", 3) == 0)
		ops_add(o, "lr");
	else
		ops_add(o, "%.*s", (int)n, s);
	return s + n;
}

// The last operand of an instruction with a target is that target.
static bool is_label(const struct insn *in, const char *s)
{
	return in->has_target && *s == '#' && !strchr(s, ',');
}

static void respell(struct insn_out *o, const char *s)
{
	while (*s) {
		if (is_label(o->in, s)) {
			ops_target(o, o->in->target);
			return;
		}
		if (*s == '#') {
			s = put_number(o, s + 1);
		} else if (isalnum((unsigned char)*s)) {
			s = put_word(o, s);
		} else {
			ops_add(o, "%c", *s);
			s += *s == ',' && s[1] == ' ' ? 2 : 1;
		}
	}
}

// What Capstone 4 names otherwise than its successors; `operands` is its text.
static void amend(uint32_t w, struct insn_out *o, char *operands)
{
	static const char *const TYPES[] = { "pld", "pli", "pst" };
	struct insn *in = o->in;
	char *p;
	if (strcmp(in->mnemonic, "ins") == 0) // the preferred alias
		memcpy(in->mnemonic, "mov", sizeof("mov"));
	if (strncmp(in->mnemonic, "prf", 3) == 0 && *operands == '#' && (w & 6) == 6 && (w & 0x18) != 0x18) {
		ops_add(o, "%sslc%s", TYPES[w >> 3 & 3], w & 1 ? "strm" : "keep");
		memmove(operands, strchr(operands, ','), strlen(strchr(operands, ',')) + 1);
	}
	if ((w & 0xffc00000) == 0xd5000000 && (p = strstr(operands, "s3_")) != NULL) // whatever op0 is
		p[1] = (char)('0' + (w >> 19 & 3));
}

// The bits of dup and ins (element) that the processor ignores, cleared: Capstone wants them so.
static uint32_t without_ignored(uint32_t w)
{
	uint32_t imm5 = w >> 16 & 31;
	if (!imm5)
		return w;
	if ((w & 0xbfe0fc00) == 0x0e000c00)
		return (w & ~(31u << 16)) | (imm5 & -imm5) << 16;
	if ((w & 0xffe08400) == 0x6e000400)
		return w & ~(((imm5 & -imm5) - 1) << 11);
	return w;
}

void insn_decode_arm64(struct span bytes, va_t va, struct insn_out *o)
{
	struct insn *in = o->in;
	in->len = (unsigned)MAX(MIN(bytes.n, (size_t)INSN_ARM64_LEN), 1);
	if (bytes.n < INSN_ARM64_LEN)
		return;
	uint32_t w = (uint32_t)le_get(bytes.p, INSN_ARM64_LEN);
	char operands[160]; // cs_insn.op_str
	arm64_facts(w, va, in);
	if (arm64_ext(w, o)) {
		in->valid = true;
	} else if (arm64_capstone(without_ignored(w), va, in->mnemonic, sizeof(in->mnemonic), operands,
				  sizeof(operands))) {
		in->valid = true;
		amend(w, o, operands);
		respell(o, operands);
	}
}
