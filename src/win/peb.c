// SPDX-License-Identifier: Apache-2.0
// peb.c: reads process environment blocks.
#include "win/peb.h"

#include "base/limits.h"
#include "target/kernel.h"
#include "win/layout.h"

static const struct peb_offset {
	uint16_t narrow, wide;
	uint8_t bytes; // 0: a pointer
} offsets[] = {
	[PEB_INHERITED_ADDRESS_SPACE] = { 0, 0, 1 },
	[PEB_READ_IMAGE_FILE_EXEC_OPTIONS] = { 1, 1, 1 },
	[PEB_BEING_DEBUGGED] = { 2, 2, 1 },
	[PEB_IMAGE_BASE_ADDRESS] = { 0x8, 0x10, 0 },
	[PEB_LDR] = { 0xc, 0x18, 0 },
	[PEB_PROCESS_PARAMETERS] = { 0x10, 0x20, 0 },
	[PEB_SUB_SYSTEM_DATA] = { 0x14, 0x28, 0 },
	[PEB_PROCESS_HEAP] = { 0x18, 0x30, 0 },
	[PEB_NT_GLOBAL_FLAG] = { 0x68, 0xbc, 4 },
	[PEB_NT_GLOBAL_FLAG2] = { 0x478, 0x7c4, 4 },
	[LDR_INITIALIZED] = { 4, 4, 1 },
	[LDR_IN_LOAD_ORDER] = { 0xc, 0x10, 0 },
	[LDR_IN_MEMORY_ORDER] = { 0x14, 0x20, 0 },
	[LDR_IN_INITIALIZATION_ORDER] = { 0x1c, 0x30, 0 },
	[PARAMETERS_FLAGS] = { 0x8, 0x8, 4 },
	[PARAMETERS_CURRENT_DIRECTORY] = { 0x24, 0x38, 0 },
	[PARAMETERS_DLL_PATH] = { 0x30, 0x50, 0 },
	[PARAMETERS_IMAGE_PATH_NAME] = { 0x38, 0x60, 0 },
	[PARAMETERS_COMMAND_LINE] = { 0x40, 0x70, 0 },
	[PARAMETERS_ENVIRONMENT] = { 0x48, 0x80, 0 },
	[PARAMETERS_WINDOW_TITLE] = { 0x70, 0xb0, 0 },
	[PARAMETERS_ENVIRONMENT_SIZE] = { 0x290, 0x3f0, 0 },
	[ENTRY_DLL_BASE] = { 0x18, 0x30, 0 },
	[ENTRY_SIZE_OF_IMAGE] = { 0x20, 0x40, 4 },
	[ENTRY_FULL_DLL_NAME] = { 0x24, 0x48, 0 },
	[ENTRY_TIME_DATE_STAMP] = { 0x44, 0x80, 4 },
};

va_t peb_at(const struct peb_view *v, va_t object, enum peb_field f)
{
	return object + (v->ptr_bytes == 8 ? offsets[f].wide : offsets[f].narrow);
}

bool peb_number(const struct peb_view *v, va_t object, enum peb_field f, uint64_t *ret)
{
	unsigned n = offsets[f].bytes ? offsets[f].bytes : v->ptr_bytes;
	uint8_t b[8];
	*ret = 0;
	if (!object || !space_read_all(v->space, peb_at(v, object, f), b, n))
		return false;
	*ret = le_get(b, n);
	return true;
}

const char *peb_string(const struct peb_view *v, struct arena *a, va_t object, enum peb_field f)
{
	enum { NORMALISED = 1 };
	const va_t at = peb_at(v, object, f);
	uint64_t flags, buffer;
	uint16_t bytes;
	if (!object || !space_u16(v->space, at, &bytes) ||
	    !space_ptr(v->space, at + v->ptr_bytes, v->ptr_bytes, &buffer))
		return NULL;
	if (f >= PARAMETERS_FLAGS && f <= PARAMETERS_ENVIRONMENT_SIZE &&
	    peb_number(v, object, PARAMETERS_FLAGS, &flags) && !(flags & NORMALISED) && buffer)
		buffer += object;
	uint8_t *raw = arena_alloc(a, bytes ? bytes : 1, 1);
	if (!buffer || bytes % 2 || (bytes && !space_read_all(v->space, buffer, raw, bytes)))
		return NULL;
	return utf16_to_utf8(a, (struct span){ raw, bytes });
}

// ---- the loader's list
struct ring peb_modules(const struct peb_view *v, va_t peb)
{
	uint64_t ldr;
	bool known = peb_number(v, peb, PEB_LDR, &ldr) && ldr;
	return ring_begin(v->space, v->ptr_bytes, known ? peb_at(v, ldr, LDR_IN_LOAD_ORDER) : 0);
}

bool peb_module_next(const struct peb_view *v, struct arena *a, struct ring *r, struct peb_module *ret)
{
	uint64_t base, size, stamp;
	va_t at;
	if (!ring_next(r, &at))
		return false;
	if (!peb_number(v, at, ENTRY_DLL_BASE, &base) || !peb_number(v, at, ENTRY_SIZE_OF_IMAGE, &size)) {
		r->why = "an entry of the list is not whole in the dump";
		return false;
	}
	(void)peb_number(v, at, ENTRY_TIME_DATE_STAMP, &stamp);
	*ret = (struct peb_module){ .base = base,
				    .size = size,
				    .timestamp = (uint32_t)stamp,
				    .path = peb_string(v, a, at, ENTRY_FULL_DLL_NAME) };
	return true;
}

