// SPDX-License-Identifier: Apache-2.0
// truncated_dump.c: the file is shorter than its own headers say.
//
// Folklore: a disk without room, an upload that broke off, a machine that was switched off while it wrote. Real case: a
// complete dump of which the first 16 KB are left: a header, and no memory at all. It lies for tools that count
// wrongly: a file whose every byte is there, but whose table promises more.
#include "detect/detect.h"

static err_t run(const struct facts *f, struct findings *out)
{
	enum { SHOWN = 4 };
	const struct dump *d = f->session->target->dump;
	size_t shown = 0;
	if (!d->truncated)
		return ok();
	finding(out, SEV_WARNING, 95, "The dump file was cut: it ends before what its headers promise")->refutation =
		"a writer that promised more than it wrote";
	evidence(out, 0, f->kernel ? ".dumpdebug" : "||", "the file has %zu bytes", d->file.n);
	for (size_t i = 0; i < d->n_notes && shown < SHOWN; i++) {
		if (d->notes[i].code == OK)
			continue;
		shown++;
		evidence(out, 0, NULL, "%s", d->notes[i].what);
	}
	return ok();
}

const struct detector detect_truncated_dump = {
	.id = "truncated-dump",
	.number = 111,
	.title = "Truncated Dump",
	.degree = DEGREE_AUTO,
	.explain = "The file ends before what its headers, its table of streams or its list of pages promise. What is "
		   "missing\n"
		   "reads as ??, and a pattern that is not found may be in the missing part: get the whole file.\n"
		   "It lies for writers that promise more than they write.\n"
		   "See also: ||, .dumpdebug.",
	.run = run,
};
