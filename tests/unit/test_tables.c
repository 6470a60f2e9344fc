// SPDX-License-Identifier: MIT
/*
 * Tables against real numbers, worked out another way: the value in double is
 * within one code of each entry. That the bits are TFLite's is what
 * test_host_golden.c checks.
 */

#include "unit.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "tables/fixed.h"
#include "tables/tables.h"

static double ref_hard_swish(double x)
{
	return x * fmin(fmax(x + 3, 0), 6) / 6;
}

static double ref_gelu(double x)
{
	return 0.5 * x * erfc(-x * M_SQRT1_2);
}

static double ref_real(uint32_t code, double x, double alpha)
{
	switch (code) {
	case OCTET_G_LOGISTIC:
		return 1 / (1 + exp(-x));
	case OCTET_G_TANH:
		return tanh(x);
	case OCTET_G_HARD_SWISH:
		return ref_hard_swish(x);
	case OCTET_G_RELU:
		return fmax(x, 0);
	case OCTET_G_RELU6:
		return fmin(fmax(x, 0), 6);
	case OCTET_G_RELU_N1_TO_1:
		return fmin(fmax(x, -1), 1);
	case OCTET_G_RELU_0_TO_1:
		return fmin(fmax(x, 0), 1);
	case OCTET_G_LEAKY_RELU:
		return x < 0 ? alpha * x : x;
	case OCTET_G_ELU:
		return x < 0 ? expm1(x) : x;
	case OCTET_G_GELU:
		return ref_gelu(x);
	case OCTET_G_EXP:
		return exp(x);
	case OCTET_G_ABS:
		return fabs(x);
	case OCTET_G_NEG:
		return -x;
	case OCTET_G_SQUARE:
		return x * x;
	case OCTET_G_SIN:
		return sin(x);
	case OCTET_G_LOG:
		return x > 0 ? log(x) : -1e9;
	case OCTET_G_SQRT:
		return x > 0 ? sqrt(x) : 0;
	case OCTET_G_RSQRT:
		return x > 0 ? 1 / sqrt(x) : 1e9;
	default:
		return x;
	}
}

static const uint32_t codes[] = {
	OCTET_G_LOGISTIC, OCTET_G_TANH, OCTET_G_HARD_SWISH, OCTET_G_RELU, OCTET_G_RELU6,
	OCTET_G_RELU_N1_TO_1, OCTET_G_RELU_0_TO_1, OCTET_G_LEAKY_RELU, OCTET_G_ELU, OCTET_G_GELU,
	OCTET_G_EXP, OCTET_G_ABS, OCTET_G_NEG, OCTET_G_SQUARE, OCTET_G_SIN, OCTET_G_LOG,
	OCTET_G_SQRT, OCTET_G_RSQRT, OCTET_G_QUANTIZE,
};

/* Largest distance of a table from the real function, in codes. */
static double distance(uint32_t code, enum octet_dtype type, float in_scale, int32_t in_zp,
		       float out_scale, int32_t out_zp)
{
	union octet_graph_options opt = { .leaky.alpha = 0.125f };
	int32_t low = type == OCTET_INT8 ? -128 : 0;
	double worst = 0;
	uint8_t table[256];

	if (code == OCTET_G_GELU)
		opt.gelu.approximate = 0;
	if (octet_table_unary(code, &opt, type, in_scale, in_zp, type, out_scale, out_zp, table))
		return -1;
	for (int32_t x = low; x < low + 256; x++) {
		double real = (double)in_scale * (x - in_zp);
		double y = ref_real(code, real, 0.125) / (double)out_scale + out_zp;
		int32_t entry = table[(uint8_t)x];

		entry = type == OCTET_INT8 ? (int8_t)entry : entry;
		y = fmin(fmax(y, low), low + 255);
		worst = fmax(worst, fabs(entry - y));
	}
	return worst;
}

static void test_unary_near(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		for (int type = OCTET_INT8; type <= OCTET_UINT8; type++) {
			int32_t low = type == OCTET_INT8 ? -128 : 0;
			float out = codes[i] == OCTET_G_LOGISTIC ? 1.0f / 256 : 1.0f / 40;
			int32_t zp = codes[i] == OCTET_G_LOGISTIC ? low : low + 100;
			double d = distance(codes[i], (enum octet_dtype)type, 1.0f / 25, low + 128,
					    out, zp);

			if (d < 0 || d > 1)
				fail_msg("code %u type %d: %g", codes[i], type, d);
		}
	}
}

