// SPDX-License-Identifier: Apache-2.0
// select.c: which memory a type of minidump holds. What MiniDumpWriteDump takes is described in Microsoft's
// MINIDUMP_TYPE; its sizes (128 bytes each way of an instruction, 256 before and 768 from where a pointer leads) were
// measured on dumps of dbghelp.
#include "base/limits.h"
#include "win/peb.h"
#include "write/write_int.h"

#include "pe/pe.h"

enum {
	MEM_COMMIT = 0x1000,
	MEM_PRIVATE = 0x20000,
	MEM_IMAGE = 0x1000000,
	PAGE_READWRITES = 0x4 | 0x40,
	PAGE_WRITECOPIES = 0x8 | 0x80,
	PAGE_EXECUTES = 0xf0,
	SECTION_EXECUTE = 0x20000000,
	AROUND_PC = 128,
	BEFORE_POINTER = 256,
	AROUND_POINTER = 1024,
	POLL_EVERY = 1024,
};
#define SECTION_WRITE UINT32_C(0x80000000)

// ---- stacks, and the code where threads stand
static void add_regs(struct writer *w, const struct thread *th, bool event)
{
	struct regs r;
	if (target_thread_regs(w->t, th, event, &r).code)
		return;
	unsigned pc = reg_pc(r.machine), sp = reg_sp(r.machine);
	if (reg_known(&r, pc) && r.r[pc] >= AROUND_PC)
		intervals_add(&w->memory.want, r.r[pc] - AROUND_PC, 2 * AROUND_PC);
	va_t low, high;
	if (th->facts->stack_size || !reg_known(&r, sp) || !target_thread_stack(w->t, th, &low, &high))
		return;
	if (r.r[sp] >= low && r.r[sp] < high)
		intervals_add(&w->stacks, r.r[sp], high - r.r[sp]);
}

static void add_stacks(struct writer *w)
{
	for (size_t i = 0; i < w->t->n_threads; i++) {
		const struct thread *th = &w->t->threads[i];
		intervals_add(&w->stacks, th->facts->stack_start, th->facts->stack_size);
		add_regs(w, th, false);
		if (i == w->t->event_thread)
			add_regs(w, th, true);
	}
	intervals_settle(&w->stacks);
	for (size_t i = 0; i < w->stacks.n; i++)
		intervals_add(&w->memory.want, w->stacks.p[i].first, w->stacks.p[i].last - w->stacks.p[i].first + 1);
}

// ---- /mi: what pointers on the stacks lead to
static void add_pointer(struct writer *w, va_t p)
{
	if (p < BEFORE_POINTER || dump_ranges_find(w->t->dump->ranges, p, NULL) == SIZE_MAX)
		return;
	intervals_add(&w->memory.want, p - BEFORE_POINTER, AROUND_POINTER);
}

static err_t add_pointers(struct writer *w)
{
	const struct selection stacks = { .d = w->t->dump, .want = w->stacks };
	struct selection_at at = { 0 };
	struct span b;
	va_t va;
	unsigned n = w->t->ptr_bytes;
	while (selection_next(&stacks, &at, &va, &b)) {
		uint64_t last = 0;
		for (size_t i = (size_t)(-va & (n - 1)), k = 0; i + n <= b.n; i += n, k++) {
			uint64_t p = le_get(b.p + i, n);
			if (p != last)
				add_pointer(w, p);
			last = p;
			if (k % POLL_EVERY == 0)
				TRY(session_poll(w->s));
		}
	}
	met(w, WRITE_INDIRECT);
	return ok();
}

// ---- /md, /mc: parts of images, by their section tables
static void add_sections(struct writer *w, const struct module *m, const struct pe *pe, uint32_t flag)
{
	for (size_t i = 0; i < pe->n_sections; i++) {
		const struct pe_section *x = &pe->sections[i];
		uint64_t size = x->vsize ? x->vsize : x->raw_size;
		if ((x->flags & flag) && x->va < m->size)
			intervals_add(&w->memory.want, m->base + x->va, MIN(size, m->size - x->va));
	}
}

