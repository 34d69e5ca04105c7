// SPDX-License-Identifier: Apache-2.0
// str.h: growing strings in an arena, UTF-16 from files, case-blind compare and the debugger's wildcards.
#pragma once
#include "base/base.h"

struct sb { // always NUL-terminated once used; sb_str() never returns NULL
	struct arena *a;
	char *p;
	size_t n, cap;
};
static inline struct sb sb_new(struct arena *a)
{
	return (struct sb){ .a = a };
}
void sb_add(struct sb *s, const char *text);
void sb_addn(struct sb *s, const char *text, size_t n);
void sb_ch(struct sb *s, char c);
void sb_printf(struct sb *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
const char *sb_str(const struct sb *s);

// UTF-16LE bytes to UTF-8; stops at the first NUL; lone surrogates become U+FFFD. `bytes.n` may be odd.
char *utf16_to_utf8(struct arena *a, struct span bytes);
// Bytes of unknown 8-bit encoding as valid UTF-8: kept when they are valid UTF-8, else read as Latin-1.
char *bytes_to_utf8(struct arena *a, struct span bytes);

bool str_eq(const char *a, const char *b);
bool str_ieq(const char *a, const char *b); // ASCII case-blind
bool str_ieqn(const char *a, const char *b, size_t n);
bool str_starts(const char *s, const char *prefix);
bool str_iends(const char *s, const char *suffix);
const char *path_base(const char *path); // after the last '/' or '\'
// The debugger's string wildcards: * ? [set] # (zero or more of the preceding character) + (one or more),
// ASCII case-blind; \ before one of # ? [ ] * + takes it literally. Work is bounded by the product of both lengths.
bool str_wild(const char *pattern, const char *s);
enum { GUID_TEXT = 37 };
// "6c7ac389-4313-47dc-9f34-a8800a0fb56c" of a GUID as files and memory hold it (its first three parts little-endian).
const char *guid_put(char buf[GUID_TEXT], const uint8_t guid[16]);
