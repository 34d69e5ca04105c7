// SPDX-License-Identifier: Apache-2.0
// help.h: what the commands say of themselves.
#pragma once
#include "cmd/cmd.h"

void help_command(struct arena *a, const struct cmd *c, struct doc *out); // arguments, what it does, examples
void help_standard(struct arena *a, struct doc *out);                     // `?`: commands without a mark, operators
extern const struct schema row_command_help;
