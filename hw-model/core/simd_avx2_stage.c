// SPDX-License-Identifier: MIT
/*
 * FIX codes to 8 bits by float32, for simd_avx2.c: nearly all results are told by it. Those
 * that come close to the border between two codes are computed again.
 */
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "compute.h"
#include "output_stage.h"
#include "simd.h"

#define AVX2 __attribute__((target("avx2")))
#define INLINE static inline __attribute__((always_inline))

/*
 * Results are codes less a zero point, so from 256 on one is at a bound. Below, four
 * roundings of 2^-24 each are less than 2^-13.
 */
#define UNSURE (1.0f / 8192)

/* 2^-shift */
static double down(uint32_t shift)
{
	uint64_t bits = (uint64_t)(1023 - shift) << 52;
	double d;

	memcpy(&d, &bits, sizeof(d));
	return d;
}

/* what is added besides a half, or nothing where that does not matter */
static uint32_t extra(int64_t r, uint32_t shift)
{
	double d = (double)(r - (1ll << (shift - 1))) * down(shift);
	float f = d < 0x1p-20 && d > -0x1p-20 ? 0 : (float)d;
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	return bits;
}

bool octet_avx2_near(struct octet_requant *rq, size_t n)
{
	for (size_t o = 0; o < n; o++) {
		uint32_t shift = rq->shift[o], pos, neg;

		if (shift < 32)
			return false;
		pos = extra(rq->pos[o], shift);
		neg = extra(rq->neg[o], shift);
		if ((pos ^ neg) & INT32_MAX)
			return false;
		rq->near_scale[o] = (float)(rq->mult[o] * down(shift));
		memcpy(&rq->near_bias[o], &pos, sizeof(pos));
		rq->near_turn[o] = (int32_t)(pos ^ neg);
	}
	/* vectors read past the end */
	for (size_t o = n; o < n + OCTET_PANEL; o++) {
		rq->near_scale[o] = 0;
		rq->near_bias[o] = 0;
		rq->near_turn[o] = 0;
	}
	return true;
}

/* of two times eight channels; codes are signed here, and @flip makes them what they are */
struct parameters {
	__m256 scale[2], bias[2];
	__m256i turn[2];
	__m256i zp, lo, hi, flip;
};

AVX2 INLINE void get(struct parameters *p, const struct octet_requant *rq, size_t o)
{
	int32_t by = rq->type == OCTET_TYPE_UINT8 ? 128 : 0;

	for (size_t i = 0; i < 2; i++) {
		p->scale[i] = _mm256_loadu_ps(rq->near_scale + o + 8 * i);
		p->bias[i] = _mm256_loadu_ps(rq->near_bias + o + 8 * i);
		p->turn[i] = _mm256_loadu_si256((const void *)(rq->near_turn + o + 8 * i));
	}
	p->zp = _mm256_set1_epi16((short)(rq->zero_point - by));
	p->lo = _mm256_set1_epi8((char)(rq->lo - by));
	p->hi = _mm256_set1_epi8((char)(rq->hi - by));
	p->flip = _mm256_set1_epi8((char)by);
}

/* Sums, results and how much was rounded off these. */
struct doubtful {
	__m256i v[4], y[4];
	__m256 off[4];
};

/* those of channels from @o on, twice, that are @unsure or more off an integer */
AVX2 static __attribute__((noinline, cold)) void
again(const struct octet_requant *rq, size_t o, struct doubtful *d, __m256 unsure)
{
	for (size_t i = 0; i < 4; i++) {
		int m = _mm256_movemask_ps(_mm256_cmp_ps(d->off[i], unsure, _CMP_GT_OQ));
		int32_t from[8], to[8];

		_mm256_storeu_si256((void *)from, d->v[i]);
		_mm256_storeu_si256((void *)to, d->y[i]);
		for (; m; m &= m - 1) {
			int lane = __builtin_ctz((unsigned int)m);
			size_t c = o + i % 2 * 8 + (size_t)lane;
			struct octet_fix f = {
				rq->mult[c], rq->shift[c], rq->pos[c], rq->neg[c],
			};

			to[lane] = octet_fix_one(&f, from[lane]);
		}
		d->y[i] = _mm256_loadu_si256((const void *)to);
	}
}

/* sixteen codes each of two rows */
AVX2 INLINE __m256i two_rows(const struct octet_requant *rq, const struct parameters *p, size_t o,
			     const int32_t *a, const int32_t *b)
{
	const __m256 unsure = _mm256_set1_ps(0.5f - UNSURE);
	const __m256 sign = _mm256_set1_ps(-0.0f);
	const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
	__m256i v[4], y[4], r, s;
	__m256 off[4], most;

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		const int32_t *from = (i < 2 ? a : b) + i % 2 * 8;
		__m256 f, bias, whole;

		v[i] = _mm256_loadu_si256((const void *)from);
		bias = _mm256_castsi256_ps(_mm256_and_si256(v[i], p->turn[i % 2]));
		bias = _mm256_xor_ps(bias, p->bias[i % 2]);
		f = _mm256_add_ps(_mm256_mul_ps(_mm256_cvtepi32_ps(v[i]), p->scale[i % 2]), bias);
		whole = _mm256_round_ps(f, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
		off[i] = _mm256_andnot_ps(sign, _mm256_sub_ps(f, whole));
		y[i] = _mm256_cvttps_epi32(whole);
	}
	most = _mm256_max_ps(_mm256_max_ps(off[0], off[1]), _mm256_max_ps(off[2], off[3]));
	if (__builtin_expect(_mm256_movemask_ps(_mm256_cmp_ps(most, unsure, _CMP_GT_OQ)), 0)) {
		/* copies: what has an address is not kept in a register */
		struct doubtful d;

#pragma GCC unroll 4
		for (int i = 0; i < 4; i++) {
			d.v[i] = v[i];
			d.y[i] = y[i];
			d.off[i] = off[i];
		}
		again(rq, o, &d, unsure);
#pragma GCC unroll 4
		for (int i = 0; i < 4; i++)
			y[i] = d.y[i];
	}
	r = _mm256_adds_epi16(_mm256_packs_epi32(y[0], y[1]), p->zp);
	s = _mm256_adds_epi16(_mm256_packs_epi32(y[2], y[3]), p->zp);
	r = _mm256_min_epi8(_mm256_max_epi8(_mm256_packs_epi16(r, s), p->lo), p->hi);
	return _mm256_permutevar8x32_epi32(_mm256_xor_si256(r, p->flip), order);
}

AVX2 INLINE void store(uint8_t *to, __m128i codes, size_t n)
{
	uint8_t y[16];

	if (n == 16) {
		_mm_storeu_si128((void *)to, codes);
		return;
	}
	_mm_storeu_si128((void *)y, codes);
	memcpy(to, y, n);
}

AVX2 void octet_avx2_near_rows(const struct octet_requant *rq, const int32_t *acc, size_t ldacc,
			       size_t o, size_t n, size_t rows, uint8_t *to, size_t ldd)
{
	struct parameters p;

	get(&p, rq, o);
	for (size_t i = 0; i < rows; i += 2, acc += 2 * ldacc, to += 2 * ldd) {
		bool two = i + 1 < rows;
		__m256i r = two_rows(rq, &p, o, acc, two ? acc + ldacc : acc);

		store(to, _mm256_castsi256_si128(r), n);
		if (two)
			store(to + ldd, _mm256_extracti128_si256(r, 1), n);
	}
}

#else
typedef int octet_simd_avx2_stage_absent;
#endif
