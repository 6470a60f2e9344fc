// SPDX-License-Identifier: MIT
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "output_stage.h"
#include "simd.h"

#define VNNI __attribute__((target("avx2,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vnni")))

VNNI static void fill(void *to, const uint8_t *from, size_t n, uint8_t flip)
{
	__m512i f = _mm512_set1_epi8((char)flip);
	uint8_t *t = to;
	size_t i = 0;
	__mmask64 m;

	for (; i + 64 <= n; i += 64)
		_mm512_storeu_si512(t + i, _mm512_xor_si512(_mm512_loadu_si512(from + i), f));
	if (i == n)
		return;
	m = ~0ull >> (64 - (n - i));
	_mm512_mask_storeu_epi8(t + i, m,
				_mm512_xor_si512(_mm512_maskz_loadu_epi8(m, from + i), f));
}

VNNI static void fill_rows(void *to, size_t to_step, const uint8_t *from, size_t from_step,
			   size_t n, size_t count, uint8_t flip)
{
	__m512i f = _mm512_set1_epi8((char)flip);
	__mmask64 m = ~0ull >> (64 - (n < 64 ? n : 64));
	uint8_t *t = to;

	for (size_t i = 0; i < count; i++, t += to_step, from += from_step)
		if (n > 64)
			fill(t, from, n, flip);
		else
			_mm512_mask_storeu_epi8(t, m, _mm512_xor_si512(
						_mm512_maskz_loadu_epi8(m, from), f));
}

VNNI static int32_t sum(const uint32_t *a, size_t words)
{
	__m512i s = _mm512_setzero_si512(), one = _mm512_set1_epi8(1);
	size_t i = 0;

	for (; i + 16 <= words; i += 16)
		s = _mm512_dpbusd_epi32(s, _mm512_loadu_si512(a + i), one);
	if (i < words) {
		__mmask16 m = (__mmask16)(0xffff >> (16 - (words - i)));

		s = _mm512_dpbusd_epi32(s, _mm512_maskz_loadu_epi32(m, a + i), one);
	}
	return _mm512_reduce_add_epi32(s);
}

/* a word of R rows by P panels */
VNNI static inline __attribute__((always_inline)) void
word(__m512i (*s)[2], const uint32_t *a, size_t lda, const uint32_t *b, size_t ldb, const int R,
     const int P)
{
	__m512i w[2];

#pragma GCC unroll 2
	for (int p = 0; p < P; p++)
		w[p] = _mm512_loadu_si512(b + p * ldb);
#pragma GCC unroll 12
	for (int i = 0; i < R; i++) {
		__m512i x = _mm512_set1_epi32((int)a[i * lda]);

#pragma GCC unroll 2
		for (int p = 0; p < P; p++)
			s[i][p] = _mm512_dpbusd_epi32(s[i][p], x, w[p]);
	}
}

/*
 * R rows by P panels; 12 by 2 takes 24 of the 32 registers for sums. Where there are so
 * few that a sum would wait for itself, each is U sums of every U-th word.
 */
VNNI static inline __attribute__((always_inline)) void
tile(const struct octet_product *m, int32_t *acc, const int32_t *from, const uint32_t *a,
     const uint32_t *b, const int R, const int P, const int U)
{
	const size_t ldacc = m->ldacc, ldfrom = m->ldfrom, lda = m->lda, ldb = m->ldb;
	__m512i s[4][12][2];

#pragma GCC unroll 12
	for (int i = 0; i < R; i++)
#pragma GCC unroll 2
		for (int p = 0; p < P; p++) {
			s[0][i][p] = _mm512_loadu_si512(from + i * ldfrom + p * OCTET_PANEL);
#pragma GCC unroll 4
			for (int u = 1; u < U; u++)
				s[u][i][p] = _mm512_setzero_si512();
		}
	for (size_t part = m->parts; part; part--, a += m->step) {
		size_t left = m->words;
		const uint32_t *x = a;

		for (; left >= (size_t)U; left -= (size_t)U, x += U, b += U * OCTET_PANEL)
#pragma GCC unroll 4
			for (int u = 0; u < U; u++)
				word(s[u], x + u, lda, b + u * OCTET_PANEL, ldb, R, P);
		for (; U > 1 && left; left--, x++, b += OCTET_PANEL)
			word(s[0], x, lda, b, ldb, R, P);
	}
#pragma GCC unroll 12
	for (int i = 0; i < R; i++)
#pragma GCC unroll 2
		for (int p = 0; p < P; p++) {
#pragma GCC unroll 4
			for (int u = 1; u < U; u++)
				s[0][i][p] = _mm512_add_epi32(s[0][i][p], s[u][i][p]);
			_mm512_storeu_si512(acc + i * ldacc + p * OCTET_PANEL, s[0][i][p]);
		}
}

