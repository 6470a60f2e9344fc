/* SPDX-License-Identifier: MIT */
/*
 * Depthwise convolution, AVX-512 VNNI: bytes of four taps are interleaved, so
 * that VPDPBUSD sums them up; 64 channels, or 32 of two pixels, at a time,
 * packed again in order.
 */
#include <string.h>

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

/**
 * struct from - where inputs come from, all of it in registers
 *
 * @m: bytes of a pixel's channels
 * @pair: there are 32 at most: the upper half is the next pixel, @step bytes
 *	further, whose bytes are those of @next
 */
struct from {
	const uint8_t *const *x;
	size_t step;
	__m512i flip;
	__mmask64 m;
	__mmask32 next;
	bool pair;
};

static inline __attribute__((always_inline)) __m512i
load(const struct from *f, size_t t, size_t at)
{
	__m512i v;

	if (f->pair) {
		const uint8_t *p = f->x[t] + at;
		const __mmask32 low = (__mmask32)f->m;

		v = _mm512_castsi256_si512(_mm256_maskz_loadu_epi8(low, p));
		v = _mm512_inserti64x4(v, _mm256_maskz_loadu_epi8(f->next,
					  f->next ? p + f->step : p), 1);
	} else {
		v = _mm512_maskz_loadu_epi8(f->m, f->x[t] + at);
	}
	return _mm512_xor_si512(v, f->flip);
}

/* Sums of a pixel; taps beyond the last one are zeros. */
static inline __attribute__((always_inline)) struct four
sums(const struct from *f, size_t taps, size_t at, const int8_t *w,
     const int32_t *start)
{
	struct four y;

#pragma GCC unroll 4
	for (size_t v = 0; v < 4; v++)
		y.v[v] = _mm512_loadu_si512(start + 16 * v);
#pragma GCC unroll 3
	for (size_t t = 0; t < taps; t += 4) {
		const __m512i zero = _mm512_setzero_si512();
		const struct four in = interleave(load(f, t, at),
			t + 1 < taps ? load(f, t + 1, at) : zero,
			t + 2 < taps ? load(f, t + 2, at) : zero,
			t + 3 < taps ? load(f, t + 3, at) : zero);

#pragma GCC unroll 4
		for (size_t v = 0; v < 4; v++)
			y.v[v] = _mm512_dpbusd_epi32(y.v[v], in.v[v],
				_mm512_loadu_si512(w + t * CPU_DEPTH +
						   v * CPU_LINE));
	}
	return y;
}

static inline __mmask64 low_bits(size_t n)
{
	return n >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << n) - 1;
}

static inline __attribute__((always_inline)) void
pixels_of(const struct cpu_dw *dw, size_t taps, bool fp32, bool pair,
	  size_t pixels, const uint8_t *const *x, size_t x_step, uint8_t *y,
	  size_t y_step)
{
	/* copies: stores to y could change what pointers lead to */
	const struct cpu_tail tail = dw->tail;
	const struct limits l = limits_of(&tail.stage);
	const int8_t *w = dw->w;
	const int32_t *start = dw->start;
	const uint8_t *taps_at[64];
	struct from f = {
		.x = taps_at,
		.step = x_step,
		.flip = _mm512_set1_epi32((int32_t)dw->flip),
		.m = low_bits(dw->n),
		.pair = pair,
	};

	memcpy(taps_at, x, taps * sizeof(*x));
	for (size_t p = 0; p < pixels; p += pair ? 2 : 1) {
		struct four s;
		__m512i out;

		f.next = pair && p + 1 < pixels ? (__mmask32)f.m : 0;
		s = sums(&f, taps, p * x_step, w, start);
#pragma GCC unroll 4
		for (size_t v = 0; v < 4; v++) {
			const struct scale16 q = load16(&tail, 16 * v, fp32);

			s.v[v] = scale16(&q, s.v[v], fp32, &l);
		}
		out = narrow64(s.v[0], s.v[1], s.v[2], s.v[3], &l);
		if (!pair) {
			_mm512_mask_storeu_epi8(y + p * y_step, f.m, out);
			continue;
		}
		_mm256_mask_storeu_epi8(y + p * y_step, (__mmask32)f.m,
					_mm512_castsi512_si256(out));
		if (f.next)
			_mm256_mask_storeu_epi8(y + (p + 1) * y_step, f.next,
						_mm512_extracti64x4_epi64(out,
									  1));
	}
}

/* Sums in order, one pixel after the other, for other output stages. */
static void slow(const struct cpu_dw *dw, size_t pixels,
		 const uint8_t *const *x, size_t x_step, uint8_t *y,
		 size_t y_step)
{
	const size_t size = dw->tail.stage.stage == OCTET_STAGE_RAW ? 4 : 1;
	const struct from f = {
		.x = x,
		.flip = _mm512_set1_epi32((int32_t)dw->flip),
		.m = low_bits(dw->n),
	};

	for (size_t p = 0; p < pixels; p++) {
		const struct four s = sums(&f, dw->taps, p * x_step, dw->w,
					   dw->start);
		int32_t acc[CPU_DEPTH];
		uint8_t out[CPU_DEPTH * 4];

		for (size_t v = 0; v < 4; v++)
			_mm512_storeu_si512(acc + 16 * v, s.v[v]);
		octet_cpu_requant_avx512vnni(&dw->tail.stage, 0, acc,
					     CPU_DEPTH, out);
		for (size_t c = 0; c < dw->n; c++) {
			const size_t at = c / 4 % 4 * 16 + c / 16 * 4 + c % 4;

			memcpy(y + p * y_step + c * size, out + at * size,
			       size);
		}
	}
}

#define RUN(taps, fp32, pair) \
	pixels_of(dw, taps, fp32, pair, pixels, x, x_step, y, y_step)

void octet_cpu_dw_avx512vnni(const struct cpu_dw *dw, size_t pixels,
			     const uint8_t *const *x, size_t x_step, uint8_t *y,
			     size_t y_step)
{
	const bool fp32 = dw->tail.stage.stage == OCTET_STAGE_FP32_RNE;

	if (!quick(&dw->tail))
		slow(dw, pixels, x, x_step, y, y_step);
	else if (dw->taps != 9)
		RUN(dw->taps, fp32, dw->n <= 32);
	else if (fp32 && dw->n > 32)
		RUN(9, true, false);
	else if (fp32)
		RUN(9, true, true);
	else if (dw->n > 32)
		RUN(9, false, false);
	else
		RUN(9, false, true);
}
