// SPDX-License-Identifier: Apache-2.0
// unwind.h: unwind data decoded into lists of codes, for the unwinders and for printing. Formats:
// Microsoft's "x64 exception handling" and "ARM64 exception handling" pages.
#pragma once
#include "arch/arch.h"

// Where an image's bytes come from: the image itself, and the target's memory where that comes up short.
struct unwind_src {
	const struct pe *pe;       // may be NULL
	const struct space *space; // may be NULL
	va_t base;
};
// Reads up to n bytes; returns how many were there.
size_t unwind_read(const struct unwind_src *s, uint64_t rva, void *buf, size_t n);

struct unwind_code {
	uint16_t offset; // x64: in the prolog; ARM64: of the code's first byte in the list (0 for packed data)
	uint8_t op;      // enum x64_uwop or enum a64_uwop
	uint8_t info;    // a register number, or what the operation says of it
	uint32_t value;  // bytes: a size or an offset
};

// ---- x64
enum x64_uwop {
	UWOP_PUSH_NONVOL = 0,
	UWOP_ALLOC_LARGE = 1,
	UWOP_ALLOC_SMALL = 2,
	UWOP_SET_FPREG = 3,
	UWOP_SAVE_NONVOL = 4,
	UWOP_SAVE_NONVOL_FAR = 5,
	UWOP_EPILOG = 6, // version 2
	UWOP_SAVE_XMM128 = 8,
	UWOP_SAVE_XMM128_FAR = 9,
	UWOP_PUSH_MACHFRAME = 10,
};
enum { UNW_EHANDLER = 1, UNW_UHANDLER = 2, UNW_CHAININFO = 4, X64_MAX_CODES = 255 };
struct x64_unwind_info {
	uint8_t version, flags, prolog_size, n_slots;
	uint8_t frame_reg;        // 0: none
	unsigned frame_offset;    // bytes
	uint32_t handler;         // RVA; 0: none
	uint32_t handler_data;    // RVA of the handler's own data, when there is a handler
	struct pe_function chain; // with UNW_CHAININFO
	size_t n_codes;
	struct unwind_code codes[X64_MAX_CODES]; // as stored: last instruction of the prolog first
};
// E_ABSENT: not all of it is readable; E_UNSUPPORTED: a newer version; E_CORRUPT.
MUST_USE err_t x64_unwind_info(const struct unwind_src *s, uint32_t rva, struct x64_unwind_info *ret);
const char *x64_uwop_name(uint8_t op); // "PUSH_NONVOL"; "?" when unknown
// Is `rva`, inside f, in an epilog according to the version 2 codes? *start_ret: RVA of its first instruction.
bool x64_epilog_v2(const struct x64_unwind_info *info, const struct pe_function *f, uint32_t rva, uint32_t *start_ret);

// ---- ARM64
enum a64_uwop {
	A64_ALLOC_S,
	A64_ALLOC_M,
	A64_ALLOC_L,
	A64_SAVE_R19R20_X,
	A64_SAVE_FPLR,
	A64_SAVE_FPLR_X,
	A64_SAVE_REGP,
	A64_SAVE_REGP_X,
	A64_SAVE_REG,
	A64_SAVE_REG_X,
	A64_SAVE_LRPAIR,
	A64_SAVE_FREGP,
	A64_SAVE_FREGP_X,
	A64_SAVE_FREG,
	A64_SAVE_FREG_X,
	A64_ALLOC_Z,
	A64_SET_FP,
	A64_ADD_FP,
	A64_NOP,
	A64_END,
	A64_END_C,
	A64_SAVE_NEXT,
	A64_SAVE_ANY_X, // save_any_reg of X, D and Q registers, one or a pair
	A64_SAVE_ANY_D,
	A64_SAVE_ANY_Q,
	A64_SAVE_SVE,
	A64_TRAP_FRAME,
	A64_MACHINE_FRAME,
	A64_CONTEXT,
	A64_EC_CONTEXT,
	A64_CLEAR_UNWOUND_TO_CALL,
	A64_PAC_SIGN_LR,
	A64_RESERVED,
};
// save_any_reg: info holds the register and these bits.
enum { A64_ANY_REG = 0x1f, A64_ANY_PAIR = 0x20, A64_ANY_WRITEBACK = 0x40 };
enum { A64_MAX_CODES = 255 * 4 }; // bytes of the longest list; no code is shorter
struct a64_epilog {
	uint32_t offset; // bytes from the function's start
	uint32_t index;  // of its first code's byte
};
struct a64_unwind_info {
	bool packed;
	bool no_prolog;  // packed fragment: always in the body
	uint32_t length; // bytes of code
	uint8_t version;
	uint32_t handler;   // RVA; 0: none
	uint32_t n_epilogs; // full form: read them with a64_epilog_get
	bool one_epilog;    // at the end of the function: no list, starts at code byte `epilog_index`
	uint32_t epilog_index;
	uint32_t epilogs; // RVA of the list
	size_t n_bytes, n_codes;
	struct unwind_code codes[A64_MAX_CODES];
};
// word: the second word of the function table entry.
MUST_USE err_t a64_unwind_info(const struct unwind_src *s, uint32_t word, struct a64_unwind_info *ret);
bool a64_epilog_get(const struct unwind_src *s, const struct a64_unwind_info *info, uint32_t i, struct a64_epilog *ret);
// Instructions of the sequence that starts at code `at`, without the `ret` that END stands for.
unsigned a64_sequence_len(const struct a64_unwind_info *info, size_t at);
// The code that starts at byte `index`; n_codes when none does.
size_t a64_code_at(const struct a64_unwind_info *info, uint32_t index);
const char *a64_uwop_name(uint8_t op); // "save_regp"
