// SPDX-License-Identifier: Apache-2.0
// kernel_foreign.c: an illegal instruction that is a good one of an extension: the code was made for another processor.
#include "arch/disasm.h"
#include "arch/x86_extension.h"
#include "target/kernel.h"
#include "verdict/kernel_int.h"
#include "win/layout.h"

#include <inttypes.h>

static const uint32_t ILLEGAL_INSTRUCTION = 0xc000001d;

// "GenuineIntel 6,23,10" is written so by !cpuinfo, too. CpuStepping and CpuModel lie 2 and 3 bytes behind CpuType, in
// public symbols of all builds.
static const char *processor(struct session *s, const char *extension, bool *lacks)
{
	const struct kernel *k = s->target->kernel;
	const char *vendor = kernel_cpu_vendor(s);
	va_t prcb = k->current < k->n_processors ? k->processors[k->current].prcb : 0;
	va_t type = prcb ? layout_address(s, prcb, "_KPRCB", "CpuType") : 0;
	uint64_t family, model;
	*lacks = false;
	if (!vendor || !type || !space_ptr(s->target->space, type, 1, &family) ||
	    !space_ptr(s->target->space, type + 3, 1, &model))
		return NULL;
	*lacks = x86_lacks(extension, vendor, (unsigned)family, (unsigned)model);
	return arena_printf(s->arena, "%s, family %" PRIu64 ", model %" PRIu64, vendor, family, model);
}

void kernel_foreign(struct kernel_case *c)
{
	struct verdict *v = c->v;
	struct target *t = c->s->target;
	struct arena *a = c->s->arena;
	uint8_t bytes[16];
	size_t got;
	struct insn in;
	bool x86 = t->machine == MACHINE_X64 || t->machine == MACHINE_X86, lacks;
	const struct module *m = v->address ? target_module_at(t, v->address) : NULL;
	if (!x86 || !c->k->has_exception || v->code != ILLEGAL_INSTRUCTION || !m ||
	    space_read(t->space, v->address, bytes, sizeof(bytes), &got).code)
		return;
	insn_decode(t->machine, (struct span){ bytes, got }, v->address, NULL, NULL, &in);
	const char *text = arena_printf(a, "%s%s%s", in.mnemonic, *in.operands ? " " : "", in.operands);
	const char *extension = in.valid ? x86_extension(text) : NULL;
	if (!extension)
		return;
	const char *cpu = processor(c->s, extension, &lacks);
	c->k->extension = extension;
	c->k->cpu_lacks = lacks;
	v->confidence = MIN(v->confidence, lacks ? VERDICT_HIGH : VERDICT_MEDIUM);
	v->why = arena_printf(a, "%s uses %s, an instruction of %s; %s", m->image_name, text, extension,
			      lacks ? "this processor does not have it"
				    : "this processor does not have it, or does not let it be used, or erred");
	kernel_reason(&c->k->evidence, arena_printf(a, "the instruction in the dump is a good one: %s", text),
		      arena_printf(a, "u %" PRIx64 " L1", v->address));
	if (cpu)
		kernel_reason(&c->k->evidence,
			      arena_printf(a, "the processor is %s%s%s", cpu, lacks ? ", which has no " : "",
					   lacks ? extension : ""),
			      "!cpuinfo");
}
