// SPDX-License-Identifier: MIT
/* 256-entry tables of pointwise operators. */

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "curve.h"
#include "fixed.h"
#include "tables.h"

/* Both sides, and what the codes can be. */
struct unary {
	const union octet_graph_options *opt;
	float in_scale, out_scale;
	int32_t in_zp, out_zp;
	int32_t in_min, out_min, out_max;
	uint8_t *table;
};

/* The entry of code @x: @y clamped to the type. */
static void put(const struct unary *u, int32_t x, int64_t y)
{
	if (y < u->out_min)
		y = u->out_min;
	if (y > u->out_max)
		y = u->out_max;
	u->table[(uint8_t)x] = (uint8_t)y;
}

static int64_t steps(float v)
{
	if (!(v > -0x1p31f))
		return INT32_MIN;
	return v < 0x1p31f ? (int64_t)v : INT32_MAX;
}

/* LUTPopulateInt8(): float32 all the way. */
static void from_curve(const struct unary *u, const struct octet_curve *c)
{
	float inverse = 1 / u->out_scale;

	for (int32_t x = u->in_min; x < u->in_min + 256; x++) {
		float real = u->in_scale * (float)(x - u->in_zp);
		float scaled = c->f(c, real) * inverse;
		float rounded = roundf(scaled) + (float)u->out_zp;

		put(u, x, steps(rounded));
	}
}

/* What has no kernel in TFLite: the real value in double, rounded once. */
static void from_real(const struct unary *u, double (*f)(double))
{
	for (int32_t x = u->in_min; x < u->in_min + 256; x++) {
		double real = (double)u->in_scale * (x - u->in_zp);
		double y = round(f(real) / (double)u->out_scale) + u->out_zp;

		put(u, x, (int64_t)fmin(fmax(y, INT32_MIN), INT32_MAX));
	}
}

static double negate(double x)
{
	return -x;
}

static double square(double x)
{
	return x * x;
}

/* Codes of 8 bits fit 32 with so many more; beyond, TFLite's shift overflows. */
#define LEFT_MAX 22

/* Requantize(): the two scales in double. */
static int requantize(const struct unary *u, double factor, int32_t low, int32_t high)
{
	int32_t mult;
	int shift;

	octet_fx_multiplier(factor, &mult, &shift);
	if (shift > LEFT_MAX)
		return -EINVAL;
	for (int32_t x = u->in_min; x < u->in_min + 256; x++) {
		int64_t y = (int64_t)octet_fx_scale(x - u->in_zp, mult, shift) + u->out_zp;

		y = y < low ? low : y;
		put(u, x, y > high ? high : y);
	}
	return 0;
}

static int relu(const struct unary *u, float low, float high)
{
	int64_t min = u->out_zp + steps(roundf(low / u->out_scale)), max = u->out_max;

	if (isfinite(high))
		max = u->out_zp + steps(roundf(high / u->out_scale));
	min = min > u->out_min ? min : u->out_min;
	max = max < u->out_max ? max : u->out_max;
	return requantize(u, (double)(u->in_scale / u->out_scale), (int32_t)min, (int32_t)max);
}

/* Two slopes: of codes from the zero point on, and below. */
static int two_slopes(const struct unary *u, double above, int32_t factor_below, double below)
{
	int32_t mult[2];
	int shift[2];

	octet_fx_multiplier(above, &mult[0], &shift[0]);
	octet_fx_multiplier(below, &mult[1], &shift[1]);
	if (shift[0] > LEFT_MAX || shift[1] > (factor_below == 1 ? LEFT_MAX : LEFT_MAX - 8))
		return -EINVAL;
	for (int32_t x = u->in_min; x < u->in_min + 256; x++) {
		int32_t v = x - u->in_zp;
		int side = v < 0;

		if (side)
			v *= factor_below;
		put(u, x, (int64_t)octet_fx_scale(v, mult[side], shift[side]) + u->out_zp);
	}
	return 0;
}

static int leaky_relu(const struct unary *u)
{
	float scaled = u->in_scale * u->opt->leaky.alpha;

	return two_slopes(u, (double)(u->in_scale / u->out_scale), 1,
			  (double)(scaled / u->out_scale));
}

