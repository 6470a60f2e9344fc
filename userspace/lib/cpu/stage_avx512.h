/* SPDX-License-Identifier: MIT */
/* Output stage of 16 sums in AVX-512 registers, for the files that include it. */
#ifndef OCTET_CPU_STAGE_AVX512_H
#define OCTET_CPU_STAGE_AVX512_H

#include <immintrin.h>

#include <drm/octet_isa.h>

#include "bytes.h"

/* Whether scale16() has it. */
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
	__m512 top;
	__m512i zp, lo, hi;
	bool negative;
};

static inline __attribute__((always_inline)) struct limits
limits_of(const struct cpu_stage *st)
{
	return (struct limits) {
		.top = _mm512_set1_ps((float)(st->hi - st->zero_point)),
		.zp = _mm512_set1_epi16((int16_t)st->zero_point),
		.lo = _mm512_set1_epi8((char)st->lo),
		.hi = _mm512_set1_epi8((char)st->hi),
		.negative = st->lo < 0,
	};
}

/*
 * Zero point, clamp and bytes of 4 x 16 results. Saturation on the way is harmless:
 * the limits are narrower. Bytes come as packing orders them: four of each, lane by
 * lane.
 */
static inline __attribute__((always_inline)) __m512i
narrow64(__m512i a, __m512i b, __m512i c, __m512i d, const struct limits *l)
{
	a = _mm512_adds_epi16(_mm512_packs_epi32(a, b), l->zp);
	c = _mm512_adds_epi16(_mm512_packs_epi32(c, d), l->zp);
	if (l->negative) {
		a = _mm512_packs_epi16(a, c);
		return _mm512_min_epi8(_mm512_max_epi8(a, l->lo), l->hi);
	}
	a = _mm512_packus_epi16(a, c);
	return _mm512_min_epu8(_mm512_max_epu8(a, l->lo), l->hi);
}

/* Results of up to four panels, whose channels @m has. */
static inline __attribute__((always_inline)) void
store64(uint8_t *y, size_t panels, __mmask64 m, __m512i out)
{
	const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6,
						10, 14, 3, 7, 11, 15);

	out = _mm512_permutexvar_epi32(order, out);
	if (panels == 1 && m == 0xffff)
		_mm_storeu_si128((void *)y, _mm512_castsi512_si128(out));
	else if (panels == 2 && m == 0xffffffff)
		_mm256_storeu_si256((void *)y, _mm512_castsi512_si256(out));
	else
		_mm512_mask_storeu_epi8(y, m, out);
}

/** struct scale16 - parameters of 16 channels in registers; @other: of odd ones */
struct scale16 {
	__m512i mult, other, half, right, ties;
};

static inline __attribute__((always_inline)) struct scale16
load16(const struct cpu_tail *t, size_t c, bool fp32)
{
	struct scale16 s = { .mult = _mm512_loadu_si512(t->stage.mult + c) };

	if (fp32)
		return s;
	s.other = _mm512_srli_epi64(s.mult, 32);
	s.half = _mm512_loadu_si512(t->half + c);
	s.right = _mm512_loadu_si512(t->right + c);
	s.ties = _mm512_loadu_si512(t->ties + c);
	return s;
}

/*
 * Scaled and rounded. FIX: the product's upper half, rounded half up as
 * SRDHM does for both signs, then the rest of the shift.
 * FP32: limited above, so that the conversion does not overflow; what it gives for
 * too little is the least integer there is.
 */
static inline __attribute__((always_inline)) __m512i
scale16(const struct scale16 *s, __m512i v, bool fp32, const struct limits *l)
{
	const __m512i nudge = _mm512_set1_epi64(1 << 30);
	__m512i even, odd;

	if (fp32) {
		__m512 y = _mm512_mul_ps(_mm512_cvtepi32_ps(v),
					 _mm512_castsi512_ps(s->mult));

		return _mm512_cvtps_epi32(_mm512_min_ps(y, l->top));
	}
	even = _mm512_mul_epi32(v, s->mult);
	odd = _mm512_mul_epi32(_mm512_srli_epi64(v, 32), s->other);
	even = _mm512_srli_epi64(_mm512_add_epi64(even, nudge), 31);
	odd = _mm512_slli_epi64(_mm512_add_epi64(odd, nudge), 1);
	v = _mm512_mask_mov_epi32(even, 0xaaaa, odd);
	even = _mm512_and_si512(_mm512_srai_epi32(v, 31), s->ties);
	v = _mm512_add_epi32(_mm512_add_epi32(v, s->half), even);
	return _mm512_srav_epi32(v, s->right);
}

#endif
