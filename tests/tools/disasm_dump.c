// SPDX-License-Identifier: Apache-2.0
// disasm_dump: for the judges. disasm_dump MACHINE FILE OFFSET SIZE VA [ADDRESSES]: decodes SIZE bytes at
// OFFSET of FILE as if at VA, in sequence or at each hexadecimal address listed in the file ADDRESSES.
// Prints `va len bytes mnemonic|operands|kind target base index scale index_bits disp size write ip-relative+lea
// segment`, the part from base on when there is a memory operand. Test-only: it trusts its arguments.
#include "arch/disasm.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void print_one(uint16_t machine, struct span all, va_t va, size_t at)
{
	struct insn in;
	struct span s = { all.p + at, all.n - at };
	insn_decode(machine, s, va + at, NULL, NULL, &in);
	printf("%" PRIx64 " %u ", va + at, in.len);
	for (unsigned i = 0; i < in.len && i < s.n; i++)
		printf("%02x", s.p[i]);
	printf(" %s|%s|%d %" PRIx64 " ", in.mnemonic, in.operands, (int)in.kind, in.has_target ? in.target : 0);
	if (in.mem.present)
		printf("%d %d %u %d %" PRIx64 " %u %d %d%d %s", in.mem.base, in.mem.index, in.mem.scale,
		       in.mem.index_bits, (uint64_t)in.mem.disp, in.mem.size, in.mem.is_write, in.mem.is_ip_relative,
		       in.mem.is_lea, in.mem.segment);
	printf("\n");
}

static void print_listed(uint16_t machine, struct span all, va_t va, FILE *list)
{
	uint64_t at;
	while (fscanf(list, "%" SCNx64, &at) == 1)
		if (at >= va && at - va < all.n)
			print_one(machine, all, va, (size_t)(at - va));
}

static void print_all(uint16_t machine, struct span all, va_t va)
{
	struct insn in;
	for (size_t at = 0; at < all.n; at += in.len) {
		print_one(machine, all, va, at);
		insn_decode(machine, (struct span){ all.p + at, all.n - at }, va + at, NULL, NULL, &in);
	}
}

int main(int argc, char **argv)
{
	if (argc < 6) {
		fprintf(stderr, "usage: disasm_dump MACHINE FILE OFFSET SIZE VA [ADDRESSES]\n");
		return 2;
	}
	uint16_t machine = (uint16_t)strtoul(argv[1], NULL, 0);
	FILE *f = fopen(argv[2], "rb");
	long off = strtol(argv[3], NULL, 0);
	size_t size = strtoul(argv[4], NULL, 0);
	va_t va = strtoull(argv[5], NULL, 0);
	uint8_t *buf = calloc(size + 1, 1);
	if (!f || !buf || fseek(f, off, SEEK_SET)) {
		fprintf(stderr, "disasm_dump: cannot read %s\n", argv[2]);
		return 1;
	}
	struct span all = { buf, fread(buf, 1, size, f) };
	fclose(f);
	FILE *list = argc > 6 ? fopen(argv[6], "r") : NULL;
	if (list) {
		print_listed(machine, all, va, list);
		fclose(list);
	} else {
		print_all(machine, all, va);
	}
	free(buf);
	return 0;
}
