// SPDX-License-Identifier: Apache-2.0
// null_data.c: data was read or written through a NULL pointer.
//
// Folklore: the first 64 KB are never mapped, so that NULL plus a member's offset faults. Real case:
// `mov eax,[rcx+10h]` with rcx 0: a method called on no object. It lies in two ways: an array with a NULL base and a
// large index faults far above 64 KB, so the base register is asked; and a fault at ffffffffffffffff is a
// non-canonical address, which the processor does not report.
#include "detect/detect.h"

#include <inttypes.h>

enum { NULL_PAGES = 0x10000 };

static const char *access_word(const struct facts *f)
{
	return f->fault.access == ACCESS_WRITE ? "written" : "read";
}

static void describe(const struct facts *f, struct findings *out)
{
	const struct fact_operand *o = &f->operand;
	const char *reg =
		f->session->target->arch && o->base >= 0 ? f->session->target->arch->reg_names[o->base] : NULL;
	evidence(out, f->fault.address, fault_command(f), "the %s says: address %" PRIx64 " was %s", fault_source(f),
		 f->fault.address, access_word(f));
	if (*o->text)
		evidence(out, f->event_address, at_fault(f, "u @$ip L1"), "the instruction is %s", o->text);
	if (o->base_known && reg)
		evidence(out, 0, at_fault(f, "r"), "its base register %s is %" PRIx64, reg, o->base_value);
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_fault *x = &f->fault;
	const struct fact_operand *o = &f->operand;
	bool told = x->present || (o->address_known && o->address >= NULL_PAGES);
	if (f->kernel && !told && f->exception->code == STATUS_ACCESS_VIOLATION) {
		not_checked(out, "the address that was reported is not in the dump%s",
			    o->address_known ? arena_printf(f->a, "; the registers lead to %" PRIx64, o->address) : "");
		return ok();
	}
	if (f->event != EVENT_FAULT || !x->present || x->access == ACCESS_EXECUTE || f->event_address < NULL_PAGES)
		return ok();
	bool low = x->address < NULL_PAGES;
	// An array at NULL: the computed address is the faulting one, and all of it comes from the index.
	bool null_base = !low && o->address_known && o->address == x->address && o->base_known && !o->base_value &&
			 o->index >= 0;
	if (!low && !null_base)
		return ok();
	// The stack pointer is no pointer that a program forgot to set.
	if (f->kernel && o->base_known && o->base == (int)reg_sp(f->session->target->machine))
		return ok();
	bool contradiction = low && o->address_known && o->address != x->address;
	bool zero = o->base_known && !o->base_value;
	// A kernel's records are of one moment: registers that lead elsewhere speak against the address.
	bool doubt = contradiction && f->kernel;
	unsigned confidence = doubt ? 50 : contradiction ? 70 : zero || null_base ? 97 : 90;
	struct finding *r =
		finding(out, doubt ? SEV_WARNING : SEV_CRITICAL, confidence,
			null_base ? "An array element was %s through a NULL array pointer (address %" PRIx64 ")%s%s"
				  : "Data was %s through a NULL pointer (address %" PRIx64 ")%s%s",
			access_word(f), x->address, doubt ? ", but the registers lead to " : "",
			doubt ? arena_printf(f->a, "%" PRIx64, o->address) : "");
	r->refutation = doubt ? "the processor or memory erred, or the registers are of another moment"
			: contradiction
				? "the registers do not give the faulting address: the context may be of a later moment"
				: "a small number that is no pointer was used as one";
	describe(f, out);
	return ok();
}

const struct detector detect_null_data = {
	.id = "null-pointer-data",
	.number = 17,
	.title = "NULL Pointer (Data)",
	.degree = DEGREE_AUTO,
	.needs = FACT_EXCEPTION,
	.explain =
		"An access violation (c0000005) while reading or writing an address below 10000, which Windows never "
		"maps:\n"
		"a NULL pointer plus a member's offset. Find where the base register came from: ub from the "
		"instruction,\n"
		"then the caller.\n"
		"It lies when a small number that was never a pointer is used as one. A NULL array with a large index\n"
		"faults above 10000; the base register tells.\n"
		"See also: .ecxr, r, u, ub, k.",
	.run = run,
};
