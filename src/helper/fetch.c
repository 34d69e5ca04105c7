// SPDX-License-Identifier: Apache-2.0
// fetch.c: downloads symbol files as SymSrv's clients do, with plain GETs, several at once.
#include "helper/fetch.h"

#include "base/os.h"
#include "helper/fetch_int.h"
#include "helper/sandbox.h"

#include <inttypes.h>
#include <string.h>

enum { POLL_MS = 100, TICK_US = 1000000, PAUSE_US = 300000, STALL_BYTES = 512 };
// Some servers answer only those who look like Microsoft's client.
#define AGENT "Microsoft-Symbol-Server/10.0.0.0 (dumpscope " DUMPSCOPE_VERSION ")"

// ---- asking
static void set_text(struct slot *s, CURLoption o, const char *v)
{
	s->f->c.easy_setopt(s->easy, o, v);
}

static void set_long(struct slot *s, CURLoption o, long v)
{
	s->f->c.easy_setopt(s->easy, o, v);
}

// libcurl knows the proxies of curl by itself; which authorities are trusted only its program reads there.
static void set_environment(struct slot *s)
{
	static const struct {
		CURLoption o;
		const char *names[2];
	} settings[] = {
		{ CURLOPT_PROXY, { "_NT_SYMBOL_PROXY" } },
		{ CURLOPT_CAINFO, { "CURL_CA_BUNDLE", "SSL_CERT_FILE" } },
		{ CURLOPT_CAPATH, { "SSL_CERT_DIR" } },
	};
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const char *v = NULL;
		for (size_t k = 0; !v && k < ARRAY_LEN(settings[i].names) && settings[i].names[k]; k++)
			v = os_env(settings[i].names[k]);
		if (v)
			set_text(s, settings[i].o, v);
	}
}

// False: this libcurl cannot keep to http and https.
static bool set_protocols(struct slot *s, const char *url)
{
	// From https nothing leads back to http, where anybody on the way could answer.
	const char *redirects = str_ieqn(url, "https:", strlen("https:")) ? "https" : "http,https";
	return s->f->c.easy_setopt(s->easy, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
	       s->f->c.easy_setopt(s->easy, CURLOPT_REDIR_PROTOCOLS_STR, redirects) == CURLE_OK;
}

static void set_limits(struct slot *s)
{
	const struct settings *set = &s->f->rq.set;
	set_long(s, CURLOPT_CONNECTTIMEOUT_MS, (long)set->connect_ms);
	set_long(s, CURLOPT_TIMEOUT_MS, (long)set->total_ms);
	set_long(s, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES);
	set_long(s, CURLOPT_LOW_SPEED_TIME, (long)MAX(set->stall_ms / 1000, (uint64_t)1));
	set_long(s, CURLOPT_MAXREDIRS, LIMIT_FETCH_REDIRECTS);
	s->f->c.easy_setopt(s->easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)s->job->max);
}

static void set_resume(struct slot *s)
{
	const struct job *j = s->job;
	if (!j->have || j->at != j->resume_of || !j->validator[0])
		return;
	s->offset = j->have;
	set_text(s, CURLOPT_RANGE, arena_printf(s->f->a, "%" PRIu64 "-", j->have));
	s->headers_out = s->f->c.slist_append(NULL, arena_printf(s->f->a, "If-Range: %s", j->validator));
	s->f->c.easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers_out);
}

