// SPDX-License-Identifier: Apache-2.0
// target_int.h: what the files of target/ share.
#pragma once
#include "target/target.h"

// Gives the modules from `first` on their debugger names.
void module_names(struct arena *a, struct module **m, size_t n, size_t first);
void sort_modules(struct target *t); // fills by_base
// space_fault_fn over a target: lays the image file of the module at va under the dump's memory.
bool target_image_fault(void *ctx, va_t va);
// Fills t->kernel and t->user from a kernel dump.
void kernel_open(struct target *t);
void kernel_paging(struct target *t, struct kernel *k);
// Another root, when the recorded one leads nowhere: those of the processors. Needs k->kdbg; true: the root was
// changed.
bool kernel_other_root(struct target *t, struct kernel *k);
// Fills k->kdbg, or says why not.
void kernel_find_block(struct target *t, struct kernel *k);
// Again, from k->kdbg, all that depends on it.
void kernel_fill(struct target *t, struct kernel *k);
// The target's registries from t->user.
void target_fill_unloaded(struct target *t);
void target_fill_threads(struct target *t);
void kernel_drivers(struct target *t, struct kernel *k, struct dump_user *u);
void kernel_unloaded(struct target *t, struct kernel *k, struct dump_user *u);
