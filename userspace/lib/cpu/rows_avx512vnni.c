/* SPDX-License-Identifier: MIT */
/* Products of one vector with rows of bytes, AVX-512: masks end the rows. */
#include <immintrin.h>

#include "kernels.h"

#define ROWS 4

static inline __attribute__((always_inline)) __m512i
load(const uint8_t *w, __mmask32 m, bool is_signed)
{
	const __m256i v = _mm256_maskz_loadu_epi8(m, w);

	return is_signed ? _mm512_cvtepi8_epi16(v) : _mm512_cvtepu8_epi16(v);
}

/* rows is a constant where this is inlined */
static inline __attribute__((always_inline)) void
block(size_t rows, size_t n, const int16_t *x, const uint8_t *w, size_t ldw,
      bool is_signed, int32_t *acc)
{
	__m512i sum[ROWS];

#pragma GCC unroll 4
	for (size_t i = 0; i < rows; i++)
		sum[i] = _mm512_setzero_si512();
	for (size_t k = 0; k < n; k += 32) {
		const __mmask32 m = n - k >= 32 ? ~(__mmask32)0 :
				    ((__mmask32)1 << (n - k)) - 1;
		const __m512i v = _mm512_maskz_loadu_epi16(m, x + k);

#pragma GCC unroll 4
		for (size_t i = 0; i < rows; i++)
			sum[i] = _mm512_dpwssd_epi32(sum[i], v,
					load(w + i * ldw + k, m, is_signed));
	}
#pragma GCC unroll 4
	for (size_t i = 0; i < rows; i++)
		acc[i] = _mm512_reduce_add_epi32(sum[i]);
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

void octet_cpu_rows_avx512vnni(size_t count, size_t n, const int16_t *x,
			       const uint8_t *w, size_t ldw, bool is_signed,
			       int32_t *acc)
{
	if (is_signed)
		all(count, n, x, w, ldw, true, acc);
	else
		all(count, n, x, w, ldw, false, acc);
}
