// SPDX-License-Identifier: MIT
/* Fake quantization: equal to quantizing and back; gradients by hand and by differences. */
#include "unit.h"
#include "vectors.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include <octet.h>
#include <octet_quantize.h>

#define N 240

static void test_forward(void **state)
{
	OCTET_OPTS(octet_quant_opts, o);
	float x[N], y[N], back[N];
	int16_t wide[N];
	int8_t q[N];

	(void)state;
	vectors_fill("peaked", 3, x, N);
	for (int rounding = 0; rounding < 4; rounding++) {
		o.rounding = (enum octet_rounding)rounding;
		for (int scaling = 0; scaling < 3; scaling++) {
			o.scaling = (enum octet_scaling)scaling;
			for (o.bits = 2; o.bits <= 8; o.bits++) {
				assert_int_equal(octet_fake_quant(&o, 0.03f, 1, x, N, y), 0);
				assert_int_equal(octet_quantize(&o, 0.03f, 1, x, N, q), 0);
				assert_int_equal(octet_dequantize(OCTET_INT8, 0.03f, 1, q, N, back),
						 0);
				assert_memory_equal(y, back, sizeof(y));
			}
		}
	}
	o.type = OCTET_INT16;
	o.bits = 11;
	o.noise = 0.5f;
	assert_int_equal(octet_fake_quant(&o, 0.01f, -7, x, N, y), 0);
	assert_int_equal(octet_quantize(&o, 0.01f, -7, x, N, wide), 0);
	assert_int_equal(octet_dequantize(OCTET_INT16, 0.01f, -7, wide, N, back), 0);
	assert_memory_equal(y, back, sizeof(y));
	/* In place. */
	assert_int_equal(octet_fake_quant(&o, 0.01f, -7, x, N, x), 0);
	assert_memory_equal(x, y, sizeof(y));
}

/* int8 of scale 1 and zero point 2: values -130 .. 125 are inside. */
static void test_mask(void **state)
{
	static const float x[] = { -131, -130, -130.4f, -130.6f, 0, 125, 125.4f, 125.6f, INFINITY };
	static const uint8_t expect[] = { 0, 1, 1, 0, 1, 1, 1, 0, 0 };
	uint8_t mask[9];

	(void)state;
	assert_int_equal(octet_fake_quant_mask(NULL, 1, 2, x, 9, mask), 0);
	assert_memory_equal(mask, expect, 9);
}

/* [2][3][40]: channels as so many calls of one. */
static void test_channels(void **state)
{
	static const float scale[] = { 0.01f, 0.02f, 0.005f };
	static const int32_t zero[] = { 0, 3, -9 };
	OCTET_OPTS(octet_fake_quant_grads, g);
	OCTET_OPTS(octet_fake_quant_grads, one);
	float x[N], y[N], part[40], grad[N], dx[N], dpart[N], dscale[3], dzero[3];
	double sums[3] = { 0 };
	uint8_t mask[N], mpart[40];
	float s1, z1;

	(void)state;
	vectors_fill("peaked", 6, x, N);
	vectors_fill("uniform", 7, grad, N);
	g.in = dx;
	g.scale = dscale;
	g.zero_point = dzero;
	one.in = dpart;
	one.scale = &s1;
	one.zero_point = &z1;
	one.factor = 1;
	assert_int_equal(octet_fake_quant_channel(NULL, scale, zero, x, 2, 3, 40, y), 0);
	assert_int_equal(octet_fake_quant_mask_channel(NULL, scale, zero, x, 2, 3, 40, mask), 0);
	assert_int_equal(octet_fake_quant_backward_channel(NULL, scale, zero, x, grad, 2, 3, 40, &g),
			 0);
	for (int k = 0; k < 6; k++) {
		const float *at = x + k * 40, *in = grad + k * 40;
		int c = k % 3;

		assert_int_equal(octet_fake_quant(NULL, scale[c], zero[c], at, 40, part), 0);
		assert_memory_equal(part, y + k * 40, sizeof(part));
		assert_int_equal(octet_fake_quant_mask(NULL, scale[c], zero[c], at, 40, mpart), 0);
		assert_memory_equal(mpart, mask + k * 40, sizeof(mpart));
		assert_int_equal(octet_fake_quant_backward(NULL, scale[c], zero[c], at, in, 40,
							   &one), 0);
		assert_memory_equal(dpart, dx + k * 40, 40 * sizeof(float));
		sums[c] += (double)s1;
	}
	/* LSQ's factor: of 80 values each. */
	for (int c = 0; c < 3; c++)
		assert_true(fabs(sums[c] / sqrt(80.0 * 127) - (double)dscale[c]) < 1e-5);
	for (int i = 0; i < N; i++)
		assert_true(dx[i] == (mask[i] ? grad[i] : 0));
	assert_int_equal(octet_fake_quant_channel(NULL, scale, NULL, x, 2, 3, 40, y), 0);
}

