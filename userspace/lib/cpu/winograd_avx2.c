/* SPDX-License-Identifier: MIT */
/* Winograd's transforms, see winograd.h, AVX2: 16 channels, or 8 sums, at a time. */
#include "bytes.h"
#include "pairs_avx2.h"

#define PLACES 16

/* B' times four vectors. */
static inline __attribute__((always_inline)) void
spread(__m256i a, __m256i b, __m256i c, __m256i d, __m256i *to, size_t step)
{
	to[0] = _mm256_sub_epi16(a, c);
	to[step] = _mm256_add_epi16(b, c);
	to[2 * step] = _mm256_sub_epi16(c, b);
	to[3 * step] = _mm256_sub_epi16(b, d);
}

static inline __attribute__((always_inline)) __m256i
load(const uint8_t *p, bool is_signed)
{
	const __m128i v = _mm_loadu_si128((const void *)p);

	return is_signed ? _mm256_cvtepi8_epi16(v) : _mm256_cvtepu8_epi16(v);
}

/* B' d B of 16 channels. A zero point remains in the one place whose sum is not zero. */
static inline __attribute__((always_inline)) void
transform(const uint8_t *const *x, size_t k, bool is_signed, __m256i four_zeros,
	  __m256i *v)
{
	__m256i columns[PLACES];

#pragma GCC unroll 4
	for (size_t j = 0; j < 4; j++)
		spread(load(x[j] + k, is_signed), load(x[4 + j] + k, is_signed),
		       load(x[8 + j] + k, is_signed),
		       load(x[12 + j] + k, is_signed), columns + j, 4);
#pragma GCC unroll 4
	for (size_t i = 0; i < PLACES; i += 4)
		spread(columns[i], columns[i + 1], columns[i + 2],
		       columns[i + 3], v + i, 1);
	v[5] = _mm256_sub_epi16(v[5], four_zeros);
}

/* is_signed is a constant where this is inlined */
static inline __attribute__((always_inline)) void
patch(int16_t *to, size_t step, const uint8_t *const *x, size_t n, bool is_signed,
      int32_t zero, int32_t *less, size_t less_step)
{
	const __m256i four_zeros = _mm256_set1_epi16((int16_t)(4 * zero));
	__m256i sum[PLACES], v[PLACES];

#pragma GCC unroll 16
	for (size_t e = 0; e < PLACES; e++)
		sum[e] = _mm256_setzero_si256();
	for (size_t k = 0; k < n; k += 16) {
		transform(x, k, is_signed, four_zeros, v);
#pragma GCC unroll 16
		for (size_t e = 0; e < PLACES; e++) {
			_mm256_storeu_si256((void *)(to + e * step + k), v[e]);
			sum[e] = _mm256_add_epi32(sum[e], products(v[e]));
		}
	}
	for (size_t e = 0; e < PLACES; e++)
		less[e * less_step] = total(sum[e]);
}

void octet_cpu_patch_avx2(int16_t *to, size_t step, const uint8_t *const *x,
			  size_t n, bool is_signed, int32_t zero, int32_t *less,
			  size_t less_step)
{
	if (is_signed)
		patch(to, step, x, n, true, zero, less, less_step);
	else
		patch(to, step, x, n, false, zero, less, less_step);
}

/* A' times four vectors. */
static inline __attribute__((always_inline)) void
gather(__m256i a, __m256i b, __m256i c, __m256i d, __m256i *to, size_t step)
{
	to[0] = _mm256_add_epi32(_mm256_add_epi32(a, b), c);
	to[step] = _mm256_sub_epi32(_mm256_sub_epi32(b, c), d);
}

void octet_cpu_unpatch_avx2(const int32_t *sums, size_t step, size_t count,
			    const int32_t *start, int32_t *const *to)
{
	for (size_t n = 0; n < count; n++, sums += CPU_PANEL, to += 4) {
		for (size_t c = 0; c < CPU_PANEL; c += 8) {
			const __m256i bias = _mm256_loadu_si256(
				(const void *)(start + c));
			__m256i rows[8], y[4];

#pragma GCC unroll 4
			for (size_t j = 0; j < 4; j++) {
				const int32_t *p = sums + j * step + c;

				gather(_mm256_loadu_si256((const void *)p),
				       _mm256_loadu_si256((const void *)
							  (p + 4 * step)),
				       _mm256_loadu_si256((const void *)
							  (p + 8 * step)),
				       _mm256_loadu_si256((const void *)
							  (p + 12 * step)),
				       rows + j, 4);
			}
			gather(rows[0], rows[1], rows[2], rows[3], y, 1);
			gather(rows[4], rows[5], rows[6], rows[7], y + 2, 1);
#pragma GCC unroll 4
			for (size_t i = 0; i < 4; i++)
				_mm256_storeu_si256((void *)(to[i] + c),
					_mm256_add_epi32(bias,
						_mm256_srai_epi32(y[i], 2)));
		}
	}
}
