// SPDX-License-Identifier: Apache-2.0
// symfix.c: .symfix: the symbol path becomes Microsoft's store.
#include "cmd/symbols.h"

extern const struct cmd cmd_symfix;

const struct cmd cmd_symfix = {
	.names = ".symfix",
	.flags = "+",
	.group = "Modules and symbols",
	.args = "[+] [FOLDER]",
	.summary = "Set the symbol path to Microsoft's store",
	.help = ".symfix /cache    with copies in that folder; without one, in the default downstream store\n"
		".symfix+ /cache   behind the path that is set\n",
	.run = symfix_run,
	.rows = symfix_rows,
};
