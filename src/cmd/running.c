// SPDX-License-Identifier: Apache-2.0
// running.c: the processors of a kernel dump side by side: !running, !cpuinfo. Layouts: recorded output of WinDbg in
// -running.md and in public logs.
#include "cmd/ktask.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_running;

SCHEMA(processor_masks, "Which processors there are, and which were idle", NULL,
       "System Processors:  ({all:16})\n  Idle Processors:  ({idle:16})\n", { "all", R_HEX, "a bit a processor" },
       { "idle", R_HEX, "those that ran their idle thread; those that are not known count as busy" });
SCHEMA(running_thread, "What a processor ran", NULL,
       "{number:3}    {prcb}  {current} ({priority:2}){?next  {next} ({next_priority:2})}{!next                        "
       "} "
       "{idle}{?locks   {locks}}",
       { "number", R_DEC, "of the processor" }, { "prcb", R_ADDR, "of its KPRCB; null: not known" },
       { "current", R_ADDR, "thread that ran; null: not known" }, { "priority", R_DEC, "its priority" },
       { "next", R_ADDR, "thread that was to run next; null: none, or not known" },
       { "next_priority", R_DEC, "its priority" }, { "idle", R_ADDR, "the processor's idle thread" },
       { "locks", R_STR, "its queued spin locks: . free, O owned, W waited for; null: not known" });
SCHEMA(cpu_make, "A processor's make", "CP  F/M/S Manufacturer  MHz PRCB Signature    MSR 8B Signature Features",
       "{number:2}  {family},{model},{stepping} {vendor:12} {mhz:4} {signature:16}                   {features:8}",
       { "number", R_DEC, "of the processor" }, { "family", R_DEC, "family" }, { "model", R_DEC, "model" },
       { "stepping", R_DEC, "stepping" }, { "vendor", R_STR, "CPUID vendor" }, { "mhz", R_DEC, "clock rate" },
       { "signature", R_HEX, "revision of its microcode" }, { "features", R_HEX, "KF_* bits" });

static struct val prcb_field(struct session *s, va_t prcb, const char *name, unsigned bytes)
{
	return task_number(s, prcb, "_KPRCB", name, bytes);
}

// ---- !running
// The low bits of a queue's lock: 1 waits, 2 owns.
static const char *lock_states(struct session *s, struct arena *a, va_t prcb)
{
	enum { QUEUES = 16 };
	const unsigned p = s->target->ptr_bytes;
	va_t at = layout_address(s, prcb, "_KPRCB", "LockQueue");
	char *text = arena_alloc(a, QUEUES + 1, 1);
	for (unsigned i = 0; at && i < QUEUES; i++) {
		uint64_t lock;
		if (!space_ptr(s->target->space, at + ((size_t)i * 2 + 1) * p, p, &lock))
			return NULL;
		text[i] = lock & 2 ? 'O' : lock & 1 ? 'W' : '.';
	}
	return at ? text : NULL;
}

static err_t emit_cpu_stack(struct session *s, struct call *c, struct doc *out, size_t i)
{
	struct target *t = s->target;
	struct regs r;
	struct stack st;
	size_t chosen = s->thread;
	va_t implicit = s->implicit_thread;
	doc_text(out, "");
	err_t e = target_thread_regs(t, &t->threads[i], false, &r);
	// The walk asks the session which thread's stacks it may be on.
	s->thread = i;
	s->implicit_thread = 0;
	if (!e.code)
		e = stack_walk(s, &t->threads[i], &r, s->dbg->kframes, c->a, &st);
	s->thread = chosen;
	s->implicit_thread = implicit;
	if (e.code)
		doc_note(out, NOTE_INFO, "stack.absent", "no stack: %s", e.what);
	else
		emit_stack(s, c, out, &st,
			   &(struct stack_options){ .form = STACK_PLAIN, .numbers = true, .heading = true });
	doc_text(out, "");
	return session_poll(s);
}

