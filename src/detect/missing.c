// SPDX-License-Identifier: Apache-2.0
// missing.c: patterns that kernel dumps may have and that nobody looks for yet, with the reason.
#include "detect/detect.h"

#define MISSING(n, name, text, reason)                                                                 \
	{                                                                                              \
		.id = (name), .number = (n), .title = (text), .kinds = FOR_KERNEL, .explain = (reason) \
	}

const struct detector detect_missing[] = {
	MISSING(2, "incorrect-stack-trace", "Incorrect Stack Trace",
		"not supported: each frame of k says how it was found; no finding sums it up"),
	MISSING(7, "not-my-version-software", "Not My Version (Software)",
		"a kernel dump records no versions of drivers, and nothing says which are expected"),
	MISSING(11, "adjoint-stack-trace", "Adjoint Stack Trace", "not supported: calls that an address could be from"),
	MISSING(12, "hidden-frame", "Hidden Frame", "not supported: needs the drivers' code, and symbols with lines"),
	MISSING(13, "inline-function-optimization-unmanaged-code", "Inline Function Optimization (Unmanaged Code)",
		"not supported: k shows inlined calls where symbols have them"),
	MISSING(24, "execution-residue-unmanaged-space-user", "Execution Residue (Unmanaged Space, User)",
		"not supported: user stacks of kernel dumps"),
	MISSING(35, "small-value", "Small Value", "not supported"),
	MISSING(38, "truncated-stack-trace", "Truncated Stack Trace",
		"not supported: !patterns 83 lists what stands on the stack behind the last frame"),
	MISSING(40, "raw-stack-trace", "Raw Stack Trace", "not supported: !patterns 83 is its raw material"),
	MISSING(41, "coincidental-symbolic-information", "Coincidental Symbolic Information",
		"not supported: !patterns 83 counts the words that it refused for that"),
	MISSING(47, "hidden-exception", "Hidden Exception", "not supported: exception records on kernel stacks"),
	MISSING(51, "cpp-exception", "C++ Exception", "not supported in kernel dumps"),
	MISSING(59, "reduced-symbolic-information", "Reduced Symbolic Information",
		"not supported: lm tells what symbols each module has"),
	MISSING(60, "false-function-parameters", "False Function Parameters", "not supported: needs the callee's code"),
	MISSING(61, "injected-symbols", "Injected Symbols", "not supported"),
	MISSING(64, "no-data-types", "No Data Types", "not supported: lm and dt tell"),
	MISSING(67, "blocked-thread-software", "Blocked Thread (Software)",
		"not supported: needs all threads; small dumps hold one"),
	MISSING(72, "not-my-version-hardware", "Not My Version (Hardware)",
		"not supported: firmware tables; and nothing says which hardware is expected"),
	MISSING(78, "regular-data", "Regular Data", "not supported"),
	MISSING(80, "origin-module", "Origin Module",
		"not supported as a finding: !patterns 15 and 79 show the modules; which of them began it is a guess"),
	MISSING(84, "effect-component", "Effect Component", "not supported: needs the origin, !patterns 80"),
	MISSING(89, "glued-stack-trace", "Glued Stack Trace", "not supported: a person joins k and !patterns 83"),
};
const size_t n_detect_missing = sizeof(detect_missing) / sizeof(detect_missing[0]);
