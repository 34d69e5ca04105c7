// SPDX-License-Identifier: Apache-2.0
// pe_int.h: what the files of pe/ share.
#pragma once
#include "base/limits.h"
#include "base/str.h"
#include "pe/pe.h"

// A small buffered view for tables that are read entry by entry: one call of the reader per 512 bytes.
struct pe_window {
	const struct pe *pe;
	uint32_t rva;
	size_t n;
	uint8_t buf[512];
};
// n <= 512 bytes at rva, or NULL when they are not all there; valid until the next call.
const uint8_t *pe_window_get(struct pe_window *w, uint64_t rva, size_t n);
// The NUL-terminated text at rva, at most LIMIT_PE_NAME bytes; NULL when it is not readable or has no end.
const char *pe_string(struct arena *a, struct pe_window *w, uint64_t rva);
// The bytes at a file offset, when the image was opened from a file; else an empty span.
struct span pe_file_bytes(const struct pe *pe, uint32_t off, uint32_t n);
// All bytes from a file offset on, when the image was opened from a file; else an empty span.
struct span pe_file_from(const struct pe *pe, uint32_t off);
