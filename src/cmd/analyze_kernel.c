// SPDX-License-Identifier: Apache-2.0
// analyze_kernel.c: !analyze of kernel dumps. Order and spacing of the fields: public output of the 10.0.2xxxx
// debuggers.
#include "cmd/analyze.h"
#include "target/kernel.h"
#include "target/system.h"
#include "verdict/bugcheck.h"
#include "verdict/kernel.h"

#include <inttypes.h>
#include <string.h>

static const struct field row_bugcheck_analysis_fields[] = {
	{ "summary", R_STR, "one sentence" },
	{ "code", R_HEX, "bug check" },
	{ "name", R_STR, "its name; null when it is not known" },
	{ "params", R_HEXES, "its four parameters" },
	{ "exception", R_HEX, "exception code; null when none is behind it" },
	{ "exception_name", R_STR, "its name" },
	{ "address", R_PTR, "of the instruction that failed; null when none is known" },
	{ "op", R_STR, "read, write, execute; null when it was no memory access" },
	{ "fault_address", R_PTR, "the address that was accessed; null when there is none" },
	{ "irql", R_DEC, "interrupt request level; null when no parameter tells" },
	{ "processor", R_DEC, "the processor that is analysed; null: not known" },
	{ "process", R_STR, "file name of the process; null: not known" },
	{ "trap_frame", R_PTR, "of the interrupted code; null: none" },
	{ "context", R_PTR, "context record that a parameter names; null: none" },
	{ "exception_record", R_PTR, "exception record that a parameter names; null: none" },
	{ "blamed_frame", R_DEC, "index into the stack frames; null: named by other evidence, or nobody" },
	{ "module", R_STR, "MODULE_NAME" },
	{ "image", R_STR, "IMAGE_NAME" },
	{ "symbol", R_SYM, "SYMBOL_NAME" },
	{ "culprit", R_STR, "file name of the driver to look at; null: nobody can be named" },
	{ "hardware", R_BOOL, "the evidence speaks for hardware" },
	{ "confidence", R_STR, "none, low, medium, high" },
	{ "why", R_STR, "why this module, or why none" },
	{ "bucket", R_STR, "FAILURE_BUCKET_ID" },
	{ "hash", R_STR, "FAILURE_ID_HASH" },
	{ "stack_command", R_CMD, "shows the stack that was analysed" },
};
const struct schema row_bugcheck_analysis = { .name = "bugcheck_analysis",
					      .doc = "The verdict of a kernel dump, as typed fields",
					      .fields = row_bugcheck_analysis_fields,
					      .n_fields = ARRAY_LEN(row_bugcheck_analysis_fields) };
static const struct field row_bugcheck_text_fields[] = {
	{ "name", R_STR, "name" },
	{ "code", R_HEX, "code" },
	{ "text", R_STR, "what it means; null when nothing is known" },
};
const struct schema row_bugcheck_text = { .name = "bugcheck_text",
					  .doc = "What a bug check means",
					  .layout = { NULL, "{name} ({code}){?text \n{text}}" },
					  .fields = row_bugcheck_text_fields,
					  .n_fields = ARRAY_LEN(row_bugcheck_text_fields) };
static const struct field row_bugcheck_argument_fields[] = {
	{ "number", R_DEC, "1 to 4" },
	{ "value", R_STR, "in hexadecimal" },
	{ "text", R_STR, "what it is; null when nothing is known" },
};
const struct schema row_bugcheck_argument = { .name = "bugcheck_argument",
					      .doc = "A parameter of a bug check",
					      .layout = { NULL, "Arg{number}: {value}{?text , {text}}" },
					      .fields = row_bugcheck_argument_fields,
					      .n_fields = ARRAY_LEN(row_bugcheck_argument_fields) };
static const struct field row_bugcheck_reason_fields[] = {
	{ "kind", R_STR, "evidence, alternative, next" },
	{ "text", R_STR, "a sentence" },
	{ "command", R_CMD, "shows it; null when none does" },
};
const struct schema row_bugcheck_reason = { .name = "bugcheck_reason",
					    .doc = "A sentence of the argument behind the verdict",
					    .fields = row_bugcheck_reason_fields,
					    .n_fields = ARRAY_LEN(row_bugcheck_reason_fields) };

// ---- typed rows
static void reasons(struct doc *out, const char *kind, const struct kernel_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		ROW(out, row_bugcheck_reason, VS(kind), VS(l->list[i].text), VS(l->list[i].command));
}