/* Table entries that anybody can compute. */
static void test_unary_known(void **state)
{
	uint8_t t[256];

	(void)state;
	/* 1/256 per code: sigmoid(0) is one half. */
	assert_int_equal(octet_table_unary(OCTET_G_LOGISTIC, NULL, OCTET_INT8, 0.1f, 0, OCTET_INT8,
					   1.0f / 256, -128, t), 0);
	assert_int_equal((int8_t)t[0], 0);
	assert_int_equal((int8_t)t[(uint8_t)-128], -128);
	assert_int_equal((int8_t)t[127], 127);
	/* The same codes, from int8 to uint8. */
	assert_int_equal(octet_table_unary(OCTET_G_QUANTIZE, NULL, OCTET_INT8, 0.5f, -3,
					   OCTET_UINT8, 0.5f, 125, t), 0);
	for (int x = -128; x < 128; x++)
		assert_int_equal(t[(uint8_t)x], x + 128);
	/* Doubling high multiplication takes half a step upwards. */
	assert_int_equal(octet_table_unary(OCTET_G_QUANTIZE, NULL, OCTET_INT8, 0.5f, 0,
					   OCTET_INT8, 1, 0, t), 0);
	assert_int_equal((int8_t)t[3], 2);
	assert_int_equal((int8_t)t[(uint8_t)-3], -1);
	assert_int_equal(octet_table_unary(OCTET_G_RELU6, NULL, OCTET_UINT8, 0.1f, 10, OCTET_UINT8,
					   0.1f, 10, t), 0);
	assert_int_equal(t[0], 10);
	assert_int_equal(t[70], 70);
	assert_int_equal(t[71], 70);
	/* Beyond int32 before the clamp: the largest code, not the smallest. */
	assert_int_equal(octet_table_unary(OCTET_G_EXP, NULL, OCTET_INT8, 1, -100, OCTET_INT8,
					   1e-6f, 0, t), 0);
	assert_int_equal((int8_t)t[127], 127);
}

static void test_unary_refuses(void **state)
{
	uint8_t t[256];

	(void)state;
	assert_int_equal(octet_table_unary(OCTET_G_LOGISTIC, NULL, OCTET_INT8, 0.1f, 0, OCTET_INT8,
					   0.01f, -128, t), -EINVAL);
	assert_int_equal(octet_table_unary(OCTET_G_RELU, NULL, OCTET_INT8, 0.1f, 0, OCTET_UINT8,
					   0.1f, 0, t), -ENOTSUP);
	assert_int_equal(octet_table_unary(OCTET_G_RELU, NULL, OCTET_INT16, 0.1f, 0, OCTET_INT16,
					   0.1f, 0, t), -ENOTSUP);
	assert_int_equal(octet_table_unary(OCTET_G_RELU, NULL, OCTET_UINT8, 0.1f, -1, OCTET_UINT8,
					   0.1f, 0, t), -EINVAL);
	assert_int_equal(octet_table_unary(OCTET_G_RELU, NULL, OCTET_INT8, 0, 0, OCTET_INT8,
					   0.1f, 0, t), -EINVAL);
	assert_int_equal(octet_table_unary(OCTET_G_RELU, NULL, OCTET_INT8, 0.1f, 0, OCTET_INT8,
					   INFINITY, 0, t), -EINVAL);
	assert_int_equal(octet_table_unary(OCTET_G_CONV_2D, NULL, OCTET_INT8, 0.1f, 0, OCTET_INT8,
					   0.1f, 0, t), -ENOTSUP);
}

static void test_prelu(void **state)
{
	struct octet_table_quant q = { OCTET_INT8, 0.5f, 0 }, a = { OCTET_INT8, 0.125f, 1 };
	uint8_t t[256];

	(void)state;
	/* alpha = (3 - 1) / 8 */
	assert_int_equal(octet_table_prelu(&q, &a, 3, &q, t), 0);
	for (int x = -128; x < 128; x++)
		assert_int_equal((int8_t)t[(uint8_t)x], x >= 0 ? x : (int)round(x * 0.25));
	a.type = OCTET_UINT8;
	assert_int_equal(octet_table_prelu(&q, &a, 3, &q, t), -ENOTSUP);
}

static void test_unary16(void **state)
{
	static const uint32_t with[] = { OCTET_G_EXP, OCTET_G_GELU, OCTET_G_RSQRT };
	union octet_graph_options opt = { 0 };
	int16_t t[OCTET_LUT16_ENTRIES];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		float in = 2.0f / 32768, out = 16.0f / 32768;

		assert_int_equal(octet_table_unary16(with[i], &opt, in, 0, out, 0, t), 0);
		/* Straight pieces leave the curve of 1/sqrt near 0. */
		for (int x = with[i] == OCTET_G_RSQRT ? 2048 : -32768; x < 32768; x += 7) {
			double y = ref_real(with[i], (double)in * x, 0) / (double)out;
			int16_t got = octet_table_lookup16((int16_t)x, t);

			y = fmin(fmax(y, -32768), 32767);
			if (fabs(got - y) > 20)
				fail_msg("code %u at %d: %d, %g", with[i], x, got, y);
		}
	}
	assert_int_equal(octet_table_unary16(OCTET_G_TANH, &opt, 1, 0, 1, 0, t), -ENOTSUP);
	assert_int_equal(octet_table_unary16(OCTET_G_EXP, &opt, 1, 3, 1, 0, t), -EINVAL);
}

