// SPDX-License-Identifier: Apache-2.0
// fuzz_fetch.c: what the helper program may say to fetch_all(), and what a file.ptr says, on any bytes. The first byte
// chooses: odd ones feed the rest as frames, in pieces of that many bytes. No frame leads outside of its job's file
// and limit, none is believed after a refusal, and a job ends once.
#include "base/limits.h"
#include "store/fetch_int.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { JOBS = 3, MOST = 1 << 16 };

static void frames(struct arena *a, const uint8_t *p, size_t n, size_t piece)
{
	struct fetch_job jobs[JOBS];
	struct fetch_run *r = NEW(a, struct fetch_run);
	*r = (struct fetch_run){ .a = a, .jobs = jobs, .n = JOBS };
	r->started = NEW_N(a, bool, JOBS);
	r->ended = NEW_N(a, bool, JOBS);
	for (size_t i = 0; i < JOBS; i++) {
		jobs[i] = (struct fetch_job){ .url = { "http://h/a", i ? "http://h/b" : NULL }, .max_bytes = MOST };
		if (os_memory_file(&jobs[i].fd).code)
			abort();
	}
	err_t e = ok();
	for (size_t at = 0; at < n && !e.code; at += piece)
		e = fetch_feed(r, p + at, MIN(piece, n - at));
	size_t ended = 0;
	for (size_t i = 0; i < JOBS; i++) {
		struct file_map m;
		if (file_map_fd(jobs[i].fd, &m).code || m.bytes.n > MOST || jobs[i].bytes > MOST)
			abort();
		if (jobs[i].status == FETCH_OK && (!r->started[i] || m.bytes.n != jobs[i].bytes))
			abort();
		ended += r->ended[i];
		file_map_close(&m);
		fd_close(&jobs[i].fd);
	}
	if (ended != r->done)
		abort();
}

static void pointer(struct arena *a, const uint8_t *p, size_t n)
{
	struct file_ptr f;
	const char *url;
	if (!file_ptr_parse(a, (struct span){ p, n }, &f).code) {
		const char *s = f.path ? f.path : f.message;
		if (!s || !*s || (f.path && f.message) || strpbrk(s, "\r\n\x1b"))
			abort();
		err_t e = fetch_url_check(a, s);
		(void)e;
	}
	char *name = arena_strndup(a, (const char *)p, n);
	if (!fetch_url(a, "https://h/x/", name, &url).code &&
	    (strncmp(url, "https://h/x/", 12) != 0 || strstr(url, "/../") || strpbrk(url + 12, " ?#\\\r\n\"<>")))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > 200000)
		return 0;
	struct arena *a = arena_new(64 << 20);
	if (data[0] & 1)
		frames(a, data + 1, size - 1, data[0]);
	else
		pointer(a, data + 1, size - 1);
	arena_free(a);
	return 0;
}
