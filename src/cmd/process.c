// SPDX-License-Identifier: Apache-2.0
// process.c: !process: one process of a kernel dump, or all of them, with their threads. Layouts: -process.md of
// Microsoft's debugger documentation and the kernel-dump article.
#include "win/process.h"
#include "cmd/ktask.h"
#include "cmd/peb.h"
#include "win/peb.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_process;

static const struct field process_fields[] = {
	{ "address", R_ADDR, "of the EPROCESS" },
	{ "session", R_STR, "session id, none for the system's; null: not readable" },
	{ "pid", R_INDEX, "process id" },
	{ "peb", R_HEX, "address of the PEB; 0: none" },
	{ "parent_pid", R_INDEX, "id of the process that made it" },
	{ "dirbase", R_HEX, "page-table root" },
	{ "object_table", R_ADDR, "its handle table" },
	{ "handles", R_STR, "handles in it; null: not readable" },
	{ "image", R_STR, "name of its image, 15 characters at most" },
};
static const struct schema process = {
	.name = "process",
	.doc = "A process of a kernel dump",
	.layout = { NULL,
		    "PROCESS {address}\n    SessionId: {?session {session}}{!session ?}  Cid: {pid:4}    Peb: {peb:8}"
		    "  ParentCid: {parent_pid:4}\n    DirBase: {dirbase:8}  ObjectTable: {object_table}  HandleCount: "
		    "{?handles {handles}}{!handles <Data Not Accessible>}\n    Image: {?image {image}}{!image ?}" },
	.fields = process_fields,
	.n_fields = ARRAY_LEN(process_fields)
};
SCHEMA(process_detail, "A line of what !process says of a process", NULL, "    {name:33} {value}",
       { "process", R_ADDR, "of the EPROCESS" }, { "name", R_STR, "what" }, { "value", R_STR, "its value" });
static const struct layout plain_detail = { NULL, "    {name} {value}" };
SCHEMA(process_list, "The list of processes", NULL, "**** NT ACTIVE PROCESS DUMP ****",
       { "head", R_ADDR, "of the list" });
SCHEMA(process_search, "What is looked for", NULL, "Searching for Process with Cid == {pid}",
       { "pid", R_HEX, "process id" });

static struct val pointer(struct session *s, va_t at, const char *field)
{
	return task_number(s, at, "_EPROCESS", field, s->target->ptr_bytes);
}

// ---- the head
static const char *session_text(struct session *s, struct arena *a, va_t at)
{
	struct val session = pointer(s, at, "Session");
	if (session.absent)
		return NULL;
	if (!session.u)
		return "none";
	struct val id = task_number(s, session.u, "_MM_SESSION_SPACE", "SessionId", 4);
	return id.absent ? NULL : arena_printf(a, "%" PRIu64, id.u);
}

// _HANDLE_TABLE.HandleCount moved into its free list with Windows 8.1.
static const char *handle_count(struct session *s, struct arena *a, struct val table)
{
	if (table.absent || !table.u)
		return NULL;
	struct val n = task_number(s, table.u, "_HANDLE_TABLE", "HandleCount", 4);
	if (n.absent)
		n = task_number(s, layout_address(s, table.u, "_HANDLE_TABLE", "FreeLists"), "_HANDLE_TABLE_FREE_LIST",
				"HandleCount", 4);
	return n.absent ? NULL : arena_printf(a, "%" PRIu64 ".", n.u);
}

static void emit_head(struct session *s, struct call *c, struct doc *out, va_t at)
{
	struct val table = pointer(s, at, "ObjectTable");
	const struct val v[] = { V(at),
				 VS(session_text(s, c->a, at)),
				 pointer(s, at, "UniqueProcessId"),
				 pointer(s, at, "Peb"),
				 pointer(s, at, "InheritedFromUniqueProcessId"),
				 task_number(s, at, "_KPROCESS", "DirectoryTableBase", s->target->ptr_bytes),
				 table,
				 VS(handle_count(s, c->a, table)),
				 VS(process_image(s, c->a, at, NULL)) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(process_fields), "process: wrong arity");
	doc_row(out, &process, NULL, v, false);
}

// ---- the details: a line for each field that is known
static void detail(struct doc *out, va_t at, const char *name, const char *value)
{
	if (value)
		ROW(out, process_detail, V(at), VS(name), VS(value));
}

static void number(struct session *s, struct call *c, struct doc *out, va_t at, const char *name, const char *field,
		   unsigned bytes)
{
	struct val v = task_number(s, at, "_EPROCESS", field, bytes);
	detail(out, at, name, v.absent ? NULL : arena_printf(c->a, "%" PRIu64, v.u));
}

