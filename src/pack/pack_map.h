// SPDX-License-Identifier: Apache-2.0
// pack_map.h: numbers to numbers, in an arena; keys are not 0.
#pragma once
#include "base/base.h"

#include <string.h>

struct pack_map {
	uint64_t *keys;
	uint32_t *values;
	size_t n, cap; // a power of two
};

static inline size_t pack_map_slot(const struct pack_map *m, uint64_t key)
{
	uint64_t h = key * 0x9e3779b97f4a7c15;
	size_t at = (size_t)(h ^ h >> 32) & (m->cap - 1);
	while (m->keys[at] && m->keys[at] != key)
		at = (at + 1) & (m->cap - 1);
	return at;
}

static inline void pack_map_grow(struct arena *a, struct pack_map *m)
{
	struct pack_map old = *m;
	m->cap = old.cap ? old.cap * 2 : 256;
	m->keys = NEW_N(a, uint64_t, m->cap);
	m->values = NEW_N(a, uint32_t, m->cap);
	for (size_t i = 0; i < old.cap; i++) {
		if (!old.keys[i])
			continue;
		size_t at = pack_map_slot(m, old.keys[i]);
		m->keys[at] = old.keys[i];
		m->values[at] = old.values[i];
	}
}

// The value of a key, 0 when it is new; to be set.
static inline uint32_t *pack_map_at(struct arena *a, struct pack_map *m, uint64_t key)
{
	if (m->n * 2 >= m->cap)
		pack_map_grow(a, m);
	size_t at = pack_map_slot(m, key);
	if (!m->keys[at]) {
		m->keys[at] = key;
		m->n++;
	}
	return &m->values[at];
}