void emit_bugcheck_row(const struct verdict *v, struct doc *out)
{
	const struct kernel_verdict *k = v->kernel;
	struct val params[4];
	for (size_t i = 0; i < 4; i++)
		params[i] = V(k->params[i]);
	ROW(out, row_bugcheck_analysis, VS(v->summary), V(k->code), VS(k->name), VL(params, 4),
	    V_IF(k->has_exception, k->exception.code), VS(k->has_exception ? v->code_name : NULL),
	    V_IF(v->address, v->address), VS(fault_op_name(v->op)), V_IF(v->has_fault_address, v->fault_address),
	    V_IF(k->has_irql, k->irql), V_IF(v->thread, v->thread ? v->thread->index : 0), VS(k->process),
	    V_IF(k->trap, k->trap), V_IF(k->context, k->context), V_IF(k->record, k->record),
	    V_IF(v->blamed_frame != SIZE_MAX, v->blamed_frame), VS(v->module_name), VS(v->image_name),
	    VS(v->symbol_name), VS(k->culprit ? k->culprit->image_name : NULL), V(k->hardware),
	    VS(confidence_name(v->confidence)), VS(v->why), VS(v->bucket), VS(v->hash), VS(v->stack_command));
}

static void emit_reasons(const struct kernel_verdict *k, struct doc *out)
{
	reasons(out, "evidence", &k->evidence);
	reasons(out, "alternative", &k->also);
	reasons(out, "next", &k->next);
}

// ---- name and parameters
// Some parameters have values with a meaning that the debugger prints instead of the parameter's own.
static bool value_instead(uint32_t code, unsigned arg)
{
	static const struct {
		uint32_t code;
		uint8_t arg;
	} list[] = { { 0x9f, 0 }, { 0x139, 0 }, { 0x124, 0 }, { 0x133, 0 }, { 0x7f, 0 }, { 0xc2, 0 } };
	for (size_t i = 0; i < ARRAY_LEN(list); i++)
		if (list[i].code == code && list[i].arg == arg)
			return true;
	return false;
}

void bugcheck_show(struct call *c, struct doc *out, uint32_t code, bool mini, const uint64_t *params, unsigned n,
		   unsigned digits)
{
	const struct bugcheck *b = bugcheck_find(code);
	const char *name = bugcheck_name(code, mini);
	uint32_t shown = mini ? code | 0x10000000u : code;
	ROW(out, row_bugcheck_text, VS(name ? name : "Unknown bugcheck code"), V(shown), VS(b ? b->text : NULL));
	doc_text(out, "Arguments:");
	for (unsigned i = 0; i < 4; i++) {
		uint64_t value = i < n ? params[i] : 0;
		const char *meaning = i < n ? bugcheck_arg_value(code, i, value) : NULL;
		const char *text = meaning && value_instead(code, i)
					   ? meaning
					   : bugcheck_arg_text(code, i, n == 4 ? params : NULL);
		ROW(out, row_bugcheck_argument, V(i + 1), VS(arena_printf(c->a, "%0*" PRIx64, (int)digits, value)),
		    VS(text));
	}
}

// ---- the layout
struct kanalyze {
	struct session *s;
	struct call *c;
	struct doc *out;
	const struct verdict *v;
	const struct kernel_verdict *k;
};

static void line(const struct kanalyze *z, const char *name, const char *value)
{
	analysis_line(z->out, name, value, false);
}

static const char *pointer(const struct kanalyze *z, va_t va)
{
	return arena_printf(z->c->a, "%0*" PRIx64, (int)z->s->target->ptr_bytes * 2, va);
}

// As the build string has it, which updates do not change: "10.0.19041.1".
static const char *os_version(const struct kanalyze *z)
{
	struct target *t = z->s->target;
	const char *lab = t->kernel->build_lab;
	size_t n = lab ? strspn(lab, "0123456789") : 0;
	if (!n || lab[n] != '.' || !t->user->system.major)
		return system_version(t, z->c->a);
	n += 1 + strspn(lab + n + 1, "0123456789");
	return arena_printf(z->c->a, "%" PRIu32 ".%" PRIu32 ".%.*s", t->user->system.major, t->user->system.minor,
			    (int)n, lab);
}

