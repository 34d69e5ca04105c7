// SPDX-License-Identifier: Apache-2.0
// sandbox.h: what the helper gives up before it looks at untrusted bytes.
#pragma once
#include "base/base.h"

// From here on the process has `memory` bytes of data, writes files of at most `file_size` bytes, opens nothing,
// starts nothing, connects to nothing, and is gone when its parent is. The kernel's system call filter is used where
// there is one for this CPU (x64, ARM64); elsewhere resource limits alone hold. There is no way back.
void sandbox_enter(uint64_t memory, uint64_t file_size);
