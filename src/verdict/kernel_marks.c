// SPDX-License-Identifier: Apache-2.0
// kernel_marks.c: marks that a bucket gets for the dump it is of: _VRF when Driver Verifier was at work, LKD_ when the
// system went on. Where they stand: public outputs of four bug checks (0x3B, 0xC4, 0xD1, 0x7E) and of three live dumps.
#include "target/kernel.h"
#include "verdict/kernel_int.h"

// Codes that are reports of a running system alone. Source: Microsoft's "Kernel Live Dump Code Reference", without
// those that stop systems, too.
static const uint16_t live_codes[] = { 0x117, 0x141, 0x142, 0x156, 0x15c, 0x15d, 0x15e, 0x15f, 0x161, 0x164,
				       0x165, 0x166, 0x167, 0x168, 0x169, 0x16a, 0x16b, 0x16f, 0x175, 0x179,
				       0x17c, 0x17d, 0x187, 0x188, 0x190, 0x193, 0x195, 0x198, 0x19d, 0x1a1,
				       0x1a3, 0x1a4, 0x1a5, 0x1a6, 0x1a7, 0x1a8, 0x1a9, 0x1b0, 0x1b8, 0x1c4,
				       0x1c5, 0x1c9, 0x1cc, 0x1d1, 0x1d4, 0x1e1, 0x1f5, 0x21c8 };

static bool is_live(const struct kernel_case *c)
{
	const struct dump_kernel *f = c->s->target->kernel->facts;
	if (f->attributes != UINT32_MAX && f->attributes & DUMP_ATTRIBUTE_LIVE)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(live_codes); i++)
		if (live_codes[i] == c->k->code)
			return true;
	return false;
}

// MmVerifierData begins with the level: bits that say what is verified (WDK, wdbgexts.h and ntddk.h's
// MM_DRIVER_VERIFIER_DATA). Only Driver Verifier stops the system with 0xC4 and 0xC9, but for two findings of 0xC4:
// leaks, which the debugger leaves unmarked, and stack switches, which the kernel finds by itself.
static bool is_verified(const struct kernel_case *c)
{
	enum { LEAK = 0x62, STACK_SWITCH = 0x91, BEYOND_LEVELS = 1 << 24 };
	struct target *t = c->s->target;
	uint32_t level;
	if (c->k->code == 0xc9)
		return true;
	if (c->k->code == 0xc4)
		return c->k->params[0] != LEAK && c->k->params[0] != STACK_SWITCH;
	va_t data = kernel_kdbg(t->kernel, KDBG_VERIFIER_DATA, 8);
	return data && space_u32(t->space, data, &level) && level && level < BEYOND_LEVELS;
}

const char *marked_prefix(struct arena *a, const char *prefix, bool verified, bool live)
{
	const char *first = live ? "LKD_" : "", *mark = verified ? "_VRF" : "";
	bool av = str_starts(prefix, "AV") && (!prefix[2] || prefix[2] == '_');
	return av ? arena_printf(a, "%sAV%s%s", first, mark, prefix + 2)
		  : arena_printf(a, "%s%s%s", first, prefix, mark);
}

const char *kernel_marked_prefix(const struct kernel_case *c)
{
	return marked_prefix(c->s->arena, c->k->prefix, is_verified(c), is_live(c));
}
