// SPDX-License-Identifier: Apache-2.0
// kernel.c: opens the kernel side: debugger data block, processors, and the dump's facts in the shape of a user dump.
#include "target/kernel.h"

#include "base/limits.h"
#include "target/nt_builds.h"
#include "target/system.h"
#include "target/target_int.h"

#include <string.h>

enum { CONTEXT_ROOM = 3000 };

uint64_t kernel_kdbg(const struct kernel *k, enum kdbg_field field, unsigned n)
{
	struct span s = span_sub(k->kdbg, (uint64_t)field, n);
	uint64_t v = s.n ? le_get(s.p, n) : 0;
	// Addresses of 32-bit kernels are sign-extended here and nowhere else.
	return n == 8 && k->ptr_bytes == 4 ? (uint32_t)v : v;
}

const char *kernel_kind_text(const struct dump_kernel *k)
{
	switch (k->body) {
	case KERNEL_TRIAGE:
		return "Mini Kernel Dump File: Only registers and stack trace are available";
	case KERNEL_RUNS:
		return "Kernel Complete Dump File: Full address space is available";
	case KERNEL_BITMAP:
		if (k->dump_type == 2)
			return "Kernel Summary Dump File: Kernel address space is available, User address space may "
			       "not be available.";
		return k->full_bitmap ? "Kernel Bitmap Dump File: Full address space is available"
				      : "Kernel Bitmap Dump File: Kernel address space is available, User address "
					"space may not be available.";
	case KERNEL_RANGES:
		return k->dump_type == 0xa ? "Kernel Dump File: Full address space is available"
					   : "Kernel Dump File: Kernel address space is available, User address "
					     "space may not be available.";
	case KERNEL_HEADER_ONLY:
		break;
	}
	return "Kernel Dump File: Only the header is available";
}

// ---- processors
static bool prcb_field(struct target *t, struct kernel *k, va_t prcb, enum kdbg_field off, unsigned n, uint64_t *ret)
{
	uint64_t at = kernel_kdbg(k, off, 2);
	return prcb && at && space_ptr(t->space, prcb + at, n, ret);
}

// The CONTEXT that the crash left for a processor: where the PRCB points, else inside it.
static struct span read_context(struct target *t, struct kernel *k, va_t prcb)
{
	uint64_t at = 0, inside = kernel_kdbg(k, KDBG_PRCB_CONTEXT_INLINE_OFF, 2);
	uint8_t *p = arena_alloc(t->arena, CONTEXT_ROOM, 1);
	struct regs r;
	size_t got;
	if (!t->arch)
		return (struct span){ NULL, 0 };
	if (prcb_field(t, k, prcb, KDBG_PRCB_CONTEXT_OFF, t->ptr_bytes, &at) && at &&
	    !space_read(t->space, at, p, CONTEXT_ROOM, &got).code &&
	    !t->arch->context((struct span){ p, got }, &r).code && reg_get(&r, reg_pc(t->machine)))
		return (struct span){ p, got };
	if (inside && prcb && !space_read(t->space, prcb + inside, p, CONTEXT_ROOM, &got).code &&
	    !t->arch->context((struct span){ p, got }, &r).code && reg_get(&r, reg_pc(t->machine)))
		return (struct span){ p, got };
	return (struct span){ NULL, 0 };
}

static uint64_t stack_pointer(struct target *t, struct span context)
{
	struct regs r;
	if (!context.n || t->arch->context(context, &r).code)
		return 0;
	return reg_get(&r, reg_sp(t->machine));
}

// Without the debugger data block no processor can be told from the others, but the header has the registers of one.
static void guess_current(struct target *t, struct kernel *k)
{
	size_t known = 0, last = 0;
	for (size_t i = 0; i < k->n_processors; i++)
		if (k->processors[i].prcb) {
			known++;
			last = i;
		}
	if (known > 1 || !k->n_processors)
		return;
	k->current = last;
	k->cpu_note = arena_printf(t->arena,
				   "which processor stopped is not known; the registers of the dump's header are shown "
				   "as those of processor %zu",
				   last);
}

