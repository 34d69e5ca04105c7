// SPDX-License-Identifier: Apache-2.0
// black_box.c: data that drivers and the system added to the dump as it was written (secondary data).
//
// Folklore: the system's flight recorders ride along: boot status, file system, plug and play, logon. Real case: a
// small dump with forty such blocks, one of which is the graphics driver's own log. It lies about names: a block has an
// identifier, which its owner alone can read, and no public list says which of them is a recorder of the system.
#include "base/limits.h"
#include "detect/detect.h"

#include <inttypes.h>

static const char *guid(const struct facts *f, const uint8_t *g)
{
	return arena_printf(f->a, "%08" PRIx32 "-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", (uint32_t)le_get(g, 4),
			    (unsigned)le_get(g + 4, 2), (unsigned)le_get(g + 6, 2), g[8], g[9], g[10], g[11], g[12],
			    g[13], g[14], g[15]);
}

static err_t run(const struct facts *f, struct findings *out)
{
	const struct dump_kernel *h = f->kernel->header;
	uint64_t bytes = 0;
	for (size_t i = 0; i < h->n_blobs; i++)
		bytes += h->blobs[i].bytes.n;
	if (!h->n_blobs)
		return ok();
	finding(out, SEV_INFO, 90, "%zu block%s of secondary data, %" PRIu64 " bytes", h->n_blobs,
		h->n_blobs == 1 ? "" : "s", bytes)
		->refutation = "blocks of drivers, which are no recorders of the system";
	evidence(out, 0, ".enumtag -l",
		 "what the blocks are is not told; their contents are not decoded: not supported");
	for (size_t i = 0; i < MIN(h->n_blobs, (size_t)LIMIT_EVIDENCE - 2); i++)
		evidence(out, 0, NULL, "{%s}, %zu bytes", guid(f, h->blobs[i].guid), h->blobs[i].bytes.n);
	if (h->n_blobs > LIMIT_EVIDENCE - 2)
		evidence(out, 0, NULL, "and %zu more", h->n_blobs - (LIMIT_EVIDENCE - 2));
	return ok();
}

const struct detector detect_black_box = {
	.id = "black-box",
	.number = 92,
	.title = "Black Box",
	.degree = DEGREE_AUTO,
	.kinds = FOR_KERNEL,
	.needs = FACT_KERNEL,
	.explain = "Secondary data: blocks that drivers and the system added as the dump was written, each under an "
		   "identifier\n"
		   "(GUID). Among them are the system's recorders of boot status, file system, plug and play and "
		   "logon.\n"
		   "It lies when a driver's own block is taken for one of those.\n"
		   "See also: .enumtag -l.",
	.run = run,
};