#define TILE(r, p, u)									\
VNNI static void tile_##r##_##p(const struct octet_product *m, int32_t *acc,			\
				const int32_t *from, const uint32_t *a, const uint32_t *b)	\
{											\
	tile(m, acc, from, a, b, r, p, u);						\
}

#define ROWS(r, u)									\
TILE(r, 1, u)										\
TILE(r, 2, u)

ROWS(1, 4)
ROWS(2, 2)
ROWS(3, 2)
ROWS(4, 1)
ROWS(5, 1)
ROWS(6, 1)
ROWS(7, 1)
ROWS(8, 1)
ROWS(9, 1)
ROWS(10, 1)
ROWS(11, 1)
ROWS(12, 1)

/* rows as evenly as possible: tiles of a few take as long as higher ones */
VNNI static void mm(const struct octet_product *m)
{
#define ROW(r) { tile_##r##_1, tile_##r##_2 }
	static void (*const of[][2])(const struct octet_product *, int32_t *, const int32_t *,
				     const uint32_t *, const uint32_t *) = {
		ROW(1), ROW(2), ROW(3), ROW(4), ROW(5), ROW(6),
		ROW(7), ROW(8), ROW(9), ROW(10), ROW(11), ROW(12),
	};
#undef ROW

	for (size_t p = 0; p < m->panels; p += 2) {
		size_t two = p + 2 <= m->panels, at = p * OCTET_PANEL, part;

		for (size_t i = 0, left; i < m->rows; i += part) {
			left = m->rows - i;
			part = (left + 11) / 12;
			part = left / part;
			of[part - 1][two](m, m->acc + i * m->ldacc + at,
					  m->from + i * m->ldfrom + at, m->a + i * m->lda,
					  m->b + p * m->ldb);
		}
	}
}

VNNI static void dw16(int32_t *acc, const int32_t *start, const uint8_t *const *tap, size_t pairs,
		      size_t c0, const int16_t *w, __m256i f)
{
	__m512i s = _mm512_loadu_si512(start);

	for (size_t t = 0; t < pairs; t++, w += 2 * OCTET_PANEL) {
		__m128i x = _mm_loadu_si128((const void *)(tap[2 * t] + c0));
		__m128i y = _mm_loadu_si128((const void *)(tap[2 * t + 1] + c0));
		__m256i xy;

		xy = _mm256_set_m128i(_mm_unpackhi_epi8(x, y), _mm_unpacklo_epi8(x, y));
		xy = _mm256_xor_si256(xy, f);
		s = _mm512_dpwssd_epi32(s, _mm512_cvtepu8_epi16(xy), _mm512_loadu_si512(w));
	}
	_mm512_storeu_si512(acc, s);
}

VNNI static void dw(int32_t *acc, const int32_t *start, const uint8_t *const *tap, size_t pairs,
		    size_t c0, size_t chunks, const int16_t *w, uint8_t flip)
{
	__m256i f = _mm256_set1_epi8((char)flip);

	for (size_t i = 0; i < chunks; i++)
		dw16(acc + i * 16, start + i * 16, tap, pairs, c0 + i * 16, w + i * pairs * 32,
		     f);
}

/* x / 2^s, half to even */
VNNI static inline __m512i rne8(__m512i x, __m512i s)
{
	const __m512i one = _mm512_set1_epi64(1);
	__mmask8 m = _mm512_test_epi64_mask(s, s);
	__m512i half = _mm512_srli_epi64(_mm512_sllv_epi64(one, s), 1);
	__m512i odd = _mm512_and_si512(_mm512_srlv_epi64(x, s), one);
	__m512i add = _mm512_sub_epi64(_mm512_add_epi64(half, odd), one);

	return _mm512_srlv_epi64(_mm512_mask_add_epi64(x, m, x, add), s);
}

