// SPDX-License-Identifier: MIT
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "compute.h"
#include "output_stage.h"
#include "simd.h"

#define AVX2 __attribute__((target("avx2")))

AVX2 static void fill(void *to, const uint8_t *from, size_t n, uint8_t flip)
{
	__m128i f = _mm_set1_epi8((char)flip);
	int16_t *t = to;
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		__m128i x = _mm_loadu_si128((const void *)(from + i));

		_mm256_storeu_si256((void *)(t + i),
				    _mm256_cvtepu8_epi16(_mm_xor_si128(x, f)));
	}
	for (; i < n; i++)
		t[i] = from[i] ^ flip;
}

static void fill_rows(void *to, size_t to_step, const uint8_t *from, size_t from_step, size_t n,
		      size_t count, uint8_t flip)
{
	for (size_t i = 0; i < count; i++)
		fill((uint8_t *)to + i * to_step, from + i * from_step, n, flip);
}

AVX2 static int32_t sum(const uint32_t *a, size_t words)
{
	__m256i s = _mm256_setzero_si256(), one = _mm256_set1_epi16(1);
	uint32_t part[8], r = 0;
	size_t i = 0;

	for (; i + 8 <= words; i += 8)
		s = _mm256_add_epi32(s, _mm256_madd_epi16(_mm256_loadu_si256((const void *)(a + i)),
							  one));
	_mm256_storeu_si256((void *)part, s);
	for (size_t j = 0; j < 8; j++)
		r += part[j];
	for (; i < words; i++)
		r += (a[i] & 0xffff) + (a[i] >> 16);
	return (int32_t)r;
}

/*
 * R rows by one panel: 2 R sums, two weight vectors, one input: R = 6 fills the
 * sixteen registers. Unrolled by the compiler, as R is a constant.
 */
AVX2 static inline __attribute__((always_inline)) void
tile(const struct octet_product *m, int32_t *acc, const int32_t *from, const uint32_t *a,
     const uint32_t *b, const int R)
{
	const size_t ldacc = m->ldacc, ldfrom = m->ldfrom, lda = m->lda, words = m->words;
	__m256i s[6][2];

#pragma GCC unroll 6
	for (int i = 0; i < R; i++) {
		s[i][0] = _mm256_loadu_si256((const void *)(from + i * ldfrom));
		s[i][1] = _mm256_loadu_si256((const void *)(from + i * ldfrom + 8));
	}
	for (size_t part = m->parts; part; part--, a += m->step)
		for (size_t k = 0; k < words; k++, b += OCTET_PANEL) {
			__m256i b0 = _mm256_loadu_si256((const void *)b);
			__m256i b1 = _mm256_loadu_si256((const void *)(b + 8));

#pragma GCC unroll 6
			for (int i = 0; i < R; i++) {
				__m256i x = _mm256_set1_epi32((int)a[i * lda + k]);

				s[i][0] = _mm256_add_epi32(s[i][0], _mm256_madd_epi16(x, b0));
				s[i][1] = _mm256_add_epi32(s[i][1], _mm256_madd_epi16(x, b1));
			}
		}
#pragma GCC unroll 6
	for (int i = 0; i < R; i++) {
		_mm256_storeu_si256((void *)(acc + i * ldacc), s[i][0]);
		_mm256_storeu_si256((void *)(acc + i * ldacc + 8), s[i][1]);
	}
}

#define TILE(r)										\
AVX2 static void tile##r(const struct octet_product *m, int32_t *acc, const int32_t *from,	\
			 const uint32_t *a, const uint32_t *b)				\
{											\
	tile(m, acc, from, a, b, r);							\
}

TILE(1)
TILE(2)
TILE(3)
TILE(4)
TILE(5)
TILE(6)

