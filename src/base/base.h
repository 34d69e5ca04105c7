// SPDX-License-Identifier: Apache-2.0
// base.h: the three idioms everything else is written in: errors are values, memory lives in arenas,
// untrusted bytes are read through a cursor that cannot leave its span.
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define MUST_USE          __attribute__((warn_unused_result))
#define ARRAY_LEN(a)      (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)         ((a) < (b) ? (a) : (b))
#define MAX(a, b)         ((a) > (b) ? (a) : (b))

typedef uint64_t va_t; // virtual address in the target
typedef uint64_t pa_t; // physical address in the target

// ---- errors: a value, nothing to free. `what` is a literal, or text in an arena that outlives the
// error; `at` is a file offset or a target address, whichever `what` speaks of.
enum err_code {
	OK,
	E_ABSENT,      // not in this dump: a normal answer
	E_CORRUPT,     // the bytes contradict their own format
	E_NOTFOUND,    // no such name, thread, module, file
	E_AMBIGUOUS,   // more than one answer
	E_USAGE,       // the user's text is wrong
	E_UNSUPPORTED, // understood, but not done here
	E_LIMIT,       // a limit of limits.h or of the user was reached
	E_CANCELLED,   // Ctrl-C or a time-out
	E_IO,          // the host could not read or write
};
struct err {
	enum err_code code;
	const char *what;
	uint64_t at;
};
typedef struct err err_t;

static inline err_t ok(void)
{
	return (err_t){ OK, NULL, 0 };
}
static inline err_t fail(enum err_code c, const char *what, uint64_t at)
{
	return (err_t){ c, what, at };
}
const char *err_name(enum err_code c); // "absent", "corrupt", ...: stable, appears in JSON
#define TRY(expr)                    \
	do {                         \
		err_t try_ = (expr); \
		if (try_.code)       \
			return try_; \
	} while (0)

// ---- arenas: memory with one owner and a byte limit; freed as a whole.
// When an allocation would pass the limit, or memory runs out, the arena's trap is called with
// E_LIMIT; the trap must not return (cmd_run() longjmps; the default prints to stderr and aborts).
struct arena;
typedef void arena_trap_fn(void *ctx, err_t why);
struct arena *arena_new(size_t limit);
// The same for callers that must live on without memory: NULL when there is none, or the limit is too small.
struct arena *arena_try_new(size_t limit);
void *arena_try_alloc(struct arena *a, size_t n);
// An arena inside another: what it holds counts for the parent's limit too, an overflow that no guard of its own
// catches is the parent's, and it is freed with the parent when nobody frees it before (a guard was left meanwhile).
struct arena *arena_child(struct arena *parent, size_t limit);
void arena_trap(struct arena *a, arena_trap_fn *fn, void *ctx);
// Runs fn(ctx). When one of the two arenas (b may be NULL) passes its limit meanwhile, fn is left at once and the
// answer is that E_LIMIT: fn may own nothing but arena memory. Traps that were set are put back. Calls may nest.
MUST_USE err_t arena_guard(struct arena *a, struct arena *b, err_t (*fn)(void *ctx), void *ctx);
void arena_free(struct arena *a); // NULL is allowed
size_t arena_used(const struct arena *a);
void arena_set_limit(struct arena *a, size_t limit);            // not below what it holds already
void *arena_alloc(struct arena *a, size_t n, size_t elem_size); // zeroed, overflow-checked, never NULL
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
char *arena_strndup(struct arena *a, const char *s, size_t n); // copies n bytes and adds a NUL
char *arena_strdup(struct arena *a, const char *s);
#define NEW(a, type)      ((type *)arena_alloc((a), 1, sizeof(type)))
#define NEW_N(a, type, n) ((type *)arena_alloc((a), (n), sizeof(type)))

// ---- overflow-checked sums; false when the result does not fit.
static inline bool add_ok(uint64_t a, uint64_t b, uint64_t *ret)
{
	return !__builtin_add_overflow(a, b, ret);
}
static inline bool mul_ok(uint64_t a, uint64_t b, uint64_t *ret)
{
	return !__builtin_mul_overflow(a, b, ret);
}
// Is [off, off + n) inside [0, size)?
static inline bool in_range(uint64_t off, uint64_t n, uint64_t size)
{
	return off <= size && n <= size - off;
}

// ---- untrusted bytes: little-endian cursor. A read past the end yields 0 and marks the cursor bad;
// check once with rd_done(). Counts from the file go through rd_count() before any loop or allocation.
struct span {
	const uint8_t *p;
	size_t n;
};
struct rd {
	struct span s;
	size_t pos;
	size_t bad_at;
	bool bad;
};

static inline struct rd rd_at(struct span s, uint64_t off)
{
	bool out = off > s.n;
	return (struct rd){ .s = s, .pos = out ? s.n : (size_t)off, .bad = out, .bad_at = out ? s.n : 0 };
}
const uint8_t *rd_bytes(struct rd *r, size_t n); // NULL when out of bounds
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);
void rd_skip(struct rd *r, uint64_t n);
size_t rd_count(struct rd *r, uint64_t count, size_t elem_size); // 0 and bad when it cannot fit
static inline size_t rd_left(const struct rd *r)
{
	return r->bad ? 0 : r->s.n - r->pos;
}
static inline MUST_USE err_t rd_done(const struct rd *r, const char *what)
{
	return r->bad ? fail(E_CORRUPT, what, r->bad_at) : ok();
}
// The part [off, off + n) of s; an empty span when it is not all there.
static inline struct span span_sub(struct span s, uint64_t off, uint64_t n)
{
	return in_range(off, n, s.n) ? (struct span){ s.p + off, (size_t)n } : (struct span){ NULL, 0 };
}
// As span_sub, but what is there of it.
static inline struct span span_clip(struct span s, uint64_t off, uint64_t n)
{
	if (off >= s.n)
		return (struct span){ NULL, 0 };
	return (struct span){ s.p + off, (size_t)MIN(n, s.n - off) };
}
static inline uint64_t le_get(const uint8_t *p, unsigned n) // n <= 8 bytes, little-endian
{
	// Written out, because compilers make one load of these but not of the loop.
	if (n == 4)
		return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
	if (n == 8)
		return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 |
		       (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 | (uint64_t)p[7] << 56;
	uint64_t v = 0;
	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}
