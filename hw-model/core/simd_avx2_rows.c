// SPDX-License-Identifier: MIT
/* Weights, depthwise rows and the output stage of many pixels, for simd_avx2.c. */
#if defined(__x86_64__)

#include <immintrin.h>
#include <string.h>

#include "output_stage.h"
#include "simd.h"

#define AVX2 __attribute__((target("avx2")))

AVX2 void octet_avx2_panel_rows(uint32_t *to, const uint8_t *w, size_t sk, size_t lines,
				uint8_t flip)
{
	const __m128i f = _mm_set1_epi8((char)flip);

	for (size_t k = 0; k < lines; k++, w += 2 * sk, to += OCTET_PANEL) {
		__m128i x = _mm_xor_si128(_mm_loadu_si128((const void *)w), f);
		__m128i y = _mm_xor_si128(_mm_loadu_si128((const void *)(w + sk)), f);

		_mm256_storeu_si256((void *)to, _mm256_cvtepi8_epi16(_mm_unpacklo_epi8(x, y)));
		_mm256_storeu_si256((void *)(to + 8),
				    _mm256_cvtepi8_epi16(_mm_unpackhi_epi8(x, y)));
	}
}

AVX2 void octet_avx2_halves(uint32_t *to, const uint8_t *w, size_t words, uint8_t flip)
{
	/* two bytes of four to the upper halves of integers of 16 bits */
	const __m256i low = _mm256_broadcastsi128_si256(_mm_setr_epi8(
			-1, 0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13));
	const __m256i high = _mm256_broadcastsi128_si256(_mm_setr_epi8(
			-1, 2, -1, 3, -1, 6, -1, 7, -1, 10, -1, 11, -1, 14, -1, 15));
	const __m256i f = _mm256_set1_epi8((char)flip);

	for (size_t k = 0; k < words; k++, to += OCTET_PANEL) {
		const uint8_t *x = w + k / 2 * OCTET_PANEL * 4;

		for (size_t j = 0; j < 2; j++) {
			__m256i v = _mm256_loadu_si256((const void *)(x + 32 * j));

			v = _mm256_shuffle_epi8(_mm256_xor_si256(v, f), k % 2 ? high : low);
			_mm256_storeu_si256((void *)(to + 8 * j), _mm256_srai_epi16(v, 8));
		}
	}
}

AVX2 void octet_avx2_dw_columns(void *to, size_t next, const struct octet_dw_input *in,
				size_t count)
{
	const __m128i f = _mm_set1_epi8((char)in->flip);
	const uint8_t *r0 = in->row[0], *r1 = in->row[1];
	const size_t s0 = in->step & in->inside[0], s1 = in->step & in->inside[1];
	uint8_t *dst = to;

	for (size_t i = 0; i < count; i++, dst += next, r0 += s0, r1 += s1) {
		__m128i x = _mm_xor_si128(_mm_loadu_si128((const void *)r0), f);
		__m128i y = _mm_xor_si128(_mm_loadu_si128((const void *)r1), f);
		__m128i lo = _mm_unpacklo_epi8(x, y), hi = _mm_unpackhi_epi8(x, y);

		_mm256_store_si256((void *)dst, _mm256_cvtepu8_epi16(lo));
		_mm256_store_si256((void *)(dst + 32), _mm256_cvtepu8_epi16(hi));
	}
}

/* eight channels, @lines lines of weights in registers, @across columns of the kernel */
AVX2 static inline __attribute__((always_inline)) void
dot_few(int32_t *acc, const int32_t *start, const struct octet_dw_rows *k, const uint8_t *x,
	size_t count, const size_t across, const size_t groups)
{
	const size_t column = groups * OCTET_DW_LINE, next = k->across_step * column;
	const __m256i s0 = _mm256_loadu_si256((const void *)start);
	__m256i w[6];

#pragma GCC unroll 6
	for (size_t i = 0; i < across * groups; i++)
		w[i] = _mm256_loadu_si256((const void *)((const uint8_t *)k->w +
							 i * OCTET_DW_LINE));
	for (size_t i = 0; i < count; i++, x += k->pixel_step * column) {
		__m256i s = s0;

#pragma GCC unroll 3
		for (size_t c = 0; c < across; c++)
#pragma GCC unroll 2
			for (size_t g = 0; g < groups; g++) {
				const uint8_t *at = x + c * next + g * OCTET_DW_LINE;

				s = _mm256_add_epi32(s, _mm256_madd_epi16(
						w[c * groups + g],
						_mm256_load_si256((const void *)at)));
			}
		_mm256_storeu_si256((void *)(acc + i * OCTET_PANEL), s);
	}
}

