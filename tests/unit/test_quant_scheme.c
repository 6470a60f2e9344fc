// SPDX-License-Identifier: MIT
/* Schemes: widths to 16 bits, powers of two, noise, rules of others, presets. */
#include "unit.h"
#include "vectors.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <octet.h>
#include <octet_quantize.h>

static void params(const struct octet_quant_opts *o, float min, float max, float scale,
		   int32_t zero)
{
	float s;
	int32_t z;

	assert_int_equal(octet_quant_params(o, min, max, &s, &z), 0);
	if (s != scale || z != zero)
		print_error("[%a, %a]: %a %d, expected %a %d\n", (double)min, (double)max,
			    (double)s, z, (double)scale, zero);
	assert_true(s == scale);
	assert_int_equal(z, zero);
}

/*
 * zero point = -round(min / scale) - 2^(b-1). A widely copied text multiplies by the
 * scale instead, and would have 0 far from where it is.
 */
static void test_zero_point_formula(void **state)
{
	OCTET_OPTS(octet_quant_opts, o);

	(void)state;
	for (uint32_t bits = 2; bits <= 16; bits++) {
		double half = ldexp(1, (int)bits - 1);

		for (int i = 1; i < 60; i++) {
			float min = -0.37f * (float)i, max = 20.0f - 0.3f * (float)i, s;
			int32_t z;

			o.type = bits > 8 ? OCTET_INT16 : OCTET_INT8;
			o.bits = bits;
			assert_int_equal(octet_quant_params(&o, min, max, &s, &z), 0);
			assert_int_equal(z, -lround((double)min / (double)s) - (long)half);
			/* The ends are the last codes, to half a step. */
			assert_true(fabs((double)s * (-half - z) - (double)min) <= (double)s);
			assert_true(fabs((double)s * (half - 1 - z) - (double)max) <= (double)s);
			/* Real 0 is a code. */
			assert_true(z >= -half && z < half);
		}
	}
	o.type = OCTET_INT8;
	o.bits = 8;
	params(&o, -20, 1000, 4, -123);
	assert_int_equal(-lround(-20.0 / 4) - 128, -123);
	assert_int_not_equal(-lround(-20.0 * 4) - 128, -123);
}

/* The lines of three bits: every code, symmetric and asymmetric. */
static void test_number_lines(void **state)
{
	static const float symmetric[] = { -3, -2, -1, 0, 1, 2, 3 };
	static const float asymmetric[] = { -1, -0.5f, 0, 0.5f, 1, 1.5f, 2, 2.5f };
	OCTET_OPTS(octet_quant_opts, o);
	int8_t q[8];
	float y[8];

	(void)state;
	o.bits = 3;
	o.scheme = OCTET_SYMMETRIC;
	params(&o, -3, 2, 1, 0);
	assert_int_equal(octet_quantize(&o, 1, 0, symmetric, 7, q), 0);
	for (int i = 0; i < 7; i++)
		assert_int_equal(q[i], i - 3);
	o.scheme = OCTET_ASYMMETRIC;
	params(&o, -1, 2.5f, 0.5f, -2);
	assert_int_equal(octet_quantize(&o, 0.5f, -2, asymmetric, 8, q), 0);
	for (int i = 0; i < 8; i++)
		assert_int_equal(q[i], i - 4);
	assert_int_equal(octet_dequantize(OCTET_INT8, 0.5f, -2, q, 8, y), 0);
	assert_memory_equal(y, asymmetric, sizeof(y));
}

static void test_int16(void **state)
{
	static const float x[] = { -40000, -32768, -1, 0, 1.5f, 32767, 40000 };
	static const int16_t all[] = { -32768, -32768, -1, 0, 2, 32767, 32767 };
	static const int16_t twelve[] = { -2047, -2047, -1, 0, 2, 2047, 2047 };
	OCTET_OPTS(octet_quant_opts, o);
	int16_t q[7];
	float y[7];

	(void)state;
	o.type = OCTET_INT16;
	assert_int_equal(octet_quantize(&o, 1, 0, x, 7, q), 0);
	assert_memory_equal(q, all, sizeof(q));
	assert_int_equal(octet_dequantize(OCTET_INT16, 0.5f, 2, q, 7, y), 0);
	assert_true(y[0] == -16385 && y[3] == -1 && y[6] == 16382.5f);
	o.scheme = OCTET_SYMMETRIC;
	params(&o, -1, 32767, 1, 0);
	o.bits = 12;
	params(&o, -2047, 3, 1, 0);
	assert_int_equal(octet_quantize(&o, 1, 0, x, 7, q), 0);
	assert_memory_equal(q, twelve, sizeof(q));
	assert_int_equal(octet_quantize(&o, 1, 40000, x, 7, q), -EINVAL);
	o.bits = 17;
	assert_int_equal(octet_quantize(&o, 1, 0, x, 7, q), -EINVAL);
}

