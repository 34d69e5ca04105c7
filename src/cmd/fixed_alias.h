// SPDX-License-Identifier: Apache-2.0
// fixed_alias.h: the aliases that have their names from the debugger: $u0 to $u9, which `r $.u0=text` sets, and the
// automatic ones ($ntsym, $CurrentDumpFile ...). Documented in Microsoft's "Using Aliases".
#pragma once
#include "cmd/cmd.h"

// Is this the beginning of "$.uN=..."? Returns the length up to and with the '=', the number in *n; 0: it is not.
size_t fixed_alias_assignment(const char *text, unsigned *n);
// Blanks around the text are dropped. Errors of alias_fix.
MUST_USE err_t fixed_alias_set(struct session *s, struct arena *a, unsigned n, const char *text);
// The value of "$ntsym" and so on: an alias_auto_fn of script/alias.h over a session. "": there is none in this dump;
// NULL: no such alias.
const char *automatic_alias(void *debugger, const char *name, struct arena *a);