static err_t add_images(struct writer *w)
{
	size_t blind = 0;
	for (size_t i = 0; i < w->t->n_modules; i++) {
		const struct module *m = w->t->modules[i];
		struct pe *pe = NULL;
		TRY(session_poll(w->s));
		if (target_image_at(w->t, w->a, m->base, m->size, &pe).code) {
			blind++;
			continue;
		}
		if (wants(w, WRITE_DATA_SEGMENTS))
			add_sections(w, m, pe, SECTION_WRITE);
		if (wants(w, WRITE_CODE_SEGMENTS))
			add_sections(w, m, pe, SECTION_EXECUTE);
	}
	if (blind)
		write_note(w->a, w->r,
			   "%zu of %zu modules: their section tables are neither in the dump nor in an image "
			   "file that was found: segments only where memory information names them",
			   blind, w->t->n_modules);
	met(w, w->o->type & (WRITE_DATA_SEGMENTS | WRITE_CODE_SEGMENTS));
	return ok();
}

// ---- /mw, and segments where no section table is
static bool wanted_region(const struct writer *w, const struct dump_meminfo *x)
{
	if (x->state != MEM_COMMIT)
		return false;
	if (x->type == MEM_PRIVATE)
		return wants(w, WRITE_PRIVATE_MEMORY) && (x->protect & PAGE_READWRITES);
	if (x->type != MEM_IMAGE)
		return false;
	return (wants(w, WRITE_DATA_SEGMENTS) && (x->protect & (PAGE_READWRITES | PAGE_WRITECOPIES))) ||
	       (wants(w, WRITE_CODE_SEGMENTS) && (x->protect & PAGE_EXECUTES));
}

static err_t add_regions(struct writer *w)
{
	for (size_t i = 0; i < w->u->meminfo.n; i++) {
		struct dump_meminfo x = dump_meminfo_get(w->u, i);
		if (wanted_region(w, &x))
			intervals_add(&w->memory.want, x.base, x.size);
		if (i % POLL_EVERY == 0)
			TRY(session_poll(w->s));
	}
	if (wants(w, WRITE_PRIVATE_MEMORY) && w->u->has_meminfo)
		met(w, WRITE_PRIVATE_MEMORY);
	else if (wants(w, WRITE_PRIVATE_MEMORY))
		write_note(w->a, w->r,
			   "the source has no memory information: which memory is private and writable is "
			   "not known, and none was taken for that");
	return ok();
}

// ---- /mp: environment blocks and what they lead to. Sizes: public symbols of ntdll, rounded up.
enum {
	TEB_BYTES = 0x2000,
	TEB32_BYTES = 0x1000,
	PEB_BYTES = 0x1000,
	LDR_BYTES = 0x60,
	ENTRY_BYTES = 0x140,
	PARAMETER_BYTES = 0x500
};

static void add_string(struct writer *w, const struct peb_view *v, va_t object, enum peb_field f)
{
	const va_t at = peb_at(v, object, f);
	uint16_t bytes;
	uint64_t text;
	if (space_u16(v->space, at, &bytes) && space_ptr(v->space, at + v->ptr_bytes, v->ptr_bytes, &text))
		intervals_add(&w->memory.want, text, bytes + 2u);
}

static void add_peb(struct writer *w, unsigned ptr_bytes, va_t peb)
{
	const struct peb_view v = { w->t->space, ptr_bytes };
	struct intervals *to = &w->memory.want;
	uint64_t ldr, parameters, environment, size;
	if (!peb)
		return;
	intervals_add(to, peb, PEB_BYTES);
	if (peb_number(&v, peb, PEB_LDR, &ldr))
		intervals_add(to, ldr, LDR_BYTES);
	struct ring r = peb_modules(&v, peb);
	for (va_t at; ring_next(&r, &at);) {
		intervals_add(to, at, ENTRY_BYTES);
		add_string(w, &v, at, ENTRY_FULL_DLL_NAME);
	}
	if (!peb_number(&v, peb, PEB_PROCESS_PARAMETERS, &parameters))
		return;
	intervals_add(to, parameters, PARAMETER_BYTES);
	static const enum peb_field texts[] = { PARAMETERS_CURRENT_DIRECTORY, PARAMETERS_DLL_PATH,
						PARAMETERS_IMAGE_PATH_NAME, PARAMETERS_COMMAND_LINE,
						PARAMETERS_WINDOW_TITLE };
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		add_string(w, &v, parameters, texts[i]);
	if (!peb_number(&v, parameters, PARAMETERS_ENVIRONMENT, &environment))
		return;
	if (!peb_number(&v, parameters, PARAMETERS_ENVIRONMENT_SIZE, &size) || size > LIMIT_ENVIRONMENT)
		size = 0x1000;
	intervals_add(to, environment, size);
}

