/* SPDX-License-Identifier: MIT */
/*
 * Matrix product, AVX2: 6 x 16 results in twelve registers. VPMADDWD sums two
 * int16 products exactly; A's pairs are broadcast as 32-bit words.
 */
#include <immintrin.h>
#include <string.h>

#include "kernels.h"

#define TM 6
#define TN 16

static inline __m256i broadcast(const int16_t *p)
{
	int32_t pair;

	memcpy(&pair, p, sizeof(pair));
	return _mm256_set1_epi32(pair);
}

/* rows is a constant where this is inlined */
static inline __attribute__((always_inline)) void
tile(size_t rows, size_t pairs, const int16_t *a, size_t lda, const int16_t *b,
     int32_t *c, size_t ldc)
{
	__m256i sum[TM][2];

#pragma GCC unroll 6
	for (size_t i = 0; i < rows; i++) {
		sum[i][0] = _mm256_loadu_si256((void *)(c + i * ldc));
		sum[i][1] = _mm256_loadu_si256((void *)(c + i * ldc + 8));
	}
	for (size_t k = 0; k < pairs; k++) {
		const __m256i w0 = _mm256_loadu_si256((void *)(b + k * 32));
		const __m256i w1 = _mm256_loadu_si256((void *)(b + k * 32 + 16));

#pragma GCC unroll 6
		for (size_t i = 0; i < rows; i++) {
			const __m256i x = broadcast(a + i * lda + 2 * k);

			sum[i][0] = _mm256_add_epi32(sum[i][0],
						     _mm256_madd_epi16(x, w0));
			sum[i][1] = _mm256_add_epi32(sum[i][1],
						     _mm256_madd_epi16(x, w1));
		}
	}
#pragma GCC unroll 6
	for (size_t i = 0; i < rows; i++) {
		_mm256_storeu_si256((void *)(c + i * ldc), sum[i][0]);
		_mm256_storeu_si256((void *)(c + i * ldc + 8), sum[i][1]);
	}
}

void octet_cpu_gemm_avx2(size_t m, size_t n, size_t pairs, const int16_t *a,
			 size_t lda, const int16_t *b, size_t ldb, int32_t *c,
			 size_t ldc)
{
	for (size_t j = 0; j < n; j += TN, b += ldb) {
		size_t i = 0;

		for (; i + TM <= m; i += TM)
			tile(TM, pairs, a + i * lda, lda, b, c + i * ldc + j,
			     ldc);
		for (; i + 2 <= m; i += 2)
			tile(2, pairs, a + i * lda, lda, b, c + i * ldc + j,
			     ldc);
		if (i < m)
			tile(1, pairs, a + i * lda, lda, b, c + i * ldc + j,
			     ldc);
	}
}