static void emit_vad(struct session *s, struct call *c, struct doc *out, va_t at)
{
	const unsigned p = s->target->ptr_bytes;
	struct val root = pointer(s, at, "VadRoot"), map = pointer(s, at, "DeviceMap"), n = pointer(s, at, "VadCount"),
		   clone = pointer(s, at, "CloneRoot"), private = pointer(s, at, "NumberOfPrivatePages"),
		   modified = task_number(s, at, "_EPROCESS", "ModifiedPageCount", 4),
		   locked = pointer(s, at, "NumberOfLockedPages");
	if (!root.absent && !n.absent && !private.absent)
		ROW_AS(out, process_detail, &plain_detail, V(at), VS("VadRoot"),
		       VS(arena_printf(c->a,
				       "%0*" PRIx64 " Vads %" PRIu64 " Clone %" PRIx64 " Private %" PRIu64
				       ". Modified %" PRIu64 ". Locked %" PRIu64 ".",
				       (int)p * 2, root.u, n.u, clone.u, private.u, modified.u, locked.u)));
	else if (!root.absent)
		ROW_AS(out, process_detail, &plain_detail, V(at), VS("VadRoot"),
		       VS(arena_printf(c->a, "%0*" PRIx64, (int)p * 2, root.u)));
	if (!map.absent)
		ROW_AS(out, process_detail, &plain_detail, V(at), VS("DeviceMap"),
		       VS(arena_printf(c->a, "%0*" PRIx64, (int)p * 2, map.u)));
}

static const char *ticks_of(struct session *s, struct arena *a, va_t at, const char *field)
{
	uint64_t unit;
	struct val v = task_number(s, at, "_KPROCESS", field, 4);
	(void)task_increment(s, &unit);
	return v.absent ? NULL : task_time(a, v.u * unit);
}

static const char *working_set(struct session *s, struct arena *a, va_t at)
{
	enum { PAGE_KB = DUMP_PAGE / 1024 };
	struct val now = pointer(s, at, "Vm.Instance.WorkingSetLeafSize"),
		   size = pointer(s, at, "Vm.Instance.WorkingSetSize"),
		   low = pointer(s, at, "Vm.Instance.MinimumWorkingSetSize"),
		   high = pointer(s, at, "Vm.Instance.MaximumWorkingSetSize");
	now = size.absent ? now : size;
	if (now.absent || low.absent || high.absent)
		return NULL;
	return arena_printf(a, "(%" PRIu64 ", %" PRIu64 ", %" PRIu64 ") (%" PRIu64 "KB, %" PRIu64 "KB, %" PRIu64 "KB)",
			    now.u, low.u, high.u, now.u * PAGE_KB, low.u * PAGE_KB, high.u * PAGE_KB);
}

static void emit_quota(struct session *s, struct call *c, struct doc *out, va_t at)
{
	// PS_QUOTA_TYPE, of public symbols: its array's first two.
	static const char *const names[] = { "QuotaPoolUsage[PagedPool]", "QuotaPoolUsage[NonPagedPool]" };
	const unsigned p = s->target->ptr_bytes;
	va_t usage = layout_address(s, at, "_EPROCESS", "ProcessQuotaUsage");
	uint64_t v;
	for (unsigned i = 0; usage && i < ARRAY_LEN(names); i++)
		if (space_ptr(s->target->space, usage + (1 - i) * p, p, &v))
			detail(out, at, names[i], arena_printf(c->a, "%" PRIu64, v));
}

static void emit_details(struct session *s, struct call *c, struct doc *out, va_t at)
{
	enum { MB = 20 };
	const unsigned p = s->target->ptr_bytes;
	struct val token = pointer(s, at, "Token"), create = task_number(s, at, "_EPROCESS", "CreateTime", 8),
		   size = pointer(s, at, "VirtualSize"), peak = pointer(s, at, "PeakVirtualSize");
	uint64_t now = s->target->kernel->facts->system_time, low_bits = p == 8 ? 15 : 7;
	emit_vad(s, c, out, at);
	if (!token.absent) // an EX_FAST_REF
		detail(out, at, "Token", arena_printf(c->a, "%0*" PRIx64, (int)p * 2, token.u & ~low_bits));
	if (!create.absent && now && create.u && create.u <= now)
		detail(out, at, "ElapsedTime", task_time(c->a, now - create.u));
	detail(out, at, "UserTime", ticks_of(s, c->a, at, "UserTime"));
	detail(out, at, "KernelTime", ticks_of(s, c->a, at, "KernelTime"));
	emit_quota(s, c, out, at);
	const char *ws = working_set(s, c->a, at);
	if (ws)
		ROW_AS(out, process_detail, &plain_detail, V(at), VS("Working Set Sizes (now,min,max) "), VS(ws));
	number(s, c, out, at, "PeakWorkingSetSize", "Vm.Instance.PeakWorkingSetSize", p);
	if (!size.absent)
		detail(out, at, "VirtualSize", arena_printf(c->a, "%" PRIu64 " Mb", size.u >> MB));
	if (!peak.absent)
		detail(out, at, "PeakVirtualSize", arena_printf(c->a, "%" PRIu64 " Mb", peak.u >> MB));
	number(s, c, out, at, "PageFaultCount", "Vm.Instance.PageFaultCount", 4);
	struct val priority = task_number(s, at, "_EPROCESS", "Vm.Instance.Flags.MemoryPriority", 1);
	if (!priority.absent)
		detail(out, at, "MemoryPriority", priority.u ? "FOREGROUND" : "BACKGROUND");
	struct val base = task_number(s, at, "_KPROCESS", "BasePriority", 1);
	if (!base.absent)
		detail(out, at, "BasePriority", arena_printf(c->a, "%" PRIu64, base.u));
	number(s, c, out, at, "CommitCharge", "CommitCharge", p);
	struct val job = pointer(s, at, "Job");
	if (!job.absent && job.u)
		detail(out, at, "Job", arena_printf(c->a, "%0*" PRIx64, (int)p * 2, job.u));
}

