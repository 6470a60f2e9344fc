// SPDX-License-Identifier: MIT
/* Multiplier and shift of the output stage. */

#include <math.h>
#include <string.h>

#include "quant.h"

const char *octet_stage_name(enum octet_stage_code stage)
{
	static const char *const names[] = {
		"RAW", "FIX_DBL", "FIX_DBL_UP", "FIX_UP", "FIX_AWAY", "FP32_RNE",
	};

	return (unsigned int)stage < sizeof(names) / sizeof(names[0]) ? names[stage] : "?";
}

static int requant_fp32(double factor, uint32_t *mult, uint32_t *shift)
{
	float scale = (float)factor;
	uint32_t bits;

	if (!(scale > 0))
		return -ERANGE;
	memcpy(&bits, &scale, sizeof(bits));
	/* Positive floats are ordered as their bits. */
	if (bits < OCTET_FP32_SCALE_MIN || bits >= OCTET_FP32_SCALE_END)
		return -ERANGE;
	*mult = bits;
	*shift = 0;
	return 0;
}

/* TFLite's QuantizeMultiplier(); its left shift is 31 - shift here. */
static int requant_fix(double factor, uint32_t *mult, uint32_t *shift)
{
	int exponent;
	int64_t m;

	if (!(factor > 0) || !isfinite(factor))
		return -ERANGE;
	m = (int64_t)round(frexp(factor, &exponent) * 0x1p31);
	if (m == (int64_t)1 << 31) {
		m /= 2;
		exponent++;
	}
	if (31 - exponent < OCTET_SHIFT_MIN || 31 - exponent > OCTET_SHIFT_MAX)
		return -ERANGE;
	*mult = (uint32_t)m;
	*shift = (uint32_t)(31 - exponent);
	return 0;
}

int octet_requant(enum octet_stage_code stage, double factor, uint32_t *mult, uint32_t *shift)
{
	if (!mult || !shift)
		return -EINVAL;
	switch (stage) {
	case OCTET_RAW:
		*mult = 0;
		*shift = 0;
		return 0;
	case OCTET_FIX_DBL:
	case OCTET_FIX_DBL_UP:
	case OCTET_FIX_UP:
	case OCTET_FIX_AWAY:
		return requant_fix(factor, mult, shift);
	case OCTET_FP32_RNE:
		return requant_fp32(factor, mult, shift);
	}
	return -EINVAL;
}
