// SPDX-License-Identifier: Apache-2.0
// analyze.c: !analyze: the verdict in the debugger's layout. Order and spacing of the fields: public output of
// the 10.0.2xxxx debuggers.
#include "cmd/analyze.h"
#include "base/limits.h"
#include "cmd/source.h"

#include "target/system.h"
#include "verdict/bugcheck.h"
#include "verdict/kernel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const struct cmd cmd_analyze;

SCHEMA(analysis, "The verdict, as typed fields", NULL, NULL, { "summary", R_STR, "one sentence" },
       { "has_exception", R_BOOL, "false: the dump was taken without one" },
       { "code", R_HEX, "exception code; null without an exception" },
       { "code_name", R_STR, "its name; null when it has none" },
       { "problem_class", R_STR, "NULL_POINTER_READ, STACK_OVERFLOW, ..." },
       { "address", R_PTR, "of the faulting instruction" },
       { "op", R_STR, "read, write, execute; null when it was no memory access" },
       { "fault_address", R_PTR, "the address that was accessed; null when there is none" },
       { "fail_fast", R_STR, "name of the fail-fast code; null without one" },
       { "thread", R_DEC, "the debugger's thread number; null when the thread is not in the dump" },
       { "tid", R_HEX, "thread id" }, { "event_context", R_BOOL, "the registers are the exception's own" },
       { "context_doubt", R_STR, "why the registers may be the wrong ones; null: no doubt" },
       { "process", R_STR, "file name of the program" },
       { "blamed_frame", R_DEC, "index into the stack frames; null: nobody is blamed" },
       { "module", R_STR, "blamed module" }, { "image", R_STR, "its file name" }, { "symbol", R_SYM, "blamed place" },
       { "function", R_STR, "blamed function; null when no name is certain" },
       { "function_offset", R_HEX, "of the place in the function; null without one" },
       { "confidence", R_STR, "none, low, medium, high" }, { "why", R_STR, "why this module, or why none" },
       { "bucket", R_STR, "FAILURE_BUCKET_ID" }, { "hash", R_STR, "FAILURE_ID_HASH" },
       { "stack_command", R_CMD, "shows the stack that was analysed" });
SCHEMA(analysis_key, "A key of KEY_VALUES_STRING", NULL, "    Key  : {key}\n    Value: {value}\n",
       { "key", R_STR, "name" }, { "value", R_STR, "value" });
SCHEMA(analysis_field, "A named field of the analysis", NULL, "{name}:  {value}\n", { "name", R_STR, "name" },
       { "value", R_STR, "value, as text" });
static const struct layout one_blank = { NULL, "{name}: {value}\n" };
SCHEMA(code_meaning, "What an exception or status code means", NULL,
       "{code:8}{?name  - {name}}{?text \n{text}}{!text \n<Unable to get error code text>}",
       { "code", R_HEX, "the code" }, { "name", R_STR, "name of the exception; null when it has none" },
       { "text", R_STR, "message text; null when it is not known here" });

const char *confidence_name(unsigned confidence)
{
	static const char *const names[] = { "none", "low", "medium", "high" };
	return confidence < ARRAY_LEN(names) ? names[confidence] : "none";
}

const char *fault_op_name(unsigned op)
{
	static const char *const names[] = { NULL, "read", "write", "execute" };
	return op < ARRAY_LEN(names) ? names[op] : NULL;
}

void emit_analysis(struct session *s, const struct verdict *v, struct doc *out)
{
	const struct target *t = s->target;
	bool blamed = v->blamed_frame != SIZE_MAX;
	ROW(out, analysis, VS(v->summary), V(v->has_exception), V_IF(v->has_exception, v->code),
	    VS(v->has_exception ? v->code_name : NULL), VS(v->problem_class), V(v->address), VS(fault_op_name(v->op)),
	    V_IF(v->has_fault_address, v->fault_address), VS(v->fail_fast_name),
	    V_IF(v->thread, v->thread ? v->thread->index : 0), V(v->thread ? v->thread->tid : t->user->exception.tid),
	    V(v->event_context), VS(v->context_doubt), VS(t->process_name), V_IF(blamed, v->blamed_frame),
	    VS(v->module_name), VS(v->image_name), VS(v->symbol_name), VS(v->function),
	    V_IF(v->function, v->function_offset), VS(confidence_name(v->confidence)), VS(v->why), VS(v->bucket),
	    VS(v->hash), VS(v->stack_command));
}

