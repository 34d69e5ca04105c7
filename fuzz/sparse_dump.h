// SPDX-License-Identifier: Apache-2.0
// sparse_dump.h: a kernel dump of many pages out of an input of few bytes, so that libFuzzer's changes hit what counts:
//   u8 form       bit 0: the header of 32-bit systems; the others are the fuzz target's
//   u24 size      of the file; at most SPARSE_MOST
//   u24 offset, u8 n, n + 1 bytes       as often as there are bytes left
// What no record writes is what Windows leaves: "PAGE" in the header, zeros behind it. fuzz/seeds_kernel.py writes it.
#pragma once
#include "base/os.h"

#include <string.h>

#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define SPARSE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SPARSE_ASAN 1
#endif
#endif
#ifdef SPARSE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define __asan_poison_memory_region(p, n)   ((void)(p), (void)(n))
#define __asan_unpoison_memory_region(p, n) ((void)(p), (void)(n))
#endif

enum { SPARSE_MOST = 1 << 18, SPARSE_LEAST = 8, SPARSE_HEAD = 4 };

static inline size_t sparse_size(const uint8_t *data, size_t size)
{
	size_t n = size < SPARSE_HEAD ? 0 : (size_t)le_get(data + 1, 3);
	return MIN(MAX(n, (size_t)SPARSE_LEAST), (size_t)SPARSE_MOST);
}

// Writes sparse_size() bytes.
static inline void sparse_fill(const uint8_t *data, size_t size, uint8_t *to)
{
	bool narrow = size && (data[0] & 1);
	size_t n = sparse_size(data, size), head = MIN(n, (size_t)(narrow ? 0x1000 : 0x2000));
	struct rd r = rd_at((struct span){ data, size }, SPARSE_HEAD);
	memset(to + head, 0, n - head);
	for (size_t i = 0; i < head; i++)
		to[i] = (uint8_t) "PAGE"[i % 4];
	while (rd_left(&r) > 4) {
		size_t at = rd_u16(&r);
		at |= (size_t)rd_u8(&r) << 16;
		size_t bytes = (size_t)rd_u8(&r) + 1;
		bytes = MIN(bytes, rd_left(&r));
		if (at < n)
			memcpy(to + at, data + r.pos, MIN(bytes, n - at));
		rd_skip(&r, bytes);
	}
	memcpy(to, narrow ? "PAGEDUMP" : "PAGEDU64", SPARSE_LEAST);
}

// As a mapped file, for those who unmap it; AddressSanitizer sees reads behind its end until sparse_unguard().
static inline bool sparse_map(const uint8_t *data, size_t size, struct file_map *ret)
{
	size_t n = sparse_size(data, size);
	uint8_t *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return false;
	sparse_fill(data, size, p);
	__asan_poison_memory_region(p + n, -n % 4096);
	*ret = (struct file_map){ .bytes = { p, n } };
	return true;
}

static inline void sparse_unguard(struct span file)
{
	__asan_unpoison_memory_region(file.p + file.n, -file.n % 4096);
}