/* Between two codes the gradient of the scale is what LSQ's paper says, by hand. */
static void test_scale_gradient(void **state)
{
	/* Steps 0.4, -0.4, 1.7, far above, far below. */
	static const float x[] = { 0.2f, -0.2f, 0.85f, 100, -100 }, ones[] = { 1, 1, 1, 1, 1 };
	static const double expect[] = { -0.4, 0.4, 0.3, 127, -128 };
	OCTET_OPTS(octet_fake_quant_grads, g);
	OCTET_OPTS(octet_quant_opts, o);
	float ds, dz;

	(void)state;
	g.scale = &ds;
	g.zero_point = &dz;
	g.factor = 1;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(octet_fake_quant_backward(&o, 0.5f, 0, x + i, ones, 1, &g), 0);
		assert_true(fabs((double)ds - expect[i]) < 1e-6);
		assert_true(dz == (i < 3 ? 0 : -0.5f));
	}
	g.factor = 0;
	assert_int_equal(octet_fake_quant_backward(&o, 0.5f, 0, x, ones, 5, &g), 0);
	assert_true(fabs((double)ds - (0.3 - 1) / sqrt(5.0 * 127)) < 1e-6);
}

/* Where values are clamped, f is linear in scale and zero point: differences are exact. */
static void test_differences(void **state)
{
	static const float x[] = { 100, -100, 90 }, grad[] = { 1, 2, -0.5f };
	OCTET_OPTS(octet_fake_quant_grads, g);
	float low[3], high[3], ds;
	double slope = 0;

	(void)state;
	g.scale = &ds;
	g.factor = 1;
	assert_int_equal(octet_fake_quant(NULL, 0.25f, 3, x, 3, low), 0);
	assert_int_equal(octet_fake_quant(NULL, 0.375f, 3, x, 3, high), 0);
	for (int i = 0; i < 3; i++)
		slope += (double)grad[i] * (double)(high[i] - low[i]) / 0.125;
	assert_int_equal(octet_fake_quant_backward(NULL, 0.25f, 3, x, grad, 3, &g), 0);
	assert_true(fabs(slope - (double)ds) < 1e-6);
}

static void test_bad(void **state)
{
	OCTET_OPTS(octet_fake_quant_grads, g);
	OCTET_OPTS(octet_quant_opts, o);
	float x[] = { 1, NAN }, y[2] = { 5, 5 }, scale[] = { 1, 0 };
	uint8_t mask[2];

	(void)state;
	assert_int_equal(octet_fake_quant(NULL, 1, 0, x, 2, y), -EINVAL);
	assert_int_equal(octet_fake_quant_mask(NULL, 1, 0, x, 2, mask), -EINVAL);
	assert_int_equal(octet_fake_quant_backward(NULL, 1, 0, x, y, 2, &g), -EINVAL);
	assert_int_equal(octet_fake_quant(NULL, 0, 0, x, 1, y), -EINVAL);
	assert_int_equal(octet_fake_quant(NULL, NAN, 0, x, 1, y), -EINVAL);
	assert_int_equal(octet_fake_quant(NULL, 1, 128, x, 1, y), -EINVAL);
	assert_int_equal(octet_fake_quant(NULL, 1, 0, NULL, 1, y), -EINVAL);
	assert_int_equal(octet_fake_quant(NULL, 1, 0, x, 1, NULL), -EINVAL);
	assert_int_equal(octet_fake_quant(NULL, 1, 0, NULL, 0, NULL), 0);
	x[1] = 2;
	assert_int_equal(octet_fake_quant_channel(NULL, scale, NULL, x, 1, 2, 1, y), -EINVAL);
	assert_int_equal(octet_fake_quant_channel(NULL, NULL, NULL, x, 1, 2, 1, y), -EINVAL);
	assert_int_equal(octet_fake_quant_backward(NULL, 1, 0, x, NULL, 2, &g), -EINVAL);
	assert_int_equal(octet_fake_quant_backward(NULL, 1, 0, x, y, 2, NULL), -EINVAL);
	g.factor = (double)NAN;
	assert_int_equal(octet_fake_quant_backward(NULL, 1, 0, x, y, 2, &g), -EINVAL);
	o.bits = 1;
	assert_int_equal(octet_fake_quant(&o, 1, 0, x, 1, y), -EINVAL);
	assert_true(y[0] == 5 && y[1] == 5);
}

UNIT_MAIN(unit_case(test_forward), unit_case(test_mask), unit_case(test_channels),
	  unit_case(test_scale_gradient), unit_case(test_differences), unit_case(test_bad))
