// SPDX-License-Identifier: Apache-2.0
// vertarget.c: what is loaded and when it was taken: the load banner, vertarget, version, .time.
#include "cmd/when.h"

#include "cmd/rows.h"
#include "target/kernel.h"
#include "target/system.h"

#include <inttypes.h>
#include <string.h>

extern const struct cmd cmd_vertarget;

SCHEMA(dump_file, "The dump that is open", NULL, "Loading Dump File [{path}]\n{kind}",
       { "path", R_STR, "as it was named" }, { "kind", R_STR, "WinDbg's name of this kind of dump" },
       { "format", R_STR, "minidump" }, { "inner", R_STR, "name inside the container; null when there is none" });
SCHEMA(dump_comment, "Text the dump's writer left (CommentStreamA or W)", NULL, "Comment: '{text}'",
       { "text", R_STR, "the comment" });
SCHEMA(search_path, "Where symbols and images are looked for", NULL,
       "Symbol search path is: {symbols}\nExecutable search path is: {images}", { "symbols", R_STR, "symbol path" },
       { "images", R_STR, "image path" });
SCHEMA(system_info, "The machine the dump came from", NULL,
       "{title}\nProduct: {product}{?build_lab \nEdition build lab: {build_lab}}",
       { "title", R_STR, "system and processors" }, { "product", R_STR, "product type and suites" },
       { "build_lab", R_STR, "build string; null when not recorded" }, { "os", R_STR, "name" },
       { "version", R_STR, "major.minor.build[.revision]" }, { "cpus", R_DEC, "processors" },
       { "machine", R_STR, "x64, x86, arm64" });
SCHEMA(kernel_base, "Where the kernel and the list of its modules lie", NULL,
       "Machine Name:\nKernel base = {?kernel 0x{kernel}}{!kernel <unknown>} PsLoadedModuleList = "
       "{?modules 0x{modules}}{!modules <unknown>}",
       { "kernel", R_PTR, "base of nt; null when not known" },
       { "modules", R_PTR, "PsLoadedModuleList; null when not recorded" });
SCHEMA(session_time, "When the dump was taken", NULL,
       "Debug session time: {time}\nSystem Uptime: {system_uptime}\nProcess Uptime: {process_uptime}",
       { "time", R_STR, "in the dump's time zone" }, { "unix_time", R_DEC, "seconds since 1970 UTC" },
       { "system_uptime", R_STR, "a user-mode dump does not record it" }, { "process_uptime", R_STR, "days and time" },
       { "process_uptime_seconds", R_DEC, "null when not recorded" });
SCHEMA(process_times, "Processor time of the process", NULL, "  Kernel time: {kernel}\n  User time: {user}",
       { "kernel", R_STR, "days and time" }, { "user", R_STR, "days and time" }, { "kernel_seconds", R_DEC, "seconds" },
       { "user_seconds", R_DEC, "seconds" });
SCHEMA(program_version, "This program", NULL, "dumpscope {version}", { "version", R_STR, "version" });

static const char *kind_text(const struct target *t)
{
	if (t->kernel)
		return kernel_kind_text(t->kernel->facts);
	return t->dump->kind == DUMP_USER_FULL
		       ? "User Mini Dump File with Full Memory: Only application data is available"
		       : "User Mini Dump File: Only registers, stack and portions of memory are available";
}

static const struct layout kernel_time = { NULL, "Debug session time: {time}\nSystem Uptime: {system_uptime}" };

static void when_emit_kernel(struct session *s, struct call *c, struct doc *out)
{
	const struct dump_kernel *k = s->target->kernel->facts;
	uint64_t ms = filetime_to_unix_ms(k->system_time);
	ROW_AS(out, session_time, &kernel_time,
	       VS(k->system_time ? system_time_text(s->target, c->a, ms) : "not available"),
	       V_IF(k->system_time, ms / 1000), VS(k->uptime ? duration_text(c->a, k->uptime) : "not available"),
	       VS(NULL), V_ABSENT);
}

void when_emit(struct session *s, struct call *c, struct doc *out)
{
	if (s->target->kernel) {
		when_emit_kernel(s, c, out);
		return;
	}
	const struct target *t = s->target;
	const struct dump_user *u = t->user;
	const struct dump_misc *m = &u->misc;
	const uint64_t second = 10000000;
	bool created = (m->flags & MISC_TIMES) && m->create_time && u->timestamp >= m->create_time;
	uint64_t up = created ? u->timestamp - m->create_time : 0;
	ROW(out, session_time, VS(system_time_text(t, c->a, (uint64_t)u->timestamp * 1000)), V(u->timestamp),
	    VS("not available"), VS(created ? duration_text(c->a, up * second) : "not available"), V_IF(created, up));
	if (m->flags & MISC_TIMES)
		ROW(out, process_times, VS(duration_text(c->a, m->kernel_time * second)),
		    VS(duration_text(c->a, m->user_time * second)), V(m->kernel_time), V(m->user_time));
}

