// SPDX-License-Identifier: MIT
/* Quantization: worked numbers, every option, bad input. */

#include "unit.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <octet.h>

static int32_t one(const struct octet_quant_opts *o, float scale, int32_t zero, float x)
{
	int8_t q;

	assert_int_equal(octet_quantize(o, scale, zero, &x, 1, &q), 0);
	return o && o->type == OCTET_UINT8 ? (uint8_t)q : q;
}

static void params(const struct octet_quant_opts *o, float min, float max, double scale,
		   int32_t zero)
{
	int32_t z = 12345;
	float s = -1;

	assert_int_equal(octet_quant_params(o, min, max, &s, &z), 0);
	assert_true(fabs((double)s - scale) <= scale * 1e-7);
	assert_int_equal(z, zero);
}

/* [0, 1000] in 255 steps of 3.92: 250 is code 64. */
static void test_worked_thousand(void **state)
{
	OCTET_OPTS(octet_quant_opts, o);
	float scale;
	int32_t zero;

	(void)state;
	o.type = OCTET_UINT8;
	params(&o, 0, 1000, 1000.0 / 255, 0);
	assert_int_equal(octet_quant_params(&o, 0, 1000, &scale, &zero), 0);
	assert_int_equal(lround((double)scale * 100), 392);
	assert_int_equal(one(&o, scale, zero, 250), 64);
	assert_int_equal(one(&o, scale, zero, 0), 0);
	assert_int_equal(one(&o, scale, zero, 1000), 255);
	assert_int_equal(one(&o, scale, zero, 2000), 255);
}

/* [-20, 1000]: scale 4, zero point 5. */
static void test_worked_zero_point(void **state)
{
	OCTET_OPTS(octet_quant_opts, o);

	(void)state;
	o.type = OCTET_UINT8;
	params(&o, -20, 1000, 4, 5);
	assert_int_equal(one(&o, 4, 5, -20), 0);
	assert_int_equal(one(&o, 4, 5, 0), 5);
	assert_int_equal(one(&o, 4, 5, 1000), 255);
	o.type = OCTET_INT8;
	params(&o, -20, 1000, 4, -123);
}

/* Three bits: the whole number line. */
static void test_three_bits(void **state)
{
	static const float x[] = { -9, -4, -3.4f, -3, -1, -0.4f, 0, 0.4f, 1, 2.6f, 3, 9 };
	static const int8_t asymmetric[] = { -4, -4, -3, -3, -1, 0, 0, 0, 1, 3, 3, 3 };
	static const int8_t symmetric[] = { -3, -3, -3, -3, -1, 0, 0, 0, 1, 3, 3, 3 };
	OCTET_OPTS(octet_quant_opts, o);
	int8_t q[12];

	(void)state;
	o.bits = 3;
	params(&o, -4, 3, 1, 0);
	assert_int_equal(octet_quantize(&o, 1, 0, x, 12, q), 0);
	assert_memory_equal(q, asymmetric, 12);
	o.scheme = OCTET_SYMMETRIC;
	params(&o, -3, 1, 1, 0);
	params(&o, -1, 6, 2, 0);
	assert_int_equal(octet_quantize(&o, 1, 0, x, 12, q), 0);
	assert_memory_equal(q, symmetric, 12);
	o.scheme = OCTET_ASYMMETRIC;
	o.type = OCTET_UINT8;
	params(&o, -2, 5, 1, 2);
	params(&o, -7, 0, 1, 7);
	assert_int_equal(one(&o, 1, 2, -3), 0);
	assert_int_equal(one(&o, 1, 2, 99), 7);
}

