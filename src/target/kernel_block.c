// SPDX-License-Identifier: Apache-2.0
// kernel_block.c: the debugger data block of a kernel dump, plain or encoded. 64-bit kernels since Windows 8 keep it
// encoded; the dump of a crash holds it plain, memory taken from a running system does not. How it is
// encoded: QEMU, Rekall and MemProcFS agree on it.
#include "base/limits.h"
#include "target/kernel.h"
#include "target/target_int.h"

enum { TAG_KDBG = 0x4742444b, KDBG_LEAST = 0x340, TAG_AT = 0x10, SIZE_AT = 0x14 };

static bool is_block(struct span s)
{
	return s.n >= KDBG_KERN_BASE && le_get(s.p + TAG_AT, 4) == TAG_KDBG && le_get(s.p + SIZE_AT, 4) >= KDBG_LEAST;
}

void kernel_find_block(struct target *t, struct kernel *k)
{
	k->kdbg = k->kdbg_coded = (struct span){ NULL, 0 };
	k->no_kdbg = NULL;
	if (k->facts->debugger_block.n) {
		k->kdbg = k->facts->debugger_block;
		return;
	}
	k->no_kdbg = "the dump names no debugger data block";
	if (!k->facts->debugger_data)
		return;
	uint8_t *p = arena_alloc(t->arena, LIMIT_KDBG_BYTES, 1);
	size_t got;
	k->no_kdbg = "the debugger data block is not in the dump";
	if (space_read(t->space, k->facts->debugger_data, p, LIMIT_KDBG_BYTES, &got).code)
		return;
	struct span s = { p, got };
	if (is_block(s)) {
		k->kdbg = span_clip(s, 0, le_get(p + SIZE_AT, 4));
		k->no_kdbg = NULL;
		return;
	}
	k->kdbg_coded = s;
	k->no_kdbg = t->ptr_bytes == 8
			     ? "the debugger data block is encoded or damaged; if it is encoded, nt's symbols "
			       "(.sympath) decode it"
			     : "the debugger data block is damaged";
}

static uint64_t decode(uint64_t x, uint64_t never, uint64_t always, va_t flag)
{
	unsigned n = never & 63;
	x ^= never;
	x = (x << n | x >> (-n & 63)) ^ flag;
	return __builtin_bswap64(x) ^ always;
}

bool kernel_decode(struct target *t, uint64_t never, uint64_t always, va_t flag)
{
	struct kernel *k = t->kernel;
	struct span from = k->kdbg_coded;
	if (t->ptr_bytes != 8 || !from.n)
		return false;
	uint8_t *p = arena_alloc(t->arena, from.n, 1);
	size_t n = from.n / 8 * 8;
	for (size_t i = 0; i < n; i += 8) {
		uint64_t x = decode(le_get(from.p + i, 8), never, always, flag);
		for (unsigned b = 0; b < 8; b++)
			p[i + b] = (uint8_t)(x >> 8 * b);
	}
	struct span s = { p, n };
	// The kernel that it names must be this one: a tag of four bytes alone can be chance.
	if (!is_block(s) || le_get(p + SIZE_AT, 4) > n || n < KDBG_KERN_BASE + 8 ||
	    le_get(p + KDBG_KERN_BASE, 8) != k->base)
		return false;
	k->kdbg = span_clip(s, 0, le_get(p + SIZE_AT, 4));
	k->kdbg_coded = (struct span){ NULL, 0 };
	k->no_kdbg = NULL;
	k->kdbg_decoded = true;
	kernel_fill(t, k);
	target_fill_unloaded(t);
	target_fill_threads(t);
	return true;
}
