// SPDX-License-Identifier: Apache-2.0
// fuzz_breakpad.c: any bytes as a Breakpad symbol file.
#include "pack_made.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_made(data, size, pack_from_breakpad);
}
