// SPDX-License-Identifier: Apache-2.0
// pcr.c: a processor of a kernel dump: !pcr, !prcb, !irql. Layouts: -pcr.md, -prcb.md, -irql.md and the page of bug
// check 133 of Microsoft's debugger documentation.
#include "cmd/ktask.h"

#include "base/limits.h"

#include <inttypes.h>

extern const struct cmd cmd_pcr;

static const struct field pcr_fields[] = {
	{ "processor", R_DEC, "number" },
	{ "address", R_ADDR, "of the KPCR; null: not known" },
	{ "major", R_DEC, "MajorVersion" },
	{ "minor", R_DEC, "MinorVersion" },
	{ "exception_list", R_ADDR, "first pointer of the KPCR (x64: GdtBase)" },
	{ "stack_base", R_ADDR, "second (x64: TssBase)" },
	{ "stack_limit", R_ADDR, "third (x64: UserRsp)" },
	{ "sub_system_tib", R_ADDR, "fourth (x64: Self)" },
	{ "version", R_ADDR, "low 4 bytes of the fifth (x64: CurrentPrcb)" },
	{ "user_pointer", R_ADDR, "sixth (x64: LockArray)" },
	{ "self_tib", R_ADDR, "seventh (x64: Used_Self)" },
	{ "self_pcr", R_ADDR, "x86: SelfPcr; x64 has no such field" },
	{ "prcb", R_ADDR, "of the KPRCB" },
	{ "irql", R_ADDR, "KPCR.Irql" },
	{ "irr", R_ADDR, "x86" },
	{ "idr", R_ADDR, "x86" },
	{ "interrupt_mode", R_ADDR, "x86" },
	{ "idt", R_ADDR, "x86" },
	{ "gdt", R_ADDR, "x86" },
	{ "tss", R_ADDR, "x86" },
	{ "current", R_ADDR, "KPRCB.CurrentThread" },
	{ "next", R_ADDR, "KPRCB.NextThread" },
	{ "idle", R_ADDR, "KPRCB.IdleThread" },
};
static const struct schema pcr = {
	.name = "pcr",
	.doc = "A processor control region; null: not readable",
	.layout = { NULL, "KPCR for Processor {processor} at {address}:\n    Major {major} Minor {minor}\n"
			  "\tNtTib.ExceptionList: {exception_list}\n\t    NtTib.StackBase: {stack_base}\n"
			  "\t   NtTib.StackLimit: {stack_limit}\n\t NtTib.SubSystemTib: {sub_system_tib}\n"
			  "\t      NtTib.Version: {version}\n\t  NtTib.UserPointer: {user_pointer}\n"
			  "\t      NtTib.SelfTib: {self_tib}\n\n\t            SelfPcr: {self_pcr}\n"
			  "\t               Prcb: {prcb}\n\t               Irql: {irql}\n\t                IRR: {irr}\n"
			  "\t                IDR: {idr}\n\t      InterruptMode: {interrupt_mode}\n"
			  "\t                IDT: {idt}\n\t                GDT: {gdt}\n\t                TSS: {tss}\n\n"
			  "\t      CurrentThread: {current}\n\t         NextThread: {next}\n\t         IdleThread: "
			  "{idle}\n" },
	.fields = pcr_fields,
	.n_fields = ARRAY_LEN(pcr_fields)
};
SCHEMA(dpc, "A deferred procedure call in a processor's queue", NULL,
       "\t                     0x{address} 0x{routine} [Normal] {?name {name}}", { "processor", R_DEC, "number" },
       { "address", R_ADDR, "of the KDPC" }, { "routine", R_ADDR, "its function" },
       { "name", R_SYM, "name of the function" });
static const struct layout first_dpc = { NULL,
					 "\t          DpcQueue:  0x{address} 0x{routine} [Normal] {?name {name}}" };
