// SPDX-License-Identifier: Apache-2.0
// fuzz_isf.c: any bytes as an ISF; the pack that becomes of them holds what packs promise.
#include "pack/pack_write.h"
#include "pack_touch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct work {
	struct arena *a;
	struct span file;
};

static err_t everything(void *ctx)
{
	struct work *w = ctx;
	struct span bytes;
	struct pack *p;
	TRY(pack_from_isf(w->a, w->file, NULL, NULL, &bytes));
	if (pack_open(w->a, bytes, &p).code || pack_verify(p).code)
		abort();
	touch_pack(w->a, p);
	return ok();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { MEMORY = 512 << 20 };
	struct work w = { arena_new(MEMORY), { data, size } };
	err_t e = arena_guard(w.a, NULL, everything, &w); // E_LIMIT may also be nesting
	(void)e;
	if (arena_used(w.a) > MEMORY / 2 && size < 1 << 16)
		abort(); // more than the input justifies
	arena_free(w.a);
	return 0;
}
