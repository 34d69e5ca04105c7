// SPDX-License-Identifier: Apache-2.0
// wild_code.c: the processor executed, or was sent to, memory that is not code.
//
// Folklore: a wrong target of a call is a wrong pointer that was used as a function; who called stands on top of the
// stack. Real case: a page fault (0xD1, parameter 3 is 8) whose address and instruction pointer are the same number, in
// pool: a callback of an object that was freed. It lies for generated code (JIT compilers, hypervisor pages) and for
// drivers that hide from the list of modules; so an executable page of a process is no finding, and in the kernel the
// absence from the list counts less than the processor's refusal.
#include "detect/detect.h"

#include <inttypes.h>

enum { NULL_PAGES = 0x10000 };

static bool is_code_fault(const struct facts *f)
{
	// Illegal and privileged instructions: what garbage looks like to a processor.
	static const uint32_t ILLEGAL = 0xc000001d, PRIVILEGED = 0xc0000096;
	return f->exception->code == STATUS_ACCESS_VIOLATION || f->exception->code == ILLEGAL ||
	       f->exception->code == PRIVILEGED;
}

// What lies there instead of code; NULL: code, or it cannot be told.
static const char *instead(const struct facts *f, va_t va, bool refused)
{
	const struct fact_kernel *k = f->kernel;
	const struct module *m = target_module_at(f->session->target, va);
	const char *looks = m ? NULL : pointer_looks(f, va);
	const struct fact_thread *t = f->event_thread < f->n_threads ? &f->threads[f->event_thread] : NULL;
	if (m) // a map of memory may be wrong of an image
		return !refused || target_is_code(f->session->target, va)
			       ? NULL
			       : arena_printf(f->a, "data of %s", module_label(m));
	if (looks)
		return looks;
	if (k && va >= k->stack_low && va < k->stack_high)
		return "the current thread's stack";
	if (!k && t && t->has_bounds && va >= t->stack_low && va < t->stack_high)
		return "the thread's own stack";
	if (k && !(va >> (f->session->target->ptr_bytes * 8 - 1)))
		return refused ? "an address of a process, to which the kernel must not go" : NULL;
	return k || refused ? "in no module" : NULL;
}

static void who_called(const struct facts *f, struct findings *out)
{
	const struct fact_return *r = &f->event_return;
	if (r->known && r->after_call)
		evidence(out, r->value, arena_printf(f->a, "ub %" PRIx64 " L3", r->value),
			 "%s call stands before the return address in %s", r->indirect ? "an indirect" : "a",
			 r->slot ? "the top of the stack" : "the link register");
	else if (r->known)
		evidence(out, r->slot, at_fault(f, r->slot ? "dps @$csp L8" : "r"),
			 "%s holds %" PRIx64 ", which follows no call that the dump shows",
			 r->slot ? "the top of the stack" : "the link register", r->value);
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_fault *x = &f->fault;
	bool refused = x->present && (x->access == ACCESS_EXECUTE || x->address == f->event_address);
	va_t va = refused ? x->address : f->event_address;
	if (f->event != EVENT_FAULT || !is_code_fault(f) || va < NULL_PAGES || f->event_address < NULL_PAGES ||
	    target_unloaded_at(f->session->target, va))
		return ok();
	const char *what = instead(f, va, refused);
	if (!what)
		return ok();
	struct finding *r = finding(out, SEV_CRITICAL, refused ? 93 : 75, "Control went to %" PRIx64 ", %s", va, what);
	r->refutation = refused ? "code that was mapped there, and went away before the dump"
				: "generated code, or a driver that is not in the list of modules";
	evidence(out, va, fault_command(f),
		 refused ? "%s: the processor could not execute at %" PRIx64
			 : "%s happened at %" PRIx64 ", outside every module's code",
		 fault_name(f), va);
	if (refused && x->region_known)
		evidence(out, x->region.base, arena_printf(f->a, "!address %" PRIx64, va),
			 "the address map tells state %" PRIx32 ", protection %" PRIx32, x->region.state,
			 x->region.protect);
	who_called(f, out);
	return ok();
}

const struct detector detect_wild_code = {
	.id = "wild-code",
	.number = 44,
	.title = "Wild Code",
	.degree = DEGREE_AUTO,
	.needs = FACT_EXCEPTION | FACT_MODULES,
	.explain =
		"The instruction pointer lies where no code is: heap, pool, a stack, data of a module, a number that "
		"is no\n"
		"address. A function pointer was damaged, or its object was freed; the caller's return address is on "
		"top of\n"
		"the stack (ARM64: in lr).\n"
		"It lies for generated code, and for drivers that are not in the list of modules. NULL and unloaded "
		"modules\n"
		"are patterns of their own.\n"
		"See also: .ecxr, .trap, k, dps @$csp, ub, lm.",
	.run = run,
};
