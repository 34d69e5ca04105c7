// SPDX-License-Identifier: Apache-2.0
// arch_int.h: what the files of arch/ share.
#pragma once
#include "arch/unwind.h"
#include "base/limits.h"

err_t x86_context(struct span bytes, struct regs *ret);
err_t x64_context(struct span bytes, struct regs *ret);
err_t arm64_context(struct span bytes, struct regs *ret);
err_t x86_unwind(const struct unwind_env *env, struct regs *r, bool top, struct unwind_result *ret);
err_t x64_unwind(const struct unwind_env *env, struct regs *r, bool top, struct unwind_result *ret);
err_t arm64_unwind(const struct unwind_env *env, struct regs *r, bool top, struct unwind_result *ret);

// The function table entry that covers pc: of the image that holds it, or a dynamic one.
err_t unwind_find(const struct unwind_env *env, va_t pc, struct unwind_src *src_ret, struct pe_function *ret);
// Decoding a CONTEXT: copies n registers of `size` bytes from `off` on, where the bytes reach that far.
void context_regs(struct span s, uint64_t off, unsigned size, unsigned first, unsigned n, struct regs *r);
void context_vector(struct span s, uint64_t off, unsigned n, struct regs *r); // 16-byte registers from 0 on
