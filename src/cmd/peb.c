// SPDX-License-Identifier: Apache-2.0
// peb.c: !peb: a process environment block. Layout: -peb.md and dumpchk.md of Microsoft's debugger documentation; the
// newer lines, and the titles of WOW64, as in public logs of the debugger.
#include "cmd/peb.h"

#include "cmd/ktask.h"
#include "target/system.h"
#include "win/peb.h"

#include <inttypes.h>

extern const struct cmd cmd_peb;

static const struct field peb_fields[] = {
	{ "title", R_STR, "PEB; Wow64 PEB32, Wow64 PEB: of a 32-bit process on 64-bit Windows" },
	{ "address", R_ADDR, "of the PEB" },
	{ "inherited_address_space", R_STR, "Yes, No" },
	{ "read_image_file_exec_options", R_STR, "Yes, No" },
	{ "being_debugged", R_STR, "Yes, No" },
	{ "image_base", R_ADDR, "ImageBaseAddress" },
	{ "nt_global_flag", R_HEX, "NtGlobalFlag" },
	{ "nt_global_flag2", R_HEX, "NtGlobalFlag2; null: this Windows has no such field" },
	{ "ldr", R_ADDR, "of the loader's data" },
	{ "initialized", R_STR, "is the loader's data initialized? Yes, No" },
	{ "init_order_first", R_ADDR, "InInitializationOrderModuleList.Flink" },
	{ "init_order_last", R_ADDR, "its Blink" },
	{ "load_order_first", R_ADDR, "InLoadOrderModuleList.Flink" },
	{ "load_order_last", R_ADDR, "its Blink" },
	{ "memory_order_first", R_ADDR, "InMemoryOrderModuleList.Flink" },
	{ "memory_order_last", R_ADDR, "its Blink" },
};
const struct schema row_peb = {
	.name = "peb",
	.doc = "A process environment block; null: not readable",
	.layout = { NULL, "{?title {title} at {address}\n}    InheritedAddressSpace:    {inherited_address_space}\n"
			  "    ReadImageFileExecOptions: {read_image_file_exec_options}\n"
			  "    BeingDebugged:            {being_debugged}\n    ImageBaseAddress:         {image_base}\n"
			  "    NtGlobalFlag:             {nt_global_flag}\n"
			  "{?nt_global_flag2     NtGlobalFlag2:            {nt_global_flag2}\n}"
			  "    Ldr                       {ldr}\n    Ldr.Initialized:          {initialized}\n"
			  "    Ldr.InInitializationOrderModuleList: {init_order_first} . {init_order_last}\n"
			  "    Ldr.InLoadOrderModuleList:           {load_order_first} . {load_order_last}\n"
			  "    Ldr.InMemoryOrderModuleList:         {memory_order_first} . {memory_order_last}" },
	.fields = peb_fields,
	.n_fields = ARRAY_LEN(peb_fields)
};
static const struct field peb_module_fields[] = { { "base", R_HEX, "base address" },
						  { "timestamp", R_HEX, "TimeDateStamp" },
						  { "time", R_STR, "the same as a time, UTC" },
						  { "path", R_STR, "its file; null: not readable" },
						  { "size", R_HEX, "bytes" } };
const struct schema row_peb_module = {
	.name = "peb_module",
	.doc = "A module of the loader's list, in the order they were loaded",
	.layout = { "                    Base TimeStamp                     Module",
		    "        {base:_16} {timestamp:8} {time} {?path {path}}{!path < Name not readable >}" },
	.fields = peb_module_fields,
	.n_fields = ARRAY_LEN(peb_module_fields)
};
static const struct layout narrow_module = {
	"            Base TimeStamp                     Module",
	"        {base:_8} {timestamp:8} {time} {?path {path}}{!path < Name not readable >}"
};
static const struct field process_parameters_fields[] = {
	{ "sub_system_data", R_ADDR, "SubSystemData" },
	{ "process_heap", R_ADDR, "ProcessHeap" },
	{ "address", R_ADDR, "of the RTL_USER_PROCESS_PARAMETERS" },
	{ "current_directory", R_STR, "null here and below: no text, or not readable" },
	{ "window_title", R_STR, "WindowTitle" },
	{ "image_file", R_STR, "ImagePathName" },
	{ "command_line", R_STR, "CommandLine" },
	{ "dll_path", R_STR, "DllPath" },
	{ "environment", R_ADDR, "of the environment block" },
};
const struct schema row_process_parameters = {
	.name = "process_parameters",
	.doc = "How a process was started; null: not readable",
	.layout = { NULL, "    SubSystemData:     {sub_system_data}\n    ProcessHeap:       {process_heap}\n"
			  "    ProcessParameters: {address}\n"
			  "    CurrentDirectory:  '{?current_directory {current_directory}}{!current_directory < Name "
			  "not readable >}'\n"
			  "    WindowTitle:  '{?window_title {window_title}}{!window_title < Name not readable >}'\n"
			  "    ImageFile:    '{?image_file {image_file}}{!image_file < Name not readable >}'\n"
			  "    CommandLine:  '{?command_line {command_line}}{!command_line < Name not readable >}'\n"
			  "    DllPath:      '{?dll_path {dll_path}}{!dll_path < Name not readable >}'\n    "
			  "Environment:  {environment}" },
	.fields = process_parameters_fields,
	.n_fields = ARRAY_LEN(process_parameters_fields)
};
static const struct field environment_fields[] = { { "text", R_STR, "NAME=VALUE" } };
const struct schema row_environment = { .name = "environment",
					.doc = "A variable of a process' environment",
					.layout = { NULL, "        {text}" },
					.fields = environment_fields,
					.n_fields = ARRAY_LEN(environment_fields) };

