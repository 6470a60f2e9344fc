/* SPDX-License-Identifier: MIT */
/*
 * Depthwise convolution, AVX2: bytes of two taps are interleaved and made int16, so that
 * VPMADDWD sums them up, 16 channels at a time. The last 16 overlap those before.
 */
#include <string.h>

#include "stage_avx2.h"

/** struct two - sums of 16 channels */
struct two {
	__m256i low, high;
};

/** struct from - where inputs come from */
struct from {
	const uint8_t *const *x;
	size_t taps;
	bool negative;
};

static inline __attribute__((always_inline)) __m256i widen(__m128i v, bool negative)
{
	return negative ? _mm256_cvtepi8_epi16(v) : _mm256_cvtepu8_epi16(v);
}

static inline __attribute__((always_inline)) __m128i
load(const uint8_t *p, bool half)
{
	return half ? _mm_loadl_epi64((const void *)p) :
		      _mm_loadu_si128((const void *)p);
}

static inline __attribute__((always_inline)) __m256i
weights(const struct cpu_dw *dw, size_t tap, size_t c)
{
	return load8(dw->w + (tap / 2 * CPU_DEPTH + c) * 2 * sizeof(int16_t));
}

/* Sums of a pixel at channel @c; @half: of 8 channels. */
static inline __attribute__((always_inline)) struct two
sums(const struct cpu_dw *dw, const struct from *f, size_t c, size_t at, bool half)
{
	struct two y = { .low = load8(dw->start + c) };

	y.high = half ? y.low : load8(dw->start + c + 8);
#pragma GCC unroll 5
	for (size_t t = 0; t < f->taps; t += 2) {
		const __m128i a = load(f->x[t] + at, half);
		const __m128i b = t + 1 < f->taps ? load(f->x[t + 1] + at, half) :
						    _mm_setzero_si128();

		y.low = _mm256_add_epi32(y.low, _mm256_madd_epi16(
				widen(_mm_unpacklo_epi8(a, b), f->negative),
				weights(dw, t, c)));
		if (!half)
			y.high = _mm256_add_epi32(y.high, _mm256_madd_epi16(
				widen(_mm_unpackhi_epi8(a, b), f->negative),
				weights(dw, t, c + 8)));
	}
	return y;
}

/* Channels [c, c + 16), or 8, of all pixels. */
static inline __attribute__((always_inline)) void
channels(const struct cpu_dw *dw, const struct from *f, size_t c, size_t pixels,
	 size_t x_step, uint8_t *y, size_t y_step, bool fp32, bool half)
{
	const struct limits l = limits_of(&dw->tail.stage);
	const struct scale8 low = scale_of(&dw->tail, c, fp32);
	const struct scale8 high = scale_of(&dw->tail, half ? c : c + 8, fp32);

	for (size_t p = 0; p < pixels; p++) {
		struct two s = sums(dw, f, c, p * x_step + c, half);
		__m128i out;

		s.low = scale8(&low, s.low, fp32, &l);
		s.high = half ? s.low : scale8(&high, s.high, fp32, &l);
		out = _mm256_castsi256_si128(narrow32(s.low, s.high, s.low,
						      s.high, &l));
		if (half)
			_mm_storel_epi64((void *)(y + p * y_step + c), out);
		else
			_mm_storeu_si128((void *)(y + p * y_step + c), out);
	}
}

/* taps, negative and fp32 are constants where this is inlined, or most of them */
static inline __attribute__((always_inline)) void
pixels_of(const struct cpu_dw *from, size_t taps, bool negative, bool fp32,
	  size_t pixels, const uint8_t *const *x, size_t x_step, uint8_t *y,
	  size_t y_step)
{
	/* copies: stores to y could change what pointers lead to */
	const struct cpu_dw dw = *from;
	const uint8_t *taps_at[64];
	const struct from f = { taps_at, taps, negative };
	size_t c = 0;

	memcpy(taps_at, x, taps * sizeof(*x));
	for (; c + 16 <= dw.n; c += 16)
		channels(&dw, &f, c, pixels, x_step, y, y_step, fp32, false);
	if (c < dw.n && dw.n - c > 8 && c)
		channels(&dw, &f, dw.n - 16, pixels, x_step, y, y_step, fp32,
			 false);
	else if (c < dw.n) {
		if (dw.n - c > 8)
			channels(&dw, &f, c, pixels, x_step, y, y_step, fp32,
				 true);
		channels(&dw, &f, dw.n - 8, pixels, x_step, y, y_step, fp32,
			 true);
	}
}

/* Fewer than 8 channels, or another output stage: from copies, one after the other. */
static void slow(const struct cpu_dw *dw, size_t pixels,
		 const uint8_t *const *x, size_t x_step, uint8_t *y,
		 size_t y_step)
{
	const size_t size = dw->tail.stage.stage == OCTET_STAGE_RAW ? 4 : 1;
	uint8_t copy[64][16];
	const uint8_t *at[64];
	const struct from f = { at, dw->taps, dw->negative };
	int32_t acc[16];

	for (size_t p = 0; p < pixels; p++) {
		for (size_t c = 0; c < dw->n; c += 16) {
			const size_t n = dw->n - c < 16 ? dw->n - c : 16;
			struct two s;

			for (size_t t = 0; t < dw->taps; t++) {
				memset(copy[t], 0, sizeof(copy[t]));
				memcpy(copy[t], x[t] + p * x_step + c, n);
				at[t] = copy[t];
			}
			s = sums(dw, &f, c, 0, false);
			_mm256_storeu_si256((void *)acc, s.low);
			_mm256_storeu_si256((void *)(acc + 8), s.high);
			octet_cpu_requant_avx2(&dw->tail.stage, c, acc, n,
					       y + p * y_step + c * size);
		}
	}
}

#define RUN(taps, negative, fp32) \
	pixels_of(dw, taps, negative, fp32, pixels, x, x_step, y, y_step)

void octet_cpu_dw_avx2(const struct cpu_dw *dw, size_t pixels,
		       const uint8_t *const *x, size_t x_step, uint8_t *y,
		       size_t y_step)
{
	const bool fp32 = dw->tail.stage.stage == OCTET_STAGE_FP32_RNE;

	if (!quick(&dw->tail) || dw->n < 8)
		slow(dw, pixels, x, x_step, y, y_step);
	else if (dw->taps != 9)
		RUN(dw->taps, dw->negative, fp32);
	else if (fp32 && dw->negative)
		RUN(9, true, true);
	else if (fp32)
		RUN(9, false, true);
	else if (dw->negative)
		RUN(9, true, false);
	else
		RUN(9, false, false);
}
