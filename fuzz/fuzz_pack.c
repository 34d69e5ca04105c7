// SPDX-License-Identifier: Apache-2.0
// fuzz_pack.c: any bytes as a layout pack.
#include "pack_touch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct work {
	struct arena *a;
	struct span file;
};

static err_t everything(void *ctx)
{
	struct work *w = ctx;
	struct pack *p;
	TRY(pack_open(w->a, w->file, &p));
	(void)pack_verify(p).code;
	touch_pack(w->a, p);
	return ok();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { MEMORY = 512 << 20 };
	struct work w = { arena_new(MEMORY), { data, size } };
	if (arena_guard(w.a, NULL, everything, &w).code == E_LIMIT && size < 1 << 20)
		abort(); // more than the input justifies
	arena_free(w.a);
	return 0;
}
