// SPDX-License-Identifier: Apache-2.0
// mk_pe.h: builds a small PE file in a caller's buffer: headers and one section ".all" at RVA 0x1000, whose
// bytes the test fills in. File offset of RVA 0x1000 + n is 0x400 + n.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { MK_PE_RVA = 0x1000, MK_PE_RAW = 0x400, MK_PE_BODY = 0x3000, MK_PE_SIZE = MK_PE_RAW + MK_PE_BODY };

static inline void mk_put(uint8_t *p, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}
static inline uint8_t *mk_rva(uint8_t *file, uint32_t rva)
{
	return file + MK_PE_RAW + (rva - MK_PE_RVA);
}
static inline void mk_dir(uint8_t *file, unsigned index, uint32_t rva, uint32_t size)
{
	uint8_t *p = file + 0x80 + 24 + (file[0x80 + 24] == 0x0b && file[0x80 + 25] == 2 ? 112 : 96) + index * 8;
	mk_put(p, rva, 4);
	mk_put(p + 4, size, 4);
}
// machine: IMAGE_FILE_MACHINE_*; x86 gets a PE32 header, the others PE32+. `file` is MK_PE_SIZE bytes.
static inline void mk_pe(uint8_t *file, uint16_t machine)
{
	int wide = machine != 0x14c;
	unsigned opt_size = wide ? 240 : 224;
	memset(file, 0, MK_PE_SIZE);
	memcpy(file, "MZ", 2);
	mk_put(file + 0x3c, 0x80, 4);
	uint8_t *nt = file + 0x80, *opt = nt + 24;
	memcpy(nt, "PE\0\0", 4);
	mk_put(nt + 4, machine, 2);
	mk_put(nt + 6, 1, 2);
	mk_put(nt + 8, 0x5eadbeef, 4);
	mk_put(nt + 20, opt_size, 2);
	mk_put(nt + 22, 0x22, 2);
	mk_put(opt, wide ? 0x20b : 0x10b, 2);
	mk_put(opt + 16, 0x1010, 4);
	mk_put(opt + (wide ? 24 : 28), wide ? 0x140000000 : 0x400000, wide ? 8 : 4);
	mk_put(opt + 32, 0x1000, 4);
	mk_put(opt + 36, 0x200, 4);
	mk_put(opt + 56, MK_PE_RVA + 0x4000, 4);
	mk_put(opt + 60, 0x400, 4);
	mk_put(opt + (wide ? 108 : 92), 16, 4);
	uint8_t *s = opt + opt_size;
	memcpy(s, ".all", 4);
	mk_put(s + 8, 0x3800, 4); // the tail of the section is zero-filled memory
	mk_put(s + 12, MK_PE_RVA, 4);
	mk_put(s + 16, MK_PE_BODY, 4);
	mk_put(s + 20, MK_PE_RAW, 4);
	mk_put(s + 36, 0x60000020, 4);
}