void analysis_line(struct doc *out, const char *name, const char *value, bool one)
{
	if (value && one)
		ROW_AS(out, analysis_field, &one_blank, VS(name), VS(value));
	else if (value)
		ROW(out, analysis_field, VS(name), VS(value));
}

void analysis_key_row(struct doc *out, const char *name, const char *value)
{
	if (value)
		ROW(out, analysis_key, VS(name), VS(value));
}

struct analyze {
	struct session *s;
	struct call *c;
	struct doc *out;
	const struct verdict *v;
};

static void field(const struct analyze *z, const char *name, const char *value)
{
	analysis_line(z->out, name, value, false);
}

static const char *pointer(const struct analyze *z, va_t va)
{
	return arena_printf(z->c->a, "%0*" PRIx64, (int)z->s->target->ptr_bytes * 2, va);
}

// "22621.1.amd64fre.ni_release.220506-1250" and "10.0.19041.1 (vb_release.191206-1406)": the branch.
const char *analysis_branch(struct target *t, struct arena *a)
{
	const char *lab = system_build_lab(t, a);
	const char *p = lab ? strstr(lab, "fre.") : NULL;
	if (lab && !p)
		p = strstr(lab, "chk.");
	p = p ? p + 4 : lab ? strchr(lab, '(') : NULL;
	if (!p)
		return NULL;
	p += *p == '(';
	size_t n = strcspn(p, ".)");
	return n ? arena_strndup(a, p, n) : NULL;
}

// ---- KEY_VALUES_STRING
static void key(const struct analyze *z, const char *name, const char *value)
{
	analysis_key_row(z->out, name, value);
}

static void emit_keys(const struct analyze *z)
{
	const struct verdict *v = z->v;
	static const char *const faults[] = { NULL, "Read", "Write", "Execute" };
	const struct dump_user *u = z->s->target->user;
	doc_text(z->out, "KEY_VALUES_STRING: 1");
	doc_text(z->out, "");
	if (str_starts(v->problem_class, "NULL_CLASS_PTR"))
		key(z, "AV.Dereference", "NullClassPtr");
	else if (str_starts(v->problem_class, "NULL_POINTER"))
		key(z, "AV.Dereference", "NullPtr");
	if (v->code == 0xc0000005)
		key(z, "AV.Fault", faults[v->op]);
	if (v->has_exception && v->code == 0xc0000409 && u->exception.n_params) {
		key(z, "FailFast.Name", v->fail_fast_name);
		key(z, "FailFast.Type", arena_printf(z->c->a, "%" PRIu64, u->exception.params[0]));
	}
	key(z, "Failure.Bucket", v->bucket);
	key(z, "Failure.Hash", v->hash);
	if ((u->misc.flags & MISC_TIMES) && u->misc.create_time && u->timestamp >= u->misc.create_time)
		key(z, "Timeline.Process.Start.DeltaSec",
		    arena_printf(z->c->a, "%" PRIu32, u->timestamp - u->misc.create_time));
	key(z, "WER.OS.Branch", analysis_branch(z->s->target, z->c->a));
	key(z, "WER.OS.Version", u->system.present ? system_version(z->s->target, z->c->a) : NULL);
	doc_text(z->out, "");
}

// ---- what the dump says of the process
static void emit_process(const struct analyze *z)
{
	const struct dump_user *u = z->s->target->user;
	enum { VERIFIER_OR_PAGE_HEAP = 0x02000100 };
	field(z, "FILE_IN_CAB", path_base(z->s->target->path));
	field(z, "COMMENT", u->comment_w && *u->comment_w ? u->comment_w : u->comment_a);
	if (!z->v->global_flag_known)
		return;
	field(z, "NTGLOBALFLAG", arena_printf(z->c->a, "%" PRIx32, z->v->global_flag));
	if (z->v->global_flag & VERIFIER_OR_PAGE_HEAP)
		doc_note(z->out, NOTE_INFO, "analyze.verifier_flags",
			 "not supported: APPLICATION_VERIFIER_FLAGS while the verifier or page heap is on\n");
	else
		field(z, "APPLICATION_VERIFIER_FLAGS", "0");
}

