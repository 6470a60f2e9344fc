// SPDX-License-Identifier: MIT
/* Natural logarithm of values from 1, TFLite's rational approximation. */

#include "fixed.h"

static int32_t clamp(int64_t v)
{
	if (v > INT32_MAX)
		return INT32_MAX;
	return v < INT32_MIN ? INT32_MIN : (int32_t)v;
}

static int32_t mul(int32_t a, int32_t b)
{
	return octet_fx_mul(32, a, b);
}

/* 32 bits wrap, as the machines do that TFLite runs on. */
static int32_t add(int32_t a, int32_t b)
{
	return (int32_t)((uint32_t)a + (uint32_t)b);
}

/*
 * x = 2^power * r, by two candidates, r and sqrt(2) r, of which the smaller r
 * is nearer to 2^-1/4; @power is Q of 6 and has the quarter taken off.
 */
static int32_t split(int32_t x, int32_t *power)
{
	int32_t sqrt_half = 1518500250, quarter = octet_fx_div_pot(536870912, 6);
	int zeros = __builtin_clz((uint32_t)x | 1), zeros_b;
	int32_t a, b, power_a, power_b;

	a = octet_fx_mul_pot(32, mul(octet_fx_mul_pot(32, x, zeros - 1), sqrt_half), 1);
	power_a = clamp((int64_t)octet_fx_mul_pot(32, 12 - zeros, 25) + quarter);
	zeros_b = __builtin_clz((uint32_t)mul(x, sqrt_half) | 1) - 1;
	b = octet_fx_mul_pot(32, x, zeros_b);
	power_b = clamp((int64_t)octet_fx_mul_pot(32, 12 - zeros_b, 25) - quarter);
	*power = power_a > power_b ? power_a : power_b;
	return a < b ? a : b;
}

int32_t octet_fx_log(int32_t x)
{
	int32_t centre = 1805811301; /* 2^-1/4 */
	int32_t power, r = split(x, &power), p, q, q2, num, den;
	int64_t sum = (int64_t)r + centre;

	p = (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
	q = add(r, -centre);
	q = add(q, q);
	q2 = mul(q, q);
	num = add(mul(q, r), mul(mul(q, q2), 117049297));
	den = add(mul(p, add(add(1057819769, q), mul(127690142, q2))), mul(638450708, q));
	num = mul(octet_fx_div_pot(num, 6), octet_fx_inverse(32, den));
	return octet_fx_mul_pot(32, add(mul(power, 1488522236), num), 1);
}
