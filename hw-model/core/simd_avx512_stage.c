// SPDX-License-Identifier: MIT
/*
 * The output stage to codes of 8 bits, for simd_avx512.c: four vectors of sums at a time,
 * which are scaled, then packed together.
 *
 * FIX takes products of 63 bits. Nearly all results are told by products of float32: these
 * are off by less than UNSURE wherever a code is not at its bounds anyway, and those that
 * come so close to the border between two codes are computed again.
 */
#if defined(__x86_64__)

#include <immintrin.h>

#include "output_stage.h"
#include "simd.h"

#define VNNI __attribute__((target("avx2,avx512f,avx512bw,avx512vl,avx512dq,avx512cd,avx512vnni")))
#define INLINE static inline __attribute__((always_inline))
#define NEAREST (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

/*
 * Results are codes less a zero point, so from 256 on one is at a bound. Below, three
 * roundings of 2^-24 each are less than 2^-14.
 */
#define UNSURE (1.0f / 16384)

enum way { NEAR, EXACT, FLOAT };

/* Of sixteen channels; those of EXACT as even and odd ones, in lanes of 64 bits. */
struct parameters {
	__m512 scale, bias;
	__m512i turn;
	__m512i mult[2], shift[2], pos[2], more[2];
};

/* What all channels share: codes are signed here, and @flip makes them what they are. */
struct codes {
	__m512i zp, lo, hi, flip;
};

VNNI INLINE struct codes get_codes(const struct octet_requant *rq)
{
	int32_t by = rq->type == OCTET_TYPE_UINT8 ? 128 : 0;

	return (struct codes) {
		.zp = _mm512_set1_epi16((short)(rq->zero_point - by)),
		.lo = _mm512_set1_epi8((char)(rq->lo - by)),
		.hi = _mm512_set1_epi8((char)(rq->hi - by)),
		.flip = _mm512_set1_epi8((char)by),
	};
}

/* what eight results of 64 bits have more than a half before they are cut, as float32 */
VNNI INLINE __m256 extra(const int64_t *r, __m512i shift)
{
	const __m512d nil = _mm512_set1_pd(0x1p-20);
	__m512i one = _mm512_set1_epi64(1), half;
	__m512d d;

	half = _mm512_sllv_epi64(one, _mm512_sub_epi64(shift, one));
	d = _mm512_cvtepi64_pd(_mm512_sub_epi64(_mm512_loadu_si512(r), half));
	d = _mm512_scalef_pd(d, _mm512_cvtepi64_pd(_mm512_sub_epi64(_mm512_setzero_si512(),
								    shift)));
	return _mm512_cvtpd_ps(_mm512_maskz_mov_pd(
			_mm512_cmp_pd_mask(_mm512_abs_pd(d), nil, _CMP_GE_OQ), d));
}

VNNI INLINE __m512i extras(const int64_t *r, __m512i shift)
{
	__m512i s0 = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(shift));
	__m512i s1 = _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(shift, 1));
	__m512i v = _mm512_castsi256_si512(_mm256_castps_si256(extra(r, s0)));

	return _mm512_inserti64x4(v, _mm256_castps_si256(extra(r + 8, s1)), 1);
}

VNNI bool octet_avx512_near(struct octet_requant *rq, size_t n)
{
	const __m512i none = _mm512_setzero_si512();

	for (size_t o = 0; o < n; o += 16) {
		__m512i shift = _mm512_loadu_si512(rq->shift + o), pos, neg, turn;
		__mmask16 m = (__mmask16)(0xffff >> (n - o < 16 ? 16 - (n - o) : 0));
		__m512 scale = _mm512_cvtepu32_ps(_mm512_loadu_si512(rq->mult + o));

		if (_mm512_mask_cmplt_epu32_mask(m, shift, _mm512_set1_epi32(32)))
			return false;
		pos = extras(rq->pos + o, shift);
		neg = extras(rq->neg + o, shift);
		turn = _mm512_xor_si512(pos, neg);
		if (_mm512_mask_test_epi32_mask(m, turn, _mm512_set1_epi32(INT32_MAX)))
			return false;
		shift = _mm512_sub_epi32(none, shift);
		_mm512_storeu_ps(rq->near_scale + o,
				 _mm512_scalef_ps(scale, _mm512_cvtepi32_ps(shift)));
		_mm512_storeu_si512(rq->near_bias + o, pos);
		_mm512_storeu_si512(rq->near_turn + o, turn);
	}
	return true;
}

