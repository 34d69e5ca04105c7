// SPDX-License-Identifier: Apache-2.0
// dump.h: an open dump file: what it says, format by format, turned into the same facts. Everything here
// lives as long as the dump; spans point into the mapped file.
//
// To add a dump format `foo`:
//  1. write dump/foo.c, defining `const struct dump_format dump_foo`;
//  2. add the line `foo` to dump/LIST (order is order of trial);
//  3. add fuzz/fuzz_foo.c and a builder in tests/make/.
#pragma once
#include "base/base.h"

// ---- memory ranges: runs of captured target memory.
struct dump_range {
	va_t va;
	uint64_t size; // bytes the dump's table promises
	uint64_t off;  // file offset of the first byte
	uint64_t have; // bytes of it that the file really holds (less than size when the file is cut short)
};
// The table is searched where it lies in the file. Ranges come in ascending address order; where the
// file's ranges overlap, the one listed first wins.
struct dump_ranges;
size_t dump_ranges_count(const struct dump_ranges *t);
struct dump_range dump_ranges_get(const struct dump_ranges *t, size_t i); // i < count
// The index of the range that holds va, or SIZE_MAX. *next_ret (may be NULL): index of the first range that
// starts above va (count when there is none).
size_t dump_ranges_find(const struct dump_ranges *t, va_t va, size_t *next_ret);

