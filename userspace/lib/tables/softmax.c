// SPDX-License-Identifier: MIT
/* Tables of SOFTMAX, and what is done with them. */

#include <errno.h>
#include <math.h>

#include "curve.h"
#include "fixed.h"
#include "tables.h"

int octet_table_softmax(float beta, float in_scale, int32_t table[256])
{
	/* 5 integer bits: differences down to -32. */
	double factor = (double)beta * (double)in_scale * (1 << 26);
	int32_t mult;
	int left, reach;

	if (!(factor > 1) || !isfinite(factor))
		return -EINVAL;
	octet_fx_multiplier(fmin(factor, 0x1p31 - 1.0), &mult, &left);
	reach = octet_fx_radius(5, left, 31);
	for (int k = 0; k < 256; k++)
		table[k] = k <= reach ? octet_fx_exp(32, octet_fx_scale(-k, mult, left), 5) : 0;
	return 0;
}

void octet_table_softmax_row(const int32_t table[256], bool is_signed, uint32_t n,
			     const uint8_t *in, uint8_t *out)
{
	uint8_t flip = is_signed ? 0x80 : 0, max = 0;
	int32_t inverse;
	uint32_t sum = 0;
	int over;

	for (uint32_t i = 0; i < n; i++)
		max = (in[i] ^ flip) > max ? in[i] ^ flip : max;
	for (uint32_t i = 0; i < n; i++)
		sum += (uint32_t)octet_fx_div_pot(table[max - (in[i] ^ flip)], 12);
	inverse = octet_fx_reciprocal((int32_t)sum, 12, &over);
	for (uint32_t i = 0; i < n; i++) {
		int32_t e = table[max - (in[i] ^ flip)];
		int shift = over + 31 - 8;
		int32_t y = octet_fx_mul(32, inverse, e);

		y = shift > 31 ? 0 : octet_fx_div_pot(y, shift);
		out[i] = (uint8_t)(y > 255 ? 255 : y) ^ flip;
	}
}

static double one_over(double x)
{
	return 1.0 / (1.0 + x);
}

int octet_table_softmax16(float beta, float in_scale, struct octet_table_softmax16 *t)
{
	double range = 65535.0;
	float product = in_scale * beta;
	double factor = (double)product / (10.0 / 65535.0);

	if (!(factor > 0) || !isfinite(factor))
		return -EINVAL;
	octet_fx_multiplier(factor, &t->mult, &t->shift);
	/* 17 bits of difference times the multiplier must stay within 32. */
	if (t->shift > 14)
		return -EINVAL;
	octet_curve_table16(10.0 / range, INT16_MAX, 2.0 / range, 0, exp, t->exp);
	octet_curve_table16(1.0 / range, INT16_MIN, 2.0 / range, 0, one_over, t->inverse);
	return 0;
}

static int32_t clamp(int32_t v, int32_t low)
{
	if (v > INT16_MAX)
		return INT16_MAX;
	return v < low ? low : v;
}

void octet_table_softmax16_row(const struct octet_table_softmax16 *t, uint32_t n,
			       const int16_t *in, int16_t *out)
{
	int32_t max = INT16_MIN, shifted;
	int zeros, right;
	uint32_t sum = 0;
	int16_t inverse;

	for (uint32_t i = 0; i < n; i++)
		max = in[i] > max ? in[i] : max;
	for (uint32_t i = 0; i < n; i++) {
		int32_t d = octet_fx_scale(in[i] - max, t->mult, t->shift);

		out[i] = octet_table_lookup16((int16_t)clamp(d + 32767, INT16_MIN), t->exp);
		sum += (uint32_t)(int32_t)out[i];
	}
	zeros = sum ? __builtin_clz(sum) : 32;
	shifted = (int32_t)((((int64_t)sum << (zeros - 1)) + (1 << 13)) >> 14);
	inverse = octet_table_lookup16((int16_t)clamp(shifted - (1 << 15) - (1 << 16), INT16_MIN),
				       t->inverse);
	right = 31 - zeros;
	for (uint32_t i = 0; i < n; i++)
		out[i] = (int16_t)clamp((int32_t)(((int64_t)out[i] * inverse +
						   ((int64_t)1 << (right - 1))) >> right), 0);
}
