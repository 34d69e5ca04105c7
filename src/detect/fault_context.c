// SPDX-License-Identifier: Apache-2.0
// fault_context.c: the circumstances of the stop: bug check, processor, process, IRQL, mode, uptime.
//
// Folklore: the circumstances often tell more than the place. Real case: a stop two minutes after each start is a
// driver that starts then; one at IRQL 2 in the Idle process is an interrupt's or a DPC's work, and the process is
// innocent. It lies when the current process is taken for the culprit: it only had the processor.
#include "detect/detect.h"

#include <inttypes.h>

enum { SECOND = 10000000, SOON = 300 };

static const char *mode(const struct facts *f)
{
	uint16_t machine = f->session->target->machine;
	if (machine == MACHINE_ARM64)
		return reg_known(&f->event_regs, A64_CPSR)
			       ? (reg_get(&f->event_regs, A64_CPSR) & 0xc ? "kernel" : "user")
			       : NULL;
	return reg_known(&f->event_regs, X64_CS) ? (reg_get(&f->event_regs, X64_CS) & 3 ? "user" : "kernel") : NULL;
}

// From whatever processor is looked at.
static const char *on_current(const struct facts *f, const char *command)
{
	size_t n = f->session->target->kernel->current;
	return n == SIZE_MAX || f->n_threads < 2 ? command : arena_printf(f->a, "~%zus; %s", n, command);
}

static void where(const struct facts *f, struct findings *out)
{
	const struct kernel *k = f->session->target->kernel;
	if (k->current != SIZE_MAX)
		evidence(out, 0, arena_printf(f->a, "~%zus", k->current), "processor %zu of %zu", k->current,
			 k->n_processors);
	if (k->thread)
		evidence(out, k->thread, on_current(f, "? $thread"), "thread %" PRIx64 " was current", k->thread);
	if (k->process)
		evidence(out, k->process, on_current(f, "? $proc"), "process %" PRIx64 "%s%s%s", k->process,
			 f->kernel->process ? " (" : ", whose name is not in the dump",
			 f->kernel->process ? f->kernel->process : "", f->kernel->process ? ")" : "");
}

static void how(const struct facts *f, struct findings *out)
{
	const struct fact_kernel *k = f->kernel;
	if (k->irql_known)
		evidence(out, 0, ".bugcheck", "the IRQL at the fault was %" PRIu64 "%s", k->irql,
			 k->irql == 2  ? ": no thread switches and no page faults"
			 : k->irql > 2 ? ": an interrupt, or the clock"
				       : "");
	else
		evidence(out, 0, NULL, "the bug check does not tell the IRQL");
	const char *m = k->scope ? mode(f) : NULL;
	if (m)
		evidence(out, f->event_address, k->scope_command, "the fault came from %s mode", m);
	uint64_t up = k->header->uptime / SECOND;
	if (up)
		evidence(out, 0, "vertarget", "the system had been up for %" PRIu64 " s%s", up,
			 up < SOON ? ": soon after its start" : "");
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct fact_kernel *k = f->kernel;
	const char *process = k->process ? arena_printf(f->a, " while %s was current", k->process) : "";
	finding(out, SEV_INFO, 100, "Bug check 0x%" PRIX32 "%s%s", k->code, process,
		k->irql_known ? arena_printf(f->a, " at IRQL %" PRIu64, k->irql) : "")
		->refutation = "the current process only had the processor: an interrupt or a DPC borrows it";
	evidence(out, 0, ".bugcheck", "parameters %" PRIx64 " %" PRIx64 " %" PRIx64 " %" PRIx64, k->params[0],
		 k->params[1], k->params[2], k->params[3]);
	where(f, out);
	how(f, out);
	if (k->no_scope)
		evidence(out, 0, NULL, "the registers at the fault are not known: %s", k->no_scope);
	return ok();
}

const struct detector detect_fault_context = {
	.id = "fault-context",
	.number = 73,
	.title = "Fault Context",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL,
	.explain = "The circumstances of the stop: bug check and parameters, processor, current thread and process, "
		   "IRQL,\n"
		   "mode, how long the system had been up. A finding of every kernel dump.\n"
		   "It lies when the current process is taken for the culprit: at IRQL 2 and above it is a bystander.\n"
		   "See also: .bugcheck, vertarget, !analyze -v.",
	.run = run,
};
