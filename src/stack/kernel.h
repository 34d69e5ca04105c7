// SPDX-License-Identifier: Apache-2.0
// kernel.h: stacks of threads of a kernel dump, by their KTHREAD.
#pragma once
#include "stack/stack.h"

// The registers a thread has: those of the processor that it runs on, else what it left on its stack when it gave the
// processor up. E_ABSENT: they are not in the dump; E_UNSUPPORTED: not known how this machine keeps them.
MUST_USE err_t kernel_thread_regs(struct session *s, va_t kthread, struct regs *ret);
