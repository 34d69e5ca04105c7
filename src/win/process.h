// SPDX-License-Identifier: Apache-2.0
// process.h: what a process object of the kernel says of its image.
#pragma once
#include "win/layout.h"

// The image's whole name. `short_name` is that of _EPROCESS.ImageFileName, which holds 14 characters; a longer one
// stands as a path in SeAuditProcessCreationInfo. It counts when it goes on from the short one; else that is returned.
const char *process_whole_name(struct session *s, struct arena *a, va_t process, const char *short_name);
