/* SPDX-License-Identifier: MIT */
/* Runs of bytes made unsigned, AVX-512: 64 at a time, tails masked. */
#include <immintrin.h>

#include "bytes.h"

static inline void one(uint8_t *to, const uint8_t *from, size_t n, __m512i flip)
{
	size_t i = 0;

	for (; i + 64 <= n; i += 64)
		_mm512_storeu_si512(to + i, _mm512_xor_si512(flip,
						_mm512_loadu_si512(from + i)));
	if (i < n) {
		const __mmask64 m = ((__mmask64)1 << (n - i)) - 1;

		_mm512_mask_storeu_epi8(to + i, m, _mm512_xor_si512(flip,
			_mm512_maskz_loadu_epi8(m, from + i)));
	}
}

void octet_cpu_take_avx512vnni(uint8_t *to, const uint8_t *from, size_t n,
			       size_t count, size_t step, uint8_t flip)
{
	const __m512i f = _mm512_set1_epi8((char)flip);

	if (step == n) {
		n *= count;
		count = 1;
	}
	for (; count--; to += n, from += step)
		one(to, from, n, f);
}
