// SPDX-License-Identifier: Apache-2.0
// records.h: small structures of Windows that lie somewhere in a target's memory.
#pragma once
#include "target/target.h"

// An EXCEPTION_RECORD. E_CORRUPT: what lies there is none (no code, or more than 15 parameters): *ret has it all the
// same; other errors: it is not, or not all, in the dump.
MUST_USE err_t target_exception_read(const struct target *t, va_t at, struct dump_exception *ret);
// A CONTEXT, as much of it as is in the dump. E_CORRUPT: what lies there is none; E_UNSUPPORTED: of this machine; other
// errors: of reading it.
MUST_USE err_t target_context_read(const struct target *t, va_t at, struct regs *ret);
// The text of a UNICODE_STRING, in `a`. NULL: empty, not one, or not all in the dump.
const char *target_unicode_string(const struct target *t, struct arena *a, va_t at);
