// SPDX-License-Identifier: Apache-2.0
// wild_pointer.c: the pointer that faulted is no address at all: text, a filling, a non-canonical number.
//
// Folklore: what the garbage looks like tells who wrote it. Real case: a base register of 0041005c0043003a, a path's
// piece, after a buffer overrun. It lies when a register was not saved: a trap frame's zeros are no pointers; and one
// wrong bit in an honest address speaks for memory, not for a program.
#include "detect/detect.h"

#include <inttypes.h>

enum { NULL_PAGES = 0x10000 };

static bool is_non_canonical(const struct facts *f, va_t va)
{
	const char *looks = f->session->target->ptr_bytes == 8 ? pointer_looks(f, va) : NULL;
	return looks && str_starts(looks, "a non-canonical");
}

// Would the address be one of the kernel's half, but for one bit? The bit's number, -1: no.
static int one_bit_off(va_t va)
{
	enum { FIRST = 47, LAST = 63 };
	for (int bit = FIRST; bit <= LAST; bit++)
		if ((va ^ (uint64_t)1 << bit) >> FIRST == 0x1ffff)
			return bit;
	return -1;
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_fault *x = &f->fault;
	const struct fact_operand *o = &f->operand;
	bool hidden = x->present ? x->address == UINT64_MAX : f->exception->code == STATUS_ACCESS_VIOLATION;
	if (!x->present && !hidden)
		return ok();
	if (hidden && !o->address_known) {
		not_checked(out, "the processor does not report non-canonical addresses, and the registers that would "
				 "tell are not known");
		return ok();
	}
	va_t va = hidden ? o->address : x->address;
	const char *looks = va < NULL_PAGES ? NULL : pointer_looks(f, va);
	if (!looks)
		return ok();
	int bit = is_non_canonical(f, va) ? one_bit_off(va) : -1;
	struct finding *r = finding(out, SEV_CRITICAL, 92, "The pointer %" PRIx64 " is wild: %s", va, looks);
	r->refutation = "registers of another moment; a number that only looks so by chance";
	evidence(out, x->present ? x->address : 0, fault_command(f), "%s",
		 hidden ? "the fault's address was not reported, as for a non-canonical one"
			: arena_printf(f->a, "%s reports the address", fault_name(f)));
	if (*o->text)
		evidence(out, f->event_address, at_fault(f, "u @$ip L1"), "the instruction is %s", o->text);
	if (hidden || o->address_known)
		evidence(out, o->address, at_fault(f, "r"), "its registers lead to %" PRIx64, o->address);
	if (bit >= 0)
		evidence(out, va, NULL, "it is an address of the kernel but for bit %d: faulty memory does such things",
			 bit);
	return ok();
}

const struct detector detect_wild_pointer = {
	.id = "wild-pointer",
	.number = 93,
	.title = "Wild Pointer",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL | FACT_EXCEPTION,
	.explain = "A pointer whose value is no address: text, a debug filling, a number that no page can have, an "
		   "unloaded\n"
		   "module's. The value's shape tells what was written over it.\n"
		   "It lies when the registers are of another moment. One wrong bit hints at faulty memory.\n"
		   "See also: .cxr, .trap, r, u, da.",
	.run = run,
};
