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
	{ 0x19, 0, 0x2, "the special pool pattern check failed: the owner of the block probably damaged it" },
	{ 0x19, 0, 0x3, "the pool freelist is corrupt" },
	{ 0x19, 0, 0x5, "two neighbouring pool entries contradict each other" },
	{ 0x19, 0, 0x6, "the previous size in a pool block's header is too large" },
	{ 0x19, 0, 0x7, "a pool block header size is corrupt" },
	{ 0x19, 0, 0x8, "a pool block header size is zero" },
	{ 0x19, 0, 0x9, "a pool block header size is too large" },
	{ 0x19, 0, 0xa, "a pool block header size is corrupt" },
	{ 0x19, 0, 0xd, "a freed block's header was changed" },
	{ 0x19, 0, 0xe, "a freed block's header was changed" },
	{ 0x19, 0, 0xf, "a freed block's header was changed" },
	{ 0x19, 0, 0x20, "a pool block header size is corrupt" },
	{ 0x19, 0, 0x21, "the data following the pool block being freed is corrupt" },
	{ 0x19, 0, 0x22, "an address being freed does not have a tracking entry" },
	{ 0x19, 0, 0x23, "a freed block's header was changed" },
	{ 0x19, 0, 0x24, "a freed block's header was changed" },
	{ 0x19, 0, 0x25, "a freed block's header was changed" },
	{ 0x1a, 0, 0x31, "an image's relocations or code are corrupt, mostly by faulty hardware" },
	{ 0x1a, 0, 0x3f, "a page that was read back does not have its checksum" },
	{ 0x1a, 0, 0x403, "The page table and PFNs are out of sync" },
	{ 0x1a, 0, 0x404, "the page table and the page frame of a system page that is deleted do not agree" },
	{ 0x1a, 0, 0x411, "a page table entry (PTE) has been corrupted" },
	{ 0x1a, 0, 0x777, "a system cache address is unlocked that is not locked" },
	{ 0x1a, 0, 0x1000, "a cached page was to be mapped as not cached" },
	{ 0x1a, 0, 0x1010, "a pageable section is unlocked that is not locked" },
	{ 0x1a, 0, 0x1233, "a driver tried to map a page that is not locked" },
	{ 0x1a, 0, 0x1234, "a pageable section is locked that does not exist" },
	{ 0x1a, 0, 0x1235, "an MDL with an invalid mapping was to be protected" },
	{ 0x1a, 0, 0x1236, "an MDL holds a page that is not locked, or is none" },
	{ 0x1a, 0, 0x3451, "the PTEs of a kernel thread stack that was swapped out are corrupt" },
	{ 0x1a, 0, 0x4477, "a driver tried to write to an address of the system process that is not allocated" },
	{ 0x1a, 0, 0x5003, "the working set free list is corrupt, mostly by faulty hardware" },
	{ 0x1a, 0, 0x5100, "an allocation bitmap is corrupt" },
	{ 0x1a, 0, 0x5200, "a page on a list of free pool has been corrupted" },
	{ 0x1a, 0, 0x8888, "the memory manager's structures are corrupt" },
	{ 0x1a, 0, 0x8889, "the memory manager's structures are corrupt" },
	{ 0x1a, 0, 0x888a, "the memory manager's structures, likely a PTE or PFN, are corrupt" },
	{ 0x1a, 0, 0x41283, "the working set index in a PTE is corrupt" },
	{ 0x1a, 0, 0x41284, "a PTE or the working set list is corrupt" },
	{ 0x1a, 0, 0x41286, "the caller frees an invalid pool address" },
	{ 0x1a, 0, 0x41287, "a page fault happened while the memory manager held the lock of a working set" },
	{ 0x1a, 0, 0x41785, "the working set list is corrupt" },
	{ 0x1a, 0, 0x41790, "A page table page has been corrupted" },
	{ 0x1a, 0, 0x41792, "A corrupt PTE has been detected" },
	{ 0x1a, 0, 0x61940, "a page directory entry became invalid unexpectedly" },
	{ 0x1a, 0, 0x61941, "the paging hierarchy is corrupt" },
	{ 0x1a, 0, 0x61946, "an MDL that is made is flawed: mostly the driver that locks pages is at fault" },
	{ 0x50, 3, 0x3, "the address belongs to another session" },
	{ 0x50, 3, 0x4, "the address is not canonical" },
	{ 0x7f, 0, 0x0, "EXCEPTION_DIVIDED_BY_ZERO" },
	{ 0x7f, 0, 0x1, "a call of the system debugger" },
	{ 0x7f, 0, 0x3, "a debugger's breakpoint" },
	{ 0x7f, 0, 0x4, "EXCEPTION_OVERFLOW" },
	{ 0x7f, 0, 0x5, "EXCEPTION_BOUND_CHECK" },
	{ 0x7f, 0, 0x6, "EXCEPTION_INVALID_OPCODE" },
	{ 0x7f, 0, 0x7, "a coprocessor instruction without a coprocessor" },
	{ 0x7f, 0, 0x8, "EXCEPTION_DOUBLE_FAULT" },
	{ 0x7f, 0, 0xa, "a corrupt task state segment" },
	{ 0x7f, 0, 0xb, "a segment that is not present" },
	{ 0x7f, 0, 0xc, "an access beyond the limits of a stack" },
	{ 0x7f, 0, 0xd, "a protection fault" },
	{ 0x9f, 0, 0x1, "A device object that is being freed still has a power request that is not completed" },
	{ 0x9f, 0, 0x2, "A device object completed its power request without starting the next one" },
	{ 0x9f, 0, 0x3, "A device object has been blocking an Irp for too long a time" },
	{ 0x9f, 0, 0x4, "The power transition timed out waiting to synchronize with the Pnp\n\tsubsystem." },
	{ 0x9f, 0, 0x5, "The device did not finish a directed power transition in time" },
	{ 0x9f, 0, 0x6, "The device did not complete its callback of a directed power transition successfully" },
	{ 0x9f, 0, 0x500, "A device object completed its power request without starting the next one" },
	{ 0xc2, 0, 0x0, "the thread asked for zero bytes" },
	{ 0xc2, 0, 0x1, "a pool header is corrupt" },
	{ 0xc2, 0, 0x2, "a pool header is corrupt" },
	{ 0xc2, 0, 0x4, "a pool header is corrupt" },
	{ 0xc2, 0, 0x6, "the block is free already" },
	{ 0xc2, 0, 0x7, "Attempt to free pool which was already freed" },
	{ 0xc2, 0, 0x8, "the thread asked for pool at an IRQL that forbids it" },
	{ 0xc2, 0, 0x9, "the thread freed pool at an IRQL that forbids it" },
	{ 0xc2, 0, 0xa, "the thread freed a block with a tag that is not the block's" },
	{ 0xc2, 0, 0xb, "a quota is released on a corrupt block" },
	{ 0xc2, 0, 0xc, "a quota is released on a corrupt block" },
	{ 0xc2, 0, 0xd, "a quota is released on a corrupt block" },
	{ 0xc2, 0, 0x40, "kernel pool was freed at an address of user mode" },
	{ 0xc2, 0, 0x41, "nonpaged pool was freed that is not allocated" },
	{ 0xc2, 0, 0x42, "an address was freed that never was in any pool" },
	{ 0xc2, 0, 0x43, "an address was freed that never was in any pool" },
	{ 0xc2, 0, 0x44, "nonpaged pool was freed that is not allocated" },
	{ 0xc2, 0, 0x46, "Attempt to free an invalid pool address" },
	{ 0xc2, 0, 0x47, "nonpaged pool was freed that is not allocated" },
	{ 0xc2, 0, 0x48, "paged pool was freed that is not allocated" },
	{ 0xc2, 0, 0x50, "paged pool was freed that is not allocated" },
	{ 0xc2, 0, 0x60, "an address was freed that is no contiguous memory" },
	{ 0xc2, 0, 0x99, "Attempt to free pool with invalid address  (or corruption in pool header)" },
	{ 0xc2, 0, 0x9a, "pool was asked for as must-succeed, which is not supported any more" },
	{ 0xc2, 0, 0x9b, "pool was asked for with the tag 0" },
	{ 0xc2, 0, 0x9c, "pool was asked for with the tag BIG" },
	{ 0xc2, 0, 0x9d, "pool was asked for with a tag without letters and digits" },
	{ 0xc2, 0, 0x41286, "paged pool was freed in the middle of a block" },
	{ 0x124, 0, 0x0, "Machine Check Exception" },
	{ 0x124, 0, 0x1, "Corrected Machine Check" },
	{ 0x124, 0, 0x2, "Corrected Platform Error" },
	{ 0x124, 0, 0x3, "Non-maskable interrupt" },
	{ 0x124, 0, 0x4, "PCI Express error" },
	{ 0x124, 0, 0x5, "Generic hardware error" },
	{ 0x124, 0, 0x6, "Initialization error" },
	{ 0x124, 0, 0x7, "BOOT error" },
	{ 0x133, 0, 0x0,
	  "A single DPC or ISR exceeded its time allotment. The offending\n\tcomponent can usually be identified with "
	  "a stack trace." },
	{ 0x133, 0, 0x1, "The system cumulatively spent an extended period of time at\n\tDISPATCH_LEVEL or above." },
	{ 0x13a, 0, 0x3, "an entry's header is corrupt" },
	{ 0x13a, 0, 0x4, "the headers of several entries are corrupt" },
	{ 0x13a, 0, 0x5, "the header of a large allocation is corrupt" },
	{ 0x13a, 0, 0x6, "it looks like a buffer overrun" },
	{ 0x13a, 0, 0x7, "it looks like a buffer underrun" },
	{ 0x13a, 0, 0x8, "a free block was used as if it were busy" },
	{ 0x13a, 0, 0x9, "an argument is invalid" },
	{ 0x13a, 0, 0xa, "an allocation type is invalid" },
	{ 0x13a, 0, 0xb, "it looks like use after free" },
	{ 0x13a, 0, 0xc, "a block was given to the wrong heap" },
	{ 0x13a, 0, 0xd, "a free list is corrupt" },
	{ 0x13a, 0, 0xe, "a list other than the free list is corrupt" },
	{ 0x13a, 0, 0xf, "a free block was used as if it were busy" },
	{ 0x13a, 0, 0x10, "the heap's state is invalid, mostly by a buffer overflow" },
	{ 0x13a, 0, 0x11, "the heap's state is invalid, mostly by a buffer overflow" },
	{ 0x13a, 0, 0x12, "the heap's state is invalid, mostly by a buffer overflow" },
	{ 0x13a, 0, 0x13, "the heap handle is NULL" },
	{ 0x13a, 0, 0x14, "the allocation is larger than the limit" },
	{ 0x13a, 0, 0x15, "the commit limit would be exceeded" },
	{ 0x13a, 0, 0x16, "the size of an allocation was asked in vain" },
	{ 0x4e, 0, 0x1, "the head of a list is corrupt" },
	{ 0x4e, 0, 0x2, "an entry of a list is corrupt" },
	{ 0x4e, 0, 0x7, "a driver unlocked a page more often than it locked it" },
	{ 0x4e, 0, 0x8d, "the list of free pages is corrupt, mostly by faulty hardware" },
	{ 0x4e, 0, 0x8f, "the head of the list of free or zeroed pages is corrupt" },
	{ 0x4e, 0, 0x99, "a page table entry (PTE) or PFN is corrupt" },
	{ 0x4e, 0, 0x9a, "a driver freed a page that is locked for I/O" },
	{ 0xc1, 3, 0x20, "a driver freed pool that is not allocated" },
	{ 0xc1, 3, 0x21, "a driver freed a bad address" },
	{ 0xc1, 3, 0x22, "a driver freed a bad address" },
	{ 0xc1, 3, 0x23, "bytes near the freed block are overwritten" },
	{ 0xc1, 3, 0x24, "bytes behind the freed block are overwritten" },
	{ 0xc1, 3, 0x30, "a driver asked for pool at an IRQL that forbids it" },
	{ 0xc1, 3, 0x31, "a driver freed pool at an IRQL that forbids it" },
	{ 0xc1, 3, 0x32, "one bit near the freed block is wrong" },
	{ 0xc7, 0, 0x0, "a timer lies where none may lie" },
	{ 0xc7, 0, 0x1, "a deferred procedure lies where none may lie" },
	{ 0xc7, 0, 0x2, "the routine of a deferred procedure lies where none may lie" },
	{ 0xc7, 0, 0x3, "the processor number of a deferred procedure is wrong" },
	{ 0xc7, 0, 0x4, "a deferred procedure changed the thread's APC disable count" },
	{ 0xc7, 0, 0x5, "the deferred procedure of a timer changed the thread's APC disable count" },
	{ 0xf4, 0, 0x3, "Process" },
	{ 0xf4, 0, 0x6, "Thread" },
	{ 0x109, 3, 0x0, "a generic data region" },
	{ 0x109, 3, 0x1, "a function" },
	{ 0x109, 3, 0x2, "an interrupt dispatch table (IDT)" },
	{ 0x109, 3, 0x3, "a global descriptor table (GDT)" },
	{ 0x109, 3, 0x4, "a process list, type 1" },
	{ 0x109, 3, 0x5, "a process list, type 2" },
	{ 0x109, 3, 0x6, "a debug routine" },
	{ 0x109, 3, 0x7, "a critical MSR" },
	{ 0x109, 3, 0x8, "an object type" },
	{ 0x109, 3, 0x9, "a processor's IVT" },
	{ 0x109, 3, 0xa, "a system service function" },
	{ 0x109, 3, 0xb, "a generic session data region" },
	{ 0x109, 3, 0xc, "a session function or .pdata" },
	{ 0x109, 3, 0xd, "an import table" },
	{ 0x109, 3, 0xe, "a session import table" },
	{ 0x109, 3, 0xf, "Ps Win32 callouts" },
	{ 0x109, 3, 0x10, "a debug switch routine" },
	{ 0x109, 3, 0x11, "the IRP allocator" },
	{ 0x109, 3, 0x12, "the driver call dispatcher" },
	{ 0x109, 3, 0x13, "the IRP completion dispatcher" },
	{ 0x109, 3, 0x14, "the IRP deallocator" },
	{ 0x109, 3, 0x15, "a processor control register" },
	{ 0x109, 3, 0x16, "a floating point control register" },
	{ 0x109, 3, 0x17, "the local APIC" },
	{ 0x109, 3, 0x18, "kernel notification callouts" },
	{ 0x109, 3, 0x19, "the list of loaded modules" },
	{ 0x109, 3, 0x1a, "a process list, type 3" },
	{ 0x109, 3, 0x1b, "a process list, type 4" },
	{ 0x109, 3, 0x1c, "a driver object" },
	{ 0x109, 3, 0x1d, "an executive callback object" },
	{ 0x109, 3, 0x1e, "the padding of a module" },
	{ 0x109, 3, 0x1f, "a protected process" },
	{ 0x109, 3, 0x20, "a generic data region" },
	{ 0x109, 3, 0x21, "a page hash does not match" },
	{ 0x109, 3, 0x22, "a session page hash does not match" },
	{ 0x109, 3, 0x23, "a load config directory" },
	{ 0x109, 3, 0x24, "the inverted function table" },
	{ 0x109, 3, 0x25, "the session configuration" },
	{ 0x109, 3, 0x26, "an extended control register" },
	{ 0x109, 3, 0x27, "pool, type 1" },
	{ 0x109, 3, 0x28, "pool, type 2" },
	{ 0x109, 3, 0x29, "pool, type 3" },
	{ 0x109, 3, 0x101, "pool" },
	{ 0x109, 3, 0x102, "win32k.sys" },
	{ 0x7a, 1, 0xffffffffc000000e, "no such device: a cable, or the disk itself" },
	{ 0x7a, 1, 0xffffffffc000009a, "nonpaged pool ran out" },
	{ 0x7a, 1, 0xffffffffc000009c, "bad blocks on the disk" },
	{ 0x7a, 1, 0xffffffffc000009d, "the disk is not connected: a cable, or the controller" },
	{ 0x7a, 1, 0xffffffffc000016a, "bad blocks on the disk" },
	{ 0x7a, 1, 0xffffffffc0000185, "an I/O error: a cable, or the disk" },
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

