/* SPDX-License-Identifier: MIT */
/* Bytes to int16 less their zero point, the specification. */
#include "kernels.h"

void octet_cpu_widen_scalar(int16_t *dst, const uint8_t *src, size_t n,
			    bool is_signed, int32_t zp)
{
	for (size_t i = 0; i < n; i++) {
		int32_t v = is_signed ? (int8_t)src[i] : src[i];

		dst[i] = (int16_t)(v - zp);
	}
}
