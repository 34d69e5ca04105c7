// SPDX-License-Identifier: Apache-2.0
// bugcheck.c: looks bug checks up. Meanings of values: Microsoft's "Bug Check Code Reference".
#include "verdict/bugchecks_int.h"
#include "verdict/verdict.h"

enum { MINI = 0x10000000 };

static const char *name_of(uint32_t code)
{
	size_t lo = 0, hi = n_bugcheck_names;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (bugcheck_names[mid].code < code)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n_bugcheck_names && bugcheck_names[lo].code == code ? bugcheck_names[lo].name : NULL;
}

const char *bugcheck_name(uint32_t code, bool mini)
{
	const char *variant = mini ? name_of(code | MINI) : NULL;
	return variant ? variant : name_of(code);
}

const struct bugcheck *bugcheck_find(uint32_t code)
{
	for (size_t i = 0; i < n_bugchecks; i++)
		if (bugchecks[i].code == code)
			return &bugchecks[i];
	return NULL;
}

struct meaning {
	uint32_t code;
	uint8_t arg; // 0-based
	uint64_t value;
	const char *text;
};
static const struct meaning meanings[] = {
	{ 0x19, 0, 0x3, "the pool freelist is corrupt" },
	{ 0x19, 0, 0x20, "a pool block header size is corrupt" },
	{ 0x19, 0, 0x21, "the data following the pool block being freed is corrupt" },
	{ 0x19, 0, 0x22, "an address being freed does not have a tracking entry" },
	{ 0x19, 0, 0x25, "a freed block's header was changed" },
	{ 0x1a, 0, 0x402, "a page-table entry is not what it was" },
	{ 0x1a, 0, 0x403, "The page table and PFNs are out of sync" },
	{ 0x1a, 0, 0x404, "a page-table entry was changed while its page was being released" },
	{ 0x1a, 0, 0x411, "a page table entry (PTE) has been corrupted" },
	{ 0x1a, 0, 0x1010, "a page that is not locked was unlocked" },
	{ 0x1a, 0, 0x1233, "a driver tried to map a page that is not locked" },
	{ 0x1a, 0, 0x3451, "a PTE of a kernel thread stack that was swapped out is corrupt" },
	{ 0x1a, 0, 0x5003, "the working set free list is corrupt" },
	{ 0x1a, 0, 0x41201, "a PTE's protection does not fit its page" },
	{ 0x1a, 0, 0x41284, "a PTE or the working set list is corrupt" },
	{ 0x1a, 0, 0x41287, "a page fault happened while the memory manager held its own locks" },
	{ 0x1a, 0, 0x41289, "the number of working set entries is wrong" },
	{ 0x1a, 0, 0x41790, "A page table page has been corrupted" },
	{ 0x1a, 0, 0x41792, "A corrupt PTE has been detected" },
	{ 0x1a, 0, 0x61941, "the paging hierarchy is corrupt" },
	{ 0x7f, 0, 0x0, "EXCEPTION_DIVIDED_BY_ZERO" },
	{ 0x7f, 0, 0x4, "EXCEPTION_OVERFLOW" },
	{ 0x7f, 0, 0x5, "EXCEPTION_BOUND_CHECK" },
	{ 0x7f, 0, 0x6, "EXCEPTION_INVALID_OPCODE" },
	{ 0x7f, 0, 0x8, "EXCEPTION_DOUBLE_FAULT" },
	{ 0x9f, 0, 0x1, "a device object was freed with a power request pending" },
	{ 0x9f, 0, 0x2, "a device object completed its power request without starting the next one" },
	{ 0x9f, 0, 0x3, "a device object has been blocking an Irp for too long a time" },
	{ 0x9f, 0, 0x4, "the change of power state timed out waiting for Plug and Play" },
	{ 0xc2, 0, 0x6, "the block is free already" },
	{ 0xc2, 0, 0x7, "Attempt to free pool which was already freed" },
	{ 0xc2, 0, 0x46, "Attempt to free an invalid pool address" },
	{ 0xc2, 0, 0x99, "Attempt to free pool with invalid address  (or corruption in pool header)" },
	{ 0x124, 0, 0x0, "Machine Check Exception" },
	{ 0x124, 0, 0x1, "Corrected Machine Check" },
	{ 0x124, 0, 0x3, "Non-maskable interrupt" },
	{ 0x124, 0, 0x4, "PCI Express error" },
	{ 0x133, 0, 0x0, "A single DPC or ISR exceeded its time allotment" },
	{ 0x133, 0, 0x1, "The system cumulatively spent an extended period of time at DISPATCH_LEVEL or above" },
	{ 0x13a, 0, 0x12, "an address being freed is not in use" },
};

static const char *access_word(uint64_t v)
{
	return v & 8 ? "execute" : v & 1 ? "write" : "read";
}

const char *bugcheck_arg_value(uint32_t code, unsigned arg, uint64_t value)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (meanings[i].code == code && meanings[i].arg == arg && meanings[i].value == value)
			return meanings[i].text;
	switch (code) {
	case 0xa:
	case 0xd1:
	case 0xd0:
	case 0xd3:
	case 0xc5:
		return arg == 2 ? access_word(value) : NULL;
	case 0x50:
		return arg == 1 ? (value & 0x10 ? "execute" : value & 2 ? "write" : "read") : NULL;
	case 0x139:
		return arg == 0 ? fail_fast_name(value) : NULL;
	case 0x1e:
	case 0x3b:
	case 0x7e:
	case 0x8e:
		return arg == 0 ? exception_name((uint32_t)value) : NULL;
	default:
		return NULL;
	}
}