static void emit_keys(const struct kanalyze *z)
{
	static const char *const faults[] = { NULL, "Read", "Write", "Execute" };
	const struct verdict *v = z->v;
	struct target *t = z->s->target;
	struct arena *a = z->c->a;
	const char *code = arena_printf(a, "0x%" PRIx32, z->k->code);
	uint32_t attributes = t->kernel->facts->attributes;
	doc_text(z->out, "KEY_VALUES_STRING: 1");
	doc_text(z->out, "");
	if (z->k->has_exception && v->code == 0xc0000005)
		analysis_key_row(z->out, "AV.Fault", faults[v->op]);
	if (z->k->code == 0x50)
		analysis_key_row(z->out, "AV.Type", faults[v->op]);
	uint32_t stored;
	va_t data = kernel_kdbg(t->kernel, KDBG_BUGCHECK_DATA, 8);
	if (data && space_u32(t->space, data, &stored) && stored)
		analysis_key_row(z->out, "Bugcheck.Code.KiBugCheckData", arena_printf(a, "0x%" PRIx32, stored));
	analysis_key_row(z->out, "Bugcheck.Code.LegacyAPI", code);
	if (attributes != UINT32_MAX && attributes)
		analysis_key_row(z->out, "Dump.Attributes.AsUlong", arena_printf(a, "%" PRIx32, attributes));
	if (z->k->code == 0x139) {
		analysis_key_row(z->out, "FailFast.Name", fail_fast_name(z->k->params[0]));
		analysis_key_row(z->out, "FailFast.Type", arena_printf(a, "%" PRIu64, z->k->params[0]));
	}
	analysis_key_row(z->out, "Failure.Bucket", v->bucket);
	analysis_key_row(z->out, "Failure.Hash", v->hash);
	analysis_key_row(z->out, "WER.OS.Branch", analysis_branch(t, a));
	analysis_key_row(z->out, "WER.OS.Version", os_version(z));
	doc_text(z->out, "");
}

static void emit_codes(const struct kanalyze *z, bool verbose)
{
	struct arena *a = z->c->a;
	const struct dump_kernel *f = z->s->target->kernel->facts;
	line(z, "BUGCHECK_CODE", arena_printf(a, "%" PRIx32, z->k->code));
	for (unsigned i = 0; i < 4; i++)
		analysis_line(z->out, arena_printf(a, "BUGCHECK_P%u", i + 1),
			      arena_printf(a, "%" PRIx64, z->k->params[i]), true);
	line(z, "FILE_IN_CAB", path_base(z->s->target->path));
	line(z, "COMMENT", f->comment);
	if (verbose)
		line(z, "VIRTUAL_MACHINE", analysis_virtual_machine(z->c, f));
	if (f->attributes != UINT32_MAX && f->attributes)
		analysis_line(
			z->out, "DUMP_FILE_ATTRIBUTES",
			arena_printf(a, "0x%" PRIx32 "%s%s%s", f->attributes,
				     f->attributes & DUMP_ATTRIBUTE_TOO_SMALL ? "\n  Insufficient Dumpfile Size" : "",
				     f->attributes & DUMP_ATTRIBUTE_TRIAGE ? "\n  Kernel Generated Triage Dump" : "",
				     f->attributes & DUMP_ATTRIBUTE_LIVE ? "\n  Live Generated Dump" : ""),
			true);
	va_t thread = z->k->thread ? z->k->thread : z->s->target->kernel->thread;
	if (thread && verbose)
		line(z, "FAULTING_THREAD", pointer(z, thread));
}

static void emit_address(const struct kanalyze *z)
{
	const struct verdict *v = z->v;
	if (!v->has_fault_address || v->op == FAULT_NONE || z->k->has_exception)
		return;
	if (v->op == FAULT_EXECUTE)
		analysis_line(z->out, "EXECUTE_ADDRESS", arena_printf(z->c->a, "%" PRIx64, v->fault_address), true);
	else
		line(z, v->op == FAULT_READ ? "READ_ADDRESS" : "WRITE_ADDRESS",
		     arena_printf(z->c->a, "%s ", pointer(z, v->fault_address)));
}

// The instruction that could not be fetched: once as pageable code, once as such, as the debugger has it.
static void emit_instruction(const struct kanalyze *z, const char *name)
{
	const struct verdict *v = z->v;
	if (v->op != FAULT_EXECUTE || !v->regs_known)
		return;
	va_t ip = reg_get(&v->regs, reg_pc(z->s->target->machine));
	const char *symbol = sym_text(z->s->target, z->c->a, ip);
	doc_text(z->out, arena_printf(z->c->a, "%s: ", name));
	doc_text(z->out, symbol ? symbol : "+0");
	emit_insn(z->s, z->c, z->out, ip, &v->regs, false, false);
	doc_text(z->out, "");
}

