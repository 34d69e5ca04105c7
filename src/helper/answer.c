// SPDX-License-Identifier: Apache-2.0
// answer.c: headers and bodies, and what goes on to the other side. Everything a server says is a claim.
#include "base/os.h"
#include "helper/fetch_int.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void put32(uint8_t *p, uint32_t v)
{
	for (unsigned i = 0; i < sizeof(v); i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void write_all(struct fetcher *f, const uint8_t *p, size_t n)
{
	while (n && !f->deaf) {
		ssize_t done = write(FD_ANSWERS, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0) {
			f->deaf = true;
			return;
		}
		p += done;
		n -= (size_t)done;
	}
}

void send_frame(struct fetcher *f, uint32_t job, int kind, struct span payload)
{
	uint8_t head[FRAME_HEAD] = { 0 };
	put32(head, (uint32_t)payload.n);
	put32(head + 4, job);
	head[8] = (uint8_t)kind;
	write_all(f, head, sizeof(head));
	write_all(f, payload.p, payload.n);
}

// ---- headers
// "Name: value\r\n" without the name and blanks; false: another header.
static bool header(const char *p, size_t n, const char *name, const char **value, size_t *size)
{
	size_t m = strlen(name);
	if (n <= m || !str_ieqn(p, name, m) || p[m] != ':')
		return false;
	p += m + 1;
	n -= m + 1;
	while (n && (*p == ' ' || *p == '\t')) {
		p++;
		n--;
	}
	while (n && (p[n - 1] == '\r' || p[n - 1] == '\n' || p[n - 1] == ' '))
		n--;
	*value = p;
	*size = n;
	return true;
}

static void keep(char to[VALIDATOR + 1], const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (n > VALIDATOR || (unsigned char)p[i] < ' ' || (unsigned char)p[i] > '~')
			n = 0;
	memcpy(to, p, n);
	to[n] = 0;
}

// "bytes 100-199/200", or '*' for a size that is not known.
static void range(struct slot *s, const char *p, size_t n)
{
	uint64_t v[3] = { 0 };
	size_t k = 0;
	bool good = n > 6 && str_ieqn(p, "bytes ", 6);
	for (size_t i = 6; good && i < n; i++) {
		if (p[i] >= '0' && p[i] <= '9')
			good = mul_ok(v[k], 10, &v[k]) && add_ok(v[k], (uint64_t)(p[i] - '0'), &v[k]);
		else if ((p[i] == '-' && k == 0) || (p[i] == '/' && k == 1))
			k++;
		else
			good = p[i] == '*' && k == 2;
	}
	s->ranged = good && k == 2;
	s->range_from = v[0];
	s->range_whole = v[2];
}

static void new_answer(struct slot *s)
{
	s->validator[0] = s->modified[0] = 0;
	s->encoded = s->ranged = false;
}

size_t on_header(char *p, size_t size, size_t n, void *ctx)
{
	struct slot *s = ctx;
	const char *v;
	size_t m;
	n *= size;
	s->headers += n;
	s->heard = os_now_us();
	if (s->headers > LIMIT_FETCH_HEADERS) {
		s->verdict = MANY_HEADERS;
		return 0;
	}
	if (n > 5 && memcmp(p, "HTTP/", 5) == 0)
		new_answer(s);
	else if (header(p, n, "ETag", &v, &m) && !(m > 1 && v[0] == 'W' && v[1] == '/')) // weak ones do not resume
		keep(s->validator, v, m);
	else if (header(p, n, "Last-Modified", &v, &m))
		keep(s->modified, v, m);
	else if (header(p, n, "Content-Range", &v, &m))
		range(s, v, m);
	else if (header(p, n, "Content-Encoding", &v, &m))
		s->encoded = m && !(m == strlen("identity") && str_ieqn(v, "identity", m));
	return n;
}

// ---- bodies
static bool start(struct slot *s, uint64_t offset, uint64_t whole, long http)
{
	uint8_t b[24 + VALIDATOR] = { 0 };
	const char *v = s->validator[0] ? s->validator : s->modified;
	struct job *j = s->job;
	put32(b, j->at);
	put32(b + 4, (uint32_t)http);
	put32(b + 8, (uint32_t)offset);
	put32(b + 12, (uint32_t)(offset >> 32));
	put32(b + 16, (uint32_t)whole);
	put32(b + 20, (uint32_t)(whole >> 32));
	memcpy(b + 24, v, strlen(v));
	memcpy(j->validator, v, strlen(v) + 1);
	j->have = offset;
	j->resume_of = j->at;
	s->started = true;
	send_frame(s->f, (uint32_t)(j - s->f->rq.jobs), FRAME_START, (struct span){ b, 24 + strlen(v) });
	return true;
}

bool start_body(struct slot *s, long http)
{
	curl_off_t length = -1;
	uint64_t whole = 0;
	s->f->c.easy_getinfo(s->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (s->encoded) {
		s->verdict = BAD_ENCODING;
		return false;
	}
	if (http == 206) {
		if (!s->offset || !s->ranged || s->range_from != s->offset) {
			s->verdict = BAD_RANGE;
			return false;
		}
		whole = s->range_whole;
	} else {
		s->offset = 0;
		whole = length > 0 ? (uint64_t)length : 0;
	}
	if (whole > s->job->max) {
		s->verdict = TOO_LARGE;
		return false;
	}
	return start(s, s->offset, whole, http);
}

// Portals and error pages answer 200, too. No symbol file begins like a page.
static bool is_page(const struct slot *s, const char *p, size_t n)
{
	while (n && (*p == ' ' || *p == '\r' || *p == '\n' || *p == '\t' || (unsigned char)*p == 0xef ||
		     (unsigned char)*p == 0xbb || (unsigned char)*p == 0xbf)) {
		p++;
		n--;
	}
	return n && *p == '<' && !s->offset;
}

// A PDB says in its first bytes how large it is (MSF: block size and number of blocks), so that a body without end is
// known long before the limit. Some slack: files get things appended.
static void learn_size(struct job *j, const char *p, size_t n)
{
	enum { AT_BLOCK = 32, AT_BLOCKS = 40, NEEDED = 44, SLACK = 1 << 20 };
	static const char magic[] = "Microsoft C/C++ MSF 7.00\r\n\x1a"
				    "DS";
	if (n < NEEDED || memcmp(p, magic, sizeof(magic) - 1) != 0)
		return;
	const uint8_t *b = (const uint8_t *)p;
	uint64_t size = le_get(b + AT_BLOCK, 4) * le_get(b + AT_BLOCKS, 4) + SLACK;
	j->max = MIN(j->max, size);
}

size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct slot *s = ctx;
	struct job *j = s->job;
	long http = 0;
	n *= size;
	s->heard = os_now_us();
	s->f->c.easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &http);
	if (http != 200 && http != 206) {
		s->page += n;
		if (s->page > LIMIT_FETCH_PAGE) {
			s->verdict = DROPPED_PAGE;
			return 0;
		}
		return n;
	}
	if (!s->started) {
		if (is_page(s, p, n)) {
			s->verdict = WEB_PAGE;
			return 0;
		}
		if (!start_body(s, http))
			return 0;
		if (!s->offset)
			learn_size(j, p, n);
	}
	if (n > j->max - j->have) {
		s->verdict = TOO_LARGE;
		return 0;
	}
	for (size_t at = 0, m; at < n; at += m) {
		m = MIN(n - at, (size_t)LIMIT_FETCH_FRAME);
		send_frame(s->f, (uint32_t)(j - s->f->rq.jobs), FRAME_DATA, (struct span){ (uint8_t *)p + at, m });
	}
	j->have += n;
	return s->f->deaf ? 0 : n;
}
