// SPDX-License-Identifier: Apache-2.0
// fetch.c: starts the helper program, gives it the jobs and writes what it brings. What it says is as untrusted as the
// servers: it writes nowhere itself, and no frame can lead outside the job's file and size.
#include "store/fetch_int.h"

#include "base/limits.h"
#include "base/unpack.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// ---- what the helper says
static err_t not_ours(const struct fetch_run *r)
{
	return fail(E_CORRUPT, "the helper program's answer makes no sense", r->came);
}

// Text of the helper, and so of servers, on one line.
static char *clean_text(struct arena *a, struct rd *rd)
{
	size_t n = rd_left(rd);
	char *s = bytes_to_utf8(a, (struct span){ rd_bytes(rd, n), n });
	for (char *p = s; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return s;
}

static err_t on_start(struct fetch_run *r, struct fetch_job *j, struct rd *rd)
{
	unsigned which = rd_u32(rd), http = rd_u32(rd);
	uint64_t offset = rd_u64(rd), expects = rd_u64(rd);
	if (rd->bad || which >= FETCH_URLS || !j->url[which] || rd_left(rd) > FETCH_VALIDATOR)
		return not_ours(r);
	if (offset && (offset != j->bytes || which != j->which))
		return not_ours(r);
	j->which = which;
	j->http = http;
	j->expects = expects;
	j->bytes = offset;
	j->validator = rd_left(rd) ? clean_text(r->a, rd) : NULL;
	r->started[j - r->jobs] = true;
	return fd_truncate(j->fd, offset);
}

static err_t on_data(struct fetch_run *r, struct fetch_job *j, struct rd *rd)
{
	size_t n = rd_left(rd);
	if (!r->started[j - r->jobs] || n > j->max_bytes - MIN(j->bytes, j->max_bytes))
		return not_ours(r);
	err_t e = fd_write_at(j->fd, j->bytes, rd_bytes(rd, n), n);
	if (e.code)
		return fail(e.code, arena_printf(r->a, "the download cannot be written: %s", e.what), 0);
	j->bytes += n;
	j->came += n;
	r->came += n;
	return ok();
}

static err_t on_end(struct fetch_run *r, struct fetch_job *j, struct rd *rd)
{
	unsigned which = rd_u32(rd), http = rd_u32(rd), status = rd_u32(rd), code = rd_u32(rd);
	bool good = status == FETCH_OK || status == FETCH_ABSENT || (status == FETCH_FAILED && code && code <= E_IO);
	if (rd->bad || which >= FETCH_URLS || !j->url[which] || !good)
		return not_ours(r);
	if (status == FETCH_OK && !r->started[j - r->jobs])
		return not_ours(r);
	j->http = http;
	j->status = (enum fetch_status)status;
	if (status == FETCH_FAILED)
		j->error = fail((enum err_code)code, clean_text(r->a, rd), 0);
	r->ended[j - r->jobs] = true;
	r->done++;
	return ok();
}

static err_t on_frame(struct fetch_run *r, const uint8_t *p, size_t n)
{
	uint32_t job = (uint32_t)le_get(p + 4, 4);
	uint8_t kind = p[8];
	if (kind == FRAME_TICK)
		return n == FRAME_HEAD ? ok() : not_ours(r);
	if (job >= r->n || r->ended[job])
		return not_ours(r);
	struct rd rd = rd_at((struct span){ p + FRAME_HEAD, n - FRAME_HEAD }, 0);
	switch (kind) {
	case FRAME_START:
		return on_start(r, &r->jobs[job], &rd);
	case FRAME_DATA:
		return on_data(r, &r->jobs[job], &rd);
	case FRAME_END:
		return on_end(r, &r->jobs[job], &rd);
	default:
		return not_ours(r);
	}
}

err_t fetch_feed(struct fetch_run *r, const uint8_t *p, size_t n)
{
	_Static_assert(sizeof(r->buf) == FRAME_HEAD + LIMIT_FETCH_FRAME, "a frame fits");
	while (n) {
		size_t want = FRAME_HEAD;
		if (r->n_buf >= FRAME_HEAD)
			want += le_get(r->buf, 4);
		size_t take = MIN(want - r->n_buf, n);
		memcpy(r->buf + r->n_buf, p, take);
		r->n_buf += take;
		p += take;
		n -= take;
		if (r->n_buf < FRAME_HEAD)
			continue;
		uint64_t size = le_get(r->buf, 4);
		if (size > LIMIT_FETCH_FRAME || r->buf[9] || r->buf[10] || r->buf[11])
			return not_ours(r);
		if (r->n_buf < FRAME_HEAD + size)
			continue;
		TRY(on_frame(r, r->buf, r->n_buf));
		r->n_buf = 0;
	}
	return ok();
}

// ---- running it
struct watch {
	const struct fetch_env *env;
	uint64_t began, heard, shown;
};

static bool is_cancelled(const struct fetch_env *env)
{
	return env->cancel && *env->cancel;
}

static err_t cancelled(void)
{
	return fail(E_CANCELLED, "the download was interrupted", 0);
}

static void show_progress(const struct fetch_run *r, struct watch *w)
{
	uint64_t now = os_now_us();
	if (!w->env->progress || now - w->shown < 100000)
		return;
	w->shown = now;
	struct fetch_progress p = { .done = r->done, .n = r->n };
	bool known = true;
	for (size_t i = 0; i < r->n; i++) {
		if (!r->started[i])
			continue;
		p.bytes += r->jobs[i].bytes;
		p.expects += r->jobs[i].expects;
		known = known && r->jobs[i].expects;
	}
	p.expects = known ? p.expects : 0;
	p.per_second = r->came * 1000000 / MAX(now - w->began, (uint64_t)1);
	w->env->progress(w->env->ctx, &p);
}

static err_t listen(struct fetch_run *r, int fd, struct watch *w)
{
	uint8_t *buf = NEW_N(r->a, uint8_t, LIMIT_FETCH_FRAME);
	w->began = w->heard = w->shown = os_now_us();
	while (r->done < r->n) {
		size_t n;
		bool end;
		if (is_cancelled(w->env))
			return cancelled();
		TRY(os_read_some(fd, buf, LIMIT_FETCH_FRAME, 50, &n, &end));
		if (end)
			return ok();
		if (n)
			w->heard = os_now_us();
		else if (os_now_us() - w->heard > LIMIT_FETCH_SILENCE_SECONDS * 1000000ull)
			return fail(E_LIMIT, "the helper program does not answer", 0);
		TRY(fetch_feed(r, buf, n));
		show_progress(r, w);
	}
	return ok();
}

static uint32_t or_seconds(uint32_t ms, uint32_t seconds)
{
	return ms ? ms : seconds * 1000;
}

static err_t check_job(struct fetch_run *r, const struct fetch_env *env, struct fetch_job *j)
{
	uint64_t most = env->max_bytes ? env->max_bytes : (uint64_t)LIMIT_FETCH_GIB << 30;
	j->max_bytes = j->max_bytes ? MIN(j->max_bytes, most) : most;
	for (size_t i = 0; i < FETCH_URLS && j->url[i]; i++)
		TRY(fetch_url_check(r->a, j->url[i]));
	if (!j->url[0] || j->which >= FETCH_URLS || !j->url[j->which])
		return fail(E_USAGE, "a download without an address", 0);
	const char *v = j->validator;
	bool usable =
		v && *v && strlen(v) <= FETCH_VALIDATOR && !strpbrk(v, "\r\n") && j->resume && j->resume < j->max_bytes;
	if (!usable) {
		j->resume = 0;
		j->validator = NULL;
	}
	j->bytes = j->resume;
	return ok();
}

static err_t write_request(struct fetch_run *r, const struct fetch_env *env, int fd)
{
	struct sb s = sb_new(r->a);
	sb_printf(&s, "set connect %" PRIu32 "\nset stall %" PRIu32 "\nset total %" PRIu32 "\n",
		  or_seconds(env->connect_ms, LIMIT_FETCH_CONNECT_SECONDS),
		  or_seconds(env->stall_ms, LIMIT_FETCH_STALL_SECONDS),
		  or_seconds(env->total_ms, LIMIT_FETCH_TOTAL_SECONDS));
	for (size_t i = 0; i < r->n; i++) {
		struct fetch_job *j = &r->jobs[i];
		TRY(check_job(r, env, j));
		sb_printf(&s, "job %" PRIu64 " %u %" PRIu64 "\n", j->max_bytes, j->which, j->resume);
		if (j->validator)
			sb_printf(&s, "if %s\n", j->validator);
		for (size_t k = 0; k < FETCH_URLS && j->url[k]; k++)
			sb_printf(&s, "url %s\n", j->url[k]);
	}
	return fd_write_at(fd, 0, sb_str(&s), s.n);
}

static err_t spawn(struct fetch_run *r, int request, int *answers, struct os_child *child)
{
	const char *helper = helper_path(r->a);
	if (!helper)
		return fail(E_IO,
			    "dumpscope-helper, which downloads, is not beside the program; install it, or set "
			    "DUMPSCOPE_HELPER",
			    0);
	int to = -1;
	TRY(os_pipe(answers, &to));
	const char *argv[] = { helper, "fetch", NULL };
	const int fds[] = { request, to, 2 };
	err_t e = os_spawn(argv, fds, ARRAY_LEN(fds), child);
	fd_close(&to);
	if (e.code)
		return fail(E_IO,
			    arena_printf(r->a, "the helper program %s, which downloads, cannot be started: %s", helper,
					 e.what),
			    0);
	return ok();
}

static err_t run_helper(struct fetch_run *r, const struct fetch_env *env, int request)
{
	TRY(write_request(r, env, request));
	TRY(os_seal(request));
	int answers = -1, code, sig;
	struct os_child child = { 0 };
	err_t e = spawn(r, request, &answers, &child);
	if (!e.code)
		e = listen(r, answers, &(struct watch){ .env = env });
	os_kill(&child); // it has nothing left to say
	os_wait(&child, &code, &sig);
	fd_close(&answers);
	if (e.code || r->done == r->n)
		return e;
	if (os_signal_is_interrupt(sig) || is_cancelled(env))
		return cancelled();
	if (sig)
		return fail(E_IO, arena_printf(r->a, "the helper program was ended by signal %d", sig), 0);
	if (code == FETCH_NO_LIBRARY)
		return fail(E_UNSUPPORTED,
			    "not supported on this system: downloads need libcurl (Debian: the package libcurl4)", 0);
	return fail(E_IO, arena_printf(r->a, "the helper program ended with status %d before it was done", code), 0);
}

static err_t run_all(struct arena *work, struct fetch_run *r, const struct fetch_env *env)
{
	int request = -1;
	r->a = work;
	r->started = NEW_N(work, bool, r->n);
	r->ended = NEW_N(work, bool, r->n);
	err_t e = is_cancelled(env) ? cancelled() : os_memory_file(&request);
	if (!e.code)
		e = run_helper(r, env, request);
	fd_close(&request);
	for (size_t i = 0; i < r->n && e.code; i++) {
		if (r->ended[i])
			continue;
		r->jobs[i].status = e.code == E_CANCELLED ? FETCH_CANCELLED : FETCH_FAILED;
		r->jobs[i].error = e;
	}
	return e;
}

// Everything lives in an arena of its own while a child process and descriptors are open: when the caller's passes its
// limit, the trap does not come back here to close them.
err_t fetch_all(struct arena *a, struct fetch_job *jobs, size_t n, const struct fetch_env *env)
{
	if (n > LIMIT_FETCH_JOBS)
		return fail(E_LIMIT, "too many files to download at once", n);
	if (!n)
		return ok();
	struct arena *work = arena_new(LIMIT_FETCH_MEMORY);
	struct fetch_run *r = NEW(work, struct fetch_run);
	r->jobs = jobs;
	r->n = n;
	err_t e = run_all(work, r, env);
	if (env->progress)
		env->progress(env->ctx, NULL);
	for (size_t i = 0; i < n; i++) {
		jobs[i].validator = jobs[i].validator ? arena_strdup(a, jobs[i].validator) : NULL;
		jobs[i].error.what = jobs[i].error.what ? arena_strdup(a, jobs[i].error.what) : NULL;
	}
	if (e.code)
		e.what = arena_strdup(a, e.what);
	arena_free(work);
	return e;
}

// ---- the environment
static err_t seconds(struct arena *a, const char *name, uint32_t *ms)
{
	enum { MOST = 100000 };
	const char *s = os_env(name);
	uint32_t v = 0;
	if (!s)
		return ok();
	const char *p = s;
	for (; *p >= '0' && *p <= '9' && v < MOST; p++)
		v = v * 10 + (uint32_t)(*p - '0');
	if (*p || !v || v > MOST)
		return fail(E_USAGE, arena_printf(a, "%s=%s in the environment: seconds are wanted", name, s), 0);
	*ms = v * 1000;
	return ok();
}

err_t fetch_env(struct arena *a, struct fetch_env *ret)
{
	*ret = (struct fetch_env){ 0 };
	TRY(seconds(a, "DUMPSCOPE_HTTP_CONNECT", &ret->connect_ms));
	TRY(seconds(a, "DUMPSCOPE_HTTP_STALL", &ret->stall_ms));
	TRY(seconds(a, "DUMPSCOPE_HTTP_TOTAL", &ret->total_ms));
	return env_bytes(a, "DUMPSCOPE_HTTP_LIMIT", (uint64_t)LIMIT_FETCH_GIB << 30, &ret->max_bytes);
}