// ---- user-mode facts: the MINIDUMP_* structures of Microsoft's minidumpapiset.h, and Crashpad's and
// Breakpad's public headers for their own streams.
struct dump_stream { // one directory entry, in file order
	uint32_t type, size, rva;
	struct span bytes;    // what the file holds of it
	const char *name;     // "ThreadListStream", or NULL when unknown
	enum err_code status; // OK; E_CORRUPT: does not decode; E_ABSENT: lies (partly) beyond the file's end
};
struct dump_system {
	bool present;
	uint16_t arch; // PROCESSOR_ARCHITECTURE_*: 0 x86, 5 ARM, 9 AMD64, 12 ARM64
	uint16_t level, revision;
	uint8_t n_cpus;
	uint8_t product_type; // VER_NT_*: 1 workstation, 2 domain controller, 3 server
	uint32_t major, minor, build, platform_id;
	const char *csd; // "Service Pack 1", "" when none, NULL when unreadable
	uint16_t suite_mask;
	uint8_t cpu[24]; // the CPU_INFORMATION union as stored
};
enum misc_flag {
	MISC_PID = 1,
	MISC_TIMES = 2,
	MISC_POWER = 4,
	MISC_INTEGRITY = 0x10,
	MISC_EXEC_FLAGS = 0x20,
	MISC_TIMEZONE = 0x40,
	MISC_PROTECTED = 0x80,
	MISC_BUILD = 0x100,
	MISC_COOKIE = 0x200,
};
struct dump_misc {
	bool present;
	uint32_t size;
	uint32_t flags; // enum misc_flag; only those whose fields the size really covers
	uint32_t pid;
	uint32_t create_time;            // time_t
	uint32_t user_time, kernel_time; // seconds
	uint32_t mhz_max, mhz_current, mhz_limit, idle_max, idle_current;
	uint32_t integrity, execute_flags, protected_process;
	uint32_t timezone_id;                                // 0 unknown, 1 standard, 2 daylight
	int32_t tz_bias, tz_standard_bias, tz_daylight_bias; // minutes; UTC = local + bias
	const char *tz_standard, *tz_daylight;
	const char *build_string, *dbg_build_string;
	uint64_t xstate_features; // 0 when the record is older than MINIDUMP_MISC_INFO_5
	uint32_t xstate_size;
	struct {
		uint32_t off, size;
	} xstate[64];
	uint32_t process_cookie;
};
struct dump_thread_info { // times in FILETIME units (100 ns)
	uint32_t flags, error, exit_status;
	uint64_t create_time, exit_time, kernel_time, user_time;
	va_t start_address;
	uint64_t affinity;
};
struct dump_thread {
	uint32_t tid, suspend_count, priority_class, priority;
	va_t teb;
	va_t stack_start; // lowest captured stack address
	uint32_t stack_size;
	uint32_t stack_rva;  // 0: the bytes are in the memory list
	struct span context; // empty when absent
	uint32_t context_rva, context_size;
	const char *name;                    // NULL when the dump has none
	const struct dump_thread_info *info; // NULL when the dump has none
};
enum cv_kind { CV_NONE, CV_RSDS, CV_NB10, CV_ELF, CV_OTHER };
struct codeview {
	enum cv_kind kind;
	uint8_t guid[16];   // RSDS: as stored
	uint32_t timestamp; // NB10
	uint32_t age;
	const char *path;     // as stored, made UTF-8; "" when none
	struct span build_id; // ELF
};
// Decodes the bytes of a CodeView debug record; CV_NONE for an empty span.
struct codeview codeview_decode(struct arena *a, struct span record);
struct dump_module {
	va_t base;
	uint32_t size, checksum, timestamp;
	const char *path;   // as stored, made UTF-8; "" when unreadable
	bool has_version;   // fixed[] holds a VS_FIXEDFILEINFO with the right signature
	uint32_t fixed[13]; // as stored: signature, struct version, file MS/LS, product MS/LS, mask, flags, OS,
			    // type, subtype, date MS/LS
	struct codeview cv;
	struct span debug_record; // what cv was decoded from, as stored; empty when it is not whole
	struct span misc;         // IMAGE_DEBUG_MISC bytes, may be empty
};
struct dump_unloaded {
	va_t base;
	uint32_t size, checksum, timestamp;
	const char *name;
};
struct dump_exception {
	bool present;
	uint32_t tid, code, flags;
	va_t record, address;
	uint32_t n_params;  // clamped to 15
	uint32_t n_claimed; // as a record has it; 0: there is none
	uint64_t params[15];
	struct span context;
	uint32_t context_rva, context_size;
};
enum { EXCEPTION_RECORD_BYTES = 0x98 }; // of 64 bits; of 32 bits: 0x50
// EXCEPTION_RECORD32 or _RECORD64 (winnt.h): code to params of *ret; `present`: all before the parameters is there;
// parameters that are not are 0. False: one that is claimed is not.
bool dump_exception_decode(struct span b, unsigned ptr_bytes, struct dump_exception *ret);
struct dump_meminfo { // MEMORY_BASIC_INFORMATION64
	va_t base, alloc_base;
	uint32_t alloc_protect;
	uint64_t size;
	uint32_t state, protect, type; // MEM_* and PAGE_*
};
struct dump_handle_info {
	uint32_t type; // MINIDUMP_HANDLE_OBJECT_INFORMATION_TYPE
	struct span bytes;
};
struct dump_handle {
	uint64_t handle;
	const char *type, *name; // NULL when absent
	uint32_t attributes, access, handle_count, pointer_count;
	const struct dump_handle_info *info; // the object-information chain, in file order
	size_t n_info;
};
struct dump_function_table { // RtlAddFunctionTable and JIT code
	va_t min, max, base;
	uint32_t n_entries, entry_size;
	struct span entries; // RUNTIME_FUNCTION array as stored
	struct span native;
};
struct dump_handle_op { // AVRF_HANDLE_OPERATION
	uint64_t handle;
	uint32_t pid, tid;
	uint32_t type; // 1 open, 2 close, 3 bad reference
	uint32_t depth, index;
	va_t frames[32];
};
struct dump_token {
	uint32_t size, id;
	uint64_t handle;
	struct {
		uint32_t off;
		struct span bytes;
	} blocks[7]; // undocumented; kept as bytes
};
struct dump_sysmem {
	bool present;
	uint16_t revision, flags;
	uint32_t timer_resolution, page_size, n_processors, allocation_granularity;
	uint64_t physical_pages, lowest_page, highest_page, min_user_address, max_user_address, active_processors;
	struct span raw; // the whole stream
};
struct dump_vm { // counters that the revision does not have are 0
	bool present;
	uint16_t revision, flags;
	uint32_t page_faults;
	uint64_t peak_ws, ws, quota_peak_paged, quota_paged, quota_peak_nonpaged, quota_nonpaged, pagefile;
	uint64_t peak_pagefile, peak_virtual, virtual_size, private_usage, private_ws, shared_commit;
	uint64_t job_shared_commit, job_private_commit, job_peak_private_commit, job_private_commit_limit;
	uint64_t job_total_commit_limit;
};
struct dump_pair {
	const char *key, *value;
};
struct dump_crashpad_module {
	uint32_t index; // into the module list
	const char *const *list;
	size_t n_list;
	const struct dump_pair *simple;
	size_t n_simple;
	const struct dump_pair *objects; // string-typed annotation objects; others have value NULL
	size_t n_objects;
};
struct dump_crashpad {
	bool present;
	uint32_t version;
	uint8_t report_id[16], client_id[16];
	uint64_t address_mask; // 0 when not recorded
	const struct dump_pair *annotations;
	size_t n_annotations;
	const struct dump_crashpad_module *modules;
	size_t n_modules;
};
struct dump_breakpad {
	bool present;
	uint32_t validity; // bit 0: dump_tid is valid, bit 1: requesting_tid is valid
	uint32_t dump_tid, requesting_tid;
	bool has_assertion;
	const char *expression, *function, *file;
	uint32_t line, type;
};

