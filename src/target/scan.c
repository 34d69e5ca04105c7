// SPDX-License-Identifier: Apache-2.0
// scan.c: see scan.h.
#include "target/scan.h"

#include "target/kernel.h"

#include <string.h>

enum { PIECE = 1 << 18, PAGE = 4096 };

err_t scan_next(const struct session *s, va_t va, va_t limit, bool *found_ret, va_t *ret)
{
	va_t resume = va;
	do {
		TRY(session_poll(s));
		va = resume;
		*found_ret = space_next_step(s->target->space, va, limit, ret, &resume);
	} while (!*found_ret && resume);
	return ok();
}

// ---- what may be written to
bool scan_knows_writable(const struct target *t, const char **why_ret)
{
	const struct paging *p = space_paging(t->space);
	if (p && p->kind == PAGING_ARM64)
		*why_ret = "page tables of ARM64 are not read for it";
	else if (!p && !t->user->has_meminfo)
		*why_ret = t->kernel ? "this dump has no page tables" : "this dump has no list of memory regions";
	else
		return true;
	return false;
}

// Intel SDM volume 3, 4.6: a page may be written to when every level of its translation has bit 1. Windows keeps it in
// entries of pages in transition.
static bool page_writable(const struct paging *p, va_t va, va_t *end_ret)
{
	enum { RW = 2 };
	struct page_walk w;
	paging_walk(p, va, &w);
	bool good = w.state == PAGE_MAPPED || w.state == PAGE_TRANSITION;
	for (unsigned i = 0; i < w.n; i++)
		good = good && ((w.levels[i].entry & RW) || (p->kind == PAGING_PAE && i == 0)); // PDPTEs have none
	*end_ret = va | (((va_t)1 << MIN(w.shift, 47u)) - 1);
	return good;
}

// Is va writable? *end_ret: the last address of which the same holds, at least va.
static bool writable(const struct target *t, va_t va, va_t *end_ret)
{
	enum { MEM_COMMIT = 0x1000, WRITABLE = 0xcc }; // winnt.h: PAGE_READWRITE, WRITECOPY, EXECUTE_READWRITE, ...
	struct dump_meminfo info;
	if (space_paging(t->space))
		return page_writable(space_paging(t->space), va, end_ret);
	*end_ret = va | (PAGE - 1);
	if (!dump_meminfo_at(t->user, va, &info))
		return false;
	*end_ret = MAX(va, info.base + (info.size - 1));
	return info.state == MEM_COMMIT && (info.protect & WRITABLE);
}

// ---- pieces
static err_t open_images(const struct memory_scan *r)
{
	struct target *t = r->s->target;
	if (!t->image_path.n && !t->symbol_path.n)
		return ok();
	for (size_t i = 0; i < t->n_modules; i++) {
		struct module *m = t->modules[i];
		const struct pe *pe;
		if (m->base > r->last || m->base + (m->size - 1) < r->from)
			continue;
		TRY(session_poll(r->s));
		(void)target_module_pe(t, m, &pe).code;
	}
	return ok();
}

struct pieces {
	const struct memory_scan *r;
	uint8_t *buf;
	size_t keep; // bytes at its start that lie right below `at`
	va_t at;     // where the next one begins
	bool begun;  // there was one, and it ended at `at`
};

// One piece from w->at, which is readable, to `end` inclusive.
static err_t piece(struct pieces *w, va_t end, scan_fn *fn, void *ctx)
{
	size_t want = (size_t)MIN((uint64_t)PIECE - 1, end - w->at) + 1, got = 0;
	if (space_read(w->r->s->target->space, w->at, w->buf + w->keep, want, &got).code || !got) {
		w->begun = false;
		w->keep = 0;
		w->at++;
		return ok();
	}
	size_t n = w->keep + got;
	TRY(fn(ctx, w->at - w->keep, w->buf, n, w->begun));
	size_t keep = MIN(n, w->r->overlap);
	memmove(w->buf, w->buf + n - keep, keep);
	w->keep = keep;
	w->at += got;
	w->begun = true;
	return ok();
}

static err_t pieces(struct pieces *w, scan_fn *fn, void *ctx)
{
	const struct memory_scan *r = w->r;
	va_t limit = r->last == UINT64_MAX ? r->last : r->last + 1;
	while (w->at < limit && w->at >= r->from) {
		bool found;
		va_t next, end = r->last;
		TRY(scan_next(r->s, w->at, limit, &found, &next));
		if (!found)
			return ok();
		bool skip = r->writable && !writable(r->s->target, next, &end);
		if (next != w->at || skip) {
			w->begun = false;
			w->keep = 0;
		}
		w->at = next;
		end = MIN(end, r->last);
		if (skip)
			w->at = end + 1;
		else
			TRY(piece(w, end, fn, ctx));
	}
	return ok();
}

err_t scan_memory(const struct memory_scan *r, scan_fn *fn, void *ctx)
{
	TRY(open_images(r));
	struct pieces w = { .r = r, .buf = NEW_N(r->a, uint8_t, PIECE + r->overlap), .at = r->from };
	return pieces(&w, fn, ctx);
}
