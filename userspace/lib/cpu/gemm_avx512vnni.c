/* SPDX-License-Identifier: MIT */
/*
 * Matrix product, AVX-512 VNNI: 12 x 32 results in 24 registers. VPDPWSSD
 * multiplies int16 pairs and adds without saturation.
 */
#include <immintrin.h>
#include <string.h>

#include "kernels.h"

#define TM 12
#define TN 32

static inline __m512i broadcast(const int16_t *p)
{
	int32_t pair;

	memcpy(&pair, p, sizeof(pair));
	return _mm512_set1_epi32(pair);
}

/* rows is a constant where this is inlined */
static inline __attribute__((always_inline)) void
tile(size_t rows, size_t pairs, const int16_t *a, size_t lda, const int16_t *b,
     int32_t *c, size_t ldc)
{
	__m512i sum[TM][2];

#pragma GCC unroll 12
	for (size_t i = 0; i < rows; i++) {
		sum[i][0] = _mm512_loadu_si512(c + i * ldc);
		sum[i][1] = _mm512_loadu_si512(c + i * ldc + 16);
	}
	for (size_t k = 0; k < pairs; k++) {
		const __m512i w0 = _mm512_loadu_si512(b + k * 64);
		const __m512i w1 = _mm512_loadu_si512(b + k * 64 + 32);

#pragma GCC unroll 12
		for (size_t i = 0; i < rows; i++) {
			const __m512i x = broadcast(a + i * lda + 2 * k);

			sum[i][0] = _mm512_dpwssd_epi32(sum[i][0], x, w0);
			sum[i][1] = _mm512_dpwssd_epi32(sum[i][1], x, w1);
		}
	}
#pragma GCC unroll 12
	for (size_t i = 0; i < rows; i++) {
		_mm512_storeu_si512(c + i * ldc, sum[i][0]);
		_mm512_storeu_si512(c + i * ldc + 16, sum[i][1]);
	}
}

void octet_cpu_gemm_avx512vnni(size_t m, size_t n, size_t pairs,
			       const int16_t *a, size_t lda, const int16_t *b,
			       size_t ldb, int32_t *c, size_t ldc)
{
	for (size_t j = 0; j < n; j += TN, b += ldb) {
		size_t i = 0;

		for (; i + TM <= m; i += TM)
			tile(TM, pairs, a + i * lda, lda, b, c + i * ldc + j,
			     ldc);
		for (; i + 4 <= m; i += 4)
			tile(4, pairs, a + i * lda, lda, b, c + i * ldc + j,
			     ldc);
		for (; i < m; i++)
			tile(1, pairs, a + i * lda, lda, b, c + i * ldc + j,
			     ldc);
	}
}
