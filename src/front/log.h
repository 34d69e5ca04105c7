// SPDX-License-Identifier: Apache-2.0
// log.h: the log file of a session: what the user typed and saw, without the terminal's colours.
#pragma once
#include "front/front.h"

struct log {
	struct console console; // what .logopen and its like reach it by; first, so that one is the other
	struct output *out;     // whose bytes it copies
	struct arena *a;        // keeps names
	int fd, next_fd;        // -1: none; next: what a JSON document's end switches to
	bool utf16, next_utf16;
	bool by_line;    // JSON: switches only between documents
	bool pending;    // next_fd waits for the end of a line
	unsigned escape; // inside a control sequence of a terminal: 0 no, 1 behind ESC, 2 behind ESC [
	uint32_t point;  // an UTF-8 character that is not complete: its bits so far, and the bytes that are missing
	unsigned missing;
};
// Nothing is open at first. The log copies what `out` flushes; both live as long as the session.
struct log *log_new(struct arena *a, struct output *out, bool by_line);
void log_write(struct log *l, const char *bytes, size_t n); // past the output: what was typed
void log_line_end(struct log *l);                           // a line's end was put out: what waits for it happens
void log_end(struct log *l);
