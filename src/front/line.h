// SPDX-License-Identifier: Apache-2.0
// line.h: a line that a person or a script gives. At a terminal it can be edited, completed and recalled, by libedit,
// which is loaded for that; without it, or without a terminal, lines are read as they come.
#pragma once
#include "cmd/complete.h"

enum line_result { LINE_READ, LINE_INTERRUPTED, LINE_END };
struct line_setup {
	bool edit;                       // standard input and output are terminals
	unsigned lines;                  // that the history keeps; 0: none
	const volatile int *interrupted; // Ctrl-C
	// What can stand at a place; NULL: nothing.
	void (*complete)(void *ctx, struct arena *a, const char *line, size_t at, struct completion *ret);
	void *ctx;
};
struct line_reader;
struct line_reader *line_new(struct arena *a, const struct line_setup *how);
// Is the prompt shown by line_read? Else by the caller, before.
bool line_shows_prompt(const struct line_reader *r);
// The line without its end lives until the next call.
enum line_result line_read(struct line_reader *r, const char *prompt, const char **ret);
void line_remember(struct line_reader *r, const char *line); // in the history, also that of later runs
void line_close(struct line_reader *r);

// ---- editline.c
struct editor;
struct editor *editor_new(struct arena *a, const struct line_setup *how); // NULL: there is no libedit
enum line_result editor_read(struct editor *e, const char *prompt, const char **ret);
void editor_remember(struct editor *e, const char *line);
void editor_close(struct editor *e);

// ---- history.c: $XDG_STATE_HOME/dumpscope/history, a line each
// Calls fn for the newest `most` lines, oldest first; shortens a file that has many more.
void history_load(struct arena *a, unsigned most, void (*fn)(void *ctx, const char *line), void *ctx);
void history_add(struct arena *a, const char *line);
unsigned history_size(unsigned asked); // lines to keep: `asked`, else _NT_DEBUG_HISTORY_SIZE, else the default