VNNI INLINE void get_near(struct parameters *p, const struct octet_requant *rq, size_t o)
{
	p->scale = _mm512_loadu_ps(rq->near_scale + o);
	p->bias = _mm512_loadu_ps(rq->near_bias + o);
	p->turn = _mm512_loadu_si512(rq->near_turn + o);
}

VNNI INLINE void get_exact(struct parameters *p, const struct octet_requant *rq, size_t o)
{
	const __m512i even = _mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14);
	const __m512i odd = _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15);
	__m512i p0 = _mm512_loadu_si512(rq->pos + o), p1 = _mm512_loadu_si512(rq->pos + o + 8);
	__m512i n0 = _mm512_loadu_si512(rq->neg + o), n1 = _mm512_loadu_si512(rq->neg + o + 8);
	__m512i shift = _mm512_loadu_si512(rq->shift + o);

	p->mult[0] = _mm512_loadu_si512(rq->mult + o);
	p->mult[1] = _mm512_srli_epi64(p->mult[0], 32);
	p->shift[0] = _mm512_and_si512(shift, _mm512_set1_epi64(0xffffffff));
	p->shift[1] = _mm512_srli_epi64(shift, 32);
	p->pos[0] = _mm512_permutex2var_epi64(p0, even, p1);
	p->pos[1] = _mm512_permutex2var_epi64(p0, odd, p1);
	n0 = _mm512_sub_epi64(n0, p0);
	n1 = _mm512_sub_epi64(n1, p1);
	p->more[0] = _mm512_permutex2var_epi64(n0, even, n1);
	p->more[1] = _mm512_permutex2var_epi64(n0, odd, n1);
}

VNNI INLINE void get_float(struct parameters *p, const struct octet_requant *rq, size_t o)
{
	__m512i mult = _mm512_loadu_si512(rq->mult + o), exponent;

	exponent = _mm512_sub_epi32(_mm512_set1_epi32(150), _mm512_loadu_si512(rq->shift + o));
	mult = _mm512_and_si512(mult, _mm512_set1_epi32(0x7fffff));
	p->scale = _mm512_castsi512_ps(_mm512_or_si512(mult, _mm512_slli_epi32(exponent, 23)));
}

VNNI INLINE void get(struct parameters *p, const struct octet_requant *rq, size_t o, enum way way)
{
	if (way == NEAR)
		get_near(p, rq, o);
	else if (way == EXACT)
		get_exact(p, rq, o);
	else
		get_float(p, rq, o);
}

/* the sign of a product is that of the accumulator, or rounding does not matter */
VNNI INLINE __m512i fix(const struct parameters *p, __m512i v, int odd)
{
	__m512i t = _mm512_mul_epi32(v, p->mult[odd]);
	__mmask8 negative = _mm512_movepi64_mask(t);

	t = _mm512_add_epi64(t, p->pos[odd]);
	t = _mm512_mask_add_epi64(t, negative, t, p->more[odd]);
	return _mm512_srav_epi64(t, p->shift[odd]);
}

/* Sums, results and how much was rounded off these. */
struct doubtful {
	__m512i v[4], y[4];
	__m512 off[4];
};

/* what is @unsure or more off an integer, of channels from @o[i] on */
VNNI static __attribute__((noinline, cold)) void
again(const struct octet_requant *rq, const size_t *o, struct doubtful *d, __m512 unsure)
{
	for (int i = 0; i < 4; i++) {
		__mmask16 m = _mm512_cmp_ps_mask(_mm512_abs_ps(d->off[i]), unsure, _CMP_GT_OQ);
		int32_t from[16], to[16];

		_mm512_storeu_si512(from, d->v[i]);
		_mm512_storeu_si512(to, d->y[i]);
		for (; m; m &= (__mmask16)(m - 1)) {
			int lane = __builtin_ctz(m);
			size_t c = o[i] + (size_t)lane;
			struct octet_fix f = {
				rq->mult[c], rq->shift[c], rq->pos[c], rq->neg[c],
			};

			to[lane] = octet_fix_one(&f, from[lane]);
		}
		d->y[i] = _mm512_loadu_si512(to);
	}
}