static bool begin(struct slot *s, struct job *j)
{
	struct fetcher *f = s->f;
	const char *url = j->url[j->at];
	CURL *easy = s->easy ? s->easy : f->c.easy_init();
	if (!easy)
		return false;
	f->c.easy_reset(easy);
	*s = (struct slot){ .f = f, .easy = easy, .job = j, .heard = os_now_us() };
	j->running = true;
	set_text(s, CURLOPT_URL, url);
	set_text(s, CURLOPT_USERAGENT, AGENT);
	set_long(s, CURLOPT_NOSIGNAL, 1);
	set_long(s, CURLOPT_FOLLOWLOCATION, 1);
	set_long(s, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
	f->c.easy_setopt(easy, CURLOPT_ERRORBUFFER, s->reason);
	f->c.easy_setopt(easy, CURLOPT_PRIVATE, (void *)s);
	f->c.easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	f->c.easy_setopt(easy, CURLOPT_WRITEDATA, (void *)s);
	f->c.easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	f->c.easy_setopt(easy, CURLOPT_HEADERDATA, (void *)s);
	set_limits(s);
	set_environment(s);
	set_resume(s);
	return set_protocols(s, url) && f->c.multi_add(f->multi, easy) == CURLM_OK;
}

// ---- concluding
static void finish(struct fetcher *f, struct job *j, int status, long http, err_t e)
{
	uint8_t head[16] = { 0 };
	const uint32_t fixed[] = { j->at, (uint32_t)http, (uint32_t)status, e.code };
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		for (unsigned k = 0; k < 4; k++)
			head[4 * i + k] = (uint8_t)(fixed[i] >> (8 * k));
	struct sb s = sb_new(f->a);
	sb_addn(&s, (const char *)head, sizeof(head));
	if (e.code)
		sb_add(&s, e.what);
	j->done = true;
	send_frame(f, (uint32_t)(j - f->rq.jobs), FRAME_END,
		   (struct span){ (const uint8_t *)sb_str(&s), MIN(s.n, (size_t)LIMIT_FETCH_FRAME) });
}

// "https://host:port" of an address.
static const char *server_of(struct arena *a, const char *url)
{
	const char *host = strstr(url, "://");
	host = host ? host + strlen("://") : url;
	return arena_strndup(a, url, (size_t)(host - url) + strcspn(host, "/?#"));
}

static const char *why_dead(struct fetcher *f, const char *server)
{
	for (size_t i = 0; i < f->n_dead; i++)
		if (str_eq(f->dead[i].server, server))
			return f->dead[i].why;
	return NULL;
}

static void is_dead(struct fetcher *f, const char *url, const char *why)
{
	const char *server = server_of(f->a, url);
	if (f->n_dead < ARRAY_LEN(f->dead) && !why_dead(f, server))
		f->dead[f->n_dead++] = (struct dead){ server, why };
}

static err_t told(struct slot *s, CURLcode rc)
{
	static const struct {
		enum err_code code;
		const char *text;
	} verdicts[] = {
		[DROPPED_PAGE] = { E_IO, "the server's error page does not end" },
		[BAD_ENCODING] = { E_UNSUPPORTED, "not supported: the server encoded the file (Content-Encoding)" },
		[BAD_RANGE] = { E_CORRUPT, "the server sent another part of the file than was asked for" },
		[TOO_LARGE] = { E_LIMIT, "the file is larger than the limit, or than it says itself" },
		[MANY_HEADERS] = { E_CORRUPT, "the server's headers do not end" },
		[WEB_PAGE] = { E_CORRUPT, "the server answered with a web page, not with a file" },
	};
	if (s->verdict && s->verdict < ARRAY_LEN(verdicts))
		return fail(verdicts[s->verdict].code, verdicts[s->verdict].text, 0);
	if (rc == CURLE_FILESIZE_EXCEEDED)
		return fail(E_LIMIT, verdicts[TOO_LARGE].text, 0);
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return fail(E_LIMIT, "the server is too slow", 0);
	if (rc == CURLE_UNSUPPORTED_PROTOCOL)
		return fail(E_CORRUPT, "the server redirects to where no file may come from", 0);
	if (rc == CURLE_TOO_MANY_REDIRECTS)
		return fail(E_CORRUPT, "the server redirects without end", 0);
	return fail(E_IO, arena_strdup(s->f->a, s->reason[0] ? s->reason : s->f->c.easy_strerror(rc)), 0);
}

static bool may_retry(struct slot *s, CURLcode rc, long http)
{
	static const CURLcode codes[] = { CURLE_RECV_ERROR, CURLE_SEND_ERROR, CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING };
	static const long answers[] = { 429, 500, 502, 503, 504 };
	bool yes = s->verdict == BAD_RANGE;
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		yes = yes || (rc == codes[i] && !s->verdict);
	for (size_t i = 0; i < ARRAY_LEN(answers); i++)
		yes = yes || (rc == CURLE_OK && http == answers[i]);
	return yes && ++s->job->attempts < LIMIT_FETCH_ATTEMPTS;
}

// Nothing but the connection failed: the next file from there would fail the same way, after the same wait.
static bool server_is_dead(struct slot *s, CURLcode rc)
{
	curl_off_t connected = 0;
	switch (rc) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return true;
	case CURLE_OPERATION_TIMEDOUT:
		s->f->c.easy_getinfo(s->easy, CURLINFO_CONNECT_TIME_T, &connected);
		return !connected || !s->headers;
	default:
		return false;
	}
}

static bool is_refusal(long http)
{
	return http == 401 || http == 403;
}

// The address has nothing: on to the next one, or the end.
static void next_address(struct fetcher *f, struct job *j, long http)
{
	if (is_refusal(http))
		j->forbidden = (unsigned)http;
	if (j->at + 1 < j->n)
		j->at++;
	else if (j->forbidden)
		finish(f, j, STATUS_FAILED, j->forbidden,
		       fail(E_IO, arena_printf(f->a, "the server refuses access (%u)", j->forbidden), 0));
	else
		finish(f, j, STATUS_ABSENT, http, ok());
}

