// SPDX-License-Identifier: Apache-2.0
// pe.h: a PE image, from its file or from target memory (possibly with holes). Read by RVA through a
// callback, so both look the same. Formats: Microsoft's "PE Format", "x64 exception handling" and "ARM64
// exception handling" pages.
#pragma once
#include "base/base.h"

// Reads up to n bytes at an RVA; returns how many were there (0: absent).
typedef size_t pe_read_fn(void *ctx, uint32_t rva, void *buf, size_t n);

struct pe_section {
	char name[9];
	uint32_t va, vsize, raw, raw_size, flags; // flags: IMAGE_SCN_*
};
enum pe_dir {
	PE_EXPORT = 0,
	PE_IMPORT = 1,
	PE_RESOURCE = 2,
	PE_EXCEPTION = 3,
	PE_RELOC = 5,
	PE_DEBUG = 6,
	PE_TLS = 9,
	PE_LOAD_CONFIG = 10,
	PE_IAT = 12,
	PE_CLR = 14,
	PE_NDIRS = 16,
};
struct pe_data_dir {
	uint32_t rva, size;
};
struct pe {
	pe_read_fn *read;
	void *ctx;
	uint32_t nt_offset; // e_lfanew
	uint16_t machine, n_sections, opt_size, characteristics;
	uint32_t timestamp, symtab, n_syms;
	// The optional header; PE32 values widened.
	uint16_t opt_magic; // 0x10b PE32, 0x20b PE32+
	uint8_t linker_major, linker_minor;
	uint32_t size_of_code, size_of_init_data, size_of_uninit_data, entry, base_of_code, base_of_data;
	uint64_t image_base;
	uint32_t section_alignment, file_alignment;
	uint16_t os_major, os_minor, image_major, image_minor, subsystem_major, subsystem_minor;
	uint32_t win32_version, size_of_image, size_of_headers, checksum;
	uint16_t subsystem, dll_characteristics;
	uint64_t stack_reserve, stack_commit, heap_reserve, heap_commit;
	uint32_t loader_flags, n_dirs;
	struct pe_data_dir dirs[PE_NDIRS]; // missing ones are zero
	const struct pe_section *sections;
};

// Decodes the headers. E_ABSENT: the headers are not there to read; E_CORRUPT: they are no PE headers.
MUST_USE err_t pe_open(struct arena *a, pe_read_fn *read, void *ctx, struct pe **ret);
// The same over a file's bytes: RVAs go through the section table. `file` must outlive the result.
MUST_USE err_t pe_open_file(struct arena *a, struct span file, struct pe **ret);
size_t pe_read(const struct pe *pe, uint32_t rva, void *buf, size_t n); // how many bytes were there
bool pe_read_all(const struct pe *pe, uint32_t rva, void *buf, size_t n);
const struct pe_section *pe_section_at(const struct pe *pe, uint32_t rva); // NULL: headers or a gap
bool pe_is_executable(const struct pe *pe, uint32_t rva);                  // by section flags

// ---- exports
struct pe_export {
	uint32_t rva;
	uint32_t ordinal;
	const char *name;    // NULL: by ordinal only
	const char *forward; // "NTDLL.RtlFoo"; then rva points at that text
};
struct pe_exports {
	const char *dll_name;
	const struct pe_export *by_rva; // ascending rva, forwarders last
	size_t n, n_code;               // n_code: how many are no forwarders
	bool partial;                   // some of the tables could not be read
};
MUST_USE err_t pe_exports(struct arena *a, const struct pe *pe, struct pe_exports *ret);

// ---- debug directory and version resource
struct pe_debug {
	uint32_t characteristics, timestamp;
	uint16_t major, minor;
	uint32_t type, size, rva, raw; // type: IMAGE_DEBUG_TYPE_*
};
const char *pe_debug_type_name(uint32_t type); // "CODEVIEW", "POGO", ...; "?" when unknown
MUST_USE err_t pe_debug_dirs(struct arena *a, const struct pe *pe, const struct pe_debug **ret, size_t *n_ret);
MUST_USE err_t pe_codeview(struct arena *a, const struct pe *pe, struct span *ret); // CvRecord bytes, copied
bool pe_is_reproducible(const struct pe *pe); // timestamp is a hash (debug type REPRO)
struct pe_version_string {
	const char *key, *value;
};
struct pe_version {
	bool has_fixed;
	uint32_t fixed[13];                      // VS_FIXEDFILEINFO as stored
	const struct pe_version_string *strings; // first StringTable, file order
	size_t n_strings;
	const uint32_t *translations; // low word language, high word code page
	size_t n_translations;
};
MUST_USE err_t pe_version(struct arena *a, const struct pe *pe, struct pe_version *ret);

// ---- .pdata
struct pe_function {         // an entry, resolved through indirections
	uint32_t begin, end; // RVAs; ARM64: end as the unwind data says
	uint32_t unwind;     // x64: RVA of UNWIND_INFO; ARM64: the second word as stored
	uint32_t entry;      // RVA of the entry itself
	bool indirect;       // x64: the unwind data is that of another entry: no prolog or epilog list of its own
};
// The entry that covers rva. E_NOTFOUND: none; E_ABSENT: the table is not readable.
MUST_USE err_t pe_function_at(const struct pe *pe, uint32_t rva, struct pe_function *ret);
// x64: parts of a function that lie away from it have entries of their own, which lead to the function's entry. Where
// the part that covers rva begins, and the function; they are equal when it is no part. False: no entry is readable.
bool pe_function_whole(const struct pe *pe, uint32_t rva, uint32_t *part_ret, uint32_t *begin_ret);
size_t pe_function_count(const struct pe *pe);
MUST_USE err_t pe_function_get(const struct pe *pe, size_t i, struct pe_function *ret);

// ---- base relocations (pe/pe_reloc.c): what the loader changes in an image that does not lie at ImageBase.
struct pe_relocs;
// Reads the block headers of the relocation directory. E_NOTFOUND: the image has none.
MUST_USE err_t pe_relocs_open(struct arena *a, const struct pe *pe, struct pe_relocs **ret);
// Adjusts n bytes read at rva as if the image lay `delta` above ImageBase (modulo 2^64).
void pe_relocs_apply(const struct pe_relocs *r, const struct pe *pe, uint64_t delta, uint32_t rva, void *buf, size_t n);
