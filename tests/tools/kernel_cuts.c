// SPDX-License-Identifier: Apache-2.0
// kernel_cuts.c: what of a kernel dump survives a cut or damage. In one process, without writing files:
//   kernel_cuts cut FILE STEP RANDOM SEED   opens the prefix of every multiple of STEP (0: none) and RANDOM further
//                                           ones; drivers and memory that lie before the cut must be told as before
//   kernel_cuts edges FILE                  the same at, before and behind the ends of everything that the file has
//   kernel_cuts flip FILE COUNT SEED        flips bits in headers, tables and anywhere; whatever is told must lie in
//                                           the file
//   kernel_cuts bits FILE STEP              flips every STEPth bit, one at a time, of the headers and where the tables
//                                           of a small dump begin; every 16th of these is opened as a target, too
// Prints "N opened", "N tried" and the first difference. Build with ASan to see reads past the cut.
#include "../../fuzz/sparse_dump.h"
#include "base/os.h"
#include "kernel_touch.h"

#include <fcntl.h>
#include <unistd.h>

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

// What is being tried: the file as it is on disk, each time mapped anew.
struct trial {
	int fd;
	struct span file;
	uint64_t seed;
	unsigned long opened, tried;
};

static uint8_t *map_again(struct trial *t, size_t n)
{
	uint8_t *p = mmap(NULL, MAX(n, (size_t)1), PROT_READ | PROT_WRITE, MAP_PRIVATE, t->fd, 0);
	if (p == MAP_FAILED)
		exit(2);
	__asan_poison_memory_region(p + n, -n % DUMP_PAGE);
	t->tried++;
	return p;
}

// Opens n bytes; takes them over. compare: what is told must be what the whole file tells.
static void try_bytes(struct trial *tr, uint8_t *p, size_t n, bool compare)
{
	struct arena *a = arena_new(ARENA);
	struct target *t;
	bool opened = !target_open_map(a, "cut", NULL, (struct file_map){ .bytes = { p, n } }, &t).code;
	if (opened && t->kernel) {
		touch_kernel_target(t);
		const struct dump_kernel *w = whole->kernel, *c = t->dump->kernel;
		if (compare && w->triage && c->triage)
			compare_drivers(w->triage, c->triage, n);
		if (compare && w->body == c->body)
			compare_memory(t->dump, n);
	}
	if (opened)
		target_close(t);
	tr->opened += opened;
	sparse_unguard((struct span){ p, n });
	arena_free(a);
}

static void cut_at(struct trial *t, uint64_t at)
{
	if (at <= t->file.n)
		try_bytes(t, map_again(t, (size_t)at), (size_t)at, true);
}

static void flip_some(struct trial *t)
{
	static const size_t areas[] = { 0x100, 0x2100, 0x2400, 0x20000 };
	size_t n = t->file.n;
	uint8_t *p = map_again(t, n);
	for (unsigned i = 0; i < 1 + next_random(&t->seed) % 4; i++) {
		size_t most = areas[next_random(&t->seed) % ARRAY_LEN(areas)], area = i % 2 ? n : MIN(n, most);
		p[next_random(&t->seed) % area] ^= (uint8_t)(1u << next_random(&t->seed) % 8);
	}
	try_bytes(t, p, n, false);
}

// One copy is changed and changed back: mapping anew takes longer than opening.
static void open_bytes(struct trial *t, uint8_t *p)
{
	struct arena *a = arena_new(ARENA);
	struct dump *d;
	enum { PAGES = 64 };
	t->tried++;
	if (!dump_open(a, "bit", (struct span){ p, t->file.n }, &d).code) {
		t->opened++;
		if (d->kernel)
			touch_kernel_dump(d, PAGES);
	}
	arena_free(a);
}

static void flip_bits(struct trial *t, uint8_t *copy, uint64_t from, uint64_t n, uint64_t step)
{
	enum { AS_TARGET = 16 };
	struct span area = span_clip(t->file, from, n);
	for (uint64_t i = 0, bit = 0; bit < (uint64_t)area.n * 8; i++, bit += step) {
		uint8_t mask = (uint8_t)(1u << bit % 8);
		copy[from + bit / 8] ^= mask;
		open_bytes(t, copy);
		copy[from + bit / 8] ^= mask;
		if (i % AS_TARGET)
			continue;
		uint8_t *p = map_again(t, t->file.n);
		p[from + bit / 8] ^= mask;
		try_bytes(t, p, t->file.n, false);
	}
}

static uint32_t word(const struct trial *t, uint64_t at)
{
	struct span s = span_sub(t->file, at, 4);
	return s.n ? (uint32_t)le_get(s.p, 4) : 0;
}