static void emit_special(const struct kanalyze *z)
{
	const struct kernel_verdict *k = z->k;
	emit_address(z);
	if (str_starts(k->prefix, "AV_CODE_AV_PAGED_IP"))
		emit_instruction(z, "IP_IN_PAGED_CODE");
	for (size_t i = 0; i < k->n_fields; i++)
		analysis_line(z->out, k->fields[i].name, k->fields[i].value, k->fields[i].one_blank);
	if (k->code == 0x124)
		line(z, "WHEA_ERROR_RECORD", arena_printf(z->c->a, "!errrec %" PRIx64, k->params[1]));
	if (k->no_whea)
		doc_note(z->out, NOTE_WARNING, "analyze.no_whea", "%s\n", k->no_whea);
}

static void emit_record(const struct kanalyze *z)
{
	const struct kernel_verdict *k = z->k;
	const struct dump_exception *x = &k->exception;
	if (!k->record_known)
		return;
	doc_text(z->out,
		 arena_printf(z->c->a, "EXCEPTION_RECORD:  %" PRIx64 " -- (.exr 0x%" PRIx64 ")", k->record, k->record));
	emit_exception_record(z->s, z->c, z->out, x);
	doc_text(z->out, "");
}

static void emit_context(const struct kanalyze *z)
{
	const struct kernel_verdict *k = z->k;
	if (!k->context)
		return;
	doc_text(z->out,
		 arena_printf(z->c->a, "CONTEXT:  %" PRIx64 " -- (.cxr 0x%" PRIx64 ")", k->context, k->context));
	emit_regs(z->s, z->c, z->out, &z->v->regs);
	doc_text(z->out, "Resetting default scope");
	doc_text(z->out, "");
}

// Windows keeps the segment of the task that every processor starts with under this selector.
static void emit_task(const struct kanalyze *z)
{
	if (!z->k->task)
		return;
	doc_text(z->out, "TSS:  00000028 -- (.tss 0x28)");
	emit_regs(z->s, z->c, z->out, &z->v->regs);
	doc_text(z->out, "Resetting default scope");
	doc_text(z->out, "");
}

static void emit_trap(const struct kanalyze *z)
{
	const struct kernel_verdict *k = z->k;
	if (!k->trap)
		return;
	doc_text(z->out, arena_printf(z->c->a, "TRAP_FRAME:  %" PRIx64 " -- (.trap 0x%" PRIx64 ")", k->trap, k->trap));
	trap_emit(z->s, z->c, z->out, k->trap, &k->trap_regs, k->trap_zeroed);
	doc_text(z->out, "Resetting default scope");
	doc_text(z->out, "");
}

static void emit_exception_fields(const struct kanalyze *z)
{
	const struct verdict *v = z->v;
	const struct dump_exception *x = &z->k->exception;
	struct arena *a = z->c->a;
	enum { SHOWN_PARAMETERS = 4 };
	if (!z->k->has_exception)
		return;
	if (v->has_fault_address && (v->op == FAULT_READ || v->op == FAULT_WRITE))
		line(z, v->op == FAULT_READ ? "READ_ADDRESS" : "WRITE_ADDRESS",
		     arena_printf(a, "%s ", pointer(z, v->fault_address)));
	if (v->has_fault_address && v->op == FAULT_EXECUTE)
		analysis_line(z->out, "EXECUTE_ADDRESS", arena_printf(a, "%" PRIx64, v->fault_address), true);
	if (!z->k->record_known) // 3B has no record, and the debugger says nothing of one
		return;
	const char *text = ntstatus_text(x->code);
	analysis_line(z->out, "ERROR_CODE",
		      arena_printf(a, "(NTSTATUS) 0x%" PRIx32 " - %s", x->code,
				   text ? text : "<Unable to get error code text>"),
		      true);
	line(z, "EXCEPTION_CODE_STR", arena_printf(a, "%" PRIx32, x->code));
	for (uint32_t i = 0; i < MIN(x->n_params, (uint32_t)SHOWN_PARAMETERS); i++)
		line(z, arena_printf(a, "EXCEPTION_PARAMETER%" PRIu32, i + 1), pointer(z, x->params[i]));
	line(z, "EXCEPTION_STR", arena_printf(a, "0x%" PRIx32, x->code));
}

