// SPDX-License-Identifier: Apache-2.0
// smbios.h: SMBIOS tables (DMTF DSP0134) as Windows leaves them in a dump: RawSMBIOSData of Microsoft's documentation
// of GetSystemFirmwareTable.
#pragma once
#include "base/str.h"

struct smbios {
	uint8_t major, minor, dmi;
	uint32_t length;
	struct span tables; // shorter than length when the dump holds no more
};
struct smbios_entry {
	uint8_t type;
	uint16_t handle;
	struct span body;    // formatted area, its header of 4 bytes included
	struct span strings; // behind it
};
bool smbios_open(struct span raw, struct smbios *ret); // false: none
// Moves on from *pos (0 at first). False: the end, or no table any more.
bool smbios_next(const struct smbios *s, size_t *pos, struct smbios_entry *ret);
// The string whose number lies at an offset of the formatted area; NULL: none.
const char *smbios_string(struct arena *a, const struct smbios_entry *e, size_t at);
