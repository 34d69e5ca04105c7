// SPDX-License-Identifier: Apache-2.0
// rows.h: row types that several commands emit, and how to emit them.
#pragma once
#include "cmd/cmd.h"
#include "stack/stack.h"

// Where the first byte of a row comes from, and why it cannot be read: the last two fields of rows that show memory.
#define SOURCE_FIELDS                                                                                        \
	{ "source", R_STR, "dump; image: read from the image file, not from the dump; null: not readable" }, \
	{                                                                                                    \
		"why", R_STR, "why the first byte is not readable; null: it is"                              \
	}
#define SOURCE_VALUES(s, va) VS(source_text((s), (va))), VS(source_why((s), (va)))
const char *source_text(const struct session *s, va_t va);
const char *source_why(const struct session *s, va_t va);

// The instruction at va as u and r show it: "sym+off:" above (row code_location) when `location`, then address,
// bytes, text. `tail` adds the memory operand's address and value (` ds:00000000`00000000=????????`), computed
// from the registers in force. Returns the address of the next instruction. Never fails: unreadable memory is
// a row of question marks.
va_t emit_insn(struct session *s, struct call *c, struct doc *out, va_t va, const struct regs *regs, bool location,
	       bool tail);
// Where the current thread stands; a note when the dump holds no registers of it.
void emit_here(struct call *c, struct doc *out);
extern const struct schema row_code_location, row_insn;
// The register block of `r` (row registers_x64, registers_x86 or registers_arm64), then the instruction at ip.
void emit_regs(struct session *s, struct call *c, struct doc *out, const struct regs *regs);
extern const struct schema row_registers_x64, row_registers_x86, row_registers_arm64;

// How k lays a stack out.
enum stack_form {
	STACK_PLAIN,   // k, kn: Child-SP RetAddr Call Site
	STACK_ARGS,    // kb: RetAddr : Args to Child : Call Site
	STACK_VERBOSE, // kv: Child-SP RetAddr : Args to Child : Call Site
	STACK_CALLS,   // kc: Call Site
};
enum stack_params { STACK_NO_PARAMS, STACK_PARAMS, STACK_PARAM_LINES }; // kp, kP
struct stack_options {
	enum stack_form form;
	enum stack_params params;
	bool numbers;    // the frame number column
	bool distance;   // kf: bytes to the previous frame
	bool heading;    // the column heads (STACK_TEXT of !analyze has none)
	bool trust;      // how each frame was found
	bool lines;      // source file and line
	bool traps;      // where trap frames lie
	size_t first;    // number of the first frame
	unsigned indent; // blanks before each line
};
void emit_stack(struct session *s, struct call *c, struct doc *out, const struct stack *st,
		const struct stack_options *o);
extern const struct schema row_stack_frame;
// "app!foo(int a = 0n1)+0x10"; NULL: nothing is known of its parameters. lines: one a line.
const char *frame_parameters(struct session *s, struct arena *a, const struct frame *f, bool lines);

// `.exr`: the exception record block.
void emit_exception_record(struct session *s, struct call *c, struct doc *out, const struct dump_exception *x);
extern const struct schema row_exception_record;

// The block of .trap for a trap frame that has been read.
void trap_emit(struct session *s, struct call *c, struct doc *out, va_t at, const struct regs *r, uint64_t zeroed);

// The line of `~` for a thread.
void emit_thread(struct session *s, struct call *c, struct doc *out, const struct thread *th);
extern const struct schema row_thread;

// One dot for each module that is loaded, 64 a line.
void emit_dots(struct doc *out, size_t n);
