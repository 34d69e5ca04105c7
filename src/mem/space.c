// SPDX-License-Identifier: Apache-2.0
// space.c: reads an address space layer by layer: the dump's ranges, then images in the order in which they
// were laid. The range of the last hit and the gap of the last miss are tried first: reads cluster.
#include "mem/space.h"

#include "base/limits.h"

#include <string.h>

enum { MEM_COMMIT = 0x1000, PAGE = 4096 };

struct image {
	va_t base;
	uint64_t size;
	space_image_fn *read;
	void *ctx;
};
struct hit { // a session is single-threaded, so its spaces may remember
	struct dump_range range;
	bool known;
	va_t gap_low, gap_high; // no range holds anything of [gap_low, gap_high)
	bool gap_ends;          // a range begins at gap_high
};
enum { TLB = 64 };
struct translation {
	va_t page;
	uint64_t off; // in the file
	size_t have;  // of the page; 0: cannot be read
	bool known;
};
struct space {
	struct arena *a;
	const struct paging *paging; // NULL: none
	struct translation *tlb;
	const struct dump *d;
	struct image *images;
	size_t n, cap;
	space_fault_fn *fault;
	void *fault_ctx;
	struct hit *hit;
};

struct space *space_new(struct arena *a, const struct dump *d)
{
	struct space *sp = NEW(a, struct space);
	sp->a = a;
	sp->d = d;
	sp->hit = NEW(a, struct hit);
	return sp;
}

void space_add_image(struct space *sp, va_t base, uint64_t size, space_image_fn *read, void *ctx)
{
	if (!size)
		return;
	if (sp->n == sp->cap) {
		size_t cap = sp->cap ? sp->cap * 2 : 16;
		struct image *p = NEW_N(sp->a, struct image, cap);
		if (sp->n)
			memcpy(p, sp->images, sp->n * sizeof(*p));
		sp->images = p;
		sp->cap = cap;
	}
	size = base ? MIN(size, 0 - base) : size;
	sp->images[sp->n++] = (struct image){ base, size, read, ctx };
}

void space_on_fault(struct space *sp, space_fault_fn *fn, void *ctx)
{
	sp->fault = fn;
	sp->fault_ctx = ctx;
}

// The range of the dump that holds va. On false *gap_ret is the distance to the next range (UINT64_MAX:
// there is none).
static bool range_at(const struct space *sp, va_t va, struct dump_range *ret, uint64_t *gap_ret)
{
	struct hit *h = sp->hit;
	if (h->known && va - h->range.va < h->range.size) {
		*ret = h->range;
		return true;
	}
	if (va >= h->gap_low && va < h->gap_high) {
		*gap_ret = h->gap_ends ? h->gap_high - va : UINT64_MAX;
		return false;
	}
	size_t next, i = dump_ranges_find(sp->d->ranges, va, &next);
	if (i != SIZE_MAX) {
		*ret = h->range = dump_ranges_get(sp->d->ranges, i);
		h->known = true;
		return true;
	}
	struct dump_range before = next ? dump_ranges_get(sp->d->ranges, next - 1) : (struct dump_range){ 0 };
	h->gap_low = before.va + before.size;
	h->gap_ends = next < dump_ranges_count(sp->d->ranges);
	h->gap_high = h->gap_ends ? dump_ranges_get(sp->d->ranges, next).va : UINT64_MAX;
	*gap_ret = h->gap_ends ? h->gap_high - va : UINT64_MAX;
	return false;
}

// ---- page tables
void space_set_paging(struct space *sp, const struct paging *p)
{
	if (p && !sp->tlb)
		sp->tlb = NEW_N(sp->a, struct translation, TLB);
	if (sp->tlb)
		memset(sp->tlb, 0, TLB * sizeof(*sp->tlb));
	sp->paging = p;
}

const struct paging *space_paging(const struct space *sp)
{
	return sp->paging;
}

