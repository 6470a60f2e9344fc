/* SPDX-License-Identifier: MIT */
/*
 * Output stage of a row, AVX-512: 8 or 16 results at a time, tails masked, in
 * the one-step forms of Documentation/hardware.rst, "Output stage".
 */
#include <immintrin.h>

#include "cpu.h"
#include "kernels.h"

static inline __mmask16 tail(size_t n, unsigned int width)
{
	return (__mmask16)(n >= width ? (1u << width) - 1 : (1u << n) - 1);
}

/*
 * The bytes that m selects. Narrowed before they are stored: where memory and
 * mask meet in a narrowing store, processors take a slow path.
 */
static inline void store(uint8_t *dst, __mmask16 m, __m128i y)
{
	if (m == 0xffff)
		_mm_storeu_si128((void *)dst, y);
	else if (m == 0xff)
		_mm_storel_epi64((void *)dst, y);
	else
		_mm_mask_storeu_epi8(dst, m, y);
}

/* 8 results; shift counts from the 64-bit product */
static inline __attribute__((always_inline)) __m512i
fix(unsigned int stage, __m512i v, __m512i mult, __m512i shift)
{
	const __m512i one = _mm512_set1_epi64(1);
	const __m512i bit30 = _mm512_set1_epi64(1 << 30);
	const __mmask8 wide = _mm512_cmpgt_epi64_mask(shift,
						      _mm512_set1_epi64(31));
	const __mmask8 minus = _mm512_cmplt_epi64_mask(v,
						       _mm512_setzero_si512());
	__m512i round = _mm512_sllv_epi64(one, _mm512_sub_epi64(shift, one));

	if (stage == OCTET_STAGE_FIX_DBL) {
		round = _mm512_mask_add_epi64(round, wide & (__mmask8)~minus,
					      round, bit30);
		round = _mm512_mask_sub_epi64(round, wide & minus, round,
					      bit30);
	} else if (stage == OCTET_STAGE_FIX_DBL_UP) {
		round = _mm512_mask_add_epi64(round, wide, round, bit30);
	} else if (stage == OCTET_STAGE_FIX_AWAY) {
		round = _mm512_mask_sub_epi64(round, minus, round, one);
	}
	return _mm512_srav_epi64(_mm512_add_epi64(_mm512_mul_epi32(v, mult),
						  round), shift);
}

static inline __attribute__((always_inline)) void
fix_row(unsigned int stage, const struct cpu_stage *st, size_t channel,
	const int32_t *acc, size_t n, uint8_t *dst)
{
	const __m512i zp = _mm512_set1_epi64(st->zero_point);
	const __m512i lo = _mm512_set1_epi64(st->lo);
	const __m512i hi = _mm512_set1_epi64(st->hi);

	for (size_t i = 0; i < n; i += 8) {
		const __mmask8 m = (__mmask8)tail(n - i, 8);
		const size_t c = channel + i;
		const __m256i v = _mm256_add_epi32(
			_mm256_maskz_loadu_epi32(m, acc + i),
			_mm256_maskz_loadu_epi32(m, st->bias + c));
		__m512i y;

		/* masked lanes: shift 0 makes a shift count of 64, harmless */
		y = fix(stage, _mm512_cvtepi32_epi64(v),
			_mm512_cvtepu32_epi64(
				_mm256_maskz_loadu_epi32(m, st->mult + c)),
			_mm512_cvtepu32_epi64(
				_mm256_maskz_loadu_epi32(m, st->shift + c)));
		y = _mm512_add_epi64(y, zp);
		y = _mm512_min_epi64(_mm512_max_epi64(y, lo), hi);
		store(dst + i, m, _mm512_cvtepi64_epi8(y));
	}
}

/* Clamping in float before rounding is exact: the bounds are small integers. */
static void fp32_row(const struct cpu_stage *st, size_t channel,
		     const int32_t *acc, size_t n, uint8_t *dst)
{
	const __m512 lo = _mm512_set1_ps((float)(st->lo - st->zero_point));
	const __m512 hi = _mm512_set1_ps((float)(st->hi - st->zero_point));
	const __m512i zp = _mm512_set1_epi32(st->zero_point);

	for (size_t i = 0; i < n; i += 16) {
		const __mmask16 m = tail(n - i, 16);
		const size_t c = channel + i;
		const __m512i v = _mm512_add_epi32(
			_mm512_maskz_loadu_epi32(m, acc + i),
			_mm512_maskz_loadu_epi32(m, st->bias + c));
		const __m512i mult = _mm512_maskz_loadu_epi32(m, st->mult + c);
		__m512 y = _mm512_mul_ps(_mm512_cvtepi32_ps(v),
					 _mm512_castsi512_ps(mult));

		y = _mm512_min_ps(_mm512_max_ps(y, lo), hi);
		store(dst + i, m, _mm512_cvtepi32_epi8(
				_mm512_add_epi32(_mm512_cvtps_epi32(y), zp)));
	}
}

static void raw_row(const struct cpu_stage *st, size_t channel,
		    const int32_t *acc, size_t n, int32_t *dst)
{
	const __m512i lo = _mm512_set1_epi32(st->lo);
	const __m512i hi = _mm512_set1_epi32(st->hi);

	for (size_t i = 0; i < n; i += 16) {
		const __mmask16 m = tail(n - i, 16);
		__m512i v = _mm512_add_epi32(
			_mm512_maskz_loadu_epi32(m, acc + i),
			_mm512_maskz_loadu_epi32(m, st->bias + channel + i));

		v = _mm512_min_epi32(_mm512_max_epi32(v, lo), hi);
		_mm512_mask_storeu_epi32(dst + i, m, v);
	}
}

void octet_cpu_requant_avx512vnni(const struct cpu_stage *st, size_t channel,
				  const int32_t *acc, size_t n, void *dst)
{
	switch (st->stage) {
	case OCTET_STAGE_RAW:
		raw_row(st, channel, acc, n, dst);
		return;
	case OCTET_STAGE_FIX_DBL:
		fix_row(OCTET_STAGE_FIX_DBL, st, channel, acc, n, dst);
		return;
	case OCTET_STAGE_FIX_DBL_UP:
		fix_row(OCTET_STAGE_FIX_DBL_UP, st, channel, acc, n, dst);
		return;
	case OCTET_STAGE_FIX_UP:
		fix_row(OCTET_STAGE_FIX_UP, st, channel, acc, n, dst);
		return;
	case OCTET_STAGE_FIX_AWAY:
		fix_row(OCTET_STAGE_FIX_AWAY, st, channel, acc, n, dst);
		return;
	}
	if (st->nearest)
		fp32_row(st, channel, acc, n, dst);
	else
		octet_cpu_requant_scalar(st, channel, acc, n, dst);
}
