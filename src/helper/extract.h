// SPDX-License-Identifier: Apache-2.0
// extract.h: takes one file out of an archive in memory. No descriptors, no host: the helper program and the fuzz
// target run the same code.
#pragma once
#include "base/base.h"

// Takes the next n bytes of the content; an error ends the extraction and is its result.
typedef err_t extract_sink_fn(void *ctx, const void *p, size_t n);
struct extract_job {
	const char *format;  // "cab", "zip", "7z"; a single file: "gzip", "xz", "zstd", "bzip2"
	struct span archive; // the whole file
	bool any;            // the first file whatever it is, not the first dump
	const char *wanted;  // this file: its path in the archive, or the last part of it; NULL: no matter
	uint64_t limit;      // bytes that may be handed to the sink
	extract_sink_fn *sink;
	void *ctx;
};
// The dump of an archive is the first file that begins as a dump does; when none does, the first called *.dmp, *.mdmp
// or *.hdmp. *name_ret: its name there, valid UTF-8 in the arena, NULL when it has none (the formats that hold a single
// file). Errors, their text reading on after the archive's name: E_CORRUPT, E_NOTFOUND no dump, E_UNSUPPORTED
// compression or encryption, E_LIMIT, and the sink's. Nothing but the chosen file's bytes reaches the sink.
err_t extract_file(struct arena *a, const struct extract_job *job, const char **name_ret) MUST_USE;
// The error for content beyond job->limit.
err_t extract_over_limit(struct arena *a, const struct extract_job *job, uint64_t at);
