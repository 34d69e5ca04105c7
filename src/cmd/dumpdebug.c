// SPDX-License-Identifier: Apache-2.0
// dumpdebug.c: .dumpdebug: what the dump file holds, stream by stream, and what is wrong with it.
#include "cmd/dumpdebug.h"

#include <inttypes.h>

extern const struct cmd cmd_dumpdebug;

SCHEMA(dump_header, "The header of the dump file", NULL,
       "----- User Mini Dump Analysis\n\nMINIDUMP_HEADER:\nVersion         {version:4} ({implementation:4})\n"
       "NumberOfStreams {streams}\nFlags           {flags}",
       { "version", R_UHEX, "a793" }, { "implementation", R_UHEX, "the writer's own version" },
       { "streams", R_DEC, "directory entries" }, { "flags", R_HEX, "MINIDUMP_TYPE" },
       { "timestamp", R_DEC, "seconds since 1970 UTC" });
SCHEMA(dump_flag, "A flag of MINIDUMP_TYPE", NULL, "                {value:4} {name}", { "value", R_HEX, "bit" },
       { "name", R_STR, "its name" });
SCHEMA(dump_stream, "A stream of the dump file", NULL,
       "Stream {index}: type {name} ({type}), size {size:8}, RVA {rva:8}{?problem   {problem}}",
       { "index", R_DEC, "place in the directory" }, { "name", R_STR, "its name, or ??" },
       { "type", R_DEC, "stream number" }, { "size", R_UHEX, "bytes" }, { "rva", R_UHEX, "file offset" },
       { "problem", R_STR, "what is wrong with it; null: nothing" });
SCHEMA(dump_fact, "A fact that a stream holds", NULL, "  {name}: {value}", { "stream", R_STR, "stream name" },
       { "name", R_STR, "which fact" }, { "value", R_STR, "its value" });

static const struct {
	uint64_t bit;
	const char *name;
} flag_names[] = {
	// MINIDUMP_TYPE (minidumpapiset.h)
	{ 0x1, "MiniDumpWithDataSegs" },
	{ 0x2, "MiniDumpWithFullMemory" },
	{ 0x4, "MiniDumpWithHandleData" },
	{ 0x8, "MiniDumpFilterMemory" },
	{ 0x10, "MiniDumpScanMemory" },
	{ 0x20, "MiniDumpWithUnloadedModules" },
	{ 0x40, "MiniDumpWithIndirectlyReferencedMemory" },
	{ 0x80, "MiniDumpFilterModulePaths" },
	{ 0x100, "MiniDumpWithProcessThreadData" },
	{ 0x200, "MiniDumpWithPrivateReadWriteMemory" },
	{ 0x400, "MiniDumpWithoutOptionalData" },
	{ 0x800, "MiniDumpWithFullMemoryInfo" },
	{ 0x1000, "MiniDumpWithThreadInfo" },
	{ 0x2000, "MiniDumpWithCodeSegs" },
	{ 0x4000, "MiniDumpWithoutAuxiliaryState" },
	{ 0x8000, "MiniDumpWithFullAuxiliaryState" },
	{ 0x10000, "MiniDumpWithPrivateWriteCopyMemory" },
	{ 0x20000, "MiniDumpIgnoreInaccessibleMemory" },
	{ 0x40000, "MiniDumpWithTokenInformation" },
	{ 0x80000, "MiniDumpWithModuleHeaders" },
	{ 0x100000, "MiniDumpFilterTriage" },
	{ 0x200000, "MiniDumpWithAvxXStateContext" },
	{ 0x400000, "MiniDumpWithIptTrace" },
	{ 0x800000, "MiniDumpScanInaccessiblePartialPages" },
};
enum stream {
	THREADS = 3,
	MODULES = 4,
	MEMORY = 5,
	EXCEPTION = 6,
	SYSTEM = 7,
	MEMORY64 = 9,
	HANDLES = 12,
	FUNCTIONS = 13,
	UNLOADED = 14,
	MISC = 15,
	MEMINFO = 16,
	HANDLE_OPS = 18,
	TOKEN = 19,
	SYSMEM = 21,
	VM = 22,
	NAMES = 24,
	CRASHPAD = 0x43500001,
	BREAKPAD = 0x47670001,
	ASSERTION = 0x47670002
};

