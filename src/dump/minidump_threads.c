// SPDX-License-Identifier: Apache-2.0
// minidump_threads.c: MINIDUMP_THREAD(_EX), MINIDUMP_THREAD_INFO, MINIDUMP_THREAD_NAME and the exception.
#include "base/limits.h"
#include "dump/minidump_int.h"

#include <stdlib.h>

enum {
	THREAD = 48,
	THREAD_EX = 64,
	THREAD_INFO = 64,
	THREAD_NAME = 12, // u32 tid, u64 rva: not aligned
};

// Threads by id, for the streams that name them; of two threads with one id the first is meant.
struct tid_index {
	const struct dump_thread *threads;
	uint32_t *order;
	size_t n;
};

static int by_tid(const void *x, const void *y, void *ctx)
{
	uint32_t i = *(const uint32_t *)x, k = *(const uint32_t *)y;
	const struct dump_thread *t = ctx;
	if (t[i].tid != t[k].tid)
		return t[i].tid < t[k].tid ? -1 : 1;
	return i < k ? -1 : i > k;
}

static struct tid_index index_new(struct mdmp *m, struct dump_thread *threads, size_t n)
{
	struct tid_index x = { threads, NEW_N(m->a, uint32_t, n), n };
	for (size_t i = 0; i < n; i++)
		x.order[i] = (uint32_t)i;
	qsort_r(x.order, n, sizeof(*x.order), by_tid, threads);
	return x;
}

static size_t index_find(const struct tid_index *x, uint32_t tid)
{
	size_t lo = 0, hi = x->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (x->threads[x->order[mid]].tid < tid)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < x->n && x->threads[x->order[lo]].tid == tid ? x->order[lo] : SIZE_MAX;
}

static void thread_names(struct mdmp *m, struct dump_thread *threads, const struct tid_index *x)
{
	struct dump_stream *s = md_stream(m, STREAM_THREAD_NAMES);
	if (!s)
		return;
	m->u->has_thread_names = true;
	struct md_list l = md_list(m, s, THREAD_NAME, LIMIT_THREADS);
	for (size_t i = 0; i < l.n; i++) {
		struct rd r = md_entry(&l, i);
		size_t at = index_find(x, rd_u32(&r));
		uint64_t rva = rd_u64(&r);
		if (at != SIZE_MAX && rva && !threads[at].name)
			threads[at].name = md_string(m, rva, "thread name");
	}
}

static void thread_infos(struct mdmp *m, struct dump_thread *threads, const struct tid_index *x)
{
	struct dump_stream *s = md_stream(m, STREAM_THREAD_INFO);
	if (!s)
		return;
	m->u->has_thread_info = true;
	struct md_list l = md_list_sized(m, s, 16, false, LIMIT_THREADS);
	struct dump_thread_info *infos = NEW_N(m->a, struct dump_thread_info, l.n);
	for (size_t i = 0; i < l.n; i++) {
		struct rd r = md_entry(&l, i);
		size_t at = index_find(x, rd_u32(&r));
		infos[i].flags = rd_u32(&r);
		infos[i].error = rd_u32(&r);
		infos[i].exit_status = rd_u32(&r);
		infos[i].create_time = rd_u64(&r);
		infos[i].exit_time = rd_u64(&r);
		infos[i].kernel_time = rd_u64(&r);
		infos[i].user_time = rd_u64(&r);
		infos[i].start_address = rd_u64(&r);
		infos[i].affinity = rd_u64(&r);
		if (at != SIZE_MAX && !threads[at].info)
			threads[at].info = &infos[i];
	}
}

void md_threads(struct mdmp *m)
{
	struct dump_stream *s = md_stream(m, STREAM_THREADS), *ex = md_stream(m, STREAM_THREADS_EX);
	m->u->has_thread_ex = ex != NULL;
	if (!s && !ex)
		return;
	// A THREAD_EX is a THREAD with a backing store (Itanium) behind it.
	struct md_list l = s ? md_list(m, s, THREAD, LIMIT_THREADS) : md_list(m, ex, THREAD_EX, LIMIT_THREADS);
	struct dump_thread *threads = NEW_N(m->a, struct dump_thread, l.n);
	for (size_t i = 0; i < l.n; i++) {
		struct dump_thread *t = &threads[i];
		struct rd r = md_entry(&l, i);
		t->tid = rd_u32(&r);
		t->suspend_count = rd_u32(&r);
		t->priority_class = rd_u32(&r);
		t->priority = rd_u32(&r);
		t->teb = rd_u64(&r);
		t->stack_start = rd_u64(&r);
		t->stack_size = rd_u32(&r);
		t->stack_rva = rd_u32(&r);
		t->context_size = rd_u32(&r);
		t->context_rva = rd_u32(&r);
		t->context = md_part(m, t->context_size, t->context_rva, "thread context");
	}
	m->u->threads = threads;
	m->u->n_threads = l.n;
	struct tid_index x = index_new(m, threads, l.n);
	thread_names(m, threads, &x);
	thread_infos(m, threads, &x);
}

void md_exception(struct mdmp *m)
{
	enum { SIZE = 168, RECORD = 8 }; // MINIDUMP_EXCEPTION is an EXCEPTION_RECORD64
	struct dump_stream *s = md_stream(m, STREAM_EXCEPTION);
	if (!s)
		return;
	struct dump_exception *e = &m->u->exception;
	struct rd r = rd_at(s->bytes, 0);
	uint32_t tid = rd_u32(&r);
	dump_exception_decode(span_clip(s->bytes, RECORD, EXCEPTION_RECORD_BYTES), 8, e);
	if (!e->present) {
		if (s->status == OK)
			md_corrupt(m, s, "ExceptionStream: too short", s->rva);
		return;
	}
	e->tid = tid;
	if (e->n_claimed > e->n_params)
		md_corrupt(m, s, "ExceptionStream: more than 15 parameters", s->rva);
	rd_skip(&r, RECORD - sizeof(tid) + EXCEPTION_RECORD_BYTES);
	e->context_size = rd_u32(&r);
	e->context_rva = rd_u32(&r);
	if (s->size < SIZE)
		md_corrupt(m, s, "ExceptionStream: too short", s->rva);
	e->context = md_part(m, e->context_size, e->context_rva, "exception context");
}
