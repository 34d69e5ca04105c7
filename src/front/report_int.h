// SPDX-License-Identifier: Apache-2.0
// report_int.h: the parts of the report. Text: what a person in a hurry wants, at most forty lines. JSON: the
// field names of rust-minidump's minidump-stackwalk, the verdict and the findings besides.
#pragma once
#include "cmd/analyze.h"
#include "detect/detect.h"
#include "front/front.h"

struct report {
	struct session *s;
	struct arena *a;
	struct doc *out;
	const struct options *o;
	const struct verdict *v; // NULL: there is none
	err_t why_not;
	const struct findings *findings; // NULL: there are none
};

void report_text(struct report *r);
void report_json(struct report *r);
void report_json_unopened(struct report *r, err_t why); // of several dumps one that cannot be opened

// How sure the name of a frame is decides its form: "mod!func+0x12" only for certain functions, else "mod+0x12".
struct place {
	const char *text;
	const char *function; // NULL: not certain
	uint64_t function_offset;
};
struct place report_place(struct report *r, const struct frame *f);

// What supports the verdict, and what else it could be; NULL entries do not occur.
struct reason {
	const char *what, *command; // command NULL: none shows it
};
enum { MOST_REASONS = 10 };
size_t report_reasons(struct report *r, struct reason *ret);
size_t report_alternatives(struct report *r, struct reason *ret);
size_t report_next(struct report *r, struct reason *ret);
size_t report_warnings(struct report *r, struct reason *ret);

// Lines of a kernel dump's report.
struct kernel_list;
const char *report_kernel_dump(struct report *r);
const char *report_kernel_where(struct report *r);
const char *report_kernel_meaning(struct report *r); // NULL: nothing is known of the code
const char *report_kernel_driver(struct report *r);
size_t report_kernel_list(struct report *r, const struct kernel_list *l, struct reason *ret);

// The sections of the JSON report, for `schemas`.
struct report_section {
	const char *parent; // key of the section whose rows hold this one; NULL: the report itself
	const char *key;    // NULL: the row's fields are the parent's own
	bool list;
	const struct schema *row;
};
extern const struct report_section report_sections[]; // row NULL ends
