/* SPDX-License-Identifier: MIT */
/* Products of one vector with rows of bytes, AVX2: four rows share the loads. */
#include <immintrin.h>

#include "kernels.h"

#define ROWS 4

static inline __attribute__((always_inline)) __m256i
load(const uint8_t *w, bool is_signed)
{
	const __m128i v = _mm_loadu_si128((const void *)w);

	return is_signed ? _mm256_cvtepi8_epi16(v) : _mm256_cvtepu8_epi16(v);
}

static inline int32_t total(__m256i v)
{
	__m128i s = _mm_add_epi32(_mm256_castsi256_si128(v),
				  _mm256_extracti128_si256(v, 1));

	s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
	s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
	return _mm_cvtsi128_si32(s);
}

/* rows is a constant where this is inlined */
static inline __attribute__((always_inline)) void
block(size_t rows, size_t n, const int16_t *x, const uint8_t *w, size_t ldw,
      bool is_signed, int32_t *acc)
{
	__m256i sum[ROWS];
	size_t k = 0;

#pragma GCC unroll 4
	for (size_t i = 0; i < rows; i++)
		sum[i] = _mm256_setzero_si256();
	for (; k + 16 <= n; k += 16) {
		const __m256i v = _mm256_loadu_si256((const void *)(x + k));

#pragma GCC unroll 4
		for (size_t i = 0; i < rows; i++)
			sum[i] = _mm256_add_epi32(sum[i], _mm256_madd_epi16(v,
					load(w + i * ldw + k, is_signed)));
	}
#pragma GCC unroll 4
	for (size_t i = 0; i < rows; i++) {
		uint32_t rest = (uint32_t)total(sum[i]);

		for (size_t j = k; j < n; j++)
			rest += (uint32_t)(x[j] * (is_signed ?
						   (int8_t)w[i * ldw + j] :
						   w[i * ldw + j]));
		acc[i] = (int32_t)rest;
	}
}

static inline __attribute__((always_inline)) void
all(size_t count, size_t n, const int16_t *x, const uint8_t *w, size_t ldw,
    bool is_signed, int32_t *acc)
{
	size_t i = 0;

	for (; i + ROWS <= count; i += ROWS)
		block(ROWS, n, x, w + i * ldw, ldw, is_signed, acc + i);
	for (; i < count; i++)
		block(1, n, x, w + i * ldw, ldw, is_signed, acc + i);
}

void octet_cpu_rows_avx2(size_t count, size_t n, const int16_t *x,
			 const uint8_t *w, size_t ldw, bool is_signed,
			 int32_t *acc)
{
	if (is_signed)
		all(count, n, x, w, ldw, true, acc);
	else
		all(count, n, x, w, ldw, false, acc);
}
