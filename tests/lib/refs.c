// SPDX-License-Identifier: MIT
#include <math.h>
#include <string.h>

#include <drm/octet_isa.h>

#include "refs.h"

__extension__ typedef __int128 wide;

/* fixedpoint.h: (ab + nudge) / 2^31, where C's division rounds toward zero */
int64_t ref_srdhm(int64_t a, int32_t b)
{
	wide ab = (wide)a * b;
	wide nudge = ab >= 0 ? 1 << 30 : 1 - (1 << 30);

	return (int64_t)((ab + nudge) / ((wide)1 << 31));
}

/* fixedpoint.h */
int64_t ref_rdbypot(int64_t x, int exponent)
{
	int64_t mask = (1ll << exponent) - 1;
	int64_t remainder = x & mask;
	int64_t threshold = (mask >> 1) + (x < 0 ? 1 : 0);

	return (x >> exponent) + (remainder > threshold ? 1 : 0);
}

/* TFLite reference, MultiplyByQuantizedMultiplier; its shift is 31 - ours */
static int64_t multiply_double(int32_t x, int32_t m, int shift)
{
	int left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;

	return ref_rdbypot(ref_srdhm((int64_t)x * (1ll << left), m), right);
}

/* the optimized kernels on x86: the same, but the right shift rounds half up */
static int64_t multiply_double_up(int32_t x, int32_t m, int shift)
{
	int left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
	int64_t high = ref_srdhm((int64_t)x * (1ll << left), m);

	return right ? (high + (1ll << (right - 1))) >> right : high;
}

static wide floor_div(wide a, wide b)
{
	return a / b - (a % b < 0);
}

/* half up: floor(x m / 2^t + 1/2) */
static int64_t multiply_single(int32_t x, int32_t m, int t)
{
	return (int64_t)floor_div(2 * (wide)x * m + ((wide)1 << t), (wide)2 << t);
}

/* QNNPACK: the magnitude half up, then the sign */
static int64_t multiply_away(int32_t x, int32_t m, int t)
{
	wide magnitude = (wide)(x < 0 ? -(int64_t)x : x) * m;

	magnitude = (magnitude + ((wide)1 << (t - 1))) >> t;
	return (int64_t)(x < 0 ? -magnitude : magnitude);
}

/* XNNPACK's and ONNX Runtime's float32 product; compiled without contraction */
static int64_t multiply_float(int32_t x, uint32_t bits)
{
	volatile float v = (float)x, scale;
	float copy;

	memcpy(&copy, &bits, sizeof(copy));
	scale = copy;
	v = v * scale;
	return llrintf(v);
}

int64_t ref_rescale(unsigned int stage, int32_t v, uint32_t mult, uint32_t shift)
{
	switch (stage) {
	case OCTET_STAGE_FIX_DBL:
		return multiply_double(v, (int32_t)mult, 31 - (int)shift);
	case OCTET_STAGE_FIX_DBL_UP:
		return multiply_double_up(v, (int32_t)mult, 31 - (int)shift);
	case OCTET_STAGE_FIX_UP:
		return multiply_single(v, (int32_t)mult, (int)shift);
	case OCTET_STAGE_FIX_AWAY:
		return multiply_away(v, (int32_t)mult, (int)shift);
	case OCTET_STAGE_FP32_RNE:
		return multiply_float(v, mult);
	}
	return v;
}

int32_t ref_stage(unsigned int stage, int32_t acc, int32_t bias, uint32_t mult, uint32_t shift,
		  int32_t zero_point, int32_t lo, int32_t hi)
{
	uint32_t sum = (uint32_t)acc + (uint32_t)bias;
	wide y = ref_rescale(stage, (int32_t)sum, mult, shift);

	y += zero_point;
	if (y < lo)
		return lo;
	return y > hi ? hi : (int32_t)y;
}
