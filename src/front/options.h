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
