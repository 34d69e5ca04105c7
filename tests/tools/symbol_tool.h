// SPDX-License-Identifier: Apache-2.0
// symbol_tool.h: what the tools that print what readers of symbols see share: the file, and how long a look-up takes,
// at random places, warm.
#pragma once
#include "base/base.h"
#include "base/os.h"

#include <inttypes.h>
#include <stdio.h>

static int tool_fail(err_t e)
{
	printf("error\t%s\t%s\t%" PRIx64 "\n", err_name(e.code), e.what, e.at);
	return 1;
}

static int tool_main(int argc, char **argv, int (*run)(struct arena *a, struct span file, int argc, char **argv))
{
	struct file_map map;
	if (argc < 2)
		return 2;
	err_t e = file_map_open(argv[1], &map);
	if (e.code)
		return tool_fail(e);
	struct arena *a = arena_new((size_t)1 << 30);
	int status = run(a, map.bytes, argc, argv);
	arena_free(a);
	file_map_close(&map);
	return status;
}

struct places { // the middles of functions
	uint32_t *rva;
	size_t n, cap;
};

static struct places places_new(struct arena *a)
{
	enum { MOST = 100000 };
	return (struct places){ .rva = NEW_N(a, uint32_t, MOST), .cap = MOST };
}

static bool places_take(struct places *w, uint32_t rva, uint32_t size)
{
	if (w->n < w->cap)
		w->rva[w->n++] = rva + size / 2;
	return true;
}

// Nanoseconds of one call of fn, which returns how much it found; what: handed on, as asked by the rows of a tool. The
// second of two rounds counts. -1: nothing was found.
static double places_time(const struct places *w, uint64_t (*fn)(void *ctx, uint32_t rva, int what), void *ctx,
			  int what)
{
	enum { ROUNDS = 300000 };
	double ns = -1;
	for (int round = 0; round < 2; round++) {
		uint32_t x = 12345;
		uint64_t start = os_now_us(), sum = 0;
		for (int i = 0; i < ROUNDS; i++) {
			x = x * 1664525 + 1013904223;
			sum += fn(ctx, w->rva[(x >> 8) % w->n], what);
		}
		ns = sum ? (double)(os_now_us() - start) * 1000 / (double)ROUNDS : -1;
	}
	return ns;
}
