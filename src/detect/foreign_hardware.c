// SPDX-License-Identifier: Apache-2.0
// foreign_hardware.c: the code was made for another processor: an honest instruction that this one refuses.
//
// Folklore: "illegal instruction" means garbage in the instruction stream. Not always: a graphics driver of 2024 uses
// popcnt, which a processor of 2008 does not have; the machine stops at each start with 0x7E, c000001d, and the
// instruction under the pointer is a perfect one. It lies when the code in the dump is not the code that ran, and when
// the processor or its cache erred once: then another crash of the machine stops elsewhere.
#include "arch/x86_extension.h"
#include "detect/detect.h"

#include <inttypes.h>

static const uint32_t ILLEGAL_INSTRUCTION = 0xc000001d;

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_operand *o = &f->operand;
	bool x86 = f->session->target->machine == MACHINE_X64 || f->session->target->machine == MACHINE_X86;
	if (!f->exception || f->exception->code != ILLEGAL_INSTRUCTION || !x86 || !*o->text) {
		not_checked(out,
			    "only an illegal instruction tells by itself; !cpuinfo and !sysinfo show the machine, and "
			    "nothing in a dump says which hardware was expected");
		return ok();
	}
	const char *name = f->event_module ? x86_extension(o->text) : NULL;
	if (!name)
		return ok();
	struct finding *r =
		finding(out, SEV_CRITICAL, 85,
			"The processor refused %s, an instruction that older ones do not have (%s): %s is made "
			"for newer hardware",
			o->text, name, module_label(f->event_module));
	r->refutation = "a processor that has it (then it, or memory, erred); code that was changed after it ran";
	evidence(out, f->event_address, fault_command(f), "%s: illegal instruction in %s", fault_name(f),
		 module_label(f->event_module));
	evidence(out, f->event_address, at_fault(f, "u @$ip L1"), "the instruction in the dump is good: %s", o->text);
	evidence(out, 0, "!cpuinfo", "the processor's family and model tell whether it has %s", name);
	return ok();
}

const struct detector detect_foreign_hardware = {
	.id = "not-my-version-hardware",
	.number = 72,
	.title = "Not My Version (Hardware)",
	.degree = DEGREE_PART,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL | FACT_MODULES,
	.explain =
		"Hardware that is not what the software expects. Only one form shows by itself: an illegal instruction "
		"that is\n"
		"a good one of a processor extension. Go back to an older version of the driver, or to newer "
		"hardware; in a\n"
		"virtual machine, let the guest see the extension.\n"
		"It lies when the processor has the extension: then hardware erred.\n"
		"See also: .exr, u, !cpuinfo, !sysinfo.",
	.run = run,
};
