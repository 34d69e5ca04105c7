// SPDX-License-Identifier: Apache-2.0
// user_modules.h: the modules of a process in a kernel dump, as its loader lists them.
#pragma once
#include "target/kernel.h"

// Addresses below are a process' own.
va_t kernel_user_end(const struct target *t);
struct user_modules {
	size_t n;      // modules that are in the list now
	va_t unread;   // address of a pointer to the loader's data that could not be read; 0: none
	bool changed;  // the list was replaced
	bool complete; // the loader's list was read to its end
};
// Replaces the user modules of the session's list by those of the process; its page tables must be in force. Process 0:
// there are none. Dumps without page tables hold no process' memory: nothing changes.
struct user_modules user_modules_load(struct session *s, va_t process);
// The process of the kernel's list whose page-table root this is; 0: none, or the list cannot be read.
va_t process_of_root(struct session *s, pa_t root);
