/* SPDX-License-Identifier: MIT */
/* Sums of bytes, each addend rescaled, AVX2: 16 at a time. */
#include <string.h>

#include "stage_avx2.h"

static inline struct scale8 spread(const struct cpu_scale *s)
{
	return (struct scale8) {
		.mult = _mm256_set1_epi32(s->mult),
		.other = _mm256_set1_epi64x(s->mult),
		.half = _mm256_set1_epi32(s->half),
		.right = _mm256_set1_epi32(s->right),
		.ties = _mm256_set1_epi32(s->ties),
	};
}

/** struct side - an addend */
struct side {
	struct scale8 scale;
	__m256i zero;
	__m128i left;
	bool negative;
};

static inline struct side side_of(const struct cpu_sum *sum, int i)
{
	return (struct side) {
		.scale = spread(&sum->side[i]),
		.zero = _mm256_set1_epi32(sum->zero[i]),
		.left = _mm_cvtsi32_si128((int32_t)sum->left),
		.negative = sum->negative[i],
	};
}

static inline __attribute__((always_inline)) __m256i
addend(const struct side *s, __m128i b)
{
	const __m256i v = s->negative ? _mm256_cvtepi8_epi32(b) :
					_mm256_cvtepu8_epi32(b);

	return scale8(&s->scale, _mm256_sll_epi32(_mm256_sub_epi32(v, s->zero),
						  s->left), false, NULL);
}

/* Results of 8 of each. */
static inline __attribute__((always_inline)) __m256i
eight(const struct side *sides, const struct scale8 *out, __m128i a, __m128i b)
{
	return scale8(out, _mm256_add_epi32(addend(&sides[0], a),
					    addend(&sides[1], b)), false, NULL);
}

void octet_cpu_add_avx2(const struct cpu_sum *sum, const uint8_t *a,
			const uint8_t *b, size_t n, uint8_t *y)
{
	const struct side sides[2] = { side_of(sum, 0), side_of(sum, 1) };
	const struct scale8 out = spread(&sum->out);
	const struct limits l = limits_of(&(struct cpu_stage){
		.lo = sum->lo, .hi = sum->hi, .zero_point = sum->zero_point });
	uint8_t in[2][16] = { 0 }, rest[16];

	for (size_t i = 0; i < n; i += 16) {
		const size_t left = n - i;
		const uint8_t *p = a + i, *q = b + i;
		__m128i va, vb;
		__m256i v, w;

		if (left < 16) {
			p = memcpy(in[0], p, left);
			q = memcpy(in[1], q, left);
		}
		va = _mm_loadu_si128((const void *)p);
		vb = _mm_loadu_si128((const void *)q);
		v = eight(sides, &out, va, vb);
		w = eight(sides, &out, _mm_unpackhi_epi64(va, va),
			  _mm_unpackhi_epi64(vb, vb));
		v = narrow32(v, w, v, w, &l);
		if (left >= 16) {
			_mm_storeu_si128((void *)(y + i),
					 _mm256_castsi256_si128(v));
			continue;
		}
		_mm_storeu_si128((void *)rest, _mm256_castsi256_si128(v));
		memcpy(y + i, rest, left);
	}
}
