// SPDX-License-Identifier: Apache-2.0
// kdbg.h: the debugger data block of kernels that keep it encoded.
#pragma once
#include "target/target.h"

// A kernel dump whose debugger data block is encoded: decodes it once nt's symbols are there (loads them when a symbol
// path is set), and moves the session to the processor that stopped. True: done now.
bool sym_decode_kdbg(struct session *s);