// Header, the body's own header, and the tables that a small dump's header points to.
static void flip_headers(struct trial *t, uint64_t step)
{
	enum { BODY_HEADER = 0x100, UNLOADED = 0x18, DRIVERS = 0x30, N_DRIVERS = 0x34, STRINGS = 0x38, TABLE = 0x800 };
	bool wide = whole->ptr_bytes == 8;
	uint64_t head = wide ? 0x2000 : 0x1000, blocks = head + (wide ? 0x78 : 0x58);
	uint8_t *copy = malloc(t->file.n); // of this size: AddressSanitizer sees reads behind it
	if (!copy)
		exit(2);
	memcpy(copy, t->file.p, t->file.n);
	flip_bits(t, copy, 0, head + BODY_HEADER, step);
	uint32_t n_blocks = word(t, blocks + 4), n_drivers = word(t, head + N_DRIVERS);
	const uint64_t tables[][2] = { { word(t, head + UNLOADED), TABLE },
				       { word(t, head + DRIVERS), (uint64_t)n_drivers * 0x90 },
				       { word(t, head + STRINGS), TABLE },
				       { word(t, blocks), (uint64_t)n_blocks * 16 } };
	for (size_t i = 0; whole->kernel->triage && i < ARRAY_LEN(tables); i++)
		flip_bits(t, copy, tables[i][0], MIN(tables[i][1], (uint64_t)TABLE), step);
	free(copy);
}

static void cut_edge(struct trial *t, uint64_t at)
{
	for (uint64_t i = at ? at - 1 : 0; i <= at + 1; i++)
		cut_at(t, i);
}

static void cut_span(struct trial *t, struct span s)
{
	if (!s.n)
		return;
	cut_edge(t, (uint64_t)(s.p - whole->file.p));
	cut_edge(t, (uint64_t)(s.p - whole->file.p) + s.n);
}

static void cut_edges(struct trial *t)
{
	enum { BODY_WORDS = 0x100, MOST = 400 };
	const struct dump_kernel *k = whole->kernel;
	const uint64_t head = whole->ptr_bytes == 8 ? 0x2000 : 0x1000;
	for (uint64_t at = 0; at < head; at += 0x80)
		cut_edge(t, at);
	for (uint64_t at = head; at < head + BODY_WORDS; at += 4) { // what the body's header points to begins there
		cut_edge(t, at);
		cut_edge(t, word(t, at));
	}
	const struct span spans[] = { k->context, k->debugger_block, k->triage ? k->triage->prcb.bytes : k->context,
				      k->triage ? k->triage->process.bytes : k->context,
				      k->triage ? k->triage->thread.bytes : k->context };
	for (size_t i = 0; i < ARRAY_LEN(spans); i++)
		cut_span(t, spans[i]);
	for (size_t i = 0; i < k->n_blobs; i++)
		cut_span(t, k->blobs[i].bytes);
	size_t n = dump_ranges_count(whole->ranges);
	for (size_t i = 0; i < n; i += n / MOST + 1) {
		struct dump_range r = dump_ranges_get(whole->ranges, i);
		cut_edge(t, r.off);
		cut_edge(t, r.off + r.have);
	}
	pa_t pa, at = 0;
	for (unsigned i = 0; k->phys && i < MOST && dump_phys_next(k->phys, at, &pa); i++, at = pa + DUMP_PAGE) {
		uint64_t off;
		size_t left;
		if (dump_phys_find(k->phys, pa, &off, &left, NULL))
			cut_edge(t, off);
	}
}

static uint64_t number(char **argv, int i)
{
	return strtoull(argv[i], NULL, 10);
}

int main(int argc, char **argv)
{
	struct file_map map;
	struct arena *a = arena_new(ARENA);
	struct dump *d;
	const char *mode = argc > 2 ? argv[1] : "";
	struct trial t = { .fd = argc > 2 ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1 };
	if (t.fd < 0 || file_map_open(argv[2], &map).code || dump_open(a, argv[2], map.bytes, &d).code || !d->kernel) {
		fprintf(stderr, "usage: kernel_cuts cut FILE STEP RANDOM SEED | edges FILE | flip FILE COUNT SEED | "
				"bits FILE STEP\n");
		return 2;
	}
	whole = d;
	t.file = map.bytes;
	if (str_eq(mode, "cut") && argc == 6) {
		uint64_t step = number(argv, 3);
		t.seed = number(argv, 5);
		for (uint64_t at = 0; step && at < t.file.n; at += step)
			cut_at(&t, at);
		for (uint64_t i = 0; i < number(argv, 4); i++)
			cut_at(&t, next_random(&t.seed) % t.file.n);
	} else if (str_eq(mode, "flip") && argc == 5) {
		t.seed = number(argv, 4);
		for (uint64_t i = 0; i < number(argv, 3); i++)
			flip_some(&t);
	} else if (str_eq(mode, "bits") && argc == 4 && number(argv, 3)) {
		flip_headers(&t, number(argv, 3));
	} else if (str_eq(mode, "edges")) {
		cut_edges(&t);
	}
	printf("%lu tried\n%lu opened\n", t.tried, t.opened);
	arena_free(a);
	file_map_close(&map);
	close(t.fd);
	return differences != 0;
}
