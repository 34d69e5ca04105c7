// SPDX-License-Identifier: Apache-2.0
// source.h: source files: where they lie, and their lines as harmless text.
#pragma once
#include "base/os.h"
#include "base/str.h"

struct source_search {
	const char *folders;                        // ';' between them; NULL: none
	bool by_user;                               // the name was typed, not taken from a symbol file
	void (*trace)(void *ctx, const char *path); // each file that is looked for; may be NULL
	void *ctx;
	bool servers; // set: an element of `folders` names a server, which is not asked
};
// The host path of a source file, recorded with '/' or '\'. First the path as it is; then, in the folders, the longest
// tail of it that exists, case-blind and never outside of a folder. A recorded path as it is counts only when it is the
// full path of something that looks like a source file: a symbol file must not make us show a password file.
// E_NOTFOUND.
MUST_USE err_t source_find(struct arena *a, struct source_search *s, const char *name, const char **ret);
bool source_is_server(const char *element); // "srv*", "DebugInfoD*https://..."

struct source_file {
	struct file_map map;
	struct span text;   // UTF-8, or any bytes
	uint32_t last_line; // where source_line() goes on
	size_t last_offset;
};
MUST_USE err_t source_open(struct arena *a, const char *path, struct source_file *ret); // E_LIMIT: too large
void source_close(struct source_file *f);
// A line, 1-based, without its end: valid UTF-8 without control characters but tabs, cut when it is long. NULL: behind
// the last one.
const char *source_line(struct arena *a, struct source_file *f, uint32_t line);
