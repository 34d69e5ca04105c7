// SPDX-License-Identifier: Apache-2.0
// image_diff.h: where the code of a module in the dump differs from its image file. What the loader changes is no
// difference: base relocations are applied to the file's bytes, the import address table is left out.
#pragma once
#include "target/target.h"

enum { IMAGE_DIFF_BYTES = 16 };
struct image_diff_run { // bytes that differ without a gap
	uint32_t rva, n;
	uint8_t expected[IMAGE_DIFF_BYTES], actual[IMAGE_DIFF_BYTES]; // the first of them
	// Windows rewrote a call through the import table when it loaded the image ("import optimization", for
	// retpolines): call [import], nop became mov r10, [import]; call stub.
	bool import_call;
};
struct image_diff {
	const struct image_diff_run *runs; // ascending
	size_t n;                          // at most LIMIT_IMAGE_DIFFS
	bool cut;                          // there were more
	uint64_t bytes;                    // that differ, those of runs that were cut off too
	uint64_t import_bytes;             // of them in rewritten calls
	uint64_t compared, absent;         // bytes that were looked at; that the dump does not hold
	uint32_t first, last;              // RVAs of the first and last byte that differ, when bytes is not 0
};
struct image_diff_options {
	const char *section; // only sections whose name contains it; NULL: executable ones that stay in memory
	bool all_sections;   // all but discardable ones
	bool no_relocate;    // compare with the file's bytes as they are
	bool lock_prefix;    // 90 against f0 is a difference; else it is that of processors' numbers
	va_t from, to;       // only [from, to]; both 0: all
};
// What it returns lives in `a`. E_NOTFOUND: there is no image file of this build on the image or symbol path;
// E_UNSUPPORTED: the file cannot be laid where the module lies; E_CANCELLED, E_LIMIT: of the session.
MUST_USE err_t image_diff(const struct session *s, struct arena *a, struct module *m,
			  const struct image_diff_options *o, const struct image_diff **ret);
// n bytes of the image file as they are expected in memory at an RVA; how many there are.
size_t image_expected(const struct module *m, bool relocate, uint32_t rva, void *buf, size_t n);
