/* SPDX-License-Identifier: MIT */
/*
 * Tile of a product of bytes, AVX-512 VNNI: up to 8 x 48 sums in 24 registers.
 * VPDPBUSD adds four products of unsigned inputs and signed weights.
 */
#include <immintrin.h>
#include <string.h>

#include "bytes.h"

#define MOST_ROWS 8
#define MOST_PANELS 8

static inline __m512i broadcast(const uint8_t *p, __m512i flip)
{
	int32_t four;

	memcpy(&four, p, sizeof(four));
	return _mm512_xor_si512(_mm512_set1_epi32(four), flip);
}

/* rows and panels are constants where this is inlined */
static inline __attribute__((always_inline)) void
tile(const struct cpu_tile *t, const size_t rows, const size_t panels)
{
	const __m512i flip = _mm512_set1_epi32((int32_t)t->flip);
	const size_t ldw = t->ldw;
	const int8_t *w = t->w;
	__m512i sum[MOST_ROWS][MOST_PANELS];

#pragma GCC unroll 8
	for (size_t p = 0; p < panels; p++)
#pragma GCC unroll 8
		for (size_t i = 0; i < rows; i++)
			sum[i][p] = _mm512_loadu_si512(t->start +
						       p * CPU_PANEL);
	for (size_t n = 0; n < t->taps; n++) {
		const uint8_t *x[MOST_ROWS];

#pragma GCC unroll 8
		for (size_t i = 0; i < rows; i++)
			x[i] = t->x[n * t->step + i];
		for (size_t k = 0; k < 4 * t->lines; k += 4) {
			__m512i b[MOST_PANELS];

#pragma GCC unroll 8
			for (size_t p = 0; p < panels; p++)
				b[p] = _mm512_loadu_si512(w + p * ldw);
			w += CPU_LINE;
#pragma GCC unroll 8
			for (size_t i = 0; i < rows; i++) {
				const __m512i a = broadcast(x[i] + k, flip);

#pragma GCC unroll 8
				for (size_t p = 0; p < panels; p++)
					sum[i][p] = _mm512_dpbusd_epi32(
						sum[i][p], a, b[p]);
			}
		}
	}
#pragma GCC unroll 8
	for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 8
		for (size_t p = 0; p < panels; p++)
			_mm512_storeu_si512(t->acc + (i * panels + p) *
					    CPU_PANEL, sum[i][p]);
}

#define TILE(r, p)						\
	static void tile_##r##x##p(const struct cpu_tile *t)	\
	{							\
		tile(t, r, p);					\
	}
#define TILES(X)						\
	X(1, 1) X(1, 2) X(1, 3) X(1, 4) X(1, 5) X(1, 6) X(1, 7) X(1, 8) \
	X(2, 1) X(2, 2) X(2, 3) X(2, 4) X(2, 5) X(2, 6)		\
	X(3, 1) X(3, 2) X(3, 3) X(3, 4)				\
	X(4, 1) X(4, 2) X(4, 3) X(4, 4)				\
	X(5, 1) X(5, 2) X(5, 3) X(5, 4)				\
	X(6, 1) X(6, 2) X(6, 3) X(6, 4)				\
	X(7, 1) X(7, 2) X(7, 3)					\
	X(8, 1) X(8, 2) X(8, 3)
TILES(TILE)

static void run(const struct cpu_tile *t)
{
#define AT(r, p) [r][p] = tile_##r##x##p,
	static void (*const kernels[MOST_ROWS + 1][MOST_PANELS + 1])
		(const struct cpu_tile *) = { TILES(AT) };

	kernels[t->rows][t->panels](t);
}

const struct cpu_bytes octet_cpu_bytes_avx512vnni = {
	.most = { 0, 8, 6, 4, 4, 4, 4, 3, 3 },
	.tile = run,
	.finish = octet_cpu_finish_avx512vnni,
	.depthwise = octet_cpu_dw_avx512vnni,
	.add = octet_cpu_add_avx512vnni,
};
