// SPDX-License-Identifier: Apache-2.0
// truncate.c: what of a dump survives a cut or a damaged header. In one process, without writing files:
//   truncate cut FILE STEP RANDOM SEED    opens the prefix of every multiple of STEP (0: none) and RANDOM further
//                                         ones; what lies wholly before the cut must be told as from the whole file
//   truncate flip FILE COUNT SEED         flips bits and bytes in the header, the directory and the beginnings of
//                                         the streams; whatever is told must lie in the file
// Prints one line, "N opened", and the first difference otherwise. Build with ASan to see reads past the cut.
#include "base/os.h"
#include "dump_touch.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#endif
#ifdef HAVE_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)   ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

enum { ARENA = 1 << 30 };

static const struct dump *whole;
static uint64_t dir_at;    // of the stream directory
static uint64_t *range_at; // where the entry that lists a range ends; UINT64_MAX: it is only a part of one
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

static uint64_t raw(uint64_t at, unsigned n)
{
	return in_range(at, n, whole->file.n) ? le_get(whole->file.p + at, n) : 0;
}

static const struct dump_stream *stream_of(uint32_t type)
{
	for (size_t i = 0; i < whole->user->n_streams; i++)
		if (whole->user->streams[i].type == type && whole->user->streams[i].size)
			return &whole->user->streams[i];
	return NULL;
}

// Where the first entry of a list of this stride begins.
static uint64_t list_at(uint32_t type, uint32_t stride)
{
	const struct dump_stream *s = stream_of(type);
	if (!s)
		return UINT64_MAX / 2;
	bool sized = type == 14 || type == 16 || type == 17 || type == 12 || type == 18;
	if (sized)
		return s->rva + raw(s->rva, 4);
	return s->rva + (s->size == 8 + raw(s->rva, 4) * stride ? 8u : 4u);
}

static uint64_t string_end(uint64_t rva)
{
	return rva + 4 + raw(rva, 4);
}

