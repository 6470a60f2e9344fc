/* SPDX-License-Identifier: MIT */
/*
 * A third, naive arithmetic that judges both sides: the ecosystems' own
 * rounding formulas, as they write them, and nothing of Octet's. It is slow on
 * purpose and shares no code with the device or the fallback.
 */
#ifndef OCTET_TESTS_REFS_H
#define OCTET_TESTS_REFS_H

#include <stdint.h>

/** What an output stage looks like to its judge. FP32_RNE: @mult is the scale's bits. */
typedef int32_t (*stage_fn)(unsigned int stage, int32_t acc, int32_t bias, uint32_t mult,
			    uint32_t shift, int32_t zero_point, int32_t lo, int32_t hi);

/** gemmlowp's SaturatingRoundingDoublingHighMul of a wide @a, without its saturation */
int64_t ref_srdhm(int64_t a, int32_t b);

/** gemmlowp's RoundingDivideByPOT */
int64_t ref_rdbypot(int64_t x, int exponent);

/** The rescaled value of the code @stage, before the zero point. */
int64_t ref_rescale(unsigned int stage, int32_t v, uint32_t mult, uint32_t shift);

/** The whole output stage; of type stage_fn. */
int32_t ref_stage(unsigned int stage, int32_t acc, int32_t bias, uint32_t mult, uint32_t shift,
		  int32_t zero_point, int32_t lo, int32_t hi);

#endif /* OCTET_TESTS_REFS_H */