static void test_schemes(void **state)
{
	OCTET_OPTS(octet_quant_opts, o);

	(void)state;
	/* The float32 scale is a little above 2 / 255, so 127.5 is not quite reached. */
	params(NULL, -1, 1, 2.0 / 255, -1);
	/* Ties of the zero point: -128 + 0.5, -128 + 1.5. */
	params(NULL, -0.5f, 254.5f, 1, -127);
	params(NULL, -1.5f, 253.5f, 1, -126);
	o.rounding = OCTET_ROUND_EVEN;
	params(&o, -0.5f, 254.5f, 1, -128);
	params(&o, -1.5f, 253.5f, 1, -126);
	o.rounding = OCTET_ROUND_AWAY;
	/* The range is extended to 0 on either side. */
	params(&o, 5, 10, 10.0 / 255, -128);
	params(&o, -10, -5, 10.0 / 255, 127);
	params(&o, 0, 0, 1, -128);
	o.narrow = true;
	params(&o, -127, 127, 1, 0);
	o.narrow = false;
	o.scheme = OCTET_SYMMETRIC;
	params(&o, -127, 3, 1, 0);
	params(&o, 0, 0, 1, 0);
	o.type = OCTET_UINT8;
	params(&o, -127, 3, 1, 128);
	for (uint32_t bits = 2; bits <= 8; bits++) {
		int half = 1 << (bits - 1);

		o.bits = bits;
		o.type = OCTET_INT8;
		o.scheme = OCTET_SYMMETRIC;
		params(&o, -1, 1, 1.0 / (half - 1), 0);
		assert_int_equal(one(&o, 1, 0, -1e9f), -(half - 1));
		assert_int_equal(one(&o, 1, 0, 1e9f), half - 1);
		o.scheme = OCTET_ASYMMETRIC;
		params(&o, 0, 1, 1.0 / (2 * half - 1), -half);
		assert_int_equal(one(&o, 1, 0, -1e9f), -half);
		o.type = OCTET_UINT8;
		params(&o, 0, 1, 1.0 / (2 * half - 1), 0);
		assert_int_equal(one(&o, 1, 0, 1e9f), 2 * half - 1);
	}
}

static void test_rounding(void **state)
{
	static const float x[] = { -2.5f, -1.5f, -0.5f, 0.5f, 1.5f, 2.5f, 0.49999997f };
	static const int8_t expect[][7] = {
		[OCTET_ROUND_AWAY] = { -3, -2, -1, 1, 2, 3, 0 },
		[OCTET_ROUND_EVEN] = { -2, -2, 0, 0, 2, 2, 0 },
		[OCTET_ROUND_UP] = { -2, -1, 0, 1, 2, 3, 0 },
	};
	OCTET_OPTS(octet_quant_opts, o);
	int8_t q[7];

	(void)state;
	for (int r = OCTET_ROUND_AWAY; r <= OCTET_ROUND_UP; r++) {
		o.rounding = (enum octet_rounding)r;
		assert_int_equal(octet_quantize(&o, 1, 0, x, 7, q), 0);
		assert_memory_equal(q, expect[r], 7);
	}
}

static void test_scaling(void **state)
{
	OCTET_OPTS(octet_quant_opts, o);

	(void)state;
	/* Half of an odd zero point ties elsewhere when it is added before. */
	o.rounding = OCTET_ROUND_EVEN;
	assert_int_equal(one(&o, 1, 1, 0.5f), 1);
	o.scaling = OCTET_ADD_THEN_ROUND;
	assert_int_equal(one(&o, 1, 1, 0.5f), 2);
	/* Ties that a rounded reciprocal misses. */
	o.rounding = OCTET_ROUND_AWAY;
	for (int i = 1, differ = 0; i < 2000; i++) {
		float s = (float)i / 1000, x = s * 2.5f;
		int32_t a, b;

		o.scaling = OCTET_DIVIDE;
		a = one(&o, s, 0, x);
		assert_int_equal(a, (int)roundf(x / s));
		o.scaling = OCTET_RECIPROCAL;
		b = one(&o, s, 0, x);
		assert_int_equal(b, (int)roundf(x * (1 / s)));
		differ += a != b;
		if (i == 1999)
			assert_true(differ > 0);
	}
}

static void test_stochastic(void **state)
{
	enum { N = 20000 };
	float *x = malloc(N * sizeof(*x));
	int8_t *a = malloc(N), *b = malloc(N);
	OCTET_OPTS(octet_quant_opts, o);
	double sum = 0;

	(void)state;
	for (int i = 0; i < N; i++)
		x[i] = 3.25f;
	o.rounding = OCTET_ROUND_STOCHASTIC;
	o.seed = 7;
	assert_int_equal(octet_quantize(&o, 1, 0, x, N, a), 0);
	assert_int_equal(octet_quantize(&o, 1, 0, x, N, b), 0);
	assert_memory_equal(a, b, N);
	for (int i = 0; i < N; i++) {
		assert_true(a[i] == 3 || a[i] == 4);
		sum += a[i];
	}
	/* Standard deviation of the mean is 0.003. */
	assert_true(fabs(sum / N - 3.25) < 0.02);
	o.stream = 1;
	assert_int_equal(octet_quantize(&o, 1, 0, x, N, b), 0);
	assert_memory_not_equal(a, b, N);
	/* Values on a step never move. */
	x[0] = 5;
	for (o.seed = 0; o.seed < 100; o.seed++)
		assert_int_equal(one(&o, 1, 0, 5), 5);
	free(x);
	free(a);
	free(b);
}

