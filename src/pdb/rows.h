// SPDX-License-Identifier: Apache-2.0
// rows.h: searching tables of rows that start with an RVA and ascend by it.
#pragma once
#include "base/base.h"

#include <string.h>

struct rva_index { // of ascending rows: how many lie below each multiple of 1 << shift
	uint32_t *below;
	size_t n;
	unsigned shift;
};
// How many of n ascending rows lie at or below an address. Each row starts with its RVA. Written for conditional moves:
// the branches of a usual search cost more than the memory it reads.
static inline size_t pdb_below(const void *rows, size_t stride, size_t n, uint32_t rva)
{
	const uint8_t *at = rows;
	while (n) {
		size_t half = n / 2;
		uint32_t here;
		memcpy(&here, at + half * stride, sizeof(here));
		at = here <= rva ? at + (half + 1) * stride : at;
		n = here <= rva ? n - half - 1 : half;
	}
	return (size_t)(at - (const uint8_t *)rows) / stride;
}
void pdb_index_rows(struct arena *a, const void *rows, size_t stride, size_t n, struct rva_index *ret);
// As pdb_below, with an index of the same rows.
static inline size_t pdb_below_in(const struct rva_index *x, const void *rows, size_t stride, size_t n, uint32_t rva)
{
	size_t i = rva >> x->shift;
	if (i + 1 >= x->n)
		return pdb_below(rows, stride, n, rva);
	size_t first = x->below[i];
	return first + pdb_below((const uint8_t *)rows + first * stride, stride, x->below[i + 1] - first, rva);
}
