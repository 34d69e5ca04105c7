// SPDX-License-Identifier: Apache-2.0
// null_code.c: a call or jump through a NULL function pointer.
//
// Folklore: the instruction pointer itself is 0 or small, and nothing can be disassembled; but the call has just
// pushed its return address, and the call is in front of that. Real case: a plug-in interface whose optional method was
// never filled in. It lies when the return address was overwritten with zeros: then no call stands before
// the word on top of the stack, and a buffer overrun is the better guess.
#include "detect/detect.h"

#include <inttypes.h>

enum { NULL_PAGES = 0x10000 };

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_fault *x = &f->fault;
	bool execute = x->present && x->access == ACCESS_EXECUTE && x->address < NULL_PAGES;
	if (f->event != EVENT_FAULT || f->exception->code != STATUS_ACCESS_VIOLATION ||
	    !(f->event_address < NULL_PAGES || execute))
		return ok();
	const struct fact_return *ret = &f->event_return;
	unsigned confidence = ret->indirect ? 98 : ret->after_call ? 90 : ret->known ? 60 : 75;
	struct finding *r =
		finding(out, SEV_CRITICAL, confidence, "Control went through a NULL function pointer to %" PRIx64,
			execute ? x->address : f->event_address);
	r->refutation = "a return address that was overwritten with zeros: a buffer overrun on the stack";
	evidence(out, f->event_address, fault_command(f), "the %s's address is %" PRIx64 ", where no code can be",
		 f->kernel ? "fault" : "exception", f->event_address);
	if (!ret->known)
		return ok();
	const char *ub = arena_printf(f->a, "ub %" PRIx64 " L3", ret->value);
	const char *where = ret->slot ? "the top of the stack" : "the link register";
	if (ret->indirect)
		evidence(out, ret->value, ub, "an indirect call stands before the return address in %s", where);
	else if (ret->after_call)
		evidence(out, ret->value, ub, "a call stands before the return address in %s", where);
	else
		evidence(out, ret->slot, at_fault(f, ret->slot ? "dps @$csp L8" : "r"),
			 "%s holds %" PRIx64 ", which follows no call that the dump shows", where, ret->value);
	return ok();
}

const struct detector detect_null_code = {
	.id = "null-pointer-code",
	.number = 19,
	.title = "NULL Pointer (Code)",
	.degree = DEGREE_AUTO,
	.needs = FACT_EXCEPTION,
	.explain =
		"The instruction pointer is below 10000: the program called or jumped through a NULL function pointer, "
		"a\n"
		"missing virtual function, an import that was not resolved. The return address is still on top of the\n"
		"stack (ARM64: in lr); the call stands before it.\n"
		"It lies when the stack was overwritten and a `ret` took a zero: then no call stands before that "
		"word.\n"
		"See also: .ecxr, k, dps, ub.",
	.run = run,
};
