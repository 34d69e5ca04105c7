// SPDX-License-Identifier: Apache-2.0
// md5.c: RFC 1321, section 3. The table of section 3.4 is floor(2^32 * |sin(i + 1)|).
#include "base/md5.h"

#include <string.h>

static const uint32_t sines[64] = { 0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
				    0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
				    0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
				    0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
				    0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
				    0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
				    0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
				    0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
				    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
				    0xeb86d391 };
static const uint8_t shifts[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } };

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x << n | x >> (32 - n);
}

static void block(uint32_t s[4], const uint8_t *p)
{
	uint32_t a = s[0], b = s[1], c = s[2], d = s[3];
	for (unsigned i = 0; i < 64; i++) {
		static const uint8_t step[4] = { 1, 5, 3, 7 }, start[4] = { 0, 1, 5, 0 };
		unsigned round = i / 16, word = (start[round] + step[round] * i) % 16;
		uint32_t f = round == 0   ? (b & c) | (~b & d)
			     : round == 1 ? (d & b) | (~d & c)
			     : round == 2 ? b ^ c ^ d
					  : c ^ (b | ~d);
		uint32_t next =
			b + rotate(a + f + sines[i] + (uint32_t)le_get(p + (size_t)4 * word, 4), shifts[round][i % 4]);
		a = d;
		d = c;
		c = b;
		b = next;
	}
	s[0] += a;
	s[1] += b;
	s[2] += c;
	s[3] += d;
}

void md5(struct span bytes, uint8_t ret[16])
{
	uint32_t s[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	size_t i = 0;
	for (; bytes.n - i >= 64; i += 64)
		block(s, bytes.p + i);
	// The rest, a 1 bit, zeros, and the length in bits, in one block or two.
	uint8_t tail[128] = { 0 };
	size_t left = bytes.n - i, n = left < 56 ? 64 : 128;
	if (left)
		memcpy(tail, bytes.p + i, left);
	tail[left] = 0x80;
	uint64_t bits = (uint64_t)bytes.n * 8;
	for (unsigned k = 0; k < 8; k++)
		tail[n - 8 + k] = (uint8_t)(bits >> (8 * k));
	for (size_t k = 0; k < n; k += 64)
		block(s, tail + k);
	for (unsigned k = 0; k < 16; k++)
		ret[k] = (uint8_t)(s[k / 4] >> (8 * (k % 4)));
}
