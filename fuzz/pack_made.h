// SPDX-License-Identifier: Apache-2.0
// pack_made.h: for the fuzz targets of files that become packs: the pack that becomes of them holds what packs promise.
#pragma once
#include "pack/pack_write.h"
#include "pack_touch.h"

typedef err_t pack_make_fn(struct arena *a, struct span file, pack_undecorate_fn *undecorate,
			   const struct pack_origin *from, struct span *ret);
struct made {
	struct arena *a;
	struct span file;
	pack_make_fn *make;
};

static err_t made_everything(void *ctx)
{
	struct made *w = ctx;
	struct span bytes;
	struct pack *p;
	TRY(w->make(w->a, w->file, NULL, NULL, &bytes));
	if (pack_open(w->a, bytes, &p).code || pack_verify(p).code)
		abort();
	touch_pack(w->a, p);
	return ok();
}

// A limit of a reader that ends it (E_LIMIT) is no finding; memory out of proportion to the input is one.
static int fuzz_made(const uint8_t *data, size_t size, pack_make_fn *make)
{
	enum { MEMORY = 512 << 20, SMALL = 1 << 16 };
	struct made w = { arena_new(MEMORY), { data, size }, make };
	err_t e = arena_guard(w.a, NULL, made_everything, &w);
	(void)e;
	if (arena_used(w.a) > MEMORY / 2 && size < SMALL)
		abort();
	arena_free(w.a);
	return 0;
}
