// SPDX-License-Identifier: Apache-2.0
// msf.h: the container of a PDB: numbered streams. A stream is a list of blocks; a view of it is in place when its
// blocks follow each other.
#pragma once
#include "base/base.h"

struct msf_stream {
	uint32_t size;  // 0 for a stream that does not exist
	uint32_t first; // where its block numbers start in the directory's list
};
struct msf {
	struct span file;
	struct span lists; // block numbers of all streams
	struct msf_stream *streams;
	uint32_t n_streams;
	unsigned shift;    // log2 of the block size
	uint64_t gathered; // bytes copied so far: never more than the file has
};
MUST_USE err_t msf_open(struct arena *a, struct span file, struct msf *ret);
struct msf_stream msf_stream(const struct msf *m, uint32_t index); // an empty one when there is no such stream
// n bytes at `off`: in place, else copied to `buf` (room for n; NULL: in place or not at all). NULL: not there.
const uint8_t *msf_view(const struct msf *m, const struct msf_stream *s, uint64_t off, size_t n, void *buf);
// As msf_view, for parts that are kept: copies to the arena when it has to.
MUST_USE err_t msf_part(struct msf *m, struct arena *a, const struct msf_stream *s, uint64_t off, uint64_t n,
			struct span *ret);
// The number of bytes from `off` on that lie in place, at most `most`.
size_t msf_run(const struct msf *m, const struct msf_stream *s, uint64_t off, size_t most);
