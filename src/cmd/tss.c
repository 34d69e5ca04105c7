// SPDX-License-Identifier: Apache-2.0
// tss.c: .tss: the registers that a task switch of x86 saved, shown and put in force. Layout: as .cxr. Where
// descriptors and task state segments keep what: the processor's manual (Intel SDM, volume 3).
#include "arch/trap.h"
#include "cmd/rows.h"
#include "target/kernel.h"

extern const struct cmd cmd_tss;

SCHEMA(task_state, "The task state segment that is shown below", NULL, NULL, { "address", R_ADDR, "of the segment" },
       { "selector", R_HEX, "of its descriptor; null: an address was given" });

// The KPCR of the current processor; SelfPcr tells that it is one.
static va_t pcr(const struct session *s)
{
	enum { SELF_PCR = 0x1c };
	const struct kernel *k = s->target->kernel;
	va_t back = kernel_kdbg(k, KDBG_PCR_PRCB_OFF, 2);
	uint32_t self;
	va_t prcb = s->thread < k->n_processors ? k->processors[s->thread].prcb : 0;
	return back && prcb && space_u32(s->target->space, prcb - back + SELF_PCR, &self) && self == prcb - back ? self
														 : 0;
}

// The base in a descriptor of a TSS, available or busy.
static err_t from_selector(struct session *s, struct call *c, uint64_t selector, uint64_t *ret)
{
	enum { GDT = 0x3c, ENTRY = 8, AVAILABLE = 0x89, BUSY = 0x8b };
	const struct space *sp = s->target->space;
	const va_t at = pcr(s);
	uint32_t gdt;
	uint8_t d[ENTRY];
	if (!at || !space_u32(sp, at + GDT, &gdt))
		return cmd_fail(c, E_ABSENT, 0,
				"The processor's control region is not in the dump: its GDT is not known");
	if (!space_read_all(sp, gdt + (selector & ~(uint64_t)7), d, sizeof(d)))
		return cmd_fail(c, E_ABSENT, gdt, "The descriptor of selector %x is not in the dump",
				(unsigned)selector);
	if (d[5] != AVAILABLE && d[5] != BUSY)
		return cmd_fail(c, E_CORRUPT, gdt, "Selector %x is not that of a task state segment",
				(unsigned)selector);
	*ret = (uint32_t)le_get(d + 2, 3) | (uint32_t)d[7] << 24;
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	enum { TSS = 0x40 };
	const struct target *t = s->target;
	uint64_t at = 0, selector = 0;
	uint32_t current;
	struct regs r;
	if (t->machine != MACHINE_X86)
		return cmd_fail(
			c, E_UNSUPPORTED, 0,
			".tss is for x86: this processor has no task gates. Traps on stacks of their own leave trap "
			"frames (.trap)");
	if (arg_end(c)) {
		if (!pcr(s) || !space_u32(t->space, pcr(s) + TSS, &current))
			return cmd_fail(c, E_ABSENT, 0,
					"The processor's control region is not in the dump: give an address");
		at = current;
	} else {
		TRY(arg_expr(c, &at));
		TRY(arg_done(c));
		at = (uint32_t)at;
	}
	if (at <= UINT16_MAX) {
		selector = at;
		TRY(from_selector(s, c, selector, &at));
	}
	err_t e = x86_tss_read(t->space, at, &r);
	if (e.code == E_CORRUPT)
		doc_note(out, NOTE_WARNING, "tss.implausible", "WARNING: %s: selectors or flags are impossible",
			 e.what);
	else if (e.code)
		return cmd_fail(c, e.code, at, "Unable to read the task state segment at %08x: %s", (unsigned)at,
				e.what);
	ROW(out, task_state, V(at), V_IF(selector, selector));
	session_set_regs(s, &r, 0);
	emit_regs(s, c, out, &r);
	return ok();
}

static const struct schema *const rows[] = { &task_state, &row_registers_x86, &row_code_location, &row_insn, NULL };
const struct cmd cmd_tss = {
	.names = ".tss",
	.kernel_only = true,
	.group = "The kernel",
	.args = "[SELECTOR | ADDRESS]",
	.summary = "Put the registers in force that a task switch of x86 saved",
	.help = ".tss 28  the task that a double fault interrupted (kv shows the selector)\n"
		".tss     the processor's own; .cxr: back to its registers\n",
	.run = run,
	.rows = rows,
};
