// SPDX-License-Identifier: Apache-2.0
// pipe.c: | and ||: the process of a dump, and the systems: the dumps that are open (Microsoft's pages "|| (System
// Status)", "||s (Set Current System)" and "System Syntax").
#include "cmd/rows.h"
#include "target/kernel.h"

#include <string.h>

extern const struct cmd cmd_pipe;

SCHEMA(process, "A process", NULL, "{mark}{number:3} id: {?id {id}}{!id ?}   name: {name} ",
       { "mark", R_STR, "'.': current" }, { "id", R_HEX, "process id; null when not recorded" },
       { "name", R_STR, "image name; null when not recorded" }, { "number", R_DEC, "the debugger's number" });
SCHEMA(system, "An open dump", NULL, "{?mark {mark}}{!mark  }{number:3} {kind}: {path}",
       { "mark", R_STR, "'.': current; '#': the one of the last event, when another is current; null: neither" },
       { "kind", R_STR, "kind of dump" }, { "path", R_STR, "file" }, { "number", R_DEC, "the debugger's number" });

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

static void emit_system(struct call *c, struct doc *out, const struct session *s)
{
	const struct debugger *d = s->dbg;
	ROW(out, system,
	    VS(s == d->current ? "."
	       : s == d->event ? "#"
			       : NULL),
	    VS(kind_text(c->a, s->target)), VS(s->target->path), V(s->number));
}

// What stands behind the bars: which systems, and are they to be chosen?
struct selection {
	struct session *one; // NULL: all
	bool choose;
};

static err_t select_systems(struct session *s, struct call *c, struct selection *ret)
{
	const char *text = arg_rest(c), *p = text;
	*ret = (struct selection){ 0 };
	if (*p >= '0' && *p <= '9') {
		uint64_t n = 0;
		for (; *p >= '0' && *p <= '9'; p++)
			n = MIN(n, (uint64_t)UINT32_MAX) * 10 + (uint64_t)(*p - '0');
		ret->one = debugger_system(s->dbg, n);
		if (!ret->one)
			return cmd_fail(c, E_NOTFOUND, n, "Illegal system error in '||%s'", text);
	} else if (*p == '.' || *p == 's') {
		ret->one = s;
		p += *p == '.';
	} else if (*p == '#') {
		if (!s->dbg->event)
			return cmd_fail(c, E_NOTFOUND, 0, "the dump of the last event was closed");
		ret->one = s->dbg->event;
		p++;
	} else {
		p += *p == '*';
	}
	p += strspn(p, " \t");
	ret->choose = *p == 's' && ret->one;
	p += ret->choose;
	return *p ? usage(c, "Illegal system error in '||%s'", text) : ok();
}

static err_t systems(struct session *s, struct call *c, struct doc *out)
{
	struct selection sel;
	TRY(select_systems(s, c, &sel));
	if (sel.choose && sel.one != s)
		cmd_choose_system(c, sel.one, out);
	const struct debugger *d = s->dbg;
	for (size_t i = 0; !(sel.choose && sel.one != s) && i < d->n_systems; i++)
		if (!sel.one || d->systems[i] == sel.one)
			emit_system(c, out, d->systems[i]);
	if (sel.choose)
		emit_here(c, out);
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct target *t = s->target;
	if (str_eq(c->name, "||"))
		return systems(s, c, out);
	const char *rest = arg_rest(c);
	if (*rest && !str_eq(rest, "0s") && !str_eq(rest, ".") && !str_eq(rest, "#") && !str_eq(rest, "*") &&
	    !str_eq(rest, "0"))
		return usage(c, "Illegal process error in '|%s'", rest);
	if (t->kernel)
		return cmd_fail(c, E_UNSUPPORTED, 0,
				"| is for dumps of a process; this is a kernel dump. !process 0 0 lists its processes");
	ROW(out, process, VS("."), V_IF(t->pid_known, t->pid), VS(t->process_name),
	    V(s->dbg->n_systems > 1 ? s->number : 0));
	return ok();
}

static const struct schema *const rows[] = { &process, &system, &row_code_location, &row_insn, NULL };
const struct cmd cmd_pipe = {
	.names = "| ||",
	.any_tail = true,
	.group = "The target",
	.args = "[. | # | * | N] [s]",
	.summary = "Show the process (|); list the open dumps, choose one (||)",
	.help = "|       the process of a dump\n||      the open dumps; '.' marks the current one\n"
		"||1s    commands work on dump 1 from here on\n||s     the current one, and where it stands\n"
		"Each dump keeps its thread, registers and frame. .opendump opens one more.\n",
	.run = run,
	.rows = rows,
};