static err_t running(struct session *s, struct call *c, struct doc *out)
{
	const struct kernel *k = s->target->kernel;
	const unsigned p = s->target->ptr_bytes;
	bool idle_too = false, stacks = false, missing = false;
	for (;;) {
		if (arg_switch(c, "-i"))
			idle_too = true;
		else if (arg_switch(c, "-t"))
			stacks = true;
		else if (arg_switch(c, "-it") || arg_switch(c, "-ti"))
			idle_too = stacks = true;
		else
			break;
	}
	TRY(arg_done(c));
	uint64_t all = 0, idle = 0;
	for (size_t i = 0; i < MIN(k->n_processors, (size_t)64); i++) {
		struct val it = prcb_field(s, k->processors[i].prcb, "IdleThread", p);
		all |= (uint64_t)1 << i;
		if (!it.absent && it.u && it.u == k->processors[i].thread)
			idle |= (uint64_t)1 << i;
	}
	ROW(out, processor_masks, V(all), V(idle));
	doc_text(out, "       Prcbs             Current         (pri) Next            (pri) Idle");
	for (size_t i = 0; i < k->n_processors; i++) {
		const struct processor *cpu = &k->processors[i];
		struct val it = prcb_field(s, cpu->prcb, "IdleThread", p),
			   next = prcb_field(s, cpu->prcb, "NextThread", p);
		if (!idle_too && !it.absent && it.u && it.u == cpu->thread)
			continue;
		missing |= !cpu->prcb;
		if (!cpu->prcb && !cpu->thread)
			continue;
		bool has_next = !next.absent && next.u;
		ROW(out, running_thread, V(i), V_IF(cpu->prcb, cpu->prcb), V_IF(cpu->thread, cpu->thread),
		    task_number(s, cpu->thread, "_KTHREAD", "Priority", 1), V_IF(has_next, next.u),
		    has_next ? task_number(s, next.u, "_KTHREAD", "Priority", 1) : V_ABSENT, it,
		    VS(lock_states(s, c->a, cpu->prcb)));
		if (stacks)
			TRY(emit_cpu_stack(s, c, out, i));
	}
	if (missing)
		doc_note(out, NOTE_INFO, "processors.absent",
			 "the dump holds the control block of some of its %zu processors only", k->n_processors);
	task_notes(s, out, false);
	return ok();
}

// ---- !cpuinfo
static const char *vendor(struct session *s, struct arena *a, va_t prcb)
{
	enum { MOST = 13 };
	uint8_t text[MOST];
	va_t at = layout_address(s, prcb, "_KPRCB", "VendorString");
	if (!at || !space_read_all(s->target->space, at, text, sizeof(text)))
		return NULL;
	return bytes_to_utf8(a, (struct span){ text, strnlen((const char *)text, sizeof(text)) });
}

static err_t cpuinfo(struct session *s, struct call *c, struct doc *out)
{
	const struct kernel *k = s->target->kernel;
	TRY(arg_done(c));
	bool x86 = s->target->machine == MACHINE_X86 || s->target->machine == MACHINE_X64, missing = false;
	for (size_t i = 0; i < k->n_processors; i++) {
		va_t prcb = k->processors[i].prcb;
		TRY(session_poll(s));
		// CpuStepping and CpuModel lie 2 and 3 bytes behind CpuType, in public symbols of all builds.
		va_t type = x86 ? layout_address(s, prcb, "_KPRCB", "CpuType") : 0;
		uint64_t family = 0, stepping = 0, model = 0;
		bool has = type && space_ptr(s->target->space, type, 1, &family) &&
			   space_ptr(s->target->space, type + 2, 1, &stepping) &&
			   space_ptr(s->target->space, type + 3, 1, &model);
		struct val mhz = prcb_field(s, prcb, "MHz", 4);
		missing |= !prcb;
		if (!has && mhz.absent)
			continue;
		const char *maker = x86 ? vendor(s, c->a, prcb) : NULL;
		ROW(out, cpu_make, V(i), V_IF(has, family), V_IF(has, model), V_IF(has, stepping),
		    VS(maker ? maker : "?"), mhz, prcb_field(s, prcb, "UpdateSignature", 8),
		    prcb_field(s, prcb, "FeatureBits", 4));
	}
	if (missing)
		doc_note(out, NOTE_INFO, "processors.absent",
			 "the dump holds the control block of some of its %zu processors only", k->n_processors);
	task_notes(s, out, false);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	return str_ieq(c->name, "!cpuinfo") ? cpuinfo(s, c, out) : running(s, c, out);
}

static const struct schema *const rows[] = { &processor_masks, &running_thread, &cpu_make, &row_stack_frame, NULL };
const struct cmd cmd_running = {
	.names = "!running !cpuinfo",
	.kernel_only = true,
	.group = "The kernel",
	.args = "[-i] [-t]",
	.summary = "Show what the processors ran, and what processors they are",
	.help = "!running     processors that were not idle\n"
		"!running -i  all of them\n"
		"!running -t  with their stacks\n"
		"!cpuinfo     family, model, stepping, maker and clock rate of each\n",
	.run = run,
	.rows = rows,
};
