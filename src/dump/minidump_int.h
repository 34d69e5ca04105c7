// SPDX-License-Identifier: Apache-2.0
// minidump_int.h: shared by the files of the minidump reader. The layouts are those of Microsoft's
// minidumpapiset.h; every RVA is a file offset.
#pragma once
#include "dump/dump_int.h"

enum stream_type {
	STREAM_UNUSED = 0,
	STREAM_THREADS = 3,
	STREAM_MODULES = 4,
	STREAM_MEMORY = 5,
	STREAM_EXCEPTION = 6,
	STREAM_SYSTEM = 7,
	STREAM_THREADS_EX = 8,
	STREAM_MEMORY64 = 9,
	STREAM_COMMENT_A = 10,
	STREAM_COMMENT_W = 11,
	STREAM_HANDLES = 12,
	STREAM_FUNCTIONS = 13,
	STREAM_UNLOADED = 14,
	STREAM_MISC = 15,
	STREAM_MEMINFO = 16,
	STREAM_THREAD_INFO = 17,
	STREAM_HANDLE_OPS = 18,
	STREAM_TOKENS = 19,
	STREAM_SYSMEM = 21,
	STREAM_VM = 22,
	STREAM_THREAD_NAMES = 24,
	STREAM_CRASHPAD = 0x43500001,
	STREAM_BREAKPAD = 0x47670001,
	STREAM_ASSERTION = 0x47670002,
};

struct mdmp { // a minidump being opened
	struct arena *a;
	struct span file;
	struct dump_user *u;
	struct dump_stream *streams;
	struct dump_notes notes;
	uint64_t text_left;  // bytes of text that may still be decoded
	uint64_t links_left; // entries of lists inside lists
};

// The first entry of this type that is not empty, or NULL.
struct dump_stream *md_stream(struct mdmp *m, enum stream_type type);
// The stream does not decode: marks it and notes why. `at` is a file offset.
void md_corrupt(struct mdmp *m, struct dump_stream *s, const char *what, uint64_t at);

// The entries of a list that the file holds whole.
struct md_list {
	struct span bytes;
	uint64_t at; // file offset of the first
	uint32_t stride;
	size_t n;
};
// {u32 count, [u32 of padding], entries of `stride` bytes}. max bounds what will be decoded.
struct md_list md_list(struct mdmp *m, struct dump_stream *s, uint32_t stride, size_t max);
// {u32 SizeOfHeader, u32 SizeOfEntry, u32 or u64 count, ...}: the file's own entry size, at least `least`.
struct md_list md_list_sized(struct mdmp *m, struct dump_stream *s, uint32_t least, bool count64, size_t max);
// One entry, to be read field by field: what a short entry does not have reads as 0.
struct rd md_entry(const struct md_list *l, size_t i);

// MINIDUMP_STRING at rva, as UTF-8; NULL when it does not lie in the file.
const char *md_string(struct mdmp *m, uint64_t rva, const char *what);
// UTF-16 or 8-bit text of fixed room, up to its NUL.
const char *md_wide(struct mdmp *m, struct span text);
const char *md_narrow(struct mdmp *m, struct span text);
// What lies at {size, rva}; notes when some of it is beyond the end of the file and returns what is there.
struct span md_part(struct mdmp *m, uint32_t size, uint64_t rva, const char *what);

void md_system(struct mdmp *m);
void md_misc(struct mdmp *m);
void md_counters(struct mdmp *m);
void md_comments(struct mdmp *m);
void md_threads(struct mdmp *m);
void md_exception(struct mdmp *m);
void md_modules(struct mdmp *m);
void md_unloaded(struct mdmp *m);
void md_tables(struct mdmp *m);
void md_functions(struct mdmp *m);
void md_tokens(struct mdmp *m);
void md_crashpad(struct mdmp *m);
void md_breakpad(struct mdmp *m);
