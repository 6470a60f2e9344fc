/* SPDX-License-Identifier: MIT */
/*
 * Tile of a wide product, AVX2: 4 x 16 sums at a time in eight registers. Two additions of 16
 * bits and one VPMADDWD do for 32 products; there are fewer units that multiply than
 * units that add.
 */
#include <immintrin.h>

#include "bytes.h"

#define MOST_ROWS 4

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

/* Two inputs, at an address that is not kept in a register for each row. */
static inline __attribute__((always_inline)) __m256i
broadcast(const int16_t *p, size_t k)
{
	__m256i v;

	__asm__("vpbroadcastd (%1,%2,2), %0"
		: "=x" (v)
		: "r" (p), "r" (k), "m" (*(const int16_t (*)[])p));
	return v;
}

static inline __attribute__((always_inline)) __m256i
broadcast2(const int16_t *p, size_t k)
{
	__m256i v;

	__asm__("vpbroadcastd 4(%1,%2,2), %0"
		: "=x" (v)
		: "r" (p), "r" (k), "m" (*(const int16_t (*)[])p));
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
		const __m256i p = broadcast(x[i], k), q = broadcast2(x[i], k);

		ADD_PRODUCT(sum[i][0], p, q, a2, a0);
		ADD_PRODUCT(sum[i][1], p, q, b2, b0);
	}
}

/* What eight sums of a row start from. */
static inline __attribute__((always_inline)) __m256i
begin(const struct cpu_tile *t, size_t row, size_t c, bool from, bool start)
{
	const __m256i v = _mm256_loadu_si256((const void *)
		(from ? t->from + CPU_PANEL * row + c : t->start + c));

	if (!start)
		return v;
	return _mm256_sub_epi32(from ? _mm256_add_epi32(v,
					_mm256_loadu_si256((const void *)
							   (t->start + c))) : v,
				_mm256_set1_epi32(t->less[row]));
}

/* from and start are constants where this is inlined */
static inline __attribute__((always_inline)) void
begin_all(const struct cpu_tile *t, __m256i sum[][2], size_t first,
	  const size_t rows, bool from, bool start)
{
#pragma GCC unroll 4
	for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 2
		for (size_t j = 0; j < 2; j++)
			sum[i][j] = begin(t, first + i, 8 * j, from, start);
}

/* Rows from @first on; rows is a constant where this is inlined */
static inline __attribute__((always_inline)) void
tile(const struct cpu_tile *t, size_t first, const size_t rows)
{
	const __m256i *w = (const void *)t->w;
	const size_t ahead = t->taps * t->lines * 64 * (first / MOST_ROWS);
	const int8_t *next = t->next && ahead < t->next_bytes ? t->next + ahead :
								t->w;
	int32_t *acc = t->acc + CPU_PANEL * first;
	__m256i sum[MOST_ROWS][2];

	if (!t->from)
		begin_all(t, sum, first, rows, false, true);
	else if (t->less)
		begin_all(t, sum, first, rows, true, true);
	else
		begin_all(t, sum, first, rows, true, false);
	for (size_t n = 0; n < t->taps; n++) {
		const int16_t *x[MOST_ROWS];

#pragma GCC unroll 4
		for (size_t i = 0; i < rows; i++)
			x[i] = (const int16_t *)(const void *)
			       t->x[n * t->step + first + i] + t->skip;
		for (size_t k = 0; k < 4 * t->lines; k += 4, w += 4, next += 64) {
			__builtin_prefetch(next, 0, 2);
			step(sum, rows, x, k, w);
		}
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
	.quarters = octet_cpu_quarters_avx2,
	.tile = run,
	.finish = octet_cpu_finish_avx2,
	.depthwise = octet_cpu_dw_avx2,
	.add = octet_cpu_add_avx2,
};
