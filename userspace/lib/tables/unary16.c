// SPDX-License-Identifier: MIT
/* 513-entry tables of int16 operators, and the arithmetic of those without. */

#include <errno.h>
#include <math.h>

#include "curve.h"
#include "tables.h"

static float limit(float v)
{
	return fminf(fmaxf(v, INT16_MIN), INT16_MAX);
}

/*
 * LUTPopulateInt16<float>: 512 steps over the range of the input; each base
 * point gives half of the error in the middle of its step away.
 */
static void populate(const struct octet_curve *c, float in_min, float in_max, float inverse,
		     int16_t *table)
{
	float step = (in_max - in_min) / 512, half = step / 2;

	for (int i = 0; i < 512; i++) {
		float at = in_min + (float)i * step;
		float here = c->f(c, at), middle = c->f(c, at + half);
		float next = c->f(c, in_min + (float)(i + 1) * step);
		float sample = roundf(here * inverse);
		float drawn = roundf((next * inverse + roundf(here * inverse)) / 2);
		float error = drawn - roundf(middle * inverse);

		table[i] = (int16_t)limit(sample - roundf(error / 2));
	}
	table[512] = (int16_t)limit(roundf(c->f(c, in_max) * inverse));
}

int octet_table_unary16(uint32_t code, const union octet_graph_options *opt, float in_scale,
			int32_t in_zp, float out_scale, int32_t out_zp,
			int16_t table[OCTET_LUT16_ENTRIES])
{
	float out_min = out_scale * (float)(INT16_MIN - out_zp);
	float out_max = out_scale * (float)(INT16_MAX - out_zp);
	struct octet_curve c = { .low = out_min, .high = INT16_MAX * out_scale };

	if (code == OCTET_G_LOGISTIC || code == OCTET_G_TANH || code == OCTET_G_ELU ||
	    !octet_curve_find(code, opt, &c))
		return -ENOTSUP;
	/* 16-bit types are symmetric in TFLite. */
	if (in_zp || out_zp || !(in_scale > 0) || !(out_scale > 0) || !isfinite(in_scale) ||
	    !isfinite(out_scale))
		return -EINVAL;
	populate(&c, in_scale * (float)(INT16_MIN - in_zp), in_scale * (float)(INT16_MAX - in_zp),
		 65536.0f / (out_max - out_min), table);
	return 0;
}

int16_t octet_table_lookup16(int16_t x, const int16_t table[OCTET_LUT16_ENTRIES])
{
	const int16_t *at = &table[256 + (x >> 7)];
	int16_t slope = (int16_t)(uint16_t)(at[1] - at[0]);

	return (int16_t)(uint16_t)(at[0] + ((slope * (x & 127) + 64) >> 7));
}

static double limit_double(double v)
{
	return fmin(fmax(v, INT16_MIN), INT16_MAX);
}

void octet_curve_table16(double in_scale, int32_t in_zp, double out_scale, int32_t out_zp,
			 double (*f)(double), int16_t *table)
{
	double in_min = in_scale * (INT16_MIN - in_zp), in_max = in_scale * (INT16_MAX - in_zp);
	double out_min = out_scale * (INT16_MIN - out_zp);
	double out_max = out_scale * (INT16_MAX - out_zp);
	double step = (in_max - in_min) / 512, half = step / 2;
	double inverse = 65536.0 / (out_max - out_min);

	for (int i = 0; i < 512; i++) {
		double at = in_min + i * step;
		double here = f(at), middle = f(at + half), next = f(in_min + (i + 1) * step);
		double sample = round(here * inverse);
		double drawn = round((next * inverse + round(here * inverse)) / 2);
		double error = drawn - round(middle * inverse);

		table[i] = (int16_t)limit_double(sample - round(error / 2));
	}
	table[512] = (int16_t)limit_double(round(f(in_max) * inverse));
}

