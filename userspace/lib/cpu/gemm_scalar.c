/* SPDX-License-Identifier: MIT */
/* Matrix product, the specification: kernels.h has the layouts (tile 1 x 1). */
#include "kernels.h"

void octet_cpu_gemm_scalar(size_t m, size_t n, size_t pairs, const int16_t *a,
			   size_t lda, const int16_t *b, size_t ldb,
			   int32_t *c, size_t ldc)
{
	for (size_t i = 0; i < m; i++) {
		for (size_t j = 0; j < n; j++) {
			const int16_t *x = a + i * lda;
			const int16_t *w = b + j * ldb;
			uint32_t sum = (uint32_t)c[i * ldc + j];

			for (size_t k = 0; k < 2 * pairs; k++)
				sum += (uint32_t)(x[k] * w[k]);
			c[i * ldc + j] = (int32_t)sum;
		}
	}
}
