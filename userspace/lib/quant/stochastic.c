// SPDX-License-Identifier: MIT
/*
 * A counter-based generator: number i does not need number i - 1, so that
 * neither threads nor the order of calls change a result.
 */

#include <math.h>

#include "quant.h"

/* The finalizer of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom
 * number generators, 2014).
 */
static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

#define GAMMA 0x9e3779b97f4a7c15u

double octet_stochastic(uint64_t seed, uint64_t stream, uint64_t index)
{
	uint64_t key = mix(mix(seed + GAMMA) + stream * GAMMA);

	return (double)(mix(key + (index + 1) * GAMMA) >> 11) * 0x1p-53;
}

/* A polynomial in @x by Horner's rule, highest power first. */
static double poly(const double *c, int count, double x)
{
	double v = c[0];

	for (int i = 1; i < count; i++)
		v = v * x + c[i];
	return v;
}

/* log() by additions and divisions alone: libraries differ in its last bits. */
static double plain_log(double x)
{
	double m, t, t2, sum = 0, power;
	int exponent;

	m = frexp(x, &exponent);
	t = (m - 1) / (m + 1);
	t2 = t * t;
	power = t;
	for (int k = 1; k < 40; k += 2) {
		sum += power / k;
		power *= t2;
	}
	return 2 * sum + exponent * 0.693147180559945309417;
}

/*
 * The inverse of the normal distribution by P. Acklam's rational approximations,
 * relative error below 1.2e-9.
 */
static double normal_at(double p)
{
	static const double a[] = { -3.969683028665376e+01, 2.209460984245205e+02,
				    -2.759285104469687e+02, 1.383577518672690e+02,
				    -3.066479806614716e+01, 2.506628277459239e+00 };
	static const double b[] = { -5.447609879822406e+01, 1.615858368580409e+02,
				    -1.556989798598866e+02, 6.680131188771972e+01,
				    -1.328068155288572e+01, 1 };
	static const double c[] = { -7.784894002430293e-03, -3.223964580411365e-01,
				    -2.400758277161838e+00, -2.549732539343734e+00,
				    4.374664141464968e+00,  2.938163982698783e+00 };
	static const double d[] = { 7.784695709041462e-03, 3.224671290700398e-01,
				    2.445134137142996e+00, 3.754408661907416e+00, 1 };
	const double low = 0.02425;

	if (p >= low && p <= 1 - low) {
		double q = p - 0.5, r = q * q;

		return poly(a, 6, r) * q / poly(b, 6, r);
	}
	if (p < low) {
		double q = sqrt(-2 * plain_log(p));

		return poly(c, 6, q) / poly(d, 5, q);
	}
	return -normal_at(1 - p);
}

/* The complement of the seed, so that noise and random rounding are not one draw. */
double octet_normal(uint64_t seed, uint64_t stream, uint64_t index)
{
	return normal_at(octet_stochastic(~seed, stream, index) + 0x1p-54);
}
