// SPDX-License-Identifier: Apache-2.0
// open_bench.c: opens a dump RUNS times and prints one JSON line: microseconds of the fastest and the median
// dump_open, bytes of its arena, kilobytes of private memory that opening added, microseconds of 100,000 lookups
// of random addresses.
//   open_bench FILE [RUNS]
#include "base/os.h"
#include "dump/dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RUNS = 101, LOOKUPS = 100000 };

static unsigned long private_kib(void)
{
	char line[128];
	unsigned long kib = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtoul(line + 8, NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

// The lookups only: what the bytes behind them cost is the host's business.
static uint64_t lookups(const struct dump *d)
{
	size_t n = dump_ranges_count(d->ranges);
	uint64_t seed = 1, sum = 0, start = os_now_us();
	for (unsigned i = 0; n && i < LOOKUPS; i++) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		va_t va = dump_ranges_get(d->ranges, (size_t)(seed >> 33) % n).va;
		sum += dump_ranges_get(d->ranges, dump_ranges_find(d->ranges, va, NULL)).off;
	}
	return os_now_us() - start + (sum == 1);
}

int main(int argc, char **argv)
{
	struct file_map map;
	uint64_t us[MAX_RUNS];
	size_t runs = argc > 2 ? strtoul(argv[2], NULL, 10) : 11;
	if (argc < 2 || runs < 1 || runs > MAX_RUNS || file_map_open(argv[1], &map).code) {
		fprintf(stderr, "usage: open_bench FILE [RUNS]\n");
		return 2;
	}
	unsigned long before = private_kib(), after = 0;
	size_t used = 0, ranges = 0;
	uint64_t lookup_us = 0;
	for (size_t i = 0; i < runs; i++) {
		struct arena *a = arena_new((size_t)1 << 30);
		struct dump *d;
		uint64_t start = os_now_us();
		err_t e = dump_open(a, argv[1], map.bytes, &d);
		us[i] = os_now_us() - start;
		if (e.code) {
			fprintf(stderr, "%s: %s\n", argv[1], e.what);
			return 1;
		}
		after = MAX(after, private_kib());
		used = arena_used(a);
		ranges = dump_ranges_count(d->ranges);
		if (i + 1 == runs)
			lookup_us = lookups(d);
		arena_free(a);
	}
	qsort(us, runs, sizeof(us[0]), by_size);
	printf("{\"ranges\":%zu,\"best_us\":%llu,\"median_us\":%llu,\"arena\":%zu,\"private_kib\":%lu,\"lookup_us\":%"
	       "llu}\n",
	       ranges, (unsigned long long)us[0], (unsigned long long)us[runs / 2], used, after - before,
	       (unsigned long long)lookup_us);
	file_map_close(&map);
	return 0;
}
