// SPDX-License-Identifier: Apache-2.0
// report_kernel.c: the report's lines that only kernel dumps have, for a person who has never seen a debugger.
#include "front/report_int.h"
#include "target/kernel.h"
#include "target/system.h"
#include "verdict/bugcheck.h"
#include "verdict/kernel.h"

#include <inttypes.h>
#include <string.h>

// Time stamps of images are dates of their making, or hashes (reproducible builds): those are no dates.
// Since Windows 10, Windows' own files have a hash in the place of the time stamp.
static const char *made_on(struct report *r, const struct module *m)
{
	enum { FIRST_DATE = 0x30000000, WINDOWS_10 = 10240 }; // 1995
	if (kernel_is_windows(m->image_name) && r->s->target->kernel->facts->build >= WINDOWS_10)
		return NULL;
	uint32_t taken = r->s->target->user->timestamp;
	if (m->timestamp < FIRST_DATE || (taken && m->timestamp > taken))
		return NULL;
	return time_stamp_text(r->a, m->timestamp);
}

const char *report_kernel_dump(struct report *r)
{
	const struct target *t = r->s->target;
	const struct dump_kernel *f = t->kernel->facts;
	const char *kind = f->body == KERNEL_TRIAGE        ? "small kernel dump: one processor's stack"
			   : f->body == KERNEL_HEADER_ONLY ? "only the header of a kernel dump"
			   : f->body == KERNEL_BITMAP      ? "kernel dump"
							   : "complete dump";
	return arena_printf(r->a, "%s (%s, %zu processor%s, %zu driver%s)", t->path, kind, t->n_threads,
			    t->n_threads == 1 ? "" : "s", t->n_modules, t->n_modules == 1 ? "" : "s");
}

const char *report_kernel_where(struct report *r)
{
	const struct verdict *v = r->v;
	const struct kernel_verdict *k = v->kernel;
	struct sb text = sb_new(r->a);
	if (v->thread)
		sb_printf(&text, "processor %zu", v->thread->index);
	else
		sb_add(&text, "processor not known");
	if (k->process)
		sb_printf(&text, ", in process %s", k->process);
	if (k->has_irql)
		sb_printf(&text, ", at IRQL %" PRIu64, k->irql);
	return sb_str(&text);
}

const char *report_kernel_meaning(struct report *r)
{
	const struct bugcheck *b = bugcheck_find(r->v->kernel->code);
	if (!b || !b->text)
		return NULL;
	char *text = arena_strdup(r->a, b->text);
	for (char *p = text; *p; p++)
		*p = *p == '\n' ? ' ' : *p;
	return text;
}

const char *report_kernel_driver(struct report *r)
{
	const struct kernel_verdict *k = r->v->kernel;
	const struct module *m = k->culprit;
	if (!m)
		return k->hardware ? "none: hardware is the first suspect" : "none can be named";
	const uint32_t *x = m->facts->fixed;
	const char *when = made_on(r, m);
	struct sb text = sb_new(r->a);
	sb_add(&text, m->image_name);
	if (m->facts->has_version)
		sb_printf(&text, ", version %u.%u.%u.%u", x[2] >> 16, x[2] & 0xffff, x[3] >> 16, x[3] & 0xffff);
	if (when)
		sb_printf(&text, ", made on %s", when);
	else
		sb_add(&text, ", whose date is not in the dump");
	return sb_str(&text);
}

size_t report_kernel_list(struct report *r, const struct kernel_list *l, struct reason *ret)
{
	size_t n = MIN(l->n, (size_t)MOST_REASONS);
	(void)r;
	for (size_t i = 0; i < n; i++)
		ret[i] = (struct reason){ l->list[i].text, l->list[i].command };
	return n;
}