VNNI INLINE void scale_near(const struct octet_requant *rq, const struct parameters *p,
			    const size_t *o, const __m512i *v, __m512i *y)
{
	const __m512 unsure = _mm512_set1_ps(0.5f - UNSURE);
	__m512 off[4], a, b;

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		__m512 f = _mm512_cvt_roundepi32_ps(v[i], NEAREST);
		__m512i bias = _mm512_castps_si512(p[i].bias);

		/* bias ^ (v & turn) */
		bias = _mm512_ternarylogic_epi32(bias, v[i], p[i].turn, 0x78);
		f = _mm512_fmadd_round_ps(f, p[i].scale, _mm512_castsi512_ps(bias), NEAREST);
		off[i] = _mm512_reduce_ps(f, NEAREST);
		y[i] = _mm512_cvt_roundps_epi32(f, NEAREST);
	}
	/* the greatest without its sign */
	a = _mm512_range_ps(off[0], off[1], 0xb);
	b = _mm512_range_ps(off[2], off[3], 0xb);
	a = _mm512_range_ps(a, b, 0xb);
	if (__builtin_expect(_mm512_cmp_ps_mask(a, unsure, _CMP_GT_OQ), 0)) {
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
}

VNNI INLINE void scale_exact(const struct parameters *p, const __m512i *v, __m512i *y)
{
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		__m512i even = fix(&p[i], v[i], 0);
		__m512i odd = fix(&p[i], _mm512_srli_epi64(v[i], 32), 1);

		y[i] = _mm512_mask_shuffle_epi32(even, 0xaaaa, odd, _MM_PERM_CCAA);
	}
}

/* -2^31 is what a number below it becomes anyway */
VNNI INLINE void scale_float(const struct parameters *p, const __m512i *v, __m512i *y)
{
	const __m512 most = _mm512_set1_ps(0x1p30f);

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		__m512 f = _mm512_cvt_roundepi32_ps(v[i], NEAREST);

		f = _mm512_min_ps(_mm512_mul_round_ps(f, p[i].scale, NEAREST), most);
		y[i] = _mm512_cvt_roundps_epi32(f, NEAREST);
	}
}

/* codes of four vectors, four of each and the next four of each and so on */
VNNI INLINE __m512i pack(const struct codes *c, const __m512i *y)
{
	__m512i a = _mm512_adds_epi16(_mm512_packs_epi32(y[0], y[1]), c->zp);
	__m512i b = _mm512_adds_epi16(_mm512_packs_epi32(y[2], y[3]), c->zp);
	__m512i r = _mm512_packs_epi16(a, b);

	r = _mm512_min_epi8(_mm512_max_epi8(r, c->lo), c->hi);
	return _mm512_xor_si512(r, c->flip);
}

VNNI INLINE __m512i convert(const struct octet_requant *rq, const struct codes *c,
			    const struct parameters *p, const size_t *o, const __m512i *v,
			    enum way way)
{
	__m512i y[4];

	if (way == NEAR)
		scale_near(rq, p, o, v, y);
	else if (way == EXACT)
		scale_exact(p, v, y);
	else
		scale_float(p, v, y);
	return pack(c, y);
}

/* sixteen codes, the @i-th of four */
VNNI INLINE void store16(uint8_t *to, __m512i r, const int i, __mmask16 m, bool all)
{
	__m128i x = _mm512_extracti32x4_epi32(r, i);

	if (all)
		_mm_storeu_si128((void *)to, x);
	else
		_mm_mask_storeu_epi8(to, m, x);
}

/* @rows rows of sixteen or @two times sixteen codes, the last by mask @m; no more than fit */
VNNI INLINE void some_rows(const struct octet_requant *rq, const struct codes *c,
			   const struct parameters *p, const int32_t *acc, size_t ldacc,
			   const size_t *o, __mmask16 m, size_t rows, uint8_t *to, size_t ldd,
			   enum way way, const bool two)
{
	/* four of each: as they are packed */
	const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11,
						15);
	__m512i v[4], r;