static void fill_processors(struct target *t, struct kernel *k, struct dump_user *u)
{
	const struct dump_kernel *f = k->facts;
	size_t n = MIN((size_t)f->n_cpus, (size_t)LIMIT_PROCESSORS);
	va_t array = kernel_kdbg(k, KDBG_PROCESSOR_BLOCK, 8);
	struct dump_thread *list = NEW_N(t->arena, struct dump_thread, n);
	k->processors = NEW_N(t->arena, struct processor, n);
	k->n_processors = n;
	k->current = SIZE_MAX;
	uint64_t crash_sp = t->arch ? stack_pointer(t, f->context) : 0, number;
	const struct dump_copy *copy = f->triage ? &f->triage->prcb : NULL;
	for (size_t i = 0; i < n; i++) {
		struct processor *p = &k->processors[i];
		list[i] = (struct dump_thread){ .tid = (uint32_t)i };
		if (!array || !space_ptr(t->space, array + i * t->ptr_bytes, t->ptr_bytes, &p->prcb))
			continue;
		prcb_field(t, k, p->prcb, KDBG_PRCB_THREAD_OFF, t->ptr_bytes, &p->thread);
		list[i].context = read_context(t, k, p->prcb);
		list[i].context_size = (uint32_t)list[i].context.n;
		p->has_context = list[i].context.n != 0;
		if (p->has_context && crash_sp && stack_pointer(t, list[i].context) == crash_sp)
			k->current = i;
	}
	// A triage dump of the newer kind has one PRCB only, and it knows its number.
	uint64_t off = kernel_kdbg(k, KDBG_PRCB_NUMBER_OFF, 2);
	struct span word = copy && off ? span_sub(copy->bytes, off, 2) : (struct span){ NULL, 0 };
	number = word.n ? le_get(word.p, 2) : SIZE_MAX;
	if (k->current == SIZE_MAX && number < n)
		k->current = (size_t)number;
	if (k->current == SIZE_MAX && n == 1)
		k->current = 0;
	if (k->current == SIZE_MAX && crash_sp)
		guess_current(t, k);
	if (k->current != SIZE_MAX && f->context.n) {
		list[k->current].context = f->context;
		list[k->current].context_rva = f->context_off;
		list[k->current].context_size = (uint32_t)f->context.n;
		k->processors[k->current].has_context = true;
	}
	u->threads = list;
	u->n_threads = n;
}

va_t kernel_process_of(const struct target *t, va_t thread)
{
	uint64_t off = kernel_kdbg(t->kernel, KDBG_THREAD_APC_PROCESS_OFF, 2), process;
	return thread && off && space_ptr(t->space, thread + off, t->ptr_bytes, &process) ? process : 0;
}

va_t session_kthread(const struct session *s)
{
	const struct kernel *k = s->target->kernel;
	if (s->implicit_thread)
		return s->implicit_thread;
	return s->thread < k->n_processors ? k->processors[s->thread].thread : k->thread;
}

va_t session_kprocess(const struct session *s)
{
	const struct kernel *k = s->target->kernel;
	if (s->implicit_process)
		return s->implicit_process;
	va_t process = kernel_process_of(s->target, session_kthread(s));
	return process || s->thread != k->current ? process : k->process;
}

static void fill_current(struct target *t, struct kernel *k)
{
	const struct dump_triage *tr = k->facts->triage;
	struct processor *p = k->current < k->n_processors ? &k->processors[k->current] : NULL;
	k->thread = p ? p->thread : 0;
	if (!k->thread && tr)
		k->thread = tr->thread.va;
	if (p && !p->thread)
		p->thread = k->thread;
	if (p && !p->prcb && tr)
		p->prcb = tr->prcb.va;
	k->process = kernel_process_of(t, k->thread);
	if (!k->process && tr)
		k->process = tr->process.va;
}

// ---- drivers
static const char *base_of(const char *path)
{
	return path && *path ? path_base(path) : "";
}

static void drivers_of_triage(struct target *t, const struct dump_triage *tr, struct dump_user *u)
{
	struct dump_module *m = NEW_N(t->arena, struct dump_module, tr->n_drivers);
	for (size_t i = 0; i < tr->n_drivers; i++) {
		const struct dump_driver *d = &tr->drivers[i];
		m[i] = (struct dump_module){ .base = d->base,
					     .size = (uint32_t)MIN(d->size, (uint64_t)UINT32_MAX),
					     .checksum = d->checksum,
					     .timestamp = d->timestamp,
					     .path = d->name ? d->name : "" };
	}
	u->modules = m;
	u->n_modules = tr->n_drivers;
	struct dump_unloaded *un = NEW_N(t->arena, struct dump_unloaded, tr->n_unloaded);
	for (size_t i = 0; i < tr->n_unloaded; i++) {
		const struct dump_unloaded_driver *d = &tr->unloaded[i];
		un[i] = (struct dump_unloaded){ .base = d->start,
						.size = d->end > d->start ? (uint32_t)(d->end - d->start) : 0,
						.name = base_of(d->name) };
	}
	u->unloaded = un;
	u->n_unloaded = tr->n_unloaded;
}

