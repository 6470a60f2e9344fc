/* SPDX-License-Identifier: MIT */
/*
 * Depthwise convolution of one pixel, AVX-512 VNNI: 16 channels at a time, two
 * taps per VPDPWSSD. Both taps' bytes become the halves of 32-bit words, so
 * channels stay in order.
 */
#include <immintrin.h>

#include "kernels.h"

static inline __attribute__((always_inline)) __m512i
load(const uint8_t *x, __mmask16 m, bool is_signed)
{
	const __m128i v = _mm_maskz_loadu_epi8(m, x);

	return is_signed ? _mm512_cvtepi8_epi32(v) : _mm512_cvtepu8_epi32(v);
}

static inline __attribute__((always_inline)) void
block(size_t c, size_t n, size_t taps, const uint8_t *const *x, bool is_signed,
      __m512i z, const int16_t *w, int32_t *acc)
{
	const __mmask16 m = n - c >= 16 ? 0xffff :
			    (__mmask16)((1u << (n - c)) - 1);
	__m512i sum = _mm512_maskz_loadu_epi32(m, acc + c);

	for (size_t t = 0; t < taps; t += 2) {
		const __m512i a = load(x[t] + c, m, is_signed);
		/* an odd count's last weight is zero: any input will do */
		const __m512i b = load(x[t + 1 < taps ? t + 1 : t] + c, m,
				       is_signed);
		/* low halves from a, high halves from b */
		const __m512i pair = _mm512_mask_blend_epi16(0xaaaaaaaa, a,
						_mm512_slli_epi32(b, 16));
		const __m512i u = _mm512_maskz_loadu_epi32(m,
							   w + t * n + 2 * c);

		sum = _mm512_dpwssd_epi32(sum, _mm512_sub_epi16(pair, z), u);
	}
	_mm512_mask_storeu_epi32(acc + c, m, sum);
}

void octet_cpu_depthwise_avx512vnni(size_t n, size_t taps,
				    const uint8_t *const *x, bool is_signed,
				    int32_t zx, const int16_t *w, int32_t *acc)
{
	const __m512i z = _mm512_set1_epi16((int16_t)zx);

	if (is_signed)
		for (size_t c = 0; c < n; c += 16)
			block(c, n, taps, x, true, z, w, acc);
	else
		for (size_t c = 0; c < n; c += 16)
			block(c, n, taps, x, false, z, w, acc);
}