SCHEMA(prcb, "A processor control block; null: not readable", NULL,
       "PRCB for Processor {processor} at {address}:\nCurrent IRQL -- {irql}\n"
       "Threads--  Current {current} Next {next} Idle {idle}\n"
       "Processor Index {processor} Number ({group}, {number}) GroupSetMember {member}\n"
       "Interrupt Count -- {interrupts:8}\nTimes -- Dpc    {dpc:8} Interrupt {interrupt:8} \n"
       "         Kernel {kernel:8} User      {user:8} ",
       { "processor", R_DEC, "number" }, { "address", R_ADDR, "of the KPRCB" },
       { "irql", R_DEC, "interrupt request level before the debugger stopped it" },
       { "current", R_ADDR, "CurrentThread" }, { "next", R_ADDR, "NextThread" }, { "idle", R_ADDR, "IdleThread" },
       { "group", R_DEC, "its group" }, { "number", R_DEC, "its number in the group" },
       { "member", R_HEX, "GroupSetMember" }, { "interrupts", R_HEX, "InterruptCount" },
       { "dpc", R_HEX, "clock ticks in DPCs" }, { "interrupt", R_HEX, "clock ticks in interrupts" },
       { "kernel", R_HEX, "clock ticks in kernel mode" }, { "user", R_HEX, "clock ticks in user mode" });
SCHEMA(saved_irql, "The interrupt request level before the processor was stopped", NULL,
       "Debugger saved IRQL for processor 0x{processor} -- {irql} ({name})", { "processor", R_INDEX, "number" },
       { "irql", R_DEC, "level" }, { "name", R_STR, "its name" });

static struct val field(struct session *s, va_t at, const char *name, unsigned bytes)
{
	return task_number(s, at, "_KPRCB", name, bytes);
}

static struct val word(const struct session *s, va_t at, unsigned bytes)
{
	uint64_t v;
	return at && space_ptr(s->target->space, at, bytes, &v) ? V(v) : V_ABSENT;
}

// ---- !pcr
static void emit_dpcs(struct session *s, struct call *c, struct doc *out, size_t cpu, va_t at)
{
	const unsigned p = s->target->ptr_bytes;
	// _KDPC.DpcListEntry and DeferredRoutine, of public symbols.
	const unsigned link = p == 8 ? 8 : 4, routine_at = p == 8 ? 0x18 : 0xc;
	va_t head = layout_address(s, at, "_KPRCB", "DpcData");
	uint64_t entry, routine;
	unsigned n = 0;
	bool known = head && space_ptr(s->target->space, head, p, &entry);
	while (known && entry && entry != head && n < LIMIT_DPCS) {
		if (!space_ptr(s->target->space, entry - link + routine_at, p, &routine))
			break;
		ROW_AS(out, dpc, n++ ? NULL : &first_dpc, V(cpu), V(entry - link), V(routine),
		       VS(sym_text(s->target, c->a, routine)));
		known = space_ptr(s->target->space, entry, p, &entry);
	}
	if (!n)
		doc_text(out, "\t          DpcQueue: ");
	if (!head || !known)
		doc_note(out, NOTE_INFO, "dpc.absent", "the queue of DPCs is not %s",
			 head ? "whole in the dump" : "known here");
}

static void emit_pcr(struct session *s, struct call *c, struct doc *out, size_t cpu, va_t at)
{
	const struct target *t = s->target;
	const unsigned p = t->ptr_bytes;
	bool x86 = t->machine == MACHINE_X86, x64 = t->machine == MACHINE_X64;
	va_t back = kernel_kdbg(t->kernel, KDBG_PCR_PRCB_OFF, 2), from = back ? at - back : 0;
	// The version, the IRQL and (x86) SelfPcr to TSS: public symbols, unchanged from Windows 7 on.
	va_t version = from + (x86 ? 0x44 : 0x60), irql = from + (x86 ? 0x24 : 0x50);
	struct val none = x64 ? V(0) : V_ABSENT, tib[7], old[7];
	static const uint8_t fields[] = { 0x1c, 0x28, 0x30, 0, 0x38, 0x3c, 0x40 }; // SelfPcr IRR IDR - IDT GDT TSS
	for (unsigned i = 0; i < ARRAY_LEN(tib); i++)
		tib[i] = from && (x86 || x64) ? word(s, from + i * p, i == 4 ? 4 : p) : V_ABSENT;
	for (unsigned i = 0; i < ARRAY_LEN(old); i++)
		old[i] = !x86 || !from ? none : fields[i] ? word(s, from + fields[i], 4) : V(0);
	bool known = from && (x86 || x64);
	const struct val v[] = { V(cpu),
				 V_IF(from, from),
				 known ? word(s, version, 2) : V_ABSENT,
				 known ? word(s, version + 2, 2) : V_ABSENT,
				 tib[0],
				 tib[1],
				 tib[2],
				 tib[3],
				 tib[4],
				 tib[5],
				 tib[6],
				 old[0],
				 V(at),
				 known ? word(s, irql, 1) : V_ABSENT,
				 old[1],
				 old[2],
				 old[3],
				 old[4],
				 old[5],
				 old[6],
				 field(s, at, "CurrentThread", p),
				 field(s, at, "NextThread", p),
				 field(s, at, "IdleThread", p) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(pcr_fields), "pcr: wrong arity");
	doc_row(out, &pcr, NULL, v, false);
	emit_dpcs(s, c, out, cpu, at);
}

