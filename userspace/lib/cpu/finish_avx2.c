/* SPDX-License-Identifier: MIT */
/* Output stage of a tile, AVX2: 16 channels of two rows at a time. */
#include <string.h>

#include "stage_avx2.h"

/** struct panel - parameters of 16 channels */
struct panel {
	struct scale8 low, high;
};

static inline void put(uint8_t *y, __m128i v, size_t n)
{
	uint8_t out[16];

	if (n == 16) {
		_mm_storeu_si128((void *)y, v);
		return;
	}
	_mm_storeu_si128((void *)out, v);
	memcpy(y, out, n);
}

/* n <= 16 channels; fp32 is a constant where it is inlined */
static inline __attribute__((always_inline)) void
strip(const struct cpu_tail *t, size_t channel, const int32_t *acc, size_t lda,
      size_t rows, size_t n, uint8_t *const *y, bool fp32)
{
	const struct limits l = limits_of(&t->stage);
	const struct panel s = { scale_of(t, channel, fp32),
				 scale_of(t, channel + 8, fp32) };

	for (size_t i = 0; i < rows; i += 2, acc += 2 * lda) {
		const size_t next = i + 1 < rows ? 1 : 0;
		const int32_t *other = acc + next * lda;
		const __m256i out = narrow32(
			scale8(&s.low, load8(acc), fp32, &l),
			scale8(&s.high, load8(acc + 8), fp32, &l),
			scale8(&s.low, load8(other), fp32, &l),
			scale8(&s.high, load8(other + 8), fp32, &l), &l);

		put(y[i] + channel, _mm256_castsi256_si128(out), n);
		if (next)
			put(y[i + 1] + channel,
			    _mm256_extracti128_si256(out, 1), n);
	}
}

static inline __attribute__((always_inline)) void
strips(const struct cpu_tail *t, size_t channel, const int32_t *acc, size_t lda,
       size_t rows, size_t n, uint8_t *const *y, bool fp32)
{
	for (; n > 16; n -= 16, channel += 16, acc += 16)
		strip(t, channel, acc, lda, rows, 16, y, fp32);
	strip(t, channel, acc, lda, rows, n, y, fp32);
}

void octet_cpu_finish_avx2(const struct cpu_tail *tail, size_t channel,
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
			octet_cpu_requant_avx2(&tail->stage, channel,
				acc + i * lda, n, y[i] + channel * size);
}