#pragma GCC unroll 4
	for (size_t i = 0; i < 4; i++) {
		size_t row = two ? i / 2 : i;

		row = row < rows ? row : rows - 1;
		v[i] = _mm512_loadu_si512(acc + row * ldacc + (two ? i % 2 * 16 : 0));
	}
	r = _mm512_permutexvar_epi32(order, convert(rq, c, p, o, v, way));
	if (two && m == 0xffff) {
		_mm256_storeu_si256((void *)to, _mm512_castsi512_si256(r));
		if (rows > 1)
			_mm256_storeu_si256((void *)(to + ldd), _mm512_extracti64x4_epi64(r, 1));
		return;
	}
	store16(to, r, 0, m, two || m == 0xffff);
	if (two)
		store16(to + 16, r, 1, m, false);
	else if (rows > 1)
		store16(to + ldd, r, 1, m, m == 0xffff);
	if (two ? rows > 1 : rows > 2)
		store16(to + (two ? 1 : 2) * ldd, r, 2, m, two || m == 0xffff);
	if (two && rows > 1)
		store16(to + ldd + 16, r, 3, m, false);
	else if (!two && rows > 3)
		store16(to + 3 * ldd, r, 3, m, m == 0xffff);
}

VNNI INLINE void all_rows(const struct octet_requant *rq, const int32_t *acc, size_t ldacc,
			  size_t o, size_t n, size_t rows, uint8_t *to, size_t ldd, enum way way,
			  const bool two)
{
	const struct codes c = get_codes(rq);
	const size_t at[4] = { o, two ? o + 16 : o, o, two ? o + 16 : o }, step = two ? 2 : 4;
	__mmask16 m = (__mmask16)(0xffff >> (15 - (n - 1) % 16));
	struct parameters p[4];
	size_t i = 0;

#pragma GCC unroll 4
	for (int k = 0; k < 4; k++)
		get(&p[k], rq, at[k], way);
	for (; i + step <= rows; i += step, acc += step * ldacc, to += step * ldd)
		some_rows(rq, &c, p, acc, ldacc, at, m, step, to, ldd, way, two);
	if (i < rows)
		some_rows(rq, &c, p, acc, ldacc, at, m, rows - i, to, ldd, way, two);
}

#define ROWS(name, way, two)								\
VNNI static void name(const struct octet_requant *rq, const int32_t *acc, size_t ldacc,	\
		      size_t o, size_t n, size_t rows, uint8_t *to, size_t ldd)		\
{											\
	all_rows(rq, acc, ldacc, o, n, rows, to, ldd, way, two);			\
}

ROWS(near_one, NEAR, false)
ROWS(near_two, NEAR, true)
ROWS(exact_one, EXACT, false)
ROWS(exact_two, EXACT, true)
ROWS(float_one, FLOAT, false)
ROWS(float_two, FLOAT, true)

/* shifts of @n channels from 31 on, up to which EXACT results may be more than 32 bits */
VNNI static bool far(const struct octet_requant *rq, size_t o, size_t n)
{
	const __m512i least = _mm512_set1_epi32(31);

	for (size_t i = 0; i < n; i += 16) {
		__mmask16 m = (__mmask16)(0xffff >> (n - i < 16 ? 16 - (n - i) : 0));
		__m512i shift = _mm512_maskz_loadu_epi32(m, rq->shift + o + i);

		if (_mm512_mask_cmplt_epu32_mask(m, shift, least))
			return false;
	}
	return true;
}

/* up to 32 channels; Return: there is a way */
VNNI static bool fast(const struct octet_requant *rq, const int32_t *acc, size_t ldacc, size_t o,
		      size_t n, size_t rows, uint8_t *to, size_t ldd)
{
	const bool two = n > 16;

	if (rq->code == OCTET_STAGE_RAW)
		return false;
	if (rq->code == OCTET_STAGE_FP32_RNE)
		(two ? float_two : float_one)(rq, acc, ldacc, o, n, rows, to, ldd);
	else if (rq->near_scale)
		(two ? near_two : near_one)(rq, acc, ldacc, o, n, rows, to, ldd);
	else if (far(rq, o, n))
		(two ? exact_two : exact_one)(rq, acc, ldacc, o, n, rows, to, ldd);
	else
		return false;
	return true;
}

VNNI void octet_avx512_narrow_rows(const struct octet_requant *rq, const int32_t *acc,
				   size_t ldacc, size_t o0, size_t n, size_t rows, uint8_t *to,
				   size_t ldd)
{
	for (size_t j = 0; j < n; j += 32) {
		size_t part = n - j < 32 ? n - j : 32;

		if (fast(rq, acc + j, ldacc, o0 + j, part, rows, to + j, ldd))
			continue;
		for (size_t i = 0; i < rows; i++)
			octet_simd_avx512.narrow(rq, acc + i * ldacc + j, o0 + j, part,
						 to + i * ldd + j);
	}
}

