// SPDX-License-Identifier: Apache-2.0
// base.c: arenas and the bounded cursor.
#include "base/base.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define STRICT_ARENA 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define STRICT_ARENA 1
#endif

struct block {
	struct block *next;
	size_t used, size;
	_Alignas(16) uint8_t data[];
};
struct arena {
	struct block *head;
	size_t total, limit;
	arena_trap_fn *trap;
	void *trap_ctx;
	struct arena *parent, *children, *next, *prev; // siblings
};

enum { FIRST_BLOCK = 4096, MAX_BLOCK = 1 << 18 };

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "dumpscope: fatal: %s\n", what);
	abort();
}

static _Noreturn void over(struct arena *a, const char *what)
{
	size_t limit = a->limit;
	for (; a; a = a->parent)
		if (a->trap)
			a->trap(a->trap_ctx, fail(E_LIMIT, what, limit));
	die(what);
}

const char *err_name(enum err_code c)
{
	static const char *const names[] = { "ok",    "absent",      "corrupt", "not_found", "ambiguous",
					     "usage", "unsupported", "limit",   "cancelled", "io" };
	return (size_t)c < ARRAY_LEN(names) ? names[c] : "unknown";
}

struct arena *arena_try_new(size_t limit)
{
	struct arena *a = calloc(1, sizeof(*a));
	if (a)
		a->limit = limit & ~(size_t)15; // a multiple of the rounding, so `limit - total` cannot wrap
	return a;
}

struct arena *arena_new(size_t limit)
{
	struct arena *a = arena_try_new(limit);
	if (!a)
		die("out of memory");
	return a;
}

struct arena *arena_child(struct arena *parent, size_t limit)
{
	struct arena *a = calloc(1, sizeof(*a));
	if (!a)
		over(parent, "out of memory");
	a->limit = limit & ~(size_t)15;
	a->parent = parent;
	a->next = parent->children;
	if (a->next)
		a->next->prev = a;
	parent->children = a;
	return a;
}

void arena_trap(struct arena *a, arena_trap_fn *fn, void *ctx)
{
	a->trap = fn;
	a->trap_ctx = ctx;
}

struct guard {
	jmp_buf env;
	err_t why;
};

static void leave(void *ctx, err_t why)
{
	struct guard *g = ctx;
	g->why = why;
	longjmp(g->env, 1);
}

err_t arena_guard(struct arena *a, struct arena *b, err_t (*fn)(void *ctx), void *ctx)
{
	struct guard g;
	arena_trap_fn *const trap_a = a->trap, *const trap_b = b ? b->trap : NULL;
	void *const ctx_a = a->trap_ctx, *const ctx_b = b ? b->trap_ctx : NULL;
	err_t e;
	arena_trap(a, leave, &g);
	if (b)
		arena_trap(b, leave, &g);
	if (setjmp(g.env) == 0) // the program's only one: a limit ends the work, not the process
		e = fn(ctx);
	else
		e = g.why;
	arena_trap(a, trap_a, ctx_a);
	if (b)
		arena_trap(b, trap_b, ctx_b);
	return e;
}

static void unlink_child(struct arena *a)
{
	if (a->prev)
		a->prev->next = a->next;
	else
		a->parent->children = a->next;
	if (a->next)
		a->next->prev = a->prev;
	for (struct arena *p = a->parent; p; p = p->parent)
		p->total -= a->total;
}

