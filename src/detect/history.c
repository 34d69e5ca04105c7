// SPDX-License-Identifier: Apache-2.0
// history.c: what the dump remembers of earlier events: unloaded modules, secondary data.
//
// Folklore: the list of unloaded drivers tells what came and went: a USB stick, a dump driver, a driver that starts
// and stops again and again. Real case: a driver that was unloaded twenty times before the crash. It lies in order
// only: the list is a ring, and keeps no times in small dumps. Event logs and verifier logs need symbols.
#include "base/limits.h"
#include "detect/detect.h"

#include <inttypes.h>

static size_t times(const struct target *t, const char *name)
{
	size_t n = 0;
	for (size_t i = 0; i < t->n_unloaded; i++)
		n += str_ieq(t->unloaded[i].name, name);
	return n;
}

static bool first_of_name(const struct target *t, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (str_ieq(t->unloaded[i].name, t->unloaded[at].name))
			return false;
	return true;
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct target *t = f->session->target;
	size_t names = 0, shown = 0;
	for (size_t i = 0; i < t->n_unloaded; i++)
		names += first_of_name(t, i);
	if (!t->n_unloaded && !f->kernel->header->n_blobs)
		return ok();
	finding(out, SEV_INFO, 100,
		"The dump remembers %zu unloaded module%s (%zu name%s) and %zu block%s of secondary data",
		t->n_unloaded, t->n_unloaded == 1 ? "" : "s", names, names == 1 ? "" : "s", f->kernel->header->n_blobs,
		f->kernel->header->n_blobs == 1 ? "" : "s")
		->refutation = "old entries of a ring: what came and went long before";
	evidence(out, 0, "lm", "event logs, request and verifier logs were not looked at: not supported");
	for (size_t i = 0; i < t->n_unloaded && shown + 1 < LIMIT_EVIDENCE; i++) {
		if (!first_of_name(t, i))
			continue;
		shown++;
		evidence(out, t->unloaded[i].base, NULL, "%s, unloaded %zu time%s", t->unloaded[i].name,
			 times(t, t->unloaded[i].name), times(t, t->unloaded[i].name) == 1 ? "" : "s");
	}
	if (names > shown)
		evidence(out, 0, NULL, "and %zu more", names - shown);
	return ok();
}

const struct detector detect_history = {
	.id = "historical-information",
	.number = 91,
	.title = "Historical Information",
	.degree = DEGREE_EVIDENCE,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL,
	.explain = "What the dump remembers of the time before: modules that were unloaded, and the data that drivers "
		   "added to\n"
		   "the dump. A module that comes and goes is worth a look.\n"
		   "It lies when old entries are taken for new ones.\n"
		   "See also: lm.",
	.run = run,
};
