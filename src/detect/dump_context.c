// SPDX-License-Identifier: Apache-2.0
// dump_context.c: how and when the dump was taken, and what it can therefore not show.
//
// Folklore: half of all wrong conclusions come from what the dump does not hold. Real case: "no other driver is
// involved", said of a small dump that holds one stack. It lies never, but for files that were cut later.
#include "detect/detect.h"

#include <inttypes.h>

static const char *absent(const struct dump_kernel *h)
{
	switch (h->body) {
	case KERNEL_TRIAGE:
		return "holds one stack, the list of drivers and a few pages; no other threads, no pool, no page "
		       "tables";
	case KERNEL_HEADER_ONLY:
		return "holds its header only";
	case KERNEL_RUNS:
		return "holds all pages of physical memory, and none of the page file";
	case KERNEL_BITMAP:
		return h->full_bitmap ? "holds all pages that were in use"
				      : "holds the kernel's pages; those of processes may be missing";
	case KERNEL_RANGES:
		return "was written by a debugger";
	}
	return "";
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct target *t = f->session->target;
	const struct dump_kernel *h = f->kernel->header;
	size_t contexts = 0;
	for (size_t i = 0; i < t->kernel->n_processors; i++)
		contexts += t->kernel->processors[i].has_context;
	finding(out, SEV_INFO, 100, "%s dump: it %s",
		h->body == KERNEL_TRIAGE                   ? "Small"
		: h->body == KERNEL_RUNS || h->full_bitmap ? "Complete"
							   : "Kernel",
		absent(h))
		->refutation = "a file that was cut, or filtered, after it was written";
	evidence(out, 0, "||", "%s", kernel_kind_text(h));
	evidence(out, 0, "~*k", "registers of %zu of %zu processors", contexts, t->kernel->n_processors);
	evidence(out, 0, "lm", "%zu modules, %zu unloaded ones", t->n_modules, t->n_unloaded);
	if (t->dump->truncated)
		evidence(out, 0, "||", "the file ends before what its headers promise");
	if (h->comment)
		evidence(out, 0, NULL, "the dump's comment: %.200s", h->comment);
	return ok();
}

const struct detector detect_dump_context = {
	.id = "dump-context",
	.number = 96,
	.title = "Dump Context",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL,
	.explain = "How the dump was taken and what it holds, so that nobody concludes from what it cannot show. A "
		   "finding of\n"
		   "every kernel dump.\n"
		   "It lies for files that were cut or filtered later.\n"
		   "See also: ||, vertarget, ~*k.",
	.run = run,
};
