// SPDX-License-Identifier: Apache-2.0
// pack_file.h: symbol files by path: packs as they are; ISF and Breakpad files through the pack that was made of them,
// which is kept in the user's cache folder (packs/) and made again when the file, or how it is read, changed.
#pragma once
#include "pack/pack_write.h"

struct pack_file {
	struct pack *pack;
	struct file_map map; // what the pack lies in; empty when it lies in the arena
	bool converted;      // just now
	const char *cached;  // the pack in the cache folder; NULL: the file is one itself, or nothing could be kept
};
// The path says nothing about the kind: the content does. Errors begin with the path. Works without a cache folder,
// and with one that cannot be written. Close with pack_file_close().
MUST_USE err_t pack_open_file(struct arena *a, const char *path, pack_undecorate_fn *undecorate, struct pack_file *ret);
void pack_file_close(struct pack_file *f);
// A pack made of the bytes of an ISF or Breakpad file, in `a` (call under arena_guard). E_UNSUPPORTED: neither.
MUST_USE err_t pack_convert(struct arena *a, struct span bytes, pack_undecorate_fn *undecorate,
			    const struct pack_origin *from, struct span *ret);
