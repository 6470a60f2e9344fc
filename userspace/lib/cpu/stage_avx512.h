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
 * FP32: limited on both sides, so that the conversion does not overflow.
 */
static inline __attribute__((always_inline)) __m512i
scale16(const struct scale16 *s, __m512i v, bool fp32, __m512 lo, __m512 hi)
{
	const __m512i nudge = _mm512_set1_epi64(1 << 30);
	__m512i even, odd;

	if (fp32) {
		__m512 y = _mm512_mul_ps(_mm512_cvtepi32_ps(v),
					 _mm512_castsi512_ps(s->mult));

		y = _mm512_min_ps(_mm512_max_ps(y, lo), hi);
		return _mm512_cvtps_epi32(y);
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
