// SPDX-License-Identifier: Apache-2.0
// options.h: what the command lines of cdb, kd and dumpchk have that a dump on this host has no use for.
#pragma once
#include "front/front.h"

enum ignored {
	IGNORED_NOT,        // another option, or none
	IGNORED,            // with a note: it is about a live target
	IGNORED_WITH_VALUE, // the argument behind it too
	IGNORED_SILENTLY,   // what it asks for is so anyway
};
// `next`: the argument behind it; NULL: there is none. Names are those of cdb-command-line-options.md and
// kd-command-line-options.md, without the '-'; case-blind, but for those that the pages make an exception of.
enum ignored options_ignored(const char *name, const char *next);
enum persona options_persona(const char *argv0);

enum option_value { // what follows an option
	VALUE_NONE,
	VALUE_TEXT,
	VALUE_FILE,
	VALUE_FOLDERS,
	VALUE_ONE_OF, // one of its words
};
// Options that mean something here; "-json" is --json.
struct option_word {
	const char *name;
	enum option_value value;
	const char *words; // of VALUE_ONE_OF, a blank between them
};
extern const struct option_word option_words[]; // ends with a NULL name
// Prints what makes a shell complete the program's command line (--completion bash). An exit code.
int options_completion(const char *shell);
