// SPDX-License-Identifier: Apache-2.0
// fuzz_unpack.c: the helper program's extraction on any bytes, in this process. The first byte chooses the format and
// whether any file will do; the rest is the archive. Content never passes the limit, a dump that was taken is one by
// content or by name, and an error has a text and leaves the name alone.
#include "base/str.h"
#include "helper/extract.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CONTENT_LIMIT = 1 << 20 };

struct taken {
	uint64_t n;
	uint8_t head[8];
};

static err_t take(void *ctx, const void *p, size_t n)
{
	struct taken *t = ctx;
	if (t->n < sizeof(t->head) && n)
		memcpy(t->head + t->n, p, MIN(n, sizeof(t->head) - (size_t)t->n));
	t->n += n;
	return ok();
}

static bool is_dump(const struct taken *t, const char *name)
{
	return memcmp(t->head, "MDMP", 4) == 0 || memcmp(t->head, "PAGEDU", 6) == 0 ||
	       memcmp(t->head, "USERDUMP", 8) == 0 || str_iends(name, ".dmp") || str_iends(name, ".mdmp") ||
	       str_iends(name, ".hdmp");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const formats[] = { "cab", "zip", "7z", "gzip", "xz", "zstd", "bzip2" };
	if (size < 1 || size > 65536)
		return 0;
	size_t format = data[0] % ARRAY_LEN(formats);
	bool any = data[0] & 0x80;
	struct taken t = { 0 };
	const char *name = "untouched";
	struct arena *a = arena_new(1 << 20);
	struct extract_job job = {
		.format = formats[format],
		.archive = { data + 1, size - 1 },
		.any = any,
		.limit = CONTENT_LIMIT,
		.sink = take,
		.ctx = &t,
	};
	err_t e = extract_file(a, &job, &name);
	if (t.n > CONTENT_LIMIT || (e.code && (!e.what || !*e.what || !str_eq(name, "untouched"))))
		abort();
	if (!e.code && !any && format < 3 && !is_dump(&t, name))
		abort();
	arena_free(a);
	return 0;
}