// ---- !prcb
static struct val saved_level(struct session *s, va_t at)
{
	return field(s, at, "DebuggerSavedIRQL", 1);
}

static void emit_prcb(struct session *s, struct doc *out, size_t cpu, va_t at)
{
	const unsigned p = s->target->ptr_bytes;
	ROW(out, prcb, V(cpu), V(at), saved_level(s, at), field(s, at, "CurrentThread", p),
	    field(s, at, "NextThread", p), field(s, at, "IdleThread", p), field(s, at, "Group", 1),
	    field(s, at, "GroupIndex", 1), field(s, at, "GroupSetMember", p), field(s, at, "InterruptCount", 4),
	    field(s, at, "DpcTime", 4), field(s, at, "InterruptTime", 4), field(s, at, "KernelTime", 4),
	    field(s, at, "UserTime", 4));
}

// ---- !irql
static const char *level_name(const struct target *t, uint64_t level)
{
	// wdm.h, and the documentation of !irql, which calls 0 LOW_LEVEL.
	static const char *const wide[] = {
		[0] = "LOW_LEVEL",    [1] = "APC_LEVEL",    [2] = "DISPATCH_LEVEL", [5] = "CMCI_LEVEL",
		[12] = "SYNCH_LEVEL", [13] = "CLOCK_LEVEL", [14] = "IPI_LEVEL",     [15] = "HIGH_LEVEL"
	};
	static const char *const narrow[] = {
		[0] = "LOW_LEVEL",     [1] = "APC_LEVEL",  [2] = "DISPATCH_LEVEL", [27] = "PROFILE_LEVEL",
		[28] = "CLOCK2_LEVEL", [29] = "IPI_LEVEL", [30] = "POWER_LEVEL",   [31] = "HIGH_LEVEL"
	};
	const char *const *names = t->machine == MACHINE_X86 ? narrow : wide;
	size_t n = t->machine == MACHINE_X86 ? ARRAY_LEN(narrow) : ARRAY_LEN(wide);
	return level < n && names[level] ? names[level] : "Device level"; // layout of the last unverified
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct kernel *k = s->target->kernel;
	uint64_t cpu = s->thread;
	if (!arg_end(c))
		TRY(arg_expr(c, &cpu));
	TRY(arg_done(c));
	if (cpu >= k->n_processors)
		return cmd_fail(c, E_NOTFOUND, cpu, "Cannot get PRCB address of processor %" PRIu64, cpu);
	va_t at = k->processors[cpu].prcb;
	if (!at)
		return cmd_fail(c, E_ABSENT, cpu,
				"Cannot get PRCB address of processor %" PRIu64 ": it is not in the dump", cpu);
	if (str_ieq(c->name, "!irql")) {
		struct val level = saved_level(s, at);
		struct layout_field f;
		if (level.absent)
			return cmd_fail(c, E_ABSENT, at, "The saved IRQL of processor %" PRIu64 " is not known: %s",
					cpu,
					layout_field(s, "_KPRCB", "DebuggerSavedIRQL", &f)
						? "not in the dump"
						: "no layout tells where this kernel keeps it");
		ROW(out, saved_irql, V(cpu), level, VS(level_name(s->target, level.u)));
	} else if (str_ieq(c->name, "!prcb")) {
		emit_prcb(s, out, (size_t)cpu, at);
	} else {
		emit_pcr(s, c, out, (size_t)cpu, at);
	}
	task_notes(s, out, false);
	return ok();
}

static const struct schema *const rows[] = { &pcr, &dpc, &prcb, &saved_irql, NULL };
const struct cmd cmd_pcr = {
	.names = "!pcr !prcb !irql",
	.kernel_only = true,
	.group = "The kernel",
	.args = "[PROCESSOR]",
	.summary = "Show a processor's control region, its control block, its interrupt request level",
	.help = "!pcr     control region and queue of DPCs of the current processor\n"
		"!prcb 1  threads and times of processor 1\n"
		"!irql    the level before the processor was stopped\n",
	.run = run,
	.rows = rows,
};
