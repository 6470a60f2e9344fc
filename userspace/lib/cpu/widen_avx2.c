/* SPDX-License-Identifier: MIT */
/* Bytes to int16 less their zero point, AVX2: 16 at a time. */
#include <immintrin.h>

#include "kernels.h"

void octet_cpu_widen_avx2(int16_t *dst, const uint8_t *src, size_t n,
			  bool is_signed, int32_t zp)
{
	const __m256i z = _mm256_set1_epi16((int16_t)zp);
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		const __m128i x = _mm_loadu_si128((const void *)(src + i));
		const __m256i v = is_signed ? _mm256_cvtepi8_epi16(x) :
					      _mm256_cvtepu8_epi16(x);

		_mm256_storeu_si256((void *)(dst + i), _mm256_sub_epi16(v, z));
	}
	for (; i < n; i++)
		dst[i] = (int16_t)((is_signed ? (int8_t)src[i] : src[i]) - zp);
}
