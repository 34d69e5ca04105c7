// SPDX-License-Identifier: Apache-2.0
// kernel_cookie.c: a local buffer of a kernel function was overrun.
//
// Folklore: the cookie in front of the return address is checked when the function returns, so its caller is still
// good, and the function that checks is the one with the buffer. Real case: 0xF7 in a driver that copies a name into an
// array of 32 characters. It lies when the cookie itself was damaged: then its complement does not fit; and a wild
// write by others may hit the stack, too.
#include "detect/detect.h"

#include <inttypes.h>

enum { OVERRAN_STACK_BUFFER = 0xf7, SECURITY_CHECK = 0x139 };
enum { LEGACY_COOKIE = 0, STACK_COOKIE = 2 }; // winnt.h: FAST_FAIL_

static const char *told(const struct fact_kernel *k)
{
	// Microsoft's bug check code reference.
	if (k->code == OVERRAN_STACK_BUFFER)
		return "a driver overran a stack-based buffer";
	if (k->code == SECURITY_CHECK && k->params[0] == LEGACY_COOKIE)
		return "a stack-based buffer was overrun (an older compiler's check)";
	return k->code == SECURITY_CHECK && k->params[0] == STACK_COOKIE ? "a stack cookie was overwritten" : NULL;
}

// A return to a number that is no address: the processor stops at the return itself.
static bool bad_return(const struct facts *f)
{
	const struct fact_return *r = &f->event_return;
	return f->exception && str_starts(f->operand.text, "ret") && r->known && r->slot &&
	       !target_module_at(f->session->target, r->value) && pointer_looks(f, r->value);
}

static void cookies(const struct facts *f, struct findings *out)
{
	const struct fact_kernel *k = f->kernel;
	uint64_t all = f->session->target->ptr_bytes == 8 ? UINT64_MAX : UINT32_MAX;
	const char *looks = pointer_looks(f, k->params[0]);
	evidence(out, 0, ".bugcheck", "the cookie was %" PRIx64 "%s%s, and should have been %" PRIx64, k->params[0],
		 looks && str_starts(looks, "text") ? ": " : "", looks && str_starts(looks, "text") ? "text" : "",
		 k->params[1]);
	if ((~k->params[1] & all) != (k->params[2] & all))
		evidence(out, 0, ".bugcheck",
			 "the complement %" PRIx64 " does not fit: the module's own cookie is damaged", k->params[2]);
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_kernel *k = f->kernel;
	const char *what = told(k);
	bool back = !what && bad_return(f);
	if (!what && !back)
		return ok();
	bool damaged = k->code == OVERRAN_STACK_BUFFER && (uint32_t)~k->params[1] != (uint32_t)k->params[2];
	finding(out, SEV_CRITICAL,
		damaged ? 50
		: what  ? 90
			: 80,
		"A local buffer was overrun: %s", what ? what : "a return address was overwritten")
		->refutation = "a wild write from elsewhere that hit the stack; faulty memory";
	evidence(out, 0, ".bugcheck", "bug check 0x%" PRIX32 ", %" PRIx64, k->code, k->params[0]);
	if (k->code == OVERRAN_STACK_BUFFER)
		cookies(f, out);
	if (back)
		evidence(out, f->event_return.slot, at_fault(f, "dps @$csp L8"),
			 "the function was to return to %" PRIx64 ": %s", f->event_return.value,
			 pointer_looks(f, f->event_return.value));
	const struct stack *st = f->event_stack.n ? &f->event_stack : NULL;
	if (!st && f->event_thread < f->n_threads)
		st = &f->threads[f->event_thread].stack;
	for (size_t i = 0; st && i < st->n; i++)
		if (!module_is_kernel(f, st->frames[i].module) && st->frames[i].module) {
			evidence(out, st->frames[i].ip, st == &f->event_stack ? at_fault(f, "k") : "k",
				 "the first driver on the stack is %s%s", module_label(st->frames[i].module),
				 st->frames[i].trust == TRUST_SCAN ? " (guessed)" : "");
			break;
		}
	return ok();
}

const struct detector detect_kernel_cookie = {
	.id = "local-buffer-overflow-kernel-space",
	.number = 88,
	.title = "Local Buffer Overflow (Kernel Space)",
	.degree = DEGREE_PART,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL,
	.explain = "A function of the kernel or a driver wrote beyond a local array: 0xF7, 0x139 with 0 or 2, or a "
		   "return to a\n"
		   "number that is no address. The function that returned last is the one with the buffer; what was "
		   "written\n"
		   "over the cookie tells what was copied.\n"
		   "It lies when the cookie itself is damaged, and when a wild write hit the stack.\n"
		   "See also: .bugcheck, .trap, k, dps @$csp.",
	.run = run,
};
