// SPDX-License-Identifier: Apache-2.0
// invalid_pointer.c: data was read or written through a pointer that is not NULL and leads nowhere.
//
// Folklore: what the wrong value looks like tells how it came about: text in it (a string was written over the
// pointer), an address of an unloaded module, a freed page, a non-canonical number. Real case: a base register of
// 41414141 after a long file name. It lies when the page was mapped at the time of the dump: a race, or
// another process wrote the record; then the finding says so and is weak.
#include "detect/detect.h"

#include <inttypes.h>

enum { NULL_PAGES = 0x10000, MEM_COMMIT = 0x1000, MEM_RESERVE = 0x2000 };
enum { PAGE_NOACCESS = 1, PAGE_GUARD = 0x100, PAGES_WRITABLE = 0xcc };

// Why the address map forbids the access; NULL: it allows it.
static const char *forbidden(const struct fact_fault *x)
{
	if (x->region.state != MEM_COMMIT)
		return x->region.state == MEM_RESERVE ? "reserved, but not committed" : "free";
	if (x->region.protect & PAGE_GUARD)
		return "a guard page";
	if (x->region.protect & PAGE_NOACCESS || !x->region.protect)
		return "not accessible";
	if (x->access == ACCESS_WRITE && !(x->region.protect & PAGES_WRITABLE))
		return "not writable";
	return NULL;
}

static bool in_dying_stack(const struct facts *f) // a fault at the stack's end is a stack overflow
{
	const struct fact_thread *t = f->event_thread < f->n_threads ? &f->threads[f->event_thread] : NULL;
	enum { GUARD = 0x3000, PAGE = 0x1000 };
	return t && t->has_teb_bounds && f->fault.address < t->stack_low + PAGE &&
	       f->fault.address + GUARD >= t->stack_low;
}

// What the page tables of a kernel dump say; NULL: nothing against the pointer.
static const char *unmapped(const struct facts *f)
{
	bool none = f->fault.why == SPACE_NOT_MAPPED || f->fault.why == SPACE_BAD_ADDRESS;
	return f->kernel && none ? "not mapped" : NULL;
}

// Memory that may be paged out, touched where nothing may be: the pointer is good, the moment is wrong.
static bool is_pageable(const struct facts *f)
{
	enum space_why why = f->fault.why;
	return f->kernel && (why == SPACE_PAGED_OUT || why == SPACE_DEMAND_ZERO || why == SPACE_PROTOTYPE);
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_fault *x = &f->fault;
	const struct fact_operand *o = &f->operand;
	if (f->kernel && !x->present && f->exception->code == STATUS_ACCESS_VIOLATION) {
		not_checked(out, "the address that was reported is not in the dump%s",
			    o->address_known ? arena_printf(f->a, "; the registers lead to %" PRIx64, o->address) : "");
		return ok();
	}
	if (f->event != EVENT_FAULT || !x->present || x->access == ACCESS_EXECUTE || x->address < NULL_PAGES ||
	    f->event_address < NULL_PAGES || x->address == f->event_address || in_dying_stack(f) || is_pageable(f))
		return ok();
	if (o->address_known && o->address == x->address && o->base_known && !o->base_value && o->index >= 0)
		return ok(); // an array at NULL
	// The processor reports -1 for a non-canonical address; the registers still have it.
	va_t va = x->address == UINT64_MAX && o->address_known ? o->address : x->address;
	enum { DISPATCH_LEVEL = 2 };
	bool raised = f->kernel && f->kernel->irql_known && f->kernel->irql >= DISPATCH_LEVEL;
	// -1 stands for a non-canonical address; the registers lead to another one.
	bool unexplained = f->kernel && va != x->address && !pointer_looks(f, va);
	const char *why = x->region_known ? forbidden(x) : unmapped(f), *looks = pointer_looks(f, va);
	bool allowed = (x->region_known && !why) || (!x->region_known && x->captured && x->access == ACCESS_READ);
	struct finding *r =
		finding(out, SEV_CRITICAL,
			why || (looks && !allowed) ? 95
			: allowed                  ? 40
			: raised || unexplained    ? 50
						   : 75,
			"Data was %s through an invalid pointer (address %" PRIx64 "%s%s)",
			x->access == ACCESS_WRITE ? "written" : "read", va, looks ? ", " : "", looks ? looks : "");
	r->refutation =
		allowed ? "the memory can be accessed now: it was mapped later, or the record is of another moment"
		: unexplained ? "the processor reports no address for a non-canonical one only: the registers are of "
				"another moment"
		: raised && !why ? "pageable memory, touched at a raised IRQL: then the pointer is good"
				 : "the page was removed between the exception and the dump";
	const char *db = arena_printf(f->a, "db %" PRIx64 " L10", va);
	evidence(out, x->address, fault_command(f), "the %s says: address %" PRIx64 " was %s", fault_source(f),
		 x->address, x->access == ACCESS_WRITE ? "written" : "read");
	if (x->region_known)
		evidence(out, x->region.base, db, "in the address map it is %s", why ? why : "accessible");
	else if (why)
		evidence(out, va, db, "in the page tables it is %s", why);
	else if (x->captured)
		evidence(out, va, db, "the dump holds memory there, and has no address map that tells its protection");
	if (*o->text)
		evidence(out, f->event_address, at_fault(f, "u @$ip L1"), "the instruction is %s", o->text);
	return ok();
}

const struct detector detect_invalid_pointer = {
	.id = "invalid-pointer-general",
	.number = 18,
	.title = "Invalid Pointer (General)",
	.degree = DEGREE_AUTO,
	.needs = FACT_EXCEPTION,
	.explain = "An access violation on an address that is not near NULL: freed or never mapped memory, a guard "
		   "page, a\n"
		   "write to a read-only page. What the value looks like (text, an unloaded module, a non-canonical\n"
		   "number) often tells how it came about.\n"
		   "It lies when the page is accessible in the dump: timing, or registers of another moment; the "
		   "finding says\n"
		   "so. Next to full-page-heap blocks a guard page means a heap overrun.\n"
		   "See also: .ecxr, r, u, db, ln.",
	.run = run,
};
