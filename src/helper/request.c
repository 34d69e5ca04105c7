// SPDX-License-Identifier: Apache-2.0
// request.c: the jobs, read from the memory file.
#include "helper/fetch_int.h"

#include <string.h>

static bool number(const char **p, uint64_t *ret)
{
	uint64_t v = 0;
	const char *s = *p;
	if (*s == ' ')
		s++;
	const char *digits = s;
	for (; *s >= '0' && *s <= '9'; s++)
		if (!mul_ok(v, 10, &v) || !add_ok(v, (uint64_t)(*s - '0'), &v))
			return false;
	*p = s;
	*ret = v;
	return s > digits;
}

static bool set(struct settings *set, const char *s)
{
	const struct {
		const char *key;
		uint64_t *to;
	} known[] = { { "connect", &set->connect_ms }, { "stall", &set->stall_ms }, { "total", &set->total_ms } };
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!str_starts(s, known[i].key))
			continue;
		s += strlen(known[i].key);
		return number(&s, known[i].to) && !*s && *known[i].to && *known[i].to < INT32_MAX;
	}
	return false;
}

static bool new_job(struct job *j, const char *s)
{
	uint64_t which = 0;
	if (!number(&s, &j->max) || !number(&s, &which) || !number(&s, &j->have) || *s || which >= MOST_URLS)
		return false;
	j->resume_of = (unsigned)which;
	return j->have < j->max;
}

static bool read_line(struct request *rq, const char *s)
{
	struct job *j = rq->n ? &rq->jobs[rq->n - 1] : NULL;
	if (str_starts(s, "set "))
		return set(&rq->set, s + strlen("set "));
	if (str_starts(s, "job "))
		return rq->n < LIMIT_FETCH_JOBS && new_job(&rq->jobs[rq->n++], s + strlen("job "));
	if (!j)
		return false;
	if (str_starts(s, "url ") && j->n < MOST_URLS) {
		j->url[j->n++] = s + strlen("url ");
		return true;
	}
	const char *v = str_starts(s, "if ") ? s + strlen("if ") : NULL;
	if (!v || strlen(v) > VALIDATOR)
		return false;
	memcpy(j->validator, v, strlen(v) + 1);
	return true;
}

err_t request_read(struct arena *a, struct span text, struct request *ret)
{
	char *s = arena_strndup(a, (const char *)text.p, text.n);
	size_t jobs = 0;
	for (const char *p = s; p; p = strchr(p + 1, '\n'))
		jobs += str_starts(p + (*p == '\n'), "job ");
	*ret = (struct request){ .jobs = NEW_N(a, struct job, MIN(jobs, (size_t)LIMIT_FETCH_JOBS)) };
	for (char *end; s && (end = strchr(s, '\n')); s = end + 1) {
		*end = 0;
		if (!read_line(ret, s))
			return fail(E_USAGE, "the helper program is of another version of dumpscope", 0);
	}
	for (size_t i = 0; i < ret->n; i++)
		if (!ret->jobs[i].n)
			return fail(E_USAGE, "a download without an address", i);
	return ok();
}