static void emit_code_check(const struct kanalyze *z)
{
	const char *command = z->k->code_check;
	if (!command)
		return;
	doc_text(z->out, arena_printf(z->c->a, "CHKIMG_EXTENSION: %s", command));
	(void)cmd_nested(z->s, command, z->out);
	doc_text(z->out, "");
}

static void emit_blame(const struct kanalyze *z)
{
	const struct verdict *v = z->v;
	line(z, "SYMBOL_NAME", v->symbol_name);
	analysis_line(z->out, "MODULE_NAME", v->module_name, true);
	line(z, "IMAGE_NAME", v->image_name);
}

static const char *func_offset(const struct kanalyze *z)
{
	const struct verdict *v = z->v;
	const char *plus = v->module && v->symbol_name ? strrchr(v->symbol_name, '+') : NULL;
	return plus ? plus + 1 : NULL;
}

static void emit_process(const struct kanalyze *z)
{
	if (z->k->process)
		line(z, "PROCESS_NAME", z->k->process);
	else
		doc_note(z->out, NOTE_INFO, "analyze.no_process", "PROCESS_NAME: not known: %s\n", z->k->no_process);
}

// In public outputs of 0x139 (vinsworldcom/nppConsole issue 13, maharmstone/btrfs issue 691) and of 0x7F
// (openzfsonwindows/openzfs issue 573) the trap frame that a parameter names comes before the process; in all others
// that have one, behind it.
static bool trap_first(const struct kanalyze *z)
{
	return z->k->trap && (z->k->code == 0x139 || z->k->code == 0x7f);
}

static void emit_verbose(const struct kanalyze *z)
{
	const struct verdict *v = z->v;
	struct target *t = z->s->target;
	struct arena *a = z->c->a;
	emit_keys(z);
	emit_codes(z, true);
	emit_special(z);
	if (trap_first(z))
		emit_trap(z);
	emit_record(z);
	emit_context(z);
	analysis_blackboxes(z->c, z->out, z->s->target->kernel->facts);
	emit_process(z);
	line(z, "DPC_STACK_BASE", z->k->dpc_stack);
	emit_task(z);
	if (!trap_first(z))
		emit_trap(z);
	emit_exception_fields(z);
	emit_instruction(z, "FAILED_INSTRUCTION_ADDRESS");
	if (v->confidence < VERDICT_HIGH)
		line(z, "ADDITIONAL_DEBUG_TEXT",
		     arena_printf(a, "Confidence in the blame: %s: %s", confidence_name(v->confidence), v->why));
	analysis_stack(z->s, z->c, z->out, v);
	analysis_source(z->s, z->c, z->out, v);
	emit_code_check(z);
	emit_blame(z);
	line(z, "STACK_COMMAND", v->stack_command);
	line(z, "BUCKET_ID_FUNC_OFFSET", func_offset(z));
	line(z, "FAILURE_BUCKET_ID", v->bucket);
	line(z, "OS_VERSION", os_version(z));
	line(z, "BUILDLAB_STR", analysis_branch(t, a));
	line(z, "OSPLATFORM_TYPE", system_platform(t));
	line(z, "OSNAME", system_name(t));
	line(z, "FAILURE_ID_HASH", v->hash);
}

void analyze_kernel(struct session *s, struct call *c, struct doc *out, const struct verdict *v, bool verbose)
{
	const struct kanalyze z = { s, c, out, v, v->kernel };
	analysis_banner(out, "Bugcheck Analysis");
	emit_bugcheck_row(v, out);
	emit_reasons(z.k, out);
	bugcheck_show(c, out, z.k->code, z.k->mini, z.k->params, 4, s->target->ptr_bytes * 2);
	doc_text(out, "");
	doc_text(out, "Debugging Details:");
	doc_text(out, "------------------");
	doc_text(out, "");
	if (verbose) {
		doc_text(out, "");
		emit_verbose(&z);
	} else {
		emit_codes(&z, false);
		emit_process(&z);
		emit_blame(&z);
		line(&z, "FAILURE_BUCKET_ID", v->bucket);
		line(&z, "FAILURE_ID_HASH", v->hash);
	}
	bool memory = v->module_name && str_eq(v->module_name, "memory_corruption");
	doc_text(out, memory ? "Followup:     memory_corruption" : "Followup:     MachineOwner");
	doc_text(out, "---------");
}