static bool same_span(struct span a, struct span b)
{
	return a.p == b.p && a.n == b.n;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

// ---- the comparisons; each looks only at what ends at or before the cut
static void cut_streams(const struct dump_user *c, uint64_t cut)
{
	const struct dump_user *w = whole->user;
	for (size_t i = 0; i < w->n_streams; i++) {
		const struct dump_stream *s = &w->streams[i];
		if (dir_at + 12 * (i + 1) > cut)
			return;
		if (i >= c->n_streams || c->streams[i].type != s->type || c->streams[i].size != s->size ||
		    c->streams[i].rva != s->rva)
			differs("directory entry", i, cut);
		else if ((uint64_t)s->rva + s->size <= cut && s->type &&
			 (!same_span(c->streams[i].bytes, s->bytes) || c->streams[i].status != s->status))
			differs("stream", i, cut);
	}
}

static bool same_info(const struct dump_thread_info *a, const struct dump_thread_info *b)
{
	return a && b && a->flags == b->flags && a->exit_status == b->exit_status && a->create_time == b->create_time &&
	       a->exit_time == b->exit_time && a->kernel_time == b->kernel_time && a->user_time == b->user_time &&
	       a->start_address == b->start_address && a->affinity == b->affinity;
}

static void cut_thread_extras(const struct dump_user *c, uint64_t cut)
{
	const struct dump_user *w = whole->user;
	const struct dump_stream *names = stream_of(24), *infos = stream_of(17);
	for (size_t i = 0; i < MIN(w->n_threads, c->n_threads); i++) {
		const struct dump_thread *t = &w->threads[i];
		uint64_t at = list_at(24, 12), n = names ? raw(names->rva, 4) : 0;
		for (uint64_t k = 0; t->name && k < n && at + 12 * (k + 1) <= cut; k++)
			if (raw(at + 12 * k, 4) == t->tid && string_end(raw(at + 12 * k + 4, 8)) <= cut &&
			    !same_text(t->name, c->threads[i].name))
				differs("name of thread", i, cut);
		at = list_at(17, 64);
		n = infos ? raw(infos->rva + 8, 4) : 0;
		uint64_t stride = infos ? raw(infos->rva + 4, 4) : 0;
		for (uint64_t k = 0; t->info && k < n && at + stride * (k + 1) <= cut; k++)
			if (raw(at + stride * k, 4) == t->tid && !same_info(t->info, c->threads[i].info))
				differs("information of thread", i, cut);
	}
}

static void cut_threads(const struct dump_user *c, uint64_t cut)
{
	const struct dump_user *w = whole->user;
	uint64_t at = list_at(3, 48);
	for (size_t i = 0; i < w->n_threads && at + 48 * (i + 1) <= cut; i++) {
		const struct dump_thread *t = &w->threads[i], *x = &c->threads[i];
		if (i >= c->n_threads || t->tid != x->tid || t->teb != x->teb || t->suspend_count != x->suspend_count ||
		    t->priority != x->priority || t->stack_start != x->stack_start || t->stack_size != x->stack_size ||
		    t->stack_rva != x->stack_rva || t->context_rva != x->context_rva ||
		    t->context_size != x->context_size)
			differs("thread", i, cut);
		else if ((uint64_t)t->context_rva + t->context_size <= cut && !same_span(t->context, x->context))
			differs("context of thread", i, cut);
	}
	cut_thread_extras(c, cut);
}

static void cut_modules(const struct dump_user *c, uint64_t cut)
{
	const struct dump_user *w = whole->user;
	uint64_t at = list_at(4, 108);
	for (size_t i = 0; i < w->n_modules && at + 108 <= cut; i++, at += 108) {
		const struct dump_module *m = &w->modules[i], *x = &c->modules[i];
		if (i >= c->n_modules || m->base != x->base || m->size != x->size || m->checksum != x->checksum ||
		    m->timestamp != x->timestamp || memcmp(m->fixed, x->fixed, sizeof(m->fixed)) != 0 ||
		    m->has_version != x->has_version) {
			differs("module", i, cut);
			continue;
		}
		if (string_end(raw(at + 20, 4)) <= cut && !same_text(m->path, x->path))
			differs("path of module", i, cut);
		if (raw(at + 76, 4) + raw(at + 80, 4) <= cut &&
		    (m->cv.kind != x->cv.kind || memcmp(m->cv.guid, x->cv.guid, 16) != 0 || m->cv.age != x->cv.age ||
		     m->cv.timestamp != x->cv.timestamp || !same_text(m->cv.path, x->cv.path) ||
		     !same_span(m->cv.build_id, x->cv.build_id)))
			differs("debug record of module", i, cut);
	}
	at = list_at(14, 24);
	const struct dump_stream *s = stream_of(14);
	uint64_t stride = s ? raw(s->rva + 4, 4) : 0;
	for (size_t i = 0; i < w->n_unloaded && at + stride <= cut; i++, at += stride) {
		const struct dump_unloaded *m = &w->unloaded[i], *x = &c->unloaded[i];
		if (i >= c->n_unloaded || m->base != x->base || m->size != x->size || m->timestamp != x->timestamp)
			differs("unloaded module", i, cut);
		else if (string_end(raw(at + 20, 4)) <= cut && !same_text(m->name, x->name))
			differs("name of unloaded module", i, cut);
	}
}

static void cut_tables(const struct dump_user *c, uint64_t cut)
{
	const struct dump_user *w = whole->user;
	const struct dump_table *ws[] = { &w->meminfo, &w->handles, &w->handle_ops };
	const struct dump_table *cs[] = { &c->meminfo, &c->handles, &c->handle_ops };
	for (size_t k = 0; k < ARRAY_LEN(ws); k++) {
		if (!ws[k]->n)
			continue;
		uint64_t at = (uint64_t)(ws[k]->entries.p - whole->file.p);
		size_t n = cut > at ? (size_t)MIN(ws[k]->n, (cut - at) / ws[k]->stride) : 0;
		if (n && (cs[k]->n != n || cs[k]->entries.p != ws[k]->entries.p || cs[k]->stride != ws[k]->stride))
			differs("table", k, cut);
	}
	const struct dump_exception *e = &w->exception, *x = &c->exception;
	const struct dump_stream *s = stream_of(6);
	if (s && (uint64_t)s->rva + s->size <= cut && e->present) {
		if (!x->present || e->tid != x->tid || e->code != x->code || e->address != x->address ||
		    e->n_params != x->n_params || memcmp(e->params, x->params, sizeof(e->params)) != 0)
			differs("exception", 0, cut);
		else if ((uint64_t)e->context_rva + e->context_size <= cut && !same_span(e->context, x->context))
			differs("exception context", 0, cut);
	}
	s = stream_of(7);
	if (s && (uint64_t)s->rva + s->size <= cut &&
	    (w->system.arch != c->system.arch || w->system.build != c->system.build ||
	     memcmp(w->system.cpu, c->system.cpu, sizeof(w->system.cpu)) != 0))
		differs("system information", 0, cut);
	s = stream_of(15);
	if (s && (uint64_t)s->rva + s->size <= cut &&
	    (w->misc.flags != c->misc.flags || w->misc.pid != c->misc.pid ||
	     w->misc.create_time != c->misc.create_time || w->misc.xstate_features != c->misc.xstate_features ||
	     w->misc.process_cookie != c->misc.process_cookie ||
	     !same_text(w->misc.build_string, c->misc.build_string)))
		differs("misc information", 0, cut);
}

static void cut_ranges(const struct dump *c, uint64_t cut)
{
	size_t n = dump_ranges_count(whole->ranges);
	for (size_t i = 0; i < n; i++) {
		if (range_at[i] > cut)
			continue;
		struct dump_range r = dump_ranges_get(whole->ranges, i), x = { 0 };
		size_t at = dump_ranges_find(c->ranges, r.va, NULL);
		if (at != SIZE_MAX)
			x = dump_ranges_get(c->ranges, at);
		uint64_t have = r.off >= cut ? 0 : MIN(r.size, cut - r.off);
		if (x.va != r.va || x.size != r.size || x.off != r.off || x.have != have)
			differs("range", i, cut);
	}
}

// ---- where the ranges of the whole file are listed
static void locate_ranges(void)
{
	const struct dump_user *w = whole->user;
	size_t n = dump_ranges_count(whole->ranges);
	range_at = malloc((n + 1) * sizeof(*range_at));
	MUST(range_at);
	const struct dump_stream *list = stream_of(5), *list64 = stream_of(9);
	uint64_t at = list_at(5, 16), count = list ? raw(list->rva, 4) : 0;
	for (size_t i = 0; i < n; i++)
		range_at[i] = UINT64_MAX;
	for (size_t i = 0; i < w->n_threads; i++) {
		const struct dump_thread *t = &w->threads[i];
		size_t k = t->stack_rva ? dump_ranges_find(whole->ranges, t->stack_start, NULL) : SIZE_MAX;
		struct dump_range r = dump_ranges_get(whole->ranges, k);
		if (k != SIZE_MAX && r.va == t->stack_start && r.size == t->stack_size && r.off == t->stack_rva)
			range_at[k] = list_at(3, 48) + 48 * (i + 1);
	}
	for (uint64_t i = 0; i < count && in_range(at, 16 * (i + 1), whole->file.n); i++) {
		size_t k = dump_ranges_find(whole->ranges, raw(at + 16 * i, 8), NULL);
		struct dump_range r = dump_ranges_get(whole->ranges, k);
		if (k != SIZE_MAX && r.va == raw(at + 16 * i, 8) && r.size == raw(at + 16 * i + 8, 4) &&
		    r.off == raw(at + 16 * i + 12, 4))
			range_at[k] = MIN(range_at[k], at + 16 * (i + 1));
	}
	if (!list64)
		return;
	at = list64->rva + 16;
	count = raw(list64->rva, 8);
	uint64_t off = raw(list64->rva + 8, 8);
	for (uint64_t i = 0; i < count && in_range(at, 16, whole->file.n); i++, at += 16) {
		size_t k = dump_ranges_find(whole->ranges, raw(at, 8), NULL);
		struct dump_range r = dump_ranges_get(whole->ranges, k);
		if (k != SIZE_MAX && r.va == raw(at, 8) && r.size == raw(at + 8, 8) && r.off == off)
			range_at[k] = at + 16;
		if (!add_ok(off, raw(at + 8, 8), &off))
			return;
	}
}

static void try_cut(const char *path, uint64_t cut)
{
	struct span s = { whole->file.p, (size_t)cut };
	struct arena *a = arena_new(ARENA);
	struct dump *c;
	ASAN_POISON_MEMORY_REGION(s.p + cut, whole->file.n - cut);
	err_t e = dump_open(a, path, s, &c);
	if (!e.code)
		touch_dump(c, a);
	ASAN_UNPOISON_MEMORY_REGION(s.p + cut, whole->file.n - cut);
	if (!e.code) {
		cut_streams(c->user, cut);
		cut_threads(c->user, cut);
		cut_modules(c->user, cut);
		cut_tables(c->user, cut);
		cut_ranges(c, cut);
		MUST(c->truncated || cut + 4096 > whole->file.n || whole->truncated);
	} else if (dir_at + 12 <= cut) {
		differs("a dump with a readable directory entry", 0, cut);
	}
	arena_free(a);
}

static unsigned long cuts(const char *path, uint64_t step, unsigned long random, uint64_t seed)
{
	unsigned long n = 0;
	for (uint64_t cut = 0; step && cut < whole->file.n; cut += step, n++)
		try_cut(path, cut);
	for (unsigned long i = 0; i < random; i++, n++)
		try_cut(path, next_random(&seed) % whole->file.n);
	return n;
}

// One to eight changes: a bit, a byte, or a 32-bit word of the kinds that break sums.
static void damage(uint8_t *p, uint64_t *seed)
{
	static const uint32_t nasty[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff0, 0x10000 };
	unsigned n = 1 + (unsigned)(next_random(seed) % 8);
	for (unsigned i = 0; i < n; i++) {
		uint64_t r = next_random(seed), at = next_random(seed);
		size_t stream = (size_t)(r >> 32) % (whole->user->n_streams + 2);
		if (stream == 0)
			at %= 32;
		else if (stream == 1)
			at = dir_at + at % (12 * whole->user->n_streams);
		else
			at = whole->user->streams[stream - 2].rva + at % 160;
		if (at + 4 > whole->file.n)
			continue;
		if (at >= 4 && r % 3 == 2)
			for (unsigned k = 0; k < 4; k++)
				p[at + k] = (uint8_t)(nasty[(r >> 8) % ARRAY_LEN(nasty)] >> (8 * k));
		else if (at >= 4)
			p[at] ^= r % 3 ? (uint8_t)(1u << ((r >> 8) & 7)) : (uint8_t)(r >> 16);
	}
}

static unsigned long flips(const char *path, unsigned long count, uint64_t seed)
{
	uint8_t *p = malloc(whole->file.n);
	MUST(p);
	for (unsigned long i = 0; i < count; i++) {
		memcpy(p, whole->file.p, whole->file.n);
		damage(p, &seed);
		struct arena *a = arena_new(ARENA);
		struct dump *d;
		if (!dump_open(a, path, (struct span){ p, whole->file.n }, &d).code) {
			MUST(arena_used(a) <= 16 * whole->file.n + (1u << 20));
			touch_dump(d, a);
		}
		arena_free(a);
	}
	free(p);
	return count;
}

int main(int argc, char **argv)
{
	struct file_map map;
	struct dump *d;
	struct arena *a = arena_new(ARENA);
	if (argc < 5) {
		fprintf(stderr, "usage: truncate cut FILE STEP RANDOM SEED | truncate flip FILE COUNT SEED\n");
		return 2;
	}
	if (file_map_open(argv[2], &map).code || !map.bytes.n) {
		fprintf(stderr, "%s: cannot be read\n", argv[2]);
		return 2;
	}
	uint8_t *copy = malloc(map.bytes.n); // ASan knows its end
	MUST(copy);
	memcpy(copy, map.bytes.p, map.bytes.n);
	if (dump_open(a, argv[2], (struct span){ copy, map.bytes.n }, &d).code || !d->user) {
		fprintf(stderr, "%s: not a user dump\n", argv[2]);
		return 2;
	}
	whole = d;
	dir_at = raw(12, 4);
	touch_dump(d, a);
	locate_ranges();
	bool cut = strcmp(argv[1], "cut") == 0 && argc > 5;
	unsigned long n = cut ? cuts(argv[2], strtoull(argv[3], NULL, 10), strtoul(argv[4], NULL, 10),
				     strtoull(argv[5], NULL, 10))
			      : flips(argv[2], strtoul(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	printf("%lu opened, %lu differences\n", n, differences);
	free(range_at);
	free(copy);
	arena_free(a);
	file_map_close(&map);
	return differences != 0;
}
