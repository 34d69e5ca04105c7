// SPDX-License-Identifier: Apache-2.0
// pool_corruption.c: the kernel found its pool or a list damaged.
//
// Folklore: the code that notices is never the one that wrote. Real case: 0x13A in a file system filter that frees an
// honest block; its neighbour was overrun by another driver minutes earlier. It lies for 0xC2, where the caller itself
// may have freed twice; and faulty memory damages pool as well.
#include "detect/detect.h"

#include <inttypes.h>

static const char *damage(uint32_t code, uint64_t first)
{
	// Microsoft's bug check code reference.
	static const struct {
		uint32_t code;
		const char *what;
	} list[] = {
		{ 0x19, "a pool header is damaged" },
		{ 0xc1, "special pool was written outside a block" },
		{ 0xc2, "a pool function was called with a wrong block, or twice" },
		{ 0xc5, "pool links led to an invalid address" },
		{ 0xc6, "freed pool was accessed" },
		{ 0xc7, "a timer or DPC lies in freed pool" },
		{ 0xd0, "pool links led to an invalid address" },
		{ 0x13a, "the heap of the kernel is damaged" },
	};
	enum { SECURITY_CHECK = 0x139, LIST_ENTRY = 3, BALANCED_TREE = 0x1d };
	if (code == SECURITY_CHECK && first == LIST_ENTRY)
		return "a list's links do not point back: an entry was removed twice or overwritten";
	if (code == SECURITY_CHECK && first == BALANCED_TREE)
		return "a balanced tree's links do not fit";
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (list[i].code == code)
			return list[i].what;
	return NULL;
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_kernel *k = f->kernel;
	const char *what = damage(k->code, k->params[0]);
	if (!what)
		return ok();
	finding(out, SEV_CRITICAL, 85, "Kernel memory is corrupted: %s", what)->refutation =
		"faulty memory; for lists and trees, objects that lie outside pool";
	evidence(out, 0, ".bugcheck", "bug check 0x%" PRIX32 ", kind %" PRIx64, k->code, k->params[0]);
	va_t at = k->code == 0x139 ? 0 : k->code == 0x13a ? k->params[2] : k->params[1];
	uint8_t byte;
	bool kernel_half = at >> (f->session->target->ptr_bytes * 8 - 1);
	if (kernel_half && space_u8(f->session->target->space, at, &byte))
		evidence(out, at, arena_printf(f->a, "dps %" PRIx64, at), "memory at %" PRIx64 " is in the dump", at);
	else if (kernel_half)
		evidence(out, at, NULL, "memory at %" PRIx64 " is not in the dump: who wrote there cannot be seen", at);
	evidence(out, 0, NULL, "the module on the stack noticed the damage; it need not have done it");
	return ok();
}

const struct detector detect_pool_corruption = {
	.id = "dynamic-memory-corruption-kernel-pool",
	.number = 77,
	.title = "Dynamic Memory Corruption (Kernel Pool)",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL,
	.explain = "The kernel noticed that its pool, a list or a tree is damaged. The one who noticed is rarely the "
		   "one who\n"
		   "wrote: let Driver Verifier's special pool catch the writer.\n"
		   "It lies when memory is faulty: then the damage is at random places and of single bits.\n"
		   "See also: .bugcheck, !analyze -v, dps.",
	.run = run,
};