// ---- the exception
static void emit_context(const struct analyze *z)
{
	if (!z->v->regs_known)
		return;
	doc_text(z->out, z->v->event_context ? "CONTEXT:  (.ecxr)" : "CONTEXT:  (of the thread)");
	emit_regs(z->s, z->c, z->out, &z->v->regs);
	doc_text(z->out, "Resetting default scope");
	doc_text(z->out, "");
}

static void emit_record(const struct analyze *z)
{
	const struct dump_exception *x = &z->s->target->user->exception;
	doc_text(z->out, "EXCEPTION_RECORD:  (.exr -1)");
	emit_exception_record(z->s, z->c, z->out, x);
	doc_text(z->out, "");
}

static void emit_fault_address(const struct analyze *z)
{
	const struct verdict *v = z->v;
	struct arena *a = z->c->a;
	if (v->has_fault_address && (v->op == FAULT_READ || v->op == FAULT_WRITE))
		field(z, v->op == FAULT_READ ? "READ_ADDRESS" : "WRITE_ADDRESS",
		      arena_printf(a, "%s ", pointer(z, v->fault_address)));
	if (v->has_fault_address && v->op == FAULT_EXECUTE)
		ROW_AS(z->out, analysis_field, &one_blank, VS("EXECUTE_ADDRESS"),
		       VS(arena_printf(a, "%" PRIx64, v->fault_address)));
	bool bad_instruction = v->op == FAULT_EXECUTE || v->code == 0xc000001d || v->code == 0xc0000096;
	if (!bad_instruction || !v->regs_known)
		return;
	va_t ip = reg_get(&v->regs, reg_pc(z->s->target->machine));
	const char *name = sym_text(z->s->target, a, ip);
	doc_text(z->out, "FAILED_INSTRUCTION_ADDRESS: ");
	doc_text(z->out, name ? name : "+0");
	emit_insn(z->s, z->c, z->out, ip, &v->regs, false, false);
	doc_text(z->out, "");
}

static void emit_code(const struct analyze *z)
{
	const struct dump_exception *x = &z->s->target->user->exception;
	struct arena *a = z->c->a;
	enum { SHOWN_PARAMETERS = 4 };
	const char *text = ntstatus_text(x->code);
	ROW_AS(z->out, analysis_field, &one_blank, VS("ERROR_CODE"),
	       VS(arena_printf(a, "(NTSTATUS) 0x%" PRIx32 " - %s", x->code,
			       text ? text : "<Unable to get error code text>")));
	field(z, "EXCEPTION_CODE_STR", arena_printf(a, "%" PRIx32, x->code));
	for (uint32_t i = 0; i < MIN(x->n_params, (uint32_t)SHOWN_PARAMETERS); i++) {
		uint64_t p = z->s->target->ptr_bytes == 4 ? x->params[i] & UINT32_MAX : x->params[i];
		field(z, arena_printf(a, "EXCEPTION_PARAMETER%" PRIu32, i + 1), pointer(z, p));
	}
}

static void emit_ip_on_heap(const struct analyze *z)
{
	const struct target *t = z->s->target;
	va_t ip = z->v->regs_known ? reg_get(&z->v->regs, reg_pc(t->machine)) : 0;
	if (ip < 0x10000 || target_module_at(t, ip) || target_unloaded_at(t, ip))
		return;
	field(z, "IP_ON_HEAP",
	      arena_printf(z->c->a,
			   "%s\nThe fault address in not in any loaded module, please check your build's rebase\n"
			   "log at <releasedir>\\bin\\build_logs\\timebuild\\ntrebase.log for module which may\n"
			   "contain the address if it were loaded.",
			   pointer(z, ip)));
}

