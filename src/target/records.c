// SPDX-License-Identifier: Apache-2.0
// records.c: EXCEPTION_RECORD and CONTEXT (winnt.h), UNICODE_STRING (ntdef.h: Length, MaximumLength, then the aligned
// pointer).
#include "target/records.h"

err_t target_exception_read(const struct target *t, va_t at, struct dump_exception *ret)
{
	enum { WIDE = EXCEPTION_RECORD_BYTES, NARROW = 0x50 };
	uint8_t b[EXCEPTION_RECORD_BYTES];
	size_t got;
	*ret = (struct dump_exception){ 0 };
	TRY(space_read(t->space, at, b, t->ptr_bytes == 8 ? WIDE : NARROW, &got));
	if (!dump_exception_decode((struct span){ b, got }, t->ptr_bytes, ret))
		return fail(E_ABSENT, "the exception record is only partly in the dump", at);
	if (!ret->code || ret->n_claimed > ret->n_params)
		return fail(E_CORRUPT, "what lies there is no exception record", at);
	return ok();
}

err_t target_context_read(const struct target *t, va_t at, struct regs *ret)
{
	enum { X64 = 0x4d0, ARM64 = 0x390, X86 = 0x2cc }; // sizeof(CONTEXT)
	uint8_t b[X64];
	size_t got;
	if (!t->arch)
		return fail(E_UNSUPPORTED, "not supported: contexts of this machine", t->machine);
	TRY(space_read(t->space, at, b,
		       t->machine == MACHINE_X64     ? X64
		       : t->machine == MACHINE_ARM64 ? ARM64
						     : X86,
		       &got));
	return t->arch->context((struct span){ b, got }, ret);
}

const char *target_unicode_string(const struct target *t, struct arena *a, va_t at)
{
	uint16_t bytes;
	uint64_t text;
	if (!space_u16(t->space, at, &bytes) || !bytes || bytes % 2 ||
	    !space_ptr(t->space, at + t->ptr_bytes, t->ptr_bytes, &text))
		return NULL;
	uint8_t *raw = arena_alloc(a, bytes, 1);
	return space_read_all(t->space, text, raw, bytes) ? utf16_to_utf8(a, (struct span){ raw, bytes }) : NULL;
}
