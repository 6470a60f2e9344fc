/* SPDX-License-Identifier: MIT */
/*
 * Tile of a product of bytes, AVX-512 VNNI: up to 8 x 48 sums in 24 registers, which
 * go through the usual output stages there. VPDPBUSD adds four products of unsigned
 * inputs and signed weights.
 */
#include <string.h>

#include "stage_avx512.h"

#define MOST_ROWS 8
#define MOST_PANELS 8

static inline __m512i broadcast(const uint8_t *p)
{
	int32_t four;

	memcpy(&four, p, sizeof(four));
	return _mm512_set1_epi32(four);
}

/* rows, panels and flips are constants where this is inlined */
static inline __attribute__((always_inline)) void
multiply(const struct cpu_tile *t, __m512i sum[][MOST_PANELS],
	 const size_t rows, const size_t panels, const bool flips)
{
	const __m512i flip = _mm512_set1_epi32((int32_t)t->flip);
	const size_t ldw = t->ldw;
	const int8_t *w = t->w;

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
				__m512i a = broadcast(x[i] + k);

				if (flips)
					a = _mm512_xor_si512(a, flip);
#pragma GCC unroll 8
				for (size_t p = 0; p < panels; p++)
					sum[i][p] = _mm512_dpbusd_epi32(
						sum[i][p], a, b[p]);
			}
		}
	}
}

/* Up to four panels; rows, panels and fp32 are constants where this is inlined */
static inline __attribute__((always_inline)) void
finish(const struct cpu_tile *t, __m512i sum[][MOST_PANELS], const size_t rows,
       const size_t panels, const bool fp32)
{
	const struct limits l = limits_of(&t->tail->stage);
	const __mmask64 m = ~(__mmask64)0 >> (64 - t->channels);
	struct scale16 s[4];

#pragma GCC unroll 4
	for (size_t p = 0; p < panels; p++)
		s[p] = load16(t->tail, t->channel + CPU_PANEL * p, fp32);
#pragma GCC unroll 8
	for (size_t i = 0; i < rows; i++) {
		__m512i v[4];

#pragma GCC unroll 4
		for (size_t p = 0; p < 4; p++)
			v[p] = p < panels ? scale16(&s[p], sum[i][p], fp32, &l) :
			       _mm512_setzero_si512();
		store64(t->y[i] + t->channel, panels, m,
			narrow64(v[0], v[1], v[2], v[3], &l));
	}
}

/* rows and panels are constants where this is inlined */
static inline __attribute__((always_inline)) bool
tile(const struct cpu_tile *t, const size_t rows, const size_t panels)
{
	__m512i sum[MOST_ROWS][MOST_PANELS];

#pragma GCC unroll 8
	for (size_t p = 0; p < panels; p++)
#pragma GCC unroll 8
		for (size_t i = 0; i < rows; i++)
			sum[i][p] = _mm512_loadu_si512(t->start +
						       p * CPU_PANEL);
	if (t->flip)
		multiply(t, sum, rows, panels, true);
	else
		multiply(t, sum, rows, panels, false);
	if (panels <= 4 && t->tail && quick(t->tail)) {
		if (t->tail->stage.stage == OCTET_STAGE_FP32_RNE)
			finish(t, sum, rows, panels, true);
		else
			finish(t, sum, rows, panels, false);
		return true;
	}
#pragma GCC unroll 8
	for (size_t i = 0; i < rows; i++)
#pragma GCC unroll 8
		for (size_t p = 0; p < panels; p++)
			_mm512_storeu_si512(t->acc + (i * panels + p) *
					    CPU_PANEL, sum[i][p]);
	return false;
}

#define TILE(r, p)						\
	static bool tile_##r##x##p(const struct cpu_tile *t)	\
	{							\
		return tile(t, r, p);				\
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

static bool run(const struct cpu_tile *t)
{
#define AT(r, p) [r][p] = tile_##r##x##p,
	static bool (*const kernels[MOST_ROWS + 1][MOST_PANELS + 1])
		(const struct cpu_tile *) = { TILES(AT) };

	return kernels[t->rows][t->panels](t);
}

/* Intel's processors have no further unit of 512 bits than those that multiply. */
static bool flips(void)
{
	return !__builtin_cpu_is("intel");
}

const struct cpu_bytes octet_cpu_bytes_avx512vnni = {
	.most = { 0, 8, 6, 4, 4, 4, 4, 3, 3 },
	.flips = flips,
	.take = octet_cpu_take_avx512vnni,
	.tile = run,
	.finish = octet_cpu_finish_avx512vnni,
	.depthwise = octet_cpu_dw_avx512vnni,
	.add = octet_cpu_add_avx512vnni,
};