static void emit_exception(const struct analyze *z)
{
	if (z->s->target->wow64)
		doc_note(z->out, NOTE_WARNING, "analyze.wow64",
			 "not supported: the 32-bit side of a WOW64 process in a 64-bit dump; this is its 64-bit "
			 "side\n");
	if (!z->v->has_exception) {
		doc_note(z->out, NOTE_INFO, "analyze.no_exception",
			 "No exception is stored in this dump: thread %zu is analysed as it was.\n",
			 z->v->thread ? z->v->thread->index : 0);
		field(z, "PROCESS_NAME", z->s->target->process_name);
		return;
	}
	emit_context(z);
	emit_record(z);
	field(z, "PROCESS_NAME", z->s->target->process_name);
	emit_fault_address(z);
	emit_code(z);
	if (z->v->code == 0xc0000374)
		doc_note(z->out, NOTE_INFO, "analyze.heap_failure",
			 "not supported: the kind of heap damage (ntdll!RtlpHeapFailureInfo) needs ntdll's PDB\n");
	emit_ip_on_heap(z);
}

// ---- the stack
// A recursion that ran out of stack repeats its frames: where a period shows three times, it is cut after the
// second.
static size_t until_repeated(const struct stack *st)
{
	enum { LONGEST_PERIOD = 16 };
	for (size_t i = 0; i < st->n; i++) {
		for (size_t period = 1; period <= LONGEST_PERIOD && i + 3 * period <= st->n; period++) {
			size_t k = 0;
			while (k < 2 * period && st->frames[i + k].ip == st->frames[i + k + period].ip)
				k++;
			if (k == 2 * period)
				return i + 2 * period;
		}
	}
	return st->n;
}

void analysis_stack(struct session *s, struct call *c, struct doc *out, const struct verdict *v)
{
	static const struct stack_options options = { .form = STACK_VERBOSE, .lines = true };
	struct stack st = v->stack;
	size_t shown = str_starts(v->problem_class, "STACK_OVERFLOW") ? until_repeated(&st) : st.n;
	bool cut = shown < st.n;
	st.n = shown;
	st.end_note = cut ? "the frames above repeat from here on" : st.end_note;
	doc_text(out, "STACK_TEXT:  ");
	if (st.n) {
		stack_inlines(s, c->a, &st, LIMIT_FRAMES, &st);
		emit_stack(s, c, out, &st, &options);
	}
	if (v->stack_note)
		doc_note(out, NOTE_WARNING, "analyze.no_stack", "%s", v->stack_note);
	doc_text(out, "");
	doc_text(out, "");
}

// ---- the source line
static void emit_source_code(struct session *s, struct call *c, struct doc *out, const struct sym_line *l)
{
	const char *path;
	struct source_file f;
	uint32_t first = l->line > SOURCE_BEFORE ? l->line - SOURCE_BEFORE : 1;
	if (!l->line || source_locate(s, c, out, l->file, false, &path).code || source_open(c->a, path, &f).code)
		return;
	bool there = source_line(c->a, &f, first) != NULL; // else it is another version of the file
	source_close(&f);
	if (!there)
		return;
	doc_text(out, "FAULTING_SOURCE_CODE:  ");
	err_t e = emit_source_lines(s, c, out, path, first, l->line + SOURCE_AFTER, l->line, NULL);
	if (e.code)
		doc_note(out, NOTE_WARNING, "analyze.source", "%s",
			 e.what ? e.what : "the source file is not readable");
	doc_text(out, "");
	doc_text(out, "");
}

// Of the blamed frame. WinDbg takes the line of a caller's return address, not that of the call.
void analysis_source(struct session *s, struct call *c, struct doc *out, const struct verdict *v)
{
	struct sym_line l;
	if (v->blamed_frame >= v->stack.n || !sym_line_at(s->target, v->stack.frames[v->blamed_frame].ip, &l))
		return;
	analysis_line(out, "FAULTING_SOURCE_LINE", l.file, false);
	analysis_line(out, "FAULTING_SOURCE_FILE", l.file, false);
	analysis_line(out, "FAULTING_SOURCE_LINE_NUMBER", arena_printf(c->a, "%u", (unsigned)l.line), false);
	emit_source_code(s, c, out, &l);
}

// ---- blame
static void emit_blame(const struct analyze *z)
{
	const struct verdict *v = z->v;
	field(z, "SYMBOL_NAME", v->symbol_name);
	ROW_AS(z->out, analysis_field, &one_blank, VS("MODULE_NAME"), VS(v->module_name));
	field(z, "IMAGE_NAME", v->image_name);
}

