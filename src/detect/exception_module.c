// SPDX-License-Identifier: Apache-2.0
// exception_module.c: in which module the exception happened.
//
// Folklore: the address names a place, not a culprit. Real case: a damaged heap is noticed by ntdll,
// a wrong argument by the C runtime: both are messengers, and the module that called them is the next suspect. An
// address in no module at all is a different pattern (wild code).
#include "detect/detect.h"

#include <inttypes.h>

static bool is_messenger(const struct facts *f, const struct module *m)
{
	return module_is_messenger(m) || module_is_kernel(f, m);
}

static const struct frame *caller_behind(const struct facts *f)
{
	for (size_t i = 0; i < f->event_stack.n; i++) {
		const struct frame *fr = &f->event_stack.frames[i];
		if (fr->trust == TRUST_SCAN)
			return NULL;
		if (fr->module && !is_messenger(f, fr->module))
			return fr;
	}
	return NULL;
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct module *m = f->event_module;
	if (f->event != EVENT_FAULT || !m)
		return ok();
	bool messenger = is_messenger(f, m);
	const struct frame *behind = messenger ? caller_behind(f) : NULL;
	struct finding *x = finding(out, SEV_INFO, messenger ? 60 : 95, "%s happened in %s%s%s%s", fault_title(f),
				    module_label(m), messenger ? ", which often only notices" : "",
				    behind ? "; called from " : "", behind ? module_label(behind->module) : "");
	x->refutation = "the module was handed bad data by its caller";
	evidence(out, f->event_address, fault_command(f), "the %s's address is %s+0x%" PRIx64,
		 f->kernel ? "fault" : "exception", m->name, f->event_address - m->base);
	evidence(out, m->base, arena_printf(f->a, "lmvm %s", m->name), "%s", module_label(m));
	if (behind)
		evidence(out, behind->ip, at_fault(f, "k"), "the first frame behind it is %s", behind->symbol);
	return ok();
}

const struct detector detect_exception_module = {
	.id = "exception-module",
	.number = 15,
	.title = "Exception Module",
	.degree = DEGREE_AUTO,
	.needs = FACT_EXCEPTION | FACT_MODULES,
	.explain = "The module that holds the instruction at which the exception happened. It says where, not who: "
		   "ntdll,\n"
		   "KERNELBASE, the kernel, the C runtimes and Application Verifier mostly raise on behalf of their "
		   "caller, so the "
		   "first\n"
		   "module behind them on the stack is named too.\n"
		   "It lies when the module only worked on bad data that another one prepared.\n"
		   "See also: .exr -1, lmvm, !analyze -v.",
	.run = run,
};
