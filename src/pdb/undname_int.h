// SPDX-License-Identifier: Apache-2.0
// undname_int.h: what the readers of decorated names share: a cursor with a sticky error, output with limits.
#pragma once
#include "base/limits.h"
#include "base/str.h"
#include "pdb/undname.h"

struct und {
	struct arena *a;
	const char *start, *p, *end;
	unsigned flags, depth;
	err_t e; // sticky: the first thing that went wrong
	struct sb out;
	size_t steps;
};

// Runs `read`, which answers in u->out or u->e, with an arena of its own; *ret is a copy in `a`.
err_t und_run(struct arena *a, const char *name, unsigned flags, void (*read)(struct und *u), const char **ret);
void und_fail(struct und *u, enum err_code code, const char *what); // keeps the first
static inline bool und_bad(const struct und *u)
{
	return u->e.code != OK;
}
static inline size_t und_left(const struct und *u)
{
	return (size_t)(u->end - u->p);
}
static inline char und_look(const struct und *u, size_t ahead) // 0 past the end
{
	return und_left(u) > ahead ? u->p[ahead] : 0;
}
static inline bool und_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
bool und_eat(struct und *u, const char *what); // false: something else stands there
static inline bool und_eat_ch(struct und *u, char c)
{
	bool is = u->p < u->end && *u->p == c;
	u->p += is;
	return is;
}
// One level deeper, for reading and for writing; false when that is too deep. und_leave() in any case.
bool und_enter(struct und *u);
static inline void und_leave(struct und *u)
{
	u->depth--;
}

void und_put(struct und *u, const char *text);
void und_putn(struct und *u, const char *text, size_t n);
void und_put_ch(struct und *u, char c);
void und_put_num(struct und *u, uint64_t v, bool negative);
void und_put_utf8(struct und *u, uint32_t c);
static inline char und_last(const struct und *u) // of what was written; 0 when nothing was
{
	return u->out.n ? u->out.p[u->out.n - 1] : 0;
}
void und_put_punycode(struct und *u, const char *p, size_t n);
void und_put_suffix(struct und *u, const char *p, const char *end); // .cold, .llvm.123: in parentheses, or nothing
void und_cut(struct und *u, size_t n);                              // the output ends after n bytes again
static inline bool und_name_only(const struct und *u)
{
	return u->flags & UNDNAME_NAME_ONLY;
}

void und_read_legacy(struct und *u); // of Rust
err_t und_c_name(struct arena *a, const char *name, const char **ret);
