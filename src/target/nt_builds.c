// SPDX-License-Identifier: Apache-2.0
// nt_builds.c: searches the tables of known kernels.
#include "target/nt_builds.h"

const struct nt_image *nt_image_find(uint32_t timestamp, uint32_t size, uint16_t machine)
{
	size_t lo = 0, hi = nt_n_images;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (nt_images[mid].timestamp < timestamp)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < nt_n_images && nt_images[lo].timestamp == timestamp; lo++)
		if (nt_images[lo].size == size && nt_images[lo].machine == machine)
			return &nt_images[lo];
	return NULL;
}

size_t nt_pdb_find(uint32_t debugger_block, uint32_t loaded_modules, uint32_t active_processes,
		   const struct nt_pdb **ret)
{
	size_t n = 0;
	for (size_t i = 0; i < nt_n_pdbs; i++) {
		const struct nt_pdb *p = &nt_pdbs[i];
		if (p->debugger_block != debugger_block || p->loaded_modules != loaded_modules ||
		    p->active_processes != active_processes)
			continue;
		if (!n++)
			*ret = p;
	}
	return n;
}