static void emit_system_fields(const struct analyze *z)
{
	struct target *t = z->s->target;
	const struct module *m = z->v->module;
	if (t->user->system.present) {
		field(z, "OS_VERSION", system_version(t, z->c->a));
		field(z, "BUILDLAB_STR", analysis_branch(z->s->target, z->c->a));
		field(z, "OSPLATFORM_TYPE", system_platform(t));
		field(z, "OSNAME", system_name(t));
	}
	if (m && m->facts->has_version) {
		const uint32_t *f = m->facts->fixed;
		field(z, "IMAGE_VERSION",
		      arena_printf(z->c->a, "%u.%u.%u.%u", f[2] >> 16, f[2] & 0xffff, f[3] >> 16, f[3] & 0xffff));
	}
}

// What releases before 2019 printed as well.
static void emit_old_fields(const struct analyze *z)
{
	const struct verdict *v = z->v;
	struct arena *a = z->c->a;
	field(z, "DEFAULT_BUCKET_ID", v->problem_class);
	field(z, "PRIMARY_PROBLEM_CLASS", v->problem_class);
	field(z, "BUGCHECK_STR", arena_printf(a, "APPLICATION_FAULT_%s", v->problem_class));
	if (v->stack.n && v->stack.frames[0].ret_known)
		field(z, "LAST_CONTROL_TRANSFER",
		      arena_printf(a, "from %s to %s", pointer(z, v->stack.frames[0].ret),
				   pointer(z, v->stack.frames[0].ip)));
	field(z, "FAILURE_EXCEPTION_CODE", v->has_exception ? v->code_text : NULL);
	field(z, "FAILURE_IMAGE_NAME", v->image_name);
	field(z, "FAILURE_FUNCTION_NAME", v->function);
	field(z, "FAILURE_SYMBOL_NAME", v->symbol_name);
	if (v->module)
		field(z, "DEBUG_FLR_IMAGE_TIMESTAMP", arena_printf(a, "%" PRIx32, v->module->timestamp));
	char *lower = arena_printf(a, "um:%s", v->bucket);
	for (char *p = lower; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p);
	field(z, "FAILURE_ID_HASH_STRING", lower);
}

void analysis_banner(struct doc *out, const char *what)
{
	char line[80];
	static const char stars[] = "*******************************************************************************";
	doc_text(out, stars);
	doc_text(out, "*                                                                             *");
	snprintf(line, sizeof(line), "*                        %-53s*", what);
	doc_text(out, line);
	doc_text(out, "*                                                                             *");
	doc_text(out, stars);
	doc_text(out, "");
}

static void emit_verbose(const struct analyze *z, unsigned level)
{
	const struct verdict *v = z->v;
	emit_keys(z);
	emit_process(z);
	emit_exception(z);
	if (v->confidence < VERDICT_HIGH)
		field(z, "ADDITIONAL_DEBUG_TEXT",
		      arena_printf(z->c->a, "Confidence in the blame: %s: %s", confidence_name(v->confidence), v->why));
	uint32_t tid = v->thread ? v->thread->tid : z->s->target->user->exception.tid;
	field(z, "FAULTING_THREAD", arena_printf(z->c->a, "%08" PRIx32, tid));
	analysis_stack(z->s, z->c, z->out, v);
	analysis_source(z->s, z->c, z->out, v);
	emit_blame(z);
	field(z, "STACK_COMMAND", v->stack_command);
	field(z, "FAILURE_BUCKET_ID", v->bucket);
	emit_system_fields(z);
	field(z, "FAILURE_ID_HASH", v->hash);
	if (level >= 2)
		emit_old_fields(z);
}

static void emit_brief(const struct analyze *z)
{
	field(z, "PROCESS_NAME", z->s->target->process_name);
	emit_blame(z);
	field(z, "FAILURE_BUCKET_ID", z->v->bucket);
	field(z, "FAILURE_ID_HASH", z->v->hash);
}

// ---- the command
struct analyze_options {
	bool verbose, show;
	unsigned level; // of -vN
	uint64_t code;  // of -show
	bool has_code, kernel;
	uint64_t params[4];
	unsigned n_params;
};

static err_t parse_show(struct call *c, struct analyze_options *o)
{
	o->show = true;
	if (arg_end(c))
		return o->kernel ? ok() : usage(c, "!analyze -show wants a code");
	o->has_code = true;
	TRY(arg_expr(c, &o->code));
	while (!arg_end(c) && o->n_params < 4)
		TRY(arg_expr(c, &o->params[o->n_params++]));
	return arg_done(c);
}