void arena_free(struct arena *a)
{
	if (!a)
		return;
	while (a->children)
		arena_free(a->children);
	if (a->parent)
		unlink_child(a);
	for (struct block *b = a->head, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

struct attempt {
	struct arena *a;
	size_t n;
	void *ret;
};

static err_t attempt(void *ctx)
{
	struct attempt *t = ctx;
	t->ret = arena_alloc(t->a, t->n, 1);
	return ok();
}

void *arena_try_alloc(struct arena *a, size_t n)
{
	struct attempt t = { .a = a, .n = n };
	return arena_guard(a, NULL, attempt, &t).code ? NULL : t.ret;
}

size_t arena_used(const struct arena *a)
{
	return a->total;
}

void arena_set_limit(struct arena *a, size_t limit)
{
	a->limit = MAX(limit & ~(size_t)15, a->total);
}

// Blocks double up to MAX_BLOCK so that a small dump costs a few pages and a big one few mallocs.
static size_t block_size(const struct arena *a, size_t want)
{
#ifdef STRICT_ARENA
	(void)a;
	return want; // one malloc per allocation: an overrun is seen by AddressSanitizer
#else
	size_t size = a->head ? MIN(a->head->size * 2, (size_t)MAX_BLOCK) : FIRST_BLOCK;
	return MAX(want, size);
#endif
}

static void charge(struct arena *a, size_t n)
{
	for (; a; a = a->parent)
		a->total += n;
}

void *arena_alloc(struct arena *a, size_t n, size_t elem_size)
{
	size_t want;
	if (__builtin_mul_overflow(n, elem_size, &want) || want > a->limit - a->total)
		over(a, "memory limit reached");
	size_t rounded = (want + 15) & ~(size_t)15;
	if (rounded < want)
		over(a, "memory limit reached");
	for (const struct arena *p = a; p; p = p->parent)
		if (rounded > p->limit - p->total)
			over(a, "memory limit reached");
#ifdef STRICT_ARENA
	want += !want; // nothing would lie at the end of the last block, which need not be aligned
#else
	want = rounded;
#endif
	if (!a->head || a->head->size - a->head->used < want) {
		size_t size = block_size(a, want);
		struct block *b = size > SIZE_MAX - sizeof(*b) ? NULL : calloc(1, sizeof(*b) + size);
		if (!b)
			over(a, "out of memory");
		b->size = size;
		// A big allocation gets a block of its own behind the head, so that the head stays open.
		if (a->head && want > a->head->size && a->head->size - a->head->used > 1024) {
			b->next = a->head->next;
			a->head->next = b;
			b->used = want;
			charge(a, rounded);
			return b->data;
		}
		b->next = a->head;
		a->head = b;
	}
	void *p = a->head->data + a->head->used;
	a->head->used += want;
	charge(a, rounded);
	return p;
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list ap2;
	va_copy(ap2, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	char *s = NEW_N(a, char, (size_t)(n < 0 ? 0 : n) + 1);
	if (n >= 0)
		vsnprintf(s, (size_t)n + 1, fmt, ap2);
	va_end(ap2);
	return s;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	char *s = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return s;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *d = NEW_N(a, char, n + 1);
	if (n)
		memcpy(d, s, n);
	return d;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

const uint8_t *rd_bytes(struct rd *r, size_t n)
{
	if (r->bad || n > r->s.n - r->pos) {
		if (!r->bad)
			r->bad_at = r->pos;
		r->bad = true;
		return NULL;
	}
	const uint8_t *p = r->s.p + r->pos;
	r->pos += n;
	return p;
}

static uint64_t little(struct rd *r, unsigned n)
{
	const uint8_t *p = rd_bytes(r, n);
	return p ? le_get(p, n) : 0;
}

uint8_t rd_u8(struct rd *r)
{
	return (uint8_t)little(r, 1);
}
uint16_t rd_u16(struct rd *r)
{
	return (uint16_t)little(r, 2);
}
uint32_t rd_u32(struct rd *r)
{
	return (uint32_t)little(r, 4);
}
uint64_t rd_u64(struct rd *r)
{
	return little(r, 8);
}

void rd_skip(struct rd *r, uint64_t n)
{
	rd_bytes(r, n > SIZE_MAX ? SIZE_MAX : (size_t)n);
}

size_t rd_count(struct rd *r, uint64_t count, size_t elem_size)
{
	if (!r->bad && elem_size && count <= (r->s.n - r->pos) / elem_size)
		return (size_t)count;
	if (!r->bad)
		r->bad_at = r->pos;
	r->bad = true;
	return 0;
}
