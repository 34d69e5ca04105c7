// SPDX-License-Identifier: Apache-2.0
// fixed_alias.h: the aliases that have their names from the debugger: $u0 to $u9, which `r $.u0=text` sets, and the
// automatic ones ($ntsym, $CurrentDumpFile ...). Documented in Microsoft's "Using Aliases".
#pragma once
#include "cmd/cmd.h"

// Is this the beginning of "$.uN=..."? Returns the length up to and with the '=', the number in *n; 0: it is not.
size_t fixed_alias_assignment(const char *text, unsigned *n);
void fixed_alias_set(struct session *s, unsigned n, const char *text); // blanks around the text are dropped
// What stands for the n characters of `name` ("$u3", "$ntsym"); "" when nothing does yet. NULL: no such alias. Lives in
// `a` or in the session.
const char *fixed_alias(const struct session *s, struct arena *a, const char *name, size_t n);
