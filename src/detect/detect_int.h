// SPDX-License-Identifier: Apache-2.0
// detect_int.h: what the parts of the engine share. Detectors do not include it.
#pragma once
#include "detect/detect.h"

// Each fills its part of *f. The errors are those of session_poll().
MUST_USE err_t facts_threads(struct facts *f);
MUST_USE err_t facts_modules(struct facts *f);
MUST_USE err_t facts_event(struct facts *f);
MUST_USE err_t facts_kernel(struct facts *f);
MUST_USE err_t facts_stack_memory(struct facts *f, struct fact_kernel *k);
MUST_USE err_t facts_cpus(struct facts *f, struct fact_kernel *k);
// The fault of a kernel dump in the shape of a user dump's exception; false: the bug check names none.
bool facts_kernel_fault(struct facts *f);
void fact_have(struct facts *f, enum fact bit);
void fact_lacks(struct facts *f, enum fact bit, const char *why);
// Walks into memory of its own and keeps a copy of the right size.
MUST_USE err_t facts_walk(struct facts *f, const struct thread *th, const struct regs *regs, size_t max,
			  struct stack *ret);
// Exceptions in dispatch on the live part of a thread's stack: from its stack pointer up.
void facts_dispatched(struct facts *f, struct fact_thread *t, va_t sp);
bool text_contains(const char *text, const char *part); // case-blind
