// SPDX-License-Identifier: Apache-2.0
// complete.h: what can stand at a place of a line that is being typed.
#pragma once
#include "cmd/cmd.h"

struct completion {
	size_t start;       // byte of the line where the words begin
	const char **words; // whole ones, ascending
	size_t n;
	bool more;    // there are others: the number or the time was used up
	bool goes_on; // no blank follows a single one: "nt!", a folder
};
// Commands, their options, modules, symbols behind "mod!", files. Nothing is downloaded for it; words live in `a`.
void cmd_complete(struct session *s, struct arena *a, const char *line, size_t at, struct completion *ret);
