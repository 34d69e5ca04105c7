// SPDX-License-Identifier: Apache-2.0
// user_modules.c: reads the loader's lists, the 32-bit one of WOW64 too.
#include "win/user_modules.h"

#include "base/limits.h"
#include "win/layout.h"
#include "win/peb.h"

// MmHighestUserAddress tells where the 32-bit kernel begins (/3GB).
va_t kernel_user_end(const struct target *t)
{
	uint64_t highest;
	va_t at = kernel_kdbg(t->kernel, KDBG_HIGHEST_USER_ADDRESS, 8);
	if (t->ptr_bytes == 8)
		return (va_t)1 << 63;
	return at && space_ptr(t->space, at, 4, &highest) && highest >= INT32_MAX / 2 ? highest + 1
										      : (va_t)INT32_MAX + 1;
}

static bool read_list(struct session *s, struct arena *a, va_t peb, unsigned ptr_bytes, struct dump_module *list,
		      size_t *n)
{
	const struct peb_view v = { s->target->space, ptr_bytes };
	struct ring r = peb_modules(&v, peb);
	struct peb_module m;
	while (*n < LIMIT_USER_MODULES && peb_module_next(&v, a, &r, &m))
		list[(*n)++] = (struct dump_module){ .base = m.base,
						     .size = (uint32_t)MIN(m.size, (uint64_t)UINT32_MAX),
						     .timestamp = m.timestamp,
						     .path = m.path ? m.path : "" };
	return !r.why && *n < LIMIT_USER_MODULES;
}

struct user_modules user_modules_load(struct session *s, va_t process)
{
	struct target *t = s->target;
	const unsigned p = t->ptr_bytes;
	const struct peb_view v = { t->space, p };
	const va_t chosen = s->implicit_process;
	struct user_modules ret = { .complete = true };
	if (!t->kernel->paging)
		return ret;
	struct arena *a = arena_child(s->arena, LIMIT_COMMAND_MEMORY);
	struct dump_module *list = NEW_N(a, struct dump_module, LIMIT_USER_MODULES);
	uint64_t ldr;
	size_t n = 0;
	s->implicit_process = process;
	const va_t peb = process ? session_peb(s) : 0, narrow = process ? session_peb32(s) : 0;
	s->implicit_process = chosen;
	if (peb && !peb_number(&v, peb, PEB_LDR, &ldr))
		ret.unread = peb_at(&v, peb, PEB_LDR);
	else if (peb)
		ret.complete = read_list(s, a, peb, p, list, &n);
	if (narrow)
		ret.complete &= read_list(s, a, narrow, 4, list, &n);
	const va_t end = kernel_user_end(t);
	target_replace_modules(t, end, list, n);
	for (size_t i = 0; i < t->n_modules; i++)
		ret.n += t->modules[i]->base < end;
	ret.changed = true;
	arena_free(a);
	return ret;
}

va_t process_of_root(struct session *s, pa_t root)
{
	const pa_t flags = DUMP_PAGE - 1;
	struct layout_field link;
	struct ring r = ring_begin(s->target->space, s->target->ptr_bytes, s->target->kernel->facts->active_processes);
	uint64_t dtb;
	va_t at;
	if (!layout_field(s, "_EPROCESS", "ActiveProcessLinks", &link))
		return 0;
	while (ring_next(&r, &at))
		if (!layout_read(s, at - link.offset, "_KPROCESS", "DirectoryTableBase", s->target->ptr_bytes, &dtb)
			     .code &&
		    (dtb & ~flags) == (root & ~flags))
			return at - link.offset;
	return 0;
}
