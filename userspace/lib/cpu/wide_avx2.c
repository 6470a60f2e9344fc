/* SPDX-License-Identifier: MIT */
/* Inputs of a wide product, AVX2: bytes to int16, and the sums of their products. */
#include <string.h>

#include "bytes.h"
#include "pairs_avx2.h"

/* 16 of them; @sum grows by x0 x2 + x1 x3 of each four. */
static inline __attribute__((always_inline)) __m256i
sixteen(__m128i bytes, bool is_signed, __m256i zero, __m256i *sum)
{
	const __m256i x = _mm256_sub_epi16(is_signed ?
					   _mm256_cvtepi8_epi16(bytes) :
					   _mm256_cvtepu8_epi16(bytes), zero);

	*sum = _mm256_add_epi32(*sum, products(x));
	return x;
}

/* The last ones of a run: its bytes and zero points. */
static __m128i rest(const uint8_t *from, size_t n, int32_t zero)
{
	uint8_t bytes[16];

	memset(bytes, zero, sizeof(bytes));
	memcpy(bytes, from, n);
	return _mm_loadu_si128((const void *)bytes);
}

/* is_signed is a constant where this is inlined */
static inline __attribute__((always_inline)) void
runs(int16_t *to, const uint8_t *from, size_t n, size_t count, size_t step,
     bool is_signed, int32_t zero, int32_t *less)
{
	const __m256i z = _mm256_set1_epi16((int16_t)zero);

	for (size_t i = 0; i < count; i++, from += step, to += n) {
		__m256i sum = _mm256_setzero_si256();
		size_t k = 0;

		for (; k + 16 <= n; k += 16)
			_mm256_storeu_si256((void *)(to + k), sixteen(
				_mm_loadu_si128((const void *)(from + k)),
				is_signed, z, &sum));
		if (k < n)
			_mm256_storeu_si256((void *)(to + k), sixteen(
				rest(from + k, n - k, zero), is_signed, z,
				&sum));
		less[i] = total(sum);
	}
}

void octet_cpu_rows_wide_avx2(int16_t *to, const uint8_t *from, size_t n,
			      size_t count, size_t step, bool is_signed,
			      int32_t zero, int32_t *less)
{
	if (is_signed)
		runs(to, from, n, count, step, true, zero, less);
	else
		runs(to, from, n, count, step, false, zero, less);
}
