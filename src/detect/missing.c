// SPDX-License-Identifier: Apache-2.0
// missing.c: patterns that kernel dumps may have and that nobody looks for, with what it would take.
#include "detect/detect.h"

#define MISSING(n, name, text, reason)                                                                 \
	{                                                                                              \
		.id = (name), .number = (n), .title = (text), .kinds = FOR_KERNEL, .explain = (reason) \
	}

const struct detector detect_missing[] = {
	MISSING(7, "not-my-version-software", "Not My Version (Software)",
		"a small dump holds no version resources, and since Windows 10 time stamps may be hashes; nothing says "
		"which "
		"versions were expected. lm t shows the stamps"),
	MISSING(11, "adjoint-stack-trace", "Adjoint Stack Trace",
		"not supported: needs the code before each return address and the bounds of functions, which are in "
		"images "
		"(-i), not in small dumps. ub shows one call"),
	MISSING(12, "hidden-frame", "Hidden Frame",
		"not supported: needs the callee of each call, as !patterns 11, and tables of inlined calls from "
		"private "
		"symbols"),
	MISSING(13, "inline-function-optimization-unmanaged-code", "Inline Function Optimization (Unmanaged Code)",
		"not supported as a finding: k shows inlined calls where private symbols record them"),
	MISSING(24, "execution-residue-unmanaged-space-user", "Execution Residue (Unmanaged Space, User)",
		"not supported: needs the process's stack; small and kernel dumps do not hold it"),
	MISSING(35, "small-value", "Small Value",
		"not supported: a small number is a handle, a size or a code only by what uses it; dps shows them, "
		"!error "
		"tells codes"),
	MISSING(40, "raw-stack-trace", "Raw Stack Trace",
		"not supported: joining words to a trace is a person's choice; !patterns 83 lists the words behind "
		"calls, "
		"!patterns 41 those that are none"),
	MISSING(47, "hidden-exception", "Hidden Exception",
		"not supported: would take a search of all threads' stacks for records; small dumps hold one stack"),
	MISSING(51, "cpp-exception", "C++ Exception",
		"not supported: kernel code raises none; those of a process are on its own stack, which small dumps do "
		"not "
		"hold"),
	MISSING(60, "false-function-parameters", "False Function Parameters",
		"not supported as a finding: what kv calls arguments are always home slots on x64 and ARM64; whether a "
		"callee "
		"filled them is in its code, which small dumps do not hold"),
	MISSING(61, "injected-symbols", "Injected Symbols",
		"not supported as a finding: !chksym judges a module's symbols, and !patterns 2 lists frames that are "
		"named "
		"by another build's"),
	MISSING(64, "no-data-types", "No Data Types",
		"not supported as a finding: !patterns 59 says where the kernel's structures come from"),
	MISSING(67, "blocked-thread-software", "Blocked Thread (Software)",
		"not supported: needs the wait blocks of all threads; a small dump holds the current one, which ran"),
	MISSING(78, "regular-data", "Regular Data",
		"not supported: needs the damaged block and its neighbours; a small dump has a page of them at best. "
		"!patterns 77 says whether it is there, dc shows it"),
	MISSING(80, "origin-module", "Origin Module",
		"not supported as a finding: which module began it is a guess; the verdict (!analyze -v) names the "
		"driver to "
		"look at, and what else it could be; !patterns 79 lists the others on the stack"),
	MISSING(81, "hooked-functions-kernel-space", "Hooked Functions (Kernel Space)",
		"not supported as a finding: !chkimg -d MODULE compares a module's code with its image file (-i); "
		"small "
		"dumps "
		"hold a few hundred bytes of code"),
	MISSING(84, "effect-component", "Effect Component",
		"not supported: needs the origin, as !patterns 80; the verdict says of each module that it may be a "
		"victim"),
	MISSING(89, "glued-stack-trace", "Glued Stack Trace",
		"not supported: !patterns 38 says where the trace is cut and what follows; k = SP IP goes on from "
		"there"),
};
const size_t n_detect_missing = sizeof(detect_missing) / sizeof(detect_missing[0]);