static err_t add_process(struct writer *w)
{
	for (size_t i = 0; i < w->t->n_threads; i++) {
		va_t teb = w->t->threads[i].teb, narrow = teb ? session_teb32(w->s, teb) : 0;
		if (teb)
			intervals_add(&w->memory.want, teb, TEB_BYTES);
		if (narrow)
			intervals_add(&w->memory.want, narrow, TEB32_BYTES);
		TRY(session_poll(w->s));
	}
	va_t peb = session_peb(w->s);
	add_peb(w, w->t->ptr_bytes, peb);
	add_peb(w, 4, session_peb32(w->s));
	if (space_source_at(w->t->space, peb) == SPACE_DUMP)
		met(w, WRITE_PROCESS_DATA);
	else
		write_note(w->a, w->r, "the source does not hold the process environment block");
	return ok();
}

// ---- all memory
static err_t all_memory(struct writer *w)
{
	const struct dump_ranges *t = w->t->dump->ranges;
	uint64_t cut = 0, first = 0;
	for (size_t i = 0, n = dump_ranges_count(t); i < n; i++) {
		struct dump_range r = dump_ranges_get(t, i);
		if (r.have < r.size && !cut)
			first = r.va + r.have;
		cut += r.size - r.have;
		if (i % POLL_EVERY == 0)
			TRY(session_poll(w->s));
	}
	if (cut && !wants(w, WRITE_IGNORE_INACCESSIBLE))
		return fail(E_ABSENT, "memory that the dump promises is cut off; without it: /mA", first);
	if (cut)
		write_note(w->a, w->r, "0x%llx bytes of memory that the source promises are cut off, from 0x%llx on",
			   (unsigned long long)cut, (unsigned long long)first);
	w->memory.all = true;
	if (w->u->full_memory)
		met(w, WRITE_FULL_MEMORY);
	else
		write_note(w->a, w->r, "the source is no full dump: all the memory that it holds was taken");
	if (wants(w, WRITE_IGNORE_INACCESSIBLE))
		met(w, WRITE_IGNORE_INACCESSIBLE);
	return ok();
}

err_t write_select(struct writer *w)
{
	w->memory.d = w->t->dump;
	w->memory.want.a = w->stacks.a = w->a;
	add_stacks(w);
	if (wants(w, WRITE_FILTER_MEMORY)) {
		met(w, WRITE_FILTER_MEMORY);
		write_note(w->a, w->r, "only stacks are filtered; other memory is as it was");
	}
	if (wants(w, WRITE_FULL_MEMORY))
		return all_memory(w);
	if (wants(w, WRITE_INDIRECT))
		TRY(add_pointers(w));
	if (wants(w, WRITE_DATA_SEGMENTS) || wants(w, WRITE_CODE_SEGMENTS))
		TRY(add_images(w));
	TRY(add_regions(w));
	if (wants(w, WRITE_PROCESS_DATA))
		TRY(add_process(w));
	intervals_settle(&w->memory.want);
	if (w->memory.want.full)
		write_note(w->a, w->r, "memory: too many pieces; the rest is left out");
	return ok();
}

// ---- /mr
static bool kept(const struct writer *w, uint64_t p)
{
	struct dump_meminfo x;
	return intervals_hold(&w->stacks, p) || target_module_at(w->t, p) ||
	       (w->u->meminfo.sorted && dump_meminfo_at(w->u, p, &x) && x.state == MEM_COMMIT &&
		(x.protect & PAGE_EXECUTES));
}

void write_filter(const struct writer *w, va_t va, uint8_t *p, size_t n)
{
	unsigned word = w->t->ptr_bytes;
	for (size_t i = 0; i < n;) {
		size_t left = n - i, part = MIN((size_t)(word - ((va + i) & (word - 1))), left);
		if (intervals_hold(&w->stacks, va + i) && !(part == word && kept(w, le_get(p + i, word))))
			for (size_t k = 0; k < part; k++)
				p[i + k] = 0;
		i += part;
	}
}
