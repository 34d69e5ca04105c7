// SPDX-License-Identifier: Apache-2.0
// copy.c: what the look-ups of one session share, and copies in downstream stores.
#include "base/limits.h"
#include "store/store_int.h"

#include <string.h>

struct miss {
	uint64_t a, b;
};
struct store_misses {
	struct miss *slots; // open addressing; {0, 0} is free
	size_t cap, n;
};

struct store *store_new(struct arena *a)
{
	struct store *s = NEW(a, struct store);
	*s = (struct store){ .a = a, .home = store_home(a) };
	s->misses = NEW(a, struct store_misses);
	return s;
}

void store_forget(struct store *s)
{
	s->misses->n = 0;
	if (s->misses->cap)
		memset(s->misses->slots, 0, s->misses->cap * sizeof(*s->misses->slots));
}

// Two FNV-1a sums from different starts: names come from dumps, and one that hides another must not be easy to make.
static struct miss miss_of(const char *place, const char *relative)
{
	struct miss m = { 0xcbf29ce484222325, 0x9e3779b97f4a7c15 };
	const char *const parts[] = { place, relative };
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *p = parts[i];
		do {
			m.a = (m.a ^ (uint8_t)*p) * 0x100000001b3;
			m.b = (m.b + (uint8_t)*p) * 0xff51afd7ed558ccd;
			m.b ^= m.b >> 32;
		} while (*p++);
	}
	m.a |= 1; // never the free slot
	return m;
}

static struct miss *slot_of(const struct store_misses *t, struct miss m)
{
	size_t i = (size_t)m.b & (t->cap - 1);
	while (t->slots[i].a && (t->slots[i].a != m.a || t->slots[i].b != m.b))
		i = (i + 1) & (t->cap - 1);
	return &t->slots[i];
}

bool store_missed(const struct store *s, const char *place, const char *relative)
{
	return s->misses->n && slot_of(s->misses, miss_of(place, relative))->a;
}

void store_miss(struct store *s, const char *place, const char *relative)
{
	struct store_misses *t = s->misses;
	if (t->n >= LIMIT_STORE_MISSES)
		store_forget(s);
	if (2 * t->n >= t->cap) {
		struct store_misses bigger = { .cap = t->cap ? 4 * t->cap : 1024, .n = t->n };
		bigger.slots = NEW_N(s->a, struct miss, bigger.cap);
		for (size_t i = 0; i < t->cap; i++)
			if (t->slots[i].a)
				*slot_of(&bigger, t->slots[i]) = t->slots[i];
		*t = bigger;
	}
	struct miss m = miss_of(place, relative), *slot = slot_of(t, m);
	t->n += !slot->a;
	*slot = m;
}

void store_trace(struct store *s, const char *fmt, ...)
{
	if (!s->trace)
		return;
	va_list ap;
	va_start(ap, fmt);
	s->trace(s->trace_ctx, arena_vprintf(s->a, fmt, ap));
	va_end(ap);
}

static bool has_index2(struct arena *a, const char *root)
{
	return path_find_nocase(a, root, "index2.txt") != NULL;
}

// The folder's spelling when it is there already, whatever its case: one store serves Windows too.
static const char *spelling(struct arena *a, const char *dir, const char *name)
{
	const char *there = path_find_nocase(a, dir, name);
	return there ? path_base(there) : name;
}

const char *store_copy(struct store *s, const char *root, const struct store_query *q, const struct store_content *c,
		       bool expand)
{
	enum { TIER = 2, MOST = 3 };
	struct arena *a = s->a;
	const char *parts[MOST], *dir = root;
	const char *file = q->file ? q->file : q->name;
	size_t n = 0;
	struct span bytes = expand || !c->packed.p ? c->plain : c->packed;
	if (s->no_copies || !q->key || bytes.n > (size_t)LIMIT_STORE_FILE_GIB << 30)
		return NULL;
	if (has_index2(a, root) && strlen(q->name) >= TIER)
		parts[n++] = arena_strndup(a, q->name, TIER);
	parts[n++] = q->name;
	parts[n++] = q->key;
	for (size_t i = 0; i < n; i++) {
		if (!store_name_ok(parts[i])) // the first two letters can be ".."
			return NULL;
		parts[i] = spelling(a, dir, parts[i]);
		dir = path_join(a, dir, parts[i]);
	}
	if (bytes.p == c->packed.p && c->packed.p)
		file = arena_printf(a, "%.*s_", (int)strlen(file) - 1, file);
	struct os_new_file f;
	err_t e = os_new_file_open(root, parts, n, &f);
	if (!e.code)
		e = os_write_all(f.fd, bytes);
	if (!e.code)
		e = os_new_file_name(&f, file, s->overwrite);
	os_new_file_close(&f);
	const char *path = path_join(a, dir, file);
	if (e.code) {
		store_trace(s, "SYMSRV:  %s - not copied: %s", path, e.what);
		return NULL;
	}
	store_trace(s, "SYMSRV:  %s - copied", path);
	return path;
}