// What is wrong or odd in the file: shown at load, kept for .dumpdebug.
struct dump_note {
	enum err_code code; // E_CORRUPT; E_ABSENT: cut off; E_LIMIT; OK: a remark
	const char *what;   // names the structure
	uint64_t at;        // file offset
};

struct dump_user {
	uint16_t version_low, version_high; // low is 0xa793
	uint32_t checksum;
	uint32_t timestamp; // time_t of the dump
	uint64_t flags;     // MINIDUMP_TYPE
	const struct dump_stream *streams;
	size_t n_streams;
	struct dump_system system;
	struct dump_misc misc;
	const struct dump_thread *threads;
	size_t n_threads;
	const struct dump_module *modules;
	size_t n_modules;
	const struct dump_unloaded *unloaded;
	size_t n_unloaded;
	struct dump_exception exception;
	const char *comment_a, *comment_w; // NULL when absent
	struct dump_sysmem sysmem;
	struct dump_vm vm;
	struct dump_crashpad crashpad;
	struct dump_breakpad breakpad;
	const struct dump_token *tokens;
	size_t n_tokens;
	const struct dump_function_table *functions;
	size_t n_functions;
	bool full_memory; // has a Memory64List
	bool has_meminfo, has_handles, has_thread_info, has_thread_names, has_handle_ops, has_thread_ex;
	// The big tables stay undecoded; see the calls below.
	struct dump_table {
		struct span entries;
		uint32_t stride;
		size_t n;
		bool sorted;
	} meminfo, handles, handle_ops;
	struct span file; // for the RVAs inside those tables
};
// Each call decodes one entry; i < the table's n. Strings go to `a`.
struct dump_meminfo dump_meminfo_get(const struct dump_user *u, size_t i);
bool dump_meminfo_at(const struct dump_user *u, va_t va, struct dump_meminfo *ret); // the entry covering va
struct dump_handle dump_handle_get(const struct dump_user *u, struct arena *a, size_t i);
struct dump_handle_op dump_handle_op_get(const struct dump_user *u, size_t i);
const char *dump_stream_name(uint32_t type); // NULL when unknown

// ---- the dump
struct dump_kernel;
enum dump_kind { DUMP_USER_MINI, DUMP_USER_FULL, DUMP_KERNEL };
struct dump {
	const char *path; // as the user gave it
	struct span file;
	const struct dump_format *format;
	enum dump_kind kind;
	uint16_t machine;           // IMAGE_FILE_MACHINE_*; 0 when unknown
	uint8_t ptr_bytes;          // 8 or 4
	struct dump_ranges *ranges; // of virtual memory; never NULL
	struct dump_user *user;     // NULL for kernel dumps
	struct dump_kernel *kernel; // dump/kernel.h; NULL for user dumps
	const struct dump_note *notes;
	size_t n_notes;
	bool truncated; // bytes that the directory promises are missing at the end
};
struct dump_format {
	const char *name;                               // "minidump"
	bool (*probe)(struct span file);                // looks at the first bytes only
	err_t (*open)(struct arena *a, struct dump *d); // fills *d; a partial dump with notes is success
};
extern const struct dump_format *const dump_formats[]; // generated from dump/LIST; NULL-terminated

// Opens the mapped file: O(header + directory + range table). E_UNSUPPORTED names what the file is when it
// is recognised but is no dump of ours; E_CORRUPT when nothing at all can be had from it.
MUST_USE err_t dump_open(struct arena *a, const char *path, struct span file, struct dump **ret);
