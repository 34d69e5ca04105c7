// SPDX-License-Identifier: Apache-2.0
// system_call.c: threads whose user part ends in a system-call stub: they are inside the kernel.
//
// Folklore: most threads of a healthy process wait, and a wait is a system call. The stub's name says for what.
// Real case: a hung window program with NtUserGetMessage on its main thread is not hung; with
// NtWaitForSingleObject it may be. It lies when a security product has replaced the stub's first bytes, and
// when the name is only the nearest export: so the bytes around the instruction are asked as well.
#include "base/limits.h"
#include "detect/detect.h"

#include <string.h>

static err_t run(const struct facts *f, struct findings *out)
{
	size_t n = 0, named = 0, stacks = 0, judged = 0;
	for (size_t i = 0; i < f->n_threads; i++) {
		n += f->threads[i].syscall > SYSCALL_NONE;
		judged += f->threads[i].syscall != SYSCALL_UNKNOWN;
		named += f->threads[i].syscall_name != NULL;
		stacks += f->threads[i].has_stack;
	}
	if (!n && judged < stacks)
		not_checked(out, "%zu of %zu threads stand in code that has no names and is not in the dump",
			    stacks - judged, stacks);
	if (!n)
		return ok();
	struct finding *x =
		finding(out, SEV_INFO, named == n ? 98 : 95, "%zu of %zu threads are inside a system call", n, stacks);
	x->refutation = "a stub that was patched by other software";
	size_t shown = 0;
	bool arm64 = f->session->target->machine == MACHINE_ARM64;
	for (size_t i = 0; i < f->n_threads && shown < LIMIT_EVIDENCE; i++) {
		const struct fact_thread *t = &f->threads[i];
		if (t->syscall <= SYSCALL_NONE)
			continue;
		shown++;
		if (t->syscall_name)
			evidence(out, t->stack.frames[0].ip, on_thread(f, t, "k"), "%s is in %s%s%s%s",
				 thread_label(f, t), t->syscall_name, t->syscall_purpose ? " (" : "",
				 t->syscall_purpose ? t->syscall_purpose : "", t->syscall_purpose ? ")" : "");
		else
			evidence(out, t->stack.frames[0].ip, on_thread(f, t, arm64 ? "u @$ip-4 L2" : "u @$ip-2 L2"),
				 "%s stands behind a system-call instruction at %s; no name is known for it",
				 thread_label(f, t), t->stack.frames[0].symbol);
	}
	if (n > shown)
		evidence(out, 0, "~*k", "and %zu more", n - shown);
	return ok();
}

const struct detector detect_system_call = {
	.id = "system-call",
	.number = 6,
	.title = "System Call",
	.degree = DEGREE_AUTO,
	.kinds = FOR_USER,
	.needs = FACT_THREADS | FACT_STACKS,
	.explain = "The thread's user-mode stack ends in a system-call stub of ntdll or win32u: the thread is in the\n"
		   "kernel, as a rule waiting. The stub's name tells for what: an object, a message, time, a file.\n"
		   "Without names the instruction bytes decide: syscall, sysenter, int 2Eh, svc, or WOW64's call.\n"
		   "It lies when other software has patched the stub. A user dump does not show what the kernel part "
		   "does.\n"
		   "See also: k, u.",
	.run = run,
};