// ---- lists
static struct ring list_begin(struct session *s, va_t head)
{
	return ring_begin(s->target->space, s->target->ptr_bytes, head);
}

static err_t emit_threads(struct session *s, struct call *c, struct doc *out, va_t process_at, unsigned flags)
{
	enum { INDENT = 8 };
	struct layout_field link;
	struct ring l = list_begin(s, layout_address(s, process_at, "_EPROCESS", "ThreadListHead"));
	va_t at;
	if (!layout_field(s, "_ETHREAD", "ThreadListEntry", &link)) {
		doc_note(out, NOTE_INFO, "layout.unknown",
			 "        threads are not listed: the layout of this kernel is not known");
		return ok();
	}
	doc_text(out, "");
	while (ring_next(&l, &at)) {
		TRY(session_poll(s));
		// Recorded with flags 7, f and without any: never arguments, whatever bit 8 is documented to do.
		task_thread(s, c, out, at - link.offset, flags | TASK_NO_ARGS, INDENT);
		doc_text(out, "");
	}
	if (l.why)
		doc_note(out, NOTE_WARNING, "list.ended", "        threads: %s", l.why);
	return ok();
}

// The block itself, and the 32-bit one of a WOW64 process before it.
static void emit_peb(struct session *s, struct call *c, struct doc *out, va_t at)
{
	enum { INDENT = 4 };
	const unsigned p = s->target->ptr_bytes;
	const struct val peb = pointer(s, at, "Peb");
	const va_t narrow = session_peb32(s);
	if (peb.absent || !peb.u) {
		doc_note(out, NOTE_INFO, "peb.none",
			 peb.absent ? "    the dump does not tell where the PEB is" : "    the process has no PEB");
		return;
	}
	doc_text(out, "");
	if (narrow)
		peb_emit(s, c, out, &(struct peb_place){ narrow, 4, "Wow64 PEB32", INDENT });
	if (space_source_at(s->target->space, peb.u) == SPACE_NONE)
		doc_note(out, NOTE_INFO, "peb.absent", "    the PEB is not readable: %s",
			 space_why_text(space_why(s->target->space, peb.u)));
	else
		peb_emit(s, c, out, &(struct peb_place){ peb.u, p, narrow ? "Wow64 PEB" : "PEB", INDENT });
}

static err_t emit_parts(struct session *s, struct call *c, struct doc *out, va_t at, unsigned flags)
{
	emit_head(s, c, out, at);
	if (flags & TASK_DETAILS)
		emit_details(s, c, out, at);
	if (flags & TASK_PEB)
		emit_peb(s, c, out, at);
	if (flags & (TASK_WAITS | TASK_STACK))
		TRY(emit_threads(s, c, out, at, flags));
	return ok();
}

// The user memory of the process is in force while it is shown, as the flags ask for.
static err_t emit_process(struct session *s, struct call *c, struct doc *out, va_t at, unsigned flags)
{
	struct kernel *k = s->target->kernel;
	const struct val root = task_number(s, at, "_KPROCESS", "DirectoryTableBase", s->target->ptr_bytes);
	const va_t chosen = s->implicit_process;
	const pa_t before = k->paging ? k->paging->user_root : 0;
	const bool change = (flags & (TASK_CONTEXT | TASK_PEB)) != 0;
	if (change)
		s->implicit_process = at;
	bool moved = change && k->paging && !root.absent && !session_set_dirbase(s, root.u).code;
	if (moved && (flags & TASK_CONTEXT))
		task_user_modules(s, out, at, false);
	err_t e = emit_parts(s, c, out, at, flags);
	s->implicit_process = chosen;
	err_t back = moved ? session_set_dirbase(s, before) : ok();
	if (moved && (flags & TASK_CONTEXT))
		task_user_modules(s, out, session_kprocess(s), false);
	return e.code ? e : back;
}

