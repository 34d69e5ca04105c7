// SPDX-License-Identifier: Apache-2.0
// target.c: opens a dump and fills the registries of modules and threads.
#include "target/kernel.h"
#include "target/target_int.h"

#include "base/unpack.h"

#include <stdlib.h>
#include <string.h>

static int by_base(const void *a, const void *b)
{
	const struct module *x = *(struct module *const *)a, *y = *(struct module *const *)b;
	if (x->base != y->base)
		return x->base < y->base ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

// Where two modules claim the same addresses (WOW64, Wine, corrupt lists) the first in the list wins.
void sort_modules(struct target *t)
{
	for (size_t i = 0; i < t->n_modules; i++)
		t->modules[i]->overlaps = false;
	t->by_base = NEW_N(t->arena, struct module *, t->n_modules);
	memcpy(t->by_base, t->modules, t->n_modules * sizeof(*t->by_base));
	qsort(t->by_base, t->n_modules, sizeof(*t->by_base), by_base);
	size_t n = 0;
	for (size_t i = 0; i < t->n_modules; i++) {
		struct module *m = t->by_base[i], *before = n ? t->by_base[n - 1] : NULL;
		if (!m->size || (before && m->base - before->base < before->size && before->index < m->index)) {
			m->overlaps = m->size != 0;
		} else if (before && m->base - before->base < before->size) {
			before->overlaps = true;
			t->by_base[n - 1] = m;
		} else {
			t->by_base[n++] = m;
		}
	}
	t->n_by_base = n;
}

static void fill_modules(struct target *t)
{
	const struct dump_user *u = t->user;
	t->modules = NEW_N(t->arena, struct module *, u->n_modules);
	t->n_modules = u->n_modules;
	struct module *all = NEW_N(t->arena, struct module, u->n_modules);
	for (size_t i = 0; i < u->n_modules; i++) {
		const struct dump_module *f = &u->modules[i];
		struct module *m = t->modules[i] = &all[i];
		*m = (struct module){ .index = i,
				      .base = f->base,
				      .size = f->size,
				      .timestamp = f->timestamp,
				      .checksum = f->checksum,
				      .path = f->path,
				      .image_name = path_base(f->path),
				      .facts = f,
				      .cv = f->cv };
		// A module that would run past the end of memory is cut there.
		if (m->size && m->base + (m->size - 1) < m->base)
			m->size = -m->base;
	}
	t->all = t->modules;
	t->n_all = t->n_own = t->n_modules;
	sort_modules(t);
	module_names(t->arena, t->modules, t->n_modules, 0);
	for (size_t i = 0; t->kernel && i < t->n_modules; i++)
		if (t->modules[i]->base == t->kernel->base) // whatever its file is called
			t->modules[i]->name = "nt";
	if (u->n_modules && !t->kernel)
		t->process_name = t->modules[0]->image_name;
	target_fill_unloaded(t);
}

void target_fill_unloaded(struct target *t)
{
	const struct dump_user *u = t->user;
	t->unloaded = NEW_N(t->arena, struct unloaded_module, u->n_unloaded);
	t->n_unloaded = u->n_unloaded;
	for (size_t i = 0; i < u->n_unloaded; i++) {
		const struct dump_unloaded *f = &u->unloaded[i];
		t->unloaded[i] = (struct unloaded_module){ f->base, f->size, f->timestamp, f->checksum, f->name };
	}
}

void target_fill_threads(struct target *t)
{
	const struct dump_user *u = t->user;
	t->threads = NEW_N(t->arena, struct thread, u->n_threads);
	t->n_threads = u->n_threads;
	for (size_t i = 0; i < u->n_threads; i++) {
		const struct dump_thread *f = &u->threads[i];
		t->threads[i] =
			(struct thread){ .index = i, .tid = f->tid, .teb = f->teb, .name = f->name, .facts = f };
	}
	// Breakpad's writers ask for a dump without an exception by naming the requesting thread.
	uint32_t tid = u->exception.tid;
	bool named = u->exception.present;
	if (!named && u->breakpad.present && (u->breakpad.validity & 2)) {
		tid = u->breakpad.requesting_tid;
		named = true;
	}
	const struct thread *th = named ? target_thread_by_tid(t, tid) : NULL;
	t->event_thread = t->kernel ? t->kernel->current : th ? th->index : SIZE_MAX;
}

// A 64-bit dumper of a 32-bit process: the emulation layer's DLLs are loaded.
static bool is_wow64(const struct target *t)
{
	bool wow = false, cpu = false;
	for (size_t i = 0; i < t->n_modules; i++) {
		const char *n = t->modules[i]->image_name;
		wow = wow || str_ieq(n, "wow64.dll");
		cpu = cpu || str_ieq(n, "wow64cpu.dll") || str_ieq(n, "xtajit.dll");
	}
	return t->ptr_bytes == 8 && wow && cpu;
}

err_t target_open(struct arena *a, const char *path, const char *wanted, struct target **ret)
{
	struct file_map file;
	const char *inner;
	TRY(unpack_open(a, path, wanted, &file, &inner));
	return target_open_map(a, path, inner, file, ret);
}

struct opening {
	struct arena *a;
	const char *path, *inner;
	struct file_map file;
	struct target *t;
};

static err_t open_parts(void *ctx)
{
	struct opening *o = ctx;
	struct arena *a = o->a;
	struct target *t = o->t = NEW(a, struct target);
	t->arena = a;
	t->path = arena_strdup(a, o->path);
	t->inner = o->inner;
	t->file = o->file;
	t->event_thread = SIZE_MAX;
	TRY(dump_open(a, t->path, t->file.bytes, &t->dump));
	t->machine = t->dump->machine;
	t->ptr_bytes = t->dump->ptr_bytes;
	t->arch = arch_find(t->machine);
	t->space = space_new(a, t->dump);
	t->user = t->dump->user;
	if (t->dump->kernel)
		kernel_open(t);
	fill_modules(t);
	target_fill_threads(t);
	t->wow64 = is_wow64(t);
	const struct dump_misc *misc = &t->user->misc;
	t->pid_known = misc->present && (misc->flags & MISC_PID);
	t->pid = t->pid_known ? misc->pid : 0;
	t->store = store_new(a);
	t->symbol_options = SYMOPT_DEFAULT;
	t->image_path.text = t->image_path.expanded = t->symbol_path.text = t->symbol_path.expanded = "";
	space_on_fault(t->space, target_image_fault, t);
	return ok();
}

err_t target_open_map(struct arena *a, const char *path, const char *inner, struct file_map file, struct target **ret)
{
	struct opening o = { a, path, inner, file, NULL };
	// A limit that is met meanwhile must not leave the file mapped.
	err_t e = arena_guard(a, NULL, open_parts, &o);
	if (e.code)
		file_map_close(&file);
	else
		*ret = o.t;
	return e;
}

void target_close(struct target *t)
{
	for (size_t i = 0; i < t->n_all; i++)
		if (t->all[i]->image == IMAGE_FROM_FILE)
			file_map_close(&t->all[i]->image_map);
	for (size_t i = 0; i < t->n_all; i++)
		file_map_close(&t->all[i]->symbol_map);
	for (size_t i = 0; i < t->n_retired; i++)
		file_map_close(&t->retired[i]);
	file_map_close(&t->file);
}

struct module *target_module_at(const struct target *t, va_t va)
{
	size_t lo = 0, hi = t->n_by_base;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (t->by_base[mid]->base <= va)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo)
		return NULL;
	struct module *m = t->by_base[lo - 1];
	return va - m->base < m->size ? m : NULL;
}

