// SPDX-License-Identifier: Apache-2.0
// emit.c: findings as rows; !patterns and the report show the same ones.
#include "detect/detect_int.h"

const char *severity_name(enum severity s)
{
	static const char *const names[] = { "info", "warning", "critical" };
	return names[s];
}

const char *degree_name(enum degree d)
{
	static const char *const names[] = { "auto", "part", "evidence" };
	return names[d];
}

static const struct field finding_fields[] = {
	{ "pattern", R_STR, "stable id of the pattern" },
	{ "number", R_DEC, "number of the pattern, for !patterns and explain" },
	{ "title", R_STR, "name of the pattern" },
	{ "severity", R_STR, "info, warning or critical" },
	{ "confidence", R_DEC, "percent" },
	{ "summary", R_STR, "what was found, in one sentence" },
	{ "refutation", R_STR, "what would make it false" },
};
const struct schema row_finding = { .name = "finding",
				    .doc = "A pattern that was found; its evidence is in `evidence`",
				    .layout = { NULL,
						"[{severity}] {title} (#{number}, {confidence}%)\n    {summary}" },
				    .fields = finding_fields,
				    .n_fields = ARRAY_LEN(finding_fields) };
static const struct layout finding_verbose = {
	NULL, "[{severity}] {title} (#{number} {pattern}, {confidence}%)\n    {summary}"
	      "{?refutation \n    false if: {refutation}}"
};

static const struct field evidence_fields[] = {
	{ "address", R_PTR, "where in the target; null: nowhere in particular" },
	{ "excerpt", R_STR, "one link of the argument" },
	{ "command", R_CMD, "shows the same in the debugger; null: the command before it does" },
};
const struct schema row_evidence = { .name = "evidence",
				     .doc = "One link of a finding's argument",
				     .layout = { NULL, "      - {excerpt}{?command   >> {command}}" },
				     .fields = evidence_fields,
				     .n_fields = ARRAY_LEN(evidence_fields) };

static const struct field not_checked_fields[] = {
	{ "pattern", R_STR, "stable id of the pattern" },
	{ "number", R_DEC, "number of the pattern" },
	{ "title", R_STR, "name of the pattern" },
	{ "why", R_STR, "what is missing" },
};
const struct schema row_not_checked = { .name = "not_checked",
					.doc = "A pattern that could not be looked for",
					.layout = { NULL, "not checked: {title} (#{number}): {why}" },
					.fields = not_checked_fields,
					.n_fields = ARRAY_LEN(not_checked_fields) };

static const struct field absent_fields[] = {
	{ "pattern", R_STR, "stable id of the pattern" },
	{ "number", R_DEC, "number of the pattern" },
	{ "title", R_STR, "name of the pattern" },
};
const struct schema row_pattern_absent = { .name = "pattern_absent",
					   .doc = "A pattern that was looked for and is not there",
					   .layout = { NULL, "not there: {title} (#{number})" },
					   .fields = absent_fields,
					   .n_fields = ARRAY_LEN(absent_fields) };

static void emit_finding(struct doc *out, const struct finding *x, bool verbose)
{
	const struct val v[] = { VS(x->detector->id),    V(x->detector->number),
				 VS(x->detector->title), VS(severity_name(x->severity)),
				 V(x->confidence),       VS(x->summary),
				 VS(x->refutation) };
	_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(finding_fields), "finding: wrong arity");
	doc_row(out, &row_finding, verbose ? &finding_verbose : NULL, v, true);
	doc_open(out, "evidence", SEC_LIST, NULL);
	for (size_t i = 0; i < x->n_evidence; i++) {
		const struct evidence *e = &x->evidence[i];
		const struct val w[] = { V_IF(e->va, e->va), VS(e->what), VS(e->command) };
		_Static_assert(ARRAY_LEN(w) == ARRAY_LEN(evidence_fields), "evidence: wrong arity");
		doc_row(out, &row_evidence, NULL, w, false);
	}
	doc_close(out);
	doc_row_end(out);
}

static bool wanted(const struct findings_view *view, const struct detector *d)
{
	return !view->only || view->only == d;
}

static void emit_skipped(struct doc *out, const struct findings *f, const struct findings_view *view)
{
	doc_open(out, "not_checked", SEC_LIST, NULL);
	for (size_t i = 0; i < f->n_skipped; i++) {
		const struct not_checked *x = &f->skipped[i];
		const struct val v[] = { VS(x->detector->id), V(x->detector->number), VS(x->detector->title),
					 VS(x->why) };
		_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(not_checked_fields), "not_checked: wrong arity");
		if (wanted(view, x->detector) && (!x->other_kind || view->only))
			doc_row(out, &row_not_checked, NULL, v, false);
	}
	doc_close(out);
}

static bool is_there(const struct findings *f, const struct detector *d)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->list[i].detector == d)
			return true;
	for (size_t i = 0; i < f->n_skipped; i++)
		if (f->skipped[i].detector == d)
			return true;
	return false;
}

void findings_emit_view(struct doc *out, const struct findings *f, const struct findings_view *view)
{
	doc_open(out, "findings", SEC_LIST, NULL);
	for (int sev = SEV_CRITICAL; sev >= SEV_INFO; sev--)
		for (size_t i = 0; i < f->n; i++)
			if ((int)f->list[i].severity == sev && wanted(view, f->list[i].detector))
				emit_finding(out, &f->list[i], view->verbose);
	doc_close(out);
	emit_skipped(out, f, view);
	if (!view->verbose && !view->only)
		return;
	doc_open(out, "absent", SEC_LIST, NULL);
	for (const struct detector *const *d = detectors; *d; d++) {
		const struct val v[] = { VS((*d)->id), V((*d)->number), VS((*d)->title) };
		_Static_assert(ARRAY_LEN(v) == ARRAY_LEN(absent_fields), "pattern_absent: wrong arity");
		if (wanted(view, *d) && !is_there(f, *d))
			doc_row(out, &row_pattern_absent, NULL, v, false);
	}
	doc_close(out);
}

void findings_emit(struct doc *out, const struct findings *f)
{
	findings_emit_view(out, f, &(struct findings_view){ 0 });
}