static const struct translation *translate(const struct space *sp, va_t va)
{
	va_t page = va & ~(va_t)(PAGE - 1);
	struct translation *t = &sp->tlb[(va / PAGE) % TLB];
	if (t->known && t->page == page)
		return t;
	struct page_walk w;
	paging_walk(sp->paging, page, &w);
	*t = (struct translation){ .page = page, .known = true };
	if ((w.state == PAGE_MAPPED || w.state == PAGE_TRANSITION) &&
	    !dump_phys_find(sp->paging->phys, w.pa, &t->off, &t->have, NULL))
		t->have = 0;
	return t;
}

static size_t read_page(const struct space *sp, va_t va, void *buf, size_t n)
{
	const struct translation *t = translate(sp, va);
	size_t skip = (size_t)(va - t->page);
	if (skip >= t->have)
		return 0;
	n = MIN(n, t->have - skip);
	memcpy(buf, sp->paging->file.p + t->off + skip, n);
	return n;
}

static enum space_why why_not_paged(const struct space *sp, va_t va)
{
	struct page_walk w;
	paging_walk(sp->paging, va, &w);
	bool cut;
	uint64_t off;
	size_t left;
	switch (w.state) {
	case PAGE_MAPPED:
	case PAGE_TRANSITION:
		dump_phys_find(sp->paging->phys, w.pa, &off, &left, &cut);
		return cut ? SPACE_TRUNCATED : SPACE_PAGE_ABSENT;
	case PAGE_PROTOTYPE:
		return SPACE_PROTOTYPE;
	case PAGE_PAGEFILE:
		return SPACE_PAGED_OUT;
	case PAGE_DEMAND_ZERO:
		return w.n == w.n_all ? SPACE_DEMAND_ZERO : SPACE_NOT_MAPPED;
	case PAGE_EMPTY:
		return SPACE_NOT_MAPPED;
	case PAGE_NOT_CANONICAL:
		return SPACE_BAD_ADDRESS;
	case PAGE_TABLE_ABSENT:
	case PAGE_UNKNOWN:
		break;
	}
	return SPACE_UNKNOWN;
}

static size_t read_images(const struct space *sp, va_t va, void *buf, size_t n)
{
	for (size_t i = 0; i < sp->n; i++) {
		const struct image *m = &sp->images[i];
		if (va < m->base) // one that was laid earlier begins inside: up to there only
			n = (size_t)MIN((uint64_t)n, m->base - va);
		if (va - m->base >= m->size)
			continue;
		size_t got = m->read(m->ctx, va - m->base, buf, (size_t)MIN((uint64_t)n, m->size - (va - m->base)));
		if (got)
			return MIN(got, n);
	}
	return 0;
}

// What the dump itself gives at va: 0 when it has nothing there. *gap_ret: for how long that holds, at most.
static size_t read_dump(const struct space *sp, va_t va, void *buf, size_t n, uint64_t *gap_ret)
{
	struct dump_range r;
	uint64_t gap = UINT64_MAX;
	if (range_at(sp, va, &r, &gap)) {
		uint64_t skip = va - r.va;
		if (skip < r.have) {
			n = (size_t)MIN((uint64_t)n, r.have - skip);
			memcpy(buf, sp->d->file.p + r.off + skip, n);
			return n;
		}
		gap = r.size - skip; // cut off: an image may stand in
	}
	if (sp->paging) {
		size_t got = read_page(sp, va, buf, n);
		if (got)
			return got;
		gap = MIN(gap, PAGE - va % PAGE);
	}
	*gap_ret = gap;
	return 0;
}

// What one layer gives at va: 0 when none has it.
static size_t read_some(const struct space *sp, va_t va, void *buf, size_t n)
{
	uint64_t gap = UINT64_MAX;
	size_t got = read_dump(sp, va, buf, n, &gap);
	if (got || !sp->n)
		return got;
	return read_images(sp, va, buf, (size_t)MIN((uint64_t)n, gap));
}

