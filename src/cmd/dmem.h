// SPDX-License-Identifier: Apache-2.0
// dmem.h: what the d commands share: options, ranges, reading with holes, where to go on.
#pragma once
#include "cmd/cmd.h"

enum { D_MOST_COLUMNS = 0x400 };
struct d_args {
	unsigned columns; // /c; 0: not given
	va_t at;
	uint64_t count; // elements
	bool has_count; // the user gave it
};
// Reads "[/c N] [range]" to the end of the arguments. An absent address goes on where the last d ended, at first
// from the instruction pointer. The range is cut at the end of the address space. Sets session.last_d to `form`
// (a string that lives as long as the session).
MUST_USE err_t d_parse(struct session *s, struct call *c, const char *form, unsigned elem, uint64_t default_count,
		       struct d_args *ret);
// Reads n bytes at va; ok[i]: byte i was there. Returns how many were.
size_t d_read(const struct session *s, va_t va, uint8_t *buf, bool *ok, size_t n);
// Lines of a d command's form ("db", "dc", "dq", "dW" ...) from `at`; moves where the next d begins.
MUST_USE err_t d_show(struct session *s, struct call *c, struct doc *out, const char *form, va_t at, uint64_t count);
// Lines of da or du: `chars` characters, at most to a NUL.
MUST_USE err_t d_show_text(struct session *s, struct doc *out, va_t at, uint64_t chars, bool wide);
extern const struct schema row_memory, row_memory_string;
void d_went_to(struct session *s, va_t next); // where the next d without an address begins
// The form's name as it stands in a table: `names` as in struct cmd; NULL when it is not there.
const char *d_form(const char *const *forms, size_t n, const char *name);

// A NUL-terminated or counted string at va as the debugger shows it: '.' for what does not print, '?' for what is
// not readable. wide: UTF-16. *stop_ret: a NUL ended it; *used_ret: characters taken.
const char *d_text(struct session *s, struct arena *a, va_t va, size_t chars, bool wide, bool counted, bool *stop_ret,
		   size_t *used_ret);