struct wanted {
	bool by_pid;
	uint64_t pid;
	const char *image;
};

static bool matches(struct session *s, struct call *c, const struct wanted *w, va_t at)
{
	if (w->by_pid) {
		struct val pid = pointer(s, at, "UniqueProcessId");
		return !pid.absent && pid.u == w->pid;
	}
	const char *image = w->image ? process_image(s, c->a, at, NULL) : NULL;
	return !w->image || (image && str_wild(w->image, image));
}

// All processes of the list; what a small dump holds is the current one alone.
static err_t emit_list(struct session *s, struct call *c, struct doc *out, const struct wanted *w, unsigned flags)
{
	struct layout_field link;
	va_t head = s->target->kernel->facts->active_processes, at, current = session_kprocess(s);
	struct ring l = list_begin(s, head);
	unsigned shown = 0;
	bool seen_current = false;
	if (w->by_pid)
		ROW(out, process_search, V(w->pid));
	else
		ROW(out, process_list, V(head));
	if (!layout_field(s, "_EPROCESS", "ActiveProcessLinks", &link))
		l.why = "the layout of this kernel is not known";
	while (ring_next(&l, &at)) {
		TRY(session_poll(s));
		at -= link.offset;
		seen_current |= at == current;
		if (!matches(s, c, w, at))
			continue;
		TRY(emit_process(s, c, out, at, flags));
		doc_text(out, "");
		shown++;
	}
	if (l.why && current && !seen_current && matches(s, c, w, current)) {
		TRY(emit_process(s, c, out, current, flags));
		doc_text(out, "");
		shown++;
	}
	if (l.why)
		doc_note(out, NOTE_WARNING, "list.ended", "The list of processes is not whole: %s.%s", l.why,
			 shown ? "" : " No process of it is shown.");
	else if (!shown)
		doc_note(out, NOTE_INFO, "process.none", "No process matches");
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	enum { ALL_OF_ONE = TASK_DETAILS | TASK_WAITS | TASK_STACK | TASK_NO_ARGS, LEAST_ADDRESS = 0x100000 };
	uint64_t at = 0, flags = TASK_DETAILS | TASK_WAITS;
	struct wanted w = { 0 };
	if (arg_switch(c, "/s") || arg_switch(c, "/m"))
		return cmd_fail(c, E_UNSUPPORTED, 0, "not supported: !process /s and /m");
	bool given = !arg_end(c), current = !given;
	if (given)
		TRY(arg_expr(c, &at));
	current |= at == UINT64_MAX || (s->target->ptr_bytes == 4 && at == UINT32_MAX);
	bool one = given && !current && at >= LEAST_ADDRESS;
	if (one)
		flags = ALL_OF_ONE;
	if (!arg_end(c))
		TRY(arg_expr(c, &flags));
	w.image = arg_end(c) ? NULL : arg_word(c);
	TRY(arg_done(c));
	w.by_pid = given && !current && !one && at;
	w.pid = at;
	if (current || one) {
		at = current ? session_kprocess(s) : at;
		if (!at)
			return cmd_fail(c, E_ABSENT, 0, "the dump does not tell which process is current");
		TRY(task_check(s, c, at, TASK_TYPE_PROCESS));
		TRY(emit_process(s, c, out, at, (unsigned)flags));
	} else {
		TRY(emit_list(s, c, out, &w, (unsigned)flags));
	}
	struct layout_field f;
	bool process_times = (flags & TASK_DETAILS) && layout_field(s, "_KPROCESS", "UserTime", &f);
	task_notes(s, out, process_times || ((flags & TASK_WAITS) && (flags & TASK_STACK)));
	return ok();
}

static const struct schema *const rows[] = { &process,           &process_detail,
					     &process_list,      &process_search,
					     &row_kernel_thread, &row_wait_object,
					     &row_thread_irp,    &row_kernel_thread_details,
					     &row_stack_frame,   &row_peb,
					     &row_peb_module,    &row_process_parameters,
					     &row_environment,   NULL };
const struct cmd cmd_process = {
	.names = "!process",
	.kernel_only = true,
	.group = "The kernel",
	.args = "[ADDRESS | PID | -1 | 0 [FLAGS [IMAGE]]]",
	.summary = "Show processes of a kernel dump and their threads",
	.help = "!process               the current process\n"
		"!process 0 0           all processes, briefly; with a name at the end: those of this image\n"
		"!process ADDRESS 7     one, with times, threads and their stacks\n"
		"flags: 1 times and memory, 2 threads and their waits, 4 with 2: stacks, 8 no arguments,\n"
		"       10 in the process' own user memory, 20 its environment block\n",
	.run = run,
	.rows = rows,
};
