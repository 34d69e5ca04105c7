// SPDX-License-Identifier: Apache-2.0
// process.h: what a process object of the kernel says of its image.
#pragma once
#include "win/layout.h"

// The image's whole name. `short_name` is that of _EPROCESS.ImageFileName, which holds 14 characters; a longer one
// stands as a path in SeAuditProcessCreationInfo. It counts when it goes on from the short one; else that is returned.
const char *process_whole_name(struct session *s, struct arena *a, va_t process, const char *short_name);
// The image's name: the whole one of ImageFileName. NULL with *why_ret (may be NULL) set: not known; characters beyond
// ASCII are believed only where the kernel's own types tell the field's place.
const char *process_image(struct session *s, struct arena *a, va_t process, const char **why_ret);
