/* SPDX-License-Identifier: MIT */
/* Products of one vector with rows of bytes, the specification. */
#include "kernels.h"

void octet_cpu_rows_scalar(size_t count, size_t n, const int16_t *x,
			   const uint8_t *w, size_t ldw, bool is_signed,
			   int32_t *acc)
{
	for (size_t i = 0; i < count; i++, w += ldw) {
		uint32_t sum = 0;

		for (size_t k = 0; k < n; k++)
			sum += (uint32_t)(x[k] * (is_signed ? (int8_t)w[k] :
							      w[k]));
		acc[i] = (int32_t)sum;
	}
}