// ---- the environment
struct peb_environment peb_environment(const struct peb_view *v, struct arena *a, va_t parameters)
{
	struct peb_environment e = { .cut = true };
	uint64_t at, size;
	if (!peb_number(v, parameters, PARAMETERS_ENVIRONMENT, &at) || !at)
		return e;
	// The recorded size is a hint: the block may have been replaced by a larger one.
	size_t most = LIMIT_ENVIRONMENT, got = 0, cap = 0;
	if (peb_number(v, parameters, PARAMETERS_ENVIRONMENT_SIZE, &size) && size >= 2 && size < most)
		most = (size_t)size;
	uint8_t *raw = arena_alloc(a, most, 1);
	if (space_read(v->space, at, raw, most, &got).code)
		return e;
	const char **texts = NULL;
	for (size_t from = 0, i = 0; i + 1 < got; i += 2) {
		if (raw[i] || raw[i + 1])
			continue;
		if (i == from) {
			e.cut = false;
			break;
		}
		if (e.n == cap) {
			size_t more = cap ? cap * 2 : 64;
			const char **grown = NEW_N(a, const char *, more);
			for (size_t k = 0; k < e.n; k++)
				grown[k] = texts[k];
			texts = grown;
			cap = more;
		}
		texts[e.n++] = utf16_to_utf8(a, (struct span){ raw + from, i - from });
		from = i + 2;
	}
	e.texts = texts;
	return e;
}

// ---- where they are
va_t session_teb(struct session *s)
{
	const struct target *t = s->target;
	uint64_t at;
	if (!t->kernel)
		return s->thread < t->n_threads ? t->threads[s->thread].teb : 0;
	return layout_read(s, session_kthread(s), "_KTHREAD", "Teb", t->ptr_bytes, &at).code ? 0 : at;
}

// ProcessEnvironmentBlock of the current thread's TEB, else of any that the dump holds: threads share it.
static va_t peb_of_threads(struct session *s)
{
	enum { WIDE = 0x60, NARROW = 0x30 };
	const struct target *t = s->target;
	const unsigned p = t->ptr_bytes, off = p == 8 ? WIDE : NARROW;
	uint64_t peb;
	va_t teb = session_teb(s);
	if (teb && space_ptr(t->space, teb + off, p, &peb) && peb)
		return peb;
	for (size_t i = 0; i < t->n_threads; i++)
		if (t->threads[i].teb && space_ptr(t->space, t->threads[i].teb + off, p, &peb) && peb)
			return peb;
	return 0;
}

va_t session_peb(struct session *s)
{
	const struct target *t = s->target;
	uint64_t at;
	if (!t->kernel)
		return peb_of_threads(s);
	return layout_read(s, session_kprocess(s), "_EPROCESS", "Peb", t->ptr_bytes, &at).code ? 0 : at;
}

// TEB64.WowTebOffset from Windows 10 on, before that the 32-bit TEB lies two pages behind; it knows its own address.
va_t session_teb32(struct session *s, va_t teb)
{
	enum { WOW_TEB_OFFSET = 0x180c, TWO_PAGES = 0x2000, SELF32 = 0x18 };
	const struct target *t = s->target;
	uint32_t off = 0, self;
	if (t->ptr_bytes != 8 || !teb)
		return 0;
	if (!space_u32(t->space, teb + WOW_TEB_OFFSET, &off) || !off || off > TWO_PAGES * 8)
		off = TWO_PAGES;
	return space_u32(t->space, teb + off + SELF32, &self) && self == teb + off ? self : 0;
}

va_t session_peb32(struct session *s)
{
	enum { PEB_IN_TEB32 = 0x30 };
	const struct target *t = s->target;
	uint64_t wow, at;
	uint32_t peb;
	va_t teb32;
	if (t->ptr_bytes != 8)
		return 0;
	if (!t->kernel) {
		if (!t->wow64)
			return 0;
		for (size_t i = 0; i <= t->n_threads; i++) {
			teb32 = session_teb32(s, i ? t->threads[i - 1].teb : session_teb(s));
			if (teb32 && space_u32(t->space, teb32 + PEB_IN_TEB32, &peb) && peb)
				return peb;
		}
		return 0;
	}
	// _EWOW64PROCESS (Windows 10: the field is an address of one) begins with Peb; before, the field is that
	// address.
	const va_t process = session_kprocess(s);
	if ((layout_read(s, process, "_EPROCESS", "WoW64Process", 8, &wow).code &&
	     layout_read(s, process, "_EPROCESS", "Wow64Process", 8, &wow).code) || // Windows 7's spelling
	    !wow)
		return 0;
	if (wow <= UINT32_MAX)
		return wow;
	return space_ptr(t->space, wow, 8, &at) && at <= UINT32_MAX ? at : 0;
}