/*
 * codes of a unit to where each strip's are, unless that has fewer than so many;
 * @apart: from a strip to the next
 */
VNNI INLINE void store_unit(uint8_t *to, size_t apart, __m512i r, __mmask64 m, size_t left,
			    size_t count, size_t strips)
{
	if (strips == 1) {
		_mm512_mask_storeu_epi8(to, m, r);
		return;
	}
	if (strips == 2) {
		_mm256_mask_storeu_epi8(to, (__mmask32)m, _mm512_castsi512_si256(r));
		if (left > count)
			_mm256_mask_storeu_epi8(to + apart, (__mmask32)m,
						_mm512_extracti64x4_epi64(r, 1));
		return;
	}
	_mm_mask_storeu_epi8(to, (__mmask16)m, _mm512_castsi512_si128(r));
	if (left > count)
		_mm_mask_storeu_epi8(to + apart, (__mmask16)m, _mm512_extracti32x4_epi32(r, 1));
	if (left > 2 * count)
		_mm_mask_storeu_epi8(to + 2 * apart, (__mmask16)m,
				     _mm512_extracti32x4_epi32(r, 2));
	if (left > 3 * count)
		_mm_mask_storeu_epi8(to + 3 * apart, (__mmask16)m,
				     _mm512_extracti32x4_epi32(r, 3));
}

VNNI INLINE void all_units(const struct octet_requant *rq, const int32_t *acc,
			   const struct octet_dw_output *out, enum way way)
{
	const size_t at[4] = { out->o, out->o + 16, out->o + 32, out->o + 48 };
	const size_t count = out->count, strips = out->strips, step = out->step;
	const size_t pixels = out->pixels, rows = out->rows, line = out->line;
	const struct codes c = get_codes(rq);
	__mmask64 m = ~0ull >> (64 - out->n);
	struct parameters p[4];
	uint8_t *first = out->to;

#pragma GCC unroll 4
	for (int k = 0; k < 4; k++)
		get(&p[k], rq, at[k], way);
	for (size_t row = 0; row < rows; row++, first += line) {
		uint8_t *to = first;

		for (size_t i = 0; i < count; i++, acc += 64, to += step) {
			__m512i v[4], r;

#pragma GCC unroll 4
			for (int k = 0; k < 4; k++)
				v[k] = _mm512_loadu_si512(acc + k * 16);
			r = convert(rq, &c, p, at, v, way);
			if (strips == 1)
				_mm512_mask_storeu_epi8(to, m, r);
			else
				store_unit(to, count * step, r, m, pixels - i, count, strips);
		}
	}
}

#define UNITS(name, way)								\
VNNI static void name(const struct octet_requant *rq, const int32_t *acc,		\
		      const struct octet_dw_output *out)				\
{											\
	all_units(rq, acc, out, way);							\
}

UNITS(near_units, NEAR)
UNITS(exact_units, EXACT)
UNITS(float_units, FLOAT)

/* any code, any shift */
VNNI static void slow_units(const struct octet_requant *rq, const int32_t *acc,
			    const struct octet_dw_output *out)
{
	const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11,
						15);
	__mmask64 m = ~0ull >> (64 - out->n);
	uint8_t codes[64];

	for (size_t row = 0; row < out->rows; row++) {
		uint8_t *to = out->to + row * out->line;

		for (size_t i = 0; i < out->count; i++, acc += 64, to += out->step) {
			octet_simd_avx512.narrow(rq, acc, out->o, 64, codes);
			store_unit(to, out->count * out->step,
				   _mm512_permutexvar_epi32(order, _mm512_loadu_si512(codes)), m,
				   out->pixels - i, out->count, out->strips);
		}
	}
}

VNNI void octet_avx512_dw_narrow(const struct octet_requant *rq, const int32_t *acc,
				 const struct octet_dw_output *out)
{
	if (rq->code == OCTET_STAGE_FP32_RNE)
		float_units(rq, acc, out);
	else if (rq->code == OCTET_STAGE_RAW)
		slow_units(rq, acc, out);
	else if (rq->near_scale)
		near_units(rq, acc, out);
	else if (far(rq, out->o, 64))
		exact_units(rq, acc, out);
	else
		slow_units(rq, acc, out);
}

#else
typedef int octet_simd_avx512_stage_absent;
#endif
