// SPDX-License-Identifier: MIT
/* Multipliers, rounding and the functions made of them. */

#include <limits.h>
#include <math.h>
#include <stdbool.h>

#include "fixed.h"

void octet_fx_multiplier(double factor, int32_t *mult, int *shift)
{
	int exponent;
	int64_t m = (int64_t)round(frexp(factor, &exponent) * 0x1p31);

	if (m == (int64_t)1 << 31) {
		m /= 2;
		exponent++;
	}
	if (!m || exponent < -31) {
		m = 0;
		exponent = 0;
	}
	*mult = (int32_t)m;
	*shift = exponent;
}

static int32_t lowest(int bits)
{
	return bits == 16 ? INT16_MIN : INT32_MIN;
}

static int32_t highest(int bits)
{
	return bits == 16 ? INT16_MAX : INT32_MAX;
}

/* What is left when a value is stored with @bits bits. */
static int32_t wrap(int bits, int64_t v)
{
	return bits == 16 ? (int16_t)(uint16_t)v : (int32_t)(uint32_t)v;
}

int32_t octet_fx_mul(int bits, int32_t a, int32_t b)
{
	int64_t product = (int64_t)a * b, half = (int64_t)1 << (bits - 2);

	if (a == b && a == lowest(bits))
		return highest(bits);
	return wrap(bits, (product + (product >= 0 ? half : 1 - half)) / (2 * half));
}

int32_t octet_fx_div_pot(int32_t x, int exponent)
{
	int64_t unit = (int64_t)1 << exponent;
	int64_t rest = x & (unit - 1);

	return (x >> exponent) + (rest > ((unit - 1) >> 1) + (x < 0));
}

int32_t octet_fx_mul_pot(int bits, int32_t x, int exponent)
{
	int32_t limit;

	if (exponent <= 0)
		return octet_fx_div_pot(x, -exponent);
	limit = (1 << (bits - 1 - exponent)) - 1;
	if (x > limit)
		return highest(bits);
	if (x < -limit)
		return lowest(bits);
	return x * (1 << exponent);
}

int32_t octet_fx_scale(int32_t x, int32_t mult, int shift)
{
	int left = shift > 0 ? shift : 0, right = shift < 0 ? -shift : 0;
	/* TFLite leaves an overflow here undefined; machines wrap. */
	int32_t shifted = (int32_t)((uint32_t)x << left);

	return octet_fx_div_pot(octet_fx_mul(32, shifted, mult), right);
}

int32_t octet_fx_scale64(int64_t x, int32_t mult, int shift)
{
	int64_t m = mult < 0x7fff0000 ? (mult + (1 << 15)) >> 16 : 0x7fff;
	int total = 15 - shift;

	return (int32_t)(uint32_t)((x * m + ((int64_t)1 << (total - 1))) >> total);
}

/* A constant given with 32 bits. */
static int32_t constant(int bits, int32_t v)
{
	return octet_fx_div_pot(v, 32 - bits);
}

/* 1, of a Q of @integer. */
static int32_t one(int bits, int integer)
{
	return integer ? 1 << (bits - 1 - integer) : highest(bits);
}

/* exp() of Q of 0 in [-1/4, 0): its series around -1/8. */
static int32_t exp_quarter(int bits, int32_t a)
{
	int32_t centre = constant(bits, 1895147668), third = constant(bits, 715827883);
	int32_t x = wrap(bits, (int64_t)a + (1 << (bits - 4)));
	int32_t x2 = octet_fx_mul(bits, x, x);
	int32_t x3 = octet_fx_mul(bits, x2, x);
	int32_t x4 = octet_fx_mul(bits, x2, x2);
	int32_t tail = wrap(bits, (int64_t)octet_fx_div_pot(x4, 2) + x3);
	int64_t sum;

	tail = wrap(bits, (int64_t)octet_fx_mul(bits, tail, third) + x2);
	tail = wrap(bits, (int64_t)x + octet_fx_div_pot(tail, 1));
	sum = (int64_t)centre + octet_fx_mul(bits, centre, tail);
	/* 16 bits saturate, 32 bits wrap. */
	if (bits == 16 && sum > INT16_MAX)
		return INT16_MAX;
	return wrap(bits, sum);
}