// ---- the system
// The public version of a kernel's build number; those before Windows 10 have versions of their own.
static void version_of_build(uint32_t build, uint32_t *major, uint32_t *minor)
{
	static const struct {
		uint32_t build, major, minor;
	} first[] = { { 10240, 10, 0 }, { 9600, 6, 3 }, { 9200, 6, 2 }, { 7600, 6, 1 },
		      { 6000, 6, 0 },   { 3790, 5, 2 }, { 2600, 5, 1 }, { 2195, 5, 0 } };
	*major = *minor = 0;
	for (size_t i = 0; i < ARRAY_LEN(first); i++)
		if (build >= first[i].build) {
			*major = first[i].major;
			*minor = first[i].minor;
			return;
		}
}

static void fill_system(struct target *t, const struct dump_kernel *f, struct dump_user *u)
{
	enum { ARCH_X86 = 0, ARCH_ARM = 5, ARCH_AMD64 = 9, ARCH_ARM64 = 12, PLATFORM_NT = 2 };
	struct dump_system *s = &u->system;
	s->present = true;
	s->arch = t->machine == MACHINE_X64 ? ARCH_AMD64 : t->machine == MACHINE_ARM64 ? ARCH_ARM64 : ARCH_X86;
	s->n_cpus = (uint8_t)MIN(f->n_cpus, (uint32_t)UINT8_MAX);
	s->product_type = (uint8_t)(f->product_type == UINT32_MAX ? 0 : f->product_type);
	s->suite_mask = (uint16_t)(f->suite_mask == UINT32_MAX ? 0 : f->suite_mask);
	s->build = f->build;
	s->platform_id = PLATFORM_NT;
	s->csd = "";
	version_of_build(f->build, &s->major, &s->minor);
	u->timestamp = (uint32_t)(filetime_to_unix_ms(f->system_time) / 1000);
}

// Which kernel this is: small dumps hold no record of its PDB, but the header tells where its globals lie.
static void identify(struct target *t, struct kernel *k, const struct dump_user *u)
{
	const struct dump_module *nt = NULL;
	for (size_t i = 0; i < u->n_modules && !nt; i++)
		nt = u->modules[i].base == k->base ? &u->modules[i] : NULL;
	if (nt)
		k->image = nt_image_find(nt->timestamp, nt->size, t->machine);
	const struct dump_kernel *f = k->facts;
	if (k->base && f->debugger_data > k->base && f->loaded_modules > k->base && f->active_processes > k->base)
		k->n_pdbs = nt_pdb_find((uint32_t)(f->debugger_data - k->base), (uint32_t)(f->loaded_modules - k->base),
					(uint32_t)(f->active_processes - k->base), &k->pdbs);
	enum { LAB = 128 };
	uint8_t text[LAB];
	size_t got, n = 0;
	va_t at = kernel_kdbg(k, KDBG_BUILD_LAB, 8);
	if (!at || space_read(t->space, at, text, sizeof(text), &got).code)
		return;
	while (n < got && text[n] >= 0x20 && text[n] < 0x7f)
		n++;
	if (n && n < got && !text[n])
		k->build_lab = arena_strndup(t->arena, (const char *)text, n);
}

void kernel_fill(struct target *t, struct kernel *k)
{
	struct dump_user *u = k->user;
	k->base = kernel_kdbg(k, KDBG_KERN_BASE, 8);
	k->cpu_note = NULL;
	if (!k->facts->triage)
		kernel_unloaded(t, k, u);
	fill_processors(t, k, u);
	fill_current(t, k);
	u->exception = k->facts->exception;
	if (k->current != SIZE_MAX)
		u->exception.tid = (uint32_t)k->current;
	if (!k->base && u->n_modules)
		k->base = u->modules[0].base;
	identify(t, k, u);
}

void kernel_open(struct target *t)
{
	struct kernel *k = t->kernel = NEW(t->arena, struct kernel);
	struct dump_user *u = k->user = NEW(t->arena, struct dump_user);
	k->facts = t->dump->kernel;
	k->ptr_bytes = t->ptr_bytes;
	t->user = u;
	kernel_paging(t, k);
	kernel_find_block(t, k);
	if (kernel_other_root(t, k))
		kernel_find_block(t, k);
	fill_system(t, k->facts, u);
	u->comment_a = k->facts->comment;
	if (k->facts->triage)
		drivers_of_triage(t, k->facts->triage, u);
	else
		kernel_drivers(t, k, u);
	kernel_fill(t, k);
}

size_t kernel_notes(const struct kernel *k, const char *ret[KERNEL_NOTES])
{
	const char *const all[KERNEL_NOTES] = {
		k->root_note,
		k->kdbg_decoded ? "the debugger data block was encoded; nt's symbols decoded it" : k->no_kdbg,
		k->lists_note,
		k->cpu_note,
	};
	size_t n = 0;
	for (size_t i = 0; i < KERNEL_NOTES; i++)
		if (all[i])
			ret[n++] = all[i];
	return n;
}
