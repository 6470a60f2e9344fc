/* SPDX-License-Identifier: MIT */
/*
 * Depthwise convolution of one pixel, AVX2: 16 channels at a time, two taps
 * per VPMADDWD. Interleaving works within 128-bit lanes, so the sums come as
 * channels 0-3, 8-11 and 4-7, 12-15 and are put in order at the end.
 */
#include <immintrin.h>

#include "kernels.h"

static inline __attribute__((always_inline)) __m256i
load(const uint8_t *x, bool is_signed, __m256i z)
{
	const __m128i v = _mm_loadu_si128((const void *)x);

	return _mm256_sub_epi16(is_signed ? _mm256_cvtepi8_epi16(v) :
					    _mm256_cvtepu8_epi16(v), z);
}

static inline __attribute__((always_inline)) void
block(size_t c, size_t n, size_t taps, const uint8_t *const *x, bool is_signed,
      __m256i z, const int16_t *w, int32_t *acc)
{
	__m256i even = _mm256_setzero_si256(), odd = even;
	__m256i first, last;

	for (size_t t = 0; t < taps; t += 2) {
		const __m256i a = load(x[t] + c, is_signed, z);
		const __m256i b = t + 1 < taps ?
				  load(x[t + 1] + c, is_signed, z) :
				  _mm256_setzero_si256();
		const int16_t *pairs = w + t * n + 2 * c;
		const __m256i w0 = _mm256_loadu_si256((const void *)pairs);
		const __m256i w1 = _mm256_loadu_si256((const void *)(pairs + 16));
		/* weights to the order of the interleaved inputs */
		const __m256i lo = _mm256_permute2x128_si256(w0, w1, 0x20);
		const __m256i hi = _mm256_permute2x128_si256(w0, w1, 0x31);

		even = _mm256_add_epi32(even, _mm256_madd_epi16(
					_mm256_unpacklo_epi16(a, b), lo));
		odd = _mm256_add_epi32(odd, _mm256_madd_epi16(
					_mm256_unpackhi_epi16(a, b), hi));
	}
	first = _mm256_permute2x128_si256(even, odd, 0x20);
	last = _mm256_permute2x128_si256(even, odd, 0x31);
	first = _mm256_add_epi32(first, _mm256_loadu_si256((void *)(acc + c)));
	last = _mm256_add_epi32(last, _mm256_loadu_si256((void *)(acc + c + 8)));
	_mm256_storeu_si256((void *)(acc + c), first);
	_mm256_storeu_si256((void *)(acc + c + 8), last);
}

static void rest(size_t c, size_t n, size_t taps, const uint8_t *const *x,
		 bool is_signed, int32_t zx, const int16_t *w, int32_t *acc)
{
	for (; c < n; c++) {
		uint32_t sum = (uint32_t)acc[c];

		for (size_t t = 0; t < taps; t++) {
			int32_t v = is_signed ? (int8_t)x[t][c] : x[t][c];

			sum += (uint32_t)((v - zx) *
					  w[t / 2 * 2 * n + 2 * c + t % 2]);
		}
		acc[c] = (int32_t)sum;
	}
}

void octet_cpu_depthwise_avx2(size_t n, size_t taps, const uint8_t *const *x,
			      bool is_signed, int32_t zx, const int16_t *w,
			      int32_t *acc)
{
	const __m256i z = _mm256_set1_epi16((int16_t)zx);
	size_t c = 0;

	if (is_signed)
		for (; c + 16 <= n; c += 16)
			block(c, n, taps, x, true, z, w, acc);
	else
		for (; c + 16 <= n; c += 16)
			block(c, n, taps, x, false, z, w, acc);
	rest(c, n, taps, x, is_signed, zx, w, acc);
}
