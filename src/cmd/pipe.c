// SPDX-License-Identifier: Apache-2.0
// pipe.c: | and ||: the process and the system (the dump) that are open. One of each today.
#include "cmd/cmd.h"
#include "target/kernel.h"

extern const struct cmd cmd_pipe;

SCHEMA(process, "A process", NULL, "{mark}  0 id: {?id {id}}{!id ?}   name: {name} ", { "mark", R_STR, "'.': current" },
       { "id", R_HEX, "process id; null when not recorded" }, { "name", R_STR, "image name; null when not recorded" });
SCHEMA(system, "An open dump", NULL, "{mark}  0 {kind}: {path}", { "mark", R_STR, "'.': current" },
       { "kind", R_STR, "kind of dump" }, { "path", R_STR, "file" });

// Those of kernel dumps: layout unverified.
static const char *kind_text(struct arena *a, const struct target *t)
{
	static const char *const bodies[] = { [KERNEL_TRIAGE] = "mini",
					      [KERNEL_RUNS] = "full",
					      [KERNEL_BITMAP] = "bitmap",
					      [KERNEL_RANGES] = "range",
					      [KERNEL_HEADER_ONLY] = "header" };
	if (!t->kernel)
		return t->dump->kind == DUMP_USER_FULL ? "User mini dump with full memory" : "User mini dump";
	return arena_printf(a, "%u-bit Kernel %s dump", 8 * t->ptr_bytes, bodies[t->kernel->facts->body]);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct target *t = s->target;
	const char *rest = arg_rest(c);
	bool chosen =
		str_eq(rest, "0s") || str_eq(rest, ".") || str_eq(rest, "#") || str_eq(rest, "*") || str_eq(rest, "0");
	if (*rest && !chosen)
		return usage(c, "Illegal %s error in '%s%s'", str_eq(c->name, "||") ? "system" : "process", c->name,
			     rest);
	if (str_eq(c->name, "||"))
		ROW(out, system, VS("."), VS(kind_text(c->a, t)), VS(t->path));
	else if (t->kernel)
		return cmd_fail(c, E_UNSUPPORTED, 0,
				"| is for dumps of a process; this is a kernel dump. !process 0 0 lists its processes");
	else
		ROW(out, process, VS("."), V_IF(t->pid_known, t->pid), VS(t->process_name));
	return ok();
}

static const struct schema *const rows[] = { &process, &system, NULL };
const struct cmd cmd_pipe = {
	.names = "| ||",
	.any_tail = true,
	.group = "The target",
	.args = "[. | # | * | 0 | 0s]",
	.summary = "Show the process (|) or the dump (||)",
	.run = run,
	.rows = rows,
};