static void test_full(void **state)
{
	float x = -1000;
	OCTET_OPTS(octet_quant_opts, o);
	int8_t q;

	(void)state;
	o.scheme = OCTET_SYMMETRIC;
	assert_int_equal(octet_quantize(&o, 1, 0, &x, 1, &q), 0);
	assert_int_equal(q, -127);
	o.full = true;
	assert_int_equal(octet_quantize(&o, 1, 0, &x, 1, &q), 0);
	assert_int_equal(q, -128);
	params(&o, -127, 5, 1, 0);
}

static void test_power_of_two(void **state)
{
	OCTET_OPTS(octet_quant_opts, o);

	(void)state;
	o.power_of_two = true;
	o.scheme = OCTET_SYMMETRIC;
	params(&o, -127, 5, 1, 0);
	params(&o, -128, 5, 2, 0);
	params(&o, -0.9f, 0.5f, 0x1p-7f, 0);
	params(&o, 0, 0, 1, 0);
	o.scheme = OCTET_ASYMMETRIC;
	params(&o, 0, 255, 1, -128);
	params(&o, -1, 255, 2, -127);
	for (int rule = 0; rule <= OCTET_PARAMS_ONNXRUNTIME; rule++) {
		o.rule = (enum octet_params_rule)rule;
		for (int i = 1; i < 200; i++) {
			int exponent;
			float s;
			int32_t z;

			assert_int_equal(octet_quant_params(&o, -0.01f * (float)i, 0.7f, &s, &z), 0);
			assert_true(frexpf(s, &exponent) == 0.5f);
		}
	}
}

/* Mean and variance of noise, its size in steps, and that calls and threads do not matter. */
static void test_noise(void **state)
{
	enum { N = 40000 };
	float *x = calloc(N, sizeof(*x));
	int16_t *q = malloc(N * sizeof(*q)), part[3], again[3];
	double sum = 0, square = 0, fourth = 0;
	OCTET_OPTS(octet_quant_opts, o);

	(void)state;
	assert_non_null(x);
	assert_non_null(q);
	o.type = OCTET_INT16;
	o.noise = 100;
	o.seed = 11;
	assert_int_equal(octet_quantize(&o, 0.01f, 0, x, N, q), 0);
	for (int i = 0; i < N; i++) {
		double v = q[i] / 100.0;

		sum += v;
		square += v * v;
		fourth += v * v * v * v;
	}
	assert_true(fabs(sum / N) < 0.02);
	assert_true(fabs(square / N - 1) < 0.03);
	assert_true(fabs(fourth / N - 3) < 0.25);
	assert_int_equal(octet_quantize(&o, 0.01f, 0, x, 3, part), 0);
	assert_memory_equal(part, q, sizeof(part));
	o.stream = 1;
	assert_int_equal(octet_quantize(&o, 0.01f, 0, x, 3, again), 0);
	assert_memory_not_equal(part, again, sizeof(part));
	/* These very codes on every machine. */
	o.seed = o.stream = 0;
	assert_int_equal(octet_quantize(&o, 0.01f, 0, x, 3, part), 0);
	assert_true(part[0] == -22 && part[1] == -94 && part[2] == -126);
	o.noise = -1;
	assert_int_equal(octet_quantize(&o, 0.01f, 0, x, 3, part), -EINVAL);
	o.noise = NAN;
	assert_int_equal(octet_quantize(&o, 0.01f, 0, x, 3, part), -EINVAL);
	free(x);
	free(q);
}

static void test_onnxruntime(void **state)
{
	FILE *f = vectors_open("onnxruntime.txt");
	char line[512], *word[8];
	int seen = 0, n;

	(void)state;
	assert_non_null(f);
	while ((n = vectors_next(f, line, sizeof(line), word, 8)) >= 0) {
		OCTET_OPTS(octet_quant_opts, o);

		assert_int_equal(n, 7);
		o.type = strcmp(word[3], "int8") ? OCTET_UINT8 : OCTET_INT8;
		o.scheme = strcmp(word[4], "symmetric") ? OCTET_ASYMMETRIC : OCTET_SYMMETRIC;
		o.rule = OCTET_PARAMS_ONNXRUNTIME;
		params(&o, strtof(word[1], NULL), strtof(word[2], NULL), strtof(word[5], NULL),
		       atoi(word[6]));
		seen++;
	}
	assert_int_equal(seen, 210);
	fprintf(stderr, "ONNX Runtime's parameters: %d of 210 equal\n", seen);
	fclose(f);
}