static void test_channels(void **state)
{
	/* [2][3][2] */
	static const float data[] = { 1, -2, 0, 0, 5, 1, 127, 3, 0, 0, -254, 2 };
	static const int8_t expect[] = { 1, -2, 0, 0, 3, 1, 127, 3, 0, 0, -127, 1 };
	OCTET_OPTS(octet_quant_opts, o);
	float scale[3];
	int32_t zero[3];
	int8_t q[12];

	(void)state;
	o.scheme = OCTET_SYMMETRIC;
	assert_int_equal(octet_quant_params_channel(&o, data, 2, 3, 2, scale, zero), 0);
	assert_true(scale[0] == 1 && scale[1] == 1 && scale[2] == 2);
	assert_true(!zero[0] && !zero[1] && !zero[2]);
	assert_int_equal(octet_quantize_channel(&o, scale, zero, data, 2, 3, 2, q), 0);
	assert_memory_equal(q, expect, 12);
	assert_int_equal(octet_quantize_channel(&o, scale, NULL, data, 2, 3, 2, q), 0);
	assert_memory_equal(q, expect, 12);
}

static void test_dequantize(void **state)
{
	static const int8_t s8[] = { -128, 127 };
	static const uint8_t u8[] = { 0, 255 };
	static const int32_t s32[] = { INT32_MIN, 100 };
	float f[2];

	(void)state;
	assert_int_equal(octet_dequantize(OCTET_INT8, 0.5f, -1, s8, 2, f), 0);
	assert_true(f[0] == -63.5f && f[1] == 64);
	assert_int_equal(octet_dequantize(OCTET_UINT8, 2, 5, u8, 2, f), 0);
	assert_true(f[0] == -10 && f[1] == 500);
	assert_int_equal(octet_dequantize(OCTET_INT32, 1, 1, s32, 2, f), 0);
	assert_true(f[0] == -2147483648.0f && f[1] == 99);
	assert_int_equal(octet_dequantize(OCTET_INT64, 1, 0, s32, 2, f), -EINVAL);
	assert_int_equal(octet_dequantize(OCTET_INT8, 0, 0, s8, 2, f), -EINVAL);
}

static void test_bias(void **state)
{
	static const float w[] = { 0.5f, 0.25f }, b[] = { 1, -1.0f };
	float huge = 1e20f, nan = NAN;
	int32_t q[2];

	(void)state;
	assert_int_equal(octet_quantize_bias(0.5f, w, true, b, 2, q), 0);
	assert_true(q[0] == 4 && q[1] == -8);
	assert_int_equal(octet_quantize_bias(0.5f, w, false, b, 2, q), 0);
	assert_true(q[0] == 4 && q[1] == -4);
	assert_int_equal(octet_quantize_bias(1, w, false, &huge, 1, q), -ERANGE);
	assert_int_equal(octet_quantize_bias(1, w, false, &nan, 1, q), -EINVAL);
	assert_int_equal(octet_quantize_bias(0, w, false, b, 1, q), -EINVAL);
	assert_true(q[0] == 4);
}

static void requant(enum octet_stage_code stage, double factor, uint32_t mult, uint32_t shift)
{
	uint32_t m, s;

	assert_int_equal(octet_requant(stage, factor, &m, &s), 0);
	assert_int_equal(m, mult);
	assert_int_equal(s, shift);
}

static void test_requant(void **state)
{
	uint32_t m = 7, s = 9;

	(void)state;
	requant(OCTET_RAW, 5, 0, 0);
	for (int stage = OCTET_FIX_DBL; stage <= OCTET_FIX_AWAY; stage++) {
		enum octet_stage_code code = (enum octet_stage_code)stage;

		requant(code, 0.5, 1u << 30, 31);
		requant(code, 1, 1u << 30, 30);
		requant(code, 0.75, 3u << 29, 31);
		/* Rounds up to 2^31, which is halved. */
		requant(code, 1 - 0x1p-40, 1u << 30, 30);
		requant(code, 0x1p-32, 1u << 30, 62);
		requant(code, 0x1p29, 1u << 30, 1);
		assert_int_equal(octet_requant(code, 0x1p-33, &m, &s), -ERANGE);
		assert_int_equal(octet_requant(code, 0x1p30, &m, &s), -ERANGE);
		assert_int_equal(octet_requant(code, 0, &m, &s), -ERANGE);
		assert_int_equal(octet_requant(code, -1, &m, &s), -ERANGE);
		assert_int_equal(octet_requant(code, (double)NAN, &m, &s), -ERANGE);
		assert_int_equal(octet_requant(code, (double)INFINITY, &m, &s), -ERANGE);
	}
	requant(OCTET_FP32_RNE, 1, 0x3f800000, 0);
	requant(OCTET_FP32_RNE, 0x1p-32, 0x2f800000, 0);
	assert_int_equal(octet_requant(OCTET_FP32_RNE, 0x1p-33, &m, &s), -ERANGE);
	assert_int_equal(octet_requant(OCTET_FP32_RNE, 256, &m, &s), -ERANGE);
	assert_int_equal(octet_requant((enum octet_stage_code)6, 1, &m, &s), -EINVAL);
	assert_true(m == 7 && s == 9);
	assert_string_equal(octet_stage_name(OCTET_FIX_DBL_UP), "FIX_DBL_UP");
	assert_string_equal(octet_stage_name((enum octet_stage_code)99), "?");
}

