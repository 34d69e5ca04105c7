// SPDX-License-Identifier: Apache-2.0
// whea.h: hardware error records (WHEA_ERROR_RECORD): UEFI specification appendix N (Common Platform Error Record) and
// the sections of Microsoft's public cper.h.
#pragma once
#include "mem/space.h"

enum whea_severity { WHEA_RECOVERABLE, WHEA_FATAL, WHEA_CORRECTED, WHEA_INFORMATIONAL };
enum whea_kind {
	WHEA_UNKNOWN, // a section that is not decoded here; `name` may still know it
	WHEA_PROCESSOR,
	WHEA_XPF, // x86/x64 processor specific
	WHEA_MCA, // machine check banks, Microsoft's
	WHEA_MEMORY,
	WHEA_PCIE,
	WHEA_PACKET, // error packet, Microsoft's
};
struct whea_section {
	enum whea_kind kind;
	const char *name; // as the debugger names its kind; NULL: unknown
	uint8_t type[16]; // GUID
	va_t descriptor, at;
	uint32_t offset, length, flags, severity;
	const char *fru_text; // NULL: none recorded
	struct span bytes;    // shorter than length when the dump holds no more
};
struct whea_record {
	va_t at;
	uint32_t severity, length, flags, valid;
	uint16_t revision; // major in the high byte
	uint64_t id;
	uint8_t platform[16], partition[16], creator[16], notify[16];
	const char *creator_text, *notify_text; // NULL: an unknown GUID
	const char *time;                       // "5/9/2016 16:43:17 (UTC)"; NULL: none recorded
	struct whea_section *sections;
	size_t n_sections; // that the dump holds descriptors of
	size_t n_claimed;  // that the header promises
};
enum { WHEA_HAS_PLATFORM = 1, WHEA_HAS_TIME = 2, WHEA_HAS_PARTITION = 4 }; // whea_record.valid
// Reads a record and its sections. E_ABSENT: not in the dump; E_CORRUPT: no error record.
MUST_USE err_t whea_read(struct arena *a, const struct space *sp, va_t at, struct whea_record *ret);
const char *whea_severity_text(uint32_t severity); // "Fatal"; NULL: unknown

// What a section of a known kind says, line by line. Lines above level 0 belong to the last line of level 0; level 2
// has long names. A value of NULL: a heading. An empty name: the line above goes on.
struct whea_fact {
	unsigned level;
	const char *name, *value;
};
// The number of facts, in `a`. 0: nothing, or the section is not decoded.
size_t whea_facts(struct arena *a, const struct whea_section *s, const struct whea_fact **ret);

struct whea_mca {
	uint32_t vendor; // WHEA_CPU_VENDOR: 0 other, 1 Intel, 2 AMD
	uint32_t processor, bank;
	uint64_t global_status, ip, status, address, misc;
};
bool whea_mca_read(const struct whea_section *s, struct whea_mca *ret); // false: no such section, or cut short
// The machine check error code in words ("Internal timer", "BUSLG_OBS_ERR_*_NOTIMEOUT_ERR"): Intel SDM volume 3B,
// "Interpreting the machine check error codes". "Unknown" for codes that are not in it.
const char *whea_mca_text(struct arena *a, uint64_t status);
