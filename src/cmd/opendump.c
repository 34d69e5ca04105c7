// SPDX-License-Identifier: Apache-2.0
// opendump.c: .opendump: one more dump beside those that are open (Microsoft's pages ".opendump (Open Dump File)" and
// "Debugging Multiple Targets").
#include "cmd/when.h"

#include <string.h>

extern const struct cmd cmd_opendump;

// A name may be quoted; else it is the rest, blanks included.
static const char *file_name(struct call *c)
{
	arg_blanks(c);
	const char *name = *c->p == '"' ? arg_word(c) : arg_rest(c);
	return name && *name ? name : NULL;
}

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct debugger *d = s->dbg;
	const char *inner = arg_switch(c, "/c") ? arg_word(c) : NULL, *path = file_name(c);
	TRY(arg_done(c));
	if (inner && !path)
		path = d->last_inner ? d->last_path : NULL;
	if (!path)
		return usage(c, "Usage: .opendump FILE, or .opendump /c \"DUMP\" [ARCHIVE]");
	struct session *opened;
	err_t e = debugger_open(d, path, inner, &opened);
	if (e.code) {
		const char *why = e.what ? e.what : err_name(e.code);
		size_t n = strlen(path);
		if (str_starts(why, path) && str_starts(why + n, ": ")) // some texts name the file themselves
			why += n + 2;
		return cmd_fail(c, e.code, e.at, "Could not open dump file [%s]: %s", path, why);
	}
	cmd_choose_system(c, opened, out);
	doc_text(out, "");
	banner_emit(opened, c, out);
	if (d->n_systems > 1)
		doc_note(out, NOTE_INFO, "system.opened",
			 "System %u is loaded and current; it needs no g. || lists the open dumps.", opened->number);
	return ok();
}

const struct cmd cmd_opendump = {
	.names = ".opendump",
	.no_target = true,
	.group = "The target",
	.args = "FILE | /c \"DUMP\" [ARCHIVE]",
	.summary = "Open one more dump; it becomes the current one",
	.help = ".opendump b.dmp                  beside the dumps that are open: || lists them\n"
		".opendump x.cab                  the first dump of an archive\n"
		".opendump /c \"inner.dmp\" x.cab  another one; without ARCHIVE, of the one opened last\n",
	.run = run,
	.rows = banner_rows,
};
