// SPDX-License-Identifier: Apache-2.0
// kernel_blobs.c: secondary data, which drivers add to a dump as it is written: a chain of tagged blobs behind the
// body. Layout as measured on the corpus; a header of zeros or the file's end closes the chain.
#include "base/limits.h"
#include "dump/kernel_int.h"

#include <string.h>

enum { FILE_HEADER = 0x10, BLOB_HEADER = 0x20 };

void kdmp_blobs(struct kdmp *m, uint64_t at)
{
	struct span head = span_sub(m->file, at, FILE_HEADER);
	if (!head.n || memcmp(head.p, "DumpBlob", 8) != 0)
		return;
	size_t n = 0, cap = 16;
	struct dump_blob *list = NEW_N(m->a, struct dump_blob, cap);
	for (at += le_get(head.p + 8, 4); n < LIMIT_KERNEL_BLOBS;) {
		struct span b = span_sub(m->file, at, BLOB_HEADER);
		uint64_t header = b.n ? le_get(b.p, 4) : 0;
		if (header < BLOB_HEADER)
			break;
		uint64_t size = le_get(b.p + 0x14, 4), from = at + header + le_get(b.p + 0x18, 4);
		struct span data = span_clip(m->file, from, size);
		if (n == cap) {
			cap *= 2;
			struct dump_blob *p = NEW_N(m->a, struct dump_blob, cap);
			memcpy(p, list, n * sizeof(*p));
			list = p;
		}
		list[n] = (struct dump_blob){ .bytes = data, .at = from };
		memcpy(list[n++].guid, b.p + 4, sizeof(list->guid));
		if (data.n < size) {
			notes_add(&m->notes, E_ABSENT, "secondary data: the file ends inside it", from);
			break;
		}
		at = from + size + le_get(b.p + 0x1c, 4);
	}
	m->k->blobs = list;
	m->k->n_blobs = n;
}