static void fact(struct call *c, struct doc *out, const struct dump_stream *st, const char *name, const char *fmt, ...)
	PRINTF_LIKE(5, 6);
static void fact(struct call *c, struct doc *out, const struct dump_stream *st, const char *name, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	const char *value = arena_vprintf(c->a, fmt, ap);
	va_end(ap);
	ROW(out, dump_fact, VS(st->name), VS(name), VS(value));
}

static void misc_facts(struct call *c, struct doc *out, const struct dump_stream *st, const struct dump_misc *m)
{
	if (m->flags & MISC_PID)
		fact(c, out, st, "process id", "%" PRIx32, m->pid);
	if (m->flags & MISC_POWER)
		fact(c, out, st, "processor MHz", "max %u, current %u, limit %u", m->mhz_max, m->mhz_current,
		     m->mhz_limit);
	if (m->flags & MISC_INTEGRITY)
		fact(c, out, st, "integrity level", "%" PRIx32, m->integrity);
	if (m->flags & MISC_EXEC_FLAGS)
		fact(c, out, st, "execute flags", "%" PRIx32, m->execute_flags);
	if (m->flags & MISC_TIMEZONE)
		fact(c, out, st, "time zone", "%s, bias %d minutes", m->tz_standard ? m->tz_standard : "?", m->tz_bias);
	if (m->flags & MISC_BUILD)
		fact(c, out, st, "build", "%s", m->build_string ? m->build_string : "?");
	if (m->xstate_features)
		fact(c, out, st, "xstate", "features %" PRIx64 ", context size %u", m->xstate_features, m->xstate_size);
	if (m->flags & MISC_COOKIE)
		fact(c, out, st, "process cookie", "%" PRIx32, m->process_cookie);
}

static void vm_facts(struct call *c, struct doc *out, const struct dump_stream *st, const struct dump_vm *v)
{
	fact(c, out, st, "page faults", "%u", v->page_faults);
	fact(c, out, st, "working set", "%" PRIx64 " (peak %" PRIx64 ")", v->ws, v->peak_ws);
	fact(c, out, st, "page file", "%" PRIx64 " (peak %" PRIx64 ")", v->pagefile, v->peak_pagefile);
	fact(c, out, st, "private", "%" PRIx64, v->private_usage);
	fact(c, out, st, "virtual size", "%" PRIx64 " (peak %" PRIx64 ")", v->virtual_size, v->peak_virtual);
}

static void crashpad_facts(struct call *c, struct doc *out, const struct dump_stream *st, const struct dump_crashpad *p)
{
	fact(c, out, st, "version", "%u", p->version);
	fact(c, out, st, "annotations", "%zu", p->n_annotations);
	fact(c, out, st, "modules", "%zu", p->n_modules);
	if (p->address_mask)
		fact(c, out, st, "address mask", "%" PRIx64, p->address_mask);
}

static void breakpad_facts(struct call *c, struct doc *out, const struct dump_stream *st, const struct dump_breakpad *b)
{
	if (st->type == ASSERTION) {
		fact(c, out, st, "expression", "%s", b->expression ? b->expression : "?");
		fact(c, out, st, "place", "%s, line %u", b->function ? b->function : "?", b->line);
		return;
	}
	if (b->validity & 1)
		fact(c, out, st, "dumping thread", "%" PRIx32, b->dump_tid);
	if (b->validity & 2)
		fact(c, out, st, "requesting thread", "%" PRIx32, b->requesting_tid);
}

