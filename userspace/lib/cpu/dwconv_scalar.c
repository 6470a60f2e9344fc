/* SPDX-License-Identifier: MIT */
/* Depthwise convolution of one pixel, the specification. */
#include "kernels.h"

void octet_cpu_depthwise_scalar(size_t n, size_t taps,
				const uint8_t *const *x, bool is_signed,
				int32_t zx, const int16_t *w, int32_t *acc)
{
	for (size_t c = 0; c < n; c++) {
		uint32_t sum = (uint32_t)acc[c];

		for (size_t t = 0; t < taps; t++) {
			int32_t v = is_signed ? (int8_t)x[t][c] : x[t][c];
			int32_t u = w[(t / 2) * 2 * n + 2 * c + t % 2];

			sum += (uint32_t)((v - zx) * u);
		}
		acc[c] = (int32_t)sum;
	}
}
