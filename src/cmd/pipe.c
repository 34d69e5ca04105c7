// SPDX-License-Identifier: Apache-2.0
// pipe.c: | and ||: the process and the system (the dump) that are open. One of each today.
#include "cmd/cmd.h"
#include "target/kernel.h"

#include <string.h>

extern const struct cmd cmd_pipe;

SCHEMA(process, "A process", NULL, "{mark}  0 id: {?id {id}}{!id ?}   name: {name} ", { "mark", R_STR, "'.': current" },
       { "id", R_HEX, "process id; null when not recorded" }, { "name", R_STR, "image name; null when not recorded" });
SCHEMA(system, "An open dump", NULL, "{mark}  0 {kind}: {path}", { "mark", R_STR, "'.': current" },
       { "kind", R_STR, "kind of dump" }, { "path", R_STR, "file" });

// Kernel dumps: layout unverified; the words are those of the greeting.
static const char *kind(struct session *s, const struct target *t)
{
	if (!t->kernel)
		return t->dump->kind == DUMP_USER_FULL ? "User mini dump with full memory" : "User mini dump";
	const char *text = kernel_kind_text(t->kernel->facts);
	return arena_strndup(s->arena, text, strcspn(text, ":"));
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
		ROW(out, system, VS("."), VS(kind(s, t)), VS(t->path));
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
