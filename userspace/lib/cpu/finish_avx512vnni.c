/* SPDX-License-Identifier: MIT */
/* Output stage of a tile, AVX-512: a panel's parameters serve all of its rows. */
#include "stage_avx512.h"

static inline __attribute__((always_inline)) void
panel(const struct cpu_tail *t, size_t channel, const int32_t *acc, size_t lda,
      size_t rows, size_t n, uint8_t *const *y, bool fp32)
{
	const struct cpu_stage *st = &t->stage;
	const __mmask16 m = (__mmask16)(n >= 16 ? 0xffff : (1u << n) - 1);
	const __m512 flo = _mm512_set1_ps((float)(st->lo - st->zero_point));
	const __m512 fhi = _mm512_set1_ps((float)(st->hi - st->zero_point));
	const __m512i zp = _mm512_set1_epi32(st->zero_point);
	const __m512i lo = _mm512_set1_epi32(st->lo);
	const __m512i hi = _mm512_set1_epi32(st->hi);
	const struct scale16 s = load16(t, channel, fp32);

	for (size_t i = 0; i < rows; i++, acc += lda) {
		__m512i v = scale16(&s, _mm512_loadu_si512(acc), fp32, flo, fhi);
		__m128i b;

		v = _mm512_add_epi32(v, zp);
		if (!fp32)
			v = _mm512_min_epi32(_mm512_max_epi32(v, lo), hi);
		b = _mm512_cvtepi32_epi8(v);
		if (m == 0xffff)
			_mm_storeu_si128((void *)(y[i] + channel), b);
		else
			_mm_mask_storeu_epi8(y[i] + channel, m, b);
	}
}

void octet_cpu_finish_avx512vnni(const struct cpu_tail *tail, size_t channel,
				 const int32_t *acc, size_t lda, size_t rows,
				 size_t n, uint8_t *const *y)
{
	const bool fp32 = tail->stage.stage == OCTET_STAGE_FP32_RNE;
	const size_t size = tail->stage.stage == OCTET_STAGE_RAW ? 4 : 1;

	if (!quick(tail)) {
		for (size_t i = 0; i < rows; i++)
			octet_cpu_requant_avx512vnni(&tail->stage, channel,
				acc + i * lda, n, y[i] + channel * size);
		return;
	}
	for (size_t c = 0; c < n; c += CPU_PANEL) {
		if (fp32)
			panel(tail, channel + c, acc + c, lda, rows, n - c, y,
			      true);
		else
			panel(tail, channel + c, acc + c, lda, rows, n - c, y,
			      false);
	}
}