/* Where the rules part: worked by hand. */
static void test_rules(void **state)
{
	OCTET_OPTS(octet_quant_opts, o);

	(void)state;
	/* round(-128 + 0.5) is -128 to even and away from zero, but -128 + round(0.5) is -127. */
	params(&o, -0.5f, 254.5f, 1, -127);
	o.rule = OCTET_PARAMS_TFLITE;
	params(&o, -0.5f, 254.5f, 1, -128);
	o.rule = OCTET_PARAMS_PYTORCH;
	params(&o, -0.5f, 254.5f, 1, -128);
	params(&o, 0, 0, FLT_EPSILON, -128);
	o.scheme = OCTET_SYMMETRIC;
	o.full = true;
	params(&o, -1, 1, 1 / 127.5f, 0);
	o.rule = OCTET_PARAMS_OCTET;
	params(&o, -1, 1, 1 / 127.0f, 0);
	o.rule = OCTET_PARAMS_FBGEMM;
	params(&o, -128, 127, 1, 0);
	params(&o, -1, 127, 1, 0);
	o.full = false;
	o.scheme = OCTET_ASYMMETRIC;
	params(&o, 0, 0, 0.1f, 127);
	params(&o, 0, 1e-5f, 6.1e-5f, -128);
}

static void test_check(void **state)
{
	OCTET_OPTS(octet_quant_opts, o);
	char err[200] = "";

	(void)state;
	assert_int_equal(octet_quant_check(NULL, err, sizeof(err)), 0);
	o.type = OCTET_UINT8;
	o.bits = 16;
	assert_int_equal(octet_quant_check(&o, err, sizeof(err)), -EINVAL);
	assert_string_equal(err, "bits is 16; OCTET_UINT8 has 2 to 8; up to 16 are for OCTET_INT16, "
				 "which is signed");
	o.bits = 0;
	o.full = true;
	assert_int_equal(octet_quant_check(&o, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "full is set"));
	o.type = OCTET_INT8;
	o.narrow = true;
	assert_int_equal(octet_quant_check(&o, NULL, 0), -EINVAL);
	o.narrow = false;
	o.rule = (enum octet_params_rule)5;
	assert_int_equal(octet_quant_check(&o, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "rule is 5"));
	o.rule = OCTET_PARAMS_OCTET;
	o.noise = -2;
	assert_int_equal(octet_quant_check(&o, err, sizeof(err)), -EINVAL);
	assert_non_null(strstr(err, "noise is -2"));
}

static void test_presets(void **state)
{
	OCTET_OPTS(octet_quant_opts, q);
	OCTET_OPTS(octet_observer_opts, o);
	enum octet_preset preset;
	bool channel = false;

	(void)state;
	for (int p = 0; p <= OCTET_PRESET_TENSORRT; p++) {
		for (int role = 0; role < 2; role++) {
			struct octet_observer *w;

			assert_int_equal(octet_preset_get((enum octet_preset)p, (enum octet_role)role,
							  &q, &o, &channel), 0);
			assert_int_equal(octet_quant_check(&q, NULL, 0), 0);
			assert_int_equal(octet_observer_new(&w, &o), 0);
			octet_observer_free(w);
		}
		assert_int_equal(octet_preset_parse(octet_preset_name((enum octet_preset)p), &preset),
				 0);
		assert_int_equal(preset, p);
	}
	assert_int_equal(octet_preset_get(OCTET_PRESET_PYTORCH_FBGEMM, OCTET_ROLE_ACTIVATIONS, &q,
					  &o, &channel), 0);
	assert_true(q.type == OCTET_UINT8 && q.bits == 7 && o.kind == OCTET_OBSERVE_HISTOGRAM);
	assert_true(!channel);
	params(&q, 0, 127, 1, 0);
	assert_int_equal(octet_preset_get(OCTET_PRESET_TENSORRT, OCTET_ROLE_WEIGHTS, &q, NULL,
					  &channel), 0);
	assert_true(q.scheme == OCTET_SYMMETRIC && channel);
	assert_int_equal(octet_preset_get((enum octet_preset)9, OCTET_ROLE_WEIGHTS, &q, NULL, NULL),
			 -EINVAL);
	assert_int_equal(octet_preset_get(OCTET_PRESET_TFLITE, (enum octet_role)2, &q, NULL, NULL),
			 -EINVAL);
	assert_int_equal(octet_preset_parse("caffe", &preset), -EINVAL);
	assert_string_equal(octet_preset_name((enum octet_preset)9), "?");
}

UNIT_MAIN(unit_case(test_zero_point_formula), unit_case(test_number_lines), unit_case(test_int16),
	  unit_case(test_full), unit_case(test_power_of_two), unit_case(test_noise),
	  unit_case(test_onnxruntime), unit_case(test_rules), unit_case(test_check),
	  unit_case(test_presets))
