// SPDX-License-Identifier: Apache-2.0
// kernel.h: what a kernel dump (PAGEDUMP, PAGEDU64) says of itself. Layouts: the headers of Microsoft's public tools
// and documents do not describe them; facts here were measured on dumps of the writers named in comments.
#pragma once
#include "dump/dump.h"

// ---- pages of physical memory
struct dump_phys;
enum { DUMP_PAGE = 4096 };
// File offset of the byte at pa and how many bytes of its page the file holds from there. False: the page is not in the
// dump, or the file ends before it (*cut_ret, may be NULL, tells them apart).
bool dump_phys_find(const struct dump_phys *p, pa_t pa, uint64_t *off_ret, size_t *left_ret, bool *cut_ret);
uint64_t dump_phys_pages(const struct dump_phys *p); // that the dump claims to hold
pa_t dump_phys_end(const struct dump_phys *p);       // above the highest page it can hold
// The first page at or above pa that is present; false: none.
bool dump_phys_next(const struct dump_phys *p, pa_t pa, pa_t *ret);

// ---- triage dumps
struct dump_driver {
	va_t base, entry;
	uint64_t size;
	uint32_t checksum, timestamp;
	const char *name; // as stored: a path, or a file name in dumps that the kernel wrote itself
};
struct dump_unloaded_driver {
	va_t start, end;
	const char *name; // cut by Windows to 12 characters
};
struct dump_word {
	const char *name;
	uint32_t value;
};
struct dump_triage {
	const struct dump_word *words; // the header's offsets in the file, and sizes, in its order
	size_t n_words;
	const struct dump_range *blocks; // memory as the header lists it
	size_t n_listed;
	uint32_t service_pack, size_of_dump, options;
	bool whole; // the marker at the end is there
	const struct dump_driver *drivers;
	size_t n_drivers;
	const struct dump_unloaded_driver *unloaded;
	size_t n_unloaded;
	const char *broken_driver; // NULL: none named
	va_t stack;                // of the current thread from here on; 0: none
	uint32_t stack_size;
	uint32_t n_blocks;
	// Copies of the current processor's and thread's structures. A va of 0: the dump does not tell where it lay.
	struct dump_copy {
		va_t va;
		struct span bytes;
	} prcb, process, thread;
	struct span mm; // memory manager's counters, undocumented
	bool in_kernel; // written by the kernel itself (Windows 11 24H2, live dumps), not made from the page file
};

// ---- the whole
enum kernel_body {
	KERNEL_HEADER_ONLY,
	KERNEL_RUNS,   // full: the pages of the header's runs, one after the other
	KERNEL_BITMAP, // SDMP, FDMP: a bit a page
	KERNEL_RANGES, // RDMP: written by a debugger
	KERNEL_TRIAGE,
};
struct dump_blob { // secondary data of a driver
	uint8_t guid[16];
	struct span bytes;
	uint64_t at; // file offset
};
// Bits of `attributes`: as the debugger spells them out in public outputs.
enum {
	DUMP_ATTRIBUTE_TOO_SMALL = 4, // the dump file's size was not sufficient
	DUMP_ATTRIBUTE_TRIAGE = 8,    // made by the kernel itself
	DUMP_ATTRIBUTE_LIVE = 0x10,   // the system went on
};
struct dump_kernel {
	uint32_t major, build; // build is that of the kernel's family: 19041 for 19041 to 19045
	uint32_t dump_type;    // as recorded
	enum kernel_body body; // as found: the body's own mark counts more than dump_type
	bool full_bitmap;      // KERNEL_BITMAP: FDMP
	bool pae_known, pae;   // x86
	pa_t dtb;              // page-table root as recorded, flag bits and all
	va_t pfn_database, loaded_modules, active_processes, debugger_data;
	uint32_t n_cpus;
	uint32_t bugcheck;   // without the flag 0x10000000
	bool bugcheck_mini;  // that flag was set: "_M"
	uint64_t params[4];  // x86: zero-extended
	struct span context; // CONTEXT of the crashing processor; empty: not recorded
	uint32_t context_off;
	struct dump_exception exception;
	const char *comment;  // NULL: none
	uint64_t system_time; // FILETIME, UTC; 0: not recorded
	uint64_t uptime;      // 100 ns; 0: not recorded
	// UINT32_MAX: not recorded
	uint32_t product_type, suite_mask, fields, secondary_state, attributes, boot_id, writer_status;
	struct span debugger_block; // KDDEBUGGER_DATA64, plain; empty: has to be read at debugger_data
	struct dump_phys *phys;     // NULL: triage
	struct dump_triage *triage; // NULL: not triage
	const struct dump_blob *blobs;
	size_t n_blobs;
};
