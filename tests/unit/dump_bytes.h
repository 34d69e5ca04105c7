// SPDX-License-Identifier: Apache-2.0
// dump_bytes.h: builds the bytes of a minidump field by field, for unit tests: any value, right or wrong.
#pragma once
#include "dump/dump.h"

#include <string.h>

struct bytes {
	uint8_t p[1 << 16];
	size_t n;
	uint32_t streams;
};

static inline void put(struct bytes *b, uint64_t v, unsigned n)
{
	for (unsigned i = 0; i < n && b->n < sizeof(b->p); i++)
		b->p[b->n++] = (uint8_t)(v >> (8 * i));
}

static inline void put32(struct bytes *b, uint64_t v)
{
	put(b, v, 4);
}

static inline void put64(struct bytes *b, uint64_t v)
{
	put(b, v, 8);
}

static inline void zeros(struct bytes *b, size_t n)
{
	while (n--)
		put(b, 0, 1);
}

static inline void set32(struct bytes *b, size_t at, uint64_t v)
{
	for (unsigned i = 0; i < 4; i++)
		b->p[at + i] = (uint8_t)(v >> (8 * i));
}

// A MINIDUMP_STRING; its RVA.
static inline uint32_t put_string(struct bytes *b, const char *s)
{
	uint32_t at = (uint32_t)b->n;
	put32(b, 2 * strlen(s));
	for (; *s; s++)
		put(b, (uint8_t)*s, 2);
	put(b, 0, 2);
	return at;
}

// The header, and room for `streams` directory entries, which stay UnusedStream until they are set.
static inline void begin(struct bytes *b, uint32_t streams)
{
	memset(b, 0, sizeof(*b));
	put32(b, 0x504d444d);
	put32(b, 0xa793);
	put32(b, streams);
	put32(b, 32);
	zeros(b, 16 + 12 * (size_t)streams);
}

// What was put since `from` becomes the next stream.
static inline void stream_sized(struct bytes *b, uint32_t type, size_t from, size_t size)
{
	size_t at = 32 + 12 * (size_t)b->streams++;
	set32(b, at, type);
	set32(b, at + 4, size);
	set32(b, at + 8, from);
}

static inline void stream(struct bytes *b, uint32_t type, size_t from)
{
	stream_sized(b, type, from, b->n - from);
}

static inline void put_system(struct bytes *b, uint16_t arch)
{
	size_t from = b->n;
	put(b, arch, 2);
	zeros(b, 54);
	stream(b, 7, from);
}

static inline struct span all(const struct bytes *b)
{
	return (struct span){ b->p, b->n };
}
