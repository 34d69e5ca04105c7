// SPDX-License-Identifier: Apache-2.0
// k.c: the current thread's stack: k kb kc kn kp kP kf kv kL kd, and .kframes.
#include "base/limits.h"
#include "cmd/rows.h"

#include <string.h>

extern const struct cmd cmd_k;

static const struct field stack_frame_fields[] = {
	{ "frame", R_INDEX, "frame number, 0 is the innermost" },
	{ "memory", R_HEX, "bytes from the previous frame's stack pointer" },
	{ "child_sp", R_PTR, "stack pointer in this frame (x86: ChildEBP)" },
	{ "ret", R_PTR, "return address; null when unknown" },
	{ "args", R_HEXES, "the argument words the caller left on the stack, whether or not they are arguments" },
	{ "site", R_SYM, "code location" },
	{ "function", R_SYM, "the same without the displacement" },
	{ "ip", R_PTR, "instruction pointer" },
	{ "module", R_STR, "module name; null when the address is in none" },
	{ "symbols", R_STR, "export: an exported name, which says nothing of where functions end; null: no name" },
	{ "trust", R_STR,
	  "context, unwind, trap_frame, code, frame_data, fpo, frame_proc, frame_pointer, scan: how it was found, best "
	  "first" },
	{ "show_trust", R_STR, "the same when text shows it" },
	{ "file", R_STR, "source file; null when not known" },
	{ "line", R_DEC, "line in it" },
	{ "inline", R_DEC, "depth of a call that was replaced by its callee's body; null for a real frame" },
	{ "show_file", R_STR, "the file when text shows it" },
	{ "shown", R_STR, "the location with parameters and their values (kp, kP); null: not asked for, or not known" },
	{ "trap_frame", R_PTR, "kernel: the trap frame by which the next frame was interrupted; null: none" },
	{ "show_trap_frame", R_PTR, "the same when text shows it" },
	{ "mismatch", R_STR, "why the module's symbols may be another build's; null: they match, or there are none" },
	{ "show_ret", R_PTR, "the return address as text shows it: 0 when unknown" },
	{ "show_args", R_HEXES, "the argument words as text shows them: 0 where the dump has none" },
};
const struct schema row_stack_frame = { .name = "stack_frame",
					.doc = "One frame of a call stack",
					.layout = { NULL, "{child_sp} {ret}     {site}" },
					.fields = stack_frame_fields,
					.n_fields = ARRAY_LEN(stack_frame_fields) };

enum { MOST_ARGS = 4 };

// x64 callees get four words of home space above the return address; on x86 the arguments lie there.
static size_t frame_args(const struct target *t, const struct frame *f, struct val *args)
{
	size_t n = t->ptr_bytes == 8 ? 4 : 3;
	for (size_t i = 0; i < n; i++) {
		uint64_t v = 0;
		bool got = f->caller_sp && space_ptr(t->space, f->caller_sp + i * t->ptr_bytes, t->ptr_bytes, &v);
		args[i] = got ? V(v) : V_ABSENT;
	}
	return n;
}

// The heading and the line of a form, put together from its columns.
static struct layout make_layout(struct arena *a, const struct target *t, const struct stack_options *o)
{
	bool wide = t->ptr_bytes == 8;
	struct sb head = sb_new(a), text = sb_new(a);
	sb_printf(&head, "%*s", (int)o->indent, "");
	sb_printf(&text, "%*s", (int)o->indent, "");
	if (o->numbers) {
		sb_add(&head, " # ");
		sb_add(&text, "{frame:2} ");
	}
	if (o->distance) {
		sb_add(&head, "  Memory  ");
		sb_add(&text, "{?memory {memory:_8}}{!memory         }  ");
	}
	bool sp = o->form == STACK_PLAIN || o->form == STACK_VERBOSE || (o->form == STACK_ARGS && !wide);
	bool args = o->form == STACK_ARGS || o->form == STACK_VERBOSE;
	if (sp) {
		sb_add(&head, wide ? "Child-SP          " : "ChildEBP ");
		sb_add(&text, wide ? "{!inline {child_sp}}{?inline (Inline Function)} "
				   : "{!inline {child_sp}}{?inline (Inline)} ");
	}
	if (o->form != STACK_CALLS) {
		sb_add(&head, wide ? "RetAddr               " : "RetAddr      ");
		// The debugger writes 0 for what it could not read.
		sb_add(&text, wide ? "{!inline {show_ret}}{?inline --------`--------}     "
				   : "{!inline {show_ret}}{?inline --------}     ");
	}
	if (args && wide) {
		sb_printf(&head, ": %-71s : ", "Args to Child");
		sb_add(&text, ": {!inline {show_args:16}}{?inline --------`-------- --------`-------- "
			      "--------`-------- --------`--------} : ");
	} else if (args) {
		sb_add(&head, "Args to Child              ");
		sb_add(&text, "{!inline {show_args:8}}{?inline -------- -------- --------} ");
	}
	if (wide || o->form == STACK_CALLS)
		sb_add(&head, "Call Site");
	sb_add(&text, o->form == STACK_CALLS ? "{function}" : "{?shown {shown}}{!shown {site}}");
	sb_add(&text, "{?show_trap_frame  (TrapFrame @ {show_trap_frame})}");
	sb_add(&text, "{?show_trust   [{show_trust}]}{?show_file  [{show_file} @ {line}] }");
	return (struct layout){ o->heading ? sb_str(&head) : NULL, sb_str(&text) };
}