const char *bugcheck_arg_text(uint32_t code, unsigned arg, const uint64_t params[4])
{
	// Parameters 2 to 4 of one value of the first. Microsoft's page of 0x9F; those of 4 as the debugger's output
	// has them (bobranten/Ext4Fsd issue 81, openzfsonwindows/openzfs issue 562).
	static const struct {
		uint32_t code;
		uint16_t subtype;
		const char *args[3];
	} list[] = {
		{ 0x9f, 1, { "The device object", "Reserved", "Reserved" } },
		{ 0x9f,
		  2,
		  { "Device object of the target device, when it is known", "The device object",
		    "The driver object, when it is known" } },
		{ 0x9f,
		  4,
		  { "Timeout in seconds.", "The thread currently holding on to the Pnp lock.",
		    "nt!TRIAGE_9F_PNP on Win7 and higher" } },
		{ 0x9f, 5, { "Physical Device Object of the stack", "The POP_FX_DEVICE object", "Reserved" } },
		{ 0x9f, 6, { "The POP_FX_DEVICE object", "1: powering down, 0: powering up", "Reserved" } },
		{ 0x9f,
		  0x500,
		  { "Reserved", "Device object of the target device, when it is known", "Device object" } },
	};
	const struct bugcheck *b = bugcheck_find(code);
	for (size_t i = 0; params && arg && i < ARRAY_LEN(list); i++)
		if (list[i].code == code && list[i].subtype == params[0])
			return list[i].args[arg - 1];
	return b ? b->args[arg] : NULL;
}
