/* SPDX-License-Identifier: MIT */
/*
 * Output stage of a tile, AVX-512: up to four panels at a time, whose parameters
 * serve all of its rows.
 */
#include "stage_avx512.h"

/* n <= 16 * panels channels; panels and fp32 are constants where it is inlined */
static inline __attribute__((always_inline)) void
strip(const struct cpu_tail *t, size_t channel, const int32_t *acc, size_t lda,
      size_t rows, size_t n, uint8_t *const *y, size_t panels, bool fp32)
{
	const __mmask64 m = ~(__mmask64)0 >> (64 - n);
	const struct limits l = limits_of(&t->stage);
	struct scale16 s[4];

#pragma GCC unroll 4
	for (size_t p = 0; p < panels; p++)
		s[p] = load16(t, channel + 16 * p, fp32);
	for (size_t i = 0; i < rows; i++, acc += lda) {
		__m512i v[4];

#pragma GCC unroll 4
		for (size_t p = 0; p < 4; p++)
			v[p] = p < panels ?
			       scale16(&s[p], _mm512_loadu_si512(acc + 16 * p),
				       fp32, &l) : _mm512_setzero_si512();
		store64(y[i] + channel, panels, m,
			narrow64(v[0], v[1], v[2], v[3], &l));
	}
}

static inline __attribute__((always_inline)) void
strips(const struct cpu_tail *t, size_t channel, const int32_t *acc, size_t lda,
       size_t rows, size_t n, uint8_t *const *y, bool fp32)
{
	for (; n > 64; n -= 64, channel += 64, acc += 64)
		strip(t, channel, acc, lda, rows, 64, y, 4, fp32);
	if (n > 48)
		strip(t, channel, acc, lda, rows, n, y, 4, fp32);
	else if (n > 32)
		strip(t, channel, acc, lda, rows, n, y, 3, fp32);
	else if (n > 16)
		strip(t, channel, acc, lda, rows, n, y, 2, fp32);
	else
		strip(t, channel, acc, lda, rows, n, y, 1, fp32);
}

void octet_cpu_finish_avx512vnni(const struct cpu_tail *tail, size_t channel,
				 const int32_t *acc, size_t lda, size_t rows,
				 size_t n, uint8_t *const *y)
{
	const bool fp32 = tail->stage.stage == OCTET_STAGE_FP32_RNE;
	const size_t size = tail->stage.stage == OCTET_STAGE_RAW ? 4 : 1;

	if (quick(tail) && fp32)
		strips(tail, channel, acc, lda, rows, n, y, true);
	else if (quick(tail))
		strips(tail, channel, acc, lda, rows, n, y, false);
	else
		for (size_t i = 0; i < rows; i++)
			octet_cpu_requant_avx512vnni(&tail->stage, channel,
				acc + i * lda, n, y[i] + channel * size);
}
