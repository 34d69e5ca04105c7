// SPDX-License-Identifier: Apache-2.0
// report_json.c: the report as a document for programs. Names of rust-minidump's json-schema.md where it has the
// thing; what it does not have is added. A function is named only when that is certain (`symbol` is the
// debugger's text, which is not).
#include "front/report_int.h"
#include "target/kernel.h"
#include "target/system.h"
#include "verdict/kernel.h"

#include <inttypes.h>

SCHEMA(report_status, "State of the report", NULL, NULL,
       { "status", R_STR, "OK; anything else: what stands in the way" }, { "pid", R_DEC, "process id" },
       { "thread_count", R_DEC, "threads in the dump" }, { "main_module", R_DEC, "index into modules" },
       { "dump_format", R_STR, "minidump" }, { "dump_time", R_DEC, "seconds since 1970, UTC" },
       { "truncated", R_BOOL, "the file ends before its own table says" });
SCHEMA(report_system, "The machine", NULL, NULL, { "os", R_STR, "Windows NT" },
       { "os_ver", R_STR, "major.minor.build[.revision]" }, { "os_name", R_STR, "the debugger's name: Windows 10" },
       { "build_lab", R_STR, "build string; null when not recorded" }, { "cpu_arch", R_STR, "amd64, x86, arm64" },
       { "cpu_count", R_DEC, "processors" }, { "cpu_info", R_STR, "family, model and stepping" });
SCHEMA(report_crash, "The crash; all null when the dump was taken without one", NULL, NULL,
       { "type", R_STR, "EXCEPTION_ACCESS_VIOLATION_READ, ...; a hex code when it has no name" },
       { "address", R_PTR, "what was accessed, for memory faults; else of the instruction" },
       { "instruction_address", R_PTR, "of the faulting instruction" }, { "code", R_HEX, "exception code" },
       { "crashing_thread", R_DEC, "index into threads; null: not in the dump" },
       { "assertion", R_STR, "text of a failed assertion, when the writer left one" });
SCHEMA(report_verdict, "Who is blamed, and how sure that is", NULL, NULL, { "summary", R_STR, "one sentence" },
       { "problem_class", R_STR, "NULL_POINTER_READ, STACK_OVERFLOW, ..." },
       { "fail_fast", R_STR, "name of the fail-fast code" }, { "thread", R_DEC, "index into threads" },
       { "frame", R_DEC, "index into crashing_thread.frames; null: nobody is blamed" },
       { "module", R_STR, "debugger's name" }, { "image", R_STR, "file name" },
       { "function", R_STR, "null when no name is certain" }, { "symbol", R_SYM, "place" },
       { "confidence", R_STR, "none, low, medium, high" }, { "why", R_STR, "why this module, or why none" },
       { "context_doubt", R_STR, "why the registers may be the wrong ones; null: no doubt" },
       { "bucket", R_STR, "FAILURE_BUCKET_ID" }, { "hash", R_STR, "FAILURE_ID_HASH" },
       { "stack_command", R_CMD, "shows the stack" });
SCHEMA(report_reason, "A sentence of the argument", NULL, NULL, { "text", R_STR, "the sentence" },
       { "command", R_CMD, "shows it; null when none does" });
SCHEMA(report_thread, "A thread", NULL, NULL, { "threads_index", R_DEC, "the debugger's number" },
       { "thread_id", R_DEC, "thread id" }, { "thread_name", R_STR, "null when none is recorded" },
       { "frame_count", R_DEC, "frames in `frames`" },
       { "stack_note", R_STR, "why the stack ends early, or is missing; null: it is whole" });
SCHEMA(report_stack_frame, "A stack frame", NULL, NULL, { "frame", R_DEC, "0 is the innermost" },
       { "module", R_STR, "file name; null when the address is in none" },
       { "function", R_STR, "null when no name is certain" }, { "file", R_STR, "source file" },
       { "line", R_DEC, "source line" }, { "offset", R_PTR, "instruction pointer" },
       { "module_offset", R_PTR, "from the module's base" }, { "function_offset", R_PTR, "from the function's start" },
       { "trust", R_STR, "context, unwind, frame_pointer, scan: how it was found" },
       { "symbol", R_SYM, "as k shows it: nearest symbol, certain or not" },
       { "mismatch", R_STR, "why the module's symbols may be another build's; null: they match, or there are none" });
SCHEMA(report_module, "A loaded module", NULL, NULL, { "base_addr", R_PTR, "first address" },
       { "end_addr", R_PTR, "address behind it" }, { "filename", R_STR, "file name" },
       { "debug_file", R_STR, "PDB name" }, { "debug_id", R_STR, "PDB identity: GUID and age" },
       { "code_id", R_STR, "image identity: time stamp and size" }, { "version", R_STR, "file version" });