VNNI static inline __m512i bits_over8(__m512i x)
{
	__m512i over = _mm512_sub_epi64(_mm512_set1_epi64(64 - 24), _mm512_lzcnt_epi64(x));

	return _mm512_max_epi64(over, _mm512_setzero_si512());
}

VNNI static inline __m512i fp32_8(const struct octet_requant *rq, __m512i v, size_t o)
{
	const __m512i zero = _mm512_setzero_si512();
	__m512i mant = _mm512_cvtepu32_epi64(_mm256_loadu_si256((const void *)(rq->mult + o)));
	__m512i down = _mm512_cvtepi32_epi64(_mm256_loadu_si256((const void *)(rq->shift + o)));
	__m512i a = _mm512_abs_epi64(v), s = bits_over8(a), m, t;

	m = _mm512_mul_epu32(rne8(a, s), mant);
	t = bits_over8(m);
	m = rne8(m, t);
	down = _mm512_sub_epi64(down, _mm512_add_epi64(s, t));
	m = rne8(m, _mm512_max_epi64(down, zero));
	m = _mm512_sllv_epi64(m, _mm512_max_epi64(_mm512_sub_epi64(zero, down), zero));
	return _mm512_mask_sub_epi64(m, _mm512_movepi64_mask(v), zero, m);
}

VNNI static inline __m512i fix8(const struct octet_requant *rq, __m512i v, size_t o)
{
	__m512i m = _mm512_cvtepu32_epi64(_mm256_loadu_si256((const void *)(rq->mult + o)));
	__m512i s = _mm512_cvtepu32_epi64(_mm256_loadu_si256((const void *)(rq->shift + o)));
	__m512i r = _mm512_mask_blend_epi64(_mm512_movepi64_mask(v),
					    _mm512_loadu_si512(rq->pos + o),
					    _mm512_loadu_si512(rq->neg + o));

	return _mm512_srav_epi64(_mm512_add_epi64(_mm512_mul_epi32(v, m), r), s);
}

VNNI static void requant(const struct octet_requant *rq, const int32_t *acc, size_t o0, size_t n,
			 int32_t *y)
{
	__m512i zp = _mm512_set1_epi64(rq->zero_point);
	__m512i lo = _mm512_set1_epi64(rq->lo), hi = _mm512_set1_epi64(rq->hi);

	for (size_t i = 0; i < n; i += 8) {
		__m512i v = _mm512_cvtepi32_epi64(_mm256_loadu_si256((const void *)(acc + i)));

		if (rq->code == OCTET_STAGE_FP32_RNE)
			v = fp32_8(rq, v, o0 + i);
		else if (rq->code != OCTET_STAGE_RAW)
			v = fix8(rq, v, o0 + i);
		v = _mm512_add_epi64(v, zp);
		v = _mm512_min_epi64(_mm512_max_epi64(v, lo), hi);
		_mm256_storeu_si256((void *)(y + i), _mm512_cvtepi64_epi32(v));
	}
}

/*
 * Sixteen results as bytes. They are saturated to 32 bits first: the clamp to
 * bytes keeps them apart from those bounds.
 */
VNNI static inline __attribute__((always_inline)) __m128i
bytes16(const struct octet_requant *rq, const int32_t *acc, size_t o, bool fix)
{
	__m512i a = _mm512_cvtepi32_epi64(_mm256_loadu_si256((const void *)acc));
	__m512i b = _mm512_cvtepi32_epi64(_mm256_loadu_si256((const void *)(acc + 8)));
	__m512i zp = _mm512_set1_epi32(rq->zero_point);
	__m512i lo = _mm512_set1_epi32(rq->lo - rq->zero_point);
	__m512i hi = _mm512_set1_epi32(rq->hi - rq->zero_point);
	__m512i v;

	if (fix) {
		a = fix8(rq, a, o);
		b = fix8(rq, b, o + 8);
	} else if (rq->code == OCTET_STAGE_FP32_RNE) {
		a = fp32_8(rq, a, o);
		b = fp32_8(rq, b, o + 8);
	}
	v = _mm512_castsi256_si512(_mm512_cvtsepi64_epi32(a));
	v = _mm512_inserti64x4(v, _mm512_cvtsepi64_epi32(b), 1);
	v = _mm512_min_epi32(_mm512_max_epi32(v, lo), hi);
	return _mm512_cvtepi32_epi8(_mm512_add_epi32(v, zp));
}

