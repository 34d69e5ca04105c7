// SPDX-License-Identifier: Apache-2.0
// divide_by_zero.c: an integer was divided by zero.
//
// Folklore: the divisor is a count, a size or a rate that somebody delivered as 0. Real case: a driver that divides by
// a device's block size, which the device reports as 0 while it goes away: 0x7E with c0000094, or 0x7F with 0. It lies
// for 0x7F: the processor raises the same trap when the quotient is too large, so the divisor is looked at.
#include "arch/arch.h"
#include "detect/detect.h"

#include <inttypes.h>
#include <string.h>

static const uint32_t INTEGER_DIVIDE_BY_ZERO = 0xc0000094;

// The divisor is the last operand: "div eax,ecx", "idiv eax,dword ptr [rsp+20h]".
static bool divisor(const struct facts *f, uint64_t *ret)
{
	const struct target *t = f->session->target;
	const struct fact_operand *o = &f->operand;
	const char *comma = strrchr(o->text, ','), *blank = strrchr(o->text, ' ');
	const char *name = comma ? comma + 1 : blank ? blank + 1 : "";
	unsigned n, shift, bits;
	if (o->present) {
		unsigned bytes = strstr(o->text, "qword") ? 8 : strstr(o->text, "dword") ? 4 : 0;
		return o->address_known && bytes && space_ptr(t->space, o->address, bytes, ret);
	}
	if (!t->arch || !arch_reg_find(t->arch, name, &n, &shift, &bits) || !reg_known(&f->event_regs, n))
		return false;
	uint64_t v = reg_get(&f->event_regs, n) >> shift;
	*ret = bits < 64 ? v & ((UINT64_C(1) << bits) - 1) : v;
	return true;
}

static bool is_division(const char *text)
{
	return str_starts(text, "div ") || str_starts(text, "idiv ");
}

static err_t run(const struct facts *f, struct findings *out)
{
	uint64_t value = 0;
	bool trap = f->kernel && f->kernel->code == 0x7f && !f->kernel->params[0];
	if (!f->exception && !trap) {
		not_checked(out, "the dump names no fault");
		return ok();
	}
	if (!trap && (f->event != EVENT_FAULT || f->exception->code != INTEGER_DIVIDE_BY_ZERO))
		return ok();
	bool seen = *f->operand.text, divides = seen && is_division(f->operand.text);
	bool known = divides && divisor(f, &value);
	if (known && value && trap)
		return ok(); // the quotient was too large
	struct finding *x = finding(out, SEV_CRITICAL,
				    known     ? (value ? 50 : 98)
				    : divides ? 90
					      : 80,
				    "An integer was divided by zero%s",
				    seen && !divides ? ", as software tells: the instruction is no division" : "");
	x->refutation = trap    ? "a quotient that was too large for its register: the same trap"
			: value ? "registers of the fault's moment: they hold another divisor"
				: "software that raises this exception itself";
	evidence(out, f->event_address, fault_command(f), "%s%s", fault_name(f),
		 trap ? ", trap 0: divide error" : ", integer division by zero");
	if (seen)
		evidence(out, f->event_address, at_fault(f, "u @$ip L1"), "the instruction is %s", f->operand.text);
	if (known)
		evidence(out, f->operand.present ? f->operand.address : 0, at_fault(f, "r"), "its divisor is %" PRIx64,
			 value);
	return ok();
}

const struct detector detect_divide_by_zero = {
	.id = "divide-by-zero",
	.number = 50,
	.title = "Divide by Zero",
	.degree = DEGREE_AUTO,
	.explain =
		"An integer division by zero (c0000094; in the kernel also 0x7F with 0). Find where the divisor came "
		"from:\n"
		"u and r at the fault, then the caller.\n"
		"It lies for 0x7F, which a quotient that is too large raises as well, and for software that raises\n"
		"c0000094 itself.\n"
		"See also: .exr -1, .bugcheck, .trap, r, u.",
	.run = run,
};