static void refuse(const struct octet_quant_opts *o)
{
	float s, x = 0;
	int32_t z;
	int8_t q;

	assert_int_equal(octet_quant_params(o, 0, 1, &s, &z), -EINVAL);
	assert_int_equal(octet_quantize(o, 1, 0, &x, 1, &q), -EINVAL);
}

static void test_bad_options(void **state)
{
	struct {
		struct octet_quant_opts o;
		uint32_t newer;
	} large = { .o.size = sizeof(large) };
	OCTET_OPTS(octet_quant_opts, o);
	float s;
	int32_t z;

	(void)state;
	o.bits = 1;
	refuse(&o);
	o.bits = 9;
	refuse(&o);
	o.bits = 0;
	o.type = OCTET_INT32;
	refuse(&o);
	o.type = OCTET_UINT8;
	o.narrow = true;
	refuse(&o);
	o.narrow = false;
	o.scheme = (enum octet_scheme)2;
	refuse(&o);
	o.scheme = OCTET_SYMMETRIC;
	o.rounding = (enum octet_rounding)4;
	refuse(&o);
	o.rounding = OCTET_ROUND_UP;
	o.scaling = (enum octet_scaling)3;
	refuse(&o);
	o.scaling = OCTET_DIVIDE;
	o.size = 8;
	refuse(&o);
	assert_int_equal(octet_quant_params(&large.o, 0, 1, &s, &z), 0);
	large.newer = 1;
	refuse(&large.o);
}

static void test_bad_values(void **state)
{
	static const float bad[] = { NAN, INFINITY, -INFINITY };
	float x[2] = { 1, NAN }, s = 5;
	int8_t q[2] = { 77, 77 };
	int32_t z = 5;

	(void)state;
	for (int i = 0; i < 3; i++) {
		float data[] = { 1, bad[i] };

		assert_int_equal(octet_quant_params(NULL, bad[i], 1, &s, &z), -EINVAL);
		assert_int_equal(octet_quant_params(NULL, 0, bad[i], &s, &z), -EINVAL);
		assert_int_equal(octet_quant_params_channel(NULL, data, 1, 2, 1, &s, &z), -EINVAL);
		assert_int_equal(octet_quantize(NULL, bad[i], 0, x, 1, q), -EINVAL);
	}
	assert_int_equal(octet_quant_params(NULL, 2, 1, &s, &z), -EINVAL);
	assert_int_equal(octet_quant_params(NULL, 0, 1e-44f, &s, &z), -ERANGE);
	assert_true(s == 5 && z == 5);
	assert_int_equal(octet_quant_params(NULL, -FLT_MAX, FLT_MAX, &s, &z), 0);
	assert_int_equal(octet_quantize(NULL, 1, 0, x, 2, q), -EINVAL);
	assert_int_equal(octet_quantize(NULL, 1, 128, x, 1, q), -EINVAL);
	assert_int_equal(octet_quantize(NULL, 1, -129, x, 1, q), -EINVAL);
	assert_int_equal(octet_quantize(NULL, 0, 0, x, 1, q), -EINVAL);
	assert_int_equal(octet_quantize(NULL, -1, 0, x, 1, q), -EINVAL);
	assert_true(q[0] == 77 && q[1] == 77);
	x[0] = INFINITY;
	assert_int_equal(octet_quantize(NULL, 1, 0, x, 1, q), 0);
	assert_int_equal(q[0], 127);
	x[0] = -FLT_MAX;
	assert_int_equal(octet_quantize(NULL, 1e-30f, 100, x, 1, q), 0);
	assert_int_equal(q[0], -128);
}

UNIT_MAIN(unit_case(test_worked_thousand), unit_case(test_worked_zero_point),
	  unit_case(test_three_bits), unit_case(test_schemes), unit_case(test_rounding),
	  unit_case(test_scaling), unit_case(test_stochastic), unit_case(test_channels),
	  unit_case(test_dequantize), unit_case(test_bias), unit_case(test_requant),
	  unit_case(test_bad_options), unit_case(test_bad_values))
