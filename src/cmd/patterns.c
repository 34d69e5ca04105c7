// SPDX-License-Identifier: Apache-2.0
// patterns.c: !patterns: which memory-analysis patterns the dump shows, why, and what was not looked for.
#include "cmd/cmd.h"
#include "detect/detect.h"

static err_t run(struct session *s, struct call *c, struct doc *out)
{
	struct findings_view view = { 0 };
	while (!arg_end(c)) {
		if (arg_switch(c, "-v")) {
			view.verbose = true;
			continue;
		}
		const char *word = arg_word(c);
		view.only = detector_find(word);
		if (!view.only)
			return cmd_fail(c, E_NOTFOUND, 0, "No pattern, or several, fit '%s'. Try: dumpscope explain",
					word);
	}
	const struct findings *f;
	TRY(detect_all(s, &f));
	findings_emit_view(out, f, &view);
	return ok();
}

static const struct schema *const rows[] = { &row_finding, &row_evidence, &row_not_checked, &row_pattern_absent, NULL };
const struct cmd cmd_patterns = {
	.names = "!patterns",
	.group = "Analysis",
	.args = "[-v] [ID | NUMBER | PART OF TITLE]",
	.summary = "Show the memory-analysis patterns that the dump has",
	.help = "!patterns           what was found, with evidence, and what could not be checked\n"
		"!patterns -v        also what would refute a finding, and which patterns are not there\n"
		"!patterns 17        one pattern, by number\n"
		"!patterns null-pointer-data\n"
		"                    or by id. `dumpscope explain 17` says what a pattern is\n",
	.run = run,
	.rows = rows,
};
