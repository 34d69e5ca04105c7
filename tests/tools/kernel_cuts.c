// SPDX-License-Identifier: Apache-2.0
// kernel_cuts.c: what of a kernel dump survives a cut or damage. In one process, without writing files:
//   kernel_cuts cut FILE STEP RANDOM SEED   opens the prefix of every multiple of STEP (0: none) and RANDOM further
//                                           ones; drivers and memory that lie before the cut must be told as before
//   kernel_cuts flip FILE COUNT SEED        flips bits in headers, tables and anywhere; whatever is told must lie in
//                                           the file
// Prints "N opened" and the first difference. Build with ASan to see reads past the cut.
#include "base/os.h"
#include "kernel_touch.h"

#include <sys/mman.h>

enum { ARENA = 1 << 28 };
static const struct dump *whole;
static unsigned long differences;

static uint64_t next_random(uint64_t *state) // splitmix64
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void differs(const char *what, size_t i, uint64_t cut)
{
	if (!differences++)
		printf("cut at %llu: %s %zu is told otherwise\n", (unsigned long long)cut, what, i);
}

static void compare_drivers(const struct dump_triage *w, const struct dump_triage *c, uint64_t cut)
{
	if (c->n_drivers > w->n_drivers)
		differs("number of drivers", c->n_drivers, cut);
	for (size_t i = 0; i < MIN(w->n_drivers, c->n_drivers); i++) {
		const struct dump_driver *x = &w->drivers[i], *y = &c->drivers[i];
		bool name = y->name == x->name || !y->name || (x->name && str_eq(x->name, y->name));
		if (x->base != y->base || x->size != y->size || x->timestamp != y->timestamp || !name)
			differs("driver", i, cut);
	}
}

// The byte of the whole dump's memory; -1: none.
static int whole_byte(va_t va)
{
	size_t n = dump_ranges_find(whole->ranges, va, NULL);
	struct dump_range w = dump_ranges_get(whole->ranges, n);
	return n == SIZE_MAX || va - w.va >= w.have ? -1 : whole->file.p[w.off + (va - w.va)];
}

// Memory is what it was, or not there. Dumps hold some memory twice: which copy is taken may change with a cut.
static void compare_memory(const struct dump *d, uint64_t cut)
{
	enum { SAMPLES = 16 };
	for (size_t i = 0; i < dump_ranges_count(d->ranges); i++) {
		struct dump_range r = dump_ranges_get(d->ranges, i);
		for (uint64_t k = 0; r.have && k < SAMPLES; k++) {
			uint64_t at = k * (r.have - 1) / (SAMPLES - 1);
			if (whole_byte(r.va + at) != d->file.p[r.off + at])
				differs("memory of range", i, cut);
		}
	}
	const struct dump_phys *p = d->kernel->phys, *q = whole->kernel->phys;
	pa_t pa, at = 0;
	for (unsigned i = 0; p && q && i < 500 && dump_phys_next(p, at, &pa); i++, at = pa + DUMP_PAGE) {
		uint64_t off, was;
		size_t left;
		if (dump_phys_find(p, pa, &off, &left, NULL) &&
		    (!dump_phys_find(q, pa, &was, &left, NULL) || off != was))
			differs("page", (size_t)(pa / DUMP_PAGE), cut);
	}
}

// Opens the first n bytes of the file; damage: with a few bits turned over.
static bool try_one(struct span file, size_t n, uint64_t *seed, bool damage)
{
	uint8_t *copy = mmap(NULL, MAX(n, (size_t)1), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED)
		exit(2);
	if (n)
		memcpy(copy, file.p, n);
	for (unsigned i = 0; damage && i < 1 + next_random(seed) % 4; i++) {
		static const size_t areas[] = { 0x100, 0x2100, 0x2400, 0x20000 };
		size_t most = areas[next_random(seed) % ARRAY_LEN(areas)], area = i % 2 ? n : MIN(n, most);
		copy[next_random(seed) % area] ^= (uint8_t)(1u << next_random(seed) % 8);
	}
	struct arena *a = arena_new(ARENA);
	struct target *t;
	bool opened = !target_open_map(a, "cut", NULL, (struct file_map){ .bytes = { copy, n } }, &t).code;
	if (opened && t->kernel) {
		touch_kernel_target(t);
		if (!damage) {
			const struct dump_kernel *w = whole->kernel, *c = t->dump->kernel;
			if (w->triage && c->triage)
				compare_drivers(w->triage, c->triage, n);
			if (w->body == c->body)
				compare_memory(t->dump, n);
		}
	}
	if (opened)
		target_close(t);
	arena_free(a);
	return opened;
}

int main(int argc, char **argv)
{
	struct file_map map;
	struct arena *a = arena_new(ARENA);
	struct dump *d;
	unsigned long opened = 0;
	if (argc < 5 || file_map_open(argv[2], &map).code || dump_open(a, argv[2], map.bytes, &d).code || !d->kernel) {
		fprintf(stderr, "usage: kernel_cuts cut FILE STEP RANDOM SEED | flip FILE COUNT SEED\n");
		return 2;
	}
	whole = d;
	bool cut = str_eq(argv[1], "cut") && argc > 5;
	uint64_t seed = strtoull(argv[cut ? 5 : 4], NULL, 10), step = cut ? strtoull(argv[3], NULL, 10) : 0;
	uint64_t n = strtoull(argv[cut ? 4 : 3], NULL, 10);
	for (uint64_t at = 0; step && at < map.bytes.n; at += step)
		opened += try_one(map.bytes, (size_t)at, &seed, false);
	for (uint64_t i = 0; i < n; i++)
		opened +=
			try_one(map.bytes, cut ? (size_t)(next_random(&seed) % map.bytes.n) : map.bytes.n, &seed, !cut);
	printf("%lu opened\n", opened);
	arena_free(a);
	file_map_close(&map);
	return differences != 0;
}
