// SPDX-License-Identifier: Apache-2.0
// lastevent.c: .lastevent: why the dump was taken.
#include "cmd/when.h"

#include "target/system.h"
#include "verdict/verdict.h"

#include <inttypes.h>

extern const struct cmd cmd_lastevent;

static const struct field last_event_fields[] = {
	{ "pid", R_HEX, "process id; null when not recorded" },
	{ "tid", R_HEX, "thread id" },
	{ "event", R_STR, "what happened" },
	{ "code", R_HEX, "exception code; null without an exception" },
	{ "time", R_STR, "when the dump was taken" },
};
const struct schema row_last_event = {
	.name = "last_event",
	.doc = "The event the dump was taken for",
	.layout = { NULL, "Last event: {?pid {pid}}{!pid ?}.{tid}: {event}\n  debugger time: {time}" },
	.fields = last_event_fields,
	.n_fields = ARRAY_LEN(last_event_fields)
};
static const struct layout short_layout = { NULL, "({?pid {pid}}{!pid ?}.{tid}): {event}" };

void lastevent_emit(struct session *s, struct call *c, struct doc *out, bool short_form)
{
	const struct target *t = s->target;
	const struct dump_exception *x = &t->user->exception;
	const struct thread *th = s->thread < t->n_threads ? &t->threads[s->thread] : NULL;
	const char *name = x->present ? exception_name(x->code) : NULL;
	// A dump does not keep which chance the exception had; WinDbg says so in these words.
	const char *event =
		!x->present ? "no exception is stored: the dump was taken on request"
		: name      ? arena_printf(c->a, "%s - code %08" PRIx32 " (first/second chance not available)", name,
					   x->code)
			    : arena_printf(c->a,
					   "Unknown exception - code %08" PRIx32 " (first/second chance not available)",
					   x->code);
	const struct val v[] = { V_IF(t->pid_known, t->pid),
				 V(x->present ? x->tid
				   : th       ? th->tid
					      : 0),
				 VS(event), V_IF(x->present, x->code),
				 VS(system_time_text(t, c->a, (uint64_t)t->user->timestamp * 1000)) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(last_event_fields), "last_event: wrong arity");
	doc_row(out, &row_last_event, short_form ? &short_layout : NULL, v, false);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	TRY(arg_done(c));
	lastevent_emit(s, c, out, false);
	return ok();
}

static const struct schema *const rows[] = { &row_last_event, NULL };
const struct cmd cmd_lastevent = {
	.names = ".lastevent",
	.group = "The target",
	.args = "",
	.summary = "Show the event the dump was taken for",
	.run = run,
	.rows = rows,
};
