// SPDX-License-Identifier: Apache-2.0
// x86.h: one step up an x86 stack: by following the function's own instructions, by FrameData programs, by FPO
// records. What is known of the program comes through callbacks, so that judges can drive it without a dump.
#pragma once
#include "sym/sym.h"

struct x86_env {
	const struct space *space;
	void *ctx;
	bool (*is_return)(void *ctx, va_t va); // can a call have left this address on the stack?
	// The layout of the frame of the code at va; its RVAs count from *base_ret.
	bool (*frame)(void *ctx, va_t va, struct sym_frame *ret, va_t *base_ret);
	// Where the function that holds va starts. certain: a record says that va is inside.
	bool (*function)(void *ctx, va_t va, va_t *start_ret, bool *certain_ret);
};
struct x86_step {
	enum trust trust;
	va_t ret_at;     // where the return address lies; the caller's esp is 4 above
	uint32_t params; // bytes of the callee's parameters above it; 0 when not known
};
// What a function's instructions from the first on do to its frame.
struct x86_code {
	bool straight; // followed up to pc
	bool reached;  // and the depth at pc is known
	int32_t depth; // bytes from esp up to the return address
	uint8_t saved; // bit n: register n (enum x64_reg) lies at slot[n] bytes below the return address
	int32_t slot[8];
	int frame_reg; // holds the return address' place minus frame_offset; -1: none
	int32_t frame_offset;
	uint8_t changed; // registers that hold something else than the caller's value
};
struct insn;
bool x86_fetch(const struct space *space, va_t va, struct insn *ret); // the instruction at va
// Follows the instructions from start on. call: pc is behind a call.
bool x86_follow_prolog(const struct space *space, va_t start, va_t pc, bool call, struct x86_code *ret);
// Registers (bit n: register n) that the code in [start, end) changes anywhere. False: not all of it can be read.
bool x86_changes(const struct space *space, va_t start, va_t end, uint8_t *ret);
// Follows the instructions from pc on to the return. On success *r holds the caller's registers.
bool x86_follow_return(const struct x86_env *e, struct regs *r, struct x86_step *ret);

// exact: pc is an interrupted address, else a return address. callee_params: of the frame below. TRUST_NONE: none of
// the three works, *r is untouched.
enum trust x86_step(const struct x86_env *e, struct regs *r, bool exact, uint32_t callee_params, struct x86_step *ret);
