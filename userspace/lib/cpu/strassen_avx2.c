/* SPDX-License-Identifier: MIT */
/* Inputs of the seven products of strassen.h, AVX2. */
#include "strassen.h"

#include "pairs_avx2.h"

static inline __attribute__((always_inline)) __m256i
load(const uint8_t *p, bool is_signed, __m256i zero)
{
	const __m128i v = _mm_loadu_si128((const void *)p);

	return _mm256_sub_epi16(is_signed ? _mm256_cvtepi8_epi16(v) :
					    _mm256_cvtepu8_epi16(v), zero);
}

/* is_signed is a constant where this is inlined */
static inline __attribute__((always_inline)) void
quarters(int16_t *to, size_t step, const uint8_t *top, const uint8_t *bottom,
	 size_t n, bool is_signed, int32_t zero, int32_t *less, size_t less_step)
{
	const __m256i z = _mm256_set1_epi16((int16_t)zero);
	__m256i sum[CPU_PRODUCTS], v[CPU_PRODUCTS];

#pragma GCC unroll 7
	for (size_t e = 0; e < CPU_PRODUCTS; e++)
		sum[e] = _mm256_setzero_si256();
	for (size_t k = 0; k < n; k += 16) {
		const __m256i a21 = load(bottom + k, is_signed, z);

		v[CPU_A11_B11] = load(top + k, is_signed, z);
		v[CPU_A12_B21] = load(top + n + k, is_signed, z);
		v[CPU_A22_T4] = load(bottom + n + k, is_signed, z);
		v[CPU_S1_T1] = _mm256_add_epi16(a21, v[CPU_A22_T4]);
		v[CPU_S2_T2] = _mm256_sub_epi16(v[CPU_S1_T1], v[CPU_A11_B11]);
		v[CPU_S3_T3] = _mm256_sub_epi16(v[CPU_A11_B11], a21);
		v[CPU_S4_B22] = _mm256_sub_epi16(v[CPU_A12_B21], v[CPU_S2_T2]);
#pragma GCC unroll 7
		for (size_t e = 0; e < CPU_PRODUCTS; e++) {
			_mm256_storeu_si256((void *)(to + e * step + k), v[e]);
			sum[e] = _mm256_add_epi32(sum[e], products(v[e]));
		}
	}
#pragma GCC unroll 7
	for (size_t e = 0; e < CPU_PRODUCTS; e++)
		less[e * less_step] = total(sum[e]);
}

void octet_cpu_quarters_avx2(int16_t *to, size_t step, const uint8_t *top,
			     const uint8_t *bottom, size_t n, bool is_signed,
			     int32_t zero, int32_t *less, size_t less_step)
{
	if (is_signed)
		quarters(to, step, top, bottom, n, true, zero, less, less_step);
	else
		quarters(to, step, top, bottom, n, false, zero, less, less_step);
}
