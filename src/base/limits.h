// SPDX-License-Identifier: Apache-2.0
// limits.h: every limit that keeps hostile input from costing unbounded time, memory or stack, with its reason.
#pragma once

enum {
	// Nesting of parentheses, unary operators and @@() in one expression. People write fewer than ten;
	// a level may hold one frame for each rank of operators, about 2 KB, so all of it stays under 1 MB of stack.
	EXPR_MAX_DEPTH = 256,
	// Bytes an address range may span without `L?`: the debugger's documented limit against typing errors.
	RANGE_MAX_BYTES = 256 << 20,
};