static struct val number(const struct peb_view *v, va_t object, enum peb_field f)
{
	uint64_t x;
	return peb_number(v, object, f, &x) ? V(x) : V_ABSENT;
}

static struct val yes_no(const struct peb_view *v, va_t object, enum peb_field f)
{
	struct val x = number(v, object, f);
	return x.absent ? VS("?") : VS(x.u ? "Yes" : "No");
}

static struct val link_of(const struct peb_view *v, va_t ldr, enum peb_field f, unsigned i)
{
	uint64_t x;
	return ldr && space_ptr(v->space, peb_at(v, ldr, f) + (va_t)i * v->ptr_bytes, v->ptr_bytes, &x) ? V(x)
													: V_ABSENT;
}

// "Oct 18 04:03:41 2084"
static const char *short_time(struct arena *a, uint32_t stamp)
{
	enum { WEEK_DAY = 4, DAY = 4 };
	char *text = arena_strdup(a, time_stamp_text(a, stamp) + WEEK_DAY);
	if (text[DAY] == ' ')
		text[DAY] = '0';
	return text;
}

static const struct layout *indented(struct call *c, unsigned indent, const struct layout *l)
{
	struct layout *ret = NEW(c->a, struct layout);
	ret->text = task_layout(c, indent, l->text)->text;
	ret->head = l->head ? arena_printf(c->a, "%*s%s", (int)indent, "", l->head) : NULL;
	return ret;
}

static void emit_modules(struct session *s, struct call *c, struct doc *out, const struct peb_view *v,
			 const struct peb_place *where)
{
	const va_t at = where->at;
	const struct layout *l =
		indented(c, where->indent, v->ptr_bytes == 4 ? &narrow_module : &row_peb_module.layout);
	struct ring r = peb_modules(v, at);
	struct peb_module m;
	uint64_t ldr;
	if (r.why) {
		(void)peb_number(v, at, PEB_LDR, &ldr);
		doc_note(out, NOTE_WARNING, "peb.ldr", "%*s    *** unable to read Ldr table at %0*" PRIx64,
			 (int)where->indent, "", (int)v->ptr_bytes * 2, ldr);
		return;
	}
	while (!session_poll(s).code && peb_module_next(v, c->a, &r, &m)) {
		const struct val row[] = { V(m.base), V(m.timestamp), VS(short_time(c->a, m.timestamp)), VS(m.path),
					   V(m.size) };
		_Static_assert(ARRAY_LEN(row) == ARRAY_LEN(peb_module_fields), "peb_module: wrong arity");
		doc_row(out, &row_peb_module, l, row, false);
	}
	if (r.why)
		doc_note(out, NOTE_WARNING, "peb.modules", "%*s    *** the loader's list of modules: %s",
			 (int)where->indent, "", r.why);
}

