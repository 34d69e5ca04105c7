// SPDX-License-Identifier: Apache-2.0
// unloaded_module.c: code of a module that is no longer loaded was called, or stands on the stack.
//
// Folklore: a driver that forgets a timer or a work item when it unloads is called afterwards. Real case: bug check
// 0xCE, where the parameter lies in the range of a driver that left a second earlier. It lies when another module or
// pool took the range over: so the address must lie in no loaded module; and a word that only lies on the stack may be
// older than the module's end.
#include "base/limits.h"
#include "detect/detect.h"

#include <inttypes.h>

struct hit {
	const struct unloaded_module *module;
	va_t va, slot;
	const char *what;
	bool sure;
};

static const struct unloaded_module *unloaded(const struct facts *f, va_t va)
{
	const struct target *t = f->session->target;
	return va && !target_module_at(t, va) ? target_unloaded_at(t, va) : NULL;
}

static size_t find(const struct facts *f, struct hit *list, size_t max)
{
	enum { UNLOADED_WITHOUT_CANCELLING = 0xce };
	size_t n = 0;
	const struct unloaded_module *m = f->exception ? unloaded(f, f->event_address) : NULL;
	if (m)
		list[n++] = (struct hit){ m, f->event_address, 0, "the fault's instruction", true };
	m = f->fault.present ? unloaded(f, f->fault.address) : NULL;
	if (m && f->fault.address != f->event_address)
		list[n++] = (struct hit){ m, f->fault.address, 0, "the address that was touched", true };
	for (size_t i = 0; i < f->event_stack.n && n < max; i++) {
		const struct frame *fr = &f->event_stack.frames[i];
		m = unloaded(f, fr->ip);
		if (m && fr->ip != f->event_address)
			list[n++] = (struct hit){ m, fr->ip, fr->sp, "a frame", fr->trust > TRUST_SCAN };
	}
	return n;
}

static err_t run(const struct facts *f, struct findings *out)
{
	struct hit list[LIMIT_EVIDENCE];
	if (!f->session->target->n_unloaded) {
		not_checked(out, "the dump records no unloaded modules");
		return ok();
	}
	size_t n = find(f, list, ARRAY_LEN(list)), sure = 0;
	for (size_t i = 0; i < n; i++)
		sure += list[i].sure;
	if (!n)
		return ok();
	struct finding *x =
		finding(out, sure ? SEV_CRITICAL : SEV_WARNING, sure ? 90 : 50, "%s was used after it was unloaded%s",
			list[0].module->name, sure ? "" : ", or has left its traces on the stack");
	x->refutation = "the range was given to something else since; a word that is older than the unloading";
	for (size_t i = 0; i < n; i++)
		evidence(out, list[i].va, i ? at_fault(f, "k") : "lm",
			 "%s, %" PRIx64 ", is inside %s, unloaded, %" PRIx64 " to %" PRIx64, list[i].what, list[i].va,
			 list[i].module->name, list[i].module->base, list[i].module->base + list[i].module->size);
	return ok();
}

const struct detector detect_unloaded_module = {
	.id = "unloaded-module",
	.number = 71,
	.title = "Unloaded Module",
	.degree = DEGREE_AUTO,
	.needs = FACT_MODULES,
	.explain = "The fault's instruction, the address it touched, or a frame of its stack lies where a module was "
		   "that\n"
		   "has been unloaded: a callback, timer, work item or thread that its owner forgot. The module's name "
		   "is in\n"
		   "the list of unloaded modules.\n"
		   "It lies when the range was given to something else, and when a guessed frame is only a left-over.\n"
		   "See also: lm, .bugcheck, k.",
	.run = run,
};