static int absolute(const struct unary *u)
{
	int32_t mult = 1 << 30;
	int shift = 1;

	if (u->in_scale != u->out_scale)
		octet_fx_multiplier((double)(u->in_scale / u->out_scale), &mult, &shift);
	if (shift > LEFT_MAX)
		return -EINVAL;
	for (int32_t x = u->in_min; x < u->in_min + 256; x++)
		put(u, x, (int64_t)octet_fx_scale(abs(x - u->in_zp), mult, shift) + u->out_zp);
	return 0;
}

static int rsqrt8(const struct unary *u)
{
	double factor = 1. / (double)(sqrtf(u->in_scale) * u->out_scale);
	int32_t mult;
	int shift;

	if (!isfinite(factor))
		return -EINVAL;
	octet_fx_multiplier(factor, &mult, &shift);
	/* The root has 20 bits behind the point. */
	if (shift > 30 || shift < -11)
		return -EINVAL;
	for (int32_t x = u->in_min; x < u->in_min + 256; x++) {
		int32_t root, v;
		int root_shift;

		if (x <= u->in_zp) {
			put(u, x, u->out_max);
			continue;
		}
		octet_fx_inv_sqrt(x - u->in_zp, &root, &root_shift);
		/* 20 bits behind the point in between. */
		v = octet_fx_scale(1, root, root_shift + 20);
		put(u, x, (int64_t)octet_fx_scale(v, mult, shift - 20) + u->out_zp);
	}
	return 0;
}

/* LiteRT's SQRT truncates. */
static void root(const struct unary *u)
{
	for (int32_t x = u->in_min; x < u->in_min + 256; x++) {
		float real = u->in_scale * (float)(x - u->in_zp);
		float y = real > 0 ? sqrtf(real) / u->out_scale : 0;

		put(u, x, steps(y) + u->out_zp);
	}
}

/* A saturating 16-bit shift to the left. */
static int32_t shift16(int32_t v, int amount)
{
	int64_t y = amount < 31 ? (int64_t)v * ((int64_t)1 << amount) : v * ((int64_t)1 << 31);

	if (y > INT16_MAX)
		return INT16_MAX;
	return y < INT16_MIN ? INT16_MIN : (int32_t)y;
}

static int32_t narrow(int32_t mult)
{
	return mult >= INT32_MAX - (1 << 15) ? INT16_MAX : (mult + (1 << 15)) >> 16;
}

/* RoundingDivideByPOT() of an int16: by 2^16 and more it knows the sign alone. */
static int32_t divide16(int32_t v, int exponent)
{
	if (exponent > 15)
		return v < 0 ? -1 : 1;
	return octet_fx_div_pot(v, exponent);
}

static int32_t hard_swish_one(int32_t v, int32_t out_mult, int out_shift, int32_t relu_mult,
			      int relu_shift)
{
	int32_t fine = (int16_t)(v * 128), result;
	int32_t scaled = octet_fx_mul(16, fine, out_mult), relu = fine;

	/* x + 3 over 6 as Q of 0, saturating on both sides. */
	if (relu_shift > 0)
		relu = shift16(relu, relu_shift - 1);
	relu = octet_fx_mul(16, relu, relu_mult);
	if (relu_shift > 0)
		relu = shift16(relu, 1);
	if (relu_shift < 0)
		relu = divide16(relu, -relu_shift);
	relu = (relu + (1 << 15)) >> 1;
	/* This product truncates; -2^15 squared cannot happen, relu is not negative. */
	result = (int16_t)(relu * scaled / (1 << 15));
	return (int16_t)divide16(result, -out_shift);
}

static int hard_swish(const struct unary *u)
{
	float fine = (1.0f / 128.0f) * u->in_scale, relu_scale = 3.0f / 32768.0f;
	int32_t out_mult, relu_mult;
	int out_shift, relu_shift;

	octet_fx_multiplier((double)(fine / u->out_scale), &out_mult, &out_shift);
	octet_fx_multiplier((double)(fine / relu_scale), &relu_mult, &relu_shift);
	if (out_shift > 0)
		return -EINVAL;
	for (int32_t x = u->in_min; x < u->in_min + 256; x++)
		put(u, x, hard_swish_one(x - u->in_zp, narrow(out_mult), out_shift,
					 narrow(relu_mult), relu_shift) + u->out_zp);
	return 0;
}