/* sixteen channels of a pixel */
AVX2 static void dot_pixel(int32_t *acc, const int32_t *start, const struct octet_dw_rows *k,
			   const uint8_t *x)
{
	__m256i s0 = _mm256_loadu_si256((const void *)start);
	__m256i s1 = _mm256_loadu_si256((const void *)(start + 8));
	const int16_t *w = k->w;

	for (size_t c = 0; c < k->across; c++, x += k->across_step * k->groups * OCTET_DW_LINE)
		for (size_t g = 0; g < k->groups; g++, w += 32) {
			const __m256i *v = (const void *)(x + g * OCTET_DW_LINE);
			__m256i w0 = _mm256_loadu_si256((const void *)w);
			__m256i w1 = _mm256_loadu_si256((const void *)(w + 16));

			s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(w0, _mm256_load_si256(v)));
			s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(w1, _mm256_load_si256(v + 1)));
		}
	_mm256_storeu_si256((void *)acc, s0);
	_mm256_storeu_si256((void *)(acc + 8), s1);
}

AVX2 void octet_avx2_dw_dot(int32_t *acc, const int32_t *start, const struct octet_dw_rows *k,
			    const void *columns, size_t count)
{
	size_t next = k->pixel_step * k->groups * OCTET_DW_LINE;
	struct octet_dw_rows high = *k;
	const uint8_t *x = columns;

	if (k->across == 3 && k->groups == 2) {
		dot_few(acc, start, k, x, count, 3, 2);
		high.w = (const uint8_t *)k->w + OCTET_DW_LINE / 2;
		dot_few(acc + 8, start + 8, &high, x + OCTET_DW_LINE / 2, count, 3, 2);
		return;
	}
	for (size_t i = 0; i < count; i++, x += next)
		dot_pixel(acc + i * OCTET_PANEL, start, k, x);
}

/*
 * Of eight channels, even and odd ones, in lanes of 64 bits. Arithmetic shifts are
 * made of logical ones: values are moved up by 2^63, results down by @down.
 */
struct parameters {
	__m256i mult[2], shift[2], pos[2], more[2];
	__m256i down, zp, lo, hi;
};

AVX2 static inline __m256i evens(__m256i a, __m256i b)
{
	return _mm256_permute4x64_epi64(_mm256_unpacklo_epi64(a, b), 0xd8);
}

AVX2 static inline __m256i odds(__m256i a, __m256i b)
{
	return _mm256_permute4x64_epi64(_mm256_unpackhi_epi64(a, b), 0xd8);
}

AVX2 static inline __m256i load(const void *p)
{
	return _mm256_loadu_si256(p);
}

AVX2 static inline __m256i join(__m256i even, __m256i odd)
{
	return _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
}

