// SPDX-License-Identifier: Apache-2.0
// explain.c: dumpscope explain [PATTERN]: what a memory-analysis pattern is, when it lies, what to do next.
#include "detect/detect.h"
#include "front/front.h"

#include <stdio.h>
#include <stdlib.h>

static const struct field pattern_fields[] = {
	{ "number", R_DEC, "number of the pattern" },
	{ "pattern", R_STR, "stable id" },
	{ "title", R_STR, "name" },
	{ "degree", R_STR, "auto: the detector may assert it; part: it proposes; evidence: it only shows" },
	{ "needs", R_STRS, "the facts of a dump that its detector needs" },
	{ "explain", R_STR, "what it is, when it lies, which commands show it" },
};
static const struct schema row_pattern = {
	.name = "pattern",
	.doc = "A memory-analysis pattern that has a detector",
	.layout = { NULL, "{number:3}  {degree:9} {title}  ({pattern})" },
	.fields = pattern_fields,
	.n_fields = ARRAY_LEN(pattern_fields),
};
static const struct layout one_pattern = { NULL, "{title}\n\nNumber {number}, id {pattern}, degree {degree}\n"
						 "Needs: {needs}\n\n{explain}" };

static void emit(struct arena *a, struct doc *out, const struct detector *d, const struct layout *layout)
{
	static const char *const facts[] = { "threads",   "stacks",      "exception", "exception's registers",
					     "modules",   "memory map",  "versions",  "user-mode dump",
					     "bug check", "stack memory" };
	struct val *needs = NEW_N(a, struct val, ARRAY_LEN(facts));
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(facts); i++)
		if (d->needs >> i & 1)
			needs[n++] = VS(facts[i]);
	const struct val v[] = { V(d->number), VS(d->id),     VS(d->title), VS(degree_name(d->degree)),
				 VL(needs, n), VS(d->explain) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(pattern_fields), "pattern: wrong arity");
	doc_row(out, &row_pattern, layout, v, false);
}

static int run(struct arena *a, int argc, char **argv, bool json)
{
	struct sb text = sb_new(a); // "explain null pointer" needs no quotes
	for (int i = 0; i < argc; i++) {
		if (str_eq(argv[i], "--json")) {
			json = true;
		} else if (argv[i][0] == '-') {
			fprintf(stderr, "dumpscope explain: unknown option: %s\n", argv[i]);
			return EXIT_USAGE;
		} else {
			sb_printf(&text, "%s%s", text.n ? " " : "", argv[i]);
		}
	}
	const struct detector *one = text.n ? detector_find(sb_str(&text)) : NULL;
	if (text.n && !one) {
		fprintf(stderr,
			"dumpscope explain: no pattern, or several, fit '%s'; without argument all are listed\n",
			sb_str(&text));
		return EXIT_USAGE;
	}
	struct output *o = NEW(a, struct output);
	output_init(o);
	bool colour = os_is_tty(1) && !getenv("NO_COLOR");
	struct doc *d = json ? doc_json_new(a, o->sink, 8) : doc_text_new(a, o->sink, 8, colour);
	doc_begin(d, text.n ? arena_printf(a, "explain %s", sb_str(&text)) : "explain");
	for (const struct detector *const *p = detectors; *p; p++)
		if (!one || one == *p)
			emit(a, d, *p, one ? &one_pattern : NULL);
	doc_end(d);
	return output_end(o, EXIT_ANALYSED);
}

static const struct schema *const rows[] = { &row_pattern, NULL };
const struct front front_explain = {
	.name = "explain",
	.args = "[PATTERN]",
	.summary = "What a pattern is: by id, number or part of its title; without: the list",
	.run = run,
	.rows = rows,
};