SCHEMA(report_unloaded, "An unloaded module", NULL, NULL, { "base_addr", R_PTR, "first address" },
       { "end_addr", R_PTR, "address behind it" }, { "filename", R_STR, "file name" },
       { "code_id", R_STR, "image identity: time stamp and size" });

const struct report_section report_sections[] = {
	{ NULL, NULL, false, &report_status },
	{ NULL, "system_info", false, &report_system },
	{ NULL, "crash_info", false, &report_crash },
	{ NULL, "verdict", false, &report_verdict },
	{ NULL, "bugcheck", false, &row_bugcheck_analysis },
	{ NULL, "evidence", true, &report_reason },
	{ NULL, "alternatives", true, &report_reason },
	{ NULL, "warnings", true, &report_reason },
	{ NULL, "next", true, &report_reason },
	{ NULL, "crashing_thread", false, &report_thread },
	{ "crashing_thread", "frames", true, &report_stack_frame },
	{ NULL, "threads", true, &report_thread },
	{ "threads", "frames", true, &report_stack_frame },
	{ NULL, "modules", true, &report_module },
	{ NULL, "unloaded_modules", true, &report_unloaded },
	{ NULL, NULL, false, NULL },
};

// ---- crash_info
static const char *fault_suffix(enum fault_op op)
{
	static const char *const names[] = { "", "_READ", "_WRITE", "_EXEC" };
	return names[op];
}

static const char *crash_type(struct report *r)
{
	static const struct {
		uint32_t code;
		const char *name;
	} names[] = {
		{ 0x80000001, "EXCEPTION_GUARD_PAGE" },
		{ 0x80000002, "EXCEPTION_DATATYPE_MISALIGNMENT" },
		{ 0x80000003, "EXCEPTION_BREAKPOINT" },
		{ 0x80000004, "EXCEPTION_SINGLE_STEP" },
		{ 0xc0000008, "EXCEPTION_INVALID_HANDLE" },
		{ 0xc000001d, "EXCEPTION_ILLEGAL_INSTRUCTION" },
		{ 0xc0000025, "EXCEPTION_NONCONTINUABLE_EXCEPTION" },
		{ 0xc000008c, "EXCEPTION_ARRAY_BOUNDS_EXCEEDED" },
		{ 0xc000008e, "EXCEPTION_FLT_DIVIDE_BY_ZERO" },
		{ 0xc0000094, "EXCEPTION_INT_DIVIDE_BY_ZERO" },
		{ 0xc0000095, "EXCEPTION_INT_OVERFLOW" },
		{ 0xc0000096, "EXCEPTION_PRIV_INSTRUCTION" },
		{ 0xc00000fd, "EXCEPTION_STACK_OVERFLOW" },
		{ 0xc0000194, "EXCEPTION_POSSIBLE_DEADLOCK" },
		{ 0xc0000374, "STATUS_HEAP_CORRUPTION" },
		{ 0xe06d7363, "Unhandled C++ Exception" },
	};
	const struct verdict *v = r->v;
	if (v->code == 0xc0000005)
		return arena_printf(r->a, "EXCEPTION_ACCESS_VIOLATION%s", fault_suffix(v->op));
	if (v->code == 0xc0000006)
		return arena_printf(r->a, "EXCEPTION_IN_PAGE_ERROR%s", fault_suffix(v->op));
	if (v->code == 0xc0000409)
		return v->fail_fast_name
			       ? arena_printf(r->a, "EXCEPTION_STACK_BUFFER_OVERRUN / FAST_FAIL_%s", v->fail_fast_name)
			       : "EXCEPTION_STACK_BUFFER_OVERRUN";
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].code == v->code)
			return names[i].name;
	return arena_printf(r->a, "0x%08" PRIx32, v->code);
}

static void crash_info(struct report *r)
{
	const struct verdict *v = r->v;
	const struct dump_user *u = r->s->target->user;
	const struct kernel_verdict *k = v ? v->kernel : NULL;
	bool crashed = v && (v->has_exception || k);
	const char *type = !crashed ? NULL
			   : k      ? k->name ? k->name : arena_printf(r->a, "0x%" PRIx32, k->code)
				    : crash_type(r);
	doc_open(r->out, "crash_info", SEC_OBJECT, NULL);
	bool address = crashed && (!k || v->address), touched = crashed && v->has_fault_address;
	ROW(r->out, report_crash, VS(type), V_IF(touched || address, touched ? v->fault_address : v->address),
	    V_IF(address, v->address), V_IF(crashed, k ? k->code : v->code),
	    V_IF(crashed && v->thread, v->thread->index),
	    VS(u->breakpad.has_assertion ? u->breakpad.expression : NULL));
	doc_close(r->out);
}