int32_t octet_fx_exp(int bits, int32_t a, int integer)
{
	/* exp(-2^i), i from -2 */
	static const int32_t factors[] = {
		1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242,
	};
	int fraction = bits - 1 - integer;
	int32_t quarter = 1 << (fraction - 2);
	int32_t rest = (a & (quarter - 1)) - quarter, result;
	int32_t steps = wrap(bits, (int64_t)rest - a);

	if (!a)
		return highest(bits);
	if (integer > 5 && a < constant(bits, -(1 << (36 - integer))))
		return 0;
	result = exp_quarter(bits, octet_fx_mul_pot(bits, rest, integer));
	for (int i = -2; i <= 4 && i < integer; i++)
		if (steps & (1 << (fraction + i)))
			result = octet_fx_mul(bits, result, constant(bits, factors[i + 2]));
	return result;
}

/* 2 / (1 + a) as Q of 2, by Newton's method. */
static int32_t newton(int bits, int32_t a)
{
	int64_t sum = (int64_t)a + highest(bits);
	int32_t half = wrap(bits, (sum + (sum >= 0 ? 1 : -1)) / 2);
	int32_t x = wrap(bits, (int64_t)constant(bits, 1515870810) +
				       octet_fx_mul(bits, half, constant(bits, -1010580540)));

	for (int i = 0; i < 3; i++) {
		int32_t error = wrap(bits, (int64_t)one(bits, 2) - octet_fx_mul(bits, half, x));

		/* Q of 4 back to Q of 2. */
		x = wrap(bits, (int64_t)x +
				       octet_fx_mul_pot(bits, octet_fx_mul(bits, x, error), 2));
	}
	return x;
}

int32_t octet_fx_inverse(int bits, int32_t a)
{
	/* Halved by taking it as Q of 1. */
	return octet_fx_mul_pot(bits, newton(bits, a), 1);
}

int32_t octet_fx_logistic(int bits, int32_t a, int integer)
{
	int32_t y;

	if (!a)
		return constant(bits, 1 << 30);
	y = octet_fx_inverse(bits, octet_fx_exp(bits, a > 0 ? wrap(bits, -(int64_t)a) : a,
						integer));
	return a > 0 ? y : wrap(bits, (int64_t)highest(bits) - y);
}

int32_t octet_fx_tanh(int bits, int32_t a, int integer)
{
	int32_t e, y;

	if (!a)
		return 0;
	/* exp(-2 |a|): one more integer bit doubles. */
	e = octet_fx_exp(bits, a > 0 ? wrap(bits, -(int64_t)a) : a, integer + 1);
	/* (1 - e) / (1 + e) = 2 / (1 + e) - 1 */
	y = octet_fx_mul_pot(bits, wrap(bits, (int64_t)newton(bits, e) - one(bits, 2)), 2);
	return a > 0 ? y : wrap(bits, -(int64_t)y);
}

static int leading_zeros(uint32_t x)
{
	return x ? __builtin_clz(x) : 32;
}

int32_t octet_fx_reciprocal(int32_t x, int integer, int *over)
{
	int zeros = leading_zeros((uint32_t)x);

	*over = integer - zeros;
	return octet_fx_inverse(32, (int32_t)(((uint32_t)x << zeros) - 0x80000000u));
}

void octet_fx_inv_sqrt(int32_t x, int32_t *mult, int *shift)
{
	int right = 11, pairs;
	int32_t in, half, y = 1 << 28;

	if (x <= 1) {
		*mult = INT32_MAX;
		*shift = 0;
		return;
	}
	while (x >= 1 << 29) {
		x /= 4;
		right++;
	}
	pairs = (leading_zeros((uint32_t)x) - 1) / 2 - 1;
	right -= pairs;
	in = (x << (2 * pairs)) >> 1;
	half = octet_fx_div_pot(in, 1);
	/* Five Newton steps from 1; products of three Q of 3 come back from 9 and 6. */
	for (int i = 0; i < 5; i++) {
		int32_t y2 = octet_fx_mul(32, y, y);
		int32_t y3 = octet_fx_mul_pot(32, octet_fx_mul(32, y2, y), 6);
		int64_t next = (int64_t)octet_fx_mul(32, (1 << 28) + (1 << 27), y) -
			       octet_fx_mul(32, half, y3);

		y = octet_fx_mul_pot(32, wrap(32, next), 3);
	}
	y = octet_fx_mul(32, y, 1518500250);
	if (right < 0) {
		y = (int32_t)((uint32_t)y << -right);
		right = 0;
	}
	*mult = y;
	*shift = -right;
}

int octet_fx_radius(int integer, int left_shift, int bits)
{
	double r = 1.0 * ((1 << integer) - 1) * (double)((int64_t)1 << (bits - integer)) /
		   (double)((int64_t)1 << left_shift);

	return (int)floor(r);
}