/* rows as evenly as possible: short tiles wait for their sums */
AVX2 static void mm(const struct octet_product *m)
{
	static void (*const of[])(const struct octet_product *, int32_t *, const int32_t *,
				  const uint32_t *, const uint32_t *) = {
		tile1, tile2, tile3, tile4, tile5, tile6,
	};

	for (size_t p = 0; p < m->panels; p++) {
		size_t at = p * OCTET_PANEL, part;

		for (size_t i = 0, left; i < m->rows; i += part) {
			left = m->rows - i;
			part = left / ((left + 5) / 6);
			of[part - 1](m, m->acc + i * m->ldacc + at, m->from + i * m->ldfrom + at,
				     m->a + i * m->lda, m->b + p * m->ldb);
		}
	}
}

AVX2 static void dw16(int32_t *acc, const int32_t *start, const uint8_t *const *tap, size_t pairs,
		      size_t c0, const int16_t *w, uint8_t flip)
{
	__m256i s0 = _mm256_loadu_si256((const void *)start);
	__m256i s1 = _mm256_loadu_si256((const void *)(start + 8));
	__m128i f = _mm_set1_epi8((char)flip);

	for (size_t t = 0; t < pairs; t++, w += 2 * OCTET_PANEL) {
		__m128i x = _mm_loadu_si128((const void *)(tap[2 * t] + c0));
		__m128i y = _mm_loadu_si128((const void *)(tap[2 * t + 1] + c0));
		__m256i lo, hi;

		x = _mm_xor_si128(x, f);
		y = _mm_xor_si128(y, f);
		lo = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(x, y));
		hi = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(x, y));
		lo = _mm256_madd_epi16(lo, _mm256_loadu_si256((const void *)w));
		hi = _mm256_madd_epi16(hi, _mm256_loadu_si256((const void *)(w + 16)));
		s0 = _mm256_add_epi32(s0, lo);
		s1 = _mm256_add_epi32(s1, hi);
	}
	_mm256_storeu_si256((void *)acc, s0);
	_mm256_storeu_si256((void *)(acc + 8), s1);
}

AVX2 static void dw(int32_t *acc, const int32_t *start, const uint8_t *const *tap, size_t pairs,
		    size_t c0, size_t chunks, const int16_t *w, uint8_t flip)
{
	for (size_t i = 0; i < chunks; i++)
		dw16(acc + i * 16, start + i * 16, tap, pairs, c0 + i * 16, w + i * pairs * 32,
		     flip);
}

/* four channels of a FIX code, before the zero point */
AVX2 static inline __m256i fix4(const struct octet_requant *rq, __m128i v32, size_t o)
{
	const __m256i top = _mm256_set1_epi64x(INT64_MIN);
	__m256i v = _mm256_cvtepi32_epi64(v32);
	__m256i m = _mm256_cvtepu32_epi64(_mm_loadu_si128((const void *)(rq->mult + o)));
	__m256i s = _mm256_cvtepu32_epi64(_mm_loadu_si128((const void *)(rq->shift + o)));
	__m256i pos = _mm256_loadu_si256((const void *)(rq->pos + o));
	__m256i neg = _mm256_loadu_si256((const void *)(rq->neg + o));
	__m256i r = _mm256_castpd_si256(_mm256_blendv_pd(_mm256_castsi256_pd(pos),
							 _mm256_castsi256_pd(neg),
							 _mm256_castsi256_pd(v)));

	r = _mm256_add_epi64(_mm256_mul_epi32(v, m), r);
	/* arithmetic shift: shift as unsigned around 2^63 */
	r = _mm256_srlv_epi64(_mm256_add_epi64(r, top), s);
	return _mm256_sub_epi64(r, _mm256_srlv_epi64(top, s));
}

AVX2 static inline __m128i finish4(__m256i y, __m256i zp, __m256i lo, __m256i hi)
{
	const __m256i even = _mm256_setr_epi32(0, 2, 4, 6, 0, 2, 4, 6);

	y = _mm256_add_epi64(y, zp);
	y = _mm256_blendv_epi8(y, lo, _mm256_cmpgt_epi64(lo, y));
	y = _mm256_blendv_epi8(y, hi, _mm256_cmpgt_epi64(y, hi));
	return _mm256_castsi256_si128(_mm256_permutevar8x32_epi32(y, even));
}

