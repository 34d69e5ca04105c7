// SPDX-License-Identifier: Apache-2.0
// md5.h: MD5 (RFC 1321), for FAILURE_ID_HASH only: a name for a string, not a protection. Written here because
// libc has none and no library that the program links otherwise does.
#pragma once
#include "base/base.h"

void md5(struct span bytes, uint8_t ret[16]);
