// SPDX-License-Identifier: Apache-2.0
// A stand-in for the file that a dump names: its own name differs in case, and it holds what no terminal must get.
int inner(int *p) { return *p; }
int mid(int *p) { return inner(p); } // [31mred[0m Â›C1 ÿ.
	indented
// line 6
// line 7
// line 8
// line 9
// line 10
// line 11
