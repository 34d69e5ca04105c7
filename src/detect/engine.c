// SPDX-License-Identifier: Apache-2.0
// engine.c: runs the detectors over the facts, and keeps what they find.
#include "detect/detect_int.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct finding *finding(struct findings *f, enum severity sev, unsigned confidence, const char *fmt, ...)
{
	if (f->n == f->cap) {
		size_t cap = MAX(f->cap * 2, (size_t)8);
		struct finding *bigger = NEW_N(f->a, struct finding, cap);
		if (f->n)
			memcpy(bigger, f->list, f->n * sizeof(*bigger));
		f->list = bigger;
		f->cap = cap;
	}
	va_list ap;
	va_start(ap, fmt);
	struct finding *x = &f->list[f->n++];
	*x = (struct finding){ .detector = f->current, .severity = sev, .confidence = MIN(confidence, 100u) };
	x->summary = arena_vprintf(f->a, fmt, ap);
	va_end(ap);
	return x;
}

void evidence(struct findings *f, va_t va, const char *command, const char *fmt, ...)
{
	assert(f->n && f->list[f->n - 1].detector == f->current);
	struct finding *x = &f->list[f->n - 1];
	if (!(x->n_evidence & (x->n_evidence - 1))) { // a power of two: full
		struct evidence *bigger = NEW_N(f->a, struct evidence, MAX(x->n_evidence * 2, (size_t)1));
		if (x->n_evidence)
			memcpy(bigger, x->evidence, x->n_evidence * sizeof(*bigger));
		x->evidence = bigger;
	}
	va_list ap;
	va_start(ap, fmt);
	x->evidence[x->n_evidence++] = (struct evidence){ .va = va,
							  .what = arena_vprintf(f->a, fmt, ap),
							  .command = command ? arena_strdup(f->a, command) : NULL };
	va_end(ap);
}

static void skip(struct findings *f, const char *why)
{
	if (f->n_skipped == f->cap_skipped) {
		size_t cap = MAX(f->cap_skipped * 2, (size_t)8);
		struct not_checked *bigger = NEW_N(f->a, struct not_checked, cap);
		if (f->n_skipped)
			memcpy(bigger, f->skipped, f->n_skipped * sizeof(*bigger));
		f->skipped = bigger;
		f->cap_skipped = cap;
	}
	f->skipped[f->n_skipped++] = (struct not_checked){ .detector = f->current, .why = why };
}

void not_checked(struct findings *f, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	skip(f, arena_vprintf(f->a, fmt, ap));
	va_end(ap);
}

// The first missing fact is the reason that is shown: facts are numbered from the general to the particular.
static const char *missing(const struct facts *facts, const struct detector *d)
{
	unsigned lacks = d->needs & ~facts->have;
	for (size_t i = 0; i < ARRAY_LEN(facts->why_not); i++)
		if (lacks >> i & 1)
			return facts->why_not[i];
	return NULL;
}

// A finding is worth nothing without its argument and a way to see it in the debugger: our bug, not the dump's.
static bool well_founded(const struct finding *x)
{
	bool command = false;
	for (size_t i = 0; i < x->n_evidence; i++)
		command = command || x->evidence[i].command;
	return command && *x->summary;
}

static err_t run(const struct facts *facts, struct findings *f, const struct detector *d)
{
	f->current = d;
	if (d->kinds == (facts->kernel ? FOR_USER : FOR_KERNEL)) {
		skip(f, facts->kernel ? "a pattern of processes; this is a kernel dump"
				      : "a pattern of kernel dumps; this is one of a process");
		f->skipped[f->n_skipped - 1].other_kind = true;
		return ok();
	}
	const char *why = missing(facts, d);
	if (why) {
		skip(f, why);
		return ok();
	}
	size_t before = f->n;
	err_t e = d->run(facts, f);
	for (size_t i = before; i < f->n; i++)
		assert(well_founded(&f->list[i]));
	if (e.code == E_CANCELLED || e.code == E_LIMIT)
		return e;
	if (e.code)
		skip(f, e.what ? e.what : err_name(e.code));
	return ok();
}

err_t detect_all(struct session *s, const struct findings **ret)
{
	if (!s->findings) {
		const struct facts *facts;
		TRY(facts_get(s, &facts));
		struct findings *f = NEW(s->arena, struct findings);
		f->a = s->arena;
		for (const struct detector *const *d = detectors; *d; d++) {
			TRY(session_poll(s));
			TRY(run(facts, f, *d));
		}
		for (size_t i = 0; facts->kernel && i < n_detect_missing; i++) {
			f->current = &detect_missing[i];
			skip(f, detect_missing[i].explain);
		}
		s->findings = f;
	}
	*ret = s->findings;
	return ok();
}

bool text_contains(const char *text, const char *part)
{
	size_t n = strlen(part);
	for (; *text; text++)
		if (str_ieqn(text, part, n))
			return true;
	return false;
}

const struct detector *detector_find(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	bool is_number = *text && !*end;
	const struct detector *part = NULL;
	size_t parts = 0;
	for (size_t i = 0; is_number && i < n_detect_missing; i++)
		if (detect_missing[i].number == number)
			return &detect_missing[i];
	for (const struct detector *const *d = detectors; *d; d++) {
		if ((is_number && (*d)->number == number) || str_ieq((*d)->id, text) || str_ieq((*d)->title, text))
			return *d;
		if (*text && !is_number && (text_contains((*d)->title, text) || text_contains((*d)->id, text))) {
			part = *d;
			parts++;
		}
	}
	return parts == 1 ? part : NULL;
}
