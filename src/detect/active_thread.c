// SPDX-License-Identifier: Apache-2.0
// active_thread.c: threads that ran on a processor when the system stopped.
//
// Folklore: of thousands of threads only a handful ran. Real case: three processors are idle, the fourth spins in a
// driver with the lock that all others wait for. It lies when an idle thread is counted: it runs because nothing else
// wanted to. Small dumps know the crashing processor's thread, sometimes the others'.
#include "base/limits.h"
#include "detect/detect.h"
#include "win/layout.h"

#include <inttypes.h>

static bool is_idle(const struct facts *f, const struct processor *p)
{
	uint64_t idle;
	return p->prcb &&
	       !layout_read(f->session, p->prcb, "_KPRCB", "IdleThread", f->session->target->ptr_bytes, &idle).code &&
	       idle == p->thread;
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct kernel *k = f->session->target->kernel;
	size_t known = 0, idle = 0, shown = 0;
	for (size_t i = 0; i < k->n_processors; i++) {
		known += k->processors[i].thread != 0;
		idle += k->processors[i].thread && is_idle(f, &k->processors[i]);
	}
	if (!known) {
		not_checked(out, "the dump does not tell which threads ran");
		return ok();
	}
	finding(out, SEV_INFO, 95, "%zu of %zu processors: the thread that ran is known; %zu idle", known,
		k->n_processors, idle)
		->refutation = "an idle thread that is not known to be one";
	for (size_t i = 0; i < k->n_processors && shown + 1 < LIMIT_EVIDENCE; i++) {
		const struct processor *p = &k->processors[i];
		if (!p->thread || is_idle(f, p))
			continue;
		shown++;
		evidence(out, p->thread, arena_printf(f->a, "~%zus; ? $thread", i),
			 "processor %zu ran thread %" PRIx64 "%s%s", i, p->thread,
			 i == k->current && f->kernel->process ? " of " : "",
			 i == k->current && f->kernel->process ? f->kernel->process : "");
	}
	if (known > idle + shown || !shown)
		evidence(out, 0, "~*k", "and %zu more, %zu of them idle", known - shown, idle);
	return ok();
}

const struct detector detect_active_thread = {
	.id = "active-thread",
	.number = 27,
	.title = "Active Thread",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL,
	.explain = "The threads that ran on the processors when the system stopped, without the idle ones. In a hang "
		   "they are\n"
		   "who keeps the others waiting.\n"
		   "It lies when an idle thread is taken for a busy one. User dumps are not looked at yet.\n"
		   "See also: ~*k.",
	.run = run,
};
