// SPDX-License-Identifier: Apache-2.0
// write.h: an open dump written as a new one. Facts are written again from what the reader understood, memory is passed
// on from the mapped file as it lies there: the writer's own memory does not grow with the dump's.
#pragma once
#include "doc/doc.h"
#include "target/target.h"

// MINIDUMP_TYPE of Microsoft's minidumpapiset.h, as far as a debugger's user can ask for it.
enum write_type {
	WRITE_DATA_SEGMENTS = 0x1,
	WRITE_FULL_MEMORY = 0x2,
	WRITE_HANDLES = 0x4,
	WRITE_FILTER_MEMORY = 0x8,
	WRITE_UNLOADED = 0x20,
	WRITE_INDIRECT = 0x40,
	WRITE_FILTER_PATHS = 0x80,
	WRITE_PROCESS_DATA = 0x100,
	WRITE_PRIVATE_MEMORY = 0x200,
	WRITE_MEMORY_INFO = 0x800,
	WRITE_THREAD_INFO = 0x1000,
	WRITE_CODE_SEGMENTS = 0x2000,
	WRITE_IGNORE_INACCESSIBLE = 0x20000,
	WRITE_TOKENS = 0x40000, // never asked for: kept when the source has them
	WRITE_XSTATE = 0x200000,
	WRITE_ALL = WRITE_FULL_MEMORY | WRITE_MEMORY_INFO | WRITE_HANDLES | WRITE_UNLOADED | WRITE_THREAD_INFO, // /ma
};
// The type that the letters behind `.dump /m` mean ("fFhut"; "" is 0). E_USAGE: one is unknown, `at` is its place.
MUST_USE err_t write_type_parse(const char *letters, uint64_t *ret);

struct write_sink { // takes the file's bytes in their order
	err_t (*put)(void *ctx, struct span bytes);
	void *ctx;
};
struct write_options {
	uint64_t type;       // enum write_type
	const char *comment; // UTF-8; NULL: the source's own, if any
};
struct write_result {
	uint64_t bytes;  // of the file
	uint64_t type;   // what of options.type was met, and what else the header says
	uint64_t ranges; // of memory
	uint64_t memory; // bytes of memory
	size_t n_streams;
	const char **notes; // in the arena: what was asked for and could not be met, what was left out
	size_t n_notes, cap_notes;
};
// Writes the user dump of a session as a minidump. Stops when session_poll() says so. Errors: E_UNSUPPORTED (a kernel
// dump), E_ABSENT (memory that full memory without WRITE_IGNORE_INACCESSIBLE needs is cut off), E_LIMIT, those of
// polling and of the sink. All memory is from `a`.
MUST_USE err_t write_minidump(struct session *s, struct arena *a, const struct write_options *o, struct write_sink sink,
			      struct write_result *ret);
// Writes a kernel dump that has pages of physical memory as another: full, with the pages in runs, or as a bitmap.
// Errors: E_UNSUPPORTED (no pages, or more runs than a full dump's header has room for), E_ABSENT (no whole page),
// those of polling and of the sink. ret->ranges counts runs.
MUST_USE err_t write_kernel(struct session *s, struct arena *a, bool full, struct write_sink sink,
			    struct write_result *ret);

// ---- files
// A new file that has its name only when `fill` has written all of it; `fill` may pass the limits of the two arenas (b
// may be NULL). E_USAGE, `what` "The file exists.": it is there and may not be replaced. Other errors: of the host, and
// those of `fill`.
MUST_USE err_t write_file(struct arena *a, struct arena *b, const char *path, bool replace,
			  err_t (*fill)(void *ctx, struct write_sink sink), void *ctx);
// path with date, time and process id before its extension.
const char *write_unique_name(struct arena *a, const char *path, uint32_t pid);
// The row and the notes of a dump that was written; kind: "mini user dump".
void write_report(struct doc *d, const char *path, const char *kind, const struct write_result *r);
extern const struct schema dump_written;
// One of the notes.
void write_note(struct arena *a, struct write_result *r, const char *fmt, ...) PRINTF_LIKE(3, 4);
