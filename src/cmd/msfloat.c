// SPDX-License-Identifier: Apache-2.0
// msfloat.c: floating-point text. The C runtime that the debugger uses writes three exponent digits
// ("2.66366e+014") and its own words for what is no number.
#include "cmd/msfloat.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

float ms_f32(uint32_t bits)
{
	float f;
	memcpy(&f, &bits, sizeof(f));
	return f;
}

double ms_f64(uint64_t bits)
{
	double d;
	memcpy(&d, &bits, sizeof(d));
	return d;
}

// "1e+05" becomes "1e+005".
static const char *widen_exponent(struct arena *a, const char *text, size_t digits)
{
	const char *e = strchr(text, 'e');
	size_t have = e ? strlen(e + 2) : digits;
	if (have >= digits)
		return arena_strdup(a, text);
	return arena_printf(a, "%.*s%.*s%s", (int)(e + 2 - text), text, (int)(digits - have), "0000", e + 2);
}

static const char *no_number(bool negative, bool inf, bool indefinite)
{
	if (inf)
		return negative ? "-1.#INF" : "1.#INF";
	if (negative && indefinite)
		return "-1.#IND";
	return negative ? "-1.#QNAN" : "1.#QNAN";
}

const char *ms_float(struct arena *a, double v, int digits)
{
	char text[64];
	if (!isfinite(v)) {
		uint64_t bits;
		memcpy(&bits, &v, sizeof(bits));
		return no_number(signbit(v), isinf(v), (bits & 0xfffffffffffff) == 0x8000000000000);
	}
	snprintf(text, sizeof(text), "%.*g", digits, v);
	return widen_exponent(a, text, 3);
}

// The 80-bit format: 64-bit significand with its integer bit, then exponent and sign.
const char *ms_x87(struct arena *a, const uint8_t bytes[10], int digits)
{
	uint64_t significand = le_get(bytes, 8);
	unsigned top = (unsigned)le_get(bytes + 8, 2);
	int exponent = (int)(top & 0x7fff);
	bool negative = top >> 15;
	if (exponent == 0x7fff)
		return arena_printf(a, "%s%s", negative ? "" : " ",
				    no_number(negative, !(significand << 1), significand << 1 == (uint64_t)1 << 63));
	char text[64];
	long double v = ldexpl((long double)significand, exponent - 16383 - 63);
	snprintf(text, sizeof(text), "%.*Le", digits, negative ? -v : v);
	return arena_printf(a, "%s%s", negative ? "" : " ", widen_exponent(a, text, 4));
}
