/* SPDX-License-Identifier: MIT */
/*
 * Output stage of a row, AVX2: 8 results at a time, in the one-step forms of
 * Documentation/hardware.rst, "Output stage".
 */
#include <immintrin.h>
#include <string.h>

#include "cpu.h"
#include "kernels.h"

static inline __m256i load(const void *p)
{
	return _mm256_loadu_si256(p);
}

/* 64-bit arithmetic shift right, from the logical one */
static inline __m256i sra64(__m256i x, __m256i shift)
{
	const __m256i top = _mm256_set1_epi64x(INT64_MIN);

	return _mm256_sub_epi64(_mm256_srlv_epi64(_mm256_xor_si256(x, top),
						  shift),
				_mm256_srlv_epi64(top, shift));
}

/* Four results: v and mult in the low halves of 64-bit lanes. */
static inline __attribute__((always_inline)) __m256i
fix(unsigned int stage, __m256i v, __m256i mult, __m256i shift)
{
	const __m256i one = _mm256_set1_epi64x(1);
	const __m256i wide = _mm256_cmpgt_epi64(shift, _mm256_set1_epi64x(31));
	const __m256i bit30 = _mm256_and_si256(wide, _mm256_set1_epi64x(1 << 30));
	/* all ones where v < 0; its sign is that of the low half */
	const __m256i minus = _mm256_shuffle_epi32(_mm256_srai_epi32(v, 31),
						   0xa0);
	__m256i round = _mm256_sllv_epi64(one, _mm256_sub_epi64(shift, one));

	if (stage == OCTET_STAGE_FIX_DBL)
		round = _mm256_add_epi64(round, _mm256_sub_epi64(
				_mm256_xor_si256(bit30, minus), minus));
	else if (stage == OCTET_STAGE_FIX_DBL_UP)
		round = _mm256_add_epi64(round, bit30);
	else if (stage == OCTET_STAGE_FIX_AWAY)
		round = _mm256_add_epi64(round, minus);
	return sra64(_mm256_add_epi64(_mm256_mul_epi32(v, mult), round), shift);
}

/* The low bytes of four words. */
static inline void narrow(uint8_t *dst, __m128i y)
{
	const __m128i low = _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1,
					  -1, -1, -1, -1, -1, -1);
	const int32_t bytes = _mm_cvtsi128_si32(_mm_shuffle_epi8(y, low));

	memcpy(dst, &bytes, sizeof(bytes));
}

/* Clamps four 64-bit values and stores them as bytes. */
static inline void store4(uint8_t *dst, __m256i y, const struct cpu_stage *st)
{
	const __m256i lo = _mm256_set1_epi64x(st->lo);
	const __m256i hi = _mm256_set1_epi64x(st->hi);
	const __m256i even = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);

	y = _mm256_add_epi64(y, _mm256_set1_epi64x(st->zero_point));
	y = _mm256_blendv_epi8(y, lo, _mm256_cmpgt_epi64(lo, y));
	y = _mm256_blendv_epi8(y, hi, _mm256_cmpgt_epi64(y, hi));
	narrow(dst, _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(y, even)));
}

static inline __m256i spread(const void *p, bool is_signed)
{
	const __m128i v = _mm_loadu_si128(p);

	return is_signed ? _mm256_cvtepi32_epi64(v) : _mm256_cvtepu32_epi64(v);
}

static inline __attribute__((always_inline)) size_t
fix_row(unsigned int stage, const struct cpu_stage *st, size_t channel,
	const int32_t *acc, size_t n, uint8_t *dst)
{
	size_t i = 0;

	for (; i + 4 <= n; i += 4) {
		const size_t c = channel + i;
		const __m128i v = _mm_add_epi32(
			_mm_loadu_si128((const void *)(acc + i)),
			_mm_loadu_si128((const void *)(st->bias + c)));

		store4(dst + i, fix(stage, _mm256_cvtepi32_epi64(v),
				    spread(st->mult + c, false),
				    spread(st->shift + c, false)), st);
	}
	return i;
}

/* Clamping in float before rounding is exact: the bounds are small integers. */
static size_t fp32_row(const struct cpu_stage *st, size_t channel,
		       const int32_t *acc, size_t n, uint8_t *dst)
{
	const __m256 lo = _mm256_set1_ps((float)(st->lo - st->zero_point));
	const __m256 hi = _mm256_set1_ps((float)(st->hi - st->zero_point));
	const __m256i zp = _mm256_set1_epi32(st->zero_point);
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		const size_t c = channel + i;
		const __m256i v = _mm256_add_epi32(load(acc + i),
						   load(st->bias + c));
		__m256 y = _mm256_mul_ps(_mm256_cvtepi32_ps(v),
				_mm256_castsi256_ps(load(st->mult + c)));
		__m256i out;

		y = _mm256_min_ps(_mm256_max_ps(y, lo), hi);
		out = _mm256_add_epi32(_mm256_cvtps_epi32(y), zp);
		narrow(dst + i, _mm256_castsi256_si128(out));
		narrow(dst + i + 4, _mm256_extracti128_si256(out, 1));
	}
	return i;
}

static size_t raw_row(const struct cpu_stage *st, size_t channel,
		      const int32_t *acc, size_t n, int32_t *dst)
{
	const __m256i lo = _mm256_set1_epi32(st->lo);
	const __m256i hi = _mm256_set1_epi32(st->hi);
	size_t i = 0;

	for (; i + 8 <= n; i += 8) {
		__m256i v = _mm256_add_epi32(load(acc + i),
					     load(st->bias + channel + i));

		v = _mm256_min_epi32(_mm256_max_epi32(v, lo), hi);
		_mm256_storeu_si256((void *)(dst + i), v);
	}
	return i;
}

void octet_cpu_requant_avx2(const struct cpu_stage *st, size_t channel,
			    const int32_t *acc, size_t n, void *dst)
{
	size_t i = 0;

	switch (st->stage) {
	case OCTET_STAGE_RAW:
		i = raw_row(st, channel, acc, n, dst);
		octet_cpu_requant_scalar(st, channel + i, acc + i, n - i,
					 (int32_t *)dst + i);
		return;
	case OCTET_STAGE_FIX_DBL:
		i = fix_row(OCTET_STAGE_FIX_DBL, st, channel, acc, n, dst);
		break;
	case OCTET_STAGE_FIX_DBL_UP:
		i = fix_row(OCTET_STAGE_FIX_DBL_UP, st, channel, acc, n, dst);
		break;
	case OCTET_STAGE_FIX_UP:
		i = fix_row(OCTET_STAGE_FIX_UP, st, channel, acc, n, dst);
		break;
	case OCTET_STAGE_FIX_AWAY:
		i = fix_row(OCTET_STAGE_FIX_AWAY, st, channel, acc, n, dst);
		break;
	case OCTET_STAGE_FP32_RNE:
		if (st->nearest)
			i = fp32_row(st, channel, acc, n, dst);
		break;
	}
	octet_cpu_requant_scalar(st, channel + i, acc + i, n - i,
				 (uint8_t *)dst + i);
}
