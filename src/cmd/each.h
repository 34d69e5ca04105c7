// SPDX-License-Identifier: Apache-2.0
// each.h: what the !for_each_ extensions share: a command string, and aliases that stand for the thing at hand.
#pragma once
#include "cmd/script.h"

// What is left of the arguments as commands: without the quotes around all of it, \" inside them is a '"'.
const char *arg_commands(struct call *c);
// "-?" was asked for: shows how the command is written. The caller returns when true.
bool each_help(struct call *c, struct doc *out);
// Runs commands with aliases ("@#Base") that are there for this time only, also in blocks and script files inside. An
// error ends this run of the commands, not the round. E_LIMIT, E_CANCELLED: the round has to end.
MUST_USE err_t each_run(struct session *s, const char *line, const struct alias *list, size_t n, struct doc *out);