static void test_sigmoid16(void **state)
{
	static const float scales[] = { 1.0f / 4096, 0.0003f, 0.001f, 1.0f / 32768 };
	struct octet_table_sigmoid s;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		for (int x = -32768; x < 32768; x += 11) {
			double real = (double)scales[i] * x;

			assert_int_equal(octet_table_sigmoid16(OCTET_G_LOGISTIC, scales[i],
							       1.0f / 32768, &s), 0);
			assert_true(fabs(octet_table_logistic16(&s, (int16_t)x) -
					 32768 / (1 + exp(-real))) < 20);
			assert_int_equal(octet_table_sigmoid16(OCTET_G_TANH, scales[i],
							       1.0f / 32768, &s), 0);
			assert_true(fabs(octet_table_tanh16(&s, (int16_t)x) -
					 32768 * tanh(real)) < 20);
		}
	}
	assert_int_equal(octet_table_sigmoid16(OCTET_G_TANH, 0.1f, 0.1f, &s), -EINVAL);
}

static void test_softmax(void **state)
{
	int32_t t[256];

	(void)state;
	for (double scale = 1e-3; scale < 4; scale *= 1.7) {
		assert_int_equal(octet_table_softmax(1, (float)scale, t), 0);
		assert_int_equal(t[0], INT32_MAX);
		for (int k = 1; k < 256; k++) {
			double e = exp(-k * (double)(float)scale) * 0x1p31;

			assert_true(t[k] >= 0 && t[k] <= t[k - 1]);
			/* What TFLite leaves out is below exp(-31). */
			assert_true(fabs(t[k] - e) < 2000);
		}
	}
	assert_int_equal(octet_table_softmax(1, 1e-9f, t), -EINVAL);
	assert_int_equal(octet_table_softmax(NAN, 1, t), -EINVAL);
}

static void test_softmax_rows(void **state)
{
	static struct octet_table_softmax16 t16;
	int16_t in16[32], out16[32];
	uint8_t in[32], out[32];
	int32_t t[256];
	double sum = 0;

	(void)state;
	assert_int_equal(octet_table_softmax(1, 0.05f, t), 0);
	assert_int_equal(octet_table_softmax16(1, 0.001f, &t16), 0);
	for (int i = 0; i < 32; i++) {
		in[i] = (uint8_t)(i * 37);
		in16[i] = (int16_t)(i * 257);
		sum += exp(0.05 * (int8_t)in[i]);
	}
	octet_table_softmax_row(t, true, 32, in, out);
	for (int i = 0; i < 32; i++)
		assert_true(fabs((int8_t)out[i] + 128 - 256 * exp(0.05 * (int8_t)in[i]) / sum) < 1);
	/* Signed and unsigned codes are the same row. */
	for (int i = 0; i < 32; i++) {
		in[i] ^= 0x80;
		out[i] ^= 0x80;
	}
	uint8_t again[32];

	octet_table_softmax_row(t, false, 32, in, again);
	assert_memory_equal(out, again, 32);
	octet_table_softmax16_row(&t16, 32, in16, out16);
	sum = 0;
	for (int i = 0; i < 32; i++)
		sum += exp(0.001 * in16[i]);
	for (int i = 0; i < 32; i++)
		assert_true(fabs(out16[i] - 32768 * exp(0.001 * in16[i]) / sum) < 24);
}

static void test_taps_bilinear(void **state)
{
	struct octet_opt_resize opt = { 0 };
	struct octet_tap t[4096];

	(void)state;
	/* Twice as many rows, half-way between. */
	assert_int_equal(octet_table_taps(OCTET_G_RESIZE_BILINEAR, &opt, 2, 4, t), 0);
	assert_int_equal(t[1].lo, 0);
	assert_int_equal(t[1].hi, 1);
	assert_int_equal(t[1].weight, 512);
	assert_int_equal(t[3].lo, 1);
	assert_int_equal(t[3].weight, 0);
	opt.half_pixel = 1;
	assert_int_equal(octet_table_taps(OCTET_G_RESIZE_BILINEAR, &opt, 2, 4, t), 0);
	assert_int_equal(t[0].hi, 0);
	assert_int_equal(t[1].weight, 256);
	opt.align_corners = 1;
	assert_int_equal(octet_table_taps(OCTET_G_RESIZE_BILINEAR, &opt, 2, 4, t), -EINVAL);
	opt.half_pixel = 0;
	for (uint32_t in = 1; in < 70; in += 4) {
		for (uint32_t out = 1; out < 4096; out = out * 2 + in) {
			assert_int_equal(octet_table_taps(OCTET_G_RESIZE_BILINEAR, &opt, in, out,
							  t), 0);
			for (uint32_t i = 0; i < out; i++) {
				assert_true(t[i].lo <= t[i].hi && t[i].hi < in);
				assert_true(t[i].weight >= 0 && t[i].weight < 1024);
				assert_true(t[i].hi - t[i].lo == (t[i].weight != 0));
			}
		}
	}
}