struct module *target_module_named(const struct target *t, const char *name)
{
	for (size_t i = 0; i < t->n_modules; i++)
		if (str_ieq(t->modules[i]->name, name))
			return t->modules[i];
	for (size_t i = 0; i < t->n_modules; i++)
		if (str_ieq(t->modules[i]->image_name, name))
			return t->modules[i];
	return NULL;
}

const struct unloaded_module *target_unloaded_at(const struct target *t, va_t va)
{
	for (size_t i = 0; i < t->n_unloaded; i++)
		if (va >= t->unloaded[i].base && va - t->unloaded[i].base < t->unloaded[i].size)
			return &t->unloaded[i];
	return NULL;
}

struct thread *target_thread_by_tid(const struct target *t, uint32_t tid)
{
	for (size_t i = 0; i < t->n_threads; i++)
		if (t->threads[i].tid == tid)
			return &t->threads[i];
	return NULL;
}

err_t target_thread_regs(const struct target *t, const struct thread *th, bool event, struct regs *ret)
{
	if (!t->arch)
		return fail(E_UNSUPPORTED, "registers of this CPU are not supported", t->machine);
	struct span own = th->facts->context, exc = t->user->exception.context;
	struct span ctx = event ? exc : own;
	if (!ctx.n && th->index == t->event_thread) // one of the two often stands for both
		ctx = event ? own : exc;
	if (!ctx.n)
		return fail(E_ABSENT, "the dump holds no register context for this thread", th->facts->context_rva);
	return t->arch->context(ctx, ret);
}

// NT_TIB: StackBase and StackLimit follow ExceptionList (public winnt.h).
bool target_thread_stack(const struct target *t, const struct thread *th, va_t *low_ret, va_t *high_ret)
{
	uint64_t base, limit;
	unsigned p = t->ptr_bytes;
	enum { LARGEST_STACK = 1 << 30 };
	if (th->teb && space_ptr(t->space, th->teb + p, p, &base) && space_ptr(t->space, th->teb + 2 * p, p, &limit) &&
	    limit < base && base - limit <= LARGEST_STACK) {
		*low_ret = limit;
		*high_ret = base;
		return true;
	}
	if (!th->facts->stack_start || !th->facts->stack_size)
		return false;
	*low_ret = th->facts->stack_start;
	*high_ret = th->facts->stack_start + th->facts->stack_size;
	return *low_ret < *high_ret;
}

bool target_is_code(struct target *t, va_t pc)
{
	enum { PAGE_EXECUTE_ANY = 0xf0, MEM_COMMIT = 0x1000 };
	struct module *m = target_module_at(t, pc);
	const struct pe *pe;
	if (m && !target_module_pe(t, m, &pe).code)
		return pe_is_executable(pe, (uint32_t)(pc - m->base));
	struct dump_meminfo info;
	if (dump_meminfo_at(t->user, pc, &info))
		return info.state == MEM_COMMIT && (info.protect & PAGE_EXECUTE_ANY);
	for (size_t i = 0; i < t->user->n_functions; i++)
		if (pc >= t->user->functions[i].min && pc < t->user->functions[i].max)
			return true;
	return m != NULL;
}
