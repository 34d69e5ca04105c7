// SPDX-License-Identifier: Apache-2.0
// image_diff.c: see image_diff.h. Which sections and places are compared follows Microsoft's page "!chkimg".
#include "target/image_diff.h"

#include "base/limits.h"

#include <string.h>

enum { PIECE = 1 << 16 };
enum { SCN_DISCARDABLE = 0x02000000, SCN_EXECUTE = 0x20000000, SCN_WRITE = INT32_MIN };
struct work {
	const struct session *s;
	struct arena *a;
	const struct module *m;
	const struct image_diff_options *o;
	struct image_diff d;
	struct image_diff_run *runs;
	size_t cap;
	uint64_t end; // RVA behind the last byte that differed; UINT64_MAX: none
	uint8_t want[PIECE], have[PIECE];
};

size_t image_expected(const struct module *m, bool relocate, uint32_t rva, void *buf, size_t n)
{
	size_t got = pe_read(m->pe, rva, buf, n);
	if (relocate && m->relocs)
		pe_relocs_apply(m->relocs, m->pe, m->base - m->pe->image_base, rva, buf, got);
	return got;
}

static struct image_diff_run *new_run(struct work *w, uint32_t rva)
{
	if (w->d.n == LIMIT_IMAGE_DIFFS) {
		w->d.cut = true;
		return NULL;
	}
	if (w->d.n == w->cap) {
		w->cap = MAX(2 * w->cap, (size_t)16);
		struct image_diff_run *bigger = NEW_N(w->a, struct image_diff_run, w->cap);
		if (w->d.n)
			memcpy(bigger, w->runs, w->d.n * sizeof(*bigger));
		w->runs = bigger;
	}
	struct image_diff_run *r = &w->runs[w->d.n++];
	*r = (struct image_diff_run){ .rva = rva };
	return r;
}

static void differs(struct work *w, uint32_t rva, uint8_t want, uint8_t have)
{
	bool goes_on = w->end == rva;
	w->end = (uint64_t)rva + 1;
	if (!w->d.bytes++)
		w->d.first = rva;
	w->d.last = rva;
	struct image_diff_run *r = goes_on && w->d.n && !w->d.cut ? &w->runs[w->d.n - 1] : NULL;
	if (!goes_on)
		r = new_run(w, rva);
	if (!r)
		return;
	if (r->n < IMAGE_DIFF_BYTES) {
		r->expected[r->n] = want;
		r->actual[r->n] = have;
	}
	r->n++;
}

static bool in_import_table(const struct pe *pe, uint64_t rva)
{
	const struct pe_data_dir *d = &pe->dirs[PE_IAT];
	return rva >= d->rva && rva - d->rva < d->size;
}

static void compare(struct work *w, uint32_t rva, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t want = w->want[i], have = w->have[i];
		if (want == have || in_import_table(w->m->pe, (uint64_t)rva + i))
			continue;
		bool lock = (want == 0x90 && have == 0xf0) || (want == 0xf0 && have == 0x90);
		if (!lock || w->o->lock_prefix)
			differs(w, rva + (uint32_t)i, want, have);
	}
}

// [rva, end) of a section. What the file does not hold of it is zeros that nobody promises.
static err_t range(struct work *w, uint32_t rva, uint32_t end)
{
	const struct space *sp = w->s->target->space;
	while (rva < end) {
		TRY(session_poll(w->s));
		size_t n = image_expected(w->m, !w->o->no_relocate, rva, w->want, MIN(end - rva, (uint32_t)PIECE));
		if (!n)
			return ok();
		size_t got = space_read_dump(sp, w->m->base + rva, w->have, n);
		compare(w, rva, got);
		w->d.compared += got;
		if (got < n) {
			va_t at = w->m->base + rva + got, next, resume;
			size_t absent = n - got;
			if (space_next_dump(sp, at, at + absent, &next, &resume))
				absent = (size_t)(next - at);
			w->d.absent += absent;
			got += absent;
		}
		rva += (uint32_t)got;
	}
	return ok();
}

