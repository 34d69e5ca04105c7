// SPDX-License-Identifier: Apache-2.0
// output.c: buffered standard output with a log beside it. A reader that goes away ends the output, not with
// an error: `dumpscope ... | head` is normal use.
#include "front/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool write_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t done = write(fd, p, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

void output_flush(struct output *o)
{
	if (!o->failed && o->n && !write_all(STDOUT_FILENO, o->buf, o->n)) {
		o->failed = true;
		o->error = errno == EPIPE ? 0 : errno;
	}
	if (o->log)
		log_write(o->log, o->buf, o->n);
	o->n = 0;
}

int output_end(struct output *o, int code)
{
	output_flush(o);
	if (!o->error)
		return code;
	fprintf(stderr, "dumpscope: standard output: %s\n", strerror(o->error));
	return EXIT_USAGE;
}

static void put(void *ctx, const char *bytes, size_t n)
{
	struct output *o = ctx;
	while (n) {
		size_t k = MIN(n, sizeof(o->buf) - o->n);
		// A log that is to begin or end at the end of a document: each is a line.
		const char *end = o->log && o->log->pending ? memchr(bytes, '\n', k) : NULL;
		if (end)
			k = (size_t)(end - bytes) + 1;
		memcpy(o->buf + o->n, bytes, k);
		o->n += k;
		bytes += k;
		n -= k;
		if (end)
			log_line_end(o->log);
		if (o->n == sizeof(o->buf))
			output_flush(o);
	}
}

void output_init(struct output *o)
{
	o->sink = (struct sink){ put, o };
	o->n = 0;
	o->log = NULL;
	o->failed = false;
	o->error = 0;
}