static void emit_parameters(struct call *c, struct doc *out, const struct peb_view *v, const struct peb_place *where)
{
	const va_t at = where->at;
	const struct layout *variable = indented(c, where->indent, &row_environment.layout);
	struct val params = number(v, at, PEB_PROCESS_PARAMETERS);
	const va_t p = params.absent ? 0 : params.u;
	const struct val row[] = { number(v, at, PEB_SUB_SYSTEM_DATA),
				   number(v, at, PEB_PROCESS_HEAP),
				   params,
				   VS(peb_string(v, c->a, p, PARAMETERS_CURRENT_DIRECTORY)),
				   VS(peb_string(v, c->a, p, PARAMETERS_WINDOW_TITLE)),
				   VS(peb_string(v, c->a, p, PARAMETERS_IMAGE_PATH_NAME)),
				   VS(peb_string(v, c->a, p, PARAMETERS_COMMAND_LINE)),
				   VS(peb_string(v, c->a, p, PARAMETERS_DLL_PATH)),
				   number(v, p, PARAMETERS_ENVIRONMENT) };
	_Static_assert(ARRAY_LEN(row) == ARRAY_LEN(process_parameters_fields), "process_parameters: wrong arity");
	doc_row(out, &row_process_parameters, indented(c, where->indent, &row_process_parameters.layout), row, false);
	struct peb_environment e = peb_environment(v, c->a, p);
	for (size_t i = 0; i < e.n; i++) {
		const struct val text = VS(e.texts[i]);
		doc_row(out, &row_environment, variable, &text, false);
	}
	if (e.cut && !row[ARRAY_LEN(row) - 1].absent)
		doc_note(out, NOTE_WARNING, "peb.environment", "%*s       %s", (int)where->indent, "",
			 e.n ? "the rest of the environment is not in this dump"
			     : "Unable to read Environment string.");
}

void peb_emit(struct session *s, struct call *c, struct doc *out, const struct peb_place *where)
{
	enum { FLAG2_SINCE = 17763 };
	const struct target *t = s->target;
	const va_t at = where->at;
	const struct peb_view v = { t->space, where->ptr_bytes };
	const unsigned width = out->ptr_bytes;
	struct val ldr = number(&v, at, PEB_LDR);
	const va_t l = ldr.absent ? 0 : ldr.u;
	const bool flag2 = t->user->system.build >= FLAG2_SINCE;
	out->ptr_bytes = v.ptr_bytes;
	const struct val row[] = { VS(where->title),
				   V(at),
				   yes_no(&v, at, PEB_INHERITED_ADDRESS_SPACE),
				   yes_no(&v, at, PEB_READ_IMAGE_FILE_EXEC_OPTIONS),
				   yes_no(&v, at, PEB_BEING_DEBUGGED),
				   number(&v, at, PEB_IMAGE_BASE_ADDRESS),
				   number(&v, at, PEB_NT_GLOBAL_FLAG),
				   flag2 ? number(&v, at, PEB_NT_GLOBAL_FLAG2) : V_ABSENT,
				   ldr,
				   yes_no(&v, l, LDR_INITIALIZED),
				   link_of(&v, l, LDR_IN_INITIALIZATION_ORDER, 0),
				   link_of(&v, l, LDR_IN_INITIALIZATION_ORDER, 1),
				   link_of(&v, l, LDR_IN_LOAD_ORDER, 0),
				   link_of(&v, l, LDR_IN_LOAD_ORDER, 1),
				   link_of(&v, l, LDR_IN_MEMORY_ORDER, 0),
				   link_of(&v, l, LDR_IN_MEMORY_ORDER, 1) };
	_Static_assert(ARRAY_LEN(row) == ARRAY_LEN(peb_fields), "peb: wrong arity");
	doc_row(out, &row_peb, indented(c, where->indent, &row_peb.layout), row, false);
	emit_modules(s, c, out, &v, where);
	emit_parameters(c, out, &v, where);
	out->ptr_bytes = width;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct target *t = s->target;
	const unsigned p = t->ptr_bytes;
	const bool given = !arg_end(c);
	uint64_t at = given ? 0 : session_peb(s), narrow = given ? 0 : session_peb32(s);
	if (given)
		TRY(arg_expr(c, &at));
	TRY(arg_done(c));
	at = p == 4 ? (uint32_t)at : at;
	if (!at && !narrow)
		return cmd_fail(c, E_ABSENT, 0,

				"The current process has no PEB, or the dump does not tell where it is");
	if (narrow) {
		peb_emit(s, c, out, &(struct peb_place){ narrow, 4, "Wow64 PEB32", 0 });
		doc_text(out, "");
		doc_text(out, "");
	}
	if (at && space_source_at(t->space, at) == SPACE_NONE)
		return cmd_fail(c, E_ABSENT, at, "Unable to read the PEB at %0*" PRIx64 ": %s", (int)p * 2, at,
				space_why_text(space_why(t->space, at)));
	if (at)
		peb_emit(s, c, out, &(struct peb_place){ at, p, narrow ? "Wow64 PEB" : "PEB", 0 });
	return session_poll(s);
}

static const struct schema *const rows[] = { &row_peb, &row_peb_module, &row_process_parameters, &row_environment,
					     NULL };
const struct cmd cmd_peb = {
	.names = "!peb",
	.group = "Threads and stacks",
	.args = "[ADDRESS]",
	.summary = "Show a process environment block: modules, command line, environment",
	.help = "!peb          of the current process; of WOW64 processes both blocks\n!peb ADDRESS  of another one\n",
	.run = run,
	.rows = rows,
};
