// SPDX-License-Identifier: Apache-2.0
// unpack.h: opens a file that may lie in an archive: CAB, zip, 7z, gzip, xz, zstd, bzip2, known by their first bytes.
#pragma once
#include "base/os.h"

// Maps the file, or the dump inside it, which the helper program (src/helper) unpacks to a scratch file first. From an
// archive of several files WinDbg's rule takes the first dump; `wanted` names another one: its path there, or the last
// part of it; NULL: the first. *inner_name_ret: its name there, in the arena, without
// control characters; NULL when the file was no archive. Close the map with file_map_close().
// Environment: DUMPSCOPE_HELPER names the helper program, TMPDIR the folder for large content;
// DUMPSCOPE_UNPACK_LIMIT, DUMPSCOPE_UNPACK_MEMORY (bytes, or with K, M, G, T) and DUMPSCOPE_UNPACK_SECONDS
// change the limits of limits.h.
// Errors begin with the path: E_NOTFOUND no such file, or no dump in the archive; E_IO; E_CORRUPT a damaged archive;
// E_UNSUPPORTED; E_LIMIT; E_CANCELLED the helper was interrupted; E_USAGE a value of the environment.
MUST_USE err_t unpack_open(struct arena *a, const char *path, const char *wanted, struct file_map *ret,
			   const char **inner_name_ret);
// The same for any file: an archive's first file, whatever it is (symbol stores hold compressed `.pd_` and `.dl_`).
MUST_USE err_t unpack_any(struct arena *a, const char *path, struct file_map *ret, const char **inner_name_ret);
// The helper program; NULL: it is nowhere.
const char *helper_path(struct arena *a);
// A number from the environment, with K, M, G or T behind it; `otherwise` when it is not set. E_USAGE.
MUST_USE err_t env_bytes(struct arena *a, const char *name, uint64_t otherwise, uint64_t *ret);
