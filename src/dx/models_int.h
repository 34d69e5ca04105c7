// SPDX-License-Identifier: Apache-2.0
// models_int.h: the objects of the debugger: sessions, processes, threads, stacks, modules.
#pragma once
#include "dx/dx_int.h"

struct dx_obj dx_debugger(void);
struct dx_obj dx_variables(void); // @$vars
struct dx_obj dx_session(void);
struct dx_obj dx_processes(void);
struct dx_obj dx_process_current(struct dx *x);
struct dx_obj dx_threads(struct dx *x, va_t process); // of a kernel's process; 0: of the user dump
MUST_USE err_t dx_thread_current(struct dx *x, struct dx_obj *ret);
struct dx_obj dx_modules(void);
struct dx_obj dx_utility(void);
struct dx_stack_of {                 // whose stack
	const struct thread *thread; // NULL: the kernel's thread
	va_t kthread;
};
MUST_USE err_t dx_stack_regs(struct dx *x, const struct dx_stack_of *of, struct regs *ret);
struct dx_obj dx_stack(const struct dx_stack_of *of); // `of` must last
MUST_USE err_t dx_stack_current(struct dx *x, struct dx_obj *ret);
// The innermost frame in words; NULL: there is none.
const char *dx_stack_top(struct dx *x, const struct dx_stack_of *of);
// Environment: what lies at `va`, when that can be read in the memory that is in force.
MUST_USE err_t dx_environment(struct dx *x, const char *type, va_t va, va_t process, struct dx_obj *ret);