static err_t parse(struct call *c, struct analyze_options *o)
{
	while (!arg_end(c)) {
		arg_blanks(c);
		if (arg_switch(c, "-show")) {
			return parse_show(c, o);
		}
		const char *w = arg_word(c);
		char *end;
		if (str_eq(w, "-f")) {
			continue; // analyse even if there is no exception: always done
		} else if (str_eq(w, "-vv")) {
			o->verbose = true;
			o->level = 99;
		} else if (str_starts(w, "-v")) {
			unsigned long n = strtoul(w + 2, &end, 10);
			if (*end || n > 99)
				return usage(c, "-v takes a level from 0 to 99, not '%s'", w + 2);
			o->verbose = true;
			o->level = (unsigned)n;
		} else if (str_eq(w, "-hang") || str_eq(w, "-xml") || str_eq(w, "-c")) {
			return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: !analyze %s", w);
		} else {
			return usage(c, "unknown option of !analyze: '%s'", w);
		}
	}
	return ok();
}

static err_t show_code(struct call *c, struct doc *out, const struct analyze_options *o)
{
	uint64_t code = o->code;
	if (code > UINT32_MAX && code < UINT64_MAX - UINT32_MAX) // codes are written sign-extended too
		return usage(c, "not an exception or status code: %" PRIx64, code);
	const char *name = exception_name((uint32_t)code), *text = ntstatus_text((uint32_t)code);
	uint32_t stop = (uint32_t)code & ~0x10000000u;
	bool mini = (uint32_t)code & 0x10000000;
	const char *bugcheck = bugcheck_name(mini ? stop : (uint32_t)code, mini);
	if (bugcheck && !name && (o->kernel || code < 0x40000000)) {
		bugcheck_show(c, out, mini ? stop : (uint32_t)code, mini, o->params, o->n_params, 16);
		return ok();
	}
	ROW(out, code_meaning, V((uint32_t)code), VS(name), VS(text));
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct analyze_options o = { .kernel = s->target->kernel != NULL };
	struct analyze z = { .s = s, .c = c, .out = out };
	TRY(parse(c, &o));
	if (o.show && o.has_code)
		return show_code(c, out, &o);
	TRY(verdict_get(s, &z.v));
	if (o.show) {
		const struct kernel_verdict *k = z.v->kernel;
		bugcheck_show(c, out, k->code, k->mini, k->params, 4, s->target->ptr_bytes * 2);
		return ok();
	}
	if (z.v->kernel) {
		analyze_kernel(s, c, out, z.v, o.verbose);
		return ok();
	}
	analysis_banner(out, "Exception Analysis");
	doc_text(out, "");
	emit_analysis(s, z.v, out);
	if (o.verbose)
		emit_verbose(&z, o.level);
	else
		emit_brief(&z);
	doc_text(out, "Followup:     MachineOwner");
	doc_text(out, "---------");
	return ok();
}

static const struct schema *const rows[] = { &analysis,
					     &analysis_key,
					     &analysis_field,
					     &code_meaning,
					     &row_registers_x64,
					     &row_registers_x86,
					     &row_registers_arm64,
					     &row_code_location,
					     &row_insn,
					     &row_source_text,
					     &row_stack_frame,
					     &row_exception_record,
					     &row_bugcheck_analysis,
					     &row_bugcheck_text,
					     &row_bugcheck_argument,
					     &row_bugcheck_reason,
					     NULL };
const struct cmd cmd_analyze = {
	.names = "!analyze",
	.group = "Analysis",
	.args = "[-v[level] | -vv] [-f] | -show [code [p1 p2 p3 p4]]",
	.summary = "Say what happened and whom to ask",
	.help = "!analyze         the verdict in short\n"
		"!analyze -v      with registers, exception, stack and system\n"
		"!analyze -v2     and the fields of older releases (-v99, -vv too)\n"
		"!analyze -show c0000374   what a code means; -show d1 8 2 0 fffff8010000 of a bug check\n"
		"A function is named only when that is certain; ADDITIONAL_DEBUG_TEXT says how sure the blame is.\n"
		"not supported: -hang, -xml, -c\n",
	.run = run,
	.rows = rows,
};