static void warn(struct doc *out, const struct frame *f, const struct frame *before)
{
	if (before && before->no_unwind_data)
		doc_note(out, NOTE_WARNING, "stack.no_unwind_data",
			 "WARNING: Stack unwind information not available. Following frames may be wrong.");
	else if (before && f->not_in_module)
		doc_note(out, NOTE_WARNING, "stack.not_in_module",
			 "WARNING: Frame IP not in any known module. Following frames may be wrong.");
}

static const char *symbols_of(const struct frame *f)
{
	static const char *const names[] = {
		[SYM_EXPORT] = "export", [SYM_PUBLIC] = "public",     [SYM_PRIVATE] = "private",
		[SYM_COFF] = "coff",     [SYM_DWARF] = "dwarf",       [SYM_PACK] = "pack",
		[SYM_ISF] = "isf",       [SYM_BREAKPAD] = "breakpad",
	};
	enum sym_state state = f->module ? sym_module_state(f->module) : SYM_NONE;
	return state < ARRAY_LEN(names) ? names[state] : NULL;
}

void emit_stack(struct session *s, struct call *c, struct doc *out, const struct stack *st,
		const struct stack_options *o)
{
	const struct target *t = s->target;
	struct layout *layout = NEW(c->a, struct layout);
	*layout = make_layout(c->a, t, o);
	bool warned = false;
	for (size_t i = 0; i < st->n; i++) {
		const struct frame *f = &st->frames[i], *before = i ? f - 1 : NULL;
		if (!warned && before && (before->no_unwind_data || f->not_in_module)) {
			warn(out, f, before); // once: everything below is marked frame by frame in `trust`
			warned = true;
		}
		struct val args[MOST_ARGS], shown[MOST_ARGS];
		size_t n = frame_args(t, f, args);
		for (size_t k = 0; k < n; k++)
			shown[k] = args[k].absent ? V(0) : args[k];
		va_t sp = t->machine == MACHINE_X86 ? f->fp : f->sp;
		bool real = !f->inline_depth;
		const struct val v[] = { V(o->first + i),
					 V_IF(before != NULL, f->sp - (before ? before->sp : 0)),
					 V_IF(real, sp),
					 V_IF(real && f->ret_known, f->ret),
					 VL(args, real ? n : 0),
					 VS(f->symbol),
					 VS(f->function),
					 V(f->ip),
					 VS(f->module ? f->module->name : NULL),
					 VS(symbols_of(f)),
					 VS(trust_name(f->trust)),
					 VS(o->trust ? trust_name(f->trust) : NULL),
					 VS(f->file),
					 V_IF(f->file != NULL, f->line),
					 V_IF(!real, f->inline_depth),
					 VS(o->lines ? f->file : NULL),
					 VS(o->params ? frame_parameters(s, c->a, f, o->params == STACK_PARAM_LINES)
						      : NULL),
					 V_IF(f->trap_frame != 0, f->trap_frame),
					 V_IF(f->trap_frame && o->traps, f->trap_frame),
					 VS(f->module ? f->module->mismatch : NULL),
					 V_IF(real, f->ret_known ? f->ret : 0),
					 VL(shown, real ? n : 0) };
		_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(stack_frame_fields), "stack_frame: wrong arity");
		doc_row(out, &row_stack_frame, layout, v, false);
	}
	if (st->end_note)
		doc_note(out, NOTE_INFO, "stack.end", "%s", st->end_note);
}

// kd: raw stack words with the symbols they hit.
SCHEMA(stack_word, "A pointer-sized word of the stack", NULL, "{address}  {value}{?symbol  {symbol}}",
       { "address", R_PTR, "where the word lies" }, { "value", R_PTR, "the word; null when unreadable" },
       { "symbol", R_SYM, "what it points at, when that has a name" });

