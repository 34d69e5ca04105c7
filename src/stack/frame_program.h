// SPDX-License-Identifier: Apache-2.0
// frame_program.h: the postfix programs of x86 FrameData records ("$T0 $ebp = $eip $T0 4 + ^ = ..."), which give a
// caller's registers from the callee's. Words are variables ($eip, $T0, ... and $20 for CodeView's register 20),
// constants of the record (.cbLocals), numbers, + - * / % @ (align down), ^ (read the stack) and = (assign). As LLVM's
// NativeRawSymbol/PostfixExpression and Breakpad's postfix_evaluator document them.
#pragma once
#include "arch/arch.h"

struct frame_program_env {
	const struct space *space;
	uint32_t ra_search;                            // where the return address lies; also .raSearchStart
	uint32_t params, locals, saved, callee_params; // bytes
};
struct frame_program_result {
	uint32_t assigned; // bit n: register n of enum x64_reg was assigned
	uint32_t loaded;   // bit n, of those: with a word of the stack, at `from`
	uint32_t from[X64_RIP + 1];
};
bool frame_program_searches(const char *program); // does it use .raSearch or .raSearchStart?
bool frame_program_aligns(const char *program);
// Runs it over *r. OK: eip and esp were assigned, and *r holds all that was; other registers are left alone.
// E_CORRUPT: no such program; E_ABSENT: a register or stack memory it needs is not known; E_LIMIT. *r is untouched
// then.
MUST_USE err_t frame_program_run(const struct frame_program_env *env, const char *program, struct regs *r,
				 struct frame_program_result *ret);
