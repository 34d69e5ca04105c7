// SPDX-License-Identifier: Apache-2.0
// sandbox.h: what the helper gives up before it looks at untrusted bytes.
#pragma once
#include "base/base.h"

// From here on the process has `memory` bytes of data, writes files of at most `file_size` bytes, opens nothing,
// starts nothing, connects to nothing, and is gone when its parent is. The kernel's system call filter is used where
// there is one for this CPU (x64, ARM64); elsewhere resource limits alone hold. There is no way back.
void sandbox_enter(uint64_t memory, uint64_t file_size);
// For downloads: `memory` bytes of data, no file is written or made, no program started; sockets and threads work, and
// of files the system's settings (/etc, certificates) and read_paths can be read (where the kernel has Landlock; else
// all that the user can read). NULL among read_paths is passed over.
void sandbox_enter_network(uint64_t memory, const char *const *read_paths, size_t n);