static void test_taps_nearest(void **state)
{
	struct octet_opt_resize opt = { 0 };
	struct octet_tap t[64];

	(void)state;
	assert_int_equal(octet_table_taps(OCTET_G_RESIZE_NEAREST_NEIGHBOR, &opt, 3, 7, t), 0);
	for (uint32_t i = 0; i < 7; i++)
		assert_true(t[i].lo == i * 3 / 7 && t[i].hi == t[i].lo && !t[i].weight);
	opt.align_corners = 1;
	assert_int_equal(octet_table_taps(OCTET_G_RESIZE_NEAREST_NEIGHBOR, &opt, 3, 5, t), 0);
	assert_int_equal(t[0].lo, 0);
	assert_int_equal(t[1].lo, 1);
	assert_int_equal(t[4].lo, 2);
	assert_int_equal(octet_table_taps(OCTET_G_ADD, &opt, 3, 5, t), -ENOTSUP);
	assert_int_equal(octet_table_taps(OCTET_G_RESIZE_BILINEAR, &opt, 0, 5, t), -EINVAL);
}

/* The one-step form of the manual against SRDHM and a rounding shift. */
static void test_scale(void **state)
{
	uint64_t x = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		int32_t v, mult;
		int shift, s;
		int64_t round;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		v = (int32_t)(x >> (32 + x % 24));
		v = x & 1 ? -v : v;
		mult = (int32_t)((x >> 20 & 0x3fffffff) | 0x40000000);
		shift = -(int)(x >> 50) % 32;
		s = 31 - shift;
		round = ((int64_t)1 << (s - 1)) + (s > 31 ? v >= 0 ? 1 << 30 : -(1 << 30) : 0);
		assert_int_equal(octet_fx_scale(v, mult, shift), (v * (int64_t)mult + round) >> s);
	}
}

static void test_functions(void **state)
{
	int32_t mult;
	int shift, over;

	(void)state;
	octet_fx_multiplier(0.75, &mult, &shift);
	assert_int_equal(mult, 3 << 29);
	assert_int_equal(shift, 0);
	octet_fx_multiplier(1 - 0x1p-40, &mult, &shift);
	assert_int_equal(mult, 1 << 30);
	assert_int_equal(shift, 1);
	octet_fx_multiplier(0x1p-40, &mult, &shift);
	assert_int_equal(mult, 0);
	for (double v = 0.01; v < 8; v += 0.013) {
		double e = octet_fx_exp(32, (int32_t)(-v * 0x1p26), 5) * 0x1p-31;

		assert_true(fabs(e - exp(-v)) < 1e-6);
		e = octet_fx_tanh(32, (int32_t)(v * 0x1p27), 4) * 0x1p-31;
		assert_true(fabs(e - tanh(v)) < 1e-6);
		e = octet_fx_logistic(16, (int32_t)(-v * 0x1p12), 3) * 0x1p-15;
		assert_true(fabs(e - 1 / (1 + exp(v))) < 2e-3);
		octet_fx_inv_sqrt((int32_t)(v * 1e6), &mult, &shift);
		e = mult * ldexp(1, shift - 31);
		assert_true(fabs(e * sqrt((int32_t)(v * 1e6)) - 1) < 1e-5);
		if (v > 1) {
			e = octet_fx_log((int32_t)(v * 0x1p19)) * 0x1p-26;
			assert_true(fabs(e - log(v)) < 1e-5);
			e = octet_fx_reciprocal((int32_t)(v * 0x1p19), 12, &over) * 0x1p-31;
			assert_true(fabs(ldexp(e, -over) * v - 1) < 1e-5);
		}
	}
}

UNIT_MAIN(unit_case(test_unary_near), unit_case(test_unary_known), unit_case(test_unary_refuses),
	  unit_case(test_prelu), unit_case(test_unary16), unit_case(test_sigmoid16),
	  unit_case(test_softmax), unit_case(test_softmax_rows), unit_case(test_taps_bilinear),
	  unit_case(test_taps_nearest), unit_case(test_scale), unit_case(test_functions))
