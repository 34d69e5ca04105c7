// SPDX-License-Identifier: Apache-2.0
// unpack.h: opens a file that may lie in a container.
#pragma once
#include "base/os.h"

// Maps the file, or the dump inside it. *inner_name_ret: its name inside the container, NULL when the file is
// none.
MUST_USE err_t unpack_open(struct arena *a, const char *path, struct file_map *ret, const char **inner_name_ret);