static int fill_curve(uint32_t code, const struct unary *u)
{
	struct octet_curve c = {
		.low = (float)(u->out_min - u->out_zp) * u->out_scale,
		.high = (float)(u->out_max - u->out_zp) * u->out_scale,
	};

	if (!octet_curve_find(code, u->opt, &c))
		return -ENOTSUP;
	if (code == OCTET_G_LOGISTIC && u->out_scale != 1.0f / 256)
		return -EINVAL;
	from_curve(u, &c);
	return 0;
}

static int fill(uint32_t code, const struct unary *u)
{
	switch (code) {
	case OCTET_G_RELU:
		return relu(u, 0, INFINITY);
	case OCTET_G_RELU6:
		return relu(u, 0, 6);
	case OCTET_G_RELU_N1_TO_1:
		return relu(u, -1, 1);
	case OCTET_G_RELU_0_TO_1:
		return relu(u, 0, 1);
	case OCTET_G_LEAKY_RELU:
		if (!u->opt || !isfinite(u->opt->leaky.alpha))
			return -EINVAL;
		return leaky_relu(u);
	case OCTET_G_HARD_SWISH:
		return hard_swish(u);
	case OCTET_G_ABS:
		return absolute(u);
	case OCTET_G_RSQRT:
		return rsqrt8(u);
	case OCTET_G_SQRT:
		root(u);
		return 0;
	case OCTET_G_NEG:
		from_real(u, negate);
		return 0;
	case OCTET_G_SQUARE:
		from_real(u, square);
		return 0;
	case OCTET_G_SIN:
		from_real(u, sin);
		return 0;
	case OCTET_G_QUANTIZE:
		return requantize(u, (double)u->in_scale / (double)u->out_scale, u->out_min,
				  u->out_max);
	default:
		return fill_curve(code, u);
	}
}

static int side(enum octet_dtype type, float scale, int32_t zp, int32_t *min)
{
	if (type != OCTET_INT8 && type != OCTET_UINT8)
		return -ENOTSUP;
	*min = type == OCTET_INT8 ? -128 : 0;
	if (!(scale > 0) || !isfinite(scale) || zp < *min || zp > *min + 255)
		return -EINVAL;
	return 0;
}

int octet_table_unary(uint32_t code, const union octet_graph_options *opt,
		      enum octet_dtype in_type, float in_scale, int32_t in_zp,
		      enum octet_dtype out_type, float out_scale, int32_t out_zp,
		      uint8_t table[256])
{
	struct unary u = {
		.opt = opt, .in_scale = in_scale, .out_scale = out_scale,
		.in_zp = in_zp, .out_zp = out_zp, .table = table,
	};
	int ret = side(in_type, in_scale, in_zp, &u.in_min);

	if (!ret)
		ret = side(out_type, out_scale, out_zp, &u.out_min);
	if (ret)
		return ret;
	u.out_max = u.out_min + 255;
	if (in_type != out_type && code != OCTET_G_QUANTIZE)
		return -ENOTSUP;
	return fill(code, &u);
}

int octet_table_prelu(const struct octet_table_quant *in, const struct octet_table_quant *alpha,
		      int32_t alpha_code, const struct octet_table_quant *out,
		      uint8_t table[256])
{
	struct unary u = {
		.in_scale = in->scale, .out_scale = out->scale,
		.in_zp = in->zero_point, .out_zp = out->zero_point, .table = table,
	};
	float product = in->scale * alpha->scale;
	int32_t alpha_min;
	int ret = side(in->type, in->scale, in->zero_point, &u.in_min);

	if (!ret)
		ret = side(out->type, out->scale, out->zero_point, &u.out_min);
	if (!ret)
		ret = side(alpha->type, alpha->scale, alpha->zero_point, &alpha_min);
	if (ret)
		return ret;
	if (in->type != out->type || in->type != alpha->type)
		return -ENOTSUP;
	u.out_max = u.out_min + 255;
	return two_slopes(&u, (double)(in->scale / out->scale), alpha_code - alpha->zero_point,
			  (double)(product / out->scale));
}
