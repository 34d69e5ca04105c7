// SPDX-License-Identifier: Apache-2.0
// dump_touch.h: reads every fact of an open dump and every byte that the facts point to; what must hold for any
// file, however damaged, is checked. A broken rule prints a line and aborts.
#pragma once
#include "base/str.h"
#include "mem/space.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(cond)                                                                            \
	do {                                                                                  \
		if (!(cond)) {                                                                \
			fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                              \
		}                                                                             \
	} while (0)

static volatile unsigned touch_sum; // keeps the reads

static inline void touch_bytes(const struct dump *d, struct span s)
{
	if (!s.n)
		return;
	MUST(s.p >= d->file.p && in_range((uint64_t)(s.p - d->file.p), s.n, d->file.n));
	touch_sum += s.p[0] + s.p[s.n - 1];
}

static inline void touch_text(const char *s)
{
	struct arena *a;
	if (!s)
		return;
	a = arena_new((size_t)1 << 28);
	struct span again = { (const uint8_t *)s, strlen(s) };
	MUST(str_eq(bytes_to_utf8(a, again), s)); // it is valid UTF-8
	arena_free(a);
}

static inline void touch_tables(const struct dump *d, struct arena *a)
{
	const struct dump_user *u = d->user;
	const struct dump_table *tables[] = { &u->meminfo, &u->handles, &u->handle_ops };
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		touch_bytes(d, tables[i]->entries);
		MUST(!tables[i]->n || tables[i]->stride);
		MUST(tables[i]->n * tables[i]->stride <= tables[i]->entries.n);
	}
	struct dump_meminfo found;
	for (size_t i = 0; i < MIN(u->meminfo.n, (size_t)2000); i++) {
		struct dump_meminfo x = dump_meminfo_get(u, i);
		MUST(!x.size || !u->meminfo.sorted || dump_meminfo_at(u, x.base, &found));
	}
	for (size_t i = 0; i < MIN(u->handles.n, (size_t)2000); i++) {
		struct dump_handle h = dump_handle_get(u, a, i);
		touch_text(h.type);
		touch_text(h.name);
		for (size_t k = 0; k < h.n_info; k++)
			touch_bytes(d, h.info[k].bytes);
	}
	for (size_t i = 0; i < MIN(u->handle_ops.n, (size_t)2000); i++)
		MUST(dump_handle_op_get(u, i).depth <= 32);
	for (size_t i = 0; i < u->n_functions; i++) {
		touch_bytes(d, u->functions[i].entries);
		touch_bytes(d, u->functions[i].native);
	}
	for (size_t i = 0; i < u->n_tokens; i++)
		for (size_t k = 0; k < ARRAY_LEN(u->tokens[i].blocks); k++)
			touch_bytes(d, u->tokens[i].blocks[k].bytes);
}

static inline void touch_extensions(const struct dump_user *u)
{
	const struct dump_crashpad *c = &u->crashpad;
	for (size_t i = 0; i < c->n_annotations; i++) {
		touch_text(c->annotations[i].key);
		touch_text(c->annotations[i].value);
	}
	for (size_t i = 0; i < c->n_modules; i++) {
		for (size_t k = 0; k < c->modules[i].n_list; k++)
			touch_text(c->modules[i].list[k]);
		for (size_t k = 0; k < c->modules[i].n_simple; k++)
			touch_text(c->modules[i].simple[k].value);
		for (size_t k = 0; k < c->modules[i].n_objects; k++)
			touch_text(c->modules[i].objects[k].value);
	}
	touch_text(u->breakpad.expression);
	touch_text(u->comment_a);
	touch_text(u->comment_w);
	touch_text(u->system.csd);
	touch_text(u->misc.build_string);
	touch_text(u->misc.tz_standard);
}

static inline void touch_user(const struct dump *d, struct arena *a)
{
	const struct dump_user *u = d->user;
	MUST(u->n_streams * 12 <= d->file.n);
	MUST(u->n_threads * 48 <= d->file.n);
	MUST(u->n_modules * 108 <= d->file.n);
	MUST(u->n_unloaded * 24 <= d->file.n);
	MUST(u->n_functions * 32 <= d->file.n);
	MUST(u->exception.n_params <= 15);
	for (size_t i = 0; i < u->n_streams; i++)
		touch_bytes(d, u->streams[i].bytes);
	for (size_t i = 0; i < u->n_threads; i++) {
		touch_bytes(d, u->threads[i].context);
		touch_text(u->threads[i].name);
	}
	for (size_t i = 0; i < u->n_modules; i++) {
		MUST(u->modules[i].path && u->modules[i].cv.path);
		touch_text(u->modules[i].path);
		touch_text(u->modules[i].cv.path);
		touch_bytes(d, u->modules[i].cv.build_id);
		touch_bytes(d, u->modules[i].misc);
	}
	for (size_t i = 0; i < u->n_unloaded; i++)
		touch_text(u->unloaded[i].name);
	touch_bytes(d, u->exception.context);
	touch_bytes(d, u->sysmem.raw);
	touch_tables(d, a);
	touch_extensions(u);
}

// Ranges ascend and are disjoint; the first and last byte of each are read through a space.
static inline void touch_memory(const struct dump *d, struct arena *a)
{
	struct space *sp = space_new(a, d);
	size_t n = dump_ranges_count(d->ranges), step = n / 2000 + 1;
	for (size_t i = 0; i < n; i += step) {
		struct dump_range r = dump_ranges_get(d->ranges, i);
		size_t next;
		uint8_t b[2];
		size_t got;
		MUST(r.size && r.size - 1 <= UINT64_MAX - r.va && r.have <= r.size);
		MUST(!r.have || in_range(r.off, r.have, d->file.n));
		MUST(dump_ranges_find(d->ranges, r.va, &next) == i && next == i + 1);
		MUST(dump_ranges_find(d->ranges, r.va + (r.size - 1), NULL) == i);
		if (i + 1 < n)
			MUST(dump_ranges_get(d->ranges, i + 1).va - r.va >= r.size);
		if (r.have) {
			va_t last = r.va + (r.have - 1);
			MUST(!space_read(sp, last, b, 2, &got).code && got >= 1 &&
			     b[0] == d->file.p[r.off + r.have - 1]);
			MUST(!space_read(sp, r.va, b, 1, &got).code && got == 1 && b[0] == d->file.p[r.off]);
			MUST(space_source_at(sp, r.va) == SPACE_DUMP && space_why(sp, r.va) == SPACE_OK);
			MUST(space_next(sp, r.va, UINT64_MAX, &last) == (r.va != UINT64_MAX));
		}
		if (r.have < r.size)
			MUST(space_why(sp, r.va + r.have) == SPACE_TRUNCATED);
		(void)space_read(sp, r.va - 1, b, 2, &got);
		(void)space_why(sp, r.va - 1);
	}
}

static inline void touch_dump(const struct dump *d, struct arena *a)
{
	if (d->user)
		touch_user(d, a);
	for (size_t i = 0; i < d->n_notes; i++)
		touch_text(d->notes[i].what);
	touch_memory(d, a);
}
