// SPDX-License-Identifier: Apache-2.0
// string.h: text in the target's memory as UTF-8 in the caller's arena.
#pragma once
#include "target/target.h"

// NUL-terminated text at va, of 1-byte characters or (wide) UTF-16; cut at LIMIT_NAME_BYTES, or where memory ends.
// E_ABSENT: not even its first character is there.
MUST_USE err_t win_string(const struct target *t, struct arena *a, va_t va, bool wide, const char **ret);
// The text of an ANSI_STRING or (wide) UNICODE_STRING at va (public ntdef.h: Length in bytes, MaximumLength, the
// aligned pointer). E_ABSENT: the structure or its first character is not there.
MUST_USE err_t win_string_counted(const struct target *t, struct arena *a, va_t va, bool wide, const char **ret);
