// SPDX-License-Identifier: Apache-2.0
// pdata.c: the exception directory, searched where it lies: a look-up touches as many pages as a binary
// search has steps. Formats: Microsoft's "x64 exception handling" and "ARM64 exception handling" pages.
#include "pe/pe_int.h"

enum { X64 = 0x8664, ARM64 = 0xaa64 }; // IMAGE_FILE_MACHINE_*: the CPUs whose tables are read here

static unsigned entry_size(const struct pe *pe)
{
	return pe->machine == X64 ? 12 : pe->machine == ARM64 ? 8 : 0;
}

size_t pe_function_count(const struct pe *pe)
{
	const struct pe_data_dir *dir = &pe->dirs[PE_EXCEPTION];
	unsigned size = entry_size(pe);
	if (!size || !dir->rva || dir->rva >= pe->size_of_image)
		return 0;
	return MIN(dir->size, pe->size_of_image - dir->rva) / size;
}

static bool entry_at(const struct pe *pe, uint64_t rva, struct pe_function *ret)
{
	uint8_t b[12];
	unsigned n = entry_size(pe);
	if (rva > UINT32_MAX || !pe_read_all(pe, (uint32_t)rva, b, n))
		return false;
	*ret = (struct pe_function){ .begin = (uint32_t)le_get(b, 4), .entry = (uint32_t)rva };
	if (n == 12)
		ret->end = (uint32_t)le_get(b + 4, 4);
	ret->unwind = (uint32_t)le_get(b + n - 4, 4);
	return true;
}

// x64: bit 0 of the unwind RVA says that the data is that of another entry (parts of a function that were
// moved away from it point to the part with the prolog).
static err_t resolve_x64(const struct pe *pe, struct pe_function *f)
{
	for (unsigned depth = 0; f->unwind & 1; depth++) {
		struct pe_function next;
		if (depth == LIMIT_UNWIND_CHAIN)
			return fail(E_CORRUPT, "function table entries that lead to each other", f->begin);
		if (!entry_at(pe, f->unwind & ~(uint32_t)1, &next))
			return fail(E_ABSENT, "function table entry", f->unwind & ~(uint32_t)1);
		f->unwind = next.unwind;
		f->indirect = true;
	}
	return ok();
}

static err_t resolve_arm64(const struct pe *pe, struct pe_function *f)
{
	uint32_t words = 0;
	unsigned form = f->unwind & 3;
	uint8_t b[4];
	if (form == 3)
		return fail(E_UNSUPPORTED, "not supported: ARM64 function table entry of form 3", f->begin);
	if (form)
		words = f->unwind >> 2 & 0x7ff;
	else if (pe_read_all(pe, f->unwind, b, 4))
		words = (uint32_t)le_get(b, 4) & 0x3ffff;
	else
		return fail(E_ABSENT, "unwind data", f->unwind);
	uint64_t end = (uint64_t)f->begin + words * 4;
	if (end > UINT32_MAX)
		return fail(E_CORRUPT, "function length in unwind data", f->begin);
	f->end = (uint32_t)end;
	return ok();
}

static err_t resolve(const struct pe *pe, struct pe_function *f)
{
	return pe->machine == X64 ? resolve_x64(pe, f) : resolve_arm64(pe, f);
}

err_t pe_function_get(const struct pe *pe, size_t i, struct pe_function *ret)
{
	if (i >= pe_function_count(pe))
		return fail(E_NOTFOUND, "no such function table entry", i);
	uint64_t at = pe->dirs[PE_EXCEPTION].rva + (uint64_t)i * entry_size(pe);
	struct pe_function f;
	if (!entry_at(pe, at, &f))
		return fail(E_ABSENT, "function table entry", at);
	TRY(resolve(pe, &f));
	*ret = f;
	return ok();
}

err_t pe_function_at(const struct pe *pe, uint32_t rva, struct pe_function *ret)
{
	uint64_t table = pe->dirs[PE_EXCEPTION].rva;
	size_t lo = 0, hi = pe_function_count(pe); // the entry is the last one of [0, hi) that begins at or below rva
	struct pe_function f, best = { 0 };
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		uint64_t at = table + (uint64_t)mid * entry_size(pe);
		if (!entry_at(pe, at, &f))
			return fail(E_ABSENT, "function table", at);
		if (f.begin <= rva) {
			best = f;
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	if (!lo || (pe->machine == X64 && rva >= best.end))
		return fail(E_NOTFOUND, "no function table entry covers the address", rva);
	TRY(resolve(pe, &best));
	if (rva >= best.end)
		return fail(E_NOTFOUND, "no function table entry covers the address", rva);
	*ret = best;
	return ok();
}

// The entry that an entry's unwind data names as the one it belongs to: UNW_FLAG_CHAININFO, behind the codes.
static bool chained_to(const struct pe *pe, uint32_t unwind, struct pe_function *ret)
{
	enum { CHAININFO = 4 };
	uint8_t b[4];
	if (!pe_read_all(pe, unwind, b, sizeof(b)) || !(b[0] >> 3 & CHAININFO))
		return false;
	return entry_at(pe, (uint64_t)unwind + 4 + 2 * ((b[2] + 1u) & ~1u), ret);
}

bool pe_function_whole(const struct pe *pe, uint32_t rva, uint32_t *part_ret, uint32_t *begin_ret)
{
	struct pe_function f, next;
	if (pe->machine != X64 || pe_function_at(pe, rva, &f).code || !entry_at(pe, f.entry, &f))
		return false;
	*part_ret = f.begin;
	for (unsigned depth = 0; depth < LIMIT_UNWIND_CHAIN; depth++) {
		*begin_ret = f.begin;
		if (f.unwind & 1 ? !entry_at(pe, f.unwind & ~(uint32_t)1, &next) : !chained_to(pe, f.unwind, &next))
			return true;
		f = next;
	}
	return false;
}