static void verdict_section(struct report *r)
{
	const struct verdict *v = r->v;
	if (!v)
		return;
	doc_open(r->out, "verdict", SEC_OBJECT, NULL);
	ROW(r->out, report_verdict, VS(v->summary), VS(v->problem_class), VS(v->fail_fast_name),
	    V_IF(v->thread != NULL, v->thread->index), V_IF(v->blamed_frame != SIZE_MAX, v->blamed_frame),
	    VS(v->module_name), VS(v->image_name), VS(v->function), VS(v->symbol_name),
	    VS(confidence_name(v->confidence)), VS(v->why), VS(v->context_doubt), VS(v->bucket), VS(v->hash),
	    VS(v->stack_command));
	doc_close(r->out);
}

static void bugcheck_section(struct report *r)
{
	if (!r->v || !r->v->kernel)
		return;
	doc_open(r->out, "bugcheck", SEC_OBJECT, NULL);
	emit_bugcheck_row(r->v, r->out);
	doc_close(r->out);
}

static void reasons(struct report *r, const char *key, size_t (*get)(struct report *r, struct reason *ret), bool have)
{
	struct reason list[MOST_REASONS];
	size_t n = have ? get(r, list) : 0;
	doc_open(r->out, key, SEC_LIST, NULL);
	for (size_t i = 0; i < n; i++)
		ROW(r->out, report_reason, VS(list[i].what), VS(list[i].command));
	doc_close(r->out);
}

// ---- threads
static void frames(struct report *r, const struct stack *st)
{
	doc_open(r->out, "frames", SEC_LIST, NULL);
	for (size_t i = 0; i < st->n; i++) {
		const struct frame *f = &st->frames[i];
		struct place p = report_place(r, f);
		ROW(r->out, report_stack_frame, V(i), VS(f->module ? f->module->image_name : NULL), VS(p.function),
		    VS(f->file), V_IF(f->file != NULL, f->line), V(f->ip),
		    V_IF(f->module != NULL, f->ip - f->module->base), V_IF(p.function != NULL, p.function_offset),
		    VS(trust_name(f->trust)), VS(f->symbol), VS(f->module ? f->module->mismatch : NULL));
	}
	doc_close(r->out);
}

struct thread_stack {
	struct stack stack;
	const char *note;
};

// The crashing thread's stack is that of the exception.
static struct thread_stack stack_of(struct report *r, const struct thread *th)
{
	struct thread_stack ts = { 0 };
	struct session *s = r->s;
	struct regs regs;
	enum { MOST_FRAMES = 256 };
	if (r->v && (r->v->has_exception || r->v->kernel) && r->v->thread == th) {
		ts.stack = r->v->stack;
		ts.note = r->v->stack_note ? r->v->stack_note : ts.stack.end_note;
		return ts;
	}
	err_t e = session_poll(s);
	if (!e.code)
		e = target_thread_regs(s->target, th, false, &regs);
	if (!e.code)
		e = stack_walk(s, th, &regs, MOST_FRAMES, r->a, &ts.stack);
	if (e.code)
		ts.stack = (struct stack){ 0 };
	ts.note = e.code ? e.what : ts.stack.end_note;
	return ts;
}

static void crashing_thread(struct report *r)
{
	const struct verdict *v = r->v;
	if (!v || (!v->has_exception && !v->kernel))
		return;
	const struct thread *th = v->thread;
	uint32_t tid = r->s->target->user->exception.tid;
	doc_open(r->out, "crashing_thread", SEC_OBJECT, NULL);
	ROW(r->out, report_thread, V_IF(th != NULL, th->index), V(tid), VS(th ? th->name : NULL), V(v->stack.n),
	    VS(v->stack_note ? v->stack_note : v->stack.end_note));
	frames(r, &v->stack);
	doc_close(r->out);
}

static void threads(struct report *r)
{
	const struct target *t = r->s->target;
	doc_open(r->out, "threads", SEC_LIST, NULL);
	for (size_t i = 0; i < t->n_threads; i++) {
		const struct thread *th = &t->threads[i];
		struct thread_stack ts = stack_of(r, th);
		ROW_OPEN(r->out, report_thread, V(i), V(th->tid), VS(th->name), V(ts.stack.n), VS(ts.note));
		frames(r, &ts.stack);
		doc_row_end(r->out);
	}
	doc_close(r->out);
}

// ---- modules
static const char *debug_id(struct report *r, const struct codeview *cv)
{
	const uint8_t *g = cv->guid;
	if (cv->kind == CV_NB10)
		return arena_printf(r->a, "%08" PRIX32 "%" PRIx32, cv->timestamp, cv->age);
	if (cv->kind != CV_RSDS)
		return NULL;
	return arena_printf(r->a, "%08X%04X%04X%02X%02X%02X%02X%02X%02X%02X%02X%" PRIx32, (unsigned)le_get(g, 4),
			    (unsigned)le_get(g + 4, 2), (unsigned)le_get(g + 6, 2), g[8], g[9], g[10], g[11], g[12],
			    g[13], g[14], g[15], cv->age);
}

