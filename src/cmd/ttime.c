// SPDX-License-Identifier: Apache-2.0
// ttime.c: .ttime: when the current thread was created and how long it ran.
#include "cmd/cmd.h"
#include "target/system.h"

extern const struct cmd cmd_ttime;

SCHEMA(thread_times, "Times of a thread", NULL, "Created: {created}\nKernel:  {kernel}\nUser:    {user}",
       { "created", R_STR, "in the dump's time zone" }, { "kernel", R_STR, "time in kernel mode" },
       { "user", R_STR, "time in user mode" }, { "kernel_100ns", R_DEC, "units of 100 ns" },
       { "user_100ns", R_DEC, "units of 100 ns" });

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct target *t = s->target;
	TRY(arg_done(c));
	if (s->thread >= t->n_threads)
		return cmd_fail(c, E_ABSENT, 0, "the dump has no threads");
	const struct dump_thread_info *i = t->threads[s->thread].facts->info;
	if (!i)
		return cmd_fail(c, E_ABSENT, 0, "the dump holds no thread times (no ThreadInfoListStream)");
	ROW(out, thread_times, VS(system_time_text(t, c->a, filetime_to_unix_ms(i->create_time))),
	    VS(duration_text(c->a, i->kernel_time)), VS(duration_text(c->a, i->user_time)), V(i->kernel_time),
	    V(i->user_time));
	return ok();
}

static const struct schema *const rows[] = { &thread_times, NULL };
const struct cmd cmd_ttime = {
	.user_only = true,
	.names = ".ttime",
	.group = "Threads and stacks",
	.args = "",
	.summary = "Show the current thread's creation and processor times",
	.run = run,
	.rows = rows,
};
