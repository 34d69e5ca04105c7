// SPDX-License-Identifier: Apache-2.0
// common.c: what several detectors ask.
#include "detect/detect.h"

#include <inttypes.h>
#include <string.h>

bool frame_named(const struct frame *f, const char *pattern)
{
	if (!strchr(f->symbol, '!'))
		return false;
	char name[256];
	const char *plus = strstr(f->symbol, "+0x");
	size_t n = plus ? (size_t)(plus - f->symbol) : strlen(f->symbol);
	n = MIN(n, sizeof(name) - 1);
	memcpy(name, f->symbol, n);
	name[n] = 0;
	return str_wild(pattern, name);
}

static bool is_one_of(const struct module *m, const char *const *names)
{
	for (; m && *names; names++)
		if (str_ieq(m->image_name, *names))
			return true;
	return false;
}

bool frame_in_system(const struct frame *f)
{
	static const char *const names[] = {
		"ntdll.dll",     "kernel32.dll", "KERNELBASE.dll", "wow64.dll",    "wow64cpu.dll",
		"wow64base.dll", "wow64con.dll", "xtajit.dll",     "xtajit64.dll", NULL
	};
	return is_one_of(f->module, names);
}

bool module_is_messenger(const struct module *m)
{
	static const char *const names[] = { "ntdll.dll",
					     "KERNELBASE.dll",
					     "kernel32.dll",
					     "ucrtbase.dll",
					     "ucrtbased.dll",
					     "verifier.dll",
					     "vrfcore.dll",
					     "vfbasics.dll",
					     "msvcrt.dll",
					     "combase.dll",
					     NULL };
	return is_one_of(m, names) ||
	       (m && (str_wild("vcruntime*.dll", m->image_name) || str_wild("msvcr*.dll", m->image_name)));
}

const char *module_label(const struct module *m)
{
	return m->image_name && *m->image_name ? m->image_name : m->name;
}

const char *thread_label(const struct facts *f, const struct fact_thread *t)
{
	if (f->kernel)
		return arena_printf(f->a, "processor %zu", t->thread->index);
	return arena_printf(f->a, "thread %zu (%" PRIx32 ")", t->thread->index, t->thread->tid);
}

const char *at_fault(const struct facts *f, const char *command)
{
	const char *scope = f->kernel ? f->kernel->scope_command : ".ecxr";
	return scope ? arena_printf(f->a, "%s; %s", scope, command) : command;
}

const char *fault_command(const struct facts *f)
{
	if (!f->kernel)
		return ".exr -1";
	return f->kernel->record ? arena_printf(f->a, ".exr %" PRIx64, f->kernel->record) : ".bugcheck";
}

const char *fault_name(const struct facts *f)
{
	if (!f->kernel)
		return arena_printf(f->a, "exception %08" PRIx32, f->exception->code);
	return arena_printf(f->a, "bug check 0x%" PRIX32, f->kernel->code);
}

const char *fault_source(const struct facts *f)
{
	return f->kernel && !f->kernel->record ? "bug check" : "exception";
}

const char *fault_title(const struct facts *f)
{
	char *text = arena_strdup(f->a, fault_name(f));
	*text = (char)(*text - 'a' + 'A');
	return text;
}

bool module_is_kernel(const struct facts *f, const struct module *m)
{
	return m && f->kernel && (m->base == f->session->target->kernel->base || str_ieq(m->name, "hal"));
}

const char *on_thread(const struct facts *f, const struct fact_thread *t, const char *command)
{
	const char *scope = f->kernel ? f->kernel->scope_command : NULL;
	if ((f->kernel && f->n_threads < 2) || (scope && str_starts(command, scope) && !str_starts(scope, ".ecxr")))
		return command; // leads to its place from anywhere
	return arena_printf(f->a, "~%zus; %s", t->thread->index, command);
}

bool code_is_benign(uint32_t code)
{
	// MS_VC_EXCEPTION (SetThreadName), DBG_PRINTEXCEPTION_C, DBG_PRINTEXCEPTION_WIDE_C
	return code == 0x406d1388 || code == 0x40010006 || code == 0x4001000a;
}

// ---- what a wrong pointer tells
static bool is_text(uint64_t v, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++, v >>= 8)
		if ((v & 0xff) < 0x20 || (v & 0xff) > 0x7e)
			return false;
	return true;
}

// What debug heaps, compilers and allocators fill memory with.
static const char *filling(const struct facts *f, va_t va)
{
	static const struct {
		uint32_t fill;
		const char *what;
	} fills[] = {
		{ 0xcdcdcdcd, "the C runtime's filling of new heap memory: never initialised" },
		{ 0xdddddddd, "the C runtime's filling of freed heap memory: used after it was freed" },
		{ 0xcccccccc, "the compiler's filling of local variables: never initialised" },
		{ 0xfdfdfdfd, "the C runtime's filling around heap blocks: read beyond the block" },
		{ 0xfeeefeee, "the heap's filling of freed memory: used after it was freed" },
		{ 0xbaadf00d, "the heap's filling of new memory: never initialised" },
		{ 0xabababab, "the heap's filling behind a block: read beyond the block" },
	};
	enum { MEMBER = 0x1000 };
	for (size_t i = 0; i < ARRAY_LEN(fills); i++) {
		uint64_t fill = fills[i].fill;
		if (f->session->target->ptr_bytes == 8)
			fill |= fill << 32;
		if (va - fill < MEMBER || fill - va < MEMBER)
			return fills[i].what;
	}
	return NULL;
}

const char *pointer_looks(const struct facts *f, va_t va)
{
	const struct target *t = f->session->target;
	const struct unloaded_module *u = target_unloaded_at(t, va);
	if (u)
		return arena_printf(f->a, "an address inside %s, which was unloaded", u->name);
	if (filling(f, va))
		return filling(f, va);
	if (is_text(va, t->ptr_bytes) || is_text(va, 4 + 2 * (t->ptr_bytes == 8)))
		return "text: a string was written over the pointer";
	enum { LA48 = 47, LA57 = 56 };
	bool wide = t->kernel && t->kernel->paging && t->kernel->paging->kind == PAGING_LA57;
	uint64_t top = wide ? va >> LA57 : va >> LA48;
	if (t->ptr_bytes == 8 && top && top != (wide ? 0xffu : 0x1ffffu))
		return "a non-canonical address: no page can have it";
	return !f->kernel && va >> (t->ptr_bytes * 8 - 1) ? "an address of the kernel's half" : NULL;
}