static const char *code_id(struct report *r, uint32_t timestamp, uint64_t size)
{
	return arena_printf(r->a, "%08" PRIx32 "%" PRIx64, timestamp, size);
}

static void modules(struct report *r)
{
	const struct target *t = r->s->target;
	doc_open(r->out, "modules", SEC_LIST, NULL);
	for (size_t i = 0; i < t->n_modules; i++) {
		const struct module *m = t->modules[i];
		const uint32_t *f = m->facts->fixed;
		const char *version = m->facts->has_version ? arena_printf(r->a, "%u.%u.%u.%u", f[2] >> 16,
									   f[2] & 0xffff, f[3] >> 16, f[3] & 0xffff)
							    : NULL;
		const char *pdb = m->cv.kind == CV_RSDS || m->cv.kind == CV_NB10 ? path_base(m->cv.path) : NULL;
		ROW(r->out, report_module, V(m->base), V(m->base + m->size), VS(m->image_name), VS(pdb),
		    VS(debug_id(r, &m->cv)), VS(code_id(r, m->timestamp, m->size)), VS(version));
	}
	doc_close(r->out);
	doc_open(r->out, "unloaded_modules", SEC_LIST, NULL);
	for (size_t i = 0; i < t->n_unloaded; i++) {
		const struct unloaded_module *m = &t->unloaded[i];
		ROW(r->out, report_unloaded, V(m->base), V(m->base + m->size), VS(path_base(m->name)),
		    VS(code_id(r, m->timestamp, m->size)));
	}
	doc_close(r->out);
}

// ---- the document
static void system_info(struct report *r)
{
	struct target *t = r->s->target;
	const struct dump_system *sys = &t->user->system;
	const char *cpu = t->machine == MACHINE_X64 ? "amd64" : t->machine == MACHINE_X86 ? "x86" : system_platform(t);
	doc_open(r->out, "system_info", SEC_OBJECT, NULL);
	const char *info = sys->present && !t->kernel ? arena_printf(r->a, "family %u model %u stepping %u", sys->level,
								     sys->revision >> 8, sys->revision & 0xff)
						      : NULL;
	ROW(r->out, report_system, VS(sys->present ? "Windows NT" : NULL),
	    VS(sys->present ? system_version(t, r->a) : NULL), VS(sys->present ? system_name(t) : NULL),
	    VS(sys->present ? system_build_lab(t, r->a) : NULL), VS(t->machine ? cpu : NULL),
	    V_IF(sys->present, sys->n_cpus), VS(info));
	doc_close(r->out);
}

void report_json(struct report *r)
{
	const struct target *t = r->s->target;
	const struct dump_user *u = t->user;
	ROW(r->out, report_status, VS(r->v ? "OK" : r->why_not.what), V_IF(t->pid_known, t->pid), V(t->n_threads),
	    V_IF(t->n_modules, 0), VS(t->dump->format->name), V_IF(u->timestamp, u->timestamp), V(t->dump->truncated));
	system_info(r);
	crash_info(r);
	verdict_section(r);
	bugcheck_section(r);
	reasons(r, "evidence", report_reasons, r->v != NULL);
	reasons(r, "alternatives", report_alternatives, r->v != NULL);
	reasons(r, "warnings", report_warnings, true);
	reasons(r, "next", report_next, true);
	if (r->findings)
		findings_emit(r->out, r->findings);
	if (!r->findings) {
		doc_open(r->out, "findings", SEC_LIST, NULL);
		doc_close(r->out);
	}
	crashing_thread(r);
	threads(r);
	modules(r);
	for (size_t i = 0; i < t->dump->n_notes; i++) {
		const struct dump_note *n = &t->dump->notes[i];
		doc_note(r->out, n->code == OK ? NOTE_INFO : NOTE_WARNING,
			 n->code == OK ? "dump.remark" : err_name(n->code), "%s (file offset 0x%" PRIx64 ")", n->what,
			 n->at);
	}
	const char *notes[KERNEL_NOTES];
	size_t n_notes = t->kernel ? kernel_notes(t->kernel, notes) : 0;
	for (size_t i = 0; i < n_notes; i++)
		doc_note(r->out, NOTE_WARNING, "dump.kernel", "%s", notes[i]);
}
void report_json_unopened(struct report *r, err_t why)
{
	ROW(r->out, report_status, VS(why.what), V_ABSENT, V_ABSENT, V_ABSENT, VS(NULL), V_ABSENT, V_ABSENT);
	doc_error(r->out, why);
}
