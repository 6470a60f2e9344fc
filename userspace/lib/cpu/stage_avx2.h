/* SPDX-License-Identifier: MIT */
/* Output stage of 8 sums in AVX2 registers, for the files that include it. */
#ifndef OCTET_CPU_STAGE_AVX2_H
#define OCTET_CPU_STAGE_AVX2_H

#include <immintrin.h>

#include <drm/octet_isa.h>

#include "bytes.h"

/* Whether scale8() has it. */
static inline bool quick(const struct cpu_tail *t)
{
	return t->quick || (t->stage.stage == OCTET_STAGE_FP32_RNE &&
			    t->stage.nearest);
}

/**
 * struct limits - of results, in registers
 *
 * @top: the upper one as the stage's float, before the zero point
 * @negative: they are signed bytes
 */
struct limits {
	__m256 top;
	__m256i zp, lo, hi;
	bool negative;
};

static inline __attribute__((always_inline)) struct limits
limits_of(const struct cpu_stage *st)
{
	return (struct limits) {
		.top = _mm256_set1_ps((float)(st->hi - st->zero_point)),
		.zp = _mm256_set1_epi16((int16_t)st->zero_point),
		.lo = _mm256_set1_epi8((char)st->lo),
		.hi = _mm256_set1_epi8((char)st->hi),
		.negative = st->lo < 0,
	};
}

/*
 * Zero point, clamp and bytes of 4 x 8 results, in order. Saturation on the way is
 * harmless: the limits are narrower.
 */
static inline __attribute__((always_inline)) __m256i
narrow32(__m256i a, __m256i b, __m256i c, __m256i d, const struct limits *l)
{
	const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);

	a = _mm256_adds_epi16(_mm256_packs_epi32(a, b), l->zp);
	c = _mm256_adds_epi16(_mm256_packs_epi32(c, d), l->zp);
	if (l->negative) {
		a = _mm256_packs_epi16(a, c);
		a = _mm256_min_epi8(_mm256_max_epi8(a, l->lo), l->hi);
	} else {
		a = _mm256_packus_epi16(a, c);
		a = _mm256_min_epu8(_mm256_max_epu8(a, l->lo), l->hi);
	}
	return _mm256_permutevar8x32_epi32(a, order);
}

/** struct scale8 - parameters of 8 channels in registers; @other: of odd ones */
struct scale8 {
	__m256i mult, other, half, right, ties;
};

static inline __attribute__((always_inline)) __m256i load8(const void *p)
{
	return _mm256_loadu_si256(p);
}

static inline __attribute__((always_inline)) struct scale8
scale_of(const struct cpu_tail *t, size_t c, bool fp32)
{
	struct scale8 s = { .mult = load8(t->stage.mult + c) };

	if (fp32)
		return s;
	s.other = _mm256_srli_epi64(s.mult, 32);
	s.half = load8(t->half + c);
	s.right = load8(t->right + c);
	s.ties = load8(t->ties + c);
	return s;
}

/*
 * Scaled and rounded. FIX: the product's upper half, rounded half up as SRDHM does for
 * both signs, then the rest of the shift. FP32: limited above, so that the conversion
 * does not overflow; what it gives for too little is the least integer there is.
 */
static inline __attribute__((always_inline)) __m256i
scale8(const struct scale8 *s, __m256i v, bool fp32, const struct limits *l)
{
	const __m256i nudge = _mm256_set1_epi64x(1 << 30);
	__m256i even, odd;

	if (fp32) {
		__m256 y = _mm256_mul_ps(_mm256_cvtepi32_ps(v),
					 _mm256_castsi256_ps(s->mult));

		return _mm256_cvtps_epi32(_mm256_min_ps(y, l->top));
	}
	even = _mm256_mul_epi32(v, s->mult);
	odd = _mm256_mul_epi32(_mm256_srli_epi64(v, 32), s->other);
	even = _mm256_srli_epi64(_mm256_add_epi64(even, nudge), 31);
	odd = _mm256_slli_epi64(_mm256_add_epi64(odd, nudge), 1);
	v = _mm256_blend_epi32(even, odd, 0xaa);
	even = _mm256_and_si256(_mm256_srai_epi32(v, 31), s->ties);
	v = _mm256_add_epi32(_mm256_add_epi32(v, s->half), even);
	return _mm256_srav_epi32(v, s->right);
}

#endif
