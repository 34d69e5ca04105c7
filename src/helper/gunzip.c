// SPDX-License-Identifier: Apache-2.0
// gunzip.c: RFC 1952, by zlib.
#include "helper/gunzip.h"

#include "base/str.h"

#include <limits.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

enum { OUT = 1 << 17, MAX_NAME = 1024, GZIP_ONLY = 16 + MAX_WBITS };

static err_t damaged(int code, bool input_left, uint64_t done)
{
	if (code == Z_MEM_ERROR)
		return fail(E_LIMIT, "gzip: unpacking it needs more memory than is allowed", done);
	if (!input_left && (code == Z_OK || code == Z_BUF_ERROR))
		return fail(E_CORRUPT, "gzip: the archive is not complete, copy it again", done);
	return fail(E_CORRUPT, "gzip: the archive is damaged", done);
}

// zlib counts in 32 bits, so large archives are given to it in parts.
static void refill(z_stream *z, struct span *rest)
{
	if (z->avail_in)
		return;
	unsigned n = (unsigned)MIN(rest->n, (size_t)INT_MAX);
	z->next_in = rest->p;
	z->avail_in = n;
	rest->p += n;
	rest->n -= n;
}

static bool more_members(const uint8_t *p, struct span archive)
{
	size_t left = (size_t)(archive.p + archive.n - p);
	return left > 2 && p[0] == 0x1f && p[1] == 0x8b;
}

static err_t inflate_all(struct arena *a, z_stream *z, const struct extract_job *job)
{
	struct span rest = job->archive;
	uint8_t *out = NEW_N(a, uint8_t, OUT);
	uint64_t done = 0;
	for (;;) {
		refill(z, &rest);
		z->next_out = out;
		z->avail_out = OUT;
		int code = inflate(z, Z_NO_FLUSH);
		size_t n = OUT - z->avail_out;
		if (n > job->limit - done)
			return extract_over_limit(a, job, done);
		if (n)
			TRY(job->sink(job->ctx, out, n));
		done += n;
		bool input_left = z->avail_in || rest.n;
		if (code == Z_STREAM_END) {
			if (!more_members(z->next_in, job->archive))
				return ok();
			inflateReset(z);
		} else if (code != Z_OK || (!input_left && z->avail_out)) {
			return damaged(code, input_left, done);
		}
	}
}

err_t gunzip(struct arena *a, const struct extract_job *job, const char **name_ret)
{
	Bytef name[MAX_NAME] = { 0 };
	gz_header head = { .name = name, .name_max = sizeof(name) - 1 };
	z_stream z = { 0 };
	int code = inflateInit2(&z, GZIP_ONLY);
	if (code != Z_OK)
		return damaged(code, true, 0);
	inflateGetHeader(&z, &head);
	err_t e = inflate_all(a, &z, job);
	inflateEnd(&z);
	if (!e.code)
		*name_ret = name[0] ? bytes_to_utf8(a, (struct span){ name, strlen((char *)name) }) : NULL;
	return e;
}
