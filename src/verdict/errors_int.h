// SPDX-License-Identifier: Apache-2.0
// errors_int.h: the tables behind the error texts.
#pragma once
#include "base/base.h"

struct error_text {
	uint32_t code;
	const char *text;
};
extern const struct error_text win32_texts[], ntstatus_texts[]; // ascending codes
extern const size_t n_win32_texts, n_ntstatus_texts;
