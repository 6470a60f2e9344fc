/* SPDX-License-Identifier: MIT */
/*
 * Output stage: the six codes as their ecosystems write them. The device
 * computes each in one step (multiply, add, shift); here they are transcribed
 * from their sources instead, so that equality means something.
 *
 * shift counts from the 64-bit product: an ecosystem's exponent e (left shifts
 * positive) is shift = 31 - e. For shift < 31 the sources shift the
 * accumulator left by e before they multiply, which overflows 32 bits there;
 * here the shifted value is kept exact. That equals the one-step form for
 * every mult 0 .. 2^31 - 1, shift 1 .. 62 and 32-bit accumulator.
 */
#include <fenv.h>
#include <math.h>
#include <string.h>

#include "cpu.h"

__extension__ typedef __int128 wide;

/*
 * gemmlowp, fixedpoint.h, SaturatingRoundingDoublingHighMul: high half of
 * 2 a b, rounded to nearest. It saturates for a = b = INT32_MIN only; b is not
 * negative here.
 */
static int64_t srdhm(wide a, int64_t b)
{
	const wide ab = a * b;
	const int64_t nudge = ab >= 0 ? INT64_C(1) << 30 :
					1 - (INT64_C(1) << 30);

	return (int64_t)((ab + nudge) / (INT64_C(1) << 31));
}

/*
 * srdhm() of v shifted left by what shift lacks of 31. Wide only where it has
 * to be: the compiler's 128 bits are slow.
 */
static int64_t high_mul(int32_t v, uint32_t mult, uint32_t shift)
{
	const int64_t ab = (int64_t)v * mult;
	const int64_t nudge = ab >= 0 ? INT64_C(1) << 30 :
					1 - (INT64_C(1) << 30);

	if (shift < 31)
		return srdhm((wide)v * ((wide)1 << (31 - shift)), mult);
	return (ab + nudge) / (INT64_C(1) << 31);
}

/* gemmlowp, fixedpoint.h, RoundingDivideByPOT: ties away from zero */
static int64_t rounding_divide_by_pot(int64_t x, unsigned int exponent)
{
	const int64_t mask = (INT64_C(1) << exponent) - 1;
	const int64_t remainder = x & mask;
	const int64_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);

	return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

/* x / 2^exponent rounded to nearest, ties towards plus infinity */
static int64_t divide_half_up(int64_t x, unsigned int exponent)
{
	if (!exponent)
		return x;
	return ((x >> (exponent - 1)) + 1) >> 1;
}

/* TFLite, MultiplyByQuantizedMultiplier, double rounding */
static int64_t fix_dbl(int32_t v, uint32_t mult, uint32_t shift)
{
	const unsigned int right = shift > 31 ? shift - 31 : 0;

	return rounding_divide_by_pot(high_mul(v, mult, shift), right);
}

/* TFLite optimized kernels on x86: as above, the right shift rounds half up */
static int64_t fix_dbl_up(int32_t v, uint32_t mult, uint32_t shift)
{
	const unsigned int right = shift > 31 ? shift - 31 : 0;

	return divide_half_up(high_mul(v, mult, shift), right);
}

/* ruy, TFLite single rounding: one rounding of the product, half up */
static int64_t fix_up(int32_t v, uint32_t mult, uint32_t shift)
{
	return divide_half_up((int64_t)v * mult, shift);
}

/* QNNPACK: magnitude rounded half up, then the sign */
static int64_t fix_away(int32_t v, uint32_t mult, uint32_t shift)
{
	const int64_t product = (int64_t)v * mult;
	const uint64_t magnitude = product < 0 ? -(uint64_t)product :
						 (uint64_t)product;
	const uint64_t half = shift ? UINT64_C(1) << (shift - 1) : 0;
	const uint64_t y = (magnitude + half) >> shift;

	return product < 0 ? -(int64_t)y : (int64_t)y;
}

/* Rounds a magnitude to 24 significant bits, half to even. */
static uint64_t round24(uint64_t x, int *exponent)
{
	uint64_t rest, half;
	int drop = 0;

	while (x >> drop >= UINT64_C(1) << 24)
		drop++;
	if (!drop)
		return x;
	half = UINT64_C(1) << (drop - 1);
	rest = x & ((half << 1) - 1);
	x >>= drop;
	if (rest > half || (rest == half && (x & 1)))
		x++;
	*exponent += drop;
	return x;
}

/* The float formula below in integers, for other rounding modes. */
static int64_t fp32_rne_integer(int32_t v, uint32_t mult)
{
	uint64_t x = v < 0 ? -(uint64_t)v : (uint64_t)v;
	int exponent = (int)(mult >> 23) - 150;
	uint64_t half, rest;
	unsigned int drop;

	x = round24(x, &exponent);
	x = round24(x * ((mult & 0x7fffff) | 0x800000), &exponent);
	if (exponent >= 0) {
		x <<= exponent;
	} else {
		drop = (unsigned int)-exponent;
		if (drop > 62)
			return 0;
		half = UINT64_C(1) << (drop - 1);
		rest = x & ((half << 1) - 1);
		x >>= drop;
		if (rest > half || (rest == half && (x & 1)))
			x++;
	}
	return v < 0 ? -(int64_t)x : (int64_t)x;
}

/* XNNPACK, MLAS: lrintf((float)acc * scale), round to nearest even */
static int64_t fp32_rne(int32_t v, uint32_t mult)
{
	float scale;

	if (fegetround() != FE_TONEAREST)
		return fp32_rne_integer(v, mult);
	memcpy(&scale, &mult, sizeof(scale));
	return llrintf((float)v * scale);
}

static int64_t scaled(unsigned int stage, int32_t v, uint32_t mult,
		      uint32_t shift)
{
	switch (stage) {
	case OCTET_STAGE_FIX_DBL:
		return fix_dbl(v, mult, shift);
	case OCTET_STAGE_FIX_DBL_UP:
		return fix_dbl_up(v, mult, shift);
	case OCTET_STAGE_FIX_UP:
		return fix_up(v, mult, shift);
	case OCTET_STAGE_FIX_AWAY:
		return fix_away(v, mult, shift);
	case OCTET_STAGE_FP32_RNE:
		return fp32_rne(v, mult);
	}
	return v;
}

static int32_t clamp(int64_t y, int32_t lo, int32_t hi)
{
	return (int32_t)(y < lo ? lo : y > hi ? hi : y);
}

int32_t octet_cpu_stage_one(unsigned int stage, int32_t acc, int32_t bias,
			    uint32_t mult, uint32_t shift, int32_t zero_point,
			    int32_t lo, int32_t hi)
{
	const int32_t v = (int32_t)((uint32_t)acc + (uint32_t)bias);

	return clamp(scaled(stage, v, mult, shift) + zero_point, lo, hi);
}

int32_t octet_cpu_rescale(unsigned int stage, int32_t v, uint32_t mult,
			  uint32_t shift)
{
	return (int32_t)(uint32_t)scaled(stage, v, mult, shift);
}

int32_t octet_cpu_stage_wide(int64_t acc, int64_t bias, uint32_t mult,
			     uint32_t shift, int32_t lo, int32_t hi)
{
	/* 48 bits, kept at the top of 64 */
	const uint64_t v = ((uint64_t)acc + (uint64_t)bias) << 16;

	return clamp(divide_half_up(((int64_t)v >> 16) * mult, shift), lo, hi);
}
