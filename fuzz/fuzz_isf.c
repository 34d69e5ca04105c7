// SPDX-License-Identifier: Apache-2.0
// fuzz_isf.c: any bytes as an ISF.
#include "pack_made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_made(data, size, pack_from_isf);
}
