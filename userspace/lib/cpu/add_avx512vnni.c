/* SPDX-License-Identifier: MIT */
/* Sums of bytes, each addend rescaled, AVX-512: 16 at a time. */
#include "stage_avx512.h"

static inline struct scale16 spread(const struct cpu_scale *s)
{
	return (struct scale16) {
		.mult = _mm512_set1_epi32(s->mult),
		.other = _mm512_set1_epi64(s->mult),
		.half = _mm512_set1_epi32(s->half),
		.right = _mm512_set1_epi32(s->right),
		.ties = _mm512_set1_epi32(s->ties),
	};
}

static inline __attribute__((always_inline)) __m512i
addend(const uint8_t *p, __mmask16 m, bool negative, __m512i zero, __m128i left,
       const struct scale16 *s)
{
	const __m128i b = _mm_maskz_loadu_epi8(m, p);
	__m512i v = negative ? _mm512_cvtepi8_epi32(b) :
			       _mm512_cvtepu8_epi32(b);

	v = _mm512_sll_epi32(_mm512_sub_epi32(v, zero), left);
	return scale16(s, v, false, NULL);
}

void octet_cpu_add_avx512vnni(const struct cpu_sum *sum, const uint8_t *a,
			      const uint8_t *b, size_t n, uint8_t *y)
{
	const struct scale16 sa = spread(&sum->side[0]);
	const struct scale16 sb = spread(&sum->side[1]);
	const struct scale16 out = spread(&sum->out);
	const __m512i za = _mm512_set1_epi32(sum->zero[0]);
	const __m512i zb = _mm512_set1_epi32(sum->zero[1]);
	const __m512i zp = _mm512_set1_epi32(sum->zero_point);
	const __m512i lo = _mm512_set1_epi32(sum->lo);
	const __m512i hi = _mm512_set1_epi32(sum->hi);
	const __m128i left = _mm_cvtsi32_si128((int32_t)sum->left);
	const bool na = sum->negative[0], nb = sum->negative[1];

	for (size_t i = 0; i < n; i += 16) {
		const __mmask16 m = (__mmask16)(n - i >= 16 ? 0xffff :
						(1u << (n - i)) - 1);
		__m512i v = _mm512_add_epi32(
			addend(a + i, m, na, za, left, &sa),
			addend(b + i, m, nb, zb, left, &sb));

		v = _mm512_add_epi32(scale16(&out, v, false, NULL), zp);
		v = _mm512_min_epi32(_mm512_max_epi32(v, lo), hi);
		_mm_mask_storeu_epi8(y + i, m, _mm512_cvtepi32_epi8(v));
	}
}