size_t space_read_dump(const struct space *sp, va_t va, void *buf, size_t n)
{
	size_t done = 0;
	uint64_t gap;
	if (va && n > 0 - va)
		n = (size_t)(0 - va);
	for (size_t got = 1; done < n && got; done += got)
		got = read_dump(sp, va + done, (uint8_t *)buf + done, n - done, &gap);
	return done;
}

err_t space_read(const struct space *sp, va_t va, void *buf, size_t n, size_t *got)
{
	size_t done = 0;
	bool asked = false;
	if (va && n > 0 - va)
		n = (size_t)(0 - va);
	while (done < n) {
		size_t k = read_some(sp, va + done, (uint8_t *)buf + done, n - done);
		done += k;
		if (k)
			continue;
		if (asked || !sp->fault || !sp->fault(sp->fault_ctx, va + done))
			break;
		asked = true;
	}
	*got = done;
	return done || !n ? ok() : fail(E_ABSENT, space_why_text(space_why(sp, va)), va);
}

bool space_read_all(const struct space *sp, va_t va, void *buf, size_t n)
{
	size_t got;
	return !space_read(sp, va, buf, n, &got).code && got == n;
}

bool space_ptr(const struct space *sp, va_t va, unsigned ptr_bytes, uint64_t *ret)
{
	uint8_t b[8];
	if (ptr_bytes > sizeof(b) || !space_read_all(sp, va, b, ptr_bytes))
		return false;
	*ret = le_get(b, ptr_bytes);
	return true;
}

bool space_u8(const struct space *sp, va_t va, uint8_t *ret)
{
	return space_read_all(sp, va, ret, 1);
}

bool space_u16(const struct space *sp, va_t va, uint16_t *ret)
{
	uint64_t v;
	bool good = space_ptr(sp, va, 2, &v);
	if (good)
		*ret = (uint16_t)v;
	return good;
}

bool space_u32(const struct space *sp, va_t va, uint32_t *ret)
{
	uint64_t v;
	bool good = space_ptr(sp, va, 4, &v);
	if (good)
		*ret = (uint32_t)v;
	return good;
}

bool space_u64(const struct space *sp, va_t va, uint64_t *ret)
{
	return space_ptr(sp, va, 8, ret);
}

// Asking where bytes come from does not open image files: the fault function is for reads.
enum space_source space_source_at(const struct space *sp, va_t va)
{
	struct dump_range r;
	uint64_t gap;
	uint8_t b;
	if (range_at(sp, va, &r, &gap) && va - r.va < r.have)
		return SPACE_DUMP;
	if (sp->paging && read_page(sp, va, &b, 1))
		return SPACE_DUMP;
	return read_images(sp, va, &b, 1) ? SPACE_IMAGE : SPACE_NONE;
}

enum space_why space_why(const struct space *sp, va_t va)
{
	struct dump_range r;
	uint64_t gap;
	if (space_source_at(sp, va) != SPACE_NONE)
		return SPACE_OK;
	if (range_at(sp, va, &r, &gap))
		return SPACE_TRUNCATED;
	if (sp->paging)
		return why_not_paged(sp, va);
	struct dump_meminfo info;
	if (!sp->d->user || !dump_meminfo_at(sp->d->user, va, &info))
		return SPACE_UNKNOWN;
	return info.state == MEM_COMMIT ? SPACE_NOT_CAPTURED : SPACE_NOT_MAPPED;
}

const char *space_why_text(enum space_why why)
{
	static const char *const text[] = {
		[SPACE_OK] = "readable",
		[SPACE_NOT_CAPTURED] = "not captured in this dump",
		[SPACE_NOT_MAPPED] = "not mapped in the process",
		[SPACE_TRUNCATED] = "cut off: the dump file ends before it",
		[SPACE_UNKNOWN] = "not in this dump",
		[SPACE_PAGE_ABSENT] = "its page of physical memory is not in this dump",
		[SPACE_PAGED_OUT] = "paged out: in a page file or compressed",
		[SPACE_DEMAND_ZERO] = "not touched yet (demand zero)",
		[SPACE_PROTOTYPE] = "shared or mapped memory that was not in memory",
		[SPACE_BAD_ADDRESS] = "no address of this machine",
	};
	return (size_t)why < ARRAY_LEN(text) ? text[why] : "unknown";
}