AVX2 static void requant(const struct octet_requant *rq, const int32_t *acc, size_t o0, size_t n,
			 int32_t *y)
{
	__m256i zp = _mm256_set1_epi64x(rq->zero_point);
	__m256i lo = _mm256_set1_epi64x(rq->lo), hi = _mm256_set1_epi64x(rq->hi);

	if (rq->code == OCTET_STAGE_RAW || rq->code == OCTET_STAGE_FP32_RNE) {
		octet_requant_scalar(rq, acc, o0, n, y);
		return;
	}
	for (size_t i = 0; i < n; i += 4) {
		__m128i v = _mm_loadu_si128((const void *)(acc + i));

		_mm_storeu_si128((void *)(y + i), finish4(fix4(rq, v, o0 + i), zp, lo, hi));
	}
}

AVX2 static void narrow(const struct octet_requant *rq, const int32_t *acc, size_t o0, size_t n,
			uint8_t *to)
{
	const __m256i low = _mm256_set1_epi32(0xff);
	const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
	OCTET_SCRATCH int32_t y[64];

	for (size_t i = 0; i < n; i += 64) {
		size_t part = n - i < 64 ? n - i : 64, j = 0;

		requant(rq, acc + i, o0 + i, part, y);
		for (; j + 32 <= part; j += 32) {
			__m256i v[4], a, b;

			for (int k = 0; k < 4; k++)
				v[k] = _mm256_and_si256(low, _mm256_loadu_si256(
							(const void *)(y + j + 8 * k)));
			a = _mm256_packus_epi32(v[0], v[1]);
			b = _mm256_packus_epi32(v[2], v[3]);
			a = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(a, b), order);
			_mm256_storeu_si256((void *)(to + i + j), a);
		}
		for (; j < part; j++)
			to[i + j] = (uint8_t)y[j];
	}
}

/* a lane adds two products of 2^22 at a time, so 128 times stay below 2^31 */
AVX2 static int64_t dot16(const int16_t *x, const uint8_t *w, size_t n, uint8_t flip)
{
	__m256i sum = _mm256_setzero_si256();
	__m128i f = _mm_set1_epi8((char)flip);
	int64_t part[4], s = 0;
	size_t i = 0;

	while (i + 16 <= n) {
		size_t end = n - i > 128 * 16 ? i + 128 * 16 : n;
		__m256i t = _mm256_setzero_si256();

		for (; i + 16 <= end; i += 16) {
			__m256i a = _mm256_loadu_si256((const void *)(x + i));
			__m128i b = _mm_xor_si128(_mm_loadu_si128((const void *)(w + i)), f);

			t = _mm256_add_epi32(t, _mm256_madd_epi16(a, _mm256_cvtepi8_epi16(b)));
		}
		sum = _mm256_add_epi64(sum, _mm256_cvtepi32_epi64(_mm256_castsi256_si128(t)));
		sum = _mm256_add_epi64(sum, _mm256_cvtepi32_epi64(_mm256_extracti128_si256(t, 1)));
	}
	_mm256_storeu_si256((void *)part, sum);
	for (size_t j = 0; j < 4; j++)
		s += part[j];
	for (; i < n; i++)
		s += x[i] * (int8_t)(w[i] ^ flip);
	return s;
}

const struct octet_simd octet_simd_avx2 = {
	.name = "avx2",
	.lanes = 2,
	.tile = 6,
	.brief = 2 << 20,
	.fill = fill,
	.fill_rows = fill_rows,
	.panel_rows = octet_avx2_panel_rows,
	.halves = octet_avx2_halves,
	.sum = sum,
	.mm = mm,
	.dw = dw,
	.dw_unit = 16,
	.dw_columns = octet_avx2_dw_columns,
	.dw_dot = octet_avx2_dw_dot,
	.requant = requant,
	.narrow = narrow,
	.narrow_rows = octet_avx2_narrow_rows,
	.near = octet_avx2_near,
	.dot16 = dot16,
};

#else
typedef int octet_simd_avx2_absent;
#endif