VNNI static inline __attribute__((always_inline)) void
narrow_all(const struct octet_requant *rq, const int32_t *acc, size_t o0, size_t n, uint8_t *to,
	   bool fix)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16)
		_mm_storeu_si128((void *)(to + i), bytes16(rq, acc + i, o0 + i, fix));
	if (i < n)
		_mm_mask_storeu_epi8(to + i, (__mmask16)(0xffff >> (16 - (n - i))),
				     bytes16(rq, acc + i, o0 + i, fix));
}

VNNI static void narrow(const struct octet_requant *rq, const int32_t *acc, size_t o0, size_t n,
			uint8_t *to)
{
	if (rq->code == OCTET_STAGE_RAW || rq->code == OCTET_STAGE_FP32_RNE)
		narrow_all(rq, acc, o0, n, to, false);
	else
		narrow_all(rq, acc, o0, n, to, true);
}

/* a lane adds two products of 2^22 at a time, so 128 times stay below 2^31 */
VNNI static int64_t dot16(const int16_t *x, const uint8_t *w, size_t n, uint8_t flip)
{
	__m512i sum = _mm512_setzero_si512();
	__m256i f = _mm256_set1_epi8((char)flip);

	while (n) {
		size_t part = n < 128 * 32 ? n : 128 * 32, i = 0;
		__m512i t = _mm512_setzero_si512();

		for (; i + 32 <= part; i += 32) {
			__m256i b = _mm256_loadu_si256((const void *)(w + i));

			t = _mm512_dpwssd_epi32(t, _mm512_loadu_si512(x + i),
						_mm512_cvtepi8_epi16(_mm256_xor_si256(b, f)));
		}
		if (i < part) {
			__mmask32 m = ~0u >> (32 - (part - i));
			__m256i b = _mm256_maskz_loadu_epi8(m, w + i);

			t = _mm512_dpwssd_epi32(t, _mm512_maskz_loadu_epi16(m, x + i),
						_mm512_cvtepi8_epi16(_mm256_xor_si256(b, f)));
		}
		sum = _mm512_add_epi64(sum, _mm512_cvtepi32_epi64(_mm512_castsi512_si256(t)));
		sum = _mm512_add_epi64(sum,
				       _mm512_cvtepi32_epi64(_mm512_extracti64x4_epi64(t, 1)));
		n -= part;
		x += part;
		w += part;
	}
	return _mm512_reduce_add_epi64(sum);
}

#define ALL_BUT_PRODUCTS					\
	.lanes = 4,						\
	.brief = 8 << 20,					\
	.fill = fill,						\
	.fill_rows = fill_rows,					\
	.panel = octet_avx512_panel,				\
	.panel_rows = octet_avx512_panel_rows,			\
	.sum = sum,						\
	.dw = dw,						\
	.dw_unit = 64,						\
	.dw_columns = octet_avx512_dw_columns,			\
	.dw_narrow = octet_avx512_dw_narrow,			\
	.dw_dot = octet_avx512_dw_dot,				\
	.requant = requant,					\
	.narrow = narrow,					\
	.narrow_rows = octet_avx512_narrow_rows,		\
	.near = octet_avx512_near,				\
	.dot16 = dot16

const struct octet_simd octet_simd_avx512 = {
	.name = "avx512vnni",
	.tile = 12,
	.mm = mm,
	ALL_BUT_PRODUCTS,
};

/* but for its tiles AMX is AVX-512 VNNI */
const struct octet_simd octet_simd_amx = {
	.name = "amx",
	.tile = 32,
	.mm = octet_amx_mm,
	ALL_BUT_PRODUCTS,
};

#else
typedef int octet_simd_avx512_absent;
#endif
