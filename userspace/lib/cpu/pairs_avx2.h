/* SPDX-License-Identifier: MIT */
/* What zero points take off, of inputs in 16 bits that come in fours of pairs. */
#ifndef OCTET_CPU_PAIRS_AVX2_H
#define OCTET_CPU_PAIRS_AVX2_H

#include <stdint.h>

#include <immintrin.h>

/* Products x0 x2 + x1 x3 of each four: in every other lane. */
static inline __attribute__((always_inline)) __m256i products(__m256i x)
{
	const __m256i second = _mm256_setr_epi8(
		4, 5, 6, 7, -1, -1, -1, -1, 12, 13, 14, 15, -1, -1, -1, -1,
		4, 5, 6, 7, -1, -1, -1, -1, 12, 13, 14, 15, -1, -1, -1, -1);

	return _mm256_madd_epi16(x, _mm256_shuffle_epi8(x, second));
}

/* Of sums of those. */
static inline int32_t total(__m256i v)
{
	const __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v),
					_mm256_extracti128_si256(v, 1));

	return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e)));
}

#endif