static err_t raw_words(struct session *s, struct call *c, struct doc *out)
{
	const struct target *t = s->target;
	const struct regs *r;
	uint64_t count = 20;
	TRY(session_regs(s, &r));
	if (!arg_end(c))
		TRY(arg_expr(c, &count));
	TRY(arg_done(c));
	va_t sp = reg_get(r, reg_sp(t->machine));
	for (uint64_t i = 0; i < MIN(count, (uint64_t)LIMIT_FRAMES); i++) {
		uint64_t v = 0;
		va_t at = sp + i * t->ptr_bytes;
		TRY(session_poll(s));
		bool got = space_ptr(t->space, at, t->ptr_bytes, &v);
		ROW(out, stack_word, V(at), V_IF(got, v), VS(got ? sym_text(s->target, c->a, v) : NULL));
	}
	return ok();
}

// "= sp", "= sp ip" (x86: "= ebp esp eip"), then the count.
static err_t explicit_registers(struct session *s, struct call *c, struct regs *r)
{
	arg_blanks(c);
	if (*c->p != '=')
		return ok();
	c->p++;
	uint16_t m = s->target->machine;
	const unsigned wide[] = { reg_sp(m), reg_pc(m) }, x86[] = { X64_RBP, X64_RSP, X64_RIP };
	const unsigned *order = m == MACHINE_X86 ? x86 : wide;
	size_t n = m == MACHINE_X86 ? ARRAY_LEN(x86) : ARRAY_LEN(wide);
	for (size_t i = 0; i < n && !arg_end(c); i++) {
		uint64_t v;
		TRY(arg_expr(c, &v));
		reg_set(r, order[i], v);
	}
	return ok();
}

static struct stack_options options_of(const struct call *c, const struct session *s)
{
	struct stack_options o = { .form = STACK_PLAIN, .numbers = true, .heading = true, .trust = s->dbg->show_trust };
	if (call_flag(c, 'b'))
		o.form = STACK_ARGS;
	if (call_flag(c, 'v'))
		o.form = STACK_VERBOSE;
	if (call_flag(c, 'c'))
		o.form = STACK_CALLS;
	o.traps = o.form == STACK_VERBOSE;
	o.distance = call_flag(c, 'f');
	o.params = call_flag(c, 'P') ? STACK_PARAM_LINES : call_flag(c, 'p') ? STACK_PARAMS : STACK_NO_PARAMS;
	o.lines = (s->target->symbol_options & SYMOPT_LOAD_LINES) && !call_flag(c, 'L') && o.form != STACK_CALLS;
	return o;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	if (call_flag(c, 'd'))
		return raw_words(s, c, out);
	struct regs start;
	uint64_t count = s->dbg->kframes;
	struct stack_options o = options_of(c, s);
	o.trust = arg_switch(c, "-trust") || o.trust;
	TRY(session_known_regs(s, &start));
	TRY(explicit_registers(s, c, &start));
	arg_blanks(c);
	if ((*c->p == 'L' || *c->p == 'l') && c->p[1])
		c->p++;
	if (!arg_end(c))
		TRY(arg_expr(c, &count));
	TRY(arg_done(c));
	if (!count || count > LIMIT_FRAMES)
		return usage(c, "Range error: 1 to %x frames can be asked for", LIMIT_FRAMES);
	const struct thread *th = s->thread < s->target->n_threads ? &s->target->threads[s->thread] : NULL;
	struct stack st;
	TRY(stack_walk(s, th, &start, (size_t)count, c->a, &st));
	if (s->regs_set)
		doc_note(out, NOTE_INFO, "stack.set_context",
			 "  *** Stack trace for last set context - .thread/.cxr resets it");
	if (!s->no_inlines)
		stack_inlines(s, c->a, &st, (size_t)count, &st);
	emit_stack(s, c, out, &st, &o);
	return ok();
}

static const struct schema *const rows[] = { &row_stack_frame, &stack_word, NULL };
const struct cmd cmd_k = {
	.names = "k",
	.flags = "bcdfLMnpPv",
	.group = "Threads and stacks",
	.args = "[-trust] [= sp [ip]] [count]",
	.summary = "Display the stack backtrace",
	.help = "k     Child-SP, RetAddr, Call Site\n"
		"kb    with the first argument words\n"
		"kv    with Child-SP and argument words, and the trap frames of kernel stacks\n"
		"kc    call sites only\n"
		"kn    the same as k: frames are always numbered\n"
		"kf    with the distance between frames\n"
		"kL    without source files and lines\n"
		"kp    with the parameters of functions and their values, where the symbols record them\n"
		"kP    the same, each on a line of its own\n"
		"kd    raw stack words with symbols\n"
		"k -trust  says of each frame how it was found: context, unwind (unwind data), trap_frame (saved by "
		"the\n"
		"          kernel), code (its own instructions); x86: frame_data, fpo (records of the PDB); x64 "
		"without\n"
		"          unwind data: frame_proc (sizes in the PDB); frame_pointer, scan\n",
	.run = run,
	.rows = rows,
};
