// SPDX-License-Identifier: Apache-2.0
// nt_builds.h: kernels known by what a small dump tells of them. Small dumps hold no record of the kernel's PDB.
#pragma once
#include "base/base.h"

struct nt_image {
	uint32_t timestamp, size; // of the image
	uint16_t machine, build, revision;
};
struct nt_pdb {
	uint32_t debugger_block, loaded_modules, active_processes; // RVAs of KdDebuggerDataBlock and the two list heads
	uint8_t guid[16];                                          // as an RSDS record has it
	uint32_t age;
	const char *name;
};
extern const struct nt_image nt_images[]; // ascending timestamp, size
extern const size_t nt_n_images;
extern const struct nt_pdb nt_pdbs[]; // ascending RVAs
extern const size_t nt_n_pdbs;

// The kernel image of this time stamp and size; NULL: not known.
const struct nt_image *nt_image_find(uint32_t timestamp, uint32_t size, uint16_t machine);
// Kernels whose three globals lie at these RVAs: a short list, not an identity, because service builds share them.
// *ret: the first of the number returned.
size_t nt_pdb_find(uint32_t debugger_block, uint32_t loaded_modules, uint32_t active_processes,
		   const struct nt_pdb **ret);