static bool wanted(const struct work *w, const struct pe_section *s)
{
	if (s->flags & SCN_DISCARDABLE)
		return false;
	if (w->o->section)
		return strstr(s->name, w->o->section) != NULL;
	if (w->o->all_sections)
		return true;
	return (s->flags & SCN_EXECUTE) && !(s->flags & (uint32_t)SCN_WRITE) && !strstr(s->name, "PAGE") &&
	       !str_eq(s->name, "INITKDBG");
}

static err_t section(struct work *w, const struct pe_section *s)
{
	uint64_t from = s->va, end = (uint64_t)s->va + (s->vsize ? MIN(s->vsize, s->raw_size) : s->raw_size);
	if (w->o->from || w->o->to) {
		va_t base = w->m->base;
		if (w->o->to < base)
			return ok();
		from = w->o->from > base ? MAX(from, w->o->from - base) : from;
		end = MIN(end, w->o->to - base + 1);
	}
	end = MIN(end, w->m->size);
	return from < end ? range(w, (uint32_t)from, (uint32_t)end) : ok();
}

// The call as the linker laid it out is 48 ff 15 + displacement, 0f 1f 44 00 00; the displacement stays. It shows as
// two runs, seven bytes apart. Both halves are held to the whole of the bytes in the file and in the dump.
static bool is_import_call(const struct work *w, uint32_t rva)
{
	static const uint8_t call[] = { 0x48, 0xff, 0x15 }, nop[] = { 0x0f, 0x1f, 0x44, 0, 0 };
	static const uint8_t mov[] = { 0x4c, 0x8b, 0x15 };
	enum { WHOLE = 12, TAIL = 7 };
	uint8_t want[WHOLE], have[WHOLE];
	return image_expected(w->m, true, rva, want, WHOLE) == WHOLE &&
	       space_read_dump(w->s->target->space, w->m->base + rva, have, WHOLE) == WHOLE &&
	       memcmp(want, call, sizeof(call)) == 0 && memcmp(want + TAIL, nop, sizeof(nop)) == 0 &&
	       memcmp(have, mov, sizeof(mov)) == 0 && memcmp(want + 3, have + 3, 4) == 0 && have[TAIL] == 0xe8;
}

static void mark_import_calls(struct work *w)
{
	enum { TAIL = 7, TAIL_BYTES = 5 };
	if (w->m->pe->machine != MACHINE_X64)
		return;
	for (size_t i = 0; i < w->d.n; i++) {
		struct image_diff_run *r = &w->runs[i];
		bool head = r->n == 2 && is_import_call(w, r->rva);
		bool tail = r->n <= TAIL_BYTES && r->rva >= TAIL && is_import_call(w, r->rva - TAIL);
		r->import_call = head || tail;
		w->d.import_bytes += r->import_call ? r->n : 0;
	}
}

err_t image_diff(const struct session *s, struct arena *a, struct module *m, const struct image_diff_options *o,
		 const struct image_diff **ret)
{
	const struct pe *pe;
	if (target_module_pe(s->target, m, &pe).code || m->image != IMAGE_FROM_FILE)
		return fail(E_NOTFOUND, "there is no image file of this build on the image path or the symbol path",
			    m->base);
	if (m->base != pe->image_base && !m->relocs && !o->no_relocate)
		return fail(E_UNSUPPORTED,
			    "the module lies elsewhere than it was linked for, and its file has no base relocations",
			    m->base);
	struct work *w = NEW(a, struct work);
	w->s = s;
	w->a = a;
	w->m = m;
	w->o = o;
	w->end = UINT64_MAX;
	for (size_t i = 0; i < pe->n_sections; i++)
		if (wanted(w, &pe->sections[i]))
			TRY(section(w, &pe->sections[i]));
	mark_import_calls(w);
	w->d.runs = w->runs;
	*ret = &w->d;
	return ok();
}
