/* SPDX-License-Identifier: MIT */
/*
 * Tile of a wide product, AVX2: 4 x 16 sums at a time in eight registers. Two additions of 16
 * bits and one VPMADDWD do for 32 products; there are fewer units that multiply than
 * units that add.
 */
#include <immintrin.h>

#include "bytes.h"

#define MOST_ROWS 4

/** struct pair - two inputs, wherever they lie */
struct pair {
	int32_t both;
} __attribute__((packed, may_alias));

/*
 * sum += (x + w2) (y + w0). In assembly, since a compiler that puts instructions in
 * an order of its own runs out of registers.
 */
#define ADD_PRODUCT(sum, x, y, w2, w0)					\
	do {								\
		__m256i s_, t_;						\
									\
		__asm__("vpaddw %3, %5, %1\n\t"				\
			"vpaddw %4, %6, %2\n\t"				\
			"vpmaddwd %1, %2, %1\n\t"			\
			"vpaddd %1, %0, %0"				\
			: "+x" (sum), "=&x" (s_), "=&x" (t_)		\
			: "x" (w2), "x" (w0), "x" (x), "x" (y));	\
	} while (0)

static inline __attribute__((always_inline)) __m256i broadcast(const int16_t *p)
{
	__m256i v;

	__asm__("vpbroadcastd %1, %0"
		: "=x" (v) : "m" (*(const struct pair *)(const void *)p));
	return v;
}

/* Four inputs of each row; the weights are those of 16 channels. */
static inline __attribute__((always_inline)) void
step(__m256i sum[][2], const size_t rows, const int16_t *const *x, size_t k,
     const __m256i *w)
{
	const __m256i a2 = _mm256_load_si256(w), a0 = _mm256_load_si256(w + 1);
	const __m256i b2 = _mm256_load_si256(w + 2), b0 = _mm256_load_si256(w + 3);

#pragma GCC unroll 4
	for (size_t i = 0; i < rows; i++) {
		const __m256i p = broadcast(x[i] + k), q = broadcast(x[i] + k + 2);

		ADD_PRODUCT(sum[i][0], p, q, a2, a0);
		ADD_PRODUCT(sum[i][1], p, q, b2, b0);
	}
}

/* Rows from @first on; rows is a constant where this is inlined */
static inline __attribute__((always_inline)) void
tile(const struct cpu_tile *t, size_t first, const size_t rows)
{
	const __m256i *w = (const void *)t->w;
	int32_t *acc = t->acc + CPU_PANEL * first;
	__m256i sum[MOST_ROWS][2];

#pragma GCC unroll 4
	for (size_t i = 0; i < rows; i++) {
#pragma GCC unroll 2
		for (size_t j = 0; j < 2; j++)
			sum[i][j] = t->less ?
				_mm256_sub_epi32(_mm256_loadu_si256(
					(const void *)(t->start + 8 * j)),
					_mm256_set1_epi32(t->less[first + i])) :
				_mm256_loadu_si256((const void *)
					(acc + CPU_PANEL * i + 8 * j));
	}
	for (size_t n = 0; n < t->taps; n++) {
		const int16_t *x[MOST_ROWS];

#pragma GCC unroll 4
		for (size_t i = 0; i < rows; i++)
			x[i] = (const int16_t *)(const void *)
			       t->x[n * t->step + first + i] + t->skip;
		for (size_t k = 0; k < 4 * t->lines; k += 4, w += 4)
			step(sum, rows, x, k, w);
	}
#pragma GCC unroll 4
	for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 2
		for (size_t j = 0; j < 2; j++)
			_mm256_storeu_si256((void *)(acc + CPU_PANEL * i + 8 * j),
					    sum[i][j]);
}

static bool run(const struct cpu_tile *t)
{
	const size_t rest = t->rows % MOST_ROWS, end = t->rows - rest;

	for (size_t i = 0; i < end; i += MOST_ROWS)
		tile(t, i, MOST_ROWS);
	if (rest == 3)
		tile(t, end, 3);
	else if (rest == 2)
		tile(t, end, 2);
	else if (rest == 1)
		tile(t, end, 1);
	return false;
}

const struct cpu_bytes octet_cpu_bytes_avx2 = {
	.any_sign = true,
	.widen = octet_cpu_rows_wide_avx2,
	.patch = octet_cpu_patch_avx2,
	.unpatch = octet_cpu_unpatch_avx2,
	.tile = run,
	.finish = octet_cpu_finish_avx2,
	.depthwise = octet_cpu_dw_avx2,
	.add = octet_cpu_add_avx2,
};
