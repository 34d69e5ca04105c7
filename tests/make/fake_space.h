// SPDX-License-Identifier: Apache-2.0
// fake_space.h: an address space made of byte arrays, with the calls of mem/space.h that the lower floors use.
// It takes the place of mem/space.c in the program that includes it; include it in one file only.
#pragma once
#include "mem/space.h"

#include <string.h>

enum { FAKE_PARTS = 4 };
struct space {
	struct {
		va_t va;
		const uint8_t *bytes;
		size_t n;
	} part[FAKE_PARTS];
};

err_t space_read(const struct space *sp, va_t va, void *buf, size_t n, size_t *got)
{
	for (size_t i = 0; i < FAKE_PARTS; i++) {
		if (va < sp->part[i].va || va - sp->part[i].va >= sp->part[i].n)
			continue;
		size_t off = (size_t)(va - sp->part[i].va);
		*got = MIN(n, sp->part[i].n - off);
		memcpy(buf, sp->part[i].bytes + off, *got);
		return ok();
	}
	return fail(E_ABSENT, "not captured in this dump", va);
}

bool space_read_all(const struct space *sp, va_t va, void *buf, size_t n)
{
	size_t got = 0;
	return !space_read(sp, va, buf, n, &got).code && got == n;
}

static bool fake_int(const struct space *sp, va_t va, unsigned n, uint64_t *ret)
{
	uint8_t b[8];
	if (!space_read_all(sp, va, b, n))
		return false;
	*ret = le_get(b, n);
	return true;
}

bool space_u8(const struct space *sp, va_t va, uint8_t *ret)
{
	return space_read_all(sp, va, ret, 1);
}

bool space_u16(const struct space *sp, va_t va, uint16_t *ret)
{
	uint64_t v;
	if (!fake_int(sp, va, 2, &v))
		return false;
	*ret = (uint16_t)v;
	return true;
}

bool space_u32(const struct space *sp, va_t va, uint32_t *ret)
{
	uint64_t v;
	if (!fake_int(sp, va, 4, &v))
		return false;
	*ret = (uint32_t)v;
	return true;
}

bool space_u64(const struct space *sp, va_t va, uint64_t *ret)
{
	return fake_int(sp, va, 8, ret);
}

bool space_ptr(const struct space *sp, va_t va, unsigned ptr_bytes, uint64_t *ret)
{
	return fake_int(sp, va, ptr_bytes, ret);
}
