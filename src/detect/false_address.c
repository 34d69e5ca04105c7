// SPDX-License-Identifier: Apache-2.0
// false_address.c: the effective address that the debugger shows at the fault is computed from registers that the trap
// frame does not hold.
//
// Folklore: a trap frame keeps the volatile registers only; rbx, rsi, rdi and r12 to r15 read as 0 in it. Real case:
// NotMyFault reads [rbx], the debugger shows ds:00000000`00000000, and the bug check's first parameter is
// ffffd8024aaa8010: no NULL pointer at all. It lies never for what it says; but with the unwound frame's registers
// (.frame /r) the address may be right again.
#include "detect/detect.h"

#include <inttypes.h>

static const char *reg_name(const struct facts *f, int n)
{
	return n >= 0 && f->kernel->zeroed >> n & 1 ? f->session->target->arch->reg_names[n] : NULL;
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_operand *o = &f->operand;
	const struct fact_kernel *k = f->kernel;
	if (!k->trap)
		return ok();
	if (!*o->text) {
		not_checked(out, "the instruction at the fault is not in the dump");
		return ok();
	}
	const char *base = o->present ? reg_name(f, o->base) : NULL, *index = o->present ? reg_name(f, o->index) : NULL;
	if (!base && !index)
		return ok();
	struct finding *x =
		finding(out, SEV_WARNING, 98,
			"The address shown at the fault is false: %s%s%s %s not in the trap frame", base ? base : index,
			base && index ? " and " : "", base && index ? index : "", base && index ? "are" : "is");
	x->refutation = "registers of the interrupted function that were taken from its caller's frame";
	evidence(out, k->trap, arena_printf(f->a, ".trap %" PRIx64, k->trap),
		 "the trap frame does not contain all registers; those are shown as 0");
	evidence(out, f->event_address, at_fault(f, "u @$ip L1"), "the instruction is %s", o->text);
	if (f->fault.present)
		evidence(out, f->fault.address, ".bugcheck",
			 "the address that was touched is the bug check's: %" PRIx64, f->fault.address);
	return ok();
}

const struct detector detect_false_address = {
	.id = "false-effective-address",
	.number = 69,
	.title = "False Effective Address",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL | FACT_EVENT_REGS,
	.explain = "A trap frame holds the volatile registers only. When the faulting instruction addresses memory\n"
		   "through another one (rbx, rsi, rdi, r12 to r15), the address shown behind the instruction is "
		   "computed\n"
		   "from a 0 that is no fact. Believe the bug check's parameter instead.\n"
		   "It lies when the registers were restored from the frame's caller.\n"
		   "See also: .trap, .bugcheck, r.",
	.run = run,
};
