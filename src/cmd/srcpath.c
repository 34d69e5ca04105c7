// SPDX-License-Identifier: Apache-2.0
// srcpath.c: .srcpath and .srcfix: where source files are looked for.
#include "cmd/source.h"

#include <string.h>

extern const struct cmd cmd_srcpath;

SCHEMA(source_path, "The source path", NULL, "Source search path is: {shown}", { "path", R_STR, "as it was given" },
       { "shown", R_STR, "the same, <empty> when there is none" });
// What cannot be used is said when it is set, not only when a file is missing.
static void note_elements(struct call *c, struct doc *out, const char *path)
{
	for (const char *p = path; *p; p += *p == ';') {
		size_t n = strcspn(p, ";");
		char *element = arena_strndup(c->a, p + strspn(p, " \t"), n);
		element[MIN(strlen(element), strcspn(element, ";"))] = 0;
		p += n;
		for (char *q = element; *q; q++)
			*q = (char)(*q == '\\' ? '/' : *q);
		if (source_is_server(element))
			doc_note(out, NOTE_WARNING, "source.server", "not supported: %s: source servers are not asked",
				 element);
		else if (*element && !folder_exists(element))
			doc_note(out, NOTE_WARNING, "source.no_folder", "WARNING: %s is no folder of this machine",
				 element);
	}
}

static err_t set_path(struct session *s, struct call *c, struct doc *out, bool fix)
{
	const char *old = s->dbg->source_path ? s->dbg->source_path : "", *path = arg_rest(c);
	const char *given = fix ? arena_printf(c->a, "%s%sSRV*", path, *path ? ";" : "") : path;
	if (*given) {
		bool append = call_flag(c, '+') && *old;
		s->dbg->source_path =
			append ? arena_printf(s->dbg->arena, "%s;%s", old, given) : arena_strdup(s->dbg->arena, given);
		note_elements(c, out, given);
	}
	const char *now = s->dbg->source_path ? s->dbg->source_path : "";
	ROW(out, source_path, VS(now), VS(*now ? now : "<empty>"));
	return ok();
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	return set_path(s, c, out, strchr(c->name, 'f') != NULL);
}

// A path has ';' in it. Without one the command only shows, and others may follow.
static size_t extent(const char *name, const char *args)
{
	(void)name;
	const char *p = args + strspn(args, "+ \t");
	return *p == ';' ? (size_t)(p - args) : strcspn(args, "\n");
}

static const struct schema *const rows[] = { &source_path, NULL };
const struct cmd cmd_srcpath = {
	.names = ".srcpath .lsrcpath .srcfix .lsrcfix",
	.flags = "+",
	.group = "Source code",
	.extent = extent,
	.args = "[+] [FOLDER;FOLDER]",
	.summary = "Show or set the folders of source files",
	.help = ".srcpath              show the path\n"
		".srcpath /src;/more   set it; .srcpath+ appends to it\n"
		"A file is looked for where its symbols say it lay, then in the folders: the longest tail of that\n"
		"path that exists, in any case. not supported: source servers (srv*, DebugInfoD*)\n",
	.run = run,
	.rows = rows,
};
