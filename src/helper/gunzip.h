// SPDX-License-Identifier: Apache-2.0
// gunzip.h: gzip without libarchive, whose reader (3.6) does not compare the checksums.
#pragma once
#include "helper/extract.h"

// As extract_file() for "gzip"; members after each other are one content, other bytes after them are ignored as gzip
// does. *name_ret: the name that the first member records, NULL when it has none.
err_t gunzip(struct arena *a, const struct extract_job *job, const char **name_ret) MUST_USE;
