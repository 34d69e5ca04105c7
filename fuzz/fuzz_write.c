// SPDX-License-Identifier: Apache-2.0
// fuzz_write.c: any bytes as a dump, written again and read back. Input: two bytes that choose the type, then the dump.
// Oracle: what is written opens, nothing in it is cut, its directory and ranges are in order, and it has the source's
// facts; memory is the source's. A second writing of the same type is the first, byte
// for byte, but of filtered dumps: pointers that were taken out lead nowhere the second time.
#include "base/limits.h"
#include "write/write.h"

#include "../tests/tools/dump_touch.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1 << 20, OUTPUT = 1 << 25 };

struct file { // what was written
	uint8_t *p;
	size_t n;
};

static err_t take(void *ctx, struct span b)
{
	struct file *f = ctx;
	if (b.n > OUTPUT - f->n)
		return fail(E_IO, "full", 0);
	memcpy(f->p + f->n, b.p, b.n);
	f->n += b.n;
	return ok();
}

struct job {
	struct session *s;
	struct arena *a;
	struct write_options o;
	struct write_result r;
	struct file *f;
};

static err_t write_it(void *ctx)
{
	struct job *j = ctx;
	return write_minidump(j->s, j->a, &j->o, (struct write_sink){ take, j->f }, &j->r);
}

static struct session *open_bytes(struct arena *a, const uint8_t *data, size_t size)
{
	struct target *t;
	struct session *s;
	void *copy = size ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED;
	if (copy == MAP_FAILED)
		return NULL;
	memcpy(copy, data, size);
	struct file_map map = { .bytes = { copy, size } };
	if (target_open_map(a, "fuzz.dmp", NULL, map, &t).code || session_over(a, t, NULL, &s).code)
		return NULL;
	s->dbg->deadline_us = os_now_us() + 5000000;
	return s;
}

static bool same_text(const char *a, const char *b)
{
	return !a || !b ? a == b : str_eq(a, b);
}

static void same_facts(const struct dump_user *a, const struct dump_user *b, uint64_t type)
{
	MUST(b->n_modules == a->n_modules && b->n_threads == a->n_threads && b->timestamp == a->timestamp);
	for (size_t i = 0; i < a->n_modules; i++) {
		const struct dump_module *x = &a->modules[i], *y = &b->modules[i];
		MUST(x->base == y->base && x->size == y->size && x->timestamp == y->timestamp);
		MUST(memcmp(x->fixed, y->fixed, sizeof(x->fixed)) == 0 && x->cv.kind == y->cv.kind);
		MUST((type & WRITE_FILTER_PATHS) || (str_eq(x->path, y->path) && str_eq(x->cv.path, y->cv.path)));
		MUST(x->cv.age == y->cv.age && memcmp(x->cv.guid, y->cv.guid, 16) == 0);
	}
	for (size_t i = 0; i < a->n_threads; i++) {
		const struct dump_thread *x = &a->threads[i], *y = &b->threads[i];
		MUST(x->tid == y->tid && x->teb == y->teb && x->stack_start == y->stack_start);
		MUST(y->stack_size <= x->stack_size && x->context.n == y->context.n);
		MUST(!x->context.n || memcmp(x->context.p, y->context.p, x->context.n) == 0);
		MUST(same_text(x->name, y->name));
	}
	MUST(a->exception.present == b->exception.present && a->exception.code == b->exception.code);
	MUST(a->exception.n_params == b->exception.n_params && a->exception.tid == b->exception.tid);
	MUST(!(type & WRITE_UNLOADED) || a->n_unloaded == b->n_unloaded);
	MUST(!(type & WRITE_HANDLES) || a->handles.n == b->handles.n);
	MUST(!(type & WRITE_MEMORY_INFO) || a->meminfo.n == b->meminfo.n);
	MUST(a->crashpad.n_annotations == b->crashpad.n_annotations ||
	     (type & (WRITE_FILTER_PATHS | WRITE_FILTER_MEMORY)));
}

// Each range of the new dump holds what the source has there.
static void same_memory(const struct dump *a, const struct dump *b, uint64_t type)
{
	struct arena *work = arena_new((size_t)1 << 28);
	struct space *sp = space_new(work, a);
	for (size_t i = 0, n = dump_ranges_count(b->ranges); i < n; i++) {
		struct dump_range r = dump_ranges_get(b->ranges, i);
		MUST(r.have == r.size);
		for (uint64_t at = 0; at < r.size; at += 4096) {
			uint8_t buf[4096];
			size_t want = MIN((uint64_t)sizeof(buf), r.size - at), got = 0;
			MUST(!space_read(sp, r.va + at, buf, want, &got).code && got == want);
			MUST((type & WRITE_FILTER_MEMORY) || memcmp(buf, b->file.p + r.off + at, want) == 0);
		}
	}
	arena_free(work);
}

static void written(struct session *s, uint64_t type, const struct write_result *r, const struct file *f)
{
	struct arena *a = arena_new((size_t)1 << 28), *work = arena_new((size_t)1 << 28);
	MUST(r->bytes == f->n);
	struct session *again = open_bytes(a, f->p, f->n);
	MUST(again != NULL);
	const struct dump *d = again->target->dump;
	MUST(!d->truncated && d->user->n_streams == r->n_streams && d->user->flags == r->type);
	same_facts(s->target->dump->user, d->user, type & r->type);
	same_memory(s->target->dump, d, type);
	touch_dump(d, a);
	struct file twice = { mmap(NULL, OUTPUT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 0 };
	struct job j = { .s = again, .a = work, .o = { .type = type }, .f = &twice };
	MUST(twice.p != MAP_FAILED);
	if (!arena_guard(work, a, write_it, &j).code && r->type == j.r.type)
		MUST((type & WRITE_FILTER_MEMORY) || (twice.n == f->n && memcmp(twice.p, f->p, f->n) == 0));
	munmap(twice.p, OUTPUT);
	session_close(again);
	arena_free(work);
	arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char letters[] = "fAhutipwdcrRyF";
	char chosen[sizeof(letters)];
	size_t n = 0;
	if (size < 2 || size > MOST)
		return 0;
	for (size_t i = 0; i + 1 < sizeof(letters); i++)
		if (le_get(data, 2) >> i & 1)
			chosen[n++] = letters[i];
	chosen[n] = 0;
	struct arena *a = arena_new((size_t)1 << 28), *work = arena_new(LIMIT_COMMAND_MEMORY);
	struct session *s = open_bytes(a, data + 2, size - 2);
	struct file f = { mmap(NULL, OUTPUT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 0 };
	struct job j = { .s = s, .a = work, .f = &f };
	if (s && s->target->dump->user && f.p != MAP_FAILED && !write_type_parse(chosen, &j.o.type).code &&
	    !arena_guard(work, a, write_it, &j).code)
		written(s, j.o.type, &j.r, &f);
	if (f.p != MAP_FAILED)
		munmap(f.p, OUTPUT);
	if (s)
		session_close(s);
	arena_free(work);
	arena_free(a);
	return 0;
}