static void emit_system(struct session *s, struct call *c, struct doc *out)
{
	struct target *t = s->target;
	if (!t->user->system.present) {
		doc_note(out, NOTE_WARNING, "dump.no_system_info", "The dump does not say which system it came from.");
		return;
	}
	ROW(out, system_info, VS(system_title(t, c->a)), VS(system_product(t, c->a)), VS(system_build_lab(t, c->a)),
	    VS(system_name(t)), VS(system_version(t, c->a)), V(t->user->system.n_cpus), VS(system_platform(t)));
	const struct kernel *k = t->kernel;
	if (k)
		ROW(out, kernel_base, V_IF(k->base, k->base), V_IF(k->facts->loaded_modules, k->facts->loaded_modules));
}

void emit_dots(struct doc *out, size_t n)
{
	static const char dots[] = "................................................................";
	for (; n; n -= MIN(n, sizeof(dots) - 1))
		doc_text(out, dots + sizeof(dots) - 1 - MIN(n, sizeof(dots) - 1));
}

static void emit_notes(struct session *s, struct doc *out)
{
	const struct dump *d = s->target->dump;
	if (d->truncated)
		doc_note(out, NOTE_WARNING, "dump.truncated",
			 "WARNING: Dump file has been truncated.  Data may be missing.");
	for (size_t i = 0; i < d->n_notes; i++) {
		const struct dump_note *n = &d->notes[i];
		doc_note(out, n->code == OK ? NOTE_INFO : NOTE_WARNING,
			 n->code == OK ? "dump.remark" : err_name(n->code), "%s%s (file offset 0x%" PRIx64 ")",
			 n->code == OK ? "" : "WARNING: ", n->what, n->at);
	}
	const char *notes[KERNEL_NOTES];
	size_t n_notes = s->target->kernel ? kernel_notes(s->target->kernel, notes) : 0;
	for (size_t i = 0; i < n_notes; i++)
		doc_note(out, NOTE_WARNING, "dump.kernel", "WARNING: %s", notes[i]);
}

void banner_emit(struct session *s, struct call *c, struct doc *out)
{
	const struct target *t = s->target;
	const struct dump_user *u = t->user;
	ROW(out, dump_file, VS(t->path), VS(kind_text(t)), VS(t->dump->format->name), VS(t->inner));
	const char *comments[] = { u->comment_a, u->comment_w };
	for (size_t i = 0; i < ARRAY_LEN(comments); i++)
		if (comments[i] && *comments[i])
			ROW(out, dump_comment, VS(comments[i]));
	emit_notes(s, out);
	doc_text(out, "");
	ROW(out, search_path, VS(t->symbol_path.text), VS(t->image_path.text));
	emit_system(s, c, out);
	when_emit(s, c, out);
	if (t->kernel)
		doc_text(out, "Loading Kernel Symbols");
	emit_dots(out, t->n_modules);
	if (t->kernel)
		doc_text(out, "Loading User Symbols");
	if (t->n_unloaded) {
		doc_text(out, "Loading unloaded module list");
		emit_dots(out, t->n_unloaded);
	}
	if (u->exception.present && !t->kernel) {
		doc_text(out, "This dump file has an exception of interest stored in it.");
		doc_text(out, "The stored exception information can be accessed via .ecxr.");
		lastevent_emit(s, c, out, true);
	}
	doc_text(out, "For analysis of this file, run !analyze -v");
	if (s->regs_known)
		emit_here(c, out);
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	TRY(arg_done(c));
	if (str_ieq(c->name, ".banner")) {
		doc_text(out, "");
		ROW(out, program_version, VS(DUMPSCOPE_VERSION));
		doc_text(out, "");
		doc_text(out, "");
		banner_emit(s, c, out);
	} else if (str_ieq(c->name, ".time")) {
		when_emit(s, c, out);
	} else {
		emit_system(s, c, out);
		when_emit(s, c, out);
	}
	if (str_ieq(c->name, "version"))
		ROW(out, program_version, VS(DUMPSCOPE_VERSION));
	return ok();
}

const struct schema *const banner_rows[] = { &dump_file,      &dump_comment,      &search_path,   &system_info,
					     &kernel_base,    &session_time,      &process_times, &program_version,
					     &row_last_event, &row_code_location, &row_insn,      NULL };
const struct cmd cmd_vertarget = {
	.names = "vertarget version .time .banner",
	.group = "The target",
	.args = "",
	.summary = "Show the system, the times and (version) this program",
	.help = "vertarget   system and times\nversion     the same and this program's version\n"
		".time       times only\n.banner     what was shown when the dump was opened\n",
	.run = run,
	.rows = banner_rows,
};