/* Whether v is a power of two but for one part in a thousand: CheckedLog2(). */
static bool power_of_two(float v, int *exponent)
{
	float precise = (float)(log((double)v) * (1 / log(2.0)));
	float rounded = roundf(precise);

	*exponent = (int)rounded;
	return fabsf(rounded - precise) < 1e-3f;
}

/* sigmoid(i / 24) as 0.16; in TFLite's table these 44 entries are one higher. */
static void sigmoid_grid(uint16_t grid[256])
{
	static const uint64_t higher[4] = {
		0xc0467baefa7bd110u, 0x0011009020440005u,
		0x0000000000000080u, 0x8000000000000000u,
	};

	for (int i = 0; i < 256; i++) {
		double y = round(65536.0 / (1.0 + exp(-(double)i / 24.0)));

		grid[i] = (uint16_t)(y + (double)(higher[i >> 6] >> (i & 63) & 1));
	}
}

int octet_table_sigmoid16(uint32_t code, float in_scale, float out_scale,
			  struct octet_table_sigmoid *s)
{
	int exponent, most = code == OCTET_G_TANH ? 1 : 0;
	double mult = (double)in_scale * 4096.0 * 3.0;

	if (code != OCTET_G_TANH && code != OCTET_G_LOGISTIC)
		return -ENOTSUP;
	if (!(in_scale > 0) || !isfinite(in_scale) || !(out_scale > 0) ||
	    !power_of_two(out_scale, &exponent) || exponent != -15)
		return -EINVAL;
	if (code == OCTET_G_LOGISTIC && out_scale != 1.0f / 32768)
		return -EINVAL;
	sigmoid_grid(s->grid);
	s->mult = 0;
	if (power_of_two(in_scale, &exponent)) {
		s->left = 12 + exponent;
		if (s->left >= 0 && s->left <= most)
			return 0;
	}
	s->left = 0;
	while (mult <= 32767.0 / 2.0 && s->left <= 30) {
		s->left++;
		mult *= 2;
	}
	/* Beyond what the kernel's 32-bit products hold, or too small to tell. */
	if (mult > 65535 || mult < 1)
		return -EINVAL;
	s->mult = (int32_t)mult;
	return 0;
}

/* The input times 3/4, in steps of 1/24 with 9 (8) bits behind the point. */
static int32_t sigmoid_input(const struct octet_table_sigmoid *s, int16_t x)
{
	int32_t mult = s->mult, round;
	int left = s->left;

	if (!mult) {
		mult = 3 << left;
		left = 0;
	}
	round = left ? (int32_t)(1u << (left - 1)) : 0;
	return (int32_t)((uint32_t)x * (uint32_t)mult + (uint32_t)round) >> left;
}

/* Between two grid points, @bits behind the point. */
static uint32_t between(const struct octet_table_sigmoid *s, uint32_t at, uint32_t rest, int bits)
{
	uint32_t a = s->grid[at], b = s->grid[at + 1];

	return (a << bits) + rest * (b - a);
}

int16_t octet_table_logistic16(const struct octet_table_sigmoid *s, int16_t x)
{
	int32_t in = sigmoid_input(s, x);
	uint32_t size = in < 0 ? 0u - (uint32_t)in : (uint32_t)in, at = size >> 9, y;

	if (at >= 255)
		y = 0x7fff << 10;
	else
		y = between(s, at, size & 511, 9);
	y = in >= 0 ? y + (1 << 9) : (1 << 25) - y + (1 << 9) - 1;
	return (int16_t)(y >> 10);
}

int16_t octet_table_tanh16(const struct octet_table_sigmoid *s, int16_t x)
{
	int32_t in = sigmoid_input(s, x), y;
	uint32_t size = in < 0 ? 0u - (uint32_t)in : (uint32_t)in, at = size >> 8;

	if (at >= 255)
		y = 0xffff << 8;
	else
		y = (int32_t)between(s, at, size & 255, 8);
	y = in >= 0 ? y - (1 << 23) + (1 << 7) : -y + (1 << 23) + (1 << 7) - 1;
	return (int16_t)(y >> 8);
}