static void stream_facts(struct session *s, struct call *c, struct doc *out, const struct dump_stream *st)
{
	const struct dump_user *u = s->target->user;
	switch (st->type) {
	case THREADS:
		fact(c, out, st, "threads", "%zu", u->n_threads);
		break;
	case MODULES:
		fact(c, out, st, "modules", "%zu", u->n_modules);
		break;
	case MEMORY:
	case MEMORY64:
		fact(c, out, st, "ranges", "%zu", dump_ranges_count(s->target->dump->ranges));
		break;
	case EXCEPTION:
		fact(c, out, st, "exception", "thread %" PRIx32 ", code %08" PRIx32 ", address %" PRIx64,
		     u->exception.tid, u->exception.code, u->exception.address);
		break;
	case SYSTEM:
		fact(c, out, st, "system", "%u.%u.%u, processor architecture %u, %u processors", u->system.major,
		     u->system.minor, u->system.build, u->system.arch, u->system.n_cpus);
		break;
	case HANDLES:
		fact(c, out, st, "handles", "%zu", u->handles.n);
		break;
	case FUNCTIONS:
		fact(c, out, st, "function tables", "%zu", u->n_functions);
		break;
	case UNLOADED:
		fact(c, out, st, "unloaded modules", "%zu", u->n_unloaded);
		break;
	case MISC:
		misc_facts(c, out, st, &u->misc);
		break;
	case MEMINFO:
		fact(c, out, st, "regions", "%zu", u->meminfo.n);
		break;
	case HANDLE_OPS:
		fact(c, out, st, "handle operations", "%zu", u->handle_ops.n);
		break;
	case TOKEN:
		fact(c, out, st, "tokens", "%zu", u->n_tokens);
		break;
	case SYSMEM:
		fact(c, out, st, "memory", "revision %u, %" PRIu64 " physical pages of %u bytes", u->sysmem.revision,
		     u->sysmem.physical_pages, u->sysmem.page_size);
		break;
	case VM:
		vm_facts(c, out, st, &u->vm);
		break;
	case CRASHPAD:
		crashpad_facts(c, out, st, &u->crashpad);
		break;
	case BREAKPAD:
	case ASSERTION:
		breakpad_facts(c, out, st, &u->breakpad);
		break;
	default:
		break;
	}
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	const struct dump *d = s->target->dump;
	const struct dump_user *u = d->user;
	const bool verbose = arg_switch(c, "-v");
	TRY(arg_done(c));
	if (s->target->kernel)
		return dumpdebug_kernel(s, c, out, verbose);
	ROW(out, dump_header, V(u->version_low), V(u->version_high), V(u->n_streams), V(u->flags), V(u->timestamp));
	for (size_t i = 0; i < ARRAY_LEN(flag_names); i++)
		if (u->flags & flag_names[i].bit)
			ROW(out, dump_flag, V(flag_names[i].bit), VS(flag_names[i].name));
	doc_text(out, "");
	doc_text(out, "Streams:");
	for (size_t i = 0; i < u->n_streams; i++) {
		const struct dump_stream *st = &u->streams[i];
		TRY(session_poll(s));
		const char *problem = st->status == E_ABSENT    ? "beyond the end of the file"
				      : st->status == E_CORRUPT ? "does not decode"
				      : st->name                ? NULL
								: "unknown stream, kept as bytes";
		ROW(out, dump_stream, V(i), VS(st->name ? st->name : "??"), V(st->type), V(st->size), V(st->rva),
		    VS(problem));
		if (st->status == OK && st->size)
			stream_facts(s, c, out, st);
	}
	for (size_t i = 0; i < d->n_notes; i++)
		doc_note(out, d->notes[i].code == OK ? NOTE_INFO : NOTE_WARNING, err_name(d->notes[i].code),
			 "%s (file offset 0x%" PRIx64 ")", d->notes[i].what, d->notes[i].at);
	return ok();
}

static const struct schema *const rows[] = { &dump_header,      &dump_flag,        &dump_stream, &dump_fact,
					     &kernel_dump_kind, &kernel_dump_fact, NULL };
const struct cmd cmd_dumpdebug = {
	.names = ".dumpdebug",
	.group = "The target",
	.args = "[-v]",
	.summary = "Show the streams or the header of the dump file, and what is wrong with them",
	.help = ".dumpdebug -v  of small kernel dumps also each piece of memory that the file lists\n",
	.run = run,
	.rows = rows,
};
