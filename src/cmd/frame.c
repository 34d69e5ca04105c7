// SPDX-License-Identifier: Apache-2.0
// frame.c: .frame: the local context; .inline and .lines: what frames show.
#include "base/limits.h"
#include "cmd/rows.h"
#include "cmd/symbols.h"
#include "value/locals.h"

#include <string.h>

extern const struct cmd cmd_frame;

SCHEMA(setting, "A setting of the session", NULL, "{text}", { "name", R_STR, "the setting" },
       { "on", R_BOOL, "is it on" }, { "text", R_STR, "what the debugger says" });

// The frame's registers: what it did not save is not known.
static struct regs frame_regs(const struct frame *f)
{
	struct regs r = { .machine = f->regs.machine, .known = f->regs.known };
	memcpy(r.r, f->regs.r, sizeof(r.r));
	return r;
}

static void show(struct session *s, struct call *c, struct doc *out, struct frame *f, size_t number)
{
	struct stack st = { .frames = f, .n = 1 };
	struct stack_options o = { .form = STACK_PLAIN,
				   .numbers = true,
				   .lines = s->target->symbol_options & SYMOPT_LOAD_LINES,
				   .first = number };
	emit_stack(s, c, out, &st, &o);
}

static err_t frame(struct session *s, struct call *c, struct doc *out)
{
	bool set = false, registers = false;
	for (;;) {
		if (arg_switch(c, "/c"))
			set = true;
		else if (arg_switch(c, "/r"))
			registers = true;
		else
			break;
	}
	arg_blanks(c);
	if (*c->p == '=')
		return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: .frame = BasePtr; k = shows such a stack");
	uint64_t number = s->frame;
	bool given = !arg_end(c);
	if (given)
		TRY(arg_expr(c, &number));
	TRY(arg_done(c));
	struct frame f;
	err_t e = number < LIMIT_FRAMES ? stack_frame(s, c->a, (size_t)number, &f)
					: fail(E_NOTFOUND, "there is no such frame", number);
	if (e.code == E_NOTFOUND)
		return cmd_fail(c, E_NOTFOUND, number, "Cannot find frame 0x%llx, previous scope unchanged",
				(unsigned long long)number);
	TRY(e);
	bool current = f.trust == TRUST_CONTEXT;
	struct regs r = current ? s->regs : frame_regs(&f);
	if (set)
		session_set_regs(s, &r, current ? s->regs_zeroed : 0);
	else if (given)
		s->frame = (size_t)number;
	show(s, c, out, &f, (size_t)number);
	if (set || registers)
		emit_regs(s, c, out, &r);
	return ok();
}

// WinDbg's words for .lines; those for .inline: layout unverified.
static void emit_setting(struct call *c, struct doc *out, const char *name, bool on)
{
	const char *text = str_eq(name, "lines")
				   ? arena_printf(c->a, "Line number information will %sbe loaded", on ? "" : "not ")
				   : arena_printf(c->a, "Inline function debugging is %s", on ? "enabled" : "disabled");
	ROW(out, setting, VS(name), V(on), VS(text));
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	if (str_ieq(c->name, ".frame"))
		return frame(s, c, out);
	if (str_ieq(c->name, ".lines")) {
		bool on = arg_switch(c, "-e"), off = arg_switch(c, "-d");
		(void)arg_switch(c, "-t");
		TRY(arg_done(c));
		uint32_t old = s->target->symbol_options, without = old & ~(uint32_t)SYMOPT_LOAD_LINES;
		symbol_options_set(s, on ? old | SYMOPT_LOAD_LINES : off ? without : old ^ SYMOPT_LOAD_LINES);
		emit_setting(c, out, "lines", s->target->symbol_options & SYMOPT_LOAD_LINES);
		return ok();
	}
	uint64_t on = !s->no_inlines;
	if (!arg_end(c))
		TRY(arg_expr(c, &on));
	TRY(arg_done(c));
	if (on > 1)
		return usage(c, ".inline takes 0 or 1");
	for (size_t i = 0; i < s->dbg->n_systems; i++) {
		struct session *each = s->dbg->systems[i];
		if (each->no_inlines == (bool)on) // frames are numbered anew
			each->frame = 0;
		each->no_inlines = !on;
	}
	emit_setting(c, out, "inline", on);
	return ok();
}

static const struct schema *const rows[] = { &row_stack_frame,   &row_registers_x64,
					     &row_registers_x86, &row_registers_arm64,
					     &row_code_location, &row_insn,
					     &setting,           NULL };
const struct cmd cmd_frame = {
	.names = ".frame .inline .lines",
	.group = "Threads and stacks",
	.args = "[/c] [/r] [NUMBER]",
	.summary = "Set or show the local context: the frame whose variables dv shows",
	.help = ".frame        the current one\n"
		".frame 0n12   frame 12, as k numbers them\n"
		".frame /r 3   with the registers as far as they are known in it\n"
		".frame /c 3   and makes its registers the context in force\n"
		".inline 0|1   whether calls that were replaced by their callee are frames\n"
		".lines [-e|-d|-t]  whether source lines are shown\n",
	.run = run,
	.rows = rows,
};