// The first address at or above va in image m that can be read, not beyond `limit`. Images are asked page by
// page: what they hold of a page is all of it or its beginning.
static bool image_next(const struct image *m, va_t va, va_t limit, va_t *ret)
{
	uint8_t b;
	va_t at = MAX(va, m->base), last = m->base + (m->size - 1);
	while (at <= last && at < limit) {
		if (m->read(m->ctx, at - m->base, &b, 1)) {
			*ret = at;
			return true;
		}
		va_t up = (at | (PAGE - 1)) + 1;
		if (!up)
			break;
		at = up;
	}
	return false;
}

// The first page at or above va that can be read by page tables. What one entry leaves out is skipped at once; a walk
// over a space of scattered pages stops after LIMIT_SPACE_STEPS: *stopped_ret is where.
static bool paging_next(const struct space *sp, va_t va, va_t limit, va_t *ret, va_t *stopped_ret)
{
	for (unsigned i = 0; va < limit; i++) {
		struct page_walk w;
		uint64_t off;
		size_t left;
		if (i == LIMIT_SPACE_STEPS) {
			*stopped_ret = va;
			return false;
		}
		paging_walk(sp->paging, va, &w);
		bool there = w.state == PAGE_MAPPED || w.state == PAGE_TRANSITION;
		if (there && dump_phys_find(sp->paging->phys, w.pa, &off, &left, NULL)) {
			*ret = va;
			return true;
		}
		const va_t high = (va_t)-1 << (sp->paging->kind == PAGING_LA57 ? 56 : 47); // of the upper half
		va_t up = w.state == PAGE_NOT_CANONICAL ? high : (va | (((va_t)1 << MIN(w.shift, 63u)) - 1)) + 1;
		if (there)
			up = (va | (PAGE - 1)) + 1;
		if (up <= va)
			return false;
		va = up;
	}
	return false;
}

bool space_next_dump(const struct space *sp, va_t va, va_t limit, va_t *ret, va_t *resume_ret)
{
	*resume_ret = 0;
	if (va >= limit)
		return false;
	bool found = false;
	size_t next, i = dump_ranges_find(sp->d->ranges, va, &next);
	struct dump_range r = dump_ranges_get(sp->d->ranges, i);
	if (i != SIZE_MAX && va - r.va < r.have) {
		*ret = va;
		return true;
	}
	for (; next < dump_ranges_count(sp->d->ranges); next++) {
		r = dump_ranges_get(sp->d->ranges, next);
		if (r.va >= limit)
			break;
		if (!r.have)
			continue;
		limit = *ret = r.va;
		found = true;
		break;
	}
	va_t stopped = limit;
	if (sp->paging && paging_next(sp, va, limit, ret, &stopped))
		return true;
	if (stopped == limit)
		return found;
	*resume_ret = stopped; // what lies behind is not known yet
	return false;
}

bool space_next_step(const struct space *sp, va_t va, va_t limit, va_t *ret, va_t *resume_ret)
{
	if (va >= limit) {
		*resume_ret = 0;
		return false;
	}
	bool found = space_next_dump(sp, va, limit, ret, resume_ret);
	limit = found ? *ret : *resume_ret ? *resume_ret : limit;
	for (size_t k = 0; k < sp->n; k++) {
		if (!image_next(&sp->images[k], va, limit, ret))
			continue;
		limit = *ret;
		found = true;
	}
	return found;
}

bool space_next(const struct space *sp, va_t va, va_t limit, va_t *ret)
{
	va_t resume;
	return space_next_step(sp, va, limit, ret, &resume);
}
