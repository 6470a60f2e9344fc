/* SPDX-License-Identifier: MIT */
/* Bytes to int16 less their zero point, AVX-512: 32 at a time, tail masked. */
#include <immintrin.h>

#include "kernels.h"

void octet_cpu_widen_avx512vnni(int16_t *dst, const uint8_t *src, size_t n,
				bool is_signed, int32_t zp)
{
	const __m512i z = _mm512_set1_epi16((int16_t)zp);

	for (size_t i = 0; i < n; i += 32) {
		const __mmask32 m = n - i >= 32 ? ~(__mmask32)0 :
				    ((__mmask32)1 << (n - i)) - 1;
		const __m256i x = _mm256_maskz_loadu_epi8(m, src + i);
		const __m512i v = is_signed ? _mm512_cvtepi8_epi16(x) :
					      _mm512_cvtepu8_epi16(x);

		_mm512_mask_storeu_epi16(dst + i, m, _mm512_sub_epi16(v, z));
	}
}
