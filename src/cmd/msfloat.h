// SPDX-License-Identifier: Apache-2.0
// msfloat.h: floating-point numbers as the debugger's C runtime prints them.
#pragma once
#include "base/base.h"

// "%.{digits}g" with exponents of at least three digits, and infinities and NaNs as "1.#INF", "1.#QNAN", "-1.#IND".
const char *ms_float(struct arena *a, double v, int digits);
// The same of an x87 register: "%.{digits}e" with a sign or blank before it.
const char *ms_x87(struct arena *a, const uint8_t bytes[10], int digits);
float ms_f32(uint32_t bits);
double ms_f64(uint64_t bits);
