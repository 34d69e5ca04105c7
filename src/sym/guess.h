// SPDX-License-Identifier: Apache-2.0
// guess.h: symbols for the kernel of a dump that holds no record of its PDB.
#pragma once
#include "sym/sym.h"

// Tries the PDB identities that the places of the kernel's globals allow, each with `open`, which tells whether symbols
// were found. Those whose structures have other sizes than the dump says are refused. m->cv and m->guess are set on
// success.
bool guess_kernel_symbols(struct target *t, struct module *m, bool (*open)(struct target *t, struct module *m));
