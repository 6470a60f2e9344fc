/* SPDX-License-Identifier: MIT */
/*
 * Depthwise convolution, AVX-512 VNNI: bytes of four taps are interleaved, so
 * that VPDPBUSD sums them up; 64 channels at a time, packed again in order.
 */
#include "stage_avx512.h"

/** struct four - sums, or inputs of four taps, of 64 channels */
struct four {
	__m512i v[4];
};

static inline __attribute__((always_inline)) struct four
interleave(__m512i a, __m512i b, __m512i c, __m512i d)
{
	const __m512i ab0 = _mm512_unpacklo_epi8(a, b);
	const __m512i ab1 = _mm512_unpackhi_epi8(a, b);
	const __m512i cd0 = _mm512_unpacklo_epi8(c, d);
	const __m512i cd1 = _mm512_unpackhi_epi8(c, d);

	return (struct four){ {
		_mm512_unpacklo_epi16(ab0, cd0), _mm512_unpackhi_epi16(ab0, cd0),
		_mm512_unpacklo_epi16(ab1, cd1), _mm512_unpackhi_epi16(ab1, cd1),
	} };
}

/* Taps t and up of a pixel; those beyond the last one are zeros. */
static inline __attribute__((always_inline)) struct four
inputs(const uint8_t *const *x, size_t t, size_t taps, size_t at, __mmask64 m,
       __m512i flip)
{
	const __m512i zero = _mm512_setzero_si512();
	__m512i in[4];

#pragma GCC unroll 4
	for (size_t i = 0; i < 4; i++) {
		in[i] = zero;
		if (t + i < taps)
			in[i] = _mm512_xor_si512(
				_mm512_maskz_loadu_epi8(m, x[t + i] + at), flip);
	}
	return interleave(in[0], in[1], in[2], in[3]);
}

/* Narrowed in order again: packing undoes the interleaving. */
static inline __attribute__((always_inline)) __m512i
narrow(const struct four *y, const struct cpu_stage *st)
{
	const __m512i zp = _mm512_set1_epi16((int16_t)st->zero_point);
	__m512i a = _mm512_packs_epi32(y->v[0], y->v[1]);
	__m512i b = _mm512_packs_epi32(y->v[2], y->v[3]);

	a = _mm512_adds_epi16(a, zp);
	b = _mm512_adds_epi16(b, zp);
	if (st->lo < 0) {
		a = _mm512_packs_epi16(a, b);
		a = _mm512_max_epi8(a, _mm512_set1_epi8((char)st->lo));
		return _mm512_min_epi8(a, _mm512_set1_epi8((char)st->hi));
	}
	a = _mm512_packus_epi16(a, b);
	a = _mm512_max_epu8(a, _mm512_set1_epi8((char)st->lo));
	return _mm512_min_epu8(a, _mm512_set1_epi8((char)st->hi));
}

static inline __attribute__((always_inline)) struct four
sums(const struct cpu_dw *dw, size_t taps, const uint8_t *const *x, size_t at,
     __mmask64 m, __m512i flip)
{
	struct four y;

#pragma GCC unroll 4
	for (size_t v = 0; v < 4; v++)
		y.v[v] = _mm512_loadu_si512(dw->start + 16 * v);
#pragma GCC unroll 3
	for (size_t t = 0; t < taps; t += 4) {
		const struct four in = inputs(x, t, taps, at, m, flip);

#pragma GCC unroll 4
		for (size_t v = 0; v < 4; v++)
			y.v[v] = _mm512_dpbusd_epi32(y.v[v], in.v[v],
				_mm512_loadu_si512(dw->w + t * CPU_DEPTH +
						   v * CPU_LINE));
	}
	return y;
}

static inline __attribute__((always_inline)) void
pixels_of(const struct cpu_dw *dw, size_t taps, bool fp32, size_t pixels,
	  const uint8_t *const *x, size_t x_step, uint8_t *y, size_t y_step)
{
	const struct cpu_stage *st = &dw->tail.stage;
	const __mmask64 m = dw->n >= 64 ? ~(__mmask64)0 :
					  ((__mmask64)1 << dw->n) - 1;
	const __m512i flip = _mm512_set1_epi32((int32_t)dw->flip);
	const __m512 lo = _mm512_set1_ps((float)(st->lo - st->zero_point));
	const __m512 hi = _mm512_set1_ps((float)(st->hi - st->zero_point));

	for (size_t p = 0; p < pixels; p++) {
		struct four s = sums(dw, taps, x, p * x_step, m, flip);

#pragma GCC unroll 4
		for (size_t v = 0; v < 4; v++) {
			const struct scale16 q = load16(&dw->tail, 16 * v, fp32);

			s.v[v] = scale16(&q, s.v[v], fp32, lo, hi);
		}
		_mm512_mask_storeu_epi8(y + p * y_step, m, narrow(&s, st));
	}
}

/* Sums in order, one pixel after the other, for other output stages. */
static void slow(const struct cpu_dw *dw, size_t pixels,
		 const uint8_t *const *x, size_t x_step, uint8_t *y,
		 size_t y_step)
{
	const size_t size = dw->tail.stage.stage == OCTET_STAGE_RAW ? 4 : 1;
	const __mmask64 m = dw->n >= 64 ? ~(__mmask64)0 :
					  ((__mmask64)1 << dw->n) - 1;
	const __m512i flip = _mm512_set1_epi32((int32_t)dw->flip);

	for (size_t p = 0; p < pixels; p++) {
		const struct four s = sums(dw, dw->taps, x, p * x_step, m,
					   flip);
		int32_t acc[CPU_DEPTH];
		uint8_t out[CPU_DEPTH * 4];

		for (size_t v = 0; v < 4; v++)
			_mm512_storeu_si512(acc + 16 * v, s.v[v]);
		octet_cpu_requant_avx512vnni(&dw->tail.stage, 0, acc,
					     CPU_DEPTH, out);
		for (size_t c = 0; c < dw->n; c++) {
			const size_t at = c / 4 % 4 * 16 + c / 16 * 4 + c % 4;

			__builtin_memcpy(y + p * y_step + c * size,
					 out + at * size, size);
		}
	}
}

void octet_cpu_dw_avx512vnni(const struct cpu_dw *dw, size_t pixels,
			     const uint8_t *const *x, size_t x_step, uint8_t *y,
			     size_t y_step)
{
	const bool fp32 = dw->tail.stage.stage == OCTET_STAGE_FP32_RNE;

	if (!quick(&dw->tail))
		slow(dw, pixels, x, x_step, y, y_step);
	else if (dw->taps == 9 && fp32)
		pixels_of(dw, 9, true, pixels, x, x_step, y, y_step);
	else if (dw->taps == 9)
		pixels_of(dw, 9, false, pixels, x, x_step, y, y_step);
	else
		pixels_of(dw, dw->taps, fp32, pixels, x, x_step, y, y_step);
}