AVX2 static inline void get(struct parameters *p, const struct octet_requant *rq, size_t o)
{
	const __m256i top = _mm256_set1_epi64x(INT64_MIN);
	__m256i p0 = load(rq->pos + o), p1 = load(rq->pos + o + 4);
	__m256i n0 = _mm256_sub_epi64(load(rq->neg + o), p0);
	__m256i n1 = _mm256_sub_epi64(load(rq->neg + o + 4), p1);
	__m256i shift = load(rq->shift + o);

	p->mult[0] = load(rq->mult + o);
	p->mult[1] = _mm256_srli_epi64(p->mult[0], 32);
	p->shift[0] = _mm256_and_si256(shift, _mm256_set1_epi64x(0xffffffff));
	p->shift[1] = _mm256_srli_epi64(shift, 32);
	p->pos[0] = _mm256_add_epi64(evens(p0, p1), top);
	p->pos[1] = _mm256_add_epi64(odds(p0, p1), top);
	p->more[0] = evens(n0, n1);
	p->more[1] = odds(n0, n1);
	p->down = join(_mm256_srlv_epi64(top, p->shift[0]), _mm256_srlv_epi64(top, p->shift[1]));
	p->zp = _mm256_set1_epi32(rq->zero_point);
	p->lo = _mm256_set1_epi32(rq->lo - rq->zero_point);
	p->hi = _mm256_set1_epi32(rq->hi - rq->zero_point);
}

/* the sign of a product is that of the accumulator, or rounding does not matter */
AVX2 static inline __m256i fix(const struct parameters *p, __m256i v, int odd)
{
	__m256i t = _mm256_mul_epi32(v, p->mult[odd]);
	__m256i negative = _mm256_cmpgt_epi64(_mm256_setzero_si256(), t);

	t = _mm256_add_epi64(t, p->pos[odd]);
	t = _mm256_add_epi64(t, _mm256_and_si256(negative, p->more[odd]));
	return _mm256_srlv_epi64(t, p->shift[odd]);
}

/* eight codes in the low half; no shift is below 31 */
AVX2 static inline __m128i codes(const struct parameters *p, __m256i v)
{
	const __m256i low = _mm256_set1_epi32(0xff);

	v = join(fix(p, v, 0), fix(p, _mm256_srli_epi64(v, 32), 1));
	v = _mm256_sub_epi32(v, p->down);
	v = _mm256_min_epi32(_mm256_max_epi32(v, p->lo), p->hi);
	v = _mm256_and_si256(_mm256_add_epi32(v, p->zp), low);
	v = _mm256_packus_epi32(v, v);
	v = _mm256_permute4x64_epi64(v, 0xd8);
	return _mm_packus_epi16(_mm256_castsi256_si128(v), _mm256_castsi256_si128(v));
}

AVX2 static void store_rows(const struct octet_requant *rq, const int32_t *acc, size_t ldacc,
			    size_t o, size_t n, size_t rows, uint8_t *to, size_t ldd)
{
	struct parameters p;
	uint8_t y[16];

	get(&p, rq, o);
	for (size_t i = 0; i < rows; i++, acc += ldacc, to += ldd) {
		__m128i v = codes(&p, load(acc));

		if (n == 8) {
			_mm_storel_epi64((void *)to, v);
			continue;
		}
		_mm_storeu_si128((void *)y, v);
		memcpy(to, y, n);
	}
}

static bool far(const struct octet_requant *rq, size_t o, size_t n)
{
	for (size_t i = o; i < o + n; i++)
		if (rq->shift[i] < 31)
			return false;
	return rq->code != OCTET_STAGE_RAW && rq->code != OCTET_STAGE_FP32_RNE;
}

void octet_avx2_narrow_rows(const struct octet_requant *rq, const int32_t *acc, size_t ldacc,
			    size_t o0, size_t n, size_t rows, uint8_t *to, size_t ldd)
{
	for (size_t j = 0; rq->near_scale && j < n; j += 16)
		octet_avx2_near_rows(rq, acc + j, ldacc, o0 + j, n - j < 16 ? n - j : 16, rows,
				     to + j, ldd);
	for (size_t j = 0; !rq->near_scale && j < n; j += 8) {
		size_t part = n - j < 8 ? n - j : 8;

		if (far(rq, o0 + j, part))
			store_rows(rq, acc + j, ldacc, o0 + j, part, rows, to + j, ldd);
		else
			for (size_t i = 0; i < rows; i++)
				octet_simd_avx2.narrow(rq, acc + i * ldacc + j, o0 + j, part,
						       to + i * ldd + j);
	}
}

#else
typedef int octet_simd_avx2_rows_absent;
#endif