static void conclude(struct slot *s, CURLcode rc)
{
	struct fetcher *f = s->f;
	struct job *j = s->job;
	long http = 0;
	f->c.easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &http);
	f->c.multi_remove(f->multi, s->easy);
	f->c.slist_free(s->headers_out);
	s->headers_out = NULL;
	j->running = false;
	bool empty = rc == CURLE_OK && (http == 200 || http == 206) && !s->started;
	if (empty && !start_body(s, http))
		rc = CURLE_WRITE_ERROR;
	if (rc == CURLE_OK && (http == 200 || http == 206)) {
		finish(f, j, STATUS_OK, http, ok());
	} else if (rc == CURLE_OK && (http == 404 || http == 410 || is_refusal(http))) {
		next_address(f, j, http);
	} else if (rc == CURLE_OK && http == 416 && s->offset) {
		j->have = 0;
	} else if (may_retry(s, rc, http)) {
		if (s->verdict == BAD_RANGE)
			j->have = 0;
		j->not_before = os_now_us() + (uint64_t)PAUSE_US * j->attempts;
	} else {
		err_t e = rc == CURLE_OK ? fail(E_IO, arena_printf(f->a, "the server answered %ld", http), 0)
					 : told(s, rc);
		if (rc != CURLE_OK && server_is_dead(s, rc))
			is_dead(f, j->url[j->at], e.what);
		finish(f, j, STATUS_FAILED, http, e);
	}
	s->job = NULL;
}

// ---- all of them
static struct job *next_job(struct fetcher *f, size_t *from, bool *waiting)
{
	uint64_t now = os_now_us();
	while (*from < f->rq.n && f->rq.jobs[*from].done)
		++*from;
	// Those that wait or run are few: as many as there are connections, and retries.
	for (size_t i = *from; i < f->rq.n; i++) {
		struct job *j = &f->rq.jobs[i];
		if (j->done)
			continue;
		*waiting = true;
		if (!j->running && j->not_before <= now)
			return j;
	}
	return NULL;
}

static void fill_slots(struct fetcher *f, size_t *from, bool *waiting)
{
	for (size_t i = 0; i < ARRAY_LEN(f->slots); i++) {
		struct slot *s = &f->slots[i];
		if (s->job)
			continue;
		struct job *j = next_job(f, from, waiting);
		if (!j)
			return;
		const char *dead = why_dead(f, server_of(f->a, j->url[j->at]));
		if (dead)
			finish(f, j, STATUS_FAILED, 0, fail(E_IO, dead, 0));
		else if (!begin(s, j))
			finish(f, j, STATUS_FAILED, 0, fail(E_UNSUPPORTED, "this system's libcurl is too old", 0));
		if (j->done) {
			s->job = NULL;
			j->running = false;
		}
	}
}

// libcurl looks at the mean speed of some seconds; a server that fell silent is given up as soon as it may be.
static void end_silent(struct fetcher *f)
{
	uint64_t now = os_now_us();
	for (size_t i = 0; i < ARRAY_LEN(f->slots); i++) {
		struct slot *s = &f->slots[i];
		uint64_t ms = f->rq.set.stall_ms + (s->headers ? 0 : f->rq.set.connect_ms);
		if (s->job && now - s->heard > ms * 1000)
			conclude(s, CURLE_OPERATION_TIMEDOUT);
	}
}

static void tick(struct fetcher *f)
{
	uint64_t now = os_now_us();
	if (now - f->ticked < TICK_US)
		return;
	f->ticked = now;
	send_frame(f, 0, FRAME_TICK, (struct span){ NULL, 0 });
}

static void run(struct fetcher *f)
{
	size_t from = 0;
	for (bool waiting = true; waiting && !f->deaf;) {
		int running = 0, left = 0;
		waiting = false;
		fill_slots(f, &from, &waiting);
		f->c.multi_perform(f->multi, &running);
		for (CURLMsg *m; (m = f->c.multi_info(f->multi, &left));) {
			struct slot *s = NULL;
			CURLcode rc = m->data.result; // the message goes with the handle
			f->c.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (void *)&s);
			if (s && s->job)
				conclude(s, rc);
			waiting = true;
		}
		end_silent(f);
		for (size_t i = 0; i < ARRAY_LEN(f->slots); i++)
			waiting = waiting || f->slots[i].job;
		tick(f);
		if (running || waiting)
			f->c.multi_poll(f->multi, NULL, 0, running ? POLL_MS : 1, NULL);
	}
}

int fetch_main(struct arena *a)
{
	struct fetcher *f = NEW(a, struct fetcher);
	struct file_map in;
	f->a = a;
	if (file_map_fd(FD_JOBS, &in).code || request_read(a, in.bytes, &f->rq).code)
		return BAD_REQUEST;
	file_map_close(&in);
	if (!curl_lib_load(&f->c) || f->c.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return NO_LIBRARY;
	f->multi = f->c.multi_init();
	for (size_t i = 0; i < ARRAY_LEN(f->slots); i++)
		f->slots[i].f = f;
	const char *trusted[] = { os_env("CURL_CA_BUNDLE"), os_env("SSL_CERT_FILE"), os_env("SSL_CERT_DIR"), NULL };
	sandbox_enter_network(LIMIT_FETCH_MEMORY, trusted, ARRAY_LEN(trusted));
	if (!f->multi)
		return NO_LIBRARY;
	f->c.multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, (long)LIMIT_FETCH_CONNECTIONS);
	run(f);
	return 0;
}
